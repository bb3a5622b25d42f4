; A boot sector that calls every function of every service, several times, with registers of no meaning: each has to come back, with the stack as it was.
; Left out is what waits for a key or for as long as it is told, what moves memory anywhere, and PCI's registers.

        cpu     386
        bits    16
        org     7c00h

ROUNDS          equ 3
DATA            equ 3000h               ; segments for whatever is read and written
OTHER_DATA      equ 5000h
DEBUG_EXIT      equ 0f4h

start:  cli
        xor     ax, ax
        mov     ss, ax
        mov     sp, 7c00h
        mov     ds, ax
        sti
        cld
.next:  mov     ax, [function]
        cmp     al, 18h                 ; these start something
        je      .skip
        cmp     al, 19h
        je      .skip
        mov     si, left_out
.look:  cmp     byte [si], 0
        je      .call
        cmp     ax, [si]
        je      .skip
        add     si, 2
        jmp     .look
.call:  mov     [.number], al
        mov     word [.stack], sp
        call    random
        mov     bx, ax
        call    random
        mov     dx, ax
        call    random
        mov     si, ax
        call    random
        mov     di, ax
        call    random
        mov     bp, ax
        xor     cx, cx
        cmp     byte [.number], 15h
        je      .few
        call    random
        mov     cx, ax
.few:   call    random
        mov     ah, [function + 1]
        push    OTHER_DATA
        pop     es
        push    DATA
        pop     ds
        db      0cdh                    ; INT
.number:
        db      0
        push    0
        pop     ds
        cli
        cmp     [.stack], sp
        jne     .broken
        sti
.skip:  inc     byte [function]
        cmp     byte [function], 1ah
        jbe     .next
        mov     byte [function], 10h
        inc     byte [function + 1]
        jnz     .next
        dec     byte [rounds]
        jnz     .next
        mov     al, "."
        jmp     .end
.broken:
        mov     al, "!"
.end:   call    send
        mov     al, 0
        out     DEBUG_EXIT, al
        hlt
.stack:         dw      0

; AX, by a linear congruence.
random: mov     eax, [seed]
        imul    eax, eax, 1103515245
        add     eax, 12345
        mov     [seed], eax
        shr     eax, 16
        ret

%include "send.inc"

seed:           dd      1
rounds:         db      ROUNDS
function:       db      10h, 0          ; service, AH
left_out:       db      16h, 00h, 16h, 10h, 15h, 87h, 1ah, 0b1h
        db      0

        times   510 - ($ - $$) db 0
        dw      0aa55h
