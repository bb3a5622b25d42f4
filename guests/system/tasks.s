/* Task switches by JMP, CALL, task gates, interrupts and IRET, 386 and 286, and every check on the way (SDM 3A chapter 7). */
        .include "kernel.inc"

/* Where a 386 TSS keeps things. */
        .set    T_LINK, 0
        .set    T_ESP0, 4
        .set    T_SS0, 8
        .set    T_EIP, 0x20
        .set    T_EFLAGS, 0x24
        .set    T_EAX, 0x28
        .set    T_ESP, 0x38
        .set    T_ES, 0x48
        .set    T_CS, 0x4c
        .set    T_SS, 0x50
        .set    T_DS, 0x54
        .set    T_FS, 0x58
        .set    T_GS, 0x5c
        .set    T_LDT, 0x60
        .set    T_TRAP, 0x64
        .set    T_IO, 0x66

/* S0 is a task at level 0 (or 3) that starts at a label; S1 a 286 one at level 0. Changes ESI, EDI and ECX. */
        .macro  TASK start=landing
        movl    $task_image, %esi
        call    make_tasks
        movl    $\start, TASK2 + T_EIP
        .endm
        .macro  TASK_AT_3
        movl    $task_image_3, %esi
        call    make_tasks
        .endm
        .macro  TASK16 start=landing
        TASK
        movw    $\start, TASK3 + 0x0e
        .endm
/* Access bytes of the old task and of S0, TR, link of S0; then NT and CR0.TS as of the first exception. */
        .macro  SHOW_TASKS task=TASK2, selector=S0
        movzbl  GDT + KTR + 5, %eax
        V       %eax
        movzbl  GDT + \selector + 5, %eax
        V       %eax
        xorl    %eax, %eax
        str     %ax
        V       %eax
        W       \task
        MASKED  f_eflags, NT
        movl    %cr0, %eax
        MASKED  %eax, 8
        .endm
/* What was saved in the kernel's TSS: EIP as distance from 8, EFLAGS, EAX, ESP, CS, SS. */
        .macro  SHOW_SAVED
        movl    TSS + T_EIP, %eax
        subl    $8b, %eax
        V       %eax
        MASKED  TSS+T_EFLAGS, SYSTEM_FLAGS+2
        V       TSS+T_EAX, TSS+T_ESP
        W       TSS+T_CS, TSS+T_SS
        .endm
/* The registers of the new task. */
        .macro  SHOW_REGISTERS
        V       f_eax, f_ecx, f_edx, f_ebx, f_esp, f_ebp, f_esi, f_edi
        .endm
        .macro  SHOW_SEGMENTS
        W       f_es, f_ss, f_ds, f_fs, f_gs
        .endm

checks:
/* ======== what a switch does */
T "jmp to a TSS", "@8 89 8b 80 0 0 8 0 2 12345678 24000 8 10"
        TASK
        movl    $0x12345678, %eax
        ljmp    $S0, $0x1234
8:
A
        SHOW_TASKS
        SHOW_SAVED
E
T "jmp to a TSS: the new task's registers", "@8 1010101 2020202 3030303 4040404 29000 5050505 6060606 7070707 10 10 10 23 0"
        TASK
        ljmp    $S0, $0
A
        SHOW_REGISTERS
        SHOW_SEGMENTS
E
T "jmp to a TSS: flags", "@8 247602"
        TASK
        movl    $0x247602, TASK2 + T_EFLAGS
        ljmp    $S0, $0
A
        MASKED  f_eflags, 0x3e7702
E
T "call to a TSS", "@8 8b 8b 80 28 4000 8 0 2 0 24000 8 10"
        TASK
        lcall   $S0, $0
8:
A
        SHOW_TASKS
        SHOW_SAVED
E
T "call to a TSS and iret", "8b 89 28 28 0 8 9999 24000"
        TASK    1f
        lcall   $S0, $0
8:      STOP
1:      movl    $0x9999, %eax
        iretl
