; Protected mode: call, interrupt and trap gates, stacks of inner levels, double faults, privileged insns, IOPL,
; the I/O permission bitmap. A 64 KiB ROM (see README.md).
%include "protected.inc"

; Types of system descriptors that are no TSS, present and not, DPL 0 and 3.
gate_attributes:
        db      0x80, 0x82, 0x84, 0x85, 0x86, 0x87, 0x88, 0x8a, 0x8c, 0x8d, 0x8e, 0x8f
        db      0xe4, 0xe5, 0xe6, 0xe7, 0xec, 0xee, 0xef, 0xac, 0xae, 0xcf
        db      0x0c, 0x6c, 0x0e, 0x6e, 0x6f, 0x65, 0x92, 0xfa
        db      0

        bits    32
landing: HERE

; The gate at %2 gets each attribute in turn.
%macro EACH_GATE 4      ; title, place, selector, offset
        %push   each
        TITLE   %1
        mov     dword [ITER], gate_attributes
%$next:
        call    reset
        mov     esi, [ITER]
        mov     al, [cs:esi]
        or      al, al
        jz      near %$done
        SETGATE %2, %3, %4, 0
        mov     [%2 + 5], al
        P8      al
        PUTS    ": "
%endmacro
%macro THEN 1+          ; one attempt, then the next
        ATTEMPT
        %1
%$end:
        %pop
        END_EACH
%endmacro
%macro USER_THEN 1+
        ATTEMPT
        USER
        %1
%$end:
        %pop
        END_EACH
%endmacro

cases:
; ======== call gates
EACH_GATE "call through a gate at level 0", GDT+T1, CODE0, landing
THEN call T1:0
EACH_GATE "jmp through a gate at level 0", GDT+T1, CODE0, landing
THEN jmp T1:0
EACH_GATE "call through a gate at level 0, RPL 3", GDT+T1, CODE0, landing
THEN call T1|3:0
EACH_GATE "call through a gate at level 3", GDT+T1, CODE0, landing
USER_THEN call T1|3:0
EACH_GATE "jmp through a gate at level 3", GDT+T1, CODE0, landing
USER_THEN jmp T1|3:0
EACH_GATE "jmp through a gate at level 3 to level 3", GDT+T1, CODE3, landing
USER_THEN jmp T1|3:0

%macro EACH_TARGET 2    ; title, type of the gate at T2
        TITLE   %1
        EACH_ATTRIBUTE 0xf0000, 0xffff, 0x4000
        SETGATE GDT+T2, T1, landing, %2
%endmacro
EACH_TARGET "call gate's segment, from level 0", 0xec
THEN call T2:0
EACH_TARGET "call gate's segment, from level 3", 0xec
USER_THEN call T2|3:0
EACH_TARGET "call gate's segment, jmp from level 3", 0xec
USER_THEN jmp T2|3:0

%macro EACH_STACK 2     ; title, the stack of level 1
        TITLE   %1
        EACH_ATTRIBUTE 0, 0xfffff, 0xc000
        SETGATE GDT+T2, CODE1, landing, 0xec
        SETGATE IDT+0x31*8, CODE1, landing, 0xee
        mov     dword [TSS+16], %2
%endmacro
EACH_STACK "call gate, stack of the TSS, RPL 1", T1|1
USER_THEN call T2|3:0
EACH_STACK "call gate, stack of the TSS, RPL 0", T1
USER_THEN call T2|3:0
EACH_STACK "interrupt gate, stack of the TSS, RPL 1", T1|1
USER_THEN int 0x31
EACH_STACK "interrupt gate, stack of the TSS, RPL 0", T1
USER_THEN int 0x31

CASE "call gate, parameters"
        SETGATE GDT+T1, CODE0, show_frame, 0xec, 3
        USER
        push    dword 0x11111111
        push    dword 0x22222222
        push    dword 0x33333333
        call    T1|3:0x12345678
ENDCASE
CASE "call gate, 31 parameters"
        SETGATE GDT+T1, CODE0, show_frame, 0xec, 31
        USER
        mov     ecx, 31
