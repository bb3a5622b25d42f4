; A serial line that shows what is written to the screen and gives what is typed there, for machines that nobody sits in front of: as a terminal of the
; VT100's kind. The board names its port (etc/sercon-port); 0 means none.

ESCAPE          equ 1bh
ESCAPE_TICKS    equ 2                   ; after which an ESC was a key
NOWHERE         equ 0ffffh

; The port to 115200 bits a second. ES is the EBDA.
start_serial_console:
        es mov  dx, [ebda_serial]
        add     dx, UART_LINE
        mov     al, 83h
        out     dx, al
        sub     dx, UART_LINE
        mov     al, 1
        out     dx, al
        inc     dx
        xor     al, al
        out     dx, al
        add     dx, UART_LINE - UART_HIGH
        mov     al, 3
        out     dx, al
        inc     dx
        out     dx, al
        ret

; Sends AL, if there is a console.
serial_byte:
        push    ds
        push    dx
        push    ecx
        push    EBDA_SEG
        pop     ds
        mov     dx, [ebda_serial]
        test    dx, dx
        jz      .none
        push    ax
        add     dx, UART_STATUS
        mov     ecx, UART_TRIES
.poll:  in      al, dx
        test    al, UART_EMPTY
        jnz     .send
        call    pause_briefly
        dec     ecx
        jnz     .poll
.send:  sub     dx, UART_STATUS
        pop     ax
        out     dx, al
.none:  pop     ecx
        pop     dx
        pop     ds
        ret

; The text at CS:SI, up to 0.
serial_text:
        cs lodsb
        test    al, al
        jz      .done
        call    serial_byte
        jmp     serial_text
.done:  ret

; AL as a decimal number, up to 99.
serial_number:
        aam
        add     ax, "00"
        cmp     ah, "0"
        je      .one
        xchg    al, ah
        call    serial_byte
        xchg    al, ah
.one:   jmp     serial_byte

escape_clear:   db      ESCAPE, "[2J", 0
escape_begin:   db      ESCAPE, "[", 0

; The terminal's cursor goes to DX, if it is not there.
serial_go:
        pusha
        push    ds
        push    EBDA_SEG
        pop     ds
        cmp     [ebda_serial_at], dx
        je      .done
        mov     [ebda_serial_at], dx
        mov     si, escape_begin
        call    serial_text
        mov     al, dh
        inc     al
        call    serial_number
        mov     al, ";"
        call    serial_byte
        mov     al, dl
        inc     al
        call    serial_number
        mov     al, "H"
        call    serial_byte
.done:  pop     ds
        popa
        ret

; CF: there is no console, or page BH is not shown.
serial_shows:
        push    ds
        push    ax
        mov     al, [bda_page]
        cmp     al, bh
        stc
        jne     .done
        push    EBDA_SEG
        pop     ds
        cmp     word [ebda_serial], 1
.done:  pop     ax
        pop     ds
        ret

; Before a character of a teletype on page BH: the terminal's cursor is where the screen's is.
serial_follow:
        call    serial_shows
        jc      .done
        push    di
        push    dx
        call    cursor_place
        mov     dx, [di]
        call    serial_go
        pop     dx
        pop     di
.done:  ret

; After it: both are at DX.
serial_moved:
        push    ds
        push    EBDA_SEG
        pop     ds
        mov     [ebda_serial_at], dx
        pop     ds
        ret

; CX times character AL, attribute BL, at DX of page BH.
serial_cells:
        call    serial_shows
        jc      .done
        pusha
        call    serial_go
        call    serial_colour
        call    plain_character
        mov     ah, [bda_columns]
.next:  call    serial_byte
        inc     dl
        cmp     dl, ah
        jae     .edge
        loop    .next
        jmp     .moved
.edge:  mov     dx, NOWHERE
.moved: call    serial_moved
        popa
.done:  ret

; AL: a character of the PC's set; AL: one that every terminal has.
plain_character:
        cmp     al, 20h
        jb      .control
        cmp     al, 7fh
        jb      .done
        cmp     al, 0b3h
        je      .bar
        cmp     al, 0bah
        je      .bar
        cmp     al, 0c4h
        je      .dash
        cmp     al, 0cdh
        je      .dash
        cmp     al, 0b4h
        jb      .other
        cmp     al, 0dah
        jbe     .corner
.other: mov     al, "#"
        ret
.bar:   mov     al, "|"
        ret
.dash:  mov     al, "-"
        ret
.corner:
        mov     al, "+"
        ret
.control:
        push    bx
        movzx   bx, al
        cs mov  al, [control_characters + bx]
        pop     bx
.done:  ret
control_characters:
        db      " ***********************^v><*-^v"

; Attribute BL: only what is not white on black takes words.
serial_colour:
        pusha
        push    ds
        push    EBDA_SEG
        pop     ds
        cmp     [ebda_serial_sgr], bl
        je      .done
        mov     [ebda_serial_sgr], bl
        mov     si, escape_begin
        call    serial_text
        mov     al, "0"
        call    serial_byte
        cmp     bl, 7
        je      .end
        test    bl, 8
        jz      .dark
        mov     si, .bright
        call    serial_text
