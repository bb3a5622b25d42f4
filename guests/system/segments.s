/* Segment registers: loads with every check, limits, and the insns that ask about selectors (SDM 3A chapters 3 and 5). */
        .include "kernel.inc"

/* Access bytes: P, DPL 0, S, and type. */
        .set    DATA_R, 0x90
        .set    DATA_RW, 0x92
        .set    DOWN_R, 0x94
        .set    DOWN_RW, 0x96
        .set    CODE_X, 0x98
        .set    CODE_RX, 0x9a
        .set    CONF_X, 0x9c
        .set    CONF_RX, 0x9e
        .set    DPL3, 0x60

        .macro  ZFLAG                   /* reports ZF */
        setz    %al
        movzbl  %al, %eax
        V       %eax
        .endm

checks:
/* ======== data segment registers by MOV */
        .irp    seg, ds, es, fs, gs
T "mov \seg, null", "0"
        movw    %ax, %\seg
        VS      %\seg
E
T "mov \seg, null with RPL 3", "3"
        movw    $3, %ax
        movw    %ax, %\seg
        VS      %\seg
E
T "mov \seg, null, then used", "#GP(0)"
        movw    %ax, %\seg
7:      movb    %\seg:(%ebx), %al
E
T "mov \seg, beyond the GDT", "#GP(200) 10"
        movw    $0x200, %ax
7:      movw    %ax, %\seg
A
        W       f_\seg
E
T "mov \seg, beyond the GDT, RPL 3", "#GP(200)"
        movw    $0x203, %ax
7:      movw    %ax, %\seg
E
T "mov \seg, last of the GDT", "#GP(1f8)"
        movw    $0x1f8, %ax
7:      movw    %ax, %\seg
E
T "mov \seg, LDT without LDT", "#GP(4)"
        movw    $4, %ax
7:      movw    %ax, %\seg
E
T "mov \seg, TSS", "#GP(28)"
        movw    $KTR, %ax
7:      movw    %ax, %\seg
E
T "mov \seg, execute-only code", "#GP(80)"
        GDESC   S0, 0, 0xfffff, CODE_X, 12
        movw    $S0, %ax
7:      movw    %ax, %\seg
E
T "mov \seg, readable code", "80"
        GDESC   S0, 0, 0xfffff, CODE_RX, 12
        movw    $S0, %ax
7:      movw    %ax, %\seg
        VS      %\seg
E
T "mov \seg, not present", "#NP(80)"
        GDESC   S0, 0, 0xfffff, DATA_RW & 0x7f, 12
        movw    $S0, %ax
7:      movw    %ax, %\seg
E
T "mov \seg, not present and of a wrong type", "#GP(80)"
        GDESC   S0, 0, 0xfffff, CODE_X & 0x7f, 12
        movw    $S0, %ax
7:      movw    %ax, %\seg
E
T "mov \seg, RPL 3 on DPL 0", "#GP(10)"
        movw    $KDS + 3, %ax
7:      movw    %ax, %\seg
E
T "mov \seg, level 3 on DPL 0", "#GP(10)"
        USER
        movw    $KDS, %ax
7:      movw    %ax, %\seg
E
T "mov \seg, level 3 on DPL 3", "20"
        USER
        movw    $UDS & ~3, %ax
7:      movw    %ax, %\seg
        VS      %\seg
E
T "mov \seg, level 3 on conforming code of DPL 0", "48"
        USER
        movw    $CONF, %ax
7:      movw    %ax, %\seg
        VS      %\seg
E
        .endr

/* ======== SS */
        .irp    sel, 0, 3
T "mov ss, null \sel", "#GP(0) 10"
        movw    $\sel, %ax
7:      movw    %ax, %ss
A
        W       f_ss
E
        .endr
T "mov ss, beyond the GDT", "#GP(200)"
        movw    $0x200, %ax
7:      movw    %ax, %ss
E
T "mov ss, LDT without LDT", "#GP(4)"
        movw    $4, %ax
7:      movw    %ax, %ss
E
T "mov ss, RPL 3 at level 0", "#GP(10)"
        movw    $KDS + 3, %ax
7:      movw    %ax, %ss
E
T "mov ss, DPL 3 at level 0", "#GP(20)"
        movw    $UDS & ~3, %ax
7:      movw    %ax, %ss
E
T "mov ss, DPL 3, RPL 3 at level 0", "#GP(20)"
        movw    $UDS, %ax
7:      movw    %ax, %ss
E
T "mov ss, RPL 0 at level 3", "#GP(20)"
        USER
        movw    $UDS & ~3, %ax
7:      movw    %ax, %ss
E
T "mov ss, DPL 0 at level 3", "#GP(10)"
        USER
        movw    $KDS + 3, %ax
