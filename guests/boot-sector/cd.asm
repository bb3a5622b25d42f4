; What is started from a CD without emulation: asks what it was started from, and reads on, by INT 13h. Block 21 holds "block 21". Prints what comes back
; over the third serial line.

        cpu     386
        bits    16
        org     7c00h
%include "begin.inc"

BUFFER          equ 8400h
DEBUG_EXIT      equ 0f4h

start:  begin_program bx
        mov     [drive], dl
        mov     ax, bx
        call    print_word
        mov     al, dl
        mov     ah, 0
        call    print_word
        mov     ax, 4b01h               ; what was it started from?
        mov     si, BUFFER
        call    service
        mov     ax, [BUFFER]
        call    print_word
        mov     ax, [BUFFER + 2]
        call    print_word
        mov     ax, [BUFFER + 4]
        call    print_word
        mov     ax, [BUFFER + 12]
        call    print_word
        mov     ax, [BUFFER + 14]
        call    print_word
        mov     ah, 41h
        mov     bx, 55aah
        call    service.only
        mov     ax, bx
        call    print_word
        mov     word [BUFFER], 1ah
        mov     si, BUFFER
        mov     ah, 48h
        call    service
        mov     ax, [BUFFER + 24]
        call    print_word
        mov     ah, 42h
        mov     si, packet
        call    service
        mov     si, BUFFER
        mov     cx, 8
.next:  lodsb
        call    send
        loop    .next
        mov     al, " "
        call    send
        mov     ah, 43h                 ; it cannot be written
        mov     si, packet
        call    service.only
        mov     al, 0
        out     DEBUG_EXIT, al
        hlt

; INT 13h for the drive; prints AH, and CF in front of it.
service:
        call    call_disk
        push    ax
        mov     al, ah
        mov     ah, 0
        adc     ah, 0
        call    print_word
        pop     ax
        ret
; CF alone.
.only:  call    call_disk
        mov     ax, 0
        adc     ax, 0
        jmp     print_word

call_disk:
        mov     dl, [drive]
        int     13h
        ret

%include "number.inc"
%include "send.inc"

packet:         dw      10h, 1, BUFFER, 0
                dq      21
drive:          db      0
        times   2048 - ($ - $$) db 0
