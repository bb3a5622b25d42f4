; Protected mode: task switches by JMP, CALL, gates and IRET, between 386 and 286 tasks, and what goes wrong on the way.
; A 64 KiB ROM (see README.md).
%include "protected.inc"

        bits    32
landing: HERE

; What is left in the old TSS and in the descriptors.
%macro SHOW_TSS 1       ; TSS: link, eip, eflags, eax, esp, cs, ss
        P16     [%1]
        P32     [%1+0x20]
        mov     eax, [%1+0x24]
        and     eax, FLAGS
        P32     eax
        P32     [%1+0x28]
        P32     [%1+0x38]
        P16     [%1+0x4c]
        P16     [%1+0x50]
%endmacro
%macro SHOW_TYPES 0     ; type bytes of the three TSS descriptors, NT, TS, TR
        P8      [GDT+TSSMAIN+5]
        P8      [GDT+TSSB+5]
        P8      [GDT+TSSC+5]
        pushfd
        pop     eax
        and     eax, 0x4000
        P16     ax
        mov     eax, cr0
        and     eax, 8
        P8      al
        str     ax
        P16     ax
%endmacro

; Fills TSS_B with a task that starts at level 0 at `task_b`.
prepare:
        mov     dword [TSS_B+0x20], task_b
        mov     dword [TSS_B+0x24], 0x0002
        mov     dword [TSS_B+0x28], 0x01010101
        mov     dword [TSS_B+0x2c], 0x02020202
        mov     dword [TSS_B+0x30], 0x03030303
        mov     dword [TSS_B+0x34], 0x04040404
        mov     dword [TSS_B+0x38], STACKB
        mov     dword [TSS_B+0x3c], 0x05050505
        mov     dword [TSS_B+0x40], 0x06060606
        mov     dword [TSS_B+0x44], 0x07070707
        mov     dword [TSS_B+0x48], DATA0
        mov     dword [TSS_B+0x4c], CODE0
        mov     dword [TSS_B+0x50], DATA0
        mov     dword [TSS_B+0x54], DATA0
        mov     dword [TSS_B+0x58], DATA3
        mov     dword [TSS_B+0x5c], 0
        mov     dword [TSS_B+4], STACK0
        mov     dword [TSS_B+8], DATA0
        mov     dword [TSS_B+0x66], 0x68
        ; and TSS_C
        mov     word [TSS_C+0x0e], task_c
        mov     word [TSS_C+0x10], 0x0002
        mov     word [TSS_C+0x12], 0x0101
        mov     word [TSS_C+0x14], 0x0202
        mov     word [TSS_C+0x16], 0x0303
        mov     word [TSS_C+0x18], 0x0404
        mov     word [TSS_C+0x1a], STACKB
        mov     word [TSS_C+0x1c], 0x0505
        mov     word [TSS_C+0x1e], 0x0606
        mov     word [TSS_C+0x20], 0x0707
        mov     word [TSS_C+0x22], DATA0
        mov     word [TSS_C+0x24], CODE0
        SETDESC T4, 0, 0xffff, 0x0092   ; a 286 task has ones in the upper half of ESP
        mov     word [TSS_C+0x26], T4
        mov     word [TSS_C+0x28], DATA0
        mov     word [TSS_C+0x2a], 0
        mov     word [TSS_C+2], STACK0
        mov     word [TSS_C+4], DATA0
        ret

; The second task: shows where it is.
task_b:
        P32     eax
        P32     ebx
        P32     ebp
        P32     edi
        P32     esp
        P16     fs
        SHOW_TYPES
        SHOW_TSS TSS
        P16     [TSS_B]
        jmp     back_to_0
task_c:
        P32     eax
        P32     ebx
        P32     edi
        P32     esp
        P16     fs
        SHOW_TYPES
        SHOW_TSS TSS
        P16     [TSS_C]
        jmp     back_to_0

%macro TASK_CASE 1
        CASE    %1
        call    prepare
        mov     eax, 0xa1a2a3a4
%endmacro

cases:
TASK_CASE "jmp to a TSS"
        jmp     TSSB:0x1234