%$p:    push    ecx
        loop    %$p
        call    T1|3:0
ENDCASE
CASE "286 call gate, parameters"
        SETGATE GDT+T1, CODE0, show_frame, 0xe4, 2
        USER
        push    word 0x1111
        push    word 0x2222
        call    T1|3:0
ENDCASE
CASE "call gate and back"
        SETGATE GDT+T1, CODE0, %$in, 0xec, 2
        USER
        push    dword 0x11111111
        push    dword 0x22222222
        call    T1|3:0
        HERE
%$in:   mov     eax, [esp+8]
        retf    8
ENDCASE
CASE "286 call gate and back"
        SETGATE GDT+T1, CODE0, %$in16, 0xe4, 1
        USER
        push    word 0x1111
        call    T1|3:0
        HERE
%$in16: mov     ax, [esp+4]
        o16 retf 2
ENDCASE
CASE "call gate at the same level"
        SETGATE GDT+T1, CODE0, show_frame, 0x8c, 3
        call    T1:0
ENDCASE
CASE "286 call gate at the same level"
        SETGATE GDT+T1, CODE0, show_frame, 0x84, 3
        call    T1:0
ENDCASE
CASE "call gate from 3 to 1"
        SETGATE GDT+T1, CODE1, landing, 0xec
        USER
        call    T1|3:0
ENDCASE
CASE "call gate from 1 to 0"
        SETGATE GDT+T1, CODE0, show_frame, 0xec
        LEVEL1
        call    T1|1:0
ENDCASE
CASE "call gate, null segment"
        SETGATE GDT+T1, 0, landing, 0xec
        call    T1:0
ENDCASE
CASE "call gate, segment beyond"
        SETGATE GDT+T1, BEYOND, landing, 0xec
        call    T1:0
ENDCASE
CASE "call gate, offset beyond the limit"
        SETGATE GDT+T1, CODE0, landing, 0xec
        mov     word [GDT+T1+6], 1
        call    T1:0
ENDCASE
CASE "call gate, offset beyond the limit, inner"
        SETGATE GDT+T1, CODE0, landing, 0xec
        mov     word [GDT+T1+6], 1
        USER
        call    T1|3:0
ENDCASE
CASE "call gate, null stack"
        SETGATE GDT+T1, CODE1, landing, 0xec
        mov     dword [TSS+16], 0
        USER
        call    T1|3:0
ENDCASE
CASE "call gate, stack beyond"
        SETGATE GDT+T1, CODE1, landing, 0xec
        mov     dword [TSS+16], BEYOND|1
        USER
        call    T1|3:0
ENDCASE
CASE "call gate, no room on the new stack"
        SETGATE GDT+T1, CODE1, landing, 0xec
        SETDESC T2, 0, 0xfff, 0x40b2
        mov     dword [TSS+16], T2|1
        mov     dword [TSS+12], 0x1004
        USER
        call    T1|3:0
ENDCASE
CASE "call gate, TSS too short"
        SETGATE GDT+T1, CODE1, landing, 0xec
        SETDESC T2, TSS, 0x10, 0x89
        mov     ax, T2
        ltr     ax
        USER
        call    T1|3:0
ENDCASE
CASE "call gate, TSS just long enough"
        SETGATE GDT+T1, CODE1, landing, 0xec
        SETDESC T2, TSS, 0x11, 0x89
        mov     ax, T2
        ltr     ax
        USER
        call    T1|3:0
ENDCASE
CASE "call gate, 286 TSS"
        SETGATE GDT+T1, CODE0, show_frame, 0xec
        SETDESC T2, TSS_C, 0x2b, 0x81
        mov     word [TSS_C+2], STACK0
        mov     word [TSS_C+4], DATA0
        mov     ax, T2
        ltr     ax
        USER
        call    T1|3:0
ENDCASE
CASE "call gate to a conforming segment"
        SETDESC T2, 0xf0000, 0xffff, 0x409e
        SETGATE GDT+T1, T2, landing, 0xec
        USER
        call    T1|3:0
