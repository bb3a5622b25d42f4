; Modes of the VGA: what the BDA says of them, and the registers (IBM VGA XGA Technical Reference, "BIOS", tables of modes).

struc video_mode
.number:        resb 1
.kind:          resb 1                  ; VIDEO_TEXT, ...
.segment:       resw 1
.palette:       resb 1                  ; see ega_colour
.columns:       resb 1
.last_row:      resb 1
.height:        resb 1                  ; lines of a character
.page_bytes:    resw 1
.sequencer:     resb 4                  ; registers 1 to 4
.misc:          resb 1
.crtc:          resb 25
.attributes:    resb 20
.graphics:      resb 9
.size:
endstruc

; INT 1Dh points at what mode 0 begins with.
video_parameters:
video_modes:
        db      00h, VIDEO_TEXT
        dw      TEXT_SEG
        db      0, 40, 25 - 1, 16
        dw      00800h
        db      008h, 003h, 000h, 002h
        db      067h
        db      02dh, 027h, 028h, 090h, 02bh, 0a0h, 0bfh, 01fh, 000h, 04fh, 00dh, 00eh, 000h
        db      000h, 000h, 000h, 09ch, 08eh, 08fh, 014h, 01fh, 096h, 0b9h, 0a3h, 0ffh
        db      000h, 001h, 002h, 003h, 004h, 005h, 014h, 007h, 038h, 039h, 03ah, 03bh, 03ch, 03dh, 03eh, 03fh, 00ch, 000h, 00fh, 008h
        db      000h, 000h, 000h, 000h, 000h, 010h, 00eh, 000h, 0ffh
        db      01h, VIDEO_TEXT
        dw      TEXT_SEG
        db      0, 40, 25 - 1, 16
        dw      00800h
        db      008h, 003h, 000h, 002h
        db      067h
        db      02dh, 027h, 028h, 090h, 02bh, 0a0h, 0bfh, 01fh, 000h, 04fh, 00dh, 00eh, 000h
        db      000h, 000h, 000h, 09ch, 08eh, 08fh, 014h, 01fh, 096h, 0b9h, 0a3h, 0ffh
        db      000h, 001h, 002h, 003h, 004h, 005h, 014h, 007h, 038h, 039h, 03ah, 03bh, 03ch, 03dh, 03eh, 03fh, 00ch, 000h, 00fh, 008h
        db      000h, 000h, 000h, 000h, 000h, 010h, 00eh, 000h, 0ffh
        db      02h, VIDEO_TEXT
        dw      TEXT_SEG
        db      0, 80, 25 - 1, 16
        dw      01000h
        db      000h, 003h, 000h, 002h
        db      067h
        db      05fh, 04fh, 050h, 082h, 055h, 081h, 0bfh, 01fh, 000h, 04fh, 00dh, 00eh, 000h
        db      000h, 000h, 000h, 09ch, 08eh, 08fh, 028h, 01fh, 096h, 0b9h, 0a3h, 0ffh
        db      000h, 001h, 002h, 003h, 004h, 005h, 014h, 007h, 038h, 039h, 03ah, 03bh, 03ch, 03dh, 03eh, 03fh, 00ch, 000h, 00fh, 008h
        db      000h, 000h, 000h, 000h, 000h, 010h, 00eh, 000h, 0ffh
        db      03h, VIDEO_TEXT
        dw      TEXT_SEG
        db      0, 80, 25 - 1, 16
        dw      01000h
        db      000h, 003h, 000h, 002h
        db      067h
        db      05fh, 04fh, 050h, 082h, 055h, 081h, 0bfh, 01fh, 000h, 04fh, 00dh, 00eh, 000h
        db      000h, 000h, 000h, 09ch, 08eh, 08fh, 028h, 01fh, 096h, 0b9h, 0a3h, 0ffh
        db      000h, 001h, 002h, 003h, 004h, 005h, 014h, 007h, 038h, 039h, 03ah, 03bh, 03ch, 03dh, 03eh, 03fh, 00ch, 000h, 00fh, 008h
        db      000h, 000h, 000h, 000h, 000h, 010h, 00eh, 000h, 0ffh
        db      04h, VIDEO_CGA
        dw      TEXT_SEG
        db      1, 40, 25 - 1, 8
        dw      04000h
        db      009h, 003h, 000h, 002h
        db      063h
        db      02dh, 027h, 028h, 090h, 02bh, 080h, 0bfh, 01fh, 000h, 0c1h, 000h, 000h, 000h
        db      000h, 000h, 000h, 09ch, 08eh, 08fh, 014h, 000h, 096h, 0b9h, 0a2h, 0ffh
        db      000h, 013h, 015h, 017h, 002h, 004h, 006h, 007h, 010h, 011h, 012h, 013h, 014h, 015h, 016h, 017h, 001h, 000h, 003h, 000h
        db      000h, 000h, 000h, 000h, 000h, 030h, 00fh, 000h, 0ffh
        db      05h, VIDEO_CGA
        dw      TEXT_SEG
        db      1, 40, 25 - 1, 8
        dw      04000h
        db      009h, 003h, 000h, 002h
        db      063h
        db      02dh, 027h, 028h, 090h, 02bh, 080h, 0bfh, 01fh, 000h, 0c1h, 000h, 000h, 000h
        db      000h, 000h, 000h, 09ch, 08eh, 08fh, 014h, 000h, 096h, 0b9h, 0a2h, 0ffh
        db      000h, 013h, 015h, 017h, 002h, 004h, 006h, 007h, 010h, 011h, 012h, 013h, 014h, 015h, 016h, 017h, 001h, 000h, 003h, 000h
        db      000h, 000h, 000h, 000h, 000h, 030h, 00fh, 000h, 0ffh
        db      06h, VIDEO_CGA
        dw      TEXT_SEG
        db      1, 80, 25 - 1, 8
        dw      04000h
        db      001h, 001h, 000h, 006h
        db      063h
        db      05fh, 04fh, 050h, 082h, 054h, 080h, 0bfh, 01fh, 000h, 0c1h, 000h, 000h, 000h
        db      000h, 000h, 000h, 09ch, 08eh, 08fh, 028h, 000h, 096h, 0b9h, 0c2h, 0ffh
        db      000h, 017h, 017h, 017h, 017h, 017h, 017h, 017h, 017h, 017h, 017h, 017h, 017h, 017h, 017h, 017h, 001h, 000h, 001h, 000h
        db      000h, 000h, 000h, 000h, 000h, 000h, 00dh, 000h, 0ffh
        db      07h, VIDEO_TEXT
        dw      MONO_SEG
        db      2, 80, 25 - 1, 16
        dw      01000h
        db      000h, 003h, 000h, 002h
        db      066h
        db      05fh, 04fh, 050h, 082h, 055h, 081h, 0bfh, 01fh, 000h, 04fh, 00dh, 00eh, 000h
        db      000h, 000h, 000h, 09ch, 08eh, 08fh, 028h, 00fh, 096h, 0b9h, 0a3h, 0ffh
        db      000h, 008h, 008h, 008h, 008h, 008h, 008h, 008h, 010h, 018h, 018h, 018h, 018h, 018h, 018h, 018h, 00eh, 000h, 00fh, 008h
        db      000h, 000h, 000h, 000h, 000h, 010h, 00ah, 000h, 0ffh
        db      0dh, VIDEO_PLANAR
        dw      GRAPHICS_SEG
        db      1, 40, 25 - 1, 8
        dw      02000h
        db      009h, 00fh, 000h, 006h
        db      063h
        db      02dh, 027h, 028h, 090h, 02bh, 080h, 0bfh, 01fh, 000h, 0c0h, 000h, 000h, 000h
        db      000h, 000h, 000h, 09ch, 08eh, 08fh, 014h, 000h, 096h, 0b9h, 0e3h, 0ffh
        db      000h, 001h, 002h, 003h, 004h, 005h, 006h, 007h, 010h, 011h, 012h, 013h, 014h, 015h, 016h, 017h, 001h, 000h, 00fh, 000h
        db      000h, 000h, 000h, 000h, 000h, 000h, 005h, 00fh, 0ffh
        db      0eh, VIDEO_PLANAR
        dw      GRAPHICS_SEG
        db      1, 80, 25 - 1, 8
        dw      04000h
        db      001h, 00fh, 000h, 006h
        db      063h
        db      05fh, 04fh, 050h, 082h, 054h, 080h, 0bfh, 01fh, 000h, 0c0h, 000h, 000h, 000h
        db      000h, 000h, 000h, 09ch, 08eh, 08fh, 028h, 000h, 096h, 0b9h, 0e3h, 0ffh
        db      000h, 001h, 002h, 003h, 004h, 005h, 006h, 007h, 010h, 011h, 012h, 013h, 014h, 015h, 016h, 017h, 001h, 000h, 00fh, 000h
        db      000h, 000h, 000h, 000h, 000h, 000h, 005h, 00fh, 0ffh
        db      0fh, VIDEO_PLANAR
        dw      GRAPHICS_SEG
        db      2, 80, 25 - 1, 14
        dw      08000h
        db      001h, 00fh, 000h, 006h
        db      0a2h
        db      05fh, 04fh, 050h, 082h, 054h, 080h, 0bfh, 01fh, 000h, 040h, 000h, 000h, 000h
        db      000h, 000h, 000h, 083h, 085h, 05dh, 028h, 00fh, 063h, 0bah, 0e3h, 0ffh
        db      000h, 008h, 000h, 000h, 018h, 018h, 000h, 000h, 000h, 008h, 000h, 000h, 000h, 018h, 000h, 000h, 00bh, 000h, 005h, 000h
        db      000h, 000h, 000h, 000h, 000h, 000h, 005h, 005h, 0ffh
        db      10h, VIDEO_PLANAR
        dw      GRAPHICS_SEG
        db      0, 80, 25 - 1, 14
        dw      08000h
        db      001h, 00fh, 000h, 006h
        db      0a3h
        db      05fh, 04fh, 050h, 082h, 054h, 080h, 0bfh, 01fh, 000h, 040h, 000h, 000h, 000h
        db      000h, 000h, 000h, 083h, 085h, 05dh, 028h, 00fh, 063h, 0bah, 0e3h, 0ffh
        db      000h, 001h, 002h, 003h, 004h, 005h, 014h, 007h, 038h, 039h, 03ah, 03bh, 03ch, 03dh, 03eh, 03fh, 001h, 000h, 00fh, 000h
        db      000h, 000h, 000h, 000h, 000h, 000h, 005h, 00fh, 0ffh
        db      11h, VIDEO_PLANAR
        dw      GRAPHICS_SEG
        db      0, 80, 30 - 1, 16
        dw      0a000h
        db      001h, 00fh, 000h, 006h
        db      0e3h
        db      05fh, 04fh, 050h, 082h, 054h, 080h, 00bh, 03eh, 000h, 040h, 000h, 000h, 000h
        db      000h, 000h, 000h, 0eah, 08ch, 0dfh, 028h, 000h, 0e7h, 004h, 0c3h, 0ffh
        db      000h, 03fh, 03fh, 03fh, 03fh, 03fh, 03fh, 03fh, 03fh, 03fh, 03fh, 03fh, 03fh, 03fh, 03fh, 03fh, 001h, 000h, 00fh, 000h
        db      000h, 000h, 000h, 000h, 000h, 000h, 005h, 00fh, 0ffh
        db      12h, VIDEO_PLANAR
        dw      GRAPHICS_SEG
        db      0, 80, 30 - 1, 16
        dw      0a000h
        db      001h, 00fh, 000h, 006h
        db      0e3h
        db      05fh, 04fh, 050h, 082h, 054h, 080h, 00bh, 03eh, 000h, 040h, 000h, 000h, 000h
        db      000h, 000h, 000h, 0eah, 08ch, 0dfh, 028h, 000h, 0e7h, 004h, 0e3h, 0ffh
        db      000h, 001h, 002h, 003h, 004h, 005h, 014h, 007h, 038h, 039h, 03ah, 03bh, 03ch, 03dh, 03eh, 03fh, 001h, 000h, 00fh, 000h
        db      000h, 000h, 000h, 000h, 000h, 000h, 005h, 00fh, 0ffh
mode_13h:
        db      13h, VIDEO_LINEAR
        dw      GRAPHICS_SEG
        db      0, 40, 25 - 1, 8
        dw      00000h
        db      001h, 00fh, 000h, 00eh
        db      063h
        db      05fh, 04fh, 050h, 082h, 054h, 080h, 0bfh, 01fh, 000h, 041h, 000h, 000h, 000h
        db      000h, 000h, 000h, 09ch, 08eh, 08fh, 028h, 040h, 096h, 0b9h, 0a3h, 0ffh
        db      000h, 001h, 002h, 003h, 004h, 005h, 006h, 007h, 008h, 009h, 00ah, 00bh, 00ch, 00dh, 00eh, 00fh, 041h, 000h, 00fh, 000h
        db      000h, 000h, 000h, 000h, 000h, 040h, 005h, 00fh, 0ffh
        db      0ffh