7:      movw    %ax, %ss
E
T "mov ss, null at level 3", "#GP(0)"
        USER
        movw    $3, %ax
7:      movw    %ax, %ss
E
T "mov ss, level 3", "23"
        USER
        movw    $UDS, %ax
7:      movw    %ax, %ss
        VS      %ss
E
T "mov ss, read-only data", "#GP(80)"
        GDESC   S0, 0, 0xfffff, DATA_R, 12
        movw    $S0, %ax
7:      movw    %ax, %ss
E
T "mov ss, readable code", "#GP(80)"
        GDESC   S0, 0, 0xfffff, CODE_RX, 12
        movw    $S0, %ax
7:      movw    %ax, %ss
E
T "mov ss, not present", "#SS(80)"
        GDESC   S0, 0, 0xfffff, DATA_RW & 0x7f, 12
        movw    $S0, %ax
7:      movw    %ax, %ss
E
T "mov ss, not present and read-only", "#GP(80)"
        GDESC   S0, 0, 0xfffff, DATA_R & 0x7f, 12
        movw    $S0, %ax
7:      movw    %ax, %ss
E
T "mov ss, expand-down", "80"
        GDESC   S0, 0, 0, DOWN_RW, 12
        movw    $S0, %ax
7:      movw    %ax, %ss
        VS      %ss
E
T "mov cs", "#UD"
7:      .byte   0x8e, 0xc8
E
T "mov segment 6", "#UD"
7:      .byte   0x8e, 0xf0
E
T "mov from segment 7", "#UD"
7:      .byte   0x8c, 0xf8
E

/* ======== accessed bit */
T "a load sets the accessed bit", "f9200 f9300"
        GDESC   S0, 0, 0xfffff, DATA_RW, 0
        V       GDT + S0 + 4
        movw    $S0, %ax
        movw    %ax, %ds
        V       %ss:GDT + S0 + 4
E
T "a refused load does not", "#NP(80) f1200"
        GDESC   S0, 0, 0xfffff, DATA_RW & 0x7f, 0
        movw    $S0, %ax
7:      movw    %ax, %ds
A
        V       GDT + S0 + 4
E
T "LAR does not", "1 f9200"
        GDESC   S0, 0, 0xfffff, DATA_RW, 0
        movl    $S0, %ecx
        larl    %ecx, %eax
        ZFLAG
        V       GDT + S0 + 4
E

/* ======== the other forms of loading */
T "pop ds, not present", "#NP(80) 23ffc"
        GDESC   S0, 0, 0xfffff, DATA_RW & 0x7f, 12
        pushl   $S0
7:      popl    %ds
A
        V       f_esp
E
T "pop ss, null", "#GP(0) 23ffc"
        pushl   $0
7:      popl    %ss
A
        V       f_esp
E
T "pop fs, level 3 on DPL 0", "#GP(10)"
        USER
        pushl   $KDS
7:      popl    %fs
E
T "pop gs moves by 4", "10 24000"
        pushl   $KDS
        popl    %gs
        VS      %gs
        V       %esp
E
T "pop gs, 16 bits, moves by 2", "10 23fff"
        subl    $1, %esp
        pushw   $KDS
        popw    %gs
        VS      %gs
        V       %esp
E
        .irp    insn, lds, les, lfs, lgs
T "\insn, not present, register stays", "#NP(80) 0"
        GDESC   S0, 0, 0xfffff, DATA_RW & 0x7f, 12
        movl    $0x1234, DATA
        movl    $S0, DATA + 4
7:      \insn   DATA, %eax
A
        V       f_eax
E
T "\insn", "1234 20"
        movl    $0x1234, DATA
        movl    $UDS & ~3, DATA + 4
        \insn   DATA, %eax
        V       %eax
        .ifc    \insn, lds
        VS      %ds
        .else
        .ifc    \insn, les
        VS      %es
        .else
        .ifc    \insn, lfs
        VS      %fs
        .else
        VS      %gs
        .endif
        .endif
        .endif
E
        .endr
T "lss, not present", "#SS(80) 24000"
        GDESC   S0, 0, 0xfffff, DATA_RW & 0x7f, 12
        movl    $0x1234, DATA
        movl    $S0, DATA + 4
7:      lssl    DATA, %esp
A
        V       f_esp
E
T "lds with a register", "#UD"
7:      .byte   0xc5, 0xc0
E

/* ======== the LDT */
T "LDT: data segment", "7"
        DESC    LDT, 0, 0, 0xfffff, DATA_RW, 12
        movw    $KLDT, %ax
        lldt    %ax
        movw    $7 - 3 + 3, %bx
        DESC    LDT, 0, 0, 0xfffff, DATA_RW + DPL3, 12
        movw    %bx, %es
        VS      %es