ENDCASE
CASE "16-bit stack at the inner level"
        SETGATE GDT+T1, CODE0, show_frame, 0xec
        SETDESC T2, 0, 0xffff, 0x0092
        mov     dword [TSS+8], T2
        mov     dword [TSS+4], 0xabcd5000
        USER
        call    T1|3:0
ENDCASE

; ======== interrupts
EACH_GATE "int at level 0", IDT+0x31*8, CODE0, landing
THEN int 0x31
EACH_GATE "int at level 3", IDT+0x31*8, CODE0, landing
USER_THEN int 0x31
%macro EACH_HANDLER 2
        TITLE   %1
        EACH_ATTRIBUTE 0xf0000, 0xffff, 0x4000
        SETGATE IDT+%2*8, T1, landing, 0xee
%endmacro
EACH_HANDLER "handler's segment, int at level 0", 0x31
THEN int 0x31
EACH_HANDLER "handler's segment, int at level 3", 0x31
USER_THEN int 0x31
EACH_HANDLER "handler's segment, ud2 at level 3", 6
USER_THEN ud2
CASE "interrupt gate, flags"
        SETGATE IDT+0x31*8, CODE0, show_frame, 0xee
        push    dword 0x4602
        popfd
        sti
        int     0x31
ENDCASE
CASE "trap gate, flags"
        SETGATE IDT+0x31*8, CODE0, show_frame, 0xef
        push    dword 0x4602
        popfd
        int     0x31
ENDCASE
CASE "286 interrupt gate"
        SETGATE IDT+0x31*8, CODE0, show_frame, 0xe6
        mov     word [IDT+0x31*8+6], 0x1234
        int     0x31
ENDCASE
CASE "286 interrupt gate, inner"
        SETGATE IDT+0x31*8, CODE0, show_frame, 0xe6
        USER    0x3202
        int     0x31
ENDCASE
CASE "interrupt gate, inner"
        SETGATE IDT+0x31*8, CODE0, show_frame, 0xee
        USER    0x3602
        int     0x31
ENDCASE
CASE "int from level 1"
        SETGATE IDT+0x31*8, CODE0, show_frame, 0xee
        LEVEL1
        int     0x31
ENDCASE
CASE "int from 3 to 1"
        SETGATE IDT+0x31*8, CODE1, landing, 0xee
        USER
        int     0x31
ENDCASE
CASE "int, null segment"
        SETGATE IDT+0x31*8, 0, landing, 0xee
        int     0x31
ENDCASE
CASE "int, segment beyond"
        SETGATE IDT+0x31*8, BEYOND, landing, 0xee
        int     0x31
ENDCASE
CASE "int, offset beyond the limit"
        SETGATE IDT+0x31*8, CODE0, landing, 0xee
        mov     word [IDT+0x31*8+6], 1
        int     0x31
ENDCASE
CASE "int beyond the IDT"
        int     0x40
ENDCASE
CASE "int beyond the IDT at level 3"
        USER
        int     0x40
ENDCASE
CASE "int, entry cut by the limit"
        mov     word [TMP], 0x31*8+6
        mov     dword [TMP+2], IDT
        lidt    [TMP]
        int     0x31
ENDCASE
CASE "int, null stack"
        SETGATE IDT+0x31*8, CODE1, landing, 0xee
        mov     dword [TSS+16], 0
        USER
        int     0x31
ENDCASE
CASE "int, stack beyond"
        SETGATE IDT+0x31*8, CODE1, landing, 0xee
        mov     dword [TSS+16], BEYOND|1
        USER
        int     0x31
ENDCASE
CASE "int, no room on the new stack"
        SETGATE IDT+0x31*8, CODE1, landing, 0xee
        SETDESC T2, 0, 0xfff, 0x40b2
        mov     dword [TSS+16], T2|1
        mov     dword [TSS+12], 0x1008
        USER
        int     0x31
ENDCASE
CASE "ud2, no room on the new stack"
        SETGATE IDT+6*8, CODE1, landing, 0x8e
        SETDESC T2, 0, 0xfff, 0x40b2
        mov     dword [TSS+16], T2|1
        mov     dword [TSS+12], 0x1008
        USER
        ud2