A
        SHOW_TASKS
        V       TASK2+T_EAX, f_esp
E
T "iret saves the task with NT 0, EIP behind it", "0 2"
        TASK    1f
        lcall   $S0, $0
        STOP
1:      iretl
8:
A
        movl    TASK2 + T_EIP, %eax
        subl    $8b, %eax
        V       %eax
        MASKED  TASK2+T_EFLAGS, SYSTEM_FLAGS+2
E
T "call, iret, call again goes on behind the iret", "1 2"
        TASK    1f
        lcall   $S0, $0
        V       DATA
        lcall   $S0, $0
        V       DATA
        jmp     2f
1:      movl    $1, DATA
        iretl
        movl    $2, DATA
        iretl
2:
E
T "jmp out of a nested task", "89 8b 28"
        TASK    1f
        GDESC   S2, TASK3, 0x67, TSS32, 0
        lcall   $S0, $0
1:      movl    $2f, TSS + T_EIP        /* it is busy: make it available */
        movb    $TSS32, GDT + KTR + 5
        ljmp    $KTR, $0
2:      STOP
A
        movzbl  GDT + S0 + 5, %eax
        V       %eax
        movzbl  GDT + KTR + 5, %eax
        V       %eax
        xorl    %eax, %eax
        str     %ax
        V       %eax
E
T "jmp to a 286 TSS", "@8 89 83 88 0 0 8 0 2 0 24000 8 10"
        TASK16
        ljmp    $S1, $0
8:
A
        SHOW_TASKS TASK3, S1
        SHOW_SAVED
E
T "jmp to a 286 TSS: registers and segments", "@8 101 202 303 404 9000 505 606 707 10 98 10 0 0"
        TASK16
        movl    $UDS, %eax
        movw    %ax, %fs
        movw    %ax, %gs
        ljmp    $S1, $0
A
        W       f_eax, f_ecx, f_edx, f_ebx, f_esp, f_ebp, f_esi, f_edi
        SHOW_SEGMENTS
E
T "call to a 286 TSS", "@8 8b 83 88 28 4000 8"
        TASK16
        lcall   $S1, $0
8:
A
        SHOW_TASKS TASK3, S1
E
T "call to a 286 TSS and iret", "8b 81 28 28 0 8 9999"
        TASK16  1f
        lcall   $S1, $0
        STOP
1:      movl    $0x9999, %eax
        iretl
A
        SHOW_TASKS TASK3, S1
        W       TASK3+0x12
E
T "from a 286 task to a 386 one: words are saved", "@8 81 8b 0 5555 aaaa"
        TASK16  1f
        movl    $0xaaaaaaaa, TASK3 + 0x2c /* behind it */
        ljmp    $S1, $0
1:      movl    $0x12345555, %ebp
        ljmp    $S0, $0
8:
A
        movzbl  GDT + S1 + 5, %eax
        V       %eax
        movzbl  GDT + S0 + 5, %eax
        V       %eax
        movw    TASK3 + 0x0e, %ax
        subw    $8b, %ax
        W       %eax
        W       TASK3+0x1c, TASK3+0x2c
E
T "segment slots of the old TSS: only selectors are written", "@8 11110010 11110008"
        TASK
        movl    $0x11111111, TSS + T_DS
        movl    $0x11111111, TSS + T_CS
        ljmp    $S0, $0
A
        V       TSS+T_DS, TSS+T_CS
E
T "static fields of the old TSS stay", "@8 22222222 33333333 25000"
        TASK
        movl    $0x22222222, TSS + 0x1c
        movl    $0x33330000, TSS + T_LDT
        ljmp    $S0, $0
A
        V       TSS+0x1c
        movl    TSS + T_LDT, %eax
        orl     $0x3333, %eax
        V       %eax
        V       TSS+T_ESP0