ENDCASE
TASK_CASE "call to a TSS"
        call    TSSB:0
ENDCASE
TASK_CASE "call to a TSS and iret"
        mov     dword [TSS_B+0x20], %$task
        call    TSSB:0
        P32     eax
        P32     esp
        SHOW_TYPES
        SHOW_TSS TSS_B
        jmp     near %$end
%$task: mov     eax, 0x99999999
        iretd
ENDCASE
TASK_CASE "call, iret, call again goes on after iret"
        mov     dword [TSS_B+0x20], %$task2
        call    TSSB:0
        call    TSSB:0
        P32     [SCRATCH]
        jmp     near %$end
%$task2: mov    dword [SCRATCH], 1
        iretd
        mov     dword [SCRATCH], 2
        iretd
ENDCASE
TASK_CASE "jmp to a 286 TSS"
        jmp     TSSC:0
ENDCASE
TASK_CASE "call to a 286 TSS"
        call    TSSC:0
ENDCASE
TASK_CASE "call to a 286 TSS and iret"
        mov     word [TSS_C+0x0e], %$task3
        call    TSSC:0
        P32     eax
        P32     esp
        SHOW_TYPES
        P16     [TSS_C+0x0e]
        P16     [TSS_C+0x12]
        P16     [TSS_C+0x1a]
        P16     [TSS_C+0x24]
        jmp     near %$end
%$task3: mov    eax, 0x99999999
        iretd
ENDCASE
TASK_CASE "jmp through a task gate"
        SETGATE GDT+T1, TSSB, 0, 0x85
        jmp     T1:0
ENDCASE
TASK_CASE "call through a task gate at level 3"
        SETGATE GDT+T1, TSSB, 0, 0xe5
        USER
        call    T1|3:0
ENDCASE
TASK_CASE "call through a task gate at level 3, DPL 0"
        SETGATE GDT+T1, TSSB, 0, 0x85
        USER
        call    T1|3:0
ENDCASE
TASK_CASE "task gate not present"
        SETGATE GDT+T1, TSSB, 0, 0x05
        jmp     T1:0
ENDCASE
TASK_CASE "task gate, null"
        SETGATE GDT+T1, 0, 0, 0x85
        jmp     T1:0
ENDCASE
TASK_CASE "task gate, local TSS"
        SETGATE GDT+T1, TSSB|4, 0, 0x85
        jmp     T1:0
ENDCASE
TASK_CASE "task gate, beyond"
        SETGATE GDT+T1, BEYOND, 0, 0x85
        jmp     T1:0
ENDCASE
TASK_CASE "task gate to a code segment"
        SETGATE GDT+T1, CODE0, 0, 0x85
        jmp     T1:0
ENDCASE
TASK_CASE "jmp to a TSS at level 3, DPL 0"
        USER
        jmp     TSSB|3:0
ENDCASE
TASK_CASE "jmp to a TSS at level 3, DPL 3"
        mov     byte [GDT+TSSB+5], 0xe9
        USER
        jmp     TSSB|3:0
ENDCASE
TASK_CASE "jmp to a TSS, RPL 3, DPL 0"
        jmp     TSSB|3:0
ENDCASE
TASK_CASE "jmp to itself, busy"
        jmp     TSSMAIN:0
ENDCASE
TASK_CASE "jmp to a busy TSS"
        mov     byte [GDT+TSSB+5], 0x8b
        jmp     TSSB:0
ENDCASE
TASK_CASE "jmp to a TSS not present"
        mov     byte [GDT+TSSB+5], 0x09
        jmp     TSSB:0
ENDCASE
TASK_CASE "jmp to a TSS too short"
        mov     byte [GDT+TSSB], 0x66
        jmp     TSSB:0
ENDCASE
TASK_CASE "jmp to a 286 TSS too short"
        mov     byte [GDT+TSSC], 0x2a
        jmp     TSSC:0
ENDCASE
TASK_CASE "int through a task gate"
        SETGATE IDT+0x31*8, TSSB, 0, 0x85
        int     0x31
