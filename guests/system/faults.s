/* Faults while an event is delivered, double and triple faults, priorities, alignment checks (SDM 3A §6.9, §6.15). */
        .include "kernel.inc"
        .include "kernel/paging.inc"

        .macro  NO_GATE vectors:vararg
        .irp    vector, \vectors
        movb    $INT32+ABSENT, IDT + 8 * \vector + 5
        .endr
        .endm
/* Ways to exceptions. 7 is the insn that raises it. */
        .macro  RAISE_DE
7:      divl    %ecx
8:
        .endm
        .macro  RAISE_DB
7:      .byte   0xf1
8:
        .endm
        .macro  RAISE_BP
7:      int3
8:
        .endm
        .macro  RAISE_OF
        movb    $0x7f, %al
        incb    %al
7:      into
8:
        .endm
        .macro  RAISE_BR
        movl    $-1, %eax
        movl    $ones, %ebx
7:      boundl  %eax, (%ebx)
8:
        .endm
        .macro  RAISE_UD
7:      ud2
8:
        .endm
        .macro  RAISE_NM
        movl    $0x39, %eax
        movl    %eax, %cr0
7:      fnop
8:
        .endm
        .macro  RAISE_TS
        pushl   $NT | 2
        popfl
7:      iretl
8:
        .endm
        .macro  RAISE_NP
        GDESC   S0, 0, 0, DATA_RW+ABSENT
        movl    $S0, %eax
7:      movw    %ax, %es
8:
        .endm
        .macro  RAISE_SS
        GDESC   S0, 0, 0, DATA_RW+ABSENT
        movl    $S0, %eax
7:      movw    %ax, %ss
8:
        .endm
        .macro  RAISE_GP
        movl    $BEYOND, %eax
7:      movw    %ax, %es
8:
        .endm
        .macro  RAISE_PF
        PAGING
7:      movl    PAGES_AT + 0x20000, %eax
8:
        .endm
        .macro  RAISE_MF
        fninit
        fldcw   cw_all
        fld1
        fldz
        fdivrp
7:      fwait
8:
        .endm
        .macro  RAISE_XM
        movl    $0x600, %eax            /* OSFXSR, OSXMMEXCPT */
        movl    %eax, %cr4
        ldmxcsr mxcsr_zero
        movl    $1, %eax
        cvtsi2ss %eax, %xmm0
        xorps   %xmm1, %xmm1
7:      divss   %xmm1, %xmm0
8:
        .endm
        .macro  RAISE_INT
7:      int     $0x49
8:
        .endm

checks:
/* ======== what they are raised by */
        .macro  ALONE name, result
T "\name alone", "\result"
        RAISE_\name
E
        .endm
        ALONE   DE, "#DE"
        ALONE   DB, "#DB(0)!"
        ALONE   BP, "#BP!"
        ALONE   OF, "#OF!"
        ALONE   BR, "#BR"
        ALONE   NM, "#NM"
        ALONE   TS, "#TS(0)"
        ALONE   NP, "#NP(80)"
        ALONE   SS, "#SS(80)"
        ALONE   GP, "#GP(200)"
        ALONE   PF, "#PF(0,420000)"
        ALONE   MF, "#MF"
        ALONE   XM, "#XM"
        ALONE   INT, "int49!"

/* ======== two faults: the gate of the first is absent (#NP) */
        .macro  NO_GATE_FOR name, vector, result
T "\name, its gate absent", "\result"
        NO_GATE \vector
        RAISE_\name
E
        .endm
        NO_GATE_FOR DB, 1, "#NP(b)"
        NO_GATE_FOR BP, 3, "#NP(1a)"
        NO_GATE_FOR OF, 4, "#NP(22)"
        NO_GATE_FOR BR, 5, "#NP(2b)"
        NO_GATE_FOR UD, 6, "#NP(33)"
        NO_GATE_FOR NM, 7, "#NP(3b)"
        NO_GATE_FOR MF, 16, "#NP(83)"
        NO_GATE_FOR XM, 19, "#NP(9b)"
        NO_GATE_FOR INT, 0x49, "#NP(24a)"
        NO_GATE_FOR DE, 0, "#DF(0)"
        NO_GATE_FOR TS, 10, "#DF(0)"
        NO_GATE_FOR SS, 12, "#DF(0)"
        NO_GATE_FOR GP, 13, "#DF(0)"
        NO_GATE_FOR PF, 14, "#DF(0)"
T "NP, its gate absent", "#DF(0)"
        NO_GATE 11
        RAISE_NP
E
/* ======== the second fault is #GP: the handler's selector is bad, or the gate */
        .macro  BAD_HANDLER name, vector, result
T "\name, its handler's selector bad", "\result"
        movw    $BEYOND, IDT + 8 * \vector + 2
        RAISE_\name
