; INT 10h, 4fh: VESA BIOS Extension 2.0, on the registers of Bochs' VBE (QEMU, docs/specs/standard-vga.rst).

DISPI_INDEX     equ 1ceh
DISPI_DATA      equ 1cfh
DISPI_ID        equ 0
DISPI_X         equ 1
DISPI_Y         equ 2
DISPI_BITS      equ 3
DISPI_ENABLE    equ 4
DISPI_BANK      equ 5
DISPI_WIDTH     equ 6
DISPI_X_OFFSET  equ 8
DISPI_Y_OFFSET  equ 9
DISPI_MEMORY    equ 0ah
DISPI_ON        equ 1
DISPI_LFB       equ 40h
DISPI_KEEP      equ 80h
DISPI_KNOWN     equ 0b0c0h              ; and a version in bits 0 to 3

VBE_OK          equ 004fh
VBE_FAILED      equ 014fh
VBE_LFB         equ 4000h               ; of a mode's number
VBE_KEEP        equ 8000h
BANK_BYTES      equ 10000h
; Colour, graphics, supported by what is there, with a window; with a linear frame buffer too.
ATTRIBUTES_BANKED equ 1bh
ATTRIBUTES_LFB  equ 80h

; Number, width, height, bits.
%macro vbe_mode_row 4
        dw      %1, %2, %3, %4
%endmacro
vbe_modes:
        vbe_mode_row 100h, 640, 400, 8
        vbe_mode_row 101h, 640, 480, 8
        vbe_mode_row 103h, 800, 600, 8
        vbe_mode_row 105h, 1024, 768, 8
        vbe_mode_row 107h, 1280, 1024, 8
        vbe_mode_row 10dh, 320, 200, 15
        vbe_mode_row 10eh, 320, 200, 16
        vbe_mode_row 10fh, 320, 200, 24
        vbe_mode_row 110h, 640, 480, 15
        vbe_mode_row 111h, 640, 480, 16
        vbe_mode_row 112h, 640, 480, 24
        vbe_mode_row 113h, 800, 600, 15
        vbe_mode_row 114h, 800, 600, 16
        vbe_mode_row 115h, 800, 600, 24
        vbe_mode_row 116h, 1024, 768, 15
        vbe_mode_row 117h, 1024, 768, 16
        vbe_mode_row 118h, 1024, 768, 24
        vbe_mode_row 119h, 1280, 1024, 15
        vbe_mode_row 11ah, 1280, 1024, 16
        vbe_mode_row 11bh, 1280, 1024, 24
        vbe_mode_row 140h, 320, 200, 32
        vbe_mode_row 141h, 640, 400, 32
        vbe_mode_row 142h, 640, 480, 32
        vbe_mode_row 143h, 800, 600, 32
        vbe_mode_row 144h, 1024, 768, 32
        vbe_mode_row 145h, 1280, 1024, 32
        dw      0
VBE_MODES       equ ($ - vbe_modes - 2) / 8

; Bits and position of red, green, blue, and what is left.
colour_layouts: db      0, 0, 0, 0, 0, 0, 0, 0
                db      5, 10, 5, 5, 5, 0, 1, 15
                db      5, 11, 6, 5, 5, 0, 0, 0
                db      8, 16, 8, 8, 8, 0, 0, 0
                db      8, 16, 8, 8, 8, 0, 8, 24

vbe_oem:        db      "tcgjs", 0

vbe_functions:
        on      00h, vbe_information
        on      01h, vbe_mode_information
        on      02h, vbe_set_mode
        on      03h, vbe_get_mode
        on      05h, vbe_window
        on      06h, vbe_line_length
        on      07h, vbe_display_start
        otherwise vbe_unknown

; Register AL: AX.
dispi_read:
        push    dx
        mov     dx, DISPI_INDEX
        xor     ah, ah
        out     dx, ax
        inc     dx
        in      ax, dx
        pop     dx
        ret

; Register AL becomes BX.
dispi_write:
        push    dx
        push    ax
        mov     dx, DISPI_INDEX
        xor     ah, ah
        out     dx, ax
        inc     dx
        mov     ax, bx
        out     dx, ax
        pop     ax
        pop     dx
        ret

; Whether the display has VBE's registers, and memory.
find_vbe:
        push    ds
        push    EBDA_SEG
        pop     ds
        mov     word [ebda_vbe_memory], 0
        mov     al, DISPI_ID
        call    dispi_read
        and     al, 0f0h
        cmp     ax, DISPI_KNOWN
        jne     .none
        mov     al, DISPI_MEMORY
        call    dispi_read
        mov     [ebda_vbe_memory], ax
.none:  pop     ds
        ret

; The VGA's own modes again.
vbe_off:
        pusha
        push    ds
        push    EBDA_SEG
        pop     ds
        cmp     word [ebda_vbe_memory], 0
        je      .none
        mov     al, DISPI_ENABLE
        xor     bx, bx
        call    dispi_write
.none:  pop     ds
        popa
        ret

