; INT 10h: colours (0bh, 10h) and fonts (11h).

; ---- the colours of a mode

; Loads the DAC for mode SI.
load_palette:
        pusha
        mov     dx, DAC_WRITE
        xor     al, al
        out     dx, al
        inc     dx
        cs cmp  byte [si + video_mode.kind], VIDEO_LINEAR
        je      .linear
        xor     bx, bx
.next:  cs mov  al, [si + video_mode.palette]
        call    ega_colour
        inc     bl
        cmp     bl, 40h
        jne     .next
        jmp     .done
.linear:
        call    load_256
.done:  popa
        ret

; Sends colour BL of 64 to the DAC. AL 0: the bits are rgbRGB, an EGA's; 1: a CGA's, bit 4 is intensity; 2: of one colour.
ega_colour:
        push    bx
        mov     ah, bl
        cmp     al, 1
        jb      .send
        ja      .mono
        and     ah, 17h                 ; a CGA's brown has half of its green
        cmp     ah, 6
        mov     bl, ah
        jne     .cga
        mov     ah, 14h
        jmp     .send
.cga:   and     ah, 7
        test    bl, 10h
        jz      .send
        or      ah, 38h
.send:  mov     cx, 3
.part:  xor     al, al                  ; 2/3 by R, G, B, 1/3 by r, g, b
        test    ah, 4
        jz      .low
        mov     al, 2ah
.low:   test    ah, 20h
        jz      .out
        add     al, 15h
.out:   out     dx, al
        add     ah, ah
        loop    .part
        pop     bx
        ret
.mono:  xor     al, al
        test    ah, 8
        jz      .bright
        mov     al, 2ah
.bright:
        test    ah, 10h
        jz      .grey
        add     al, 15h
.grey:  out     dx, al
        out     dx, al
        out     dx, al
        pop     bx
        ret

; 256 colours: those of a CGA, 16 greys, then nine rounds of 24 hues in three brightnesses with three saturations; the rest is black.
load_256:
        xor     bx, bx
.cga:   push    bx
        test    bl, 8
        jz      .dark
        xor     bl, 18h
.dark:  mov     al, 1
        call    ega_colour
        pop     bx
        inc     bx
        cmp     bx, 16
        jne     .cga
        mov     si, greys
        mov     cx, 16
.grey:  cs lodsb
        out     dx, al
        out     dx, al
        out     dx, al
        loop    .grey
        mov     si, hue_levels
        mov     cx, 9
.round: push    cx
        call    load_hues
        pop     cx
        add     si, 5
        loop    .round
        mov     cx, 8 * 3
        xor     al, al
.black: out     dx, al
        loop    .black
        ret

greys:          db      0, 5, 8, 11, 14, 17, 20, 24, 28, 32, 36, 40, 45, 50, 56, 63
; Five levels of a part, from the least to the most.
hue_levels:     db      0, 16, 31, 47, 63,  31, 39, 47, 55, 63,  45, 49, 54, 58, 63
                db      0, 7, 14, 21, 28,  14, 17, 21, 24, 28,  20, 22, 24, 26, 28
                db      0, 4, 8, 12, 16,  8, 10, 12, 14, 16,  11, 12, 13, 15, 16
; Red along 24 hues from blue; green is 8 hues behind and blue 16.
hue_wave:       db      0, 1, 2, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4, 3, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0

; 24 hues with the levels at CS:SI.
load_hues:
        xor     bx, bx                  ; hue
.hue:   mov     di, bx
        call    .part
        mov     ax, 16
        call    .shifted
        mov     ax, 8
        call    .shifted
        inc     bx
        cmp     bx, 24
        jne     .hue
        ret
.shifted:
        add     ax, bx
        mov     di, ax
        cmp     di, 24
        jb      .part
        sub     di, 24
.part:  push    bx
        movzx   bx, byte [cs:hue_wave + di]
        cs mov  al, [si + bx]
        out     dx, al
        pop     bx
        ret

; 0bh: BH 0: border; 1: palette of 320x200. By the attribute controller.
set_cga_palette:
        call    attribute_index
        cmp     bh, 1
        je      .palette
        mov     ah, bl
        and     ah, 0fh
        mov     al, 11h
        call    set_attribute
        jmp     screen_on
.palette:
        mov     cl, bl
        and     cl, 1
        mov     al, 1
        mov     ah, 12h                 ; green, red, brown; or cyan, magenta, white
.next:  push    ax
        or      ah, cl
        call    set_attribute
        pop     ax
        add     ah, 2
        inc     al
        cmp     al, 4
        jne     .next
        jmp     screen_on

; Register AL of the attribute controller becomes AH.
set_attribute:
        push    ax
        push    dx
        mov     dx, ATTRIBUTES
        and     al, 1fh
        out     dx, al
        mov     al, ah
        out     dx, al
        pop     dx
        pop     ax
        ret
; The screen is off while the controller's colours are set.
screen_on:
        push    ax
        push    dx
        call    attribute_index
        mov     dx, ATTRIBUTES
        mov     al, 20h
        out     dx, al
        pop     dx
        pop     ax
        ret
