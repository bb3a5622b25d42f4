/* Far jumps, calls and returns without gates, and IRET within protected mode (SDM 3A §5.8.1, SDM 2 JMP, CALL, RET, IRET). */
        .include "kernel.inc"

/* Access bytes that no far transfer takes; gates and TSSs have images of their own. */
        .macro  ROW_NO_CODE result
        ROW     "\result", DATA_R, DATA_RW, DOWN_R, DOWN_RW, DATA_RW+DPL3, DATA_RW+ABSENT, 0x80, 0x82, 0x86, 0x87, 0x88, 0x8a, 0x8d, 0x8e, 0x8f, 0x00, 0x02, 0x0f
        .endm
/* Reports the access byte of S0 after the fact. */
        .macro  SHOW_S0_ACCESS
        movzbl  GDT + S0 + 5, %eax
        V       %eax
        .endm

checks:
/* ======== JMP and CALL to a code segment */
EACH "jmp far at level 0, RPL 0, access"
ROW "@80 99", CODE_X, CODE_X+1
ROW "@80 9b", CODE_RX
ROW "@80 9d", CONF_X
ROW "@80 9f", CONF_RX
ROW "#GP(80) ba", CODE_RX+DPL1
ROW "#GP(80) fa", CODE_RX+DPL3
ROW "#GP(80) be", CONF_RX+DPL1
ROW "#GP(80) fe", CONF_RX+DPL3
ROW "#NP(80) 1a", CODE_RX+ABSENT
ROW "#NP(80) 1e", CONF_RX+ABSENT
ROW "#GP(80) 7a", CODE_RX+DPL3+ABSENT
DO
        GDESC_AL S0, 0, 0xfffff, 12
7:      ljmp    $S0, $landing
A
        SHOW_S0_ACCESS
E
        .irp    insn, ljmp, lcall
EACH "\insn at level 0 to what is no code, access"
ROW_NO_CODE "#GP(80) 24000"
DO
        GDESC_AL S0, 0, 0xfffff, 12
7:      \insn   $S0, $landing
A
        V       f_esp
E
EACH "\insn at level 0, RPL 3, access"
ROW "@80", CONF_X, CONF_RX
ROW "#GP(80)", CODE_X, CODE_RX, CODE_RX+DPL3, CONF_RX+DPL1, CONF_RX+DPL3
DO
        GDESC_AL S0, 0, 0xfffff, 12
7:      \insn   $S0+3, $landing
E
EACH "\insn at level 3, RPL 3, access"
ROW "@83", CODE_X+DPL3, CODE_RX+DPL3, CONF_X, CONF_RX, CONF_RX+DPL1, CONF_RX+DPL2, CONF_RX+DPL3
ROW "#GP(80)", CODE_X, CODE_RX, CODE_RX+DPL1, CODE_RX+DPL2, CODE_RX+ABSENT
ROW "#NP(80)", CODE_RX+DPL3+ABSENT, CONF_RX+ABSENT
ROW_NO_CODE "#GP(80)"
DO
        GDESC_AL S0, 0, 0xfffff, 12
        USER
7:      \insn   $S0+3, $landing
E
EACH "\insn at level 3, RPL 0, access"
ROW "@83", CODE_RX+DPL3, CONF_RX, CONF_RX+DPL3
ROW "#GP(80)", CODE_RX, CODE_RX+DPL2
DO
        GDESC_AL S0, 0, 0xfffff, 12
        USER
7:      \insn   $S0, $landing
E
EACH "\insn at level 1, RPL 1, access"
ROW "@81", CODE_RX+DPL1, CONF_RX, CONF_RX+DPL1
ROW "#GP(80)", CODE_RX, CODE_RX+DPL3, CONF_RX+DPL3
DO
        GDESC_AL S0, 0, 0xfffff, 12
        RING1
7:      \insn   $S0+1, $landing
E
T "\insn at level 1, RPL 2", "#GP(50)"
        RING1