.dark:  mov     al, "3"
        call    .colour
        shr     bl, 4
        mov     al, "4"
        call    .colour
.end:   mov     al, "m"
        call    serial_byte
.done:  pop     ds
        popa
        ret
; ;AL and colour BL, whose red and blue bits a terminal has the other way around.
.colour:
        push    ax
        mov     al, ";"
        call    serial_byte
        pop     ax
        call    serial_byte
        mov     si, bx
        and     si, 7
        cs mov  al, [.colours + si]
        jmp     serial_byte
.bright:        db      ";1", 0
.colours:       db      "04261537"

; The screen has been cleared.
serial_clear:
        mov     bh, [bda_page]
        call    serial_shows
        jc      .done
        pusha
        push    ds
        push    EBDA_SEG
        pop     ds
        mov     byte [ebda_serial_sgr], 0ffh
        mov     word [ebda_serial_at], NOWHERE
        pop     ds
        mov     bl, 7
        call    serial_colour
        mov     si, escape_clear
        call    serial_text
        xor     dx, dx
        call    serial_go
        popa
.done:  ret

; A window from CX to DX is moved by AX rows: one that is filled is cleared.
serial_scroll:
        test    ax, ax
        jnz     .done
        push    bx
        mov     bh, [bda_page]
        call    serial_shows
        pop     bx
        jc      .done
        pusha
        test    cx, cx
        jnz     .window
        cmp     dh, [bda_rows]
        jb      .window
        call    serial_clear
        jmp     .end
.window:
        mov     al, dl
        sub     al, cl
        inc     al
        movzx   si, al
        mov     bl, bh
        mov     bh, [bda_page]
.row:   push    cx
        push    dx
        mov     dx, cx
        mov     cx, si
        mov     al, 20h
        call    serial_cells
        pop     dx
        pop     cx
        inc     ch
        cmp     ch, dh
        jbe     .row
.end:   popa
.done:  ret

; ---- what is typed

; Puts what has come into the buffer of the keyboard. DS is the BDA.
poll_serial_console:
        push    es
        push    EBDA_SEG
        pop     es
        es mov  dx, [ebda_serial]
        test    dx, dx
        jz      .none
        add     dx, UART_STATUS
.next:  in      al, dx
        cmp     al, 0ffh
        je      .none
        test    al, UART_READY
        jz      .quiet
        sub     dx, UART_STATUS
        in      al, dx
        add     dx, UART_STATUS
        call    take_serial_byte
        jmp     .next
.quiet: es cmp  byte [ebda_escape], 1
        jne     .none
        mov     al, [bda_ticks]
        es sub  al, [ebda_escape_at]
        cmp     al, ESCAPE_TICKS
        jb      .none
        es mov  byte [ebda_escape], 0
        mov     ax, 011bh
        call    put_key
.none:  pop     es
        ret

; AL: a byte. Keys that are no characters come as ESC [ X, ESC O X or ESC [ N ~.
take_serial_byte:
        es mov  ah, [ebda_escape]
        es mov  byte [ebda_escape], 0
        cmp     ah, 1
        je      .second
        ja      .third
        cmp     al, ESCAPE
        je      .begin
        test    al, al
        js      .done
        movzx   bx, al
        cs mov  ah, [character_keys + bx]
        cmp     al, 7fh                 ; what terminals send for Backspace
        jne     .put
        mov     al, 8
.put:   jmp     put_key
.begin: es mov  byte [ebda_escape], 1
        mov     ah, [bda_ticks]
        es mov  [ebda_escape_at], ah
.done:  ret
.second:
        cmp     al, "["
        je      .sequence
        cmp     al, "O"
        je      .sequence
        push    ax                      ; it was the key, and then another
        mov     ax, 011bh
        call    put_key
        pop     ax
        xor     ah, ah
        jmp     take_serial_byte
.sequence:
        es mov  byte [ebda_escape], 2
        ret
.third: cmp     al, "~"
        je      .numbered
        cmp     al, "0"
        jb      .done
        cmp     al, "9"
        ja      .letter
        es mov  [ebda_escape], al       ; the digit
        ret
.numbered:
        mov     al, ah
.letter:
        mov     si, sequence_keys
.find:  cs cmp  byte [si], 0
        je      .done
        cs cmp  [si], al
        je      .found
        add     si, 2
        jmp     .find
.found: cs mov  ah, [si + 1]
        mov     al, 0
        cmp     ah, 3bh
        jb      .put_grey
        cmp     ah, 44h
        jbe     .put
.put_grey:
        mov     al, 0e0h
        jmp     put_key

sequence_keys:  db      "A", 48h, "B", 50h, "C", 4dh, "D", 4bh, "H", 47h, "F", 4fh, "P", 3bh, "Q", 3ch, "R", 3dh, "S", 3eh
                db      "1", 47h, "2", 52h, "3", 53h, "4", 4fh, "5", 49h, "6", 51h, 0
