/* Loads of segment registers, LDTR and TR, with every check (SDM 3A chapter 3 and §5.6-5.8; SDM 2 MOV, POP, LDS, LLDT, LTR). */
        .include "kernel.inc"

/* Access bytes that no data segment register takes: execute-only code, and every system type. */
        .macro  ROW_NO_DATA result
        ROW     "\result", CODE_X, CODE_X+DPL3, CONF_X, CONF_X+DPL3, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8b, 0x8c, 0x8d, 0x8e, 0x8f
        ROW     "\result", CODE_X+ABSENT, CONF_X+ABSENT, 0x02, 0x09, 0xe2, 0xe9
        .endm

/* Reports FS (or what the load of it met) and whether the accessed bit came. */
        .macro  LOAD_FS selector
        movl    $\selector, %ebx
7:      movw    %bx, %fs
        W       %fs
        andl    $1, %ss:GDT + S0 + 4 + 1
        V       %ss:GDT + S0 + 4 + 1
        .endm

checks:
/* ======== data segment registers: every type of descriptor */
EACH "mov fs at level 0, RPL 0, access"
ROW "80 1", DATA_R, DATA_RW, DOWN_R, DOWN_RW, CODE_RX, CONF_RX, DATA_RW+1, CODE_RX+1
ROW "80 1", DATA_RW+DPL1, DATA_RW+DPL2, DATA_RW+DPL3, CODE_RX+DPL1, CODE_RX+DPL3, CONF_RX+DPL1, CONF_RX+DPL3, DOWN_R+DPL3
ROW "#NP(80)", DATA_R+ABSENT, DATA_RW+ABSENT, DOWN_R+ABSENT, DOWN_RW+ABSENT, CODE_RX+ABSENT, CONF_RX+ABSENT, DATA_RW+DPL3+ABSENT
ROW_NO_DATA "#GP(80)"
DO
        GDESC_AL S0, 0, 0xfffff, 12
        LOAD_FS S0
E
EACH "mov fs at level 0, RPL 3, access"
ROW "83 1", DATA_R+DPL3, DATA_RW+DPL3, DOWN_RW+DPL3, CODE_RX+DPL3, CONF_RX, CONF_RX+DPL1, CONF_RX+DPL3
ROW "#GP(80)", DATA_R, DATA_RW, DATA_RW+DPL1, DATA_RW+DPL2, DOWN_RW, CODE_RX, CODE_RX+DPL2, DATA_RW+ABSENT, CODE_RX+ABSENT
ROW "#NP(80)", DATA_RW+DPL3+ABSENT, CODE_RX+DPL3+ABSENT, CONF_RX+ABSENT
DO
        GDESC_AL S0, 0, 0xfffff, 12
        LOAD_FS S0+3
E
EACH "mov fs at level 3, RPL 3, access"
ROW "83", DATA_R+DPL3, DATA_RW+DPL3, DOWN_R+DPL3, DOWN_RW+DPL3, CODE_RX+DPL3, CONF_RX, CONF_RX+DPL1, CONF_RX+DPL3
ROW "#NP(80)", DATA_RW+DPL3+ABSENT, CODE_RX+DPL3+ABSENT, CONF_RX+ABSENT, CONF_RX+DPL3+ABSENT
ROW "#GP(80)", DATA_R, DATA_RW, DATA_RW+DPL1, DATA_RW+DPL2, CODE_RX, CODE_RX+DPL1, CODE_RX+DPL2, DATA_RW+ABSENT
ROW_NO_DATA "#GP(80)"
DO
        GDESC_AL S0, 0, 0xfffff, 12
        USER
        movl    $S0+3, %ebx
7:      movw    %bx, %fs
        W       %fs
E
EACH "mov fs at level 3, RPL 0, access"
ROW "80", DATA_R+DPL3, DATA_RW+DPL3, CODE_RX+DPL3, CONF_RX, CONF_RX+DPL3
ROW "#GP(80)", DATA_RW, DATA_RW+DPL1, DATA_RW+DPL2, CODE_RX, CODE_RX+DPL2
DO
        GDESC_AL S0, 0, 0xfffff, 12
        USER
        movl    $S0, %ebx
