/* SYSENTER and SYSEXIT: their checks, segments, stacks and flags (SDM 2B SYSENTER, SYSEXIT). */
        .include "kernel.inc"

        .set    MSR_CS, 0x174
        .set    MSR_ESP, 0x175
        .set    MSR_EIP, 0x176
        .set    ENTRY_STACK, STACK0     /* what IA32_SYSENTER_ESP is */

/* Writes an MSR; changes EAX, ECX, EDX. */
        .macro  MSR index, value
        movl    $\index, %ecx
        movl    $\value, %eax
        xorl    %edx, %edx
        wrmsr
        .endm
/* What an operating system sets; EAX, ECX, EDX become 0. */
        .macro  READY cs=KCS, eip=landing
        MSR     MSR_CS, (\cs)
        MSR     MSR_ESP, ENTRY_STACK
        MSR     MSR_EIP, \eip
        xorl    %eax, %eax
        xorl    %ecx, %ecx
        .endm
/* SYSEXIT's operands. */
        .macro  RETURN_TO eip=landing, esp=STACK3
        movl    $\eip, %edx
        movl    $\esp, %ecx
        .endm

checks:
/* ======== the registers */
        .irp    index, 0x174, 0x175, 0x176
T "MSR \index keeps what is written", "1234 0"
        MSR     \index, 0x1234
        xorl    %eax, %eax
        decl    %edx
        rdmsr
        V       %eax, %edx
E
T "MSR \index at level 3", "#GP(0)"
        USER
        movl    $\index, %ecx
7:      rdmsr
E
        .endr
T "ESP and EIP have 32 bits", "fedcba98 89abcdef"
        MSR     MSR_ESP, 0xfedcba98
        MSR     MSR_EIP, 0x89abcdef
        movl    $MSR_ESP, %ecx
        rdmsr
        movl    %eax, %ebx
        incl    %ecx
        rdmsr
        V       %ebx, %eax
E

/* ======== SYSENTER */
        .macro  FROM name, way:vararg
T "sysenter at \name: CS, SS, ESP", "@8 10 25000"
        READY
        \way
        sysenter
A
        W       f_ss
        V       f_esp
E
        .endm
        FROM    "level 3", USER
        FROM    "level 2", RING2
        FROM    "level 1", RING1
        FROM    "level 0", nop
T "sysenter with IF and IOPL 3: IF becomes 0, the rest stays", "@8 247402"
        READY
        USER    ID+AC+NT+IOPL3+DF+IF+2
        sysenter
A
        MASKED  f_eflags, SYSTEM_FLAGS-RF+2
E
T "sysenter clears RF: a breakpoint at the entry", "#DB(1) 8"
        READY   KCS, 7f
        movl    $7f, %eax
        movl    %eax, %dr0
        movl    $1, %eax
        movl    %eax, %dr7
        pushl   $UDS
        pushl   $STACK3
        pushl   $RF|2
        pushl   $UCS
        pushl   $1f
        iretl
1:      sysenter
7:      nop
A
        W       f_cs
E
T "sysenter keeps the arithmetic flags", "@8 8d5"
        READY
        USER    0x8d7
        sysenter
A
        MASKED  f_eflags, 0x8d5
E
T "sysenter saves nothing on the stack of level 3", "@8 55aa"
        movl    $0x55aa, STACK3 - 4
        READY
        USER
        sysenter
A
        V       STACK3-4
E
T "sysenter keeps the other registers and segments", "@8 11 22 33 44 55 23 23"
        READY
        USER
        movl    $0x11, %eax
        movl    $0x22, %ecx
        movl    $0x33, %edx
        movl    $0x44, %ebx
        movl    $0x55, %ebp
        sysenter
A
        V       f_eax, f_ecx, f_edx, f_ebx, f_ebp
        W       f_ds, f_gs
E
        .irp    rpl, 1, 2, 3
T "sysenter: the RPL of IA32_SYSENTER_CS does not count, \rpl", "@8 10"
        READY   KCS+\rpl
        USER
        sysenter
A
        W       f_ss
E
        .endr
        .irp    null, 0, 1, 2, 3
T "sysenter: IA32_SYSENTER_CS is null, \null", "#GP(0) 1b"
        READY   \null
        USER
7:      sysenter
A
        W       f_cs
E
        .endr
T "sysenter does not look at descriptors", "@80 88"
        GDESC   S0, 0x1000, 0, DATA_R+ABSENT
        GDESC   S1, 0x1000, 0, CODE_X+ABSENT
        READY   S0
        USER
        sysenter
A
        W       f_ss
