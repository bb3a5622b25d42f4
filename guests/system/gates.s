/* Call, interrupt and trap gates: every check, stacks of inner levels, parameters (SDM 3A §5.8, §6.12; SDM 2A CALL, JMP, INT n). */
        .include "kernel.inc"

/* Access bytes of system descriptors that no far transfer takes; TSSs are left to tasks.s. */
        .macro  ROW_NO_GATE result
        ROW     "\result", 0x80, 0x82, 0x83, 0x86, 0x87, 0x88, 0x8a, 0x8b, 0x8d, 0x8e, 0x8f, 0x00, 0x02, 0x0e, DATA_R, DATA_RW, DOWN_RW
        .endm
/* The gate in S1, to a label in S0; S0's access byte is in AL. */
        .macro  GATE_TO_S0 access
        GDESC_AL S0, 0, 0xfffff, 12
        CALLGATE S1, S0, landing, \access
        .endm

checks:
/* ======== which gates a CALL takes */
EACH "call a gate at level 0, access"
ROW "@8", CALL16, CALL32, CALL16+DPL3, CALL32+DPL1
ROW "#NP(80)", CALL16+ABSENT, CALL32+ABSENT, CALL32+ABSENT+DPL3
ROW "#GP(8)", TASKGATE
ROW "#NP(80)", TASKGATE+ABSENT
ROW_NO_GATE "#GP(80)"
DO
        CALLGATE S0, KCS, landing, 0
        movb    %al, GDT + S0 + 5
7:      lcall   $S0, $0x12345678
E
EACH "call a gate at level 0 with RPL 3, access"
ROW "@8", CALL16+DPL3, CALL32+DPL3
ROW "#GP(80)", CALL16, CALL32, CALL32+DPL2, CALL32+ABSENT
ROW "#NP(80)", CALL32+DPL3+ABSENT
DO
        CALLGATE S0, KCS, landing, 0
        movb    %al, GDT + S0 + 5
7:      lcall   $S0+3, $0
E
EACH "call a gate at level 3, access"
ROW "@8", CALL16+DPL3, CALL32+DPL3
ROW "#GP(80)", CALL16, CALL32, CALL32+DPL1, CALL32+DPL2, CALL32+ABSENT
ROW "#NP(80)", CALL16+DPL3+ABSENT, CALL32+DPL3+ABSENT
ROW "#GP(80)", 0xe0, 0xe2, 0xe6, 0xe7, 0xe8, 0xea, 0xed, 0xee, 0xef, DATA_RW+DPL3
DO
        CALLGATE S0, KCS, landing, 0
        movb    %al, GDT + S0 + 5
        USER
7:      lcall   $S0+3, $0
E
T "call a gate at level 3 with RPL 0", "@8"
        CALLGATE S0, KCS, landing
        USER
7:      lcall   $S0, $0
E
EACH "jmp to a gate at level 0, access"
ROW "@8", CALL16, CALL32, CALL32+DPL3
ROW "#NP(80)", CALL16+ABSENT, CALL32+ABSENT
ROW_NO_GATE "#GP(80)"
DO
        CALLGATE S0, KCS, landing, 0
        movb    %al, GDT + S0 + 5
7:      ljmp    $S0, $0
E
EACH "jmp to a gate at level 3, access"
ROW "@1b", CALL16+DPL3, CALL32+DPL3
ROW "#GP(80)", CALL16, CALL32, CALL32+DPL2, CALL32+ABSENT
ROW "#NP(80)", CALL32+DPL3+ABSENT
DO
        CALLGATE S0, UCS, landing, 0
        movb    %al, GDT + S0 + 5
        USER
7:      ljmp    $S0+3, $0
E

/* ======== which code segments a gate leads to */
EACH "gate's code segment, call from level 0, access"
ROW "@80", CODE_X, CODE_RX, CONF_X, CONF_RX
ROW "#GP(80)", CODE_RX+DPL1, CODE_RX+DPL3, CONF_RX+DPL1, CONF_RX+DPL3, CODE_RX+DPL3+ABSENT, CONF_RX+DPL3+ABSENT
ROW "#GP(80)", DATA_R, DATA_RW, DOWN_RW, 0x80, 0x81, 0x82, 0x84, 0x8c, 0x8f
ROW "#NP(80)", CODE_X+ABSENT, CODE_RX+ABSENT, CONF_RX+ABSENT
DO
        GATE_TO_S0 CALL32
