/* Insns that ask about selectors: LAR, LSL, VERR, VERW, ARPL (SDM 2, SDM 3A §5.10). */
        .include "kernel.inc"

/* ZF and the value of LAR and of LSL for S0 (with RPL), then ZF of VERR and of VERW. */
        .macro  ASK selector
        movl    $\selector, %ecx
        movl    $0x77, %ebx
        movl    $0x77, %edx
        larl    %ecx, %ebx
        jz      1f
        cmpl    $0x77, %ebx
        jne     9f
        xorl    %ebx, %ebx
1:      lsll    %ecx, %edx
        jz      1f
        cmpl    $0x77, %edx
        jne     9f
        xorl    %edx, %edx
1:      andl    $0xfff0ffff, %ebx       /* bits 16 to 19 are undefined */
        V       %ebx, %edx
        verr    %cx
        ZFLAG
        verw    %cx
        ZFLAG
        .endm

checks:
/* ======== every type at level 0: LAR, LSL (0 where refused), VERR, VERW */
EACH "lar, lsl, verr, verw at level 0, system type"
ROW "0 0 0 0", 0x80, 0x86, 0x87, 0x88, 0x8a, 0x8d, 0x8e, 0x8f
ROW "8100 1234 0 0", 0x81
ROW "8200 1234 0 0", 0x82
ROW "8300 1234 0 0", 0x83
ROW "8400 0 0 0", 0x84
ROW "8500 0 0 0", 0x85
ROW "8900 1234 0 0", 0x89
ROW "8b00 1234 0 0", 0x8b
ROW "8c00 0 0 0", 0x8c
DO
        GDESC_AL S0, 0, 0x1234, 0
        ASK     S0
E
EACH "lar, lsl, verr, verw at level 0, segment type"
ROW "409000 1234 1 0", 0x90
ROW "409100 1234 1 0", 0x91
ROW "409200 1234 1 1", 0x92
ROW "409300 1234 1 1", 0x93
ROW "409400 1234 1 0", 0x94
ROW "409600 1234 1 1", 0x96
ROW "409800 1234 0 0", 0x98
ROW "409a00 1234 1 0", 0x9a
ROW "409b00 1234 1 0", 0x9b
ROW "409c00 1234 0 0", 0x9c
ROW "409e00 1234 1 0", 0x9e
ROW "40fe00 1234 1 0", 0xfe
ROW "40f200 1234 1 1", 0xf2
ROW "401200 1234 1 1", 0x12             /* absence does not matter */
ROW "400900 1234 0 0", 0x09
DO
        GDESC_AL S0, 0, 0x1234
        ASK     S0
E
EACH "lar, lsl, verr, verw at level 3, RPL 3, access"
ROW "40f200 1234 1 1", 0xf2
ROW "40f000 1234 1 0", 0xf0
ROW "40fa00 1234 1 0", 0xfa
ROW "40f800 1234 0 0", 0xf8
ROW "409e00 1234 1 0", 0x9e
ROW "409c00 1234 0 0", 0x9c
ROW "40e900 1234 0 0", 0xe9
ROW "40e200 1234 0 0", 0xe2
ROW "40ec00 0 0 0", 0xec
ROW "0 0 0 0", 0x92, 0xb2, 0xd2, 0x9a, 0xba, 0xda, 0x89, 0x82, 0x8c, 0xc9, 0xee
DO
        GDESC_AL S0, 0, 0x1234
        USER
        ASK     S0+3
E
EACH "lar, lsl, verr, verw at level 3, RPL 0, access"
ROW "40f200 1234 1 1", 0xf2
ROW "409e00 1234 1 0", 0x9e
ROW "0 0 0 0", 0x92, 0x9a, 0x89
DO
        GDESC_AL S0, 0, 0x1234
        USER
        ASK     S0
E
EACH "lar, lsl, verr, verw at level 0, RPL 3, access"
ROW "40f200 1234 1 1", 0xf2
ROW "409e00 1234 1 0", 0x9e
ROW "0 0 0 0", 0x92, 0xd2, 0x9a, 0x89
DO
        GDESC_AL S0, 0, 0x1234
        ASK     S0+3
E
EACH "lar, lsl, verr, verw at level 1, RPL 2, access"
ROW "40d200 1234 1 1", 0xd2
ROW "0 0 0 0", 0xb2, 0x92
DO
        GDESC_AL S0, 0, 0x1234
        RING1
        ASK     S0+2
E

/* ======== selectors that are refused */
EACH "lar, lsl, verr, verw of selector"
ROW "0 0 0 0", 0, 3, BEYOND, BEYOND+3, 4, 0xffff
DO
        movl    %eax, %esi
        movl    $0x77, %edx
        larl    %esi, %edx
        ZFLAG
        lsll    %esi, %edx
        ZFLAG
        verr    %si
        ZFLAG
        verw    %si
        ZFLAG
        cmpl    $0x77, %edx
        je      1f
        PASSED
