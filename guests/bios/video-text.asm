; INT 10h: characters and the cursor. DH and DL are a row and a column, BH is a page.

; ES becomes the segment of text.
%macro text_segment 0
        mov     ax, TEXT_SEG
        cmp     byte [bda_mode], 7
        jne     %%colour
        mov     ax, MONO_SEG
%%colour:
        mov     es, ax
%endmacro

; DI: where the cursor of page BH is kept.
cursor_place:
        movzx   di, bh
        and     di, 7
        add     di, di
        add     di, bda_cursors
        ret

; DI: offset of the cell at DX of page BH.
cell_place:
        push    ax
        push    dx
        mov     al, dh
        mul     byte [bda_columns]
        xor     dh, dh
        add     ax, dx
        add     ax, ax
        mov     di, ax
        movzx   ax, bh
        mul     word [bda_page_bytes]
        add     di, ax
        pop     dx
        pop     ax
        ret

; Shows the cursor of the page that is shown.
show_cursor:
        pusha
        mov     bh, [bda_page]
        call    cursor_place
        mov     dx, [di]
        call    cell_place
        shr     di, 1
        mov     bx, di
        mov     al, CRTC_CURSOR
        call    crtc_word
        popa
        ret

; BX to the pair of CRT controller registers AL and AL + 1, the upper byte first.
crtc_word:
        mov     dx, [bda_crtc]
        mov     ah, bh
        out     dx, ax
        inc     al
        mov     ah, bl
        out     dx, ax
        ret

; 01h: CH and CL, first and last line of the cursor; if they are those of a cell of 8 lines, they are stretched.
set_cursor_form:
        mov     [bda_cursor_form], cx
        mov     al, [bda_char_height]
        cmp     al, 8
        jbe     .set
        test    byte [bda_video], 1
        jnz     .set
        cmp     cl, 7
        ja      .set
        mov     ah, ch
        and     ah, 1fh
        cmp     ah, 7
        ja      .set
        mov     dl, cl
        sub     dl, ah                  ; two lines stay two
        mov     ah, ch
        inc     ah
        call    .stretch
        and     ch, 60h
        or      ch, ah
        mov     ah, cl
        inc     ah
        call    .stretch
        mov     cl, ah
        cmp     dl, 1
        jne     .set
        dec     cl
.set:   mov     bx, cx
        mov     al, CRTC_CURSOR_FORM
        jmp     crtc_word
.stretch:
        mov     bl, al
        mul     ah
        shr     ax, 3
        dec     ax
        mov     ah, al
        mov     al, bl
        ret

set_cursor:
        call    cursor_place
        mov     [di], dx
        jmp     show_cursor

get_cursor:
        call    cursor_place
        mov     ax, [di]
        mov     [bp + frame.edx], ax
        mov     ax, [bda_cursor_form]
        mov     [bp + frame.ecx], ax
        ret

; 05h: shows page AL.
set_page:
        cmp     al, 7
        ja      video_nothing
        mov     [bda_page], al
        movzx   ax, al
        mul     word [bda_page_bytes]
        mov     [bda_page_start], ax
        mov     bx, ax
        call    video_kind
        cmp     ah, VIDEO_TEXT
        jne     .start
        shr     bx, 1
.start: mov     al, CRTC_START
        call    crtc_word
        jmp     show_cursor

; 08h: AL character, AH attribute under the cursor of page BH.
read_cell:
        call    video_kind
        cmp     ah, VIDEO_TEXT
        jne     read_glyph
        call    cursor_place
        mov     dx, [di]
        call    cell_place
        text_segment
        es mov  ax, [di]
        mov     [bp + frame.eax], ax
        ret

; 09h: character AL with attribute BL, CX times; the cursor stays.
write_cells:
        call    cursor_place
        mov     dx, [di]
; The same at DX.
put_cells:
        jcxz    .done
        call    video_kind
        cmp     ah, VIDEO_TEXT
        jne     put_glyphs
        push    di
        push    ax
        push    cx
        call    cell_place
        text_segment
        pop     cx
        pop     ax
        push    ax
        push    cx
        mov     ah, bl
        rep     stosw
        pop     cx
        pop     ax
        pop     di
        jmp     serial_cells