; DS is the EBDA from here on.
vbe_service:
        push    EBDA_SEG
        pop     ds
        cmp     word [ebda_vbe_memory], 0
        je      video_nothing
        mov     ah, al
        mov     si, vbe_functions
        call    dispatch
        mov     [bp + frame.eax], ax
        ret

vbe_unknown:
        mov     ax, 0100h
        ret
vbe_failed:
        mov     ax, VBE_FAILED
        ret

; SI: the row of mode CX. CF: there is none, or memory is too small for it.
find_vbe_mode:
        mov     si, vbe_modes
.next:  cs cmp  word [si], 0
        je      .none
        cs cmp  [si], cx
        je      .found
        add     si, 8
        jmp     .next
.found: call    vbe_pitch
        cs mul  word [si + 4]
        test    ax, ax
        jz      .whole
        inc     dx
.whole: cmp     [ebda_vbe_memory], dx
        ret
.none:  stc
        ret

; AX: bytes of a line of mode SI.
vbe_pitch:
        cs mov  ax, [si + 6]
        add     ax, 7
        shr     ax, 3
        cs mul  word [si + 2]
        ret

; 00h: 256 bytes to ES:DI, or 512 if they begin with VBE2.
vbe_information:
        mov     cx, 256
        es cmp  dword [di], "VBE2"
        jne     .size
        mov     cx, 512
.size:  push    di
        xor     al, al
        rep     stosb
        pop     di
        es mov  dword [di], "VESA"
        es mov  word [di + 4], 0200h
        es mov  word [di + 6], vbe_oem
        es mov  word [di + 8], BIOS_SEG
        mov     ax, di                  ; the modes are listed behind, in what is reserved
        add     ax, 34
        es mov  [di + 14], ax
        es mov  [di + 16], es
        mov     ax, [ebda_vbe_memory]
        es mov  [di + 18], ax
        add     di, 34
        mov     bx, vbe_modes
.next:  cs mov  cx, [bx]
        test    cx, cx
        jz      .end
        call    find_vbe_mode
        jc      .skip
        mov     ax, cx
        stosw
.skip:  add     bx, 8
        jmp     .next
.end:   mov     ax, -1
        stosw
        mov     ax, VBE_OK
        ret

; 01h: 256 bytes about mode CX to ES:DI.
vbe_mode_information:
        and     cx, 3fffh
        call    find_vbe_mode
        jc      vbe_failed
        push    di
        mov     cx, 128
        xor     ax, ax
        rep     stosw
        pop     di
        mov     ax, ATTRIBUTES_BANKED
        cmp     dword [ebda_vbe_lfb], 0
        je      .banked
        or      al, ATTRIBUTES_LFB
.banked:
        es mov  [di], ax
        es mov  byte [di + 2], 7        ; window A: there, read and written
        es mov  word [di + 4], BANK_BYTES >> 10
        es mov  word [di + 6], BANK_BYTES >> 10
        es mov  word [di + 8], GRAPHICS_SEG
        es mov  word [di + 12], vbe_window_far
        es mov  word [di + 14], BIOS_SEG
        call    vbe_pitch
        es mov  [di + 16], ax
        mov     cx, ax
        cs mov  ax, [si + 2]
        es mov  [di + 18], ax
        cs mov  ax, [si + 4]
        es mov  [di + 20], ax
        es mov  word [di + 22], 1008h   ; characters
        es mov  byte [di + 24], 1       ; planes
        cs mov  ax, [si + 6]
        es mov  [di + 25], al
        es mov  byte [di + 26], 1       ; banks
        mov     bx, 4                   ; packed pixels
        cmp     al, 8
        jbe     .model
        mov     bl, 6                   ; direct colour
.model: es mov  [di + 27], bl
        call    vbe_images
        es mov  [di + 29], al
        es mov  byte [di + 30], 1
        mov     eax, [ebda_vbe_lfb]
        es mov  [di + 40], eax
        cs mov  ax, [si + 6]
        call    colour_layout
        lea     di, [di + 31]
        mov     cx, 4
        push    ds
        push    cs
        pop     ds
        rep     movsw
        pop     ds
        mov     ax, VBE_OK
        ret

; AL: how many pages of mode SI there is memory for, less one; CX is its pitch.
vbe_images:
        push    dx
        push    cx
        movzx   ecx, cx
        cs movzx eax, word [si + 4]
        imul    ecx, eax
        movzx   eax, word [ebda_vbe_memory]
        shl     eax, 16
        xor     edx, edx
        div     ecx
        dec     eax
        cmp     eax, 255
        jbe     .done
        mov     al, 255
.done:  pop     cx
        pop     dx
        ret

; SI: where red, green and blue are in pixels of AX bits.
colour_layout:
        mov     si, colour_layouts
        sub     ax, 8
        jz      .done
        add     si, 8
        cmp     ax, 15 - 8
        je      .done
        add     si, 8
        cmp     ax, 16 - 8
        je      .done
        add     si, 8
        cmp     ax, 24 - 8
        je      .done
        add     si, 8
.done:  ret