E
T "sysenter: the segments are flat whatever the descriptors say", "12345678!"
        GDESC   S0, 0x1000, 0, CODE_X
        GDESC   S1, 0x1000, 0, DATA_R
        READY   S0, 1f
        movl    $0x12345678, DATA
        USER
        sysenter
1:      movl    %cs:DATA, %eax
        V       %eax
        movl    %eax, %ss:DATA2
        PASSED
E
T "sysenter from 16-bit code comes to 32-bit code", "@8 10 25000"
        READY
        pushl   $UDS16
        pushl   $STACK3 & 0xffff
        pushl   $2
        pushl   $UCS16
        pushl   $1f
        iretl
        .code16
1:      sysenter
        .code32
A
        W       f_ss
        V       f_esp
E
T "sysenter from V86", "@8 10 25000 2"
        READY
        V86     IF+IOPL3+2
        sysenter
A
        W       f_ss
        V       f_esp
        MASKED  f_eflags, VM|IF|2
E
T "sysenter from V86 keeps the data segments", "@8 4000 5000 4200 4300"
        READY
        V86
        sysenter
A
        W       f_ds, f_es, f_fs, f_gs
E
T "sysenter in real mode", "#GP"
        READY
        REAL
7:      sysenter
E
T "sysenter with lock", "#UD"
        READY
7:      .byte   0xf0, 0x0f, 0x34
E
        .irp    prefix, 0x66, 0x67, 0x2e
T "sysenter with prefix \prefix", "@8 25000"
        READY
        USER
        .byte   \prefix, 0x0f, 0x34
A
        V       f_esp
E
        .endr
T "sysenter: TF stays, the trap is at the entry", "#DB(4000) 8 100"
        READY   KCS, 7f
        USER    TF+2
        sysenter
7:      nop
A
        W       f_cs
        MASKED  f_eflags, TF
E

/* ======== SYSEXIT */
T "sysexit: CS, SS, ESP", "@1b 23 28000"
        READY
        RETURN_TO
        sysexit
A
        W       f_ss
        V       f_esp
E
T "sysexit keeps the flags", "@1b 247602"
        READY
        RETURN_TO
        pushl   $ID|AC|NT|IOPL3|IF|DF|2
        popfl
        sysexit
A
        MASKED  f_eflags, SYSTEM_FLAGS-RF+2
E
T "sysexit keeps the data segments of level 0", "10!"
        READY
        RETURN_TO 1f
        sysexit
1:      movl    DATA, %eax
        W       %ds
        PASSED
E
        .irp    rpl, 1, 2, 3
T "sysexit: the RPL of IA32_SYSENTER_CS does not count, \rpl", "@1b 23"
        READY   KCS+\rpl
        RETURN_TO
        sysexit
A
        W       f_ss
E
        .endr
        .irp    null, 0, 3
T "sysexit: IA32_SYSENTER_CS is null, \null", "#GP(0) 8"
        READY   \null
        RETURN_TO
7:      sysexit
A
        W       f_cs
E
        .endr
T "sysexit does not look at descriptors", "@93 9b"
        GDESC   S2, 0x1000, 0, DATA_R+ABSENT
        GDESC   S3, 0x1000, 0, CODE_X+ABSENT
        READY   S0
        RETURN_TO
        sysexit
A
        W       f_ss
E
        .macro  NOT_AT name, result, way
T "sysexit at \name", "\result"
        READY
        RETURN_TO
        \way
7:      sysexit
E
        .endm
        NOT_AT  "level 1", "#GP(0)", RING1
        NOT_AT  "level 2", "#GP(0)", RING2
        NOT_AT  "level 3", "#GP(0)", USER
        NOT_AT  "level 3 in V86", "#GP(0)", V86
        NOT_AT  "level 0 in real mode", "#GP", REAL
T "sysexit at level 3 with a null IA32_SYSENTER_CS", "#GP(0)"
        READY   0
        USER
7:      sysexit
E
T "sysexit with lock", "#UD"
        READY
7:      .byte   0xf0, 0x0f, 0x35
E
T "sysexit with TF traps at level 3", "#DB(4000)! 1b"
        READY
        RETURN_TO 8f
        pushl   $TF|2
        popfl
7:      sysexit
        nop
8:      nop
A
        W       f_cs
E
T "there and back", "1b 23 8 1b 23 28000"
        READY   KCS, 1f
        USER
        W       %cs, %ss
        movl    $2f, %edx
        movl    %esp, %ecx
        sysenter
1:      W       %cs
        sysexit
2:      W       %cs, %ss
        V       %esp
E
        jmp     all_done