.done:  ret

; 0ah: character AL, CX times, attributes stay. In graphics BL is the colour.
write_characters:
        call    video_kind
        cmp     ah, VIDEO_TEXT
        jne     write_cells
        call    cursor_place
        mov     dx, [di]
        jcxz    put_cells.done
.next:  push    cx
        call    cell_attribute
        mov     cx, 1
        call    put_cells
        pop     cx
        inc     dl
        cmp     dl, [bda_columns]
        jb      .more
        mov     dl, 0
        inc     dh
.more:  loop    .next
        ret

; BL: the attribute of the cell at DX of page BH.
cell_attribute:
        push    ax
        push    di
        push    es
        call    cell_place
        text_segment
        es mov  bl, [di + 1]
        pop     es
        pop     di
        pop     ax
        ret

; 0eh: character AL as a teletype does, on the page that is shown; BL is its colour in graphics.
teletype:
        mov     bh, [bda_page]
        mov     ah, 0
; The same on page BH; AH 1: BL is the attribute in text, too.
type_character:
        call    serial_follow
        call    cursor_place
        mov     dx, [di]
        cmp     al, 7
        je      .end
        cmp     al, 8
        je      .back
        cmp     al, 10
        je      .feed
        cmp     al, 13
        je      .return
        push    di
        push    ax
        push    bx
        mov     cl, ah
        call    video_kind
        test    cl, cl
        jnz     .attribute
        cmp     ah, VIDEO_TEXT
        jne     .attribute
        call    cell_attribute
.attribute:
        mov     cx, 1
        call    put_cells
        pop     bx
        pop     ax
        pop     di
        inc     dl
        cmp     dl, [bda_columns]
        jb      .keep
        mov     al, 13
        call    serial_byte
        mov     dl, 0
        mov     al, 10
        jmp     .feed
.back:  sub     dl, 1
        adc     dl, 0
        jmp     .control
.return:
        mov     dl, 0
        jmp     .control
.feed:  call    serial_byte
        inc     dh
        cmp     dh, [bda_rows]
        jbe     .keep
        dec     dh
        mov     [di], dx
        call    feed_page
        jmp     .keep
.control:
        call    serial_byte
.keep:  mov     [di], dx
        call    serial_moved
        cmp     bh, [bda_page]
        jne     .end
        call    show_cursor
.end:   ret

; Moves page BH up by a line; the new one has the attribute at DX.
feed_page:
        pusha
        push    es
        mov     ah, 0
        push    bx
        push    ax
        call    video_kind
        mov     cl, ah
        pop     ax
        cmp     cl, VIDEO_TEXT
        jne     .scroll
        call    cell_attribute
        mov     ah, bl
.scroll:
        pop     bx
        mov     bl, bh                  ; page
        mov     bh, ah                  ; attribute
        mov     ax, 1
        xor     cx, cx
        mov     dh, [bda_rows]
        mov     dl, [bda_columns]
        dec     dl
        call    scroll_window
        pop     es
        popa
        ret

; 13h: the CX characters at ES:(caller's BP), at DX of page BH. AL bit 0: the cursor moves; bit 1: each has its attribute behind it, else it is BL.
write_string:
        jcxz    .none
        call    cursor_place
        push    word [di]
        push    ax
        mov     [di], dx
        mov     si, [bp + frame.ebp]
.next:  push    ax
        push    cx
        push    es
        mov     ah, al
        mov     es, [bp + frame.es]
        es lodsb
        test    ah, 2
        jz      .one
        es mov  bl, [si]
        inc     si
.one:   push    si
        mov     ah, 1
        call    type_character
        pop     si
        pop     es
        pop     cx
        pop     ax
        loop    .next
        pop     ax
        pop     dx
        test    al, 1
        jnz     .none
        call    cursor_place
        mov     [di], dx
        jmp     show_cursor
.none:  ret