7:      movw    %bx, %fs
        W       %fs
E
EACH "mov fs at level 1, RPL 1, access"
ROW "81", DATA_RW+DPL1, DATA_RW+DPL2, DATA_RW+DPL3, CODE_RX+DPL1, CONF_RX
ROW "#GP(80)", DATA_RW, CODE_RX, CODE_X+DPL1
DO
        GDESC_AL S0, 0, 0xfffff, 12
        RING1
        movl    $S0+1, %ebx
7:      movw    %bx, %fs
        W       %fs
E

/* ======== every data segment register: selectors */
        .irp    seg, ds, es, fs, gs
EACH "mov \seg, selector"
ROW "0", 0
ROW "1", 1
ROW "3", 3
ROW "10", KDS
ROW "1b", UCS
ROW "#GP(200)", BEYOND, BEYOND+3
ROW "#GP(1f8)", 0x1f8
ROW "#GP(204)", BEYOND+4
ROW "#GP(fffc)", 0xffff
ROW "#GP(4)", 4
ROW "#GP(28)", KTR
ROW "#GP(10)", KDS+3
DO
7:      movw    %ax, %\seg
        W       %\seg
E
T "mov \seg, null, then used", "#GP(0)"
        movw    %ax, %\seg
7:      movb    %\seg:(%ebx), %al
E
T "mov \seg, null with RPL 3, then written", "#GP(0)"
        movl    $3, %eax
        movw    %ax, %\seg
7:      movb    %al, %\seg:(%ebx)
E
T "mov \seg, refused: the register stays", "#GP(200) 10"
        movl    $BEYOND, %eax
7:      movw    %ax, %\seg
A
        W       f_\seg
E
        .endr

/* ======== SS */
        .macro  LOAD_SS selector
        movl    $\selector, %ebx
7:      movw    %bx, %ss
        W       %ss
        .endm
EACH "mov ss at level 0, RPL 0, access"
ROW "80", DATA_RW, DOWN_RW, DATA_RW+1
ROW "#SS(80)", DATA_RW+ABSENT, DOWN_RW+ABSENT
ROW "#GP(80)", DATA_R, DOWN_R, CODE_RX, CONF_RX, DATA_RW+DPL1, DATA_RW+DPL2, DATA_RW+DPL3, DATA_R+ABSENT, DATA_RW+DPL3+ABSENT
ROW_NO_DATA "#GP(80)"
DO
        GDESC_AL S0, 0, 0, 12
        testb   $4, %al                 /* expand-down or all */
        jnz     1f
        movw    $-1, GDT + S0
        orb     $0xf, GDT + S0 + 6
1:      LOAD_SS S0
E
EACH "mov ss at level 0, RPL 3, access"
ROW "#GP(80)", DATA_RW, DATA_RW+DPL3, DATA_RW+DPL1, DATA_RW+ABSENT, CODE_RX
DO
        GDESC_AL S0, 0, 0xfffff, 12
        LOAD_SS S0+3
E
EACH "mov ss at level 3, RPL 3, access"
ROW "83", DATA_RW+DPL3, DATA_RW+DPL3+1
ROW "#SS(80)", DATA_RW+DPL3+ABSENT
ROW "#GP(80)", DATA_R+DPL3, DATA_RW, DATA_RW+DPL1, DATA_RW+DPL2, CODE_RX+DPL3, CONF_RX+DPL3, 0x89, 0xe9, 0xe2
DO
        GDESC_AL S0, 0, 0xfffff, 12
        USER
        LOAD_SS S0+3
E
EACH "mov ss at level 3, selector"
ROW "#GP(0)", 0, 1, 2, 3
ROW "#GP(20)", UDS-3, UDS-2, UDS-1
ROW "23", UDS
ROW "#GP(10)", KDS, KDS+3
ROW "#GP(58)", DS1, DS1+2
ROW "#GP(18)", UCS
ROW "#GP(200)", BEYOND+3
ROW "#GP(4)", 7
DO
        USER