; 02h: mode BX.
vbe_set_mode:
        mov     cx, bx
        and     cx, 3fffh
        cmp     cx, 100h
        jb      .vga
        call    find_vbe_mode
        jc      vbe_failed
        push    si
        push    ds
        push    BDA_SEG
        pop     ds
        mov     si, mode_13h
        call    write_registers
        call    load_palette
        pop     ds
        pop     si
        mov     [ebda_vbe_mode], bx
        mov     byte [ebda_video_kind], VIDEO_VBE
        mov     word [ebda_vbe_bank], 0
        call    vbe_pitch
        mov     [ebda_vbe_pitch], ax
        mov     dx, bx
        mov     al, DISPI_ENABLE
        xor     bx, bx
        call    dispi_write
        mov     al, DISPI_X
        cs mov  bx, [si + 2]
        call    dispi_write
        mov     al, DISPI_Y
        cs mov  bx, [si + 4]
        call    dispi_write
        mov     al, DISPI_BITS
        cs mov  bx, [si + 6]
        call    dispi_write
        mov     bx, DISPI_ON
        test    dx, VBE_LFB
        jz      .banked
        or      bl, DISPI_LFB
.banked:
        test    dx, VBE_KEEP
        jz      .clear
        or      bl, DISPI_KEEP
.clear: mov     al, DISPI_ENABLE
        call    dispi_write
        mov     ax, VBE_OK
        ret
.vga:   mov     al, bl
        test    bx, VBE_KEEP
        jz      .set
        or      al, MODE_KEEP
.set:   push    BDA_SEG
        pop     ds
        call    set_mode
        mov     ax, VBE_OK
        ret

; 03h: BX.
vbe_get_mode:
        mov     bx, [ebda_vbe_mode]
        test    bx, bx
        jnz     .tell
        push    ds
        push    BDA_SEG
        pop     ds
        movzx   bx, byte [bda_mode]
        pop     ds
.tell:  mov     [bp + frame.ebx], bx
        mov     ax, VBE_OK
        ret

; 05h: the window: BH 0 puts it at bank DX, 1 tells where it is.
vbe_window:
        cmp     bl, 0
        jne     vbe_failed
        cmp     bh, 1
        ja      vbe_failed
        je      .get
        cmp     dx, [ebda_vbe_memory]
        jae     vbe_failed
        mov     [ebda_vbe_bank], dx
        mov     bx, dx
        mov     al, DISPI_BANK
        call    dispi_write
        mov     ax, VBE_OK
        ret
.get:   mov     dx, [ebda_vbe_bank]
        mov     [bp + frame.edx], dx
        mov     ax, VBE_OK
        ret

; The same for a far call, which keeps all registers.
vbe_window_far:
        push    ax
        mov     ax, 4f05h
        int     10h
        pop     ax
        retf

; 06h: BL 0 and 2 make lines CX pixels or bytes long, 1 and 3 tell how long they are, and can be. BX bytes, CX pixels, DX lines.
vbe_line_length:
        cmp     word [ebda_vbe_mode], 0
        je      vbe_failed
        cmp     bl, 3
        ja      vbe_failed
        call    vbe_pixel_bytes         ; AX
        test    bl, 1
        jnz     .tell
        cmp     bl, 2
        jne     .pixels
        xchg    ax, cx
        xor     dx, dx
        div     cx
        xchg    ax, cx
.pixels:
        mov     bx, cx
        push    ax
        mov     al, DISPI_WIDTH
        call    dispi_write
        pop     ax
.tell:  mov     cx, ax
        mov     al, DISPI_WIDTH
        call    dispi_read
        mov     [bp + frame.ecx], ax
        mul     cx
        mov     [ebda_vbe_pitch], ax
        mov     [bp + frame.ebx], ax
        movzx   ecx, ax
        test    ecx, ecx
        jz      vbe_failed
        movzx   eax, word [ebda_vbe_memory]
        shl     eax, 16
        xor     edx, edx
        div     ecx
        cmp     eax, 0ffffh
        jbe     .lines
        mov     ax, 0ffffh
.lines: mov     [bp + frame.edx], ax
        mov     ax, VBE_OK
        ret

; AX: bytes of a pixel of the mode that is set.
vbe_pixel_bytes:
        push    cx
        mov     cx, [ebda_vbe_mode]
        and     cx, 3fffh
        call    find_vbe_mode
        cs mov  ax, [si + 6]
        add     ax, 7
        shr     ax, 3
        pop     cx
        ret

; 07h: BL 0 or 80h: the screen begins at pixel CX of line DX; 1: where does it.
vbe_display_start:
        cmp     word [ebda_vbe_mode], 0
        je      vbe_failed
        and     bl, 7fh
        cmp     bl, 1
        ja      vbe_failed
        je      .get
        mov     bx, cx
        mov     al, DISPI_X_OFFSET
        call    dispi_write
        mov     bx, dx
        mov     al, DISPI_Y_OFFSET
        call    dispi_write
        mov     ax, VBE_OK
        ret
.get:   mov     byte [bp + frame.ebx + 1], 0
        mov     al, DISPI_X_OFFSET
        call    dispi_read
        mov     [bp + frame.ecx], ax
        mov     al, DISPI_Y_OFFSET
        call    dispi_read
        mov     [bp + frame.edx], ax
        mov     ax, VBE_OK
        ret
