; INT 10h in graphics: pixels, and characters drawn from a font.

; Character and font: INT 43h's vector points at glyphs of bda_char_height lines; those of a CGA's modes from 80h on are at INT 1Fh's.
FONT_VECTOR     equ 43h * 4
UPPER_VECTOR    equ 1fh * 4

; The font of the mode that has been set.
point_at_font:
        push    es
        push    0
        pop     es
        mov     ax, font_8x16
        cmp     byte [bda_char_height], 16
        je      .set
        mov     ax, font_8x14
        cmp     byte [bda_char_height], 14
        je      .set
        mov     ax, font_8x8
.set:   es mov  [FONT_VECTOR], ax
        es mov  word [FONT_VECTOR + 2], BIOS_SEG
        es mov  word [UPPER_VECTOR], font_8x8 + 400h
        es mov  word [UPPER_VECTOR + 2], BIOS_SEG
        pop     es
        ret

; GS:SI: the glyph of character AL.
glyph_of:
        push    ax
        push    bx
        push    dx
        push    ds
        push    0
        pop     ds
        mov     bx, FONT_VECTOR
        test    al, 80h
        jz      .lower
        push    ax
        call    video_kind
        cmp     ah, VIDEO_CGA
        pop     ax
        jne     .lower
        mov     bx, UPPER_VECTOR
        and     al, 7fh
.lower: lgs     si, [bx]
        pop     ds
        mul     byte [bda_char_height]
        add     si, ax
        pop     dx
        pop     bx
        pop     ax
        ret

; Character AL in colour BL (bit 7: by exclusive or) at DX of page BH, CX times.
put_glyphs:
        cmp     ah, VIDEO_VBE
        je      video_nothing
        pusha
        push    es
        push    gs
        call    serial_cells
        call    glyph_of
.next:  push    cx
        push    dx
        call    video_kind
        cmp     ah, VIDEO_PLANAR
        je      .planar
        cmp     ah, VIDEO_LINEAR
        je      .linear
        call    glyph_cga
        jmp     .put
.planar:
        call    glyph_planar
        jmp     .put
.linear:
        call    glyph_linear
.put:   pop     dx
        pop     cx
        inc     dl
        cmp     dl, [bda_columns]
        jae     .end
        loop    .next
.end:   pop     gs
        pop     es
        popa
        ret

; Each draws the glyph at GS:SI once.
glyph_planar:
        pusha
        push    GRAPHICS_SEG
        pop     es
        movzx   di, dl
        movzx   ax, dh
        push    dx
        mul     word [bda_char_height]
        mul     word [bda_columns]
        add     di, ax
        movzx   ax, bh
        mul     word [bda_page_bytes]
        add     di, ax
        pop     dx
        mov     cx, [bda_char_height]
        mov     dx, GRAPHICS
        mov     ax, 0f01h               ; all planes are written with the colour in register 0
        out     dx, ax
        test    bl, 80h
        jz      .line
        mov     ax, 1803h
        out     dx, ax
.line:  mov     ah, bl
        and     ah, 15
        mov     al, 0
        out     dx, ax
        mov     al, 8                   ; where the glyph has bits
        gs mov  ah, [si]
        out     dx, ax
        es xchg al, [di]
        test    bl, 80h
        jnz     .drawn
        not     ah                      ; elsewhere the background
        mov     al, 8
        out     dx, ax
        mov     ax, 0
        out     dx, ax
        es xchg al, [di]
.drawn: inc     si
        add     di, [bda_columns]
        loop    .line
        call    graphics_defaults
        popa
        ret

graphics_defaults:
        outw    GRAPHICS, 0001h
        outw    GRAPHICS, 0000h
        outw    GRAPHICS, 0003h
        outw    GRAPHICS, 0ff08h
        ret

glyph_linear:
        pusha
        push    GRAPHICS_SEG
        pop     es
        movzx   di, dl
        movzx   ax, dh
        mul     word [bda_char_height]
        mul     word [bda_columns]
        add     di, ax
        shl     di, 3
        mov     cx, [bda_char_height]
.line:  gs mov  ah, [si]
        mov     dl, 8
        push    di
.pixel: xor     al, al
        add     ah, ah
        jnc     .put
        mov     al, bl
.put:   stosb
        dec     dl
        jnz     .pixel
        pop     di
        mov     ax, [bda_columns]
        shl     ax, 3
        add     di, ax
        inc     si
        loop    .line
        popa
        ret

; Even lines are in the first bank, odd ones 2000h further on.
glyph_cga:
        pusha
        push    TEXT_SEG
        pop     es
        mov     al, dh
        mov     ah, 0
        imul    di, ax, 320
        movzx   ax, dl
        cmp     byte [bda_mode], 6
        je      .narrow
        add     ax, ax
.narrow:
        add     di, ax
        mov     cx, 8