7:      lcall   $S1, $0
E
EACH "gate's code segment, call from level 3, access"
ROW "@80", CODE_X, CODE_RX
ROW "@81", CODE_RX+DPL1
ROW "@82", CODE_RX+DPL2
ROW "@83", CODE_RX+DPL3, CONF_X, CONF_RX, CONF_RX+DPL1, CONF_RX+DPL2, CONF_RX+DPL3
ROW "#GP(80)", DATA_R, DATA_RW, DATA_RW+DPL3, 0x80, 0x81, 0x82, 0x84, 0x8c, 0xec
ROW "#NP(80)", CODE_RX+ABSENT, CODE_RX+DPL1+ABSENT, CODE_RX+DPL3+ABSENT, CONF_RX+ABSENT, CONF_RX+DPL3+ABSENT
DO
        GATE_TO_S0 CALL32+DPL3
        USER
7:      lcall   $S1+3, $0
E
EACH "gate's code segment, call from level 1, access"
ROW "@80", CODE_RX
ROW "@81", CODE_RX+DPL1, CONF_RX, CONF_RX+DPL1
ROW "#GP(80)", CODE_RX+DPL2, CODE_RX+DPL3, CONF_RX+DPL2, CONF_RX+DPL3
DO
        GATE_TO_S0 CALL32+DPL3
        RING1
7:      lcall   $S1+1, $0
E
EACH "gate's code segment, jmp from level 3, access"
ROW "@83", CODE_X+DPL3, CODE_RX+DPL3, CONF_RX, CONF_RX+DPL1, CONF_RX+DPL3
ROW "#GP(80)", CODE_RX, CODE_RX+DPL1, CODE_RX+DPL2, CODE_RX+ABSENT, DATA_RW+DPL3
ROW "#NP(80)", CODE_RX+DPL3+ABSENT, CONF_RX+ABSENT
DO
        GATE_TO_S0 CALL32+DPL3
        USER
7:      ljmp    $S1+3, $0
E
EACH "gate's code segment, jmp from level 0, access"
ROW "@80", CODE_RX, CONF_RX
ROW "#GP(80)", CODE_RX+DPL3, CONF_RX+DPL3
DO
        GATE_TO_S0 CALL32
7:      ljmp    $S1, $0
E
EACH "gate's code selector, call from level 0"
ROW "@8", KCS, KCS+1, KCS+3
ROW "#GP(0)", 0, 3
ROW "#GP(200)", BEYOND, BEYOND+3
ROW "#GP(4)", 4
ROW "#GP(10)", KDS
DO
        CALLGATE S0, 0, landing, CALL32
        movw    %ax, GDT + S0 + 2
7:      lcall   $S0, $0
E
T "call a gate: the accessed bit of the code segment is set", "@80 9b00"
        GDESC   S0, 0, 0xffff, CODE_RX, 4
        CALLGATE S1, S0, landing
        lcall   $S1, $0
A
        MASKED  GDT+S0+4, 0xff00
E
T "call a gate, offset behind the limit", "#GP(0) 24000"
        GDESC   S0, 0, 0xfff, CODE_RX, 4
        CALLGATE S1, S0, landing
7:      lcall   $S1, $0
A
        V       f_esp
E
T "call a gate to an inner level, offset behind the limit", "#GP(0) 1b 28000"
        GDESC   S0, 0, 0xfff, CODE_RX, 4
        CALLGATE S1, S0, landing
        USER
7:      lcall   $S1+3, $0
A
        W       f_cs
        V       f_esp
E
T "call a 286 gate: the upper half of the offset is not used", "@8"
        CALLGATE S0, KCS, landing, CALL16
        movw    $4, GDT + S0 + 6
        movl    $0x0b0f, landing + 0x40000 /* UD2: for who uses it */
7:      lcall   $S0, $0
E

/* ======== stacks and parameters */
T "call a gate at the same level: no parameters", "@8 10 23ff8 0 8"
        CALLGATE S0, KCS, landing, CALL32, 3
        lcall   $S0, $0
