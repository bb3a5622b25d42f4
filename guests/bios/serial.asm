; INT 14h: serial lines (16550); INT 17h: printers, of which there are none.

UART_LOW        equ 0                   ; divisor, behind DLAB
UART_HIGH       equ 1
UART_INTERRUPTS equ 1
UART_LINE       equ 3
UART_MODEM      equ 4
UART_STATUS     equ 5
UART_SIGNALS    equ 6
UART_READY      equ 01h                 ; a byte has come
UART_EMPTY      equ 20h                 ; one may go
LINE_TIMEOUT    equ 80h
UART_TRIES      equ 100000              ; times bda_com_timeout

; Divisors for 110 to 9600 bits a second.
divisors:       dw      1047, 768, 384, 192, 96, 48, 24, 12

line_functions:
        on      00h, line_start
        on      01h, line_send
        on      02h, line_receive
        on      03h, line_status
        otherwise line_unknown

; DX is a line's number. Handlers find its port in DX; AX is what the caller gets.
int14:  sti
        enter_service
        cmp     dx, 4
        jae     .none
        mov     di, dx
        movzx   cx, byte [bda_com_timeout + di]
        add     di, di
        mov     dx, [bda_com + di]
        test    dx, dx
        jz      .none
        mov     si, line_functions
        call    dispatch
        mov     [bp + frame.eax], ax
.none:  leave_service

line_unknown:
        mov     ah, 86h
        jmp     return_error

; 00h: AL has the rate in bits 5 to 7, and what goes into the line control register.
line_start:
        mov     ah, al
        mov     bx, ax
        shr     bl, 5
        movzx   bx, bl
        add     bx, bx
        add     dx, UART_LINE
        mov     al, 80h
        out     dx, al
        sub     dx, UART_LINE
        push    ax
        cs mov  ax, [divisors + bx]
        out     dx, al
        inc     dx
        mov     al, ah
        out     dx, al
        pop     ax
        mov     al, ah
        and     al, 1fh
        add     dx, UART_LINE - UART_HIGH
        out     dx, al
        sub     dx, UART_LINE - UART_INTERRUPTS
        xor     al, al
        out     dx, al
        dec     dx

; 03h: AH is the line's status, AL that of its signals.
line_status:
        push    dx
        add     dx, UART_STATUS
        in      al, dx
        mov     ah, al
        inc     dx
        in      al, dx
        pop     dx
        ret

; Waits until a bit of the status, AH, is set: AL is the status. CF: it does not come. CX: how long.
line_wait:
        push    dx
        push    ecx
        add     dx, UART_STATUS
        movzx   ecx, cx
        imul    ecx, ecx, UART_TRIES
        inc     ecx
.poll:  in      al, dx
        test    al, ah
        jnz     .done                   ; (CF is clear)
        call    pause_briefly
        dec     ecx
        jnz     .poll
        stc
.done:  pop     ecx
        pop     dx
        ret

; 01h: sends AL; AH is the status, bit 7 if it could not be sent.
line_send:
        push    ax
        add     dx, UART_MODEM
        mov     al, 3
        out     dx, al
        sub     dx, UART_MODEM
        mov     ah, UART_EMPTY
        call    line_wait
        mov     ah, al
        pop     bx
        mov     al, bl
        jc      .timeout
        out     dx, al
        ret
.timeout:
        or      ah, LINE_TIMEOUT
        ret

; 02h: AL is what has come, AH the status.
line_receive:
        push    ax
        add     dx, UART_MODEM
        mov     al, 1
        out     dx, al
        sub     dx, UART_MODEM
        mov     ah, UART_READY
        call    line_wait
        pop     bx
        mov     ah, al
        jc      .timeout
        in      al, dx
        and     ah, 1eh
        ret
.timeout:
        mov     al, bl
        or      ah, LINE_TIMEOUT
        ret

; No printer answers.
int17:  mov     ah, 1
        iret