7:      movw    %ax, %ss
        W       %ss
E
EACH "mov ss at level 1, selector"
ROW "#GP(0)", 0, 1
ROW "59", DS1
ROW "#GP(58)", DS1-1, DS1+2
ROW "#GP(10)", KDS, KDS+1
ROW "#GP(20)", UDS-2
DO
        RING1
7:      movw    %ax, %ss
        W       %ss
E
EACH "mov ss at level 0, selector"
ROW "#GP(0)", 0, 1, 2, 3
ROW "#GP(10)", KDS+1, KDS+3
ROW "#GP(20)", UDS-3, UDS
ROW "#GP(200)", BEYOND
ROW "#GP(4)", 4
DO
7:      movw    %ax, %ss
E
T "mov ss, refused: the register stays", "#GP(0) 10"
7:      movw    %ax, %ss
A
        W       f_ss
E
T "mov ss sets the accessed bit", "f9300"
        GDESC   S0, 0, 0xfffff, DATA_RW, 0
        movl    $S0, %eax
        movw    %ax, %ss
        movl    %ss:GDT + S0 + 4, %ebx
        movl    $KDS, %eax
        movw    %ax, %ss
        V       %ebx
E

/* ======== no such registers */
        .irp    modrm, 0xc8, 0xf0, 0xf8
T "mov to CS or no segment register: 8e \modrm", "#UD"
7:      .byte   0x8e, \modrm
E
        .endr
T "mov from segment register 6", "#UD"
7:      .byte   0x8c, 0xf0
E
T "mov from segment register 7", "#UD"
7:      .byte   0x8c, 0xf8
E

/* ======== the accessed bit */
T "a load sets the accessed bit", "f9200 f9300"
        GDESC   S0, 0, 0xfffff, DATA_RW, 0
        V       GDT + S0 + 4
        movl    $S0, %eax
        movw    %ax, %ds
        V       %ss:GDT + S0 + 4
E
T "a refused load does not", "#NP(80) f1200"
        GDESC   S0, 0, 0xfffff, DATA_RW+ABSENT, 0
        movl    $S0, %eax
7:      movw    %ax, %ds
A
        V       GDT + S0 + 4
E
T "a load for lack of privilege does not", "#GP(80) f9200"
        GDESC   S0, 0, 0xfffff, DATA_RW, 0
        movl    $S0+3, %eax
7:      movw    %ax, %ds
A
        V       GDT + S0 + 4
E
T "LAR, LSL, VERR and VERW do not", "f9200"
        GDESC   S0, 0, 0xfffff, DATA_RW, 0
        movl    $S0, %ecx
        larl    %ecx, %eax
        lsll    %ecx, %eax
        verr    %cx
        verw    %cx
        V       GDT + S0 + 4
E

/* ======== POP and far pointers: on a fault nothing changes */
        .macro  POP_REFUSED insn, result, size, selector
T "\insn, refused: ESP stays", "\result"
        GDESC   S0, 0, 0xfffff, DATA_RW+ABSENT, 12
        push\size $\selector
7:      \insn
A
        V       f_esp
E
        .endm
        POP_REFUSED "popl %ds", "#NP(80) 23ffc", l, S0
        POP_REFUSED "popw %es", "#NP(80) 23ffe", w, S0
        POP_REFUSED "popl %fs", "#GP(200) 23ffc", l, BEYOND
        POP_REFUSED "popl %gs", "#GP(28) 23ffc", l, KTR
        POP_REFUSED "popl %ss", "#SS(80) 23ffc", l, S0
        POP_REFUSED "popw %ss", "#GP(0) 23ffe", w, 0
T "pop fs at level 3, DPL 0", "#GP(10) 27ffc"
        USER
        pushl   $KDS
7:      popl    %fs
A
        V       f_esp
E
T "popl gs moves ESP by 4 and ignores the upper half", "10 24000"
        pushl   $0x12340000 | KDS
        popl    %gs
        W       %gs
        V       %esp
E
T "popw gs moves ESP by 2", "10 23fff"
        subl    $1, %esp
        pushw   $KDS
        popw    %gs
        W       %gs
        V       %esp