E
T "LDT: beyond its limit", "#GP(84)"
        movw    $KLDT, %ax
        lldt    %ax
        movw    $0x87, %bx
7:      movw    %bx, %es
E
T "LDT: last descriptor", "7c"
        movw    $KLDT, %ax
        lldt    %ax
        DESC    LDT, 0x78, 0, 0xfffff, DATA_RW, 12
        movw    $0x7c, %bx
7:      movw    %bx, %es
        VS      %es
E
T "LDT: limit one short", "#GP(7c)"
        GDESC   KLDT, LDT, LDT_LIMIT - 1, 0x82, 0
        movw    $KLDT, %ax
        lldt    %ax
        DESC    LDT, 0x78, 0, 0xfffff, DATA_RW, 12
        movw    $0x7c, %bx
7:      movw    %bx, %es
E
T "GDT: limit one short", "#GP(80)"
        GDESC   S0, 0, 0xfffff, DATA_RW, 12
        movw    $S0 + 6, DATA
        movl    $GDT, DATA + 2
        lgdtl   DATA
        movw    $S0, %bx
7:      movw    %bx, %es
E
T "GDT: limit just right", "80"
        GDESC   S0, 0, 0xfffff, DATA_RW, 12
        movw    $S0 + 7, DATA
        movl    $GDT, DATA + 2
        lgdtl   DATA
        movw    $S0, %bx
7:      movw    %bx, %es
        VS      %es
E
T "lldt null", "0 #GP(4)"
        lldt    %ax
        sldt    %bx
        V       %ebx
        movw    $4, %ax
7:      movw    %ax, %es
E
T "lldt of an LDT selector", "#GP(34)"
        movw    $KLDT + 4, %ax
7:      lldt    %ax
E
T "lldt of a data segment", "#GP(10)"
        movw    $KDS, %ax
7:      lldt    %ax
E
T "lldt of a TSS", "#GP(28)"
        movw    $KTR, %ax
7:      lldt    %ax
E
T "lldt beyond the GDT", "#GP(200)"
        movw    $0x200, %ax
7:      lldt    %ax
E
T "lldt not present", "#NP(30) 0"
        GDESC   KLDT, LDT, LDT_LIMIT, 0x02, 0
        movw    $KLDT, %ax
7:      lldt    %ax
A
        sldt    %bx
        W       %ebx
E
T "lldt at level 3", "#GP(0)"
        USER
        movw    $KLDT, %ax
7:      lldt    %ax
E
T "lldt RPL is kept", "33"
        movw    $KLDT + 3, %ax
        lldt    %ax
        sldt    %bx
        V       %ebx
E

/* ======== LTR */
T "ltr null", "#GP(0)"
7:      ltr     %ax
E
T "ltr busy", "#GP(28)"
        movw    $KTR, %ax
7:      ltr     %ax
E
T "ltr of an LDT selector", "#GP(2c)"
        movw    $KTR + 4, %ax
7:      ltr     %ax
E
T "ltr of an LDT", "#GP(30)"
        movw    $KLDT, %ax
7:      ltr     %ax
E
T "ltr beyond the GDT", "#GP(200)"
        movw    $0x200, %ax
7:      ltr     %ax
E
T "ltr not present", "#NP(80) 28"
        GDESC   S0, DATA, 0x67, 0x09, 0
        movw    $S0, %ax
7:      ltr     %ax
A
        str     %bx
        W       %ebx
E
T "ltr sets the busy bit", "80 8b02"
        GDESC   S0, DATA, 0x67, 0x89, 0
        movw    $S0, %ax
        ltr     %ax
        str     %bx
        V       %ebx
        W       GDT + S0 + 4
E
T "ltr of a TSS16", "80 8302"
        GDESC   S0, DATA, 0x2b, 0x81, 0
        movw    $S0, %ax
        ltr     %ax
        str     %bx
        V       %ebx
        W       GDT + S0 + 4
E
T "ltr at level 3", "#GP(0)"
        USER
        movw    $KTR, %ax
7:      ltr     %ax
E

/* ======== tables at level 3, UMIP */
T "str, sldt, sgdt, sidt, smsw at level 3", "28 0 1ff 7ff"
        USER
        str     %ax
        V       %eax
        sldt    %ax
        V       %eax
        sgdtl   DATA
        W       DATA
        sidtl   DATA
        W       DATA
        smsw    %ax
E
        .irp    insn, "str %ax", "sldt %ax", "sgdtl DATA", "sidtl DATA", "smsw %ax"
