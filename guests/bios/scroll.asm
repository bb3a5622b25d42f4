; INT 10h, 06h and 07h: moving a window of characters up or down, in text and in graphics. A row of characters is a number of lines of pixels, or one
; line of text.

; What it is about, from BP.
scroll_segment  equ -2
scroll_base     equ -4                  ; offset of the page
scroll_pitch    equ -6                  ; bytes from line to line
scroll_lines    equ -8                  ; of a row
scroll_left     equ -10                 ; bytes in front of the window
scroll_width    equ -12                 ; bytes of the window
scroll_fill     equ -14                 ; what comes in: a word of text, a byte of graphics
scroll_kind     equ -15
scroll_first    equ -18                 ; rows
scroll_last     equ -20
scroll_by       equ -22                 ; rows to the one that comes here: negative for downwards; 0: the window is filled
SCROLL_LOCALS   equ 22

; AL lines (0 for all) of the window from CH, CL to DH, DL of the page that is shown; BH is what comes in.
scroll_up:
        mov     bl, [bda_page]
        movzx   ax, al
        jmp     scroll_window
scroll_down:
        mov     bl, [bda_page]
        movzx   ax, al
        neg     ax

; By AX rows, on page BL.
scroll_window:
        cmp     dh, [bda_rows]
        jbe     .rows
        mov     dh, [bda_rows]
.rows:  cmp     dl, [bda_columns]
        jb      .columns
        mov     dl, [bda_columns]
        dec     dl
.columns:
        cmp     ch, dh
        ja      .none
        cmp     cl, dl
        ja      .none
        call    serial_scroll
        push    bp
        mov     bp, sp
        sub     sp, SCROLL_LOCALS
        push    es
        mov     [bp + scroll_by], ax
        movzx   ax, ch
        mov     [bp + scroll_first], ax
        movzx   ax, dh
        mov     [bp + scroll_last], ax
        movzx   ax, bl
        push    dx
        mul     word [bda_page_bytes]
        pop     dx
        mov     [bp + scroll_base], ax
        mov     [bp + scroll_fill], bh
        movzx   ax, cl
        mov     [bp + scroll_left], ax
        sub     dl, cl
        inc     dl
        movzx   ax, dl
        mov     [bp + scroll_width], ax
        call    video_kind
        mov     [bp + scroll_kind], ah
        cmp     ah, VIDEO_VBE
        je      .end
        movzx   bx, ah
        add     bx, bx
        cs call [scroll_geometry + bx]
        push    ds
        call    scroll_rows
        cmp     byte [bp + scroll_kind], VIDEO_CGA
        jne     .moved
        add     word [bp + scroll_base], 2000h ; odd lines
        call    scroll_rows
.moved: pop     ds
.end:   pop     es
        mov     sp, bp
        pop     bp
.none:  ret

scroll_geometry:
        dw      geometry_text, geometry_cga, geometry_planar, geometry_linear

geometry_text:
        mov     ah, [bp + scroll_fill]
        mov     al, 20h
        mov     [bp + scroll_fill], ax
        mov     cl, 1
        text_segment
        mov     ax, es
        mov     dx, 1
        mov     bx, [bda_columns]
        add     bx, bx
        jmp     keep_geometry
geometry_cga:
        mov     cl, 0                   ; 1 bit a pixel
        cmp     byte [bda_mode], 6
        je      .cell
        inc     cl
.cell:  mov     ax, TEXT_SEG
        mov     dx, 4
        mov     bx, 80
        jmp     keep_geometry
geometry_planar:
        mov     cl, 0
        mov     ax, GRAPHICS_SEG
        mov     dx, [bda_char_height]
        mov     bx, [bda_columns]
        jmp     keep_geometry
geometry_linear:
        mov     cl, 3
        mov     ax, GRAPHICS_SEG
        mov     dx, [bda_char_height]
        mov     bx, [bda_columns]
        shl     bx, 3

; AX segment, BX pitch, DX lines, a column is 1 << CL bytes.
keep_geometry:
        mov     [bp + scroll_segment], ax
        mov     [bp + scroll_pitch], bx
        mov     [bp + scroll_lines], dx
        shl     word [bp + scroll_left], cl
        shl     word [bp + scroll_width], cl
        ret

; Row by row, in the order in which none is written before it has been read.
scroll_rows:
        mov     ds, [bp + scroll_segment]
        mov     es, [bp + scroll_segment]
        cmp     word [bp + scroll_by], 0
        jl      .down
        mov     ax, [bp + scroll_first]
.up:    mov     bx, ax
        add     bx, [bp + scroll_by]
        cmp     bx, [bp + scroll_last]
        call    scroll_row
        inc     ax
        cmp     ax, [bp + scroll_last]
        jbe     .up
        ret
.down:  mov     ax, [bp + scroll_last]
.lower: mov     bx, ax
        add     bx, [bp + scroll_by]
        cmp     [bp + scroll_first], bx
        call    scroll_row
        dec     ax
        cmp     ax, [bp + scroll_first]
        jge     .lower
        ret

; Row AX becomes row BX; or it is filled, if the flags say "greater", or nothing moves.
scroll_row:
        pusha
        jg      .fill
        cmp     ax, bx
        je      .fill
        call    planar_move
        push    ax
        mov     ax, bx
        call    row_place
        mov     si, di
        pop     ax
        call    row_place
        mov     dx, [bp + scroll_lines]
.line:  push    si
        push    di
        mov     cx, [bp + scroll_width]
        rep     movsb
        pop     di
        pop     si
        add     si, [bp + scroll_pitch]
        add     di, [bp + scroll_pitch]
        dec     dx
        jnz     .line
        call    planar_end
        popa
        ret
.fill:  call    row_place
        call    planar_fill
        mov     dx, [bp + scroll_lines]
.fill_line:
        push    di
        mov     cx, [bp + scroll_width]
        mov     ax, [bp + scroll_fill]
        cmp     byte [bp + scroll_kind], VIDEO_TEXT
        jne     .bytes
        shr     cx, 1
        rep     stosw
        jmp     .filled
.bytes: rep     stosb
.filled:
        pop     di
        add     di, [bp + scroll_pitch]
        dec     dx
        jnz     .fill_line
        call    planar_end
        popa
        ret

; DI: where the window begins in row AX.
row_place:
        push    ax
        push    dx
        mul     word [bp + scroll_lines]
        mul     word [bp + scroll_pitch]
        add     ax, [bp + scroll_base]
        add     ax, [bp + scroll_left]
        mov     di, ax
        pop     dx
        pop     ax
        ret

; The graphics controller for moving bytes of all planes, and for filling them with a colour; and as modes leave it.
planar_move:
        cmp     byte [bp + scroll_kind], VIDEO_PLANAR
        jne     planar_none
        push    ax
        push    dx
        outw    GRAPHICS, 0105h
        jmp     planar_out
planar_fill:
        cmp     byte [bp + scroll_kind], VIDEO_PLANAR
        jne     planar_none
        push    ax
        push    dx
        mov     dx, GRAPHICS
        mov     ah, [bp + scroll_fill]
        mov     al, 0
        out     dx, ax
        outw    GRAPHICS, 0f01h
        jmp     planar_out
planar_end:
        cmp     byte [bp + scroll_kind], VIDEO_PLANAR
        jne     planar_none
        push    ax
        push    dx
        outw    GRAPHICS, 0005h
        outw    GRAPHICS, 0001h
planar_out:
        pop     dx
        pop     ax
planar_none:
        ret