E
T "jmp through a task gate", "@8 89 8b 80 0 0 8"
        TASK
        GATE    GDT+S2, S0, 0x1234, TASKGATE
        ljmp    $S2, $0x5678
A
        SHOW_TASKS
E
T "call through a task gate at level 3", "@8 8b 8b 80 28 4000 8 0 2 0 28000 1b 23"
        TASK
        GATE    GDT+S2, S0, 0, TASKGATE+DPL3
        USER
        lcall   $S2+3, $0
8:
A
        SHOW_TASKS
        SHOW_SAVED
E
T "call through a task gate in the LDT", "@8 80"
        TASK
        movl    $KLDT, %eax
        lldt    %ax
        GATE    LDT+8, S0, 0, TASKGATE
        lcall   $12, $0
A
        xorl    %eax, %eax
        str     %ax
        V       %eax
E
T "int through a task gate", "@8 8b 8b 80 28 4000 8 0 2 0 24000 8 10"
        TASK
        INTGATE 0x49, S0, 0, TASKGATE
        int     $0x49
8:
A
        SHOW_TASKS
        SHOW_SAVED
E
T "int through a task gate at level 3 and iret", "1b 23 28000 77"
        TASK    1f
        INTGATE 0x49, S0, 0, TASKGATE+DPL3
        USER
        int     $0x49
        STOP
1:      movl    $0x77, TSS + T_EAX
        iretl
A
        W       f_cs, f_ss
        V       f_esp, f_eax
E
T "int to a 286 task", "@8 8b 83 88 28 4000 8"
        TASK16
        INTGATE 0x49, S1, 0, TASKGATE
        int     $0x49
A
        SHOW_TASKS TASK3, S1
E
T "an exception with an error code through a task gate", "@8 28ffc 200 0 10000"
        TASK
        INTGATE 13, S0, 0, TASKGATE
        movl    $BEYOND, %eax
8:      movw    %ax, %ds
A
        V       f_esp
        V       TASK_STACK-4
        movl    TSS + T_EIP, %eax
        subl    $8b, %eax
        V       %eax
        MASKED  TSS+T_EFLAGS, RF
E
T "an exception with an error code to a 286 task", "@8 8ffe 200"
        TASK16
        INTGATE 13, S1, 0, TASKGATE
        movl    $BEYOND, %eax
        movw    %ax, %ds
A
        W       f_esp
        W       TASK_STACK-2
E
T "an exception without error code through a task gate", "@8 29000 0"
        TASK
        INTGATE 5, S0, 0, TASKGATE
        movl    $1f, %ebx
        movl    $-1, %eax
8:      bound   %eax, (%ebx)
1:      .long   0x1000, 0x1000
A
        V       f_esp
        movl    TSS + T_EIP, %eax
        subl    $8b, %eax
        V       %eax
E
T "a fault is repaired by a task and the insn runs again", "5"
        TASK    1f
        INTGATE 0, S0, 0, TASKGATE
        movl    $15, %eax
        divl    %ecx
        V       %eax
        jmp     2f
1:      movl    $3, TSS + 0x2c          /* ECX */
        iretl
2:
E
T "a double fault through a task gate", "@8 28ffc 0 8b 8b 28 4000"
        TASK
        INTGATE 8, S0, 0, TASKGATE
        INTGATE 13, 0, 0, 0
        movl    $BEYOND, %eax
        movw    %ax, %ds
A
        V       f_esp
        V       TASK_STACK-4
        movzbl  GDT + KTR + 5, %eax
        V       %eax
        movzbl  GDT + S0 + 5, %eax
        V       %eax
        W       TASK2
        MASKED  f_eflags, NT
E

/* ======== checks before the switch: the fault belongs to the old task */
        .irp    insn, ljmp, lcall
EACH "\insn to a TSS, access"
ROW "@8", TSS32, TSS32+DPL3
ROW "#GP(80)", 0x8b, 0xeb, 0x83
ROW "#NP(80)", TSS32+ABSENT
ROW "#GP(80)", 0x0b
DO
        movl    %eax, DATA
        TASK
        movb    DATA, %al
        movb    %al, GDT + S0 + 5