8:
A
        V       f_ss, f_esp
        RETURN_FRAME 2
E
T "call a 286 gate at the same level", "@8 10 23ffc 0 8"
        CALLGATE S0, KCS, landing, CALL16, 3
        lcall   $S0, $0
8:
A
        V       f_ss, f_esp
        RETURN_FRAME16 2
E
T "call a gate to an inner level", "@8 10 24ff0 0 1b 28000 23"
        CALLGATE S0, KCS, landing
        USER
        lcall   $S0, $0
8:
A
        V       f_ss, f_esp
        RETURN_FRAME 4
E
T "call a gate to an inner level, 3 parameters", "@8 10 24fe4 0 1b 33 22 11 27ff4 23"
        CALLGATE S0, KCS, landing, CALL32+DPL3, 3
        USER
        pushl   $0x11
        pushl   $0x22
        pushl   $0x33
        lcall   $S0, $0
8:
A
        V       f_ss, f_esp
        RETURN_FRAME 7
E
T "call a gate to an inner level, 31 parameters", "@8 10 24f74 1 1f 27f84"
        CALLGATE S0, KCS, landing, CALL32+DPL3, 31
        USER
        movl    $31, %ecx
1:      pushl   %ecx
        loop    1b
        lcall   $S0, $0
A
        V       f_ss, f_esp
        movl    f_esp, %ebx
        V       8(%ebx)
        V       8+30*4(%ebx)
        V       8+31*4(%ebx)
E
T "call a gate to an inner level: only 5 bits of the parameter count", "@8 24ff0"
        CALLGATE S0, KCS, landing, CALL32+DPL3, 0x20
        USER
        lcall   $S0, $0
A
        V       f_esp
E
T "call a 286 gate to an inner level, 2 parameters", "@8 10 24ff4 0 1b 2222 1111 7ffc 23"
        CALLGATE S0, KCS, landing, CALL16+DPL3, 2
        USER
        pushw   $0x1111
        pushw   $0x2222
        lcall   $S0, $0
8:
A
        V       f_ss, f_esp
        RETURN_FRAME16 6
E
T "parameters beyond the stack's limit", "#SS(0) 1b 83 ffc"
        GDESC   S0, DATA, 0xfff, DATA_RW+DPL3, 4
        CALLGATE S1, KCS, landing, CALL32+DPL3, 2
        USER
        movl    $S0+3, %eax
        movw    %ax, %ss
        movl    $0xffc, %esp
7:      lcall   $S1, $0
A
        V       f_cs, f_ss, f_esp
E
T "call a gate from 3 to 2", "@62 6a 26ff0"
        movl    $STACK2, TSS + 20
        CALLGATE S0, CS2, landing
        USER
        lcall   $S0, $0
A
        V       f_ss, f_esp
E
T "call a gate from 2 to 1", "@51 59 25ff0 0 62 26f00 6a"
        CALLGATE S0, CS1, landing
        RING2
        lcall   $S0, $0
8:
A
        V       f_ss, f_esp
        RETURN_FRAME 4
E
T "call a gate from 1 to 0", "@8 10 24ff0"
        CALLGATE S0, KCS, landing
        RING1
        lcall   $S0, $0
A
        V       f_ss, f_esp
E
T "call a gate and come back, releasing parameters", "1234 1b 23 28000"
        CALLGATE S0, KCS, 1f, CALL32+DPL3, 2
        USER
        pushl   $0x1234
        pushl   $0x22
        lcall   $S0, $0
        V       %eax
        W       %cs, %ss
        V       %esp
        jmp     2f
1:      movl    12(%esp), %eax
        lret    $8
2:
E
T "call a 286 gate and come back", "1234 1b 23 8000"
        CALLGATE S0, KCS, 1f, CALL16+DPL3, 1
        GDESC   S1, 0x20000, 0xffff, DATA_RW+DPL3, 0
        USER
        movl    $S1+3, %eax
        movw    %ax, %ss
        movl    $0x8000, %esp
        pushw   $0x1234
        lcall   $S0, $0
        movl    %esp, %ebx
        movw    %ss, %cx
        movl    $UDS, %edx
        movw    %dx, %ss
        movl    $STACK3, %esp
        W       %eax, %cs, %ss
        W       %ebx
        jmp     2f