7:      \insn   $CS1+1, $landing
E
EACH "\insn through memory, selector"
ROW "@8", KCS
ROW "#GP(0)", 0, 1, 2, 3
ROW "#GP(200)", BEYOND, BEYOND+3
ROW "#GP(204)", BEYOND+4
ROW "#GP(4)", 4
ROW "#GP(10)", KDS
ROW "#GP(30)", KLDT
DO
        movl    $landing, DATA
        movw    %ax, DATA + 4
7:      \insn   *DATA
E
T "\insn, offset behind the limit", "#GP(0) 24000 8"
        GDESC   S0, 0, 0xfff, CODE_RX, 4
7:      \insn   $S0, $landing
A
        V       f_esp, f_cs
E
T "\insn, LDT", "@7"
        DESC    LDT, 4, 0, 0xffff, CODE_RX+DPL3, 4
        movl    $KLDT, %eax
        lldt    %ax
        USER
7:      \insn   $7, $landing
E
        .endr
T "jmp far with a 16-bit operand", "@38"
        .byte   0x66, 0xea
        .word   landing, KCS16
E
T "call far", "@8 23ff8 0 8"
        lcall   $KCS, $landing
8:
A
        V       f_esp
        RETURN_FRAME 2
E
T "call far with a 16-bit operand", "@38 23ffc 0 8"
        .byte   0x66, 0x9a
        .word   landing, KCS16
8:
A
        V       f_esp
        RETURN_FRAME16 2
E
T "call far, no room on the stack", "SHUTDOWN"   /* nor is there for the #SS */
        GDESC   S0, DATA, 0xfff, DATA_RW, 4
        movl    $S0, %eax
        movw    %ax, %ss
        movl    $7, %esp
        lcall   $KCS, $landing
E
T "call far at level 3, no room on the stack", "#SS(0) 7"
        GDESC   S0, DATA, 0xfff, DATA_RW+DPL3, 4
        USER
        movl    $S0+3, %eax
        movw    %ax, %ss
        movl    $7, %esp
7:      lcall   $UCS, $landing
A
        V       f_esp
E
T "to 16-bit code and back", "1234 9abcdef0 8 24000"
        ljmp    $KCS16, $1f
        .code16
1:      movl    $0x9abcdef0, %ebx
        movw    $0x1234, %ax
        ljmpl   $KCS, $1f
        .code32
1:      V       %eax, %ebx
        W       %cs
        V       %esp
E
T "a 16-bit call of 32-bit code", "8 23ff4 24000"
        ljmp    $KCS16, $1f
        .code16
1:      movl    $KSTACK, %esp
        .byte   0x66, 0x9a              /* lcalll */
        .long   2f
        .word   KCS
        ljmpl   $KCS, $3f
        .code32
2:      pushl   $0
        W       %cs
        V       %esp
        popl    %eax
        lret
3:      V       %esp
E
T "near jump by register with a 16-bit operand uses 16 bits of it", "@8"
        movl    $landing, %eax
        orl     $0xfffc0000, %eax
        .byte   0x66, 0xff, 0xe0        /* jmp *%ax */
E

/* ======== far returns */
        .macro  PUSH_RETURN selector, ss=UDS
        pushl   $\ss
        pushl   $STACK3
        pushl   $\selector
        pushl   $landing
        .endm
EACH "retf at level 0, RPL 0, access"
ROW "@80 9b", CODE_RX
ROW "@80 9f", CONF_RX
ROW "#GP(80) ba", CODE_RX+DPL1
ROW "#GP(80) fa", CODE_RX+DPL3
ROW "#GP(80) be", CONF_RX+DPL1
ROW "#GP(80) 92", DATA_RW
ROW "#GP(80) 8c", CALL32
ROW "#GP(80) 89", TSS32
ROW "#NP(80) 1a", CODE_RX+ABSENT
ROW "#GP(80) 7a", CODE_RX+DPL3+ABSENT
DO
        GDESC_AL S0, 0, 0xfffff, 12
        PUSH_RETURN S0
7:      lret
A
        SHOW_S0_ACCESS