7:      \insn   $S0, $0
E
EACH "\insn to a TSS at level 3, access"
ROW "@8", TSS32+DPL3
ROW "#GP(80)", TSS32, TSS32+DPL2, 0xeb
ROW "#NP(80)", TSS32+DPL3+ABSENT
DO
        movl    %eax, DATA
        TASK
        movb    DATA, %al
        movb    %al, GDT + S0 + 5
        USER
7:      \insn   $S0+3, $0
E
        .endr
T "jmp to a TSS with RPL 3, DPL 0", "#GP(80)"
        TASK
7:      ljmp    $S0+3, $0
E
T "jmp to the running task", "#GP(28) 8b"
        TASK
7:      ljmp    $KTR, $0
A
        movzbl  GDT + KTR + 5, %eax
        V       %eax
E
T "a TSS in the LDT", "#GP(c)"
        TASK
        movl    $KLDT, %eax
        lldt    %ax
        DESC    LDT, 8, TASK2, 0x67, TSS32, 0
7:      ljmp    $12, $0
E
EACH "limit of a TSS"
ROW "@8", 0x67, 0x1000
ROW "#TS(80)", 0x66, 0x2b, 0
DO
        movl    %eax, DATA
        TASK
        movw    DATA, %ax
        movw    %ax, GDT + S0
7:      ljmp    $S0, $0
E
EACH "limit of a 286 TSS"
ROW "@8", 0x2b, 0x67
ROW "#TS(88)", 0x2a, 0
DO
        movl    %eax, DATA
        TASK16
        movw    DATA, %ax
        movw    %ax, GDT + S1
7:      ljmp    $S1, $0
E
EACH "task gate, access"
ROW "@8", TASKGATE, TASKGATE+DPL3
ROW "#NP(90)", TASKGATE+ABSENT
DO
        movl    %eax, DATA
        TASK
        GATE    GDT+S2, S0, 0, 0
        movb    DATA, %al
        movb    %al, GDT + S2 + 5
7:      ljmp    $S2, $0
E
EACH "task gate at level 3, access"
ROW "@8", TASKGATE+DPL3
ROW "#GP(90)", TASKGATE, TASKGATE+DPL1, TASKGATE+ABSENT
ROW "#NP(90)", TASKGATE+DPL3+ABSENT
DO
        movl    %eax, DATA
        TASK
        GATE    GDT+S2, S0, 0, 0
        movb    DATA, %al
        movb    %al, GDT + S2 + 5
        USER
7:      lcall   $S2+3, $0
E
EACH "task gate, selector"
ROW "@8", S0, S0+3
ROW "#GP(0)", 0, 3
ROW "#GP(84)", S0+4
ROW "#GP(200)", BEYOND
ROW "#GP(8)", KCS
ROW "#GP(28)", KTR                      /* busy */
ROW "#GP(30)", KLDT
DO
        movl    %eax, DATA
        TASK
        GATE    GDT+S2, S0, 0, TASKGATE
        movw    DATA, %ax
        movw    %ax, GDT + S2 + 2
7:      ljmp    $S2, $0
E
T "task gate to an absent TSS", "#NP(80)"
        TASK
        movb    $TSS32+ABSENT, GDT + S0 + 5
        GATE    GDT+S2, S0, 0, TASKGATE
7:      ljmp    $S2, $0
E
EACH "int through a task gate, selector"
ROW "@8", S0, S0+3
ROW "#GP(0)", 0
ROW "#GP(84)", S0+4
ROW "#GP(200)", BEYOND
ROW "#GP(8)", KCS
ROW "#GP(28)", KTR
DO
        movl    %eax, DATA
        TASK
        INTGATE 0x49, S0, 0, TASKGATE
        movw    DATA, %ax
        movw    %ax, IDT + 8*0x49 + 2
