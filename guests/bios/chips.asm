; The chips of the board: interrupt controllers, timer, DMA, clock, keyboard controller, ports of serial lines.

PIC1            equ 20h
PIC2            equ 0a0h
; What comes through: timer, keyboard, the second controller; floppy; of the second: clock, mouse, both IDE channels.
PIC1_MASK       equ 10111000b
PIC2_MASK       equ 00101110b

set_up_chips:
        mov     al, 11h                 ; 8259A, ICW1: edges, cascade, ICW4
        out     PIC1, al
        out     PIC2, al
        mov     al, 08h                 ; ICW2: vectors
        out     PIC1 + 1, al
        mov     al, 70h
        out     PIC2 + 1, al
        mov     al, 4                   ; ICW3: the second is at input 2
        out     PIC1 + 1, al
        mov     al, 2
        out     PIC2 + 1, al
        mov     al, 1                   ; ICW4: 8086
        out     PIC1 + 1, al
        out     PIC2 + 1, al
        mov     al, PIC1_MASK
        out     PIC1 + 1, al
        mov     al, PIC2_MASK
        out     PIC2 + 1, al

        mov     al, 36h                 ; 8254: counter 0, a square wave of 18.2 Hz
        out     43h, al
        xor     al, al
        out     40h, al
        out     40h, al
        mov     al, 54h                 ; counter 1: refresh
        out     43h, al
        mov     al, 18
        out     41h, al

        mov     al, 0                   ; 8237A: both cleared, the first's requests pass through the second
        out     0dh, al
        out     0dah, al
        mov     al, 0c0h
        out     0d6h, al
        mov     al, 0
        out     0d4h, al

        mov     ax, 260ah               ; MC146818: 32 kHz, 1024 Hz
        call    write_cmos
        mov     ax, 020bh               ; 24 hours, BCD, no interrupts
        call    write_cmos
        mov     al, 0ch
        call    read_cmos
        in      al, 92h                 ; A20 on, no reset
        or      al, 2
        and     al, 0feh
        out     92h, al
        ret

; ---- keyboard controller

; Waits until the controller takes a byte. CF: it does not.
kbc_wait_input:
        push    ax
        push    ecx
        mov     ecx, 100000
.poll:  in      al, 64h
        test    al, 2
        jz      .done
        call    pause_briefly
        dec     ecx
        jnz     .poll
        stc
.done:  pop     ecx
        pop     ax
        ret

; Waits for a byte from the controller: AL. CF: none comes.
kbc_read:
        push    ecx
        mov     ecx, 100000
.poll:  in      al, 64h
        test    al, 1
        jnz     .some
        call    pause_briefly
        dec     ecx
        jnz     .poll
        stc
        jmp     .done
.some:  in      al, 60h
        clc
.done:  pop     ecx
        ret

; AL: a command.
kbc_command:
        call    kbc_wait_input
        jc      .none
        out     64h, al
.none:  ret

; AL: a byte for the keyboard, or a command's argument.
kbc_write:
        call    kbc_wait_input
        jc      .none
        out     60h, al
.none:  ret

KBC_MODE        equ 65h                 ; interrupt by the keyboard; translation into set 1; mouse off; tests passed

set_up_keyboard:
        mov     al, 0adh                ; keyboard off, while old bytes are thrown away
        call    kbc_command
        mov     al, 0a7h
        call    kbc_command
        mov     cx, 32
.drain: in      al, 64h
        test    al, 1
        jz      .empty
        in      al, 60h
        loop    .drain
.empty: mov     al, 0aah                ; self-test
        call    kbc_command
        call    kbc_read
        jc      .none
        mov     al, 60h
        call    kbc_command
        mov     al, KBC_MODE & ~1
        call    kbc_write
        mov     al, 0ffh                ; reset the keyboard: acknowledged, then its self-test's result
        call    kbc_write
        call    kbc_read
        jc      .none
        call    kbc_read
        mov     al, 0f4h
        call    kbc_write
        call    kbc_read
        mov     al, 60h
        call    kbc_command
        mov     al, KBC_MODE
        call    kbc_write
.none:  ret

; ---- serial lines

COM_PORTS:      dw      3f8h, 2f8h, 3e8h, 2e8h

; A serial line is there if its scratch register keeps what is written.
find_ports:
        xor     bx, bx                  ; how many
        xor     si, si
.next:  cs mov  dx, [COM_PORTS + si]
        add     dx, 7
        mov     al, 5ah
        out     dx, al
        in      al, dx
        cmp     al, 5ah
        jne     .absent
        sub     dx, 7
        mov     [bda_com + bx], dx
        inc     bx
        inc     bx
.absent:
        inc     si
        inc     si
        cmp     si, 8
        jne     .next
        shl     bx, 8                   ; bits 9 to 11 of the equipment: as many pairs of bytes
        or      [bda_equipment], bx
        ret