ENDCASE
CASE "int, TSS too short"
        SETGATE IDT+0x31*8, CODE1, landing, 0xee
        SETDESC T2, TSS, 0x10, 0x89
        mov     ax, T2
        ltr     ax
        USER
        int     0x31
ENDCASE
CASE "ud2, TSS too short"
        SETGATE IDT+6*8, CODE1, landing, 0x8e
        SETDESC T2, TSS, 0x10, 0x89
        mov     ax, T2
        ltr     ax
        USER
        ud2
ENDCASE
CASE "int3 at level 3, DPL 0"
        USER
        int3
ENDCASE
CASE "int3 at level 3, DPL 3"
        mov     byte [IDT+3*8+5], 0xee
        USER
        int3
ENDCASE
CASE "int 3 in two bytes at level 3, DPL 0"
        USER
        db      0xcd, 3
ENDCASE
CASE "int1 at level 3, DPL 0"
        USER
        db      0xf1
ENDCASE
CASE "into at level 3, DPL 0"
        USER
        mov     al, 0x7f
        inc     al
        into
ENDCASE
CASE "into at level 3, DPL 3"
        mov     byte [IDT+4*8+5], 0xee
        USER
        mov     al, 0x7f
        inc     al
        into
ENDCASE
CASE "bound at level 3, DPL 0"
        mov     dword [SCRATCH], 1
        mov     dword [SCRATCH+4], 2
        USER
        mov     eax, 3
        bound   eax, [SCRATCH]
ENDCASE
CASE "divide error at level 3"
        USER
        xor     ecx, ecx
        div     ecx
ENDCASE
CASE "ud2 at level 0"
        ud2
ENDCASE
CASE "ud2 at level 3"
        USER
        ud2
ENDCASE

; ======== faults while delivering
CASE "ud2, gate not present"
        mov     byte [IDT+6*8+5], 0x0e
        ud2
ENDCASE
CASE "ud2, gate of a wrong type"
        mov     byte [IDT+6*8+5], 0x82
        ud2
ENDCASE
CASE "ud2, segment not present"
        SETDESC T1, 0xf0000, 0xffff, 0x401a
        mov     word [IDT+6*8+2], T1
        ud2
ENDCASE
CASE "divide error, gate not present: double fault"
        mov     byte [IDT+5], 0x0e
        xor     ecx, ecx
        div     ecx
ENDCASE
CASE "general protection, gate not present: double fault"
        mov     byte [IDT+13*8+5], 0x0e
        mov     ax, BEYOND
        mov     ds, ax
ENDCASE
CASE "int n, gate and #NP gate not present: double fault"
        mov     byte [IDT+0x31*8+5], 0x6e
        mov     byte [IDT+11*8+5], 0x0e
        int     0x31
ENDCASE
CASE "double fault at level 3"
        mov     byte [IDT+13*8+5], 0x0e
        USER
        hlt
ENDCASE
CASE "double fault, bad stack"
        SETGATE IDT+13*8, CODE1, landing, 0x8e
        mov     dword [TSS+16], 0
        USER
        hlt
ENDCASE
CASE "ud2 at level 3, bad stack"
        SETGATE IDT+6*8, CODE1, landing, 0x8e
        mov     dword [TSS+16], 0
        USER
        ud2
ENDCASE

; ======== IRET
CASE "iretd, same level"
        push    dword 0x4202
        push    dword CODE0
        push    dword %$there
        iretd
%$there: pushfd
        pop     eax
        push    dword 2
        popfd
        and     eax, FLAGS
        P32     eax
        P32     esp
ENDCASE
CASE "iret o16, same level"
        push    dword 0x40002
        popfd
        push    word 0x0602
        push    word CODE0
        push    word %$there2
        o16 iret
%$there2: pushfd
        pop     eax
        push    dword 2
        popfd
        and     eax, FLAGS
        P32     eax
        P32     esp
ENDCASE
CASE "iretd to level 3, flags"
        USER    0x247202
        HERE
ENDCASE
CASE "iretd at level 3 keeps IOPL and IF"
        USER    0x0002
        push    dword 0x3202
        push    dword CODE3
        push    dword %$u1
        iretd