; Register BL of the attribute controller: AH.
get_attribute:
        push    dx
        call    attribute_index
        mov     dx, ATTRIBUTES
        mov     al, bl
        and     al, 1fh
        out     dx, al
        inc     dx
        in      al, dx
        mov     ah, al
        pop     dx
        jmp     screen_on

; ---- 10h

palette_functions:
        on      00h, palette_one
        on      01h, palette_border
        on      02h, palette_all
        on      03h, palette_blink
        on      07h, palette_get_one
        on      08h, palette_get_border
        on      09h, palette_get_all
        on      10h, dac_one
        on      12h, dac_block
        on      15h, dac_get_one
        on      17h, dac_get_block
        on      18h, dac_mask
        on      19h, dac_get_mask
        otherwise video_nothing

palette_service:
        mov     ah, al
        mov     si, palette_functions
        jmp     dispatch

palette_one:
        call    attribute_index
        mov     al, bl
        mov     ah, bh
        call    set_attribute
        jmp     screen_on
palette_border:
        mov     bl, 11h
        jmp     palette_one
palette_all:
        call    attribute_index
        mov     si, dx
        xor     al, al
.next:  es mov  ah, [si]
        cmp     al, 10h
        jne     .colour
        inc     al
.colour:
        call    set_attribute
        inc     si
        inc     al
        cmp     al, 12h
        jb      .next
        jmp     screen_on
; BL: 0 bright backgrounds, 1 blinking.
palette_blink:
        push    bx
        mov     bl, 10h
        call    get_attribute
        pop     bx
        and     ah, ~8
        and     bl, 1
        shl     bl, 3
        or      ah, bl
        mov     bx, ax
        mov     bl, 10h
        jmp     palette_one
palette_get_one:
        call    get_attribute
        mov     [bp + frame.ebx + 1], ah
        ret
palette_get_border:
        mov     bl, 11h
        jmp     palette_get_one
palette_get_all:
        mov     di, dx
        xor     bl, bl
.next:  call    get_attribute
        mov     al, ah
        stosb
        inc     bl
        cmp     bl, 10h
        jb      .next
        mov     bl, 11h
        call    get_attribute
        mov     al, ah
        stosb
        ret
; BX a number, DH, CH, CL its red, green, blue.
dac_one:
        mov     ah, dh
        mov     dx, DAC_WRITE
        mov     al, bl
        out     dx, al
        inc     dx
        mov     al, ah
        out     dx, al
        mov     al, ch
        out     dx, al
        mov     al, cl
        out     dx, al
        ret
dac_block:
        mov     si, dx
        mov     dx, DAC_WRITE
        mov     al, bl
        out     dx, al
        inc     dx
.next:  jcxz    .done
        mov     ah, 3
.part:  es lodsb
        out     dx, al
        dec     ah
        jnz     .part
        dec     cx
        jmp     .next
.done:  ret
dac_get_one:
        mov     dx, DAC_READ
        mov     al, bl
        out     dx, al
        add     dx, DAC_DATA - DAC_READ
        in      al, dx
        mov     [bp + frame.edx + 1], al
        in      al, dx
        mov     [bp + frame.ecx + 1], al
        in      al, dx
        mov     [bp + frame.ecx], al
        ret
dac_get_block:
        mov     di, dx
        mov     dx, DAC_READ
        mov     al, bl
        out     dx, al
        add     dx, DAC_DATA - DAC_READ
.next:  jcxz    .done
        mov     ah, 3
.part:  in      al, dx
        stosb
        dec     ah
        jnz     .part
        dec     cx
        jmp     .next
.done:  ret
dac_mask:
        mov     dx, DAC_MASK
        mov     al, bl
        out     dx, al
        ret
dac_get_mask:
        mov     dx, DAC_MASK
        in      al, dx
        mov     [bp + frame.ebx], al
        ret

; ---- 11h: fonts

font_functions:
        on      00h, font_given
        on      01h, font_14
        on      02h, font_8
        on      03h, font_block
        on      04h, font_16
        on      10h, font_given_rows
        on      11h, font_14_rows
        on      12h, font_8_rows
        on      14h, font_16_rows
        on      20h, font_upper
        on      21h, font_graphics
        on      22h, font_graphics_14
        on      23h, font_graphics_8
        on      24h, font_graphics_16
        on      30h, font_tell
        otherwise video_nothing

font_service:
        mov     ah, al
        mov     si, font_functions
        jmp     dispatch

font_16:
        mov     si, font_8x16
        mov     bh, 16
        jmp     font_own
font_14:
        mov     si, font_8x14
        mov     bh, 14
        jmp     font_own
font_8: mov     si, font_8x8
        mov     bh, 8
font_own:
        push    cs
        pop     es
        mov     cx, 256
        xor     dx, dx
        jmp     put_font