E
EACH "retf at level 0, RPL 3, access"
ROW "@83 fb", CODE_RX+DPL3
ROW "@83 9f", CONF_RX
ROW "@83 bf", CONF_RX+DPL1
ROW "@83 ff", CONF_RX+DPL3
ROW "#GP(80) 9a", CODE_RX
ROW "#GP(80) ba", CODE_RX+DPL1
ROW "#GP(80) f2", DATA_RW+DPL3
ROW "#NP(80) 7a", CODE_RX+DPL3+ABSENT
ROW "#NP(80) 1e", CONF_RX+ABSENT
DO
        GDESC_AL S0, 0, 0xfffff, 12
        PUSH_RETURN S0+3
7:      lret
A
        SHOW_S0_ACCESS
E
EACH "retf at level 3, access"
ROW "@83", CODE_RX+DPL3, CONF_RX, CONF_RX+DPL3
ROW "#GP(80)", CODE_RX, CODE_RX+DPL2, DATA_RW+DPL3
ROW "#NP(80)", CODE_RX+DPL3+ABSENT
DO
        GDESC_AL S0, 0, 0xfffff, 12
        USER
        pushl   $S0+3
        pushl   $landing
7:      lret
E
EACH "retf at level 1, selector"
ROW "@51", CS1
ROW "@62", CS2
ROW "@1b", UCS
ROW "#GP(8)", KCS, KCS+1
ROW "#GP(50)", CS1-1
ROW "#GP(0)", 0, 1
DO
        RING1
        pushl   $UDS
        cmpb    $CS2, %al
        jne     1f
        movl    $DS2, (%esp)
1:      pushl   $STACK3
        pushl   %eax
        pushl   $landing
7:      lret
E
EACH "retf, selector"
ROW "#GP(0)", 0, 3
ROW "#GP(200)", BEYOND, BEYOND+3
ROW "#GP(4)", 7
ROW "#GP(18)", UCS-3
ROW "@1b", UCS
DO
        PUSH_RETURN 0
        movl    %eax, 4(%esp)
7:      lret
E
T "retf at level 3 to level 0", "#GP(8) 27ff8"
        USER
        pushl   $KCS
        pushl   $landing
7:      lret
A
        V       f_esp
E
T "retf, offset behind the limit", "#GP(0) 8 23ff0"
        GDESC   S0, 0, 0xfff, CODE_RX, 4
        PUSH_RETURN S0
7:      lret
A
        V       f_cs, f_esp
E
T "retf to level 3, offset behind the limit", "#GP(0) 8 23ff0"
        GDESC   S0, 0, 0xfff, CODE_RX+DPL3, 4
        PUSH_RETURN S0+3
7:      lret
A
        V       f_cs, f_esp
E
EACH "retf to level 3, stack, access"
ROW "@1b f3", DATA_RW+DPL3
ROW "#GP(80) f0", DATA_R+DPL3
ROW "#GP(80) 92", DATA_RW
ROW "#GP(80) fa", CODE_RX+DPL3
ROW "#GP(80) d2", DATA_RW+DPL2
ROW "#GP(80) e2", 0xe2
ROW "#SS(80) 72", DATA_RW+DPL3+ABSENT
ROW "#GP(80) 70", DATA_R+DPL3+ABSENT
DO
        GDESC_AL S0, 0, 0xfffff, 12
        PUSH_RETURN UCS, S0+3
7:      lret
A
        SHOW_S0_ACCESS
E
        .irp    insn, lret, iretl
EACH "\insn to level 3, stack selector"
ROW "@1b", UDS
ROW "#GP(0)", 0, 3
ROW "#GP(20)", UDS-3, UDS-1
ROW "#GP(10)", KDS+3
ROW "#GP(200)", BEYOND+3
ROW "#GP(4)", 7
DO
        pushl   %eax
        pushl   $STACK3
        .ifc    \insn, iretl
        pushl   $2
        .endif
        pushl   $UCS
        pushl   $landing
7:      \insn
E
        .endr
T "retf to level 3", "@1b 23 28000"
        PUSH_RETURN UCS
        lret
A
        V       f_ss, f_esp
E
T "retf n to level 3 releases parameters on both stacks", "@1b 23 28008"
        pushl   $UDS
        pushl   $STACK3
        pushl   $0x11
        pushl   $0x22
        pushl   $UCS
        pushl   $landing
        lret    $8