1:      movw    4(%esp), %ax
        lretw   $2
2:
E
EACH "stack of level 1 in the TSS, call, access"
ROW "@51", DATA_RW+DPL1, DATA_RW+DPL1+1
ROW "#TS(80)", DATA_RW, DATA_RW+DPL2, DATA_RW+DPL3, DATA_R+DPL1, CODE_RX+DPL1, CONF_RX+DPL1, 0xa2, 0xa9, DATA_R+DPL1+ABSENT
ROW "#SS(80)", DATA_RW+DPL1+ABSENT
DO
        GDESC_AL S0, 0, 0xfffff, 12
        CALLGATE S1, CS1, landing
        movl    $S0+1, TSS + 16
        USER
7:      lcall   $S1, $0
E
EACH "stack of level 1 in the TSS, call, selector"
ROW "@51", DS1
ROW "#TS(0)", 0, 1
ROW "#TS(58)", DS1-1, DS1+2
ROW "#TS(200)", BEYOND+1
ROW "#TS(4)", 5
ROW "#TS(20)", UDS
DO
        CALLGATE S1, CS1, landing
        movw    %ax, TSS + 16
        USER
7:      lcall   $S1, $0
E
T "call a gate: the accessed bit of the stack is set", "@51 b300"
        GDESC   S0, 0, 0xfffff, DATA_RW+DPL1, 12
        CALLGATE S1, CS1, landing
        movl    $S0+1, TSS + 16
        USER
        lcall   $S1, $0
A
        MASKED  GDT+S0+4, 0xff00
E
EACH "TSS limit, call to level 1"
ROW "@51", 0x67, 0x13
ROW "#TS(28)", 0x10, 0xc
ROW "SHUTDOWN", 3, 0                    /* nor is there a stack for the #TS */
DO
        movl    $0x8900, GDT + KTR + 4
        movb    $2, GDT + KTR + 4
        movw    %ax, GDT + KTR
        movl    $KTR, %eax
        ltr     %ax
        CALLGATE S1, CS1, landing
        USER
7:      lcall   $S1, $0
E
EACH "286 TSS: limit, call to level 1"
ROW "@51 5ff8 59", 0x2b, 9
ROW "#TS(80) 7ffc 23", 8, 5
DO
        GDESC   S0, TASK2, 0, TSS16, 0
        movw    %ax, GDT + S0
        GDESC   S3, 0x20000, 0xffff, DATA_RW, 0
        movw    $0x5000, TASK2 + 2
        movw    $S3, TASK2 + 4
        movw    $0x6000, TASK2 + 6
        movw    $DS1, TASK2 + 8
        movl    $S0, %eax
        ltr     %ax
        CALLGATE S1, CS1, landing, CALL16+DPL3
        GDESC   DS1, 0x20000, 0xffff, DATA_RW+DPL1, 0
        USER
        pushl   $0x12345678
7:      lcall   $S1, $0
A
        W       f_esp, f_ss
E
T "call a gate, no room on the new stack", "#SS(80)"
        GDESC   S0, DATA, 0xfff, DATA_RW+DPL1, 4
        CALLGATE S1, CS1, landing
        movl    $S0+1, TSS + 16
        movl    $0xc, TSS + 12
        USER
7:      lcall   $S1, $0
E
T "call a gate, just enough room on the new stack", "@51 0"
        GDESC   S0, DATA, 0xfff, DATA_RW+DPL1, 4
        CALLGATE S1, CS1, landing
        movl    $S0+1, TSS + 16
        movl    $0x10, TSS + 12
        USER
7:      lcall   $S1, $0
A
        V       f_esp
E

/* ======== interrupt and trap gates: which gates */
EACH "int at level 0, access of the gate"
ROW "@8", INT16, TRAP16, INT32, TRAP32, INT32+DPL3
ROW "#NP(24a)", INT16+ABSENT, TRAP16+ABSENT, INT32+ABSENT, TRAP32+ABSENT, TASKGATE+ABSENT
ROW "#GP(24a)", 0x80, 0x81, 0x82, 0x83, 0x84, 0x88, 0x89, 0x8a, 0x8b, 0x8c, 0x8d, 0x00, 0x0c, DATA_RW, CODE_RX
ROW "#GP(8)", TASKGATE
DO
        INTGATE 0x49, KCS, landing, 0
        movb    %al, IDT + 8*0x49 + 5
