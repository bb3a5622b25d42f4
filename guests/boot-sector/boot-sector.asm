; A program that is started from a disk and asks the BIOS for its services, one by one. What comes back goes to the screen (INT 10h, 0eh) and to the
; third serial line, which no BIOS writes to; at the end the screen goes there too, as INT 10h, 08h reads it. Ends by port f4h, QEMU's isa-debug-exit. Says nothing in which
; two good BIOSes may differ.

        cpu     386
        bits    16
        org     7c00h
%include "begin.inc"

SECTORS         equ 16                  ; of this program
DEBUG_EXIT      equ 0f4h
BUFFER          equ 0a000h              ; above the program

start:  begin_program
        cld
        mov     [drive], dl
        mov     ax, 0200h | (SECTORS - 1)
        mov     bx, 7e00h
        mov     cx, 2
        mov     dh, 0
        int     13h
        jc      .failed
        jmp     main
.failed:
        mov     al, "!"
        call    send
        mov     al, 1
        out     DEBUG_EXIT, al
        hlt

drive:          db      0

%include "send.inc"
%include "print.inc"

        times   510 - ($ - $$) db 0
        dw      0aa55h

main:   say     "boot sector program"
        call    new_line
        call    test_graphics
        call    test_text
        call    test_memory
        call    test_disk
        call    test_keyboard
        call    test_clock
        call    test_pci
        call    test_serial
        say     "done"
        call    new_line
        call    dump_screen
        mov     al, 0
        out     DEBUG_EXIT, al
.wait:  hlt
        jmp     .wait

%include "memory.inc"
%include "disk.inc"
%include "video.inc"
%include "keyboard.inc"
%include "clock-pci.inc"
%include "serial.inc"

        times   SECTORS * 512 - ($ - $$) db 0