A
        V       f_ss, f_esp
E
T "retf n at the same level", "@8 24000"
        pushl   $0x11
        pushl   $0x22
        pushl   $KCS
        pushl   $landing
        lret    $8
A
        V       f_esp
E
T "retf with a 16-bit operand to level 3", "@1b 23 7000"
        pushw   $UDS
        pushw   $0x7000
        pushw   $UCS
        pushw   $landing
        lretw
A
        W       f_ss, f_esp
E
T "retf with a 16-bit operand at the same level", "@8 24000"
        pushw   $KCS
        pushw   $landing
        lretw
A
        V       f_esp
E
T "retf to level 3 drops what level 3 may not hold", "@1b 0 0 23 48"
        movl    $KDS, %eax
        movw    %ax, %ds
        movl    $KCS, %eax
        movw    %ax, %es
        movl    $UDS, %eax
        movw    %ax, %fs
        movl    $CONF, %eax
        movw    %ax, %gs
        PUSH_RETURN UCS
        lret
A
        W       f_ds, f_es, f_fs, f_gs
E
T "iret to level 3 drops what level 3 may not hold", "@1b 23 48 0 0"
        movl    $UDS, %eax
        movw    %ax, %ds
        movl    $CONF, %eax
        movw    %ax, %es
        movl    $DS1, %eax
        movw    %ax, %fs
        movl    $KCS, %eax
        movw    %ax, %gs
        pushl   $UDS
        pushl   $STACK3
        pushl   $2
        pushl   $UCS
        pushl   $landing
        iretl
A
        W       f_ds, f_es, f_fs, f_gs
E
T "retf to level 1 keeps what level 1 may hold", "@51 0 59 23 0"
        movl    $KDS, %eax
        movw    %ax, %ds
        movl    $DS1, %eax
        movw    %ax, %es
        movl    $UDS, %eax
        movw    %ax, %fs
        xorl    %eax, %eax
        movw    %ax, %gs
        pushl   $DS1
        pushl   $STACK1
        pushl   $CS1
        pushl   $landing
        lret
A
        W       f_ds, f_es, f_fs, f_gs
E
T "retf: the outer stack is 16 bits wide", "@1b 8000"
        GDESC   S0, 0x20000, 0xffff, DATA_RW+DPL3, 0
        pushl   $S0+3
        pushl   $0x12348000
        pushl   $UCS
        pushl   $landing
        lret
A
        W       f_esp
E

/* ======== IRET: code segments */
EACH "iret at level 0, RPL 0, access"
ROW "@80", CODE_X, CODE_RX, CONF_RX
ROW "#GP(80)", CODE_RX+DPL1, CODE_RX+DPL3, CONF_RX+DPL3, DATA_RW, CALL32, TSS32, CODE_RX+DPL3+ABSENT
ROW "#NP(80)", CODE_RX+ABSENT, CONF_RX+ABSENT
DO
        GDESC_AL S0, 0, 0xfffff, 12
        pushl   $2
        pushl   $S0
        pushl   $landing
7:      iretl
E
EACH "iret to level 3, access"
ROW "@83", CODE_X+DPL3, CODE_RX+DPL3, CONF_RX, CONF_RX+DPL1, CONF_RX+DPL3
ROW "#GP(80)", CODE_RX, CODE_RX+DPL1, CODE_RX+DPL2, DATA_RW+DPL3, CALL32+DPL3
ROW "#NP(80)", CODE_RX+DPL3+ABSENT, CONF_RX+ABSENT
DO
        GDESC_AL S0, 0, 0xfffff, 12
        pushl   $UDS
        pushl   $STACK3
        pushl   $2
        pushl   $S0+3
        pushl   $landing
7:      iretl
E
EACH "iret to level 3, stack, access"
ROW "@1b", DATA_RW+DPL3
ROW "#GP(80)", DATA_R+DPL3, DATA_RW, CODE_RX+DPL3, 0xe9
ROW "#SS(80)", DATA_RW+DPL3+ABSENT
DO
        GDESC_AL S0, 0, 0xfffff, 12
        pushl   $S0+3
        pushl   $STACK3
        pushl   $2
        pushl   $UCS
        pushl   $landing
