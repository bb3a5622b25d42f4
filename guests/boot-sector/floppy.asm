; A boot sector for a floppy of 1.44 MB whose sectors hold their numbers in each of their words: reads, writes and asks about the drive, by INT 13h. Prints
; what comes back over the third serial line.

        cpu     386
        bits    16
        org     7c00h
%include "begin.inc"

BUFFER          equ 8000h
DEBUG_EXIT      equ 0f4h
LAST            equ 4f12h               ; track 79, sector 18

start:  begin_program
        mov     [drive], dl
        mov     ax, 0208h               ; eight sectors from track 1, head 1, sector 3
        mov     bx, BUFFER
        mov     cx, 0103h
        mov     dh, 1
        call    service
        mov     ax, [BUFFER]
        call    print_word
        mov     ax, [BUFFER + 7 * 512]
        call    print_word
        mov     ax, 0301h               ; this sector to the last one, and back
        mov     bx, 7c00h
        mov     cx, LAST
        mov     dh, 0
        call    service
        mov     ax, 0201h
        mov     bx, BUFFER
        mov     cx, LAST
        mov     dh, 0
        call    service
        mov     si, 7c00h
        mov     di, BUFFER
        mov     cx, 256
        repe    cmpsw
        mov     ax, cx
        call    print_word
        mov     ax, 0201h               ; track 80 is not there
        mov     bx, BUFFER
        mov     cx, 5001h
        mov     dh, 0
        call    service
        mov     ah, 8
        call    service
        mov     ax, cx
        call    print_word
        mov     ax, dx
        call    print_word
        mov     ah, 15h
        call    service
        mov     al, 0
        out     DEBUG_EXIT, al
        hlt

; INT 13h for the drive; prints AH, which is kept, and CF as a bit in front.
service:
        mov     dl, [drive]
        int     13h
        push    es
        push    0
        pop     es
        push    ax
        mov     al, ah
        mov     ah, 0
        adc     ah, 0
        call    print_word
        pop     ax
        pop     es
        ret

%include "number.inc"
%include "send.inc"

drive:          db      0
        times   510 - ($ - $$) db 0
        dw      0aa55h
