/*
 * When interrupts come, and what keeps them out: IF, the shadow of STI, NMIs and their block, repeated string insns (SDM 3A
 * §6.6 to §6.8). The processor interrupts itself, by its local APIC.
 */
        .set    RESET_MORE, 1
        .include "kernel.inc"

        .set    APIC_EOI, 0xfee000b0
        .set    APIC_SPURIOUS, 0xfee000f0
        .set    APIC_ICR, 0xfee00300
        .set    VECTOR, 0x50
        .set    NMI, 0x400              /* as a delivery mode */

/* Sends the processor an interrupt. The jump is for QEMU, which looks for interrupts between its blocks only. */
        .macro  SEND what=VECTOR
        movl    $\what, APIC_ICR
        jmp     69f
69:
        .endm
        .macro  EOI
        movl    $0, APIC_EOI
        .endm
/* Loads EFLAGS. */
        .macro  FLAGS value
        pushl   $(\value) | 2
        popfl
        .endm
/* A task for S0. */
        .macro  OTHER_TASK
        movl    $task_image, %esi
        movl    $TASK2, %edi
        movl    $26, %ecx
        rep movsl
        GDESC   S0, TASK2, 0x67, TSS32, 0
        .endm

checks:
/* ======== IF and the shadow of STI */
T "IF 0 keeps it out", "!"
        SEND
        nop
        PASSED
E
T "sti: one insn later", "int50!"
        SEND
        sti
7:      nop
8:      nop
E
T "sti with IF 1 has no shadow", "int50!"
        SEND
        sti
7:      sti
8:      nop
E
T "sti, cli: never", "!"
        SEND
        sti
        cli
        nop
        PASSED
E
T "sti, hlt: it wakes", "int50!"
        SEND
        sti
7:      hlt
8:      nop
E
T "sti, a jump: at its target", "int50!"
        SEND
        sti
7:      jmp     8f
        nop
8:      nop
E
T "sti, int: before the handler's first insn", "int50"
        INTGATE 0x49, KCS, 7f, TRAP32
        SEND
        sti
        int     $0x49
7:      nop
E
T "sti, a fault: the handler's interrupt gate keeps it out", "#DE 0"
        SEND
        sti
7:      divl    %ecx
A
        MASKED  h_eflags, IF
E
T "sti, a string insn of one turn: behind it", "int50! 0"
        movl    $1, %ecx
        movl    $DATA, %edi
        SEND
        sti
7:      rep stosb
8:      nop
A
        V       f_ecx
E
T "popf: at once", "int50"
        SEND
        FLAGS   IF
7:      nop
E
T "iret to the same level: at once", "int50 8"
        SEND
        pushl   $IF|2
        pushl   $KCS
        pushl   $7f
        iretl
7:      nop
A
        W       f_cs
E
T "iret to level 3: at once", "int50 1b"
        SEND
        USER    IF
7:      nop
A
        W       f_cs
E
T "iret to V86: at once", "int50 20200"
        SEND
        V86     IF
7:      nop
        .code32
A
        MASKED  f_eflags, VM|IF
E
T "sti in real mode: one insn later", "int50!"
        SEND
        REAL
        sti
7:      nop
8:      nop
E
T "sti at level 3 with IOPL 3: one insn later", "int50!"
        SEND
        USER    IOPL3
        sti
7:      nop
8:      nop
E
T "sti in V86 with IOPL 3: one insn later", "int50!"
        SEND
        V86     IOPL3
        sti
7:      nop
8:      nop
E
T "a task switch that loads IF: before the new task's first insn", "int50"
        movl    $0, shows_place
        OTHER_TASK
        SEND
        ljmp    $S0, $0
A
        cmpl    $task_entry, f_eip
        je      1f
        V       f_eip
1:
E
T "sent with IF 1: behind the insn that sends it", "int50!"
        FLAGS   IF
7:      movl    $VECTOR, APIC_ICR
8:      nop
E

/* ======== how it is delivered */
T "an interrupt gate clears IF, TF and NT", "int50 0 4300"
        SEND
        FLAGS   IF|TF|NT
7:      nop
A
        MASKED  h_eflags, IF|TF|NT
        MASKED  f_eflags, IF|TF|NT
E
T "a trap gate leaves IF", "int50 200"
        movb    $TRAP32, IDT + 8 * VECTOR + 5
        SEND
        FLAGS   IF
7:      nop
A
        MASKED  h_eflags, IF