ENDCASE
TASK_CASE "int through a task gate at level 3"
        SETGATE IDT+0x31*8, TSSB, 0, 0xe5
        USER
        int     0x31
ENDCASE
TASK_CASE "int through a task gate, busy"
        SETGATE IDT+0x31*8, TSSB, 0, 0x85
        mov     byte [GDT+TSSB+5], 0x8b
        int     0x31
ENDCASE
TASK_CASE "int through a task gate, local"
        SETGATE IDT+0x31*8, TSSB|4, 0, 0x85
        int     0x31
ENDCASE
TASK_CASE "int through a task gate, not present"
        SETGATE IDT+0x31*8, TSSB, 0, 0x85
        mov     byte [GDT+TSSB+5], 0x09
        int     0x31
ENDCASE
TASK_CASE "ud2 through a task gate, busy"
        SETGATE IDT+6*8, TSSB, 0, 0x85
        mov     byte [GDT+TSSB+5], 0x8b
        ud2
ENDCASE
TASK_CASE "ud2 through a task gate"
        SETGATE IDT+6*8, TSSB, 0, 0x85
        ud2
ENDCASE
TASK_CASE "general protection through a task gate: the error code"
        SETGATE IDT+13*8, TSSB, 0, 0x85
        mov     dword [TSS_B+0x20], %$gp
        mov     ax, BEYOND
        mov     ds, ax
%$gp:   P32     esp
        P32     [esp]
        SHOW_TYPES
        SHOW_TSS TSS
ENDCASE
TASK_CASE "general protection through a 286 task gate: the error code"
        SETGATE IDT+13*8, TSSC, 0, 0x85
        mov     word [TSS_C+0x0e], %$gp2
        mov     ax, BEYOND
        mov     ds, ax
%$gp2:  P32     esp
        movzx   esp, sp
        P16     [esp]
        SHOW_TYPES
ENDCASE
TASK_CASE "fault task and back"
        SETGATE IDT+6*8, TSSB, 0, 0x85
        mov     dword [TSS_B+0x20], %$fix
        ud2
        P32     eax
        SHOW_TYPES
        jmp     near %$end
%$fix:  add     dword [TSS+0x20], 2
        iretd
ENDCASE
TASK_CASE "double fault task"
        SETGATE IDT+8*8, TSSB, 0, 0x85
        mov     byte [IDT+13*8+5], 0x0e
        mov     dword [TSS_B+0x20], %$df
        mov     ax, BEYOND
        mov     ds, ax
%$df:   P32     [esp]
        SHOW_TYPES
        SHOW_TSS TSS
ENDCASE
TASK_CASE "iret with NT, link not busy"
        mov     word [TSS], TSSB
        push    dword 0x4002
        popfd
        iretd
ENDCASE
TASK_CASE "iret with NT, link local"
        mov     word [TSS], TSSB|4
        push    dword 0x4002
        popfd
        iretd
ENDCASE
TASK_CASE "iret with NT, link null"
        push    dword 0x4002
        popfd
        iretd
ENDCASE
TASK_CASE "iret with NT, link beyond"
        mov     word [TSS], BEYOND
        push    dword 0x4002
        popfd
        iretd
ENDCASE
TASK_CASE "iret with NT, link not present"
        mov     word [TSS], TSSB
        mov     byte [GDT+TSSB+5], 0x0b
        push    dword 0x4002
        popfd
        iretd
ENDCASE
TASK_CASE "iret with NT, link busy"
        mov     word [TSS], TSSB
        mov     byte [GDT+TSSB+5], 0x8b
        push    dword 0x4002
        popfd
        iretd
ENDCASE

; ======== what a new task may hold; faults happen in the new task
%macro NEW_TASK 2+
TASK_CASE %1
        %2
        jmp     TSSB:0
ENDCASE
%endmacro
NEW_TASK "cs null", mov dword [TSS_B+0x4c], 0
NEW_TASK "cs beyond", mov dword [TSS_B+0x4c], BEYOND
NEW_TASK "cs a data segment", mov dword [TSS_B+0x4c], DATA0
NEW_TASK "cs of level 3, RPL 0", mov dword [TSS_B+0x4c], CODE3 & ~3
NEW_TASK "cs of level 0, RPL 3", mov dword [TSS_B+0x4c], CODE0|3
TASK_CASE "cs not present"
        SETDESC T1, 0xf0000, 0xffff, 0x401a
        mov     dword [TSS_B+0x4c], T1
        jmp     TSSB:0