%$u1:   HERE
ENDCASE
CASE "iretd at level 3, IOPL 3, changes IF"
        USER    0x3002
        push    dword 0x0202
        push    dword CODE3
        push    dword %$u2
        iretd
%$u2:   HERE
ENDCASE
CASE "iretd at level 1, IOPL 1"
        push    dword DATA1
        push    dword STACK1-0x100
        push    dword 0x1002
        push    dword CODE1
        push    dword %$u3
        iretd
%$u3:   push    dword 0x3202
        push    dword CODE1
        push    dword %$u4
        iretd
%$u4:   HERE
ENDCASE
CASE "iretd to level 3, offset beyond the limit"
        push    dword DATA3
        push    dword STACK3
        push    dword 2
        push    dword CODE3
        push    dword 0x10000
        iretd
ENDCASE
CASE "iretd at level 3 to level 0"
        USER
        push    dword 2
        push    dword CODE0
        push    dword landing
        iretd
ENDCASE
CASE "iretd to VM at level 3 is ignored"
        USER
        push    dword 0x20002
        push    dword CODE3
        push    dword landing
        iretd
ENDCASE
CASE "iretd, null"
        push    dword 2
        push    dword 0
        push    dword landing
        iretd
ENDCASE
CASE "iret o16 to level 3, 32-bit stack"
        push    word DATA3
        push    word STACK3
        push    word 0x202
        push    word CODE3
        push    word landing
        o16 iret
ENDCASE

; ======== POPF, CLI, STI by level and IOPL
%macro POPF_CASE 3      ; title, flags before at level 3, popped
CASE %1
        USER    %2
        push    dword %3
        popfd
        HERE
ENDCASE
%endmacro
POPF_CASE "popfd at level 3, IOPL 0, sets IF", 0x0002, 0x247602
POPF_CASE "popfd at level 3, IOPL 0, clears IF", 0x0202, 0x0002
POPF_CASE "popfd at level 3, IOPL 3, sets IF", 0x3002, 0x0202
POPF_CASE "popfd at level 3, IOPL 3, clears IF and IOPL", 0x3202, 0x0002
POPF_CASE "popfd at level 3, VM RF VIF VIP", 0x0002, 0x1b0002
CASE "popfd at level 0"
        push    dword 0x3d7602
        popfd
        pushfd
        pop     eax
        push    dword 2
        popfd
        and     eax, FLAGS
        P32     eax
ENDCASE
CASE "popf o16 at level 3"
        USER    0x240002
        push    word 0x7602
        o16 popf
        HERE
ENDCASE
CASE "cli at level 3, IOPL 0"
        USER    0x0202
        cli
ENDCASE
CASE "cli at level 3, IOPL 3"
        USER    0x3202
        cli
        HERE
ENDCASE
CASE "sti at level 3, IOPL 2"
        USER    0x2002
        sti
ENDCASE
CASE "sti at level 3, IOPL 3"
        USER    0x3002
        sti
        HERE
ENDCASE
CASE "cli at level 1, IOPL 1"
        push    dword DATA1
        push    dword STACK1-0x100
        push    dword 0x1202
        push    dword CODE1
        push    dword %$l1
        iretd
%$l1:   cli
        HERE
ENDCASE

; ======== privileged insns
%macro PRIVILEGED 2+
CASE %1
        USER    0x3002
        xor     eax, eax
        xor     ecx, ecx
        %2
        HERE