E
T "at level 3 the gate's DPL does not count", "@8"
        INTGATE VECTOR, KCS, landing, INT32
        SEND
        USER    IF
        nop
E
T "its gate absent: #NP with EXT", "#NP(283)"
        movb    $INT32+ABSENT, IDT + 8 * VECTOR + 5
        SEND
        FLAGS   IF
7:      nop
E
T "its gate of a wrong type: #GP with EXT", "#GP(283)"
        movb    $CALL32, IDT + 8 * VECTOR + 5
        SEND
        FLAGS   IF
7:      nop
E
T "its handler's selector bad: #GP with EXT", "#GP(201)"
        movw    $BEYOND, IDT + 8 * VECTOR + 2
        SEND
        FLAGS   IF
7:      nop
E
T "its handler's selector null: #GP with EXT", "#GP(1)"
        movw    $0, IDT + 8 * VECTOR + 2
        SEND
        FLAGS   IF
7:      nop
E
T "beyond the IDT: #GP with EXT", "#GP(283)"
        movw    $8 * VECTOR - 1, DATA
        movl    $IDT, DATA + 2
        SEND
        lidtl   DATA
        FLAGS   IF
7:      nop
E
T "with the vector of an exception there is no double fault", "#NP(8b)"
        movb    $INT32+ABSENT, IDT + 8 * 0x11 + 5
        SEND    0x11
        FLAGS   IF
7:      nop
E
T "with the vector of an exception there is no error code", "#AC 0"
        INTGATE 0x11, KCS, 1f, INT32
        movl    $0, has_error_codes
        SEND    0x11
        FLAGS   IF
7:      nop
1:      movl    $7b, %eax
        subl    (%esp), %eax
        jnz     2f
        SAY     '#
        SAY     'A
        SAY     'C
        V       %eax
2:
E
T "through a task gate", "int50 28"
        OTHER_TASK
        movl    $STUBS + 10 * VECTOR, TASK2 + 0x20
        movl    $2, TASK2 + 0x24
        movl    $0, shows_place
        INTGATE VECTOR, S0, 0, TASKGATE
        SEND
        FLAGS   IF
        nop
A
        W       TASK2                   /* the interrupted task */
E

/* ======== repeated string insns; the first element of STOS sends the interrupt */
        .macro  SENDING_STOS count
        movl    $APIC_ICR, %edi
        movl    $\count, %ecx
        FLAGS   IF
        movl    $VECTOR, %eax
7:      rep stosl
8:      nop
        .endm
T "between the elements of rep stosl", "int50 2 fee00304"
        SENDING_STOS 3
A
        V       f_ecx, f_edi
E
T "between the elements RF is pushed as 1", "int50 10000"
        SENDING_STOS 3
A
        MASKED  f_eflags, RF
E
T "behind the last element RF is pushed as 0", "int50! 0 0"
        SENDING_STOS 1
A
        MASKED  f_eflags, RF
        V       f_ecx
E
T "an NMI between the elements of rep stosl", "#NM 2 2 10000"
        movl    $APIC_ICR, %edi
        movl    $3, %ecx
        movl    $NMI, %eax
7:      rep stosl
A
        V       f_vector, f_ecx
        MASKED  f_eflags, RF
E
T "a rep movsl that was interrupted goes on", "0 1 2a010 33334444 55556666"
        INTGATE VECTOR, KCS, move_edi, INT32
        movl    $VECTOR, DATA + 0x10
        movl    $0x33334444, DATA + 0x14
        movl    $0x55556666, DATA + 0x18
        movl    $DATA + 0x10, %esi
        movl    $APIC_ICR, %edi
        movl    $3, %ecx
        FLAGS   IF
        rep movsl
        V       %ecx, DATA, %edi, DATA2+8, DATA2+12
E

/* ======== single steps */
T "the trap of the insn before comes first", "#DB(4000)! 200"
        FLAGS   TF|IF
7:      movl    $VECTOR, APIC_ICR
8:      nop
A
        MASKED  f_eflags, IF
E
T "sti with TF: its shadow does not keep the trap out", "#DB(4000)!"
        SEND
        FLAGS   TF
7:      sti
8:      nop
E

/* ======== NMI */
T "an NMI comes at once, whatever IF is", "#NM! 2"
7:      movl    $NMI, APIC_ICR
8:      jmp     1f
1:      nop
A
        V       f_vector
E
T "an NMI at level 3", "#NM! 2 1b"
        USER