T "UMIP: \insn at level 3", "#GP(0)"
        movl    $0x800, %eax
        movl    %eax, %cr4
        USER
7:      \insn
E
        .endr
T "UMIP at level 0", "28"
        movl    $0x800, %eax
        movl    %eax, %cr4
        xorl    %eax, %eax
        str     %ax
        V       %eax
E
        .irp    insn, "lgdtl DATA", "lidtl DATA", "lmsw %ax", "clts", "hlt", "invd", "wbinvd", "invlpg DATA", "movl %cr0, %eax", "movl %eax, %cr3", "movl %dr0, %eax", "movl %eax, %dr7", "rdmsr", "wrmsr"
T "level 3: \insn", "#GP(0)"
        USER
7:      \insn
E
        .endr
        .irp    reg, 0, 2, 3, 4
T "level 1: mov from CR\reg", "#GP(0)"
        RING1
7:      .byte   0x0f, 0x20, 0xc0 + 8 * \reg
E
        .endr
        .irp    reg, 1, 5, 6, 7
T "mov from CR\reg", "#UD"
7:      .byte   0x0f, 0x20, 0xc0 + 8 * \reg
E
T "mov to CR\reg at level 3", "#UD"
        USER
7:      .byte   0x0f, 0x22, 0xc0 + 8 * \reg
E
        .endr
T "lgdt with a register", "#UD"
7:      .byte   0x0f, 0x01, 0xd0
E
T "sgdt stores 32 bits of base", "1ff 20000"
        sgdtl   DATA
        W       DATA
        V       DATA + 2
E
T "lgdt with 16-bit operand takes 24 bits of base", "12 345678"
        movl    $GDT_LIMIT, %eax
        movw    $0x12, DATA
        movl    $0x12345678, DATA + 2
        lgdtw   DATA
        sgdtl   DATA + 8
        lgdtl   gdt_pointer
        W       DATA + 8
        V       DATA + 10
E

/* ======== LAR, LSL, VERR, VERW */
/* Every system type at level 0; reports ZF and the value. LSL's limit is 0x1234. */
        .macro  SYSTEM_TYPE type, lar, lsl
T "lar of system type \type", "\lar"
        GDESC   S0, 0x56789a, 0x1234, 0x80 + \type, 0
        movl    $0x77, %ebx
        movl    $S0, %ecx
        larl    %ecx, %ebx
        ZFLAG
        V       %ebx
E
T "lsl of system type \type", "\lsl"
        GDESC   S0, 0x56789a, 0x1234, 0x80 + \type, 0
        movl    $0x77, %ebx
        movl    $S0, %ecx
        lsll    %ecx, %ebx
        ZFLAG
        V       %ebx
E
        .endm
        SYSTEM_TYPE 0, "0 77", "0 77"
        SYSTEM_TYPE 1, "1 8100", "1 1234"
        SYSTEM_TYPE 2, "1 8200", "1 1234"
        SYSTEM_TYPE 3, "1 8300", "1 1234"
        SYSTEM_TYPE 4, "1 8400", "0 77"
        SYSTEM_TYPE 5, "1 8500", "0 77"
        SYSTEM_TYPE 6, "0 77", "0 77"
        SYSTEM_TYPE 7, "0 77", "0 77"
        SYSTEM_TYPE 8, "0 77", "0 77"
        SYSTEM_TYPE 9, "1 8900", "1 1234"
        SYSTEM_TYPE 10, "0 77", "0 77"
        SYSTEM_TYPE 11, "1 8b00", "1 1234"
        SYSTEM_TYPE 12, "1 8c00", "0 77"
        SYSTEM_TYPE 13, "0 77", "0 77"
        SYSTEM_TYPE 14, "0 77", "0 77"
        SYSTEM_TYPE 15, "0 77", "0 77"

/* Code and data types at level 0: VERR, VERW. */
        .macro  SEGMENT_TYPE name, access, verr, verw
T "verr, verw of \name", "\verr \verw"
        GDESC   S0, 0, 0x1234, \access, 0
        movl    $S0, %ecx
        verr    %cx
        ZFLAG
        verw    %cx
        ZFLAG
E
        .endm
        SEGMENT_TYPE "read-only data", DATA_R, 1, 0
        SEGMENT_TYPE "data", DATA_RW, 1, 1
        SEGMENT_TYPE "expand-down data", DOWN_RW, 1, 1
        SEGMENT_TYPE "read-only expand-down data", DOWN_R, 1, 0
        SEGMENT_TYPE "execute-only code", CODE_X, 0, 0
        SEGMENT_TYPE "readable code", CODE_RX, 1, 0
        SEGMENT_TYPE "execute-only conforming code", CONF_X, 0, 0
        SEGMENT_TYPE "readable conforming code", CONF_RX, 1, 0
        SEGMENT_TYPE "a TSS", 0x89, 0, 0
        SEGMENT_TYPE "data that is not present", DATA_RW & 0x7f, 1, 1

        .macro  ASK name, selector, want