; CX glyphs of BH lines at ES:(caller's BP), from character DX on, block BL.
font_given:
        mov     si, [bp + frame.ebp]
        jmp     put_font

font_16_rows:
        call    font_16
        jmp     set_rows
font_14_rows:
        call    font_14
        jmp     set_rows
font_8_rows:
        call    font_8
        jmp     set_rows
font_given_rows:
        call    font_given
; As many rows as there is room for characters of BH lines.
set_rows:
        call    video_kind
        cmp     ah, VIDEO_TEXT
        jne     .done
        movzx   bx, bh
        test    bx, bx
        jz      .done
        mov     [bda_char_height], bx
        mov     ax, 400
        xor     dx, dx
        div     bx
        mov     cx, ax
        dec     al
        mov     [bda_rows], al
        mov     ax, [bda_columns]
        mul     cx
        add     ax, ax
        add     ax, 100h                ; a little room, as there always was
        mov     [bda_page_bytes], ax
        mov     ax, cx
        mul     bx
        dec     ax                      ; the last line that is shown
        mov     ah, al
        mov     al, 12h
        mov     dx, [bda_crtc]
        out     dx, ax
        mov     al, 9                   ; lines of a character
        out     dx, al
        inc     dx
        in      al, dx
        and     al, 0e0h
        dec     bl
        or      al, bl
        out     dx, al
        mov     cl, bl                  ; the cursor in the last two
        mov     ch, cl
        dec     ch
        cmp     bl, 7
        jbe     .cursor
        dec     ch
        dec     cl
.cursor:
        mov     bx, cx
        mov     al, CRTC_CURSOR_FORM
        jmp     crtc_word
.done:  ret

; Which blocks of glyphs are used.
font_block:
        mov     dx, SEQUENCER
        mov     al, 3
        mov     ah, bl
        out     dx, ax
        ret

; Glyphs of AH lines at CS:BX, all of them, to block AL.
load_font:
        pusha
        push    es
        push    cs
        pop     es
        mov     si, bx
        mov     bh, ah
        mov     bl, al
        mov     cx, 256
        xor     dx, dx
        call    put_font
        pop     es
        popa
        ret

; CX glyphs of BH lines at ES:SI, from character DX on, to block BL: into plane 2, 32 bytes each.
put_font:
        pusha
        push    ds
        push    es
        push    dx
        outw    SEQUENCER, 0402h        ; plane 2 is written
        outw    SEQUENCER, 0704h        ; without odd and even
        outw    GRAPHICS, 0005h
        outw    GRAPHICS, 0406h         ; at A0000
        pop     dx
        mov     di, dx
        shl     di, 5
        movzx   ax, bl
        and     al, 3
        shl     ax, 14
        add     di, ax
        push    es
        pop     ds
        push    GRAPHICS_SEG
        pop     es
        movzx   dx, bh
.glyph: jcxz    .done
        push    cx
        push    di
        mov     cx, dx
        rep     movsb
        pop     di
        pop     cx
        add     di, 32
        dec     cx
        jmp     .glyph
.done:  pop     es
        pop     ds
        outw    SEQUENCER, 0302h
        outw    SEQUENCER, 0304h
        outw    GRAPHICS, 1005h
        mov     ax, 0e06h               ; at B8000, or B0000
        cmp     byte [bda_mode], 7
        jne     .colour
        mov     ah, 0ah
.colour:
        mov     dx, GRAPHICS
        out     dx, ax
        popa
        ret

; Fonts of graphics modes: at INT 1Fh, and at INT 43h with CX lines.
font_upper:
        mov     ax, UPPER_VECTOR
        mov     si, [bp + frame.ebp]
        mov     cx, es
        jmp     set_far
font_graphics:
        mov     si, [bp + frame.ebp]
        mov     dx, es
        jmp     font_at
font_graphics_14:
        mov     si, font_8x14
        mov     cx, 14
        jmp     font_own_at
font_graphics_8:
        mov     si, font_8x8
        mov     cx, 8
        jmp     font_own_at
font_graphics_16:
        mov     si, font_8x16
        mov     cx, 16
font_own_at:
        mov     dx, cs
font_at:
        mov     [bda_char_height], cx
        mov     cx, dx
        mov     ax, FONT_VECTOR
; CX:SI to the vector at 0:AX.
set_far:
        push    ds
        push    0
        pop     ds
        mov     di, ax
        mov     [di], si
        mov     [di + 2], cx
        pop     ds
        ret

; 30h: BH chooses; ES:BP is where that font is, CX the lines of a character now, DL the last row.
font_tell:
        mov     ax, [bda_char_height]
        mov     [bp + frame.ecx], ax
        mov     al, [bda_rows]
        mov     [bp + frame.edx], al
        push    0
        pop     es
        es les  di, [UPPER_VECTOR]
        test    bh, bh
        jz      .tell
        push    0
        pop     es
        es les  di, [FONT_VECTOR]
        cmp     bh, 1
        je      .tell
        push    cs
        pop     es
        movzx   bx, bh
        cmp     bx, FONTS
        jae     video_nothing
        add     bx, bx
        cs mov  di, [fonts + bx]
.tell:  mov     [bp + frame.es], es
        mov     [bp + frame.ebp], di
        ret

fonts:          dw      0, 0, font_8x14, font_8x8, font_8x8 + 400h, font_8x14, font_8x16, font_8x16
FONTS           equ ($ - fonts) / 2
