; What services have in common: finding a handler, results in the frame, waiting.

; Jumps to the handler for AH in the table at CS:SI; all registers but SI, which is the caller's again, as they are.
dispatch:
        push    ax
.next:  cs cmp  byte [si], 0ffh
        je      .found
        cs cmp  ah, [si]
        je      .found
        add     si, 3
        jmp     .next
.found: cs mov  ax, [si + 1]
        mov     si, sp
        ss xchg ax, [si]                ; the handler's address is on the stack where AX was
        mov     si, [bp + frame.esi]
        ret

; CF of the caller.
return_ok:
        and     word [bp + frame.flags], ~FLAG_CF
        ret
return_error:
        or      word [bp + frame.flags], FLAG_CF
        ret

; A function that is not there.
unsupported:
        mov     byte [bp + frame.eax + 1], 86h
        jmp     return_error

; A moment: half a microsecond or so, in which the port that is polled is left alone.
pause_briefly:
        push    cx
        mov     cx, 64
        loop    $
        pop     cx
        ret

; Waits for at least EAX microseconds, by counter 0 of the 8254, which counts down 1193182 times a second, or twice as often where it makes a square wave
; (mode 3). A program may have set it to begin anew from another count than 65536: then what it had left is known to be over.
TIMER_CLOCK     equ 1193182
TIMER_MODE      equ 110b                ; in the status, without the bit of which modes 2 and 3 have both values
TIMER_SQUARE_WAVE equ 110b
wait_microseconds:
        pushad
        mov     edx, TIMER_CLOCK
        mul     edx
        mov     ebx, eax
        mov     esi, edx                ; ESI:EBX: what is left, in millionths of a count
        call    read_timer
        mov     cx, ax
.poll:  call    pause_briefly
        call    read_timer
        mov     di, cx
        mov     cx, ax
        sub     di, ax
        jnc     .same
        add     di, ax                  ; it has begun anew
.same:  and     dl, TIMER_MODE
        cmp     dl, TIMER_SQUARE_WAVE
        jne     .add
        shr     di, 1
.add:   movzx   eax, di
        mov     edi, 1000000
        mul     edi
        sub     ebx, eax
        sbb     esi, edx
        jnc     .poll
        popad
        ret

; AX: the count of counter 0; DL: its status.
read_timer:
        pushf
        cli                             ; for who else reads it
        mov     al, 0c2h                ; both are latched
        out     43h, al
        in      al, 40h
        mov     dl, al
        in      al, 40h
        mov     ah, al
        in      al, 40h
        xchg    al, ah
        popf
        ret

; A byte of CMOS memory: AL its address; AL the byte. NMI stays off as it was.
read_cmos:
        or      al, 80h
        out     70h, al
        in      al, 71h
        push    ax
        mov     al, 0dh
        out     70h, al
        pop     ax
        ret

; AL the address, AH the byte.
write_cmos:
        push    ax
        or      al, 80h
        out     70h, al
        mov     al, ah
        out     71h, al
        mov     al, 0dh
        out     70h, al
        pop     ax
        ret

; Two bytes of CMOS memory, the lower first: AL the first's address; AX.
read_cmos_word:
        push    bx
        mov     bl, al
        call    read_cmos
        xchg    al, bl
        inc     al
        call    read_cmos
        mov     bh, al
        mov     ax, bx
        pop     bx
        ret

; Prints the text at CS:SI, which ends with 0.
print:
        pushad
.next:  cs lodsb
        test    al, al
        jz      .done
        mov     ah, 0eh
        mov     bx, 7
        int     10h
        jmp     .next
.done:  popad
        ret