E
T "pushl fs moves ESP by 4", "23ffc 80"
        GDESC   S0, 0, 0xfffff, DATA_RW, 12
        movl    $S0, %eax
        movw    %ax, %fs
        pushl   %fs
        movl    %esp, %eax
        V       %eax
        W       (%eax)
E
        .irp    seg, ds, es, fs, gs
T "l\seg, not present: both registers stay", "#NP(80) 0 10"
        GDESC   S0, 0, 0xfffff, DATA_RW+ABSENT, 12
        movl    $0x1234, DATA
        movl    $S0, DATA + 4
7:      l\seg   DATA, %eax
A
        V       f_eax
        W       f_\seg
E
T "l\seg", "12345678 20"
        movl    $0x12345678, DATA
        movl    $UDS-3, DATA + 4
        l\seg   DATA, %eax
        V       %eax
        W       %\seg
E
T "l\seg, 16 bits", "5678 20"
        movl    $(UDS-3) << 16 | 0x5678, DATA
        l\seg   DATA, %ax
        V       %eax
        W       %\seg
E
        .endr
T "lss, not present", "#SS(80) 24000"
        GDESC   S0, 0, 0xfffff, DATA_RW+ABSENT, 12
        movl    $0x1234, DATA
        movl    $S0, DATA + 4
7:      lssl    DATA, %esp
A
        V       f_esp
E
T "lss", "80 25000"
        GDESC   S0, 0, 0xfffff, DATA_RW, 12
        movl    $0x25000, DATA
        movl    $S0, DATA + 4
        lssl    DATA, %esp
        W       %ss
        V       %esp
E
T "lds of a register", "#UD"
7:      .byte   0xc5, 0xc0
E
T "les of a register", "#UD"
7:      .byte   0xc4, 0xc0
E
T "lss of a register", "#UD"
7:      .byte   0x0f, 0xb2, 0xc0
E

/* ======== the LDT */
        .macro  USE_LDT
        movl    $KLDT, %eax
        lldt    %ax
        .endm
T "LDT: data segment", "f f300"
        USE_LDT
        DESC    LDT, 8, 0, 0xfffff, DATA_RW+DPL3, 12
        movl    $0xf, %ebx
        movw    %bx, %es
        W       %es
        W       LDT + 12
E
T "LDT: index 0 is a segment like any other", "4 11223344"
        USE_LDT
        DESC    LDT, 0, DATA, 0xfff, DATA_RW
        movl    $0x11223344, DATA + 8
        movl    $4, %ebx
        movw    %bx, %es
        W       %es
        V       %es:8
E
EACH "LDT: selector"
ROW "7c", 0x7c
ROW "#GP(84)", 0x84, 0x87
ROW "#GP(fffc)", 0xffff
DO
        DESC    LDT, 0x78, 0, 0xfffff, DATA_RW, 12
        movl    %eax, %ebx
        USE_LDT
7:      movw    %bx, %es
        W       %es
E
EACH "LDT: limit, selector 7c"           /* all eight bytes of a descriptor must be within */
ROW "7c", 0x7f, 0x80
ROW "#GP(7c)", 0x78, 0x7e
DO
        movw    %ax, GDT + KLDT
        DESC    LDT, 0x78, 0, 0xfffff, DATA_RW, 12
        USE_LDT
        movl    $0x7c, %ebx
7:      movw    %bx, %es
        W       %es
E
EACH "GDT: limit, selector 80"
ROW "80", 0x87, 0x88
ROW "#GP(80)", 0x80, 0x84, 0x86
DO
        GDESC   S0, 0, 0xfffff, DATA_RW, 12
        movw    %ax, DATA
        movl    $GDT, DATA + 2
        lgdtl   DATA
        movl    $S0, %ebx
7:      movw    %bx, %es
        W       %es
E
T "LDT: page granular limit", "1004"
        GDESC   KLDT, LDT, 1, LOCAL_TABLE, PAGES
        DESC    LDT, 0x1000, 0, 0xfffff, DATA_RW, 12
        USE_LDT
        movl    $0x1004, %ebx