7:      int     $0x49
E
EACH "an exception through a task gate, selector"
ROW "#GP(1)", 0
ROW "#GP(85)", S0+4
ROW "#GP(201)", BEYOND
ROW "#GP(9)", KCS
ROW "#GP(29)", KTR
DO
        movl    %eax, DATA
        TASK
        INTGATE 5, S0, 0, TASKGATE
        movw    DATA, %ax
        movw    %ax, IDT + 8*5 + 2
        movl    $1f, %ebx
        movl    $-1, %eax
7:      bound   %eax, (%ebx)
1:      .long   0x1000, 0x1000
E
T "int through a task gate to an absent TSS", "#NP(80)"
        TASK
        INTGATE 0x49, S0, 0, TASKGATE
        movb    $TSS32+ABSENT, GDT + S0 + 5
7:      int     $0x49
E
T "int through a task gate at level 3, DPL 0", "#GP(24a)"
        TASK
        INTGATE 0x49, S0, 0, TASKGATE
        USER
7:      int     $0x49
E

/* ======== IRET with NT */
EACH "iret with NT, link"
ROW "#TS(0)", 0
ROW "#TS(84)", S0+4
ROW "#TS(200)", BEYOND
ROW "#TS(8)", KCS
ROW "#TS(80)", S0                       /* not busy */
DO
        movl    %eax, DATA
        TASK
        movl    DATA, %eax
        movw    %ax, TSS + T_LINK
        pushl   $NT | 2
        popfl
7:      iretl
E
EACH "iret with NT, access of the link"
ROW "@8", 0x8b
ROW "#NP(80)", 0x0b
ROW "#TS(80)", 0x89, 0x82, 0x92
DO
        movl    %eax, DATA
        TASK
        movl    DATA, %eax
        movb    %al, GDT + S0 + 5
        movw    $S0, TSS + T_LINK
        pushl   $NT | 2
        popfl
7:      iretl
E
T "iret with NT to a task: busy bits, NT", "@8 89 8b 80 0 0 8 0 2"
        TASK
        movb    $0x8b, GDT + S0 + 5
        movw    $S0, TSS + T_LINK
        pushl   $NT | 2
        popfl
        iretl
8:
A
        SHOW_TASKS
        movl    TSS + T_EIP, %eax
        subl    $8b, %eax
        V       %eax
        MASKED  TSS+T_EFLAGS, SYSTEM_FLAGS+2
E
T "iret with NT at level 3", "@8 80"
        TASK
        movb    $0x8b, GDT + S0 + 5
        movw    $S0, TSS + T_LINK
        USER    NT | 2
        iretl
A
        xorl    %eax, %eax
        str     %ax
        V       %eax
E

/* ======== checks after the switch: the fault belongs to the new task, at level 3, so that level 0 has its stack */
        .macro  GO field
        movl    %eax, DATA
        movl    $0, shows_place
        TASK_AT_3
        movw    DATA, %ax
        movw    %ax, TASK2 + \field
        ljmp    $S0, $0
        .endm
        .macro  SHOW_TR
        xorl    %eax, %eax
        str     %ax
        V       %eax
        .endm
EACH "new task: CS"
ROW "@1b 80", UCS
ROW "@4b 80", CONF+3
ROW "#TS(200) 80", BEYOND+3
ROW "#TS(8) 80", KCS+3
ROW "#TS(20) 80", UDS
ROW "#TS(28) 80", KTR+3
ROW "#TS(4) 80", 7
DO
        GO      T_CS
A
        SHOW_TR
