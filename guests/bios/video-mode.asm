; INT 10h, 00h: modes. Each is a row of video-tables.asm, with the registers as the VGA's documentation gives them.

MODE_KEEP       equ 80h                 ; memory is not cleared

; AL: the mode.
set_mode:
        mov     cl, al
        and     cl, 7fh
        mov     si, video_modes
.find:  cs cmp  byte [si + video_mode.number], 0ffh
        je      video_nothing
        cs cmp  [si + video_mode.number], cl
        je      .found
        add     si, video_mode.size
        jmp     .find
.found: mov     bl, al
        call    vbe_off
        cs mov  ah, [si + video_mode.kind]
        push    ds
        push    EBDA_SEG
        pop     ds
        mov     [ebda_video_kind], ah
        mov     word [ebda_vbe_mode], 0
        pop     ds
        and     bl, MODE_KEEP
        and     byte [bda_video], ~MODE_KEEP
        or      [bda_video], bl
        call    keep_mode
        call    write_registers
        call    load_palette
        test    bl, bl
        jnz     .kept
        call    clear_video
.kept:  cs cmp  byte [si + video_mode.kind], VIDEO_TEXT
        jne     .graphics
        mov     al, 0
        mov     bx, font_8x16
        mov     ah, 16
        call    load_font
        jmp     .shown
.graphics:
        call    point_at_font
.shown: mov     al, 20h
        cmp     byte [bda_mode], 7
        ja      .tell
        mov     al, 3fh
        cmp     byte [bda_mode], 6
        je      .tell
        mov     al, 30h
.tell:  mov     [bp + frame.eax], al
        jmp     serial_clear

; What the BDA says of mode SI.
keep_mode:
        push    es
        push    ds
        pop     es
        cs mov  al, [si + video_mode.number]
        mov     [bda_mode], al
        movzx   ax, byte [cs:si + video_mode.columns]
        mov     [bda_columns], ax
        cs mov  al, [si + video_mode.last_row]
        mov     [bda_rows], al
        movzx   ax, byte [cs:si + video_mode.height]
        mov     [bda_char_height], ax
        cs mov  ax, [si + video_mode.page_bytes]
        mov     [bda_page_bytes], ax
        mov     word [bda_page_start], 0
        mov     byte [bda_page], 0
        mov     di, bda_cursors
        mov     cx, 8
        xor     ax, ax
        rep     stosw
        mov     word [bda_cursor_form], 0607h
        mov     word [bda_crtc], 3d4h
        mov     ax, [bda_equipment]
        and     al, ~30h
        or      al, 20h
        cmp     byte [bda_mode], 7
        jne     .colour
        mov     word [bda_crtc], 3b4h
        or      al, 30h
.colour:
        mov     [bda_equipment], ax
        mov     word [bda_mode_select], 3029h ; a CGA's registers: text, palette
        pop     es
        ret

; The registers of mode SI.
write_registers:
        pusha
        mov     dx, MISC_OUTPUT
        cs mov  al, [si + video_mode.misc]
        out     dx, al
        outw    SEQUENCER, 0100h
        lea     di, [si + video_mode.sequencer]
        mov     cx, 0401h
        call    .indexed
        outw    SEQUENCER, 0300h
        mov     dx, [bda_crtc]
        mov     ax, 0011h               ; registers 0 to 7 can be written
        out     dx, ax
        lea     di, [si + video_mode.crtc]
        mov     cx, 1900h
        call    .indexed
        mov     dx, GRAPHICS
        lea     di, [si + video_mode.graphics]
        mov     cx, 0900h
        call    .indexed
        call    attribute_index
        lea     di, [si + video_mode.attributes]
        xor     cx, cx
        mov     dx, ATTRIBUTES
.attribute:
        mov     al, cl
        out     dx, al
        cs mov  al, [di]
        out     dx, al
        inc     di
        inc     cx
        cmp     cx, 14h
        jne     .attribute
        mov     al, cl
        out     dx, al
        mov     al, 0
        out     dx, al
        mov     al, 20h                 ; the screen is on
        out     dx, al
        mov     dx, DAC_MASK
        mov     al, 0ffh
        out     dx, al
        popa
        ret

; CH registers from CL on, at DX, from CS:DI.
.indexed:
        mov     al, cl
        cs mov  ah, [di]
        out     dx, ax
        inc     di
        inc     cl
        dec     ch
        jnz     .indexed
        ret

; The attribute controller's port takes an index next.
attribute_index:
        push    ax
        push    dx
        mov     dx, [bda_crtc]
        add     dx, 6
        in      al, dx
        pop     dx
        pop     ax
        ret

; Clears the memory of mode SI.
clear_video:
        push    es
        xor     eax, eax
        cs mov  cx, [si + video_mode.segment]
        mov     es, cx
        mov     cx, 2000h
        cs cmp  byte [si + video_mode.kind], VIDEO_CGA
        je      .fill
        cs cmp  byte [si + video_mode.kind], VIDEO_TEXT
        je      .text
        mov     cx, 4000h
        jmp     .fill
.text:  mov     eax, 07200720h
.fill:  xor     di, di
        rep     stosd
        pop     es
        ret