T "level 3: verr, verw, lar, lsl of \name", "\want"
        USER
        movl    $\selector, %ecx
        verr    %cx
        ZFLAG
        verw    %cx
        ZFLAG
        larl    %ecx, %ebx
        ZFLAG
        lsll    %ecx, %ebx
        ZFLAG
E
        .endm
        ASK "DPL 0 data", KDS, "0 0 0 0"
        ASK "DPL 3 data", UDS, "1 1 1 1"
        ASK "DPL 3 data by RPL 0", UDS - 3, "1 1 1 1"
        ASK "DPL 0 code", KCS, "0 0 0 0"
        ASK "DPL 0 conforming code", CONF, "1 0 1 1"
        ASK "a DPL 0 TSS", KTR, "0 0 0 0"
        ASK "null", 0, "0 0 0 0"
        ASK "null with RPL", 3, "0 0 0 0"
        ASK "beyond the GDT", 0x200, "0 0 0 0"
        ASK "LDT without LDT", 0x4, "0 0 0 0"
T "verr: RPL 3 on DPL 0 at level 0", "0"
        movl    $KDS + 3, %ecx
        verr    %cx
        ZFLAG
E
T "lsl: page granular", "1 12345fff"
        GDESC   S0, 0, 0x12345, DATA_RW, 8
        movl    $S0, %ecx
        lsll    %ecx, %ebx
        ZFLAG
        V       %ebx
E
T "lsl: 16 bits keep the upper half", "1 77775fff"
        GDESC   S0, 0, 0x12345, DATA_RW, 8
        movl    $S0, %ecx
        movl    $0x77777777, %ebx
        lslw    %cx, %bx
        ZFLAG
        V       %ebx
E
T "lar: all attributes", "1 d0f300"
        GDESC   S0, 0x12345678, 0x12345, DATA_RW + 1 + DPL3, 13
        movl    $S0, %ecx
        larl    %ecx, %ebx
        ZFLAG
        andl    $0xfff0ffff, %ebx       /* bits 16 to 19 are undefined */
        V       %ebx
E
T "lar: 16 bits", "1 7777f300"
        GDESC   S0, 0x12345678, 0x12345, DATA_RW + 1 + DPL3, 13
        movl    $S0, %ecx
        movl    $0x77777777, %ebx
        larw    %cx, %bx
        ZFLAG
        V       %ebx
E

/* ======== ARPL */
T "arpl raises", "1 13"
        movl    $0x10, %ebx
        movl    $0x23, %ecx
        arpl    %cx, %bx
        ZFLAG
        V       %ebx
E
T "arpl leaves", "0 13"
        movl    $0x13, %ebx
        movl    $0x21, %ecx
        arpl    %cx, %bx
        ZFLAG
        V       %ebx
E
T "arpl in memory at level 3", "1 fff2"
        USER
        movl    $0xfff0, DATA
        movl    $2, %ecx
        arpl    %cx, DATA
        ZFLAG
        V       DATA
E
T "arpl: no write without change, but the operand must be writable", "#GP(0)"
        GDESC   S0, 0, 0xfffff, DATA_R, 12
        movw    $S0, %ax
        movw    %ax, %es
        movl    $3, DATA
7:      arpl    %ax, %es:DATA
E

/* ======== limits of data segments: in ES, base DATA */
        .macro  LIMIT name, want, limit, access, flags, offset, insn:vararg
T "limit: \name", "\want"
        GDESC   S0, DATA, \limit, \access, \flags
        movw    $S0, %ax
        movw    %ax, %es
        xorl    %eax, %eax
        movl    $0, DATA
        movl    $\offset, %ebx
7:      \insn
        SAY     0x21
