; What keys give: scan code and character, 0 for nothing (IBM PS/2 and PC BIOS Technical Reference, "Keyboard Interrupt"). A keyboard of the
; United States.

; By scan code: alone, with Shift, with Ctrl, with Alt.
key_table:
        dw      0, 0, 0, 0
        dw      0011bh, 0011bh, 0011bh, 00100h      ; Esc
        dw      00231h, 00221h, 0, 07800h           ; 1
        dw      00332h, 00340h, 00300h, 07900h      ; 2
        dw      00433h, 00423h, 0, 07a00h           ; 3
        dw      00534h, 00524h, 0, 07b00h           ; 4
        dw      00635h, 00625h, 0, 07c00h           ; 5
        dw      00736h, 0075eh, 0071eh, 07d00h      ; 6
        dw      00837h, 00826h, 0, 07e00h           ; 7
        dw      00938h, 0092ah, 0, 07f00h           ; 8
        dw      00a39h, 00a28h, 0, 08000h           ; 9
        dw      00b30h, 00b29h, 0, 08100h           ; 0
        dw      00c2dh, 00c5fh, 00c1fh, 08200h      ; -
        dw      00d3dh, 00d2bh, 0, 08300h           ; =
        dw      00e08h, 00e08h, 00e7fh, 00e00h      ; Backspace
        dw      00f09h, 00f00h, 09400h, 0a500h      ; Tab
        dw      01071h, 01051h, 01011h, 01000h      ; Q
        dw      01177h, 01157h, 01117h, 01100h      ; W
        dw      01265h, 01245h, 01205h, 01200h      ; E
        dw      01372h, 01352h, 01312h, 01300h      ; R
        dw      01474h, 01454h, 01414h, 01400h      ; T
        dw      01579h, 01559h, 01519h, 01500h      ; Y
        dw      01675h, 01655h, 01615h, 01600h      ; U
        dw      01769h, 01749h, 01709h, 01700h      ; I
        dw      0186fh, 0184fh, 0180fh, 01800h      ; O
        dw      01970h, 01950h, 01910h, 01900h      ; P
        dw      01a5bh, 01a7bh, 01a1bh, 01a00h      ; [
        dw      01b5dh, 01b7dh, 01b1dh, 01b00h      ; ]
        dw      01c0dh, 01c0dh, 01c0ah, 01c00h      ; Enter
        dw      0, 0, 0, 0
        dw      01e61h, 01e41h, 01e01h, 01e00h      ; A
        dw      01f73h, 01f53h, 01f13h, 01f00h      ; S
        dw      02064h, 02044h, 02004h, 02000h      ; D
        dw      02166h, 02146h, 02106h, 02100h      ; F
        dw      02267h, 02247h, 02207h, 02200h      ; G
        dw      02368h, 02348h, 02308h, 02300h      ; H
        dw      0246ah, 0244ah, 0240ah, 02400h      ; J
        dw      0256bh, 0254bh, 0250bh, 02500h      ; K
        dw      0266ch, 0264ch, 0260ch, 02600h      ; L
        dw      0273bh, 0273ah, 0, 02700h           ; ;
        dw      02827h, 02822h, 0, 02800h           ; '
        dw      02960h, 0297eh, 0, 02900h           ; `
        dw      0, 0, 0, 0
        dw      02b5ch, 02b7ch, 02b1ch, 02b00h      ; backslash
        dw      02c7ah, 02c5ah, 02c1ah, 02c00h      ; Z
        dw      02d78h, 02d58h, 02d18h, 02d00h      ; X
        dw      02e63h, 02e43h, 02e03h, 02e00h      ; C
        dw      02f76h, 02f56h, 02f16h, 02f00h      ; V
        dw      03062h, 03042h, 03002h, 03000h      ; B
        dw      0316eh, 0314eh, 0310eh, 03100h      ; N
        dw      0326dh, 0324dh, 0320dh, 03200h      ; M
        dw      0332ch, 0333ch, 0, 03300h           ; ,
        dw      0342eh, 0343eh, 0, 03400h           ; .
        dw      0352fh, 0353fh, 0, 03500h           ; /
        dw      0, 0, 0, 0
        dw      0372ah, 0372ah, 09600h, 03700h      ; * of the number pad
        dw      0, 0, 0, 0
        dw      03920h, 03920h, 03920h, 03920h      ; space
        dw      0, 0, 0, 0
        dw      03b00h, 05400h, 05e00h, 06800h      ; F1
        dw      03c00h, 05500h, 05f00h, 06900h      ; F2
        dw      03d00h, 05600h, 06000h, 06a00h      ; F3
        dw      03e00h, 05700h, 06100h, 06b00h      ; F4
        dw      03f00h, 05800h, 06200h, 06c00h      ; F5
        dw      04000h, 05900h, 06300h, 06d00h      ; F6
        dw      04100h, 05a00h, 06400h, 06e00h      ; F7
        dw      04200h, 05b00h, 06500h, 06f00h      ; F8
        dw      04300h, 05c00h, 06600h, 07000h      ; F9
        dw      04400h, 05d00h, 06700h, 07100h      ; F10
        dw      0, 0, 0, 0
        dw      0, 0, 0, 0
        dw      0, 0, 0, 0
        dw      0, 0, 0, 0
        dw      0, 0, 0, 0
        dw      0, 0, 0, 0
        dw      0, 0, 0, 0
        dw      0, 0, 0, 0
        dw      0, 0, 0, 0
        dw      0, 0, 0, 0
        dw      0, 0, 0, 0
        dw      0, 0, 0, 0
        dw      0, 0, 0, 0
        dw      0, 0, 0, 0
        dw      0, 0, 0, 0
        dw      0, 0, 0, 0
        dw      0, 0, 0, 0
        dw      0565ch, 0567ch, 0, 0                ; the key left of Z
        dw      08500h, 08700h, 08900h, 08b00h      ; F11
        dw      08600h, 08800h, 08a00h, 08c00h      ; F12
KEYS            equ ($ - key_table) / 8

; The number pad, 47h to 53h: scan code, character, scan codes with Ctrl and, of the grey keys, with Alt.
pad_keys:
        db      047h, "7", 077h, 097h               ; Home
        db      048h, "8", 08dh, 098h               ; up
        db      049h, "9", 084h, 099h               ; Page Up
        db      04ah, "-", 08eh, 04ah
        db      04bh, "4", 073h, 09bh               ; left
        db      04ch, "5", 08fh, 000h
        db      04dh, "6", 074h, 09dh               ; right
        db      04eh, "+", 090h, 04eh
        db      04fh, "1", 075h, 09fh               ; End
        db      050h, "2", 091h, 0a0h               ; down
        db      051h, "3", 076h, 0a1h               ; Page Down
        db      052h, "0", 092h, 0a2h               ; Insert
        db      053h, ".", 093h, 0a3h               ; Delete

; Scan codes of characters up to 7fh, for those that do not come from a keyboard.
character_keys:
        db      000h, 01eh, 030h, 02eh, 020h, 012h, 021h, 022h, 00eh, 00fh, 024h, 025h, 026h, 01ch, 031h, 018h
        db      019h, 010h, 013h, 01fh, 014h, 016h, 02fh, 011h, 02dh, 015h, 02ch, 001h, 02bh, 01bh, 007h, 00ch
        db      039h, 002h, 028h, 004h, 005h, 006h, 008h, 028h, 00ah, 00bh, 009h, 00dh, 033h, 00ch, 034h, 035h
        db      00bh, 002h, 003h, 004h, 005h, 006h, 007h, 008h, 009h, 00ah, 027h, 027h, 033h, 00dh, 034h, 035h
        db      003h, 01eh, 030h, 02eh, 020h, 012h, 021h, 022h, 023h, 017h, 024h, 025h, 026h, 032h, 031h, 018h
        db      019h, 010h, 013h, 01fh, 014h, 016h, 02fh, 011h, 02dh, 015h, 02ch, 01ah, 02bh, 01bh, 007h, 00ch
        db      029h, 01eh, 030h, 02eh, 020h, 012h, 021h, 022h, 023h, 017h, 024h, 025h, 026h, 032h, 031h, 018h
        db      019h, 010h, 013h, 01fh, 014h, 016h, 02fh, 011h, 02dh, 015h, 02ch, 01ah, 02bh, 01bh, 029h, 00eh