7:      movw    %bx, %es
        W       %es
E
EACH "lldt of access"
ROW "80", LOCAL_TABLE, LOCAL_TABLE+DPL3
ROW "#NP(80)", LOCAL_TABLE+ABSENT
ROW "#GP(80)", 0x80, 0x81, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8b, 0x8c, 0x8d, 0x8e, 0x8f, 0x09, DATA_RW, CODE_RX
DO
        GDESC_AL S0, LDT, LDT_LIMIT, 0
        movl    $S0, %eax
7:      lldt    %ax
        xorl    %ebx, %ebx
        sldt    %bx
        V       %ebx
E
EACH "lldt, selector"
ROW "0", 0
ROW "3", 3
ROW "33", KLDT+3
ROW "#GP(34)", KLDT+4, KLDT+7
ROW "#GP(10)", KDS
ROW "#GP(28)", KTR
ROW "#GP(200)", BEYOND
DO
7:      lldt    %ax
        xorl    %ebx, %ebx
        sldt    %bx
        V       %ebx
E
T "lldt null: no LDT", "#GP(4)"
        USE_LDT
        xorl    %eax, %eax
        lldt    %ax
        movl    $4, %eax
7:      movw    %ax, %es
E
T "lldt refused: LDTR stays", "#NP(80) 30"
        GDESC   S0, LDT, LDT_LIMIT, LOCAL_TABLE+ABSENT, 0
        USE_LDT
        movl    $S0, %eax
7:      lldt    %ax
A
        xorl    %ebx, %ebx
        sldt    %bx
        V       %ebx
E

/* ======== TR */
EACH "ltr of access"
ROW "80 8b02", TSS32
ROW "80 eb02", TSS32+DPL3
ROW "80 8302", TSS16
ROW "#NP(80)", TSS32+ABSENT, TSS16+ABSENT
ROW "#GP(80)", 0x80, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x8a, 0x8b, 0x8c, 0x8d, 0x8e, 0x8f, 0x0b, DATA_RW, CODE_RX
DO
        GDESC_AL S0, TASK2, 0x67, 0
        movl    $S0, %eax
7:      ltr     %ax
        xorl    %ebx, %ebx
        str     %bx
        V       %ebx
        W       GDT + S0 + 4
E
EACH "ltr, selector"
ROW "#GP(0)", 0, 3
ROW "#GP(28)", KTR
ROW "#GP(2c)", KTR+4
ROW "#GP(30)", KLDT
ROW "#GP(200)", BEYOND
DO
7:      ltr     %ax
E
T "ltr refused: TR stays", "#NP(80) 28 902"
        GDESC   S0, TASK2, 0x67, TSS32+ABSENT, 0
        movl    $S0, %eax
7:      ltr     %ax
A
        xorl    %ebx, %ebx
        str     %bx
        V       %ebx
        W       GDT + S0 + 4
E
T "ltr takes a TSS of any size", "80"
        GDESC   S0, TASK2, 0, TSS32, 0
        movl    $S0, %eax
        ltr     %ax
        xorl    %ebx, %ebx
        str     %bx
        V       %ebx
E

/* ======== table registers */
T "sgdt stores 32 bits of base", "1ff 20000"
        sgdtl   DATA
        W       DATA
        V       DATA + 2
E
T "lgdt with a 16-bit operand takes 24 bits of base", "12 345678"
        movw    $0x12, DATA
        movl    $0x12345678, DATA + 2
        lgdtw   DATA
        sgdtl   DATA + 8
        lgdtl   gdt_pointer
        W       DATA + 8
        V       DATA + 10
E
T "lidt with a 16-bit operand takes 24 bits of base", "12 345678"
        movw    $0x12, DATA
        movl    $0x12345678, DATA + 2
        lidtw   DATA
        sidtl   DATA + 8
        lidtl   idt_pointer
        W       DATA + 8
        V       DATA + 10
E
T "lgdt of a register", "#UD"
7:      .byte   0x0f, 0x01, 0xd8 - 0x0b
E
        jmp     all_done