1:
E
T "verr of a descriptor half behind the limit", "0"
        GDESC   S0, 0, 0xfffff, DATA_RW, 12
        movw    $S0 + 6, DATA
        movl    $GDT, DATA + 2
        lgdtl   DATA
        movl    $S0, %ecx
        verr    %cx
        ZFLAG
E
T "verr in the LDT", "1"
        DESC    LDT, 8, 0, 0xfffff, DATA_RW, 12
        movl    $KLDT, %eax
        lldt    %ax
        movl    $12, %ecx
        verr    %cx
        ZFLAG
E

/* ======== values, operand sizes */
T "lsl: page granular", "1 12345fff"
        GDESC   S0, 0, 0x12345, DATA_RW, PAGES
        movl    $S0, %ecx
        lsll    %ecx, %ebx
        ZFLAG
        V       %ebx
E
T "lsl: expand-down, as it stands", "1 1234"
        GDESC   S0, 0, 0x1234, DOWN_RW
        movl    $S0, %ecx
        lsll    %ecx, %ebx
        ZFLAG
        V       %ebx
E
T "lsl: 16 bits keep the upper half", "1 77775fff"
        GDESC   S0, 0, 0x12345, DATA_RW, PAGES
        movl    $S0, %ecx
        movl    $0x77777777, %ebx
        lslw    %cx, %bx
        ZFLAG
        V       %ebx
E
T "lar: all attributes", "1 d0f300"
        GDESC   S0, 0x12345678, 0x12345, DATA_RW+1+DPL3, 13
        movl    $S0, %ecx
        larl    %ecx, %ebx
        ZFLAG
        MASKED  %ebx, 0xfff0ffff
E
T "lar: 16 bits keep the upper half", "1 7777f300"
        GDESC   S0, 0x12345678, 0x12345, DATA_RW+1+DPL3, 13
        movl    $S0, %ecx
        movl    $0x77777777, %ebx
        larw    %cx, %bx
        ZFLAG
        V       %ebx
E
T "lar of memory reads a word", "#GP(0)"
        GDESC   S0, DATA, 0, DATA_RW
        movl    $S0, %eax
        movw    %ax, %es
7:      larl    %es:0, %ebx
E
T "lar of the last word of a segment", "1 9300"
        movw    $KDS, DATA
        GDESC   S0, DATA, 1, DATA_RW
        movl    $S0, %eax
        movw    %ax, %es
        larw    %es:0, %bx
        ZFLAG
        W       %ebx
E
T "verr and verw change no other flag", "8d7 897"
        pushl   $0x897
        popfl
        movl    $KDS, %ecx
        verw    %cx
        pushfl
        popl    %eax
        movl    $BEYOND, %ecx
        verr    %cx
        pushfl
        popl    %ebx
        V       %eax, %ebx
E
EACH "level 3 asks for an LDT and a TSS by LSL, selector"
ROW "0", KTR, KLDT
DO
        movl    %eax, %esi
        USER
        lsll    %esi, %edx
        ZFLAG
E

/* ======== ARPL */
        .macro  ARPL_CASE name, result, destination, source
T "arpl \name", "\result"
        movl    $\destination, %ebx
        movl    $\source, %ecx
        arpl    %cx, %bx
        ZFLAG
        V       %ebx
E
        .endm
        ARPL_CASE "raises 0 to 3", "1 13", 0x10, 0x23
        ARPL_CASE "raises 1 to 2", "1 ffff0012", 0xffff0011, 2
        ARPL_CASE "leaves 3", "0 13", 0x13, 0x21
        ARPL_CASE "leaves equals", "0 12", 0x12, 0xfffe
        ARPL_CASE "works on null", "1 3", 0, 3
T "arpl in memory at level 3", "1 fff2"
        USER
        movl    $0xfff0, DATA
        movl    $2, %ecx
        arpl    %cx, DATA
        ZFLAG
        V       DATA
E
T "arpl: the operand must be writable even if it stays", "#GP(0)"
        GDESC   S0, 0, 0xfffff, DATA_R, 12
        movl    $S0, %eax
        movw    %ax, %es
        movl    $3, DATA
7:      arpl    %ax, %es:DATA
E
        .irp    insn, "arpl %ax, %bx", "larl %ebx, %eax", "lsll %ebx, %eax", "verr %bx", "verw %bx", "lldt %ax", "ltr %ax", "sldt %ax", "str %ax"
T "\insn in real mode", "#UD"
        REAL
7:      \insn
E
        .endr
        jmp     all_done