E
EACH "new task: CS, access"
ROW "@83", CODE_X+DPL3, CODE_RX+DPL3, CONF_RX, CONF_RX+DPL3
ROW "#TS(80)", CODE_RX, CODE_RX+DPL1, DATA_RW+DPL3, 0xec
ROW "#NP(80)", CODE_RX+DPL3+ABSENT, CONF_RX+ABSENT
DO
        movl    %eax, DATA
        movl    $0, shows_place
        TASK_AT_3
        GDESC   S1, TASK2, 0x67, TSS32, 0
        GDESC   S0, 0, 0xfffff, 0, 12   /* of the code; the task is S1 */
        movb    DATA, %al
        movb    %al, GDT + S0 + 5
        movw    $S0+3, TASK2 + T_CS
        ljmp    $S1, $0
E
EACH "new task: SS"
ROW "@1b 80", UDS
ROW "#TS(0) 80", 0
ROW "#TS(200) 80", BEYOND+3
ROW "#TS(10) 80", KDS+3
ROW "#TS(20) 80", UDS-3
ROW "#TS(18) 80", UCS
ROW "#TS(28) 80", KTR+3
DO
        GO      T_SS
A
        SHOW_TR
E
        .irp    seg, ES, DS, FS, GS
EACH "new task: \seg"
ROW "@1b 80", 0, 3, UDS, UCS, CONF
ROW "#TS(200) 80", BEYOND
ROW "#TS(10) 80", KDS
ROW "#TS(28) 80", KTR
ROW "#TS(4) 80", 4
DO
        GO      T_\seg
A
        SHOW_TR
E
        .endr
EACH "new task: LDT"
ROW "@1b 80", 0, KLDT
ROW "#TS(34) 80", KLDT+4
ROW "#TS(200) 80", BEYOND
ROW "#TS(10) 80", KDS
ROW "#TS(28) 80", KTR
DO
        GO      T_LDT
A
        SHOW_TR
E
EACH "new task: access of the segment in register" /* absent, in place of each register */
ROW "#SS(90)", T_SS
ROW "#NP(90)", T_CS, T_ES, T_DS, T_FS, T_GS
DO
        movl    %eax, DATA
        movl    $0, shows_place
        TASK_AT_3
        GDESC   S2, 0, 0xfffff, DATA_RW+DPL3+ABSENT, 12
        movl    DATA, %eax
        cmpl    $T_CS, %eax
        jne     1f
        movb    $CODE_RX+DPL3+ABSENT, GDT + S2 + 5
1:      movw    $S2+3, TASK2(%eax)
        ljmp    $S0, $0
E
T "new task: LDT absent", "#TS(30)"
        TASK_AT_3
        movl    $0, shows_place
        movb    $LOCAL_TABLE+ABSENT, GDT + KLDT + 5
        movw    $KLDT, TASK2 + T_LDT
        ljmp    $S0, $0
E
T "new task: segments in its LDT", "@f 17 17"
        TASK_AT_3
        DESC    LDT, 8, 0, 0xfffff, CODE_RX+DPL3, 12
        DESC    LDT, 0x10, 0, 0xfffff, DATA_RW+DPL3, 12
        movw    $KLDT, TASK2 + T_LDT
        movw    $0xf, TASK2 + T_CS
        movw    $0x17, TASK2 + T_SS
        movw    $0x17, TASK2 + T_DS
        ljmp    $S0, $0
A
        W       f_ss, f_ds
E
T "new task: EIP behind the limit", "#GP(0) fff"
        TASK_AT_3
        movl    $0, shows_place
        GDESC   S2, 0, 0xffe, CODE_RX+DPL3
        movl    $0x0b0f, 0xfff          /* for who goes there */
        movw    $S2+3, TASK2 + T_CS
        movl    $0xfff, TASK2 + T_EIP
        ljmp    $S0, $0
A
        V       f_eip
E
T "new task at level 3: stack of its own TSS", "@1b 24f00"
        TASK_AT_3
        movl    $0x24f14, TASK2 + T_ESP0
        ljmp    $S0, $0
A
        V       h_esp