ENDCASE
%endmacro
PRIVILEGED "hlt at level 3", hlt
PRIVILEGED "lgdt at level 3", lgdt [cs:gdtr]
PRIVILEGED "lidt at level 3", lidt [cs:idtr]
PRIVILEGED "lldt at level 3", lldt ax
PRIVILEGED "ltr at level 3", ltr ax
PRIVILEGED "lmsw at level 3", lmsw ax
PRIVILEGED "clts at level 3", clts
PRIVILEGED "invd at level 3", invd
PRIVILEGED "wbinvd at level 3", wbinvd
PRIVILEGED "invlpg at level 3", invlpg [0]
PRIVILEGED "mov eax, cr0 at level 3", mov eax, cr0
PRIVILEGED "mov cr0, eax at level 3", mov cr0, eax
PRIVILEGED "mov eax, dr0 at level 3", mov eax, dr0
PRIVILEGED "mov dr7, eax at level 3", mov dr7, eax
PRIVILEGED "rdmsr at level 3", rdmsr
PRIVILEGED "wrmsr at level 3", wrmsr
PRIVILEGED "smsw at level 3", smsw ax
PRIVILEGED "sldt at level 3", sldt ax
PRIVILEGED "str at level 3", str ax
PRIVILEGED "verr at level 3", verr ax
CASE "sgdt at level 3"
        USER
        sgdt    [SCRATCH]
        mov     eax, [SCRATCH+2]
        HERE
ENDCASE
CASE "mov cr1 at level 3"
        USER
        db      0x0f, 0x20, 0xc8
ENDCASE
CASE "rdtsc at level 3, TSD"
        mov     eax, 4
        mov     cr4, eax
        USER
        rdtsc
ENDCASE
        xor     eax, eax
        mov     cr4, eax
CASE "cr0: pg without pe"
        mov     eax, 0x80000010
        mov     cr0, eax
ENDCASE
CASE "lmsw cannot clear pe"
        mov     ax, 0
        lmsw    ax
        mov     eax, cr0
        and     eax, 0x8000000f
        P32     eax
ENDCASE

; ======== I/O permission
%macro IO_CASE 3+       ; title, what prepares, insn
CASE %1
        %2
        USER
        mov     al, '!'
        %3
        HERE
ENDCASE
%endmacro
IO_CASE "out at level 3, IOPL 0", nop, out 0xe9, al
CASE "out at level 3, IOPL 3"
        USER    0x3002
        mov     al, '!'
        out     0xe9, al
        HERE
ENDCASE
IO_CASE "out at level 3, bit clear", {and byte [TSS+0x68+0xe9/8], ~(1 << (0xe9 % 8))}, out 0xe9, al
IO_CASE "out word, one bit clear", {and byte [TSS+0x68+0x80/8], ~1}, out 0x80, ax
IO_CASE "out word, both clear", {and byte [TSS+0x68+0x80/8], ~3}, out 0x80, ax
IO_CASE "out dword across bytes, third set", {mov word [TSS+0x68+0x80/8], 0xfe3f}, out 0x86, eax
IO_CASE "out dword across bytes, all clear", {mov word [TSS+0x68+0x80/8], 0xfc3f}, out 0x86, eax
CASE "map base past the limit"
        mov     word [TSS+0x66], 0x2000
        USER
        out     0x80, al
ENDCASE
CASE "map ends before the port"
        SETDESC T1, TSS, 0x68+0x10, 0x89
        mov     ax, T1
        ltr     ax
        mov     word [TSS+0x68+0x10], 0
        USER
        out     0x80, al
ENDCASE
CASE "map ends with the second byte"
        SETDESC T1, TSS, 0x68+0x11, 0x89
        mov     ax, T1
        ltr     ax
        mov     word [TSS+0x68+0x10], 0
        USER
        mov     al, 0
        out     0x80, al
        HERE
ENDCASE
CASE "TSS without a map"
        SETDESC T1, TSS, 0x66, 0x89
        mov     ax, T1
        ltr     ax
        USER
        out     0x80, al
ENDCASE
CASE "286 TSS"
        SETDESC T1, TSS, 0xfff, 0x81
        mov     ax, T1
        ltr     ax
        mov     word [TSS+2], STACK0
        mov     word [TSS+4], DATA0
        USER
        out     0x80, al
ENDCASE
CASE "ins, outs at level 3"
        USER
        mov     edx, 0x80
        mov     edi, SCRATCH
        insb
ENDCASE
CASE "rep outsb, ecx 0, at level 3"
        USER
        mov     edx, 0x80
        mov     ecx, 0
        rep     outsb
        HERE
ENDCASE
        END_OF_RUN
END_OF_ROM