E
        .endm
        LIMIT "last byte", "!", 0xfff, DATA_RW, 4, 0xfff, movb %es:(%ebx), %al
        LIMIT "byte behind", "#GP(0)", 0xfff, DATA_RW, 4, 0x1000, movb %es:(%ebx), %al
        LIMIT "last word", "!", 0xfff, DATA_RW, 4, 0xffe, movw %es:(%ebx), %ax
        LIMIT "word half behind", "#GP(0)", 0xfff, DATA_RW, 4, 0xfff, movw %es:(%ebx), %ax
        LIMIT "last dword", "!", 0xfff, DATA_RW, 4, 0xffc, movl %es:(%ebx), %eax
        LIMIT "dword partly behind", "#GP(0)", 0xfff, DATA_RW, 4, 0xffd, movl %es:(%ebx), %eax
        LIMIT "write behind", "#GP(0)", 0xfff, DATA_RW, 4, 0xffd, movl %eax, %es:(%ebx)
        LIMIT "add behind", "#GP(0)", 0xfff, DATA_RW, 4, 0xffd, addl %eax, %es:(%ebx)
        LIMIT "negative offset", "#GP(0)", 0xfff, DATA_RW, 4, 0xffffffff, movb %es:(%ebx), %al
        LIMIT "byte granular 0", "!", 0, DATA_RW, 4, 0, movb %es:(%ebx), %al
        LIMIT "byte granular 0, next byte", "#GP(0)", 0, DATA_RW, 4, 1, movb %es:(%ebx), %al
        LIMIT "page granular 0, last byte", "!", 0, DATA_RW, 12, 0xfff, movb %es:(%ebx), %al
        LIMIT "page granular 0, byte behind", "#GP(0)", 0, DATA_RW, 12, 0x1000, movb %es:(%ebx), %al
        LIMIT "write to read-only data", "#GP(0)", 0xfff, DATA_R, 4, 0, movb %al, %es:(%ebx)
        LIMIT "read of read-only data", "!", 0xfff, DATA_R, 4, 0, movb %es:(%ebx), %al
        LIMIT "write to readable code", "#GP(0)", 0xfff, CODE_RX, 4, 0, movb %al, %es:(%ebx)
        LIMIT "read of readable code", "!", 0xfff, CODE_RX, 4, 0xfff, movb %es:(%ebx), %al
        LIMIT "readable code, byte behind", "#GP(0)", 0xfff, CODE_RX, 4, 0x1000, movb %es:(%ebx), %al
        LIMIT "readable conforming code does not expand down", "!", 0xfff, CONF_RX, 4, 0xfff, movb %es:(%ebx), %al
        LIMIT "expand-down 32, in the hole", "#GP(0)", 0xfff, DOWN_RW, 4, 0, movb %es:(%ebx), %al
        LIMIT "expand-down 32, last of the hole", "#GP(0)", 0xfff, DOWN_RW, 4, 0xfff, movb %es:(%ebx), %al
        LIMIT "expand-down 32, half in the hole", "#GP(0)", 0xfff, DOWN_RW, 4, 0xfff, movw %es:(%ebx), %ax
        LIMIT "expand-down 32, first byte", "!", 0xfff, DOWN_RW, 4, 0x1000, movl %es:(%ebx), %eax
        LIMIT "expand-down 32, last byte", "!", 0xfff, DOWN_RW, 4, 0xffffffff, movb %es:(%ebx), %al
        LIMIT "expand-down 16, last byte", "!", 0xfff, DOWN_RW, 0, 0xffff, movb %es:(%ebx), %al
        LIMIT "expand-down 16, behind 64 KiB", "#GP(0)", 0xfff, DOWN_RW, 0, 0x10000, movb %es:(%ebx), %al
        LIMIT "expand-down 16, half behind 64 KiB", "#GP(0)", 0xfff, DOWN_RW, 0, 0xffff, movw %es:(%ebx), %ax
        LIMIT "expand-down 16, first byte", "!", 0xfff, DOWN_RW, 0, 0x1000, movl %es:(%ebx), %eax
        LIMIT "expand-down 16, in the hole", "#GP(0)", 0xfff, DOWN_RW, 0, 0xffe, movl %es:(%ebx), %eax
        LIMIT "expand-down, page granular, in the hole", "#GP(0)", 1, DOWN_RW, 12, 0x1fff, movb %es:(%ebx), %al
        LIMIT "expand-down, page granular, first byte", "!", 1, DOWN_RW, 12, 0x2000, movb %es:(%ebx), %al
        LIMIT "expand-down, empty", "#GP(0)", 0xfffff, DOWN_RW, 12, 0xffffffff, movb %es:(%ebx), %al
        LIMIT "expand-down, read-only", "#GP(0)", 0xfff, DOWN_R, 4, 0x1000, movb %al, %es:(%ebx)
        LIMIT "bt reaches beyond", "#GP(0)", 0xfff, DATA_RW, 4, 0x8000, btl %ebx, %es:0
        LIMIT "bt reaches the last dword", "!", 0xfff, DATA_RW, 4, 0x7fff, btl %ebx, %es:0
        LIMIT "bt reaches below", "#GP(0)", 0xfff, DATA_RW, 4, 0xffffffff, btl %ebx, %es:0
        LIMIT "cmpxchg8b partly behind", "#GP(0)", 0xfff, DATA_RW, 4, 0xff9, cmpxchg8b %es:(%ebx)
        LIMIT "xchg behind", "#GP(0)", 0xfff, DATA_RW, 4, 0xffd, xchgl %eax, %es:(%ebx)
        LIMIT "lea checks nothing", "!", 0xfff, DATA_RW, 4, 0x1000, leal %es:(%ebx), %eax
        LIMIT "invlpg checks nothing", "!", 0xfff, DATA_RW, 4, 0x1000, invlpg %es:(%ebx)