E
        .endm
        BAD_HANDLER BP, 3, "#GP(200)"
        BAD_HANDLER BR, 5, "#GP(201)"
        BAD_HANDLER UD, 6, "#GP(201)"
        BAD_HANDLER INT, 0x49, "#GP(200)"
        BAD_HANDLER DE, 0, "#DF(0)"
        BAD_HANDLER NP, 11, "#DF(0)"
        BAD_HANDLER PF, 14, "#DF(0)"
T "UD, the gate of a wrong type", "#GP(33)"
        movb    $CALL32, IDT + 8*6 + 5
        RAISE_UD
E
T "UD beyond the IDT", "SHUTDOWN"       /* as are #GP and #DF */
        movw    $0x2f, DATA
        movl    $IDT, DATA + 2
        lidtl   DATA
        RAISE_UD
E
T "MF beyond the IDT", "#GP(83)"
        movw    $0x77, DATA
        movl    $IDT, DATA + 2
        lidtl   DATA
        RAISE_MF
E
/* ======== the second fault is #PF: the page of the handler's stack, of level 1, is absent */
        .macro  BAD_STACK name, vector, result
T "\name at level 3, its handler's stack not mapped", "\result"
        PAGING
        INTGATE \vector, CS1, landing
        movl    $PAGES_AT + 0x20000, TSS + 12
        USER_PAGED
        .endm
        BAD_STACK "INT", 0x49, "#PF(2,41fffc)"
7:      int     $0x49
E
        BAD_STACK "UD", 6, "#PF(2,41fffc)"
7:      ud2
E
        BAD_STACK "DE", 0, "#PF(2,41fffc)"
7:      divl    %ecx
E
        BAD_STACK "GP", 13, "#PF(2,41fffc)"
7:      hlt
E
        BAD_STACK "PF", 14, "#DF(0)"
7:      movl    PAGES_AT + 0x20000, %eax
E
T "the IDT not mapped: UD", "SHUTDOWN"
        PAGING
        movl    $0, PT_KERNEL + (IDT >> 10)
        movl    %cr3, %eax
        movl    %eax, %cr3
        RAISE_UD
E
T "the GDT not mapped: a segment load", "SHUTDOWN"
        PAGING
        movl    $0, PT_KERNEL + (GDT >> 10)
        movl    %cr3, %eax
        movl    %eax, %cr3
        movl    $KDS, %eax
        movw    %ax, %es
E

/* ======== three faults */
T "GP, its gate and that of NP absent", "#DF(0)"
        NO_GATE 13, 11
        RAISE_GP
E
T "INT, its gate and that of NP absent", "#DF(0)"
        NO_GATE 0x49, 11
        RAISE_INT
E
T "UD, its gate and that of NP absent", "#DF(0)"
        NO_GATE 6, 11
        RAISE_UD
E
T "GP, its gate and that of DF absent", "SHUTDOWN"
        NO_GATE 13, 8
        RAISE_GP
E
T "INT, its gate, that of NP and that of DF absent", "SHUTDOWN"
        NO_GATE 0x49, 11, 8
        RAISE_INT
E
T "DE, its gate and that of DF absent, at level 3", "SHUTDOWN"
        NO_GATE 0, 8
        USER
        RAISE_DE
E
T "PF, the stack of the DF handler not mapped", "SHUTDOWN"
        PAGING
        NO_GATE 14
        movl    $PAGES_AT + 0x20000, TSS + 4
        USER_PAGED
        movl    PAGES_AT + 0x20000, %eax
E
T "int 8 is no double fault", "#NP(42)"
        NO_GATE 8
7:      int     $8
E
T "a fault in the handler's first insn is no double fault", "#UD 23ff0"
        movl    $0, shows_place
        INTGATE 13, KCS, 1f, INT32
        RAISE_GP
1:      lock
        nop
A
        V       f_esp
E
T "a double fault at level 3: the state is that of the first fault", "#DF(0) 1b 23 28000"
        NO_GATE 13
        USER
7:      hlt
A
        W       f_cs, f_ss
        V       f_esp
E
T "a null stack for GP at level 3: TS, then DF", "#DF(0)"
        INTGATE 13, CS1, landing, INT32
        movl    $0, TSS + 16
        USER
7:      hlt
E
T "a null stack for UD at level 3: TS", "#TS(1)"
        INTGATE 6, CS1, landing, INT32
        movl    $0, TSS + 16
        USER
7:      ud2
E

/* ======== which of two */
T "a limit before the page", "#GP(0)"
        PAGING
        GDESC   S0, PAGES_AT + 0x20000, 0xfff, DATA_RW
        movl    $S0, %eax
        movw    %ax, %es
7:      movb    %es:0x1000, %al
E
T "the level before the page", "#GP(0)"
        PAGING
        USER_PAGED
7:      lgdtl   PAGES_AT + 0x20000
E
T "no such insn before no coprocessor", "#UD"
        WRITE_CR0 8
7:      .byte   0xf0, 0xd9, 0xd0        /* lock fnop */
E
T "no coprocessor before its fault", "#NM"
        fninit
        fldcw   cw_all
        fld1
        fldz
        fdivrp
        WRITE_CR0 8