7:      int     $0x49
E
EACH "int at level 3, access of the gate"
ROW "@8", INT16+DPL3, TRAP16+DPL3, INT32+DPL3, TRAP32+DPL3
ROW "#NP(24a)", INT32+DPL3+ABSENT, TRAP16+DPL3+ABSENT
ROW "#GP(24a)", INT16, INT32, TRAP32, INT32+DPL1, INT32+DPL2, INT32+ABSENT, 0xe0, 0xe4, 0xec, 0xe9
DO
        INTGATE 0x49, KCS, landing, 0
        movb    %al, IDT + 8*0x49 + 5
        USER
7:      int     $0x49
E
EACH "int, limit of the IDT, vector 49"
ROW "@8", 0x24f, 0x7ff
ROW "#GP(24a)", 0x24e, 0x248, 0x100
DO
        INTGATE 0x49, KCS, landing
        movw    %ax, DATA
        movl    $IDT, DATA + 2
        lidtl   DATA
7:      int     $0x49
E
T "int beyond the IDT at level 3", "#GP(7fa)"
        movw    $0x7f7, DATA
        movl    $IDT, DATA + 2
        lidtl   DATA
        USER
7:      int     $0xff
E

/* ======== interrupt gates: the handler's code segment */
        .macro  INT_TO_S0 vector
        GDESC_AL S0, 0, 0xfffff, 12
        INTGATE \vector, S0, landing
        .endm
EACH "handler's segment, int at level 0, access"
ROW "@80", CODE_X, CODE_RX, CONF_X, CONF_RX
ROW "#GP(80)", CODE_RX+DPL1, CODE_RX+DPL3, CONF_RX+DPL1, CONF_RX+DPL3, CODE_RX+DPL3+ABSENT, DATA_RW, 0x80, 0x8c, 0x89
ROW "#NP(80)", CODE_RX+ABSENT, CONF_X+ABSENT
DO
        INT_TO_S0 0x49
7:      int     $0x49
E
EACH "handler's segment, int at level 3, access"
ROW "@80", CODE_X, CODE_RX
ROW "@81", CODE_RX+DPL1
ROW "@82", CODE_RX+DPL2
ROW "@83", CODE_RX+DPL3, CONF_X, CONF_RX, CONF_RX+DPL1, CONF_RX+DPL3
ROW "#GP(80)", DATA_RW, DATA_RW+DPL3, 0x8c, 0xe9
ROW "#NP(80)", CODE_RX+ABSENT, CONF_RX+ABSENT, CODE_RX+DPL3+ABSENT
DO
        INT_TO_S0 0x49
        USER
7:      int     $0x49
E
EACH "handler's segment, an exception at level 3, access"  /* EXT: an exception */
ROW "@80", CODE_RX
ROW "@83", CONF_RX, CODE_RX+DPL3
ROW "#GP(81)", DATA_RW, DATA_RW+DPL3, 0x8c
ROW "#NP(81)", CODE_RX+ABSENT, CONF_RX+ABSENT
DO
        INT_TO_S0 5
        USER
        movl    $1f, %ebx
7:      bound   %eax, (%ebx)
1:      .long   0x1000, 0x1000
E
EACH "handler's selector, int at level 0"
ROW "@8", KCS, KCS+3
ROW "#GP(0)", 0, 3
ROW "#GP(200)", BEYOND
ROW "#GP(4)", 4
DO
        INTGATE 0x49, 0, landing
        movw    %ax, IDT + 8*0x49 + 2
7:      int     $0x49
E
EACH "handler's selector, an exception at level 0"
ROW "@8", KCS, KCS+3
ROW "#GP(1)", 0, 3
ROW "#GP(201)", BEYOND
ROW "#GP(5)", 4
DO
        INTGATE 5, 0, landing
        movw    %ax, IDT + 8*5 + 2
        movl    $1f, %ebx
        movl    $-1, %eax