T "limit: bound behind", "#GP(0)"
        GDESC   S0, DATA, 6, DATA_RW, 4
        movw    $S0, %ax
        movw    %ax, %es
        xorl    %eax, %eax
7:      boundl  %eax, %es:0
E
T "limit: read of execute-only code by CS", "#GP(0)"
        GDESC   S0, 0, 0xfffff, CODE_X, 12
        ljmp    $S0, $1f
1:
7:      movl    %cs:DATA, %eax
E
T "limit: write by CS", "#GP(0)"
7:      movl    %eax, %cs:DATA
E
T "limit: read by CS", "!"
        movl    %cs:DATA, %eax
        SAY     0x21
E
/* ---- strings against limits: registers as of the fault */
        .macro  AFTER_STRING
A
        V       f_ecx
        V       f_esi
        V       f_edi
E
        .endm
T "limit: rep stosl runs into it", "#GP(0) 1 0 10"
        GDESC   S0, DATA, 0x10, DATA_RW, 4
        movw    $S0, %ax
        movw    %ax, %es
        movl    $5, %ecx
7:      rep stosl
AFTER_STRING
T "limit: rep movsb runs into it", "#GP(0) 2 29011 11"
        GDESC   S0, DATA2, 0x10, DATA_RW, 4
        movw    $S0, %ax
        movw    %ax, %es
        movl    $DATA, %esi
        movl    $0x13, %ecx
7:      rep movsb
AFTER_STRING
T "limit: rep lodsw downwards runs below 0", "#GP(0) 3 fffffffe 0"
        GDESC   S0, DATA, 0x10, DATA_RW, 4
        movw    $S0, %ax
        movw    %ax, %fs
        movl    $4, %esi
        movl    $6, %ecx
        std
7:      rep lodsw %fs:(%esi), %ax
AFTER_STRING
T "limit: rep stosl of count 0 checks nothing", "!"
        GDESC   S0, DATA, 0x10, DATA_RW, 4
        movw    $S0, %ax
        movw    %ax, %es
        movl    $0x1000, %edi
        rep stosl
        SAY     0x21
E
T "limit: repe cmpsb restores the flags of the start", "#GP(0) 3 2 2 46"
        GDESC   S0, DATA, 1, DATA_RW, 4
        movw    $S0, %ax
        movw    %ax, %es
        movw    %ax, %ds
        movl    $5, %ecx
        xorl    %eax, %eax
7:      repe cmpsb
A
        V       f_ecx
        V       f_esi
        V       f_edi
        V       f_eflags
E

/* ======== stacks at level 3 with limits: SS base DATA */
        .macro  STACK name, want, limit, access, flags, esp, insn:vararg
T "stack: \name", "\want"
        GDESC   S0, DATA, \limit, \access + DPL3, \flags
        USER
        movl    $S0 + 3, %eax
        movl    $\esp, %ebx
        movw    %ax, %ss
        movl    %ebx, %esp
        movl    %ebx, %ebp
7:      \insn
8:      ud2
A
        V       f_esp