E
T "a task in V86", "@0 3000 8000 4000 5000 33202"
        TASK
        movl    $VM | IOPL3 | IF | 2, TASK2 + T_EFLAGS
        movw    $0, TASK2 + T_CS
        movw    $REAL_SS, TASK2 + T_SS
        movl    $REAL_SP, TASK2 + T_ESP
        movw    $REAL_DS, TASK2 + T_DS
        movw    $REAL_ES, TASK2 + T_ES
        movw    $V86_FS, TASK2 + T_FS
        ljmp    $S0, $0
A
        V       f_ss, f_esp, v_ds, v_es
        MASKED  f_eflags, 0x2ff702
E
T "V86 leaves through a task gate and comes back", "3000 8000 4000"
        TASK    1f
        INTGATE 0x49, S0, 0, TASKGATE+DPL3
        V86     IOPL3 | 2
        int     $0x49
        STOP
        .code32
1:      iretl
A
        V       f_ss, f_esp, v_ds
E

/* ======== debugging: the T bit, and what the switch does to DR7 */
T "T bit: a trap in the new task before its first insn", "#DB(8000) 80"
        TASK    1f
        movw    $1, TASK2 + T_TRAP
        ljmp    $S0, $0
1:
7:      nop
A
        SHOW_TR
E
T "T bit: by an interrupt", "#DB(8000)"
        TASK    1f
        movw    $1, TASK2 + T_TRAP
        INTGATE 0x49, S0, 0, TASKGATE
        int     $0x49
1:
7:      nop
E
T "T bit in the old task does nothing", "@8"
        TASK
        movw    $1, TSS + T_TRAP
        ljmp    $S0, $0
E
T "a switch clears the local bits of DR7", "6aa 6aa"
        TASK    1f
        movl    $0x3ff, %eax
        movl    %eax, %dr7
        movl    %dr7, %eax
        andl    $~0x155, %eax
        V       %eax
        ljmp    $S0, $0
1:      movl    %dr7, %eax
        V       %eax
E
T "TF of the old task does not trap in the new one", "@8 100"
        TASK
        INTGATE 1, KCS, 2f, INT32       /* on the way there */
        pushl   $TF | 2
        popfl
        ljmp    $S0, $0
2:      iretl
A
        MASKED  TSS+T_EFLAGS, TF
E
T "TF of the new task traps behind its first insn", "#DB(4000)!"
        TASK    1f
        movl    $TF | 2, TASK2 + T_EFLAGS
        ljmp    $S0, $0
1:
7:      nop
8:
E
        jmp     all_done

/* Copies the image of a task at ESI to TASK2, makes S0 its descriptor, TASK3 and S1 a 286 task, S3 a 16-bit stack. */
make_tasks:
        movl    $TASK2, %edi
        movl    $26, %ecx
        rep movsl
        movl    $task_image_286, %esi
        movl    $TASK3, %edi
        movl    $11, %ecx
        rep movsl
        GDESC   S0, TASK2, 0x67, TSS32, 0
        GDESC   S1, TASK3, 0x2b, TSS16, 0
        GDESC   S3, 0x20000, 0xffff, DATA_RW, 0
        xorl    %esi, %esi
        xorl    %edi, %edi
        ret

        .section .rodata
task_image:
        .long   0, STACK0, KDS, 0, 0, 0, 0, 0
        .long   landing, 2, 0x01010101, 0x02020202, 0x03030303, 0x04040404, TASK_STACK, 0x05050505, 0x06060606, 0x07070707
        .long   KDS, KCS, KDS, KDS, UDS, 0, 0, 0x680000
task_image_3:
        .long   0, STACK0, KDS, 0, 0, 0, 0, 0
        .long   landing, 2, 0, 0, 0, 0, STACK3, 0, 0, 0
        .long   UDS, UCS, UDS, UDS, UDS, UDS, 0, 0x680000
task_image_286:
        .word   0, 0x5000, S3, 0, 0, 0, 0
        .word   landing, 2, 0x101, 0x202, 0x303, 0x404, 0x9000, 0x505, 0x606, 0x707
        .word   KDS, KCS, S3, KDS, 0