7:      bound   %eax, (%ebx)
1:      .long   0x1000, 0x1000
E
T "int, offset behind the limit", "#GP(0) 24000"
        GDESC   S0, 0, 0xfff, CODE_RX, 4
        INTGATE 0x49, S0, landing
7:      int     $0x49
A
        V       f_esp
E
T "int to an inner level, offset behind the limit", "#GP(0) 1b 28000"
        GDESC   S0, 0, 0xfff, CODE_RX, 4
        INTGATE 0x49, S0, landing
        USER
7:      int     $0x49
A
        V       f_cs, f_esp
E

/* ======== interrupt gates: stacks and flags */
T "interrupt gate clears IF, TF, NT, keeps DF and IOPL", "@8 3402 7602"
        INTGATE 0x49, KCS, landing
        pushl   $0x7602
        popfl
        int     $0x49
8:
A
        MASKED  f_eflags, SYSTEM_FLAGS+2-RF
        movl    f_esp, %ebx
        MASKED  8(%ebx), SYSTEM_FLAGS+2
E
T "trap gate keeps IF", "@8 3602 7602"
        INTGATE 0x49, KCS, landing, TRAP32
        pushl   $0x7602
        popfl
        int     $0x49
8:
A
        MASKED  f_eflags, SYSTEM_FLAGS+2-RF
        movl    f_esp, %ebx
        MASKED  8(%ebx), SYSTEM_FLAGS+2
E
T "286 interrupt gate", "@8 23ffa 0 8 602 402"
        INTGATE 0x49, KCS, landing, INT16
        movw    $4, IDT + 8*0x49 + 6
        movl    $0x0b0f, landing + 0x40000
        pushl   $0x602
        popfl
        int     $0x49
8:
A
        V       f_esp
        RETURN_FRAME16 3
        MASKED  f_eflags, SYSTEM_FLAGS+2-RF
E
T "286 trap gate at level 3", "@8 24ff6 0 1b 3202 8000 23 3202"
        INTGATE 0x49, KCS, landing, TRAP16+DPL3
        USER    0x3202
        int     $0x49
8:
A
        V       f_esp
        RETURN_FRAME16 5
        MASKED  f_eflags, SYSTEM_FLAGS+2-RF
E
T "int at level 0", "@8 10 23ff4 0 8 2"
        INTGATE 0x49, KCS, landing
        int     $0x49
8:
A
        V       f_ss, f_esp
        RETURN_FRAME 3
E
T "int at level 3", "@8 10 24fec 0 1b 3602 28000 23 3402"
        INTGATE 0x49, KCS, landing
        USER    0x3602
        int     $0x49
8:
A
        V       f_ss, f_esp
        RETURN_FRAME 5
        MASKED  f_eflags, SYSTEM_FLAGS+2-RF
E
T "int from 3 to 1", "@51 59 25fec"
        INTGATE 0x49, CS1, landing
        USER
        int     $0x49
A
        V       f_ss, f_esp
E
T "int from 1 to 0", "@8 10 24fec 0 51 2 25f00 59"
        INTGATE 0x49, KCS, landing
        RING1
        int     $0x49
8:
A
        V       f_ss, f_esp
        RETURN_FRAME 5
E
T "int from 2 to 1", "@51 59 25fec"
        INTGATE 0x49, CS1, landing
        RING2
        int     $0x49
A
        V       f_ss, f_esp
E
T "exception with an error code at level 0", "@8 10 23ff0 200"
        INTGATE 13, KCS, landing
        movl    $BEYOND, %eax
        movw    %ax, %ds
A
        V       f_ss, f_esp
        movl    f_esp, %ebx
        V       (%ebx)
E
T "exception with an error code at level 3", "@8 10 24fe8 200 1b 28000 23"
        INTGATE 13, KCS, landing
        USER
        movl    $BEYOND, %eax
        movw    %ax, %ds
A
        V       f_ss, f_esp
        movl    f_esp, %ebx
        V       (%ebx)
        V       8(%ebx)
        V       16(%ebx)
        V       20(%ebx)
E
T "exception with an error code through a 286 gate", "@8 10 23ff8 200 8"
        INTGATE 13, KCS, landing, INT16
        movl    $BEYOND, %eax
        movw    %ax, %ds
