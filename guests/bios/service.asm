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

; Waits for at least EAX microseconds, counted by refreshes of memory, one each 15.085 (port 61h, bit 4).
wait_microseconds:
        push    eax
        push    ebx
        push    edx
        xor     edx, edx
        mov     ebx, 15
        div     ebx
        inc     eax
        mov     edx, eax
        in      al, 61h
        mov     bl, al
.poll:  call    pause_briefly
        in      al, 61h
        xor     bl, al
        test    bl, 10h
        mov     bl, al
        jz      .poll
        dec     edx
        jnz     .poll
        pop     edx
        pop     ebx
        pop     eax
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