ENDCASE
TASK_CASE "cs conforming, DPL 0, RPL 0"
        SETDESC T1, 0xf0000, 0xffff, 0x409e
        mov     dword [TSS_B+0x4c], T1
        jmp     TSSB:0
ENDCASE
TASK_CASE "cs conforming, DPL 3, RPL 0"
        SETDESC T1, 0xf0000, 0xffff, 0x40fe
        mov     dword [TSS_B+0x4c], T1
        jmp     TSSB:0
ENDCASE
NEW_TASK "eip beyond the limit", mov dword [TSS_B+0x20], 0x10000
NEW_TASK "ss null", mov dword [TSS_B+0x50], 0
NEW_TASK "ss beyond", mov dword [TSS_B+0x50], BEYOND
NEW_TASK "ss code", mov dword [TSS_B+0x50], CODE0
NEW_TASK "ss of level 3", mov dword [TSS_B+0x50], DATA3
NEW_TASK "ss RPL 3", mov dword [TSS_B+0x50], DATA0|3
NEW_TASK "ds beyond", mov dword [TSS_B+0x54], BEYOND
NEW_TASK "ds RPL 3, DPL 0", mov dword [TSS_B+0x54], DATA0|3
NEW_TASK "gs a TSS", mov dword [TSS_B+0x5c], TSSMAIN
TASK_CASE "es not present"
        SETDESC T1, 0, 0xfffff, 0xc012
        mov     dword [TSS_B+0x48], T1
        jmp     TSSB:0
ENDCASE
TASK_CASE "es execute-only"
        SETDESC T1, 0, 0xfffff, 0xc098
        mov     dword [TSS_B+0x48], T1
        jmp     TSSB:0
ENDCASE
TASK_CASE "ss not present"
        SETDESC T1, 0, 0xfffff, 0xc012
        mov     dword [TSS_B+0x50], T1
        jmp     TSSB:0
ENDCASE
NEW_TASK "ldt", mov word [TSS_B+0x60], LDTSEL
NEW_TASK "ldt local", mov word [TSS_B+0x60], LDTSEL|4
NEW_TASK "ldt beyond", mov word [TSS_B+0x60], BEYOND
NEW_TASK "ldt a data segment", mov word [TSS_B+0x60], DATA0
TASK_CASE "ldt not present"
        mov     byte [GDT+LDTSEL+5], 0x02
        mov     word [TSS_B+0x60], LDTSEL
        jmp     TSSB:0
ENDCASE
TASK_CASE "a task at level 3"
        mov     dword [TSS_B+0x4c], CODE3
        mov     dword [TSS_B+0x50], DATA3
        mov     dword [TSS_B+0x48], DATA3
        mov     dword [TSS_B+0x54], DATA3
        mov     dword [TSS_B+0x20], landing
        mov     dword [TSS_B+0x38], STACK3
        mov     dword [TSS_B+0x24], 0x3202
        jmp     TSSB:0
ENDCASE
TASK_CASE "a task at level 3 with ds of level 0"
        mov     dword [TSS_B+0x4c], CODE3
        mov     dword [TSS_B+0x50], DATA3
        mov     dword [TSS_B+0x48], DATA3
        mov     dword [TSS_B+0x20], landing
        mov     dword [TSS_B+0x38], STACK3
        jmp     TSSB:0
ENDCASE
TASK_CASE "the T bit"
        mov     word [TSS_B+0x64], 1
        jmp     TSSB:0
ENDCASE
TASK_CASE "the T bit, DR6"
        mov     eax, 0xffff0ff0
        mov     dr6, eax
        mov     word [TSS_B+0x64], 1
        jmp     TSSB:0
ENDCASE
        mov     eax, dr6
        P32     eax
        NEWLINE
        END_OF_RUN
END_OF_ROM