E
        .endm
        STACK "push", "#UD! ff8", 0xfff, DATA_RW, 4, 0xffc, pushl %eax
        STACK "push behind the limit", "#SS(0) 1002", 0xfff, DATA_RW, 4, 0x1002, pushl %eax
        STACK "push below 0", "#SS(0) 2", 0xfff, DATA_RW, 4, 2, pushl %eax
        STACK "push to 0", "#UD! 0", 0xfff, DATA_RW, 4, 4, pushl %eax
        STACK "pop behind the limit", "#SS(0) ffe", 0xfff, DATA_RW, 4, 0xffe, popl %eax
        STACK "pop to the limit", "#UD! 1000", 0xfff, DATA_RW, 4, 0xffc, popl %eax
        STACK "16-bit push keeps the upper half", "#UD! 1234000c", 0xfff, DATA_RW, 0, 0x12340010, pushl %eax
        STACK "16-bit push wraps", "#UD! 1234fffe", 0xffff, DATA_RW, 0, 0x12340000, pushw %ax
        STACK "16-bit push of a dword half around", "#SS(0) 12340002", 0xffff, DATA_RW, 0, 0x12340002, pushl %eax
        STACK "16-bit pop wraps", "#UD! 12340000", 0xffff, DATA_RW, 0, 0x1234fffe, popw %ax
        STACK "expand-down push to the edge", "#UD! 1000", 0xfff, DOWN_RW, 4, 0x1004, pushl %eax
        STACK "expand-down push over the edge", "#SS(0) 1002", 0xfff, DOWN_RW, 4, 0x1002, pushl %eax
        STACK "read by EBP behind", "#SS(0) ffe", 0xfff, DATA_RW, 4, 0xffe, movl (%ebp), %eax
        STACK "read by ESP behind", "#SS(0) ffe", 0xfff, DATA_RW, 4, 0xffe, movl (%esp), %eax
        STACK "read by EBX behind with SS", "#SS(0) ffe", 0xfff, DATA_RW, 4, 0xffe, movl %ss:(%ebx), %eax
        STACK "read by EBP with DS", "#UD! ffe", 0xfff, DATA_RW, 4, 0xffe, movl %ds:(%ebp), %eax
        STACK "call behind", "#SS(0) 1002", 0xfff, DATA_RW, 4, 0x1002, call . + 5
        STACK "ret behind", "#SS(0) ffe", 0xfff, DATA_RW, 4, 0xffe, ret
        STACK "pushal partly below 0", "#SS(0) 1c", 0xfff, DATA_RW, 4, 0x1c, pushal
        STACK "popal partly behind", "#SS(0) fe4", 0xfff, DATA_RW, 4, 0xfe4, popal
        STACK "enter below 0", "#SS(0) 2", 0xfff, DATA_RW, 4, 2, enter $0\, $0
        STACK "enter with a frame below 0", "#SS(0) 8", 0xfff, DATA_RW, 4, 8, enter $0x10\, $0
        STACK "leave behind", "#SS(0) ffe", 0xfff, DATA_RW, 4, 0xffe, leave
        STACK "pushf behind", "#SS(0) 1002", 0xfff, DATA_RW, 4, 0x1002, pushfl
        STACK "push of memory behind", "#SS(0) 1002", 0xfff, DATA_RW, 4, 0x1002, pushl DATA
        STACK "lret behind", "#SS(0) ffa", 0xfff, DATA_RW, 4, 0xffa, lret
        STACK "iret behind", "#SS(0) ff6", 0xfff, DATA_RW, 4, 0xff6, iretl

/* ======== limits of code */
        .macro  CODE name, want, limit, insn:vararg
T "code: \name", "\want"
        GDESC   S0, 0, \limit, CODE_RX, 4
        ljmp    $S0, $1f
1:
7:      \insn
8:      ud2
E
        .endm
        CODE "jump behind the limit", "#GP(0)", 0xffff, jmp 0x10000
        CODE "jump by register behind the limit", "#GP(0)", 0xffff, jmp *wild
        CODE "call behind the limit", "#GP(0)", 0xffff, call 0x10000
        CODE "taken jz behind the limit", "#GP(0)", 0xffff, jz 0x10000
        CODE "jnz not taken", "#UD!", 0xffff, jnz 0x10000
T "code: ret behind the limit", "#GP(0) 23ffc"
        GDESC   S0, 0, 0xffff, CODE_RX, 4
        ljmp    $S0, $1f
1:      pushl   $0x10000
7:      ret
A
        V       f_esp
E
T "code: call behind the limit leaves the stack", "#GP(0) 24000"
        GDESC   S0, 0, 0xffff, CODE_RX, 4
        ljmp    $S0, $1f
1:
7:      call    0x10000
A
        V       f_esp
E
T "code: runs over the limit", "#GP(0) 10 80"
        GDESC   S0, DATA, 0xf, CODE_RX, 4
        movl    $0x90909090, DATA + 12
        ljmp    $S0, $0xc
A
        V       f_eip
        W       f_cs
E
T "code: insn over the limit", "#GP(0) f 80"
        GDESC   S0, DATA, 0xf, CODE_RX, 4
        movl    $0xb8909090, DATA + 12
        ljmp    $S0, $0xc
A
        V       f_eip
        W       f_cs
E
T "code: ljmp behind the limit", "#GP(0)"
        GDESC   S0, 0, 0xfff, CODE_RX, 4
7:      ljmp    $S0, $0x1000
E
T "code: 15 bytes", "!"
        .rept   14
        .byte   0x26
        .endr
        nop
        SAY     0x21
E
T "code: 16 bytes", "#GP(0)"
7:      .rept   15
        .byte   0x26
        .endr
        nop
E
        jmp     all_done

        .data
wild:   .long   0x10000