.line:  gs mov  al, [si]
        cmp     byte [bda_mode], 6
        jne     .two
        test    bl, 80h
        jz      .one_put
        es xor  al, [di]
.one_put:
        es mov  [di], al
        jmp     .drawn
.two:   call    widen_glyph
        test    bl, 80h
        jz      .two_put
        es xor  ax, [di]
.two_put:
        es mov  [di], ax
.drawn: inc     si
        xor     di, 2000h
        test    di, 2000h
        jnz     .odd
        add     di, 80
.odd:   loop    .line
        popa
        ret

; AL: a line of a glyph; AX: the same with two bits a pixel, in colour BL, as it lies in memory.
widen_glyph:
        push    cx
        push    dx
        mov     cx, 8
        mov     dl, bl
        and     dl, 3
        xor     dh, dh
        push    si
        xor     si, si
.next:  shl     si, 2
        add     al, al
        jnc     .clear
        movzx   dx, dl
        or      si, dx
.clear: loop    .next
        mov     ax, si
        xchg    al, ah
        pop     si
        pop     dx
        pop     cx
        ret

; 08h in graphics: which character's glyph is under the cursor is not looked for.
read_glyph:
        mov     word [bp + frame.eax], 0
        ret

; ---- pixels: 0ch AL to column CX, line DX of page BH; 0dh AL from there

put_pixel:
        call    pixel_place
        jc      .done
        cmp     ah, VIDEO_LINEAR
        je      .linear
        cmp     ah, VIDEO_PLANAR
        je      .planar
        shl     al, cl
        mov     dl, ch                  ; the pixel's bits
        test    byte [bp + frame.eax], 80h
        jnz     .xor
        not     dl
        es and  [di], dl
        not     dl
        and     al, dl
        es or   [di], al
        ret
.xor:   and     al, dl
        es xor  [di], al
.done:  ret
.linear:
        es mov  [di], al
        ret
.planar:
        mov     bl, al
        mov     dx, GRAPHICS
        mov     ah, ch
        mov     al, 8
        out     dx, ax
        outw    GRAPHICS, 0f01h
        test    bl, 80h
        jz      .colour
        outw    GRAPHICS, 1803h
.colour:
        mov     ah, bl
        and     ah, 15
        mov     al, 0
        out     dx, ax
        es xchg al, [di]
        jmp     graphics_defaults

get_pixel:
        call    pixel_place
        jc      .done
        cmp     ah, VIDEO_LINEAR
        je      .linear
        cmp     ah, VIDEO_PLANAR
        je      .planar
        es mov  al, [di]
        and     al, ch
        shr     al, cl
.tell:  mov     [bp + frame.eax], al
.done:  ret
.linear:
        es mov  al, [di]
        jmp     .tell
.planar:
        xor     bl, bl
        mov     bh, 3
.plane: mov     ah, bh
        mov     al, 4                   ; which plane is read
        mov     dx, GRAPHICS
        out     dx, ax
        add     bl, bl
        es test [di], ch
        jz      .clear
        inc     bl
.clear: sub     bh, 1
        jnc     .plane
        outw    GRAPHICS, 0004h
        mov     al, bl
        jmp     .tell

; Column CX, line DX of page BH: ES:DI its byte, CH its bits there, CL how far they are from bit 0; AH the kind of mode. CF: there are no pixels, or
; not there.
pixel_place:
        call    video_kind
        push    bx
        push    ax
        cmp     ah, VIDEO_TEXT
        je      .none
        cmp     ah, VIDEO_VBE
        je      .none
        push    GRAPHICS_SEG
        pop     es
        mov     si, cx
        cmp     ah, VIDEO_CGA
        je      .cga
        mov     di, [bda_columns]
        cmp     ah, VIDEO_PLANAR
        je      .planar
        shl     di, 3
        imul    di, dx
        add     di, cx
        jmp     .found
.planar:
        imul    di, dx
        movzx   ax, bh
        mul     word [bda_page_bytes]
        add     di, ax
        mov     ax, si
        shr     ax, 3
        add     di, ax
        not     si
        and     si, 7
        mov     cx, si
        mov     ch, 1
        shl     ch, cl
        jmp     .found
.cga:   push    TEXT_SEG
        pop     es
        mov     di, dx
        shr     di, 1
        imul    di, di, 80
        test    dl, 1
        jz      .even
        add     di, 2000h
.even:  not     cx
        mov     ax, si
        cmp     byte [bda_mode], 6
        je      .narrow
        shr     ax, 2
        and     cx, 3
        add     cl, cl
        mov     ch, 3
        jmp     .bits
.narrow:
        shr     ax, 3
        and     cx, 7
        mov     ch, 1
.bits:  shl     ch, cl
        add     di, ax
.found: pop     ax
        pop     bx
        clc
        ret
.none:  pop     ax
        pop     bx
        stc
        ret