7:      iretl
E
EACH "iret, selector"
ROW "@8", KCS
ROW "@1b", UCS
ROW "#GP(0)", 0, 3
ROW "#GP(200)", BEYOND
ROW "#GP(4)", 4
DO
        pushl   $UDS
        pushl   $STACK3
        pushl   $2
        pushl   %eax
        pushl   $landing
7:      iretl
E
T "iret at level 3 to level 0", "#GP(8) 27ff4"
        USER
        pushl   $2
        pushl   $KCS
        pushl   $landing
7:      iretl
A
        V       f_esp
E
T "iret to level 3, offset behind the limit", "#GP(0) 8 23fec"
        GDESC   S0, 0, 0xfff, CODE_RX+DPL3, 4
        pushl   $UDS
        pushl   $STACK3
        pushl   $2
        pushl   $S0+3
        pushl   $landing
7:      iretl
A
        V       f_cs, f_esp
E
T "iret at level 0", "@8 24000"
        pushl   $2
        pushl   $KCS
        pushl   $landing
        iretl
A
        V       f_esp
E
T "iret with a 16-bit operand", "@8 24000 40602"
        pushl   $AC | 2
        popfl
        pushw   $0x602
        pushw   $KCS
        pushw   $landing
        iretw
A
        V       f_esp
        MASKED  f_eflags, 0x247702
E
T "iret with a 16-bit operand to level 3", "@1b 23 7000"
        pushw   $UDS
        pushw   $0x7000
        pushw   $2
        pushw   $UCS
        pushw   $landing
        iretw
A
        W       f_ss, f_esp
E

/* ======== IRET: flags */
T "iret at level 0 loads all flags", "@8 247602"
        pushl   $0x247602
        pushl   $KCS
        pushl   $landing
        iretl
A
        MASKED  f_eflags, 0x3e7702
E
T "iret to level 3 loads all flags", "@1b 247602"
        pushl   $UDS
        pushl   $STACK3
        pushl   $0x247602
        pushl   $UCS
        pushl   $landing
        iretl
A
        MASKED  f_eflags, 0x3e7702
E
T "iret at level 3, IOPL 0, keeps IOPL and IF", "@1b 244402"
        USER
        pushl   $0x247602
        pushl   $UCS
        pushl   $landing
        iretl
A
        MASKED  f_eflags, 0x3e7702
E
T "iret at level 3, IOPL 3, loads IF, not IOPL", "@1b 3202"
        USER    0x3002
        pushl   $0x0202
        pushl   $UCS
        pushl   $landing
        iretl
A
        MASKED  f_eflags, 0x3e7702
E
T "iret at level 1, IOPL 1, loads IF, not IOPL", "@51 1202"
        RING1   0x1002
        pushl   $0x3202
        pushl   $CS1
        pushl   $landing
        iretl
A
        MASKED  f_eflags, 0x3e7702
E
T "iret from 1 to 3 by IOPL 0 keeps IF", "@1b 2"
        RING1
        pushl   $UDS
        pushl   $STACK3
        pushl   $0x3202
        pushl   $UCS
        pushl   $landing
        iretl
A
        MASKED  f_eflags, 0x3e7702
E
T "iret at level 3 does not load VM", "@1b 2"
        movl    landing, %eax           /* below the image: where it leads to, and would in V86 */
        movl    %eax, 0xa00
        movl    %eax, 0xa00 + (UCS << 4)
        USER
        pushl   $VM | 2
        pushl   $UCS
        pushl   $0xa00
        iretl
A
        MASKED  f_eflags, 0x3e7702
E
T "iret at level 3 does not load VIF and VIP", "@1b 2"
        USER
        pushl   $VIF | VIP | 2
        pushl   $UCS
        pushl   $landing
        iretl
A
        MASKED  f_eflags, 0x3e7702
E
T "iret at level 0 loads VIF and VIP", "@8 180002"
        pushl   $VIF | VIP | 2
        pushl   $KCS
        pushl   $landing
        iretl
A
        MASKED  f_eflags, 0x3e7702
E
        jmp     all_done