A
        V       f_ss, f_esp
        movl    f_esp, %ebx
        W       (%ebx)
        W       4(%ebx)
E
T "int to conforming code at level 3 stays on its stack", "@4b 23 27ff4"
        INTGATE 0x49, CONF, landing
        USER
        int     $0x49
A
        V       f_ss, f_esp
E
EACH "stack of level 1 in the TSS, int, access"
ROW "@51", DATA_RW+DPL1
ROW "#TS(80)", DATA_RW, DATA_RW+DPL2, DATA_RW+DPL3, DATA_R+DPL1, CODE_RX+DPL1, 0xa2, DATA_R+DPL1+ABSENT
ROW "#SS(80)", DATA_RW+DPL1+ABSENT
DO
        GDESC_AL S0, 0, 0xfffff, 12
        INTGATE 0x49, CS1, landing
        movl    $S0+1, TSS + 16
        USER
7:      int     $0x49
E
EACH "stack of level 1 in the TSS, exception, selector"
ROW "@51", DS1
ROW "#TS(1)", 0, 1
ROW "#TS(59)", DS1-1, DS1+2
ROW "#TS(201)", BEYOND+1
ROW "#TS(5)", 5
DO
        INTGATE 5, CS1, landing
        movw    %ax, TSS + 16
        USER
        movl    $1f, %ebx
        movl    $-1, %eax
7:      bound   %eax, (%ebx)
1:      .long   0x1000, 0x1000
E
EACH "TSS limit, int to level 1"
ROW "@51", 0x67, 0x13
ROW "#TS(28)", 0x10, 0xc
ROW "SHUTDOWN", 3, 0
DO
        movl    $0x8902, GDT + KTR + 4
        movw    %ax, GDT + KTR
        movl    $KTR, %eax
        ltr     %ax
        INTGATE 0x49, CS1, landing
        USER
7:      int     $0x49
E
EACH "int, room on the new stack"
ROW "@51", 0x14, 0x1000
ROW "#SS(80)", 0x13, 0xc, 4
DO
        GDESC   S0, DATA, 0xfff, DATA_RW+DPL1, 4
        INTGATE 0x49, CS1, landing
        movl    $S0+1, TSS + 16
        movl    %eax, TSS + 12
        USER
7:      int     $0x49
E
EACH "exception with an error code, room on the new stack"
ROW "@51", 0x18
ROW "SHUTDOWN", 0x14
DO
        GDESC   S0, DATA, 0xfff, DATA_RW+DPL1, 4
        INTGATE 13, CS1, landing, INT32
        INTGATE 12, CS1, landing, INT32
        INTGATE 8, CS1, landing, INT32
        movl    $S0+1, TSS + 16
        movl    %eax, TSS + 12
        USER
7:      hlt
E

/* ======== INT3, INTO, INT1, BOUND and the gate's DPL */
T "int3 at level 3, DPL 0", "#GP(1a)"
        USER
7:      int3
E
T "int3 at level 3, DPL 3", "#BP!"
        movb    $INT32+DPL3, IDT + 8*3 + 5
        USER
7:      int3
8:
E
T "int 3 in two bytes at level 3, DPL 0", "#GP(1a)"
        USER
7:      .byte   0xcd, 3
E
T "int1 at level 3, DPL 0", "#DB(0)!"
        USER
7:      .byte   0xf1
8:
E
T "into at level 3, DPL 0", "#GP(22)"
        USER
        movb    $0x7f, %al
        incb    %al
7:      into
E
T "into at level 3, DPL 3", "#OF!"
        movb    $INT32+DPL3, IDT + 8*4 + 5
        USER
        movb    $0x7f, %al
        incb    %al
7:      into
8:
E
T "into without overflow", "!"
        USER
        xorl    %eax, %eax
        into
        PASSED
E
T "bound at level 3, DPL 0", "#BR"
        USER
        movl    $1f, %ebx
7:      bound   %eax, (%ebx)
1:      .long   0x1000, 0x1000
E
T "int 13 pushes no error code", "#GP! 23ff4"
        movl    $0, has_error_codes
7:      int     $13
8:
A
        V       h_esp
E
        jmp     all_done