7:      movl    $NMI, APIC_ICR
8:      jmp     1f
1:      nop
A
        V       f_vector
        W       f_cs
E
T "an NMI: IF is pushed as it was, and is 0 then", "#NM! 0 200"
        FLAGS   IF
7:      movl    $NMI, APIC_ICR
8:      jmp     1f
1:      nop
A
        MASKED  h_eflags, IF
        MASKED  f_eflags, IF
E
T "an NMI, its gate absent: #NP with EXT", "#NP(13)!"
        movb    $INT32+ABSENT, IDT + 8 * 2 + 5
7:      movl    $NMI, APIC_ICR
8:      jmp     1f
1:      nop
E
/* The handler tells where it is: a at its beginning, b at its end. The first sends DATA2 NMIs. */
T "an NMI keeps others out until IRET", "abab"
        INTGATE 2, KCS, nmi_handler, INT32
        movl    $1, DATA2
        SEND    NMI
        nop
E
T "one of them is kept, not two", "abab"
        INTGATE 2, KCS, nmi_handler, INT32
        movl    $2, DATA2
        SEND    NMI
        nop
E
T "int 2 keeps none out", "aabb"
        INTGATE 2, KCS, nmi_handler, INT32
        movl    $1, DATA2
        int     $2
        nop
E
T "its iret to level 3 lets the next in", "abab 1b"
        INTGATE 2, KCS, nmi_handler, INT32
        movl    $1, DATA2
        USER
        SEND    NMI
        nop
        W       %cs
E
T "an iret that faults lets the next in", "a#GP(200)a"
        INTGATE 2, KCS, 1f, INT32
        INTGATE 13, KCS, 2f, INT32
        SEND    NMI
1:      SAY     0x61
        incl    DATA
        cmpl    $1, DATA
        jne     3f
        movl    $BEYOND, 4(%esp)
        iretl
2:      SAY     0x23
        SAY     0x47
        SAY     0x50
        SAY     0x28
        call    append_number           /* the error code is on the stack */
        SAY     0x29
        SEND    NMI
        nop
3:
E
T "an NMI goes before an interrupt", "ababi"
        INTGATE 2, KCS, nmi_handler, INT32
        INTGATE VECTOR, KCS, say_i, INT32
        movl    $1, DATA2
        movl    $1, DATA + 4            /* and the first sends an interrupt */
        FLAGS   IF
        SEND    NMI
        nop
E
        jmp     all_done

move_edi:
        incl    DATA
        movl    $DATA2 + 8, %edi
        EOI
        iretl

nmi_handler:
        SAY     0x61
        incl    DATA
        cmpl    $1, DATA
        jne     3f
        cmpl    $0, DATA + 4
        je      1f
        SEND
1:      cmpl    $0, DATA2
        je      2f
        decl    DATA2
        SEND    NMI
        jmp     1b
2:      nop
3:      SAY     0x62
        iretl

say_i:  SAY     0x69
        EOI
        iretl

/* Takes what was sent and never came; nothing is in service afterwards. */
reset_more:
        movl    $0, DATA
        movl    $0, DATA + 4
        movl    $0, DATA2
        movl    $0x1ff, APIC_SPURIOUS   /* the APIC on */
        EOI
        EOI
        movl    $IDT + 8 * 2, %esi
        movl    $saved_gates, %edi
        movsl
        movsl
        movl    $IDT + 8 * VECTOR, %esi
        movsl
        movsl
        INTGATE 2, KCS, drained_nmi, INT32
        INTGATE VECTOR, KCS, drained, INT32
        pushl   $2                      /* NMIs are let in */
        pushl   $KCS
        pushl   $1f
        iretl
1:      sti
        nop
        nop
        cli
        movl    $saved_gates, %esi
        movl    $IDT + 8 * 2, %edi
        movsl
        movsl
        movl    $IDT + 8 * VECTOR, %edi
        movsl
        movsl
        ret
drained:
        EOI
drained_nmi:
        iretl

        .section .rodata
task_image:
        .long   0, STACK0, KDS, 0, 0, 0, 0, 0
        .long   task_entry, IF + 2, 0, 0, 0, 0, TASK_STACK, 0, 0, 0
        .long   KDS, KCS, KDS, KDS, 0, 0, 0, 0x680000
        .text
task_entry:
        nop
        LAND
        .section .bss
saved_gates:    .long 0, 0, 0, 0
        .text