7:      fld1
E
T "a pending x87 fault before the operand's page", "#MF"
        PAGING
        fninit
        fldcw   cw_all
        fld1
        fldz
        fdivrp
7:      fldl    PAGES_AT + 0x20000
E
T "no coprocessor before the operand's limit", "#NM"
        WRITE_CR0 8
        GDESC   S0, DATA, 0, DATA_RW
        movl    $S0, %eax
        movw    %ax, %es
7:      fldl    %es:0
E
T "an x87 fault waits for the next x87 insn", "#MF"
        fninit
        fldcw   cw_all
        fld1
        fldz
        fdivrp
        nop
        fnstsw  %ax
7:      fldz
E
T "fnclex forgives", "!"
        fninit
        fldcw   cw_all
        fld1
        fldz
        fdivrp
        fnclex
        fldz
        fninit
        PASSED
E
T "two page faults: the first in the order of the insn", "#PF(0,420000)"
        PAGING
        movl    $PAGES_AT + 0x20000, %esi
        movl    $PAGES_AT + 0x30000, %edi
7:      movsb
E
T "a push from an absent page reads first", "#PF(4,420000)"
        PAGING
        USER_PAGED
        movl    $PAGES_AT + 0x30000, %esp
7:      pushl   PAGES_AT + 0x20000
E

/* ======== alignment checks: level 3, CR0.AM, EFLAGS.AC */
        .macro  AC_CASE name, result, insn:vararg
T "alignment: \name", "\result"
        movl    $0x40031, %eax
        movl    %eax, %cr0
        USER    AC | 2
        movl    $DATA + 1, %ebx
        movl    %ebx, %esi
        movl    $DATA2, %edi
7:      \insn
        STOP
A
        MASKED  f_eflags, AC
E
        .endm
        AC_CASE "a dword at 1", "#AC(0) 40000", movl (%ebx), %eax
        AC_CASE "a dword at 2", "#AC(0) 40000", movl 1(%ebx), %eax
        AC_CASE "a dword at 4", "40000", movl 3(%ebx), %eax
        AC_CASE "a word at 1", "#AC(0) 40000", movw (%ebx), %ax
        AC_CASE "a word at 2", "40000", movw 1(%ebx), %ax
        AC_CASE "a byte at 1", "40000", movb (%ebx), %al
        AC_CASE "a write", "#AC(0) 40000", movl %eax, (%ebx)
        AC_CASE "movsl from 1", "#AC(0) 40000", movsl
        AC_CASE "a double at 4", "#AC(0) 40000", fldl 3(%ebx)
        AC_CASE "a float at 4", "40000", flds 3(%ebx)
        AC_CASE "a far pointer at 1", "#AC(0) 40000", lfs (%ebx), %eax
        AC_CASE "bound at 1", "#AC(0) 40000", boundl %eax, (%ebx)
        AC_CASE "bts at 1", "#AC(0) 40000", btsl %eax, (%ebx)
T "alignment: push", "#AC(0) 27ffe"
        movl    $0x40031, %eax
        movl    %eax, %cr0
        USER    AC | 2
        subl    $2, %esp
7:      pushl   %eax
A
        V       f_esp
E
T "alignment: AC clear", "!"
        movl    $0x40031, %eax
        movl    %eax, %cr0
        USER
        movl    DATA + 1, %eax
        PASSED
E
T "alignment: AM clear", "!"
        USER    AC | 2
        movl    DATA + 1, %eax
        PASSED
E
T "alignment: level 0", "!"
        movl    $0x40031, %eax
        movl    %eax, %cr0
        pushl   $AC | 2
        popfl
        movl    DATA + 1, %eax
        PASSED
E
T "alignment: level 1", "!"
        movl    $0x40031, %eax
        movl    %eax, %cr0
        RING1   AC | 2
        movl    DATA + 1, %eax
        PASSED
E
T "alignment: set by popf at level 3", "#AC(0)"
        movl    $0x40031, %eax
        movl    %eax, %cr0
        USER
        pushl   $AC | 2
        popfl
7:      movl    DATA + 1, %eax
E
T "alignment: descriptors are read at level 0", "!"
        movl    $0x40031, %eax
        movl    %eax, %cr0
        movw    $GDT_LIMIT, DATA
        movl    $GDT_COPY, DATA + 2
        movl    $GDT, %esi
        movl    $GDT_COPY, %edi
        movl    $(GDT_LIMIT + 1) / 4, %ecx
        rep movsl
        lgdtl   DATA
        USER    AC | 2
        movl    $UDS, %eax
        movw    %ax, %es
        PASSED
E
        jmp     all_done

        .set    GDT_COPY, DATA2 + 2

        .section .rodata
        .balign 4
ones:   .long   0x1000, 0x1000
cw_all: .word   0x340
        .word   0
mxcsr_zero:
        .long   0x1d80
