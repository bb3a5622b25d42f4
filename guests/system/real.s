/* Real mode: stack, transfers, interrupts through the IVT, segments and their limits, control registers (SDM 3B §20.1). */
        .include "kernel.inc"

/* A check in real mode: SS:SP is 3000:8000, DS 4000, ES 5000, FS the kernel's variables, GS 0, flags 2. */
        .macro  IN_REAL name, result
T "\name", "\result"
        REAL
        .endm
/* The same with ESP. */
        .macro  AT_SP name, result, sp, first, insn:vararg
T "\name", "\result"
        movw    $landing, RSTACK + 0xfffd /* what far returns find that know no limits */
        movw    $0, RSTACK + 0xffff
        movw    $2, RSTACK + 1
        REAL
        movl    $\sp, %esp
        \first
7:      \insn
        STOP
A
        V       f_esp
E
        .endm
        .macro  SHOW_FLAGS
        MASKED  f_eflags, 0x7f02
        .endm
        .set    FLAGS16, 0x7f02
/* Linear addresses of offsets in real mode's segments. */
        .set    RSTACK, REAL_SS << 4
        .set    RDATA, REAL_DS << 4

checks:
/* ======== stack */
IN_REAL "push sp pushes the old SP", "8000"
        pushw   %sp
        popw    %ax
        STOP
A
        W       f_eax
E
IN_REAL "push esp", "12348000"
        movl    $0x12348000, %esp
        pushl   %esp
        popl    %eax
        STOP
A
        V       f_eax
E
IN_REAL "pop sp", "12341000"
        movl    $0x12348000, %esp
        pushw   $0x1000
        popw    %sp
        STOP
A
        V       f_esp
E
IN_REAL "pop esp", "5678"
        pushl   $0x5678
        popl    %esp
        STOP
A
        V       f_esp
E
IN_REAL "push of an imm8 is sign extended", "fffe fffffffd 8000"
        pushw   $-2
        popw    %bx
        pushl   $-3
        popl    %eax
        STOP
A
        W       f_ebx
        V       f_eax, f_esp
E
IN_REAL "push of memory by ESP: address of before", "4321"
        pushw   $0x4321
        pushw   (%esp)
        popw    %ax
        STOP
A
        W       f_eax
E
IN_REAL "pop of memory by ESP: address of after", "2222 7ffe"
        pushw   $0x1111
        pushw   $0x2222
        popw    (%esp)
        movw    %sp, %bx
        popw    %ax
        STOP
A
        W       f_eax, f_ebx
E
IN_REAL "pushl of a segment register writes a word", "ffff5678 7ffc"
        movw    $0x5678, %ax
        movw    %ax, %ds
        pushl   $-1
        popl    %eax
        pushl   %ds
        movw    %sp, %bx
        popl    %eax
        STOP
A
        V       f_eax
        W       f_ebx
E
IN_REAL "popl of a segment register", "1234 8000"
        pushl   $0xabcd1234
        popl    %gs
        STOP
A
        W       f_gs, f_esp
E
IN_REAL "popl of a segment register at the top reads a word", "2468 2"
        movw    $0xfffe, %sp
        movw    $0x2468, %ss:0xfffe
        popl    %gs
        STOP
A
        W       f_gs, f_esp
E
IN_REAL "pop ss", "3100 8000"
        pushw   $0x3100
        popw    %ss
        movw    %ss, %ax
        STOP
A
        W       f_eax, f_esp
E
IN_REAL "pusha", "1111 2222 3333 4444 8000 6666 7777 9999 7ff0"
        movw    $0x1111, %ax
        movw    $0x2222, %cx
        movw    $0x3333, %dx
        movw    $0x4444, %bx
        movw    $0x6666, %bp
        movw    $0x7777, %si
        movw    $0x9999, %di
        pushaw
        STOP
A
        W       RSTACK+0x7ffe, RSTACK+0x7ffc, RSTACK+0x7ffa, RSTACK+0x7ff8, RSTACK+0x7ff6, RSTACK+0x7ff4, RSTACK+0x7ff2, RSTACK+0x7ff0
        W       f_esp
E
IN_REAL "pushal stores ESP", "12348000 12347fe0"
        movl    $0x12348000, %esp
        pushal
        STOP
A
        V       RSTACK+0x7fec, f_esp
E
IN_REAL "popal leaves ESP", "1020304 5060708 8000"
        pushal
        movw    %sp, %bp
        movl    $0x01020304, (%bp)
        movl    $0x05060708, 28(%bp)
        popal
        STOP
A
        V       f_edi, f_eax, f_esp
E
IN_REAL "popa leaves upper halves", "ffff1234"
        pushaw
        movl    $-1, %eax
        movw    %sp, %bp
        movw    $0x1234, 14(%bp)
        popaw
        STOP
A
        V       f_eax
E
        AT_SP "push at SP 0 wraps", "fffe", 0, , pushw %ax
        AT_SP "pop at SP fffe wraps", "0", 0xfffe, , popw %ax
        AT_SP "push keeps the upper half of ESP", "1233fffe", 0x12330000, , pushw %ax
        AT_SP "pushl at SP 12", "e", 0x12, , pushl %eax
        AT_SP "pushal runs below 0", "#SS 12", 0x12, , pushal
        AT_SP "popw at SP ffff", "#SS ffff", 0xffff, , popw %ax
        AT_SP "popl at SP fffe", "#SS fffe", 0xfffe, , popl %eax
        AT_SP "popal at SP fff6", "#SS fff6", 0xfff6, , popal
        AT_SP "enter runs below 0", "#SS 11", 0x11, , enter $0, $12
        AT_SP "enter allocates to an odd place below 0", "fff5", 0x100, , enter $0x109, $0
        AT_SP "leave beyond the limit", "#SS 8000", 0x8000, "movw $0xffff, %bp", leavew
        AT_SP "call far of 32 bits runs below 0", "#SS 6", 6, , lcalll $0, $landing
        AT_SP "near return at SP ffff", "#SS ffff", 0xffff, , ret
        AT_SP "far return at SP fffd", "#SS fffd", 0xfffd, , lret
        AT_SP "iret at SP fffd", "#SS fffd", 0xfffd, , iretw
T "push at SP 1: no room for the #SS either", "SHUTDOWN"
        REAL
        movw    $1, %sp
        pushw   %ax
E
IN_REAL "popf: all of 16 bits but TF", "7e02"
        pushw   $0xfe02
        popfw
        STOP
A
        SHOW_FLAGS
E
IN_REAL "popfl: AC and ID, not VM, VIF, VIP", "247602"
        pushl   $0xfffe7602
        popfl
        pushfl
        popl    %eax
        pushl   $2
        popfl
        STOP
A
        MASKED  f_eax, 0x3f7702
E
IN_REAL "popf of 16 bits keeps AC and ID", "240002"
        pushl   $0x240002
        popfl
        pushw   $2
        popfw
        pushfl
        popl    %eax
        pushl   $2
        popfl
        STOP
A
        MASKED  f_eax, 0x3f7702
E
        .macro  ENTER_CASE result, size, frame, level
IN_REAL "enter\size \frame, \level", "\result"
        movl    $0x70, %ebp
        xorw    %di, %di
        movw    $REAL_SS, %ax
        movw    %ax, %es
        xorl    %eax, %eax
1:      movl    %eax, %es:(%di)         /* what is at address n is n */
        incl    %eax
        incl    %eax
        scasw
        cmpw    $0x100, %di
        jb      1b
        movl    $0x7f00, %esp
        xorl    %eax, %eax
        movl    %eax, %ss:0x7ef8
        movl    %eax, %ss:0x7efc
        enter\size $\frame, $\level
        movw    %ss:0x7ef8, %dx
        STOP
A
        V       f_esp, f_ebp
        W       RSTACK+0x7efe, RSTACK+0x7efc, RSTACK+0x7efa, f_edx
E
        .endm
        ENTER_CASE "7eee 7efe 70 0 0 0", w, 16, 0
        ENTER_CASE "7ef6 7efe 70 7efe 0 0", w, 6, 1
        ENTER_CASE "7efa 7efe 70 6e 7efe 0", w, 0, 2
        ENTER_CASE "7ef8 7efe 70 6e 6c 7efe", w, 0, 3
        ENTER_CASE "7ef4 7efc 0 70 0 0", l, 8, 0
        ENTER_CASE "7ef0 7efc 0 70 0 7efc", l, 8, 1
IN_REAL "enter 0, 33 is level 1", "7ffc 7ffe"
        enterw  $0, $33
        STOP
A
        W       f_esp, f_ebp
E
IN_REAL "leave of 16 bits keeps the upper half of EBP", "77772345 102"
        movl    $0x77770100, %ebp
        movw    $0x2345, %ss:0x100
        leavew
        STOP
A
        V       f_ebp, f_esp
E
IN_REAL "leave of 32 bits uses BP", "12342345 104"
        movl    $0x77770100, %ebp
        movl    $0x12342345, %ss:0x100
        leavel
        STOP
A
        V       f_ebp
        W       f_esp
E

/* ======== near transfers */
IN_REAL "call and ret n", "7ffc 8002"
        pushw   $0x1111
        call    1f
        STOP
1:      movw    %sp, %bx
        ret     $4
A
        W       f_ebx, f_esp
E
IN_REAL "call of 32 bits pushes a dword", "0 7ffc"
        calll   1f
8:
1:      movw    %sp, %bx
        popl    %eax
        STOP
A
        movl    f_eax, %eax
        subl    $8b, %eax
        V       %eax
        W       f_ebx
E
IN_REAL "ret of 32 bits", "8000"
        pushl   $1f
        retl
1:      STOP
A
        W       f_esp
E
        .macro  BEHIND name, first, second, third, insn:vararg
IN_REAL "\name behind the limit", "#GP 0"
        movl    $0x12345, %eax
        xorl    %ecx, %ecx
        \first
        \second
        \third
7:      \insn
A
        W       f_ecx
E
        .endm
        BEHIND "jmp of 32 bits by register", , , , .byte 0x66, 0xff, 0xe0
        BEHIND "jmp of 32 bits", , , , .byte 0x66, 0xe9, 0, 0, 2, 0
        BEHIND "call of 32 bits", , , , calll . + 0x20000
        BEHIND "jz of 32 bits, taken,", "testl %ecx, %ecx", , , .byte 0x66, 0x0f, 0x84, 0, 0, 2, 0
        BEHIND "far jmp of 32 bits", , , , ljmpl $0, $0x10000
        BEHIND "far call of 32 bits", , , , lcalll $0, $0x10000
        BEHIND "ret of 32 bits", "pushl %eax", , , retl
        BEHIND "far ret of 32 bits", "pushl $0", "pushl %eax", , lretl
        BEHIND "iret of 32 bits", "pushl $2", "pushl $0", "pushl %eax", iretl
IN_REAL "jnz of 32 bits behind the limit, not taken", "!"
        testw   %cx, %cx
        .byte   0x66, 0x0f, 0x85
        .long   0x20000
        STOP
A
        PASSED
E
IN_REAL "loop counts CX", "30000 3"
        movl    $0x30003, %ecx
1:      incw    %bx
        loop    1b
        STOP
A
        V       f_ecx, f_ebx
E
IN_REAL "loop with a 32-bit address size counts ECX", "0 3"
        movl    $3, %ecx
1:      incw    %bx
        addr32 loop 1b
        STOP
A
        V       f_ecx, f_ebx
E
IN_REAL "loopne, loope", "2 4 2"
        movw    $5, %cx
1:      incw    %bx
        cmpw    $3, %bx
        loopne  1b
        movw    %cx, %ax
        movw    $5, %cx
1:      decw    %bx
        cmpw    $2, %bx
        loope   1b
        movw    $2, %bx
        cmpw    %bx, %bx
        movw    %cx, %dx
        STOP
A
        W       f_eax
        incw    f_edx
        W       f_edx, f_ebx
E
IN_REAL "jcxz and jecxz", "5"
        movl    $0x10000, %ecx
        jcxz    1f
        orw     $2, %ax
1:      jecxz   1f
        orw     $5, %ax
1:      STOP
A
        W       f_eax
E

/* ======== far transfers */
IN_REAL "call far and return", "0 0 7ffc 8000"
        lcallw  $0, $1f
8:      STOP
1:      movw    %sp, %bx
        movw    %ss:(%bx), %ax
        subw    $8b, %ax
        movw    %ss:2(%bx), %dx
        lretw
A
        W       f_eax, f_edx, f_ebx, f_esp
E
IN_REAL "call far of 32 bits and return", "0 7ff8 8000"
        lcalll  $0, $1f
8:      STOP
1:      movw    %sp, %bx
        movl    %ss:(%bx), %eax
        subl    $8b, %eax
        lretl
A
        V       f_eax
        W       f_ebx, f_esp
E
IN_REAL "retf n", "8002"
        lcallw  $0, $1f
        STOP
1:      lretw   $2
A
        W       f_esp
E
IN_REAL "call far through memory, CS changes", "10 0"
        movw    $1f - 0x100, 0x10
        movw    $0x10, 0x12
        lcallw  *0x10
        movw    %cs, %ax
        STOP
1:      movw    %cs, %bx
        lretw
A
        W       f_ebx, f_eax
E
IN_REAL "jmp far through memory", "#UD 10"
        movw    $7f - 0x100, 0x10
        movw    $0x10, 0x12
        ljmpw   *0x10
7:      ud2
A
        W       f_cs
E
IN_REAL "call far of a register", "#UD"
7:      .byte   0xff, 0xd8
E
IN_REAL "jmp far of a register", "#UD"
7:      .byte   0xff, 0xe8
E
IN_REAL "ff /7", "#UD"
7:      .byte   0xff, 0xf8
E

/* ======== interrupts */
IN_REAL "int", "int20! 0 8000 2"
7:      int     $0x20
8:
A
        W       f_cs, f_esp, f_eflags
E
IN_REAL "int3", "#BP!"
7:      int3
8:
E
IN_REAL "int 3 of two bytes", "#BP!"
7:      .byte   0xcd, 3
8:
E
IN_REAL "int1", "#DB(0)!"
7:      .byte   0xf1
8:
E
IN_REAL "into with overflow", "#OF!"
        movb    $0x7f, %al
        incb    %al
7:      into
8:
E
IN_REAL "into without overflow", "!"
        xorw    %ax, %ax
        into
        STOP
A
        PASSED
E
IN_REAL "int clears IF and TF, keeps DF and NT; iret restores", "4402 4602"
        movw    $1f, %gs:4*0x30
        pushw   $0x4602
        popfw
        int     $0x30
        pushfw
        popw    %bx
        pushw   $2
        popfw
        STOP
1:      pushfw
        popw    %ax
        iretw
A
        MASKED  f_eax, FLAGS16
        MASKED  f_ebx, FLAGS16
E
T "int clears AC", "2 2"
        REAL
        movw    $1f, %gs:4*0x30
        pushl   $0x40002
        popfl
        int     $0x30
        pushfl
        popl    %ebx
        pushl   $2
        popfl
        STOP
1:      pushfl
        popl    %eax
        iretw
A
        MASKED  f_eax, 0x43f02
        MASKED  f_ebx, 0x43f02
E
IN_REAL "iret", "202 8000"
        pushw   $0x202
        pushw   $0
        pushw   $1f
        iretw
1:      STOP
A
        MASKED  f_eflags, FLAGS16
        W       f_esp
E
IN_REAL "iretl", "240202 8000"
        pushl   $0x240202
        pushl   $0
        pushl   $1f
        iretl
1:      pushfl
        popl    %eax
        pushl   $2
        popfl
        STOP
A
        MASKED  f_eax, 0x3f7702
        W       f_esp
E
IN_REAL "iretl does not load VM, VIF, VIP", "2"
        pushl   $0x1a0002
        pushl   $0
        pushl   $1f
        iretl
1:      pushfl
        popl    %eax
        STOP
A
        MASKED  f_eax, 0x3f7702
E
IN_REAL "divide by zero", "#DE"
7:      divb    %bl
E
IN_REAL "divide overflow", "#DE"
        movw    $1, %bx
        movw    %bx, %dx
7:      divw    %bx
E
IN_REAL "aam 0", "#DE"
7:      .byte   0xd4, 0
E
        .macro  BOUND_CASE value, result
IN_REAL "bound of -5 and 5: \value", "\result"
        movl    $0x5fffb, 0x10
        movw    $\value, %ax
7:      boundw  %ax, 0x10
        LAND
E
        .endm
        BOUND_CASE 5, "@0"
        BOUND_CASE -5, "@0"
        BOUND_CASE 6, "#BR"
        BOUND_CASE -6, "#BR"
IN_REAL "ud2", "#UD"
7:      ud2
E
IN_REAL "ud1", "#UD"
7:      .byte   0x0f, 0xb9, 0xc0
E
EACH "limit of the IVT, int 20"
ROW "int20!", 0x83, 0x3ff
ROW "#GP", 0x82, 0x80, 0x37
DO
        REAL
        movw    %ax, 0x10
        movl    $0, 0x12
        lidtl   0x10
7:      int     $0x20
8:
E
T "limit of the IVT too small for #GP", "SHUTDOWN"
        REAL
        movw    $0x1f, 0x10
        movl    $0, 0x12
        lidtl   0x10
        int     $0x20
E
IN_REAL "base of the IVT", "int32!"
        movw    $0x3ff, 0x10
        movl    $RDATA + 0x1000, 0x12
        movw    $REAL_STUBS + 6*0x32, 0x1000 + 4*0x31
        movw    $0, 0x1000 + 4*0x31 + 2
        movw    $REAL_STUBS + 6*6, 0x1000 + 4*6
        movw    $0, 0x1000 + 4*6 + 2
        lidtl   0x10
7:      int     $0x31
8:
E
IN_REAL "lidt of 16 bits takes 24 bits of base", "int31! 3ff 123456"
        movw    $0x3ff, 0x10
        movl    $0x55123456, 0x12
        lidtw   0x10
        sidtl   0x18
        movl    $0x55000000, 0x12
        lidtw   0x10
7:      int     $0x31
8:
A
        W       RDATA+0x18
        V       RDATA+0x1a
E
IN_REAL "sgdt with both operand sizes stores the same", "1234 89abcdef 1234 89abcdef"
        movw    $0x1234, 0x10
        movl    $0x89abcdef, 0x12
        lgdtl   0x10
        sgdtl   0x18
        sgdtw   0x20
        STOP
A
        W       RDATA+0x18
        V       RDATA+0x1a
        W       RDATA+0x20
        V       RDATA+0x22
E

/* ======== segments */
IN_REAL "mov ds", "abcd 4001"
        movw    $0xabcd, 0x14
        movw    $0x4001, %ax
        movw    %ax, %ds
        movw    4, %bx
        STOP
A
        W       f_ebx, f_ds
E
        .irp    seg, ds, es, fs, gs
IN_REAL "l\seg", "1234 800"
        movl    $0x08001234, 0x10
        l\seg   0x10, %bx
        STOP
A
        W       f_ebx, f_\seg
E
        .endr
IN_REAL "les of 32 bits", "12345678 900"
        movl    $0x12345678, 0x10
        movw    $0x900, 0x14
        les     0x10, %ebx
        STOP
A
        V       f_ebx
        W       f_es
E
IN_REAL "lss", "3100 6000"
        movl    $0x31006000, 0x10
        lss     0x10, %sp
        movw    %ss, %ax
        movw    %sp, %bx
        STOP
A
        W       f_eax, f_ebx
E
IN_REAL "mov of a segment register to memory is a word", "ffff1357"
        movl    $-1, 0x10
        movw    $0x1357, %ax
        movw    %ax, %gs
        .byte   0x66
        movw    %gs, 0x10
        STOP
A
        V       RDATA+0x10
E
IN_REAL "mov of a segment register to a 32-bit one", "1357"
        movw    $0x1357, %ax
        movw    %ax, %gs
        movl    $-1, %ebx
        movl    %gs, %ebx
        STOP
A
        V       f_ebx
E
IN_REAL "write through CS", "abcd"
        movw    $0xabcd, %cs:0xff0
        STOP
A
        W       0xff0
E

/* ======== limits: 64 KiB */
        .macro  ACCESS name, result, first, insn:vararg
IN_REAL "\name", "\result"
        movw    $0xffff, %bp
        movw    $0xffff, %bx
        movw    $0xffff, %si
        movl    $0x10000, %edi
        movw    $REAL_DS, %ax
        movw    %ax, %es
        cld
        \first
7:      \insn
        LAND
E
        .endm
        ACCESS "byte at ffff", "@0", , movb 0xffff, %al
        ACCESS "word at ffff", "#GP", , movw 0xffff, %ax
        ACCESS "word at fffe", "@0", , movw 0xfffe, %ax
        ACCESS "dword at fffd", "#GP", , movl 0xfffd, %eax
        ACCESS "write of a word at ffff", "#GP", , movw %ax, 0xffff
        ACCESS "add to a word at ffff", "#GP", , addw $1, 0xffff
        ACCESS "word by BP at ffff", "#SS", , movw (%bp), %ax
        ACCESS "word by BP in DS", "#GP", , movw %ds:(%bp), %ax
        ACCESS "word by BX in SS", "#SS", , movw %ss:(%bx), %ax
        ACCESS "a 16-bit address wraps", "@0", , movw 1(%bx), %ax
        ACCESS "a 32-bit address behind 64 KiB", "#GP", , movb (%edi), %al
        ACCESS "a 32-bit address behind 64 KiB by EBP", "#SS", "movl %edi, %ebp", movb (%ebp), %al
        ACCESS "a 32-bit address behind 64 KiB by ESP", "#SS", , movb 0x10000(%esp), %al
        ACCESS "a negative 32-bit address", "#GP", "xorl %edi, %edi", movb -1(%edi), %al
        ACCESS "xlat wraps", "@0", "movb $2, %al", xlat
        ACCESS "lodsw at ffff", "#GP", , lodsw
        ACCESS "outsw at ffff", "#GP", "movw $0x80, %dx", outsw
        ACCESS "cmpxchg8b at fffa", "#GP", , cmpxchg8b 0xfffa
        ACCESS "fnstenv at fff5", "#GP", , fnstenv 0xfff5
IN_REAL "rep stosw runs into the limit", "#GP ffff 3"
        movw    $0xfffd, %di
        movw    $4, %cx
7:      rep stosw
A
        W       f_edi, f_ecx
E
IN_REAL "code runs behind 64 KiB", "#GP 4000 0"
        movl    $0, %fs:shows_place - variables
        movb    $0x90, 0xffff
        ljmpw   $REAL_DS, $0xffff
A
        W       f_cs
        shrl    $16, f_eip
        W       f_eip
E
IN_REAL "an insn around 64 KiB", "#GP 4000 fffe"
        movl    $0, %fs:shows_place - variables
        movw    $0x00b8, 0xfffe
        ljmpw   $REAL_DS, $0xfffe
A
        W       f_cs, f_eip
E
IN_REAL "15 bytes", "!"
        .rept   14
        .byte   0x26
        .endr
        nop
        STOP
A
        PASSED
E
IN_REAL "16 bytes", "#GP"
7:      .rept   15
        .byte   0x26
        .endr
        nop
E
IN_REAL "lock add", "1"
        movw    $0, 0x10
        lock addw $1, 0x10
        STOP
A
        W       RDATA+0x10
E
IN_REAL "lock add of a register", "#UD"
7:      .byte   0xf0, 0x01, 0xc0
E
IN_REAL "lock mov", "#UD"
7:      .byte   0xf0, 0xa3, 0x10, 0
E

/* ======== control registers */
IN_REAL "smsw", "30 60000030"
        movl    $0x60000030, %eax
        movl    %eax, %cr0
        smsww   %bx
        smswl   %ecx
        movl    $0x30, %eax
        movl    %eax, %cr0
        STOP
A
        W       f_ebx
        V       f_ecx
E
IN_REAL "CR0: PG without PE", "#GP"
        movl    $0x80000030, %eax
7:      movl    %eax, %cr0
E
IN_REAL "lmsw", "3e 30"
        movw    $0xe, %ax
        lmsw    %ax
        movl    %cr0, %ebx
        movw    $0, %ax
        lmsw    %ax
        movl    %cr0, %ecx
        STOP
A
        V       f_ebx, f_ecx
E
IN_REAL "mov from CR1", "#UD"
7:      .byte   0x0f, 0x20, 0xc8
E
IN_REAL "mov to CR5", "#UD"
7:      .byte   0x0f, 0x22, 0xe8
E
IN_REAL "CR3 keeps 32 bits of which none is checked", "12345000"
        movl    $0x12345000, %eax
        movl    %eax, %cr3
        movl    %cr3, %ebx
        STOP
A
        V       f_ebx
E
IN_REAL "rdmsr of none", "#GP"
        movl    $0x12345678, %ecx
7:      rdmsr
E
IN_REAL "wrmsr of none", "#GP"
        movl    $0x12345678, %ecx
7:      wrmsr
E
IN_REAL "rep outsb", "0 1005"
        movw    $0x1000, %si
        movw    $5, %cx
        movw    $0x80, %dx
        rep outsb
        STOP
A
        W       f_ecx, f_esi
E

/* ======== to protected mode and back: what the hidden parts keep */
IN_REAL "real mode keeps a limit of 4 GiB (unreal mode)", "1234abcd"
        movl    %cr0, %eax
        orb     $1, %al
        movl    %eax, %cr0
        movw    $KDS, %bx
        movw    %bx, %es
        andb    $0xfe, %al
        movl    %eax, %cr0
        ljmpw   $0, $1f
1:      xorw    %bx, %bx
        movw    %bx, %es
        movl    $0x200000, %ebx
        movl    $0x1234abcd, %es:(%ebx)
        movl    %es:(%ebx), %ecx
        STOP
A
        V       f_ecx
E
T "real mode keeps a small limit", "#GP"
        GDESC   S0, 0, 0xff, DATA_RW, 0
        REAL
        movl    %cr0, %eax
        orb     $1, %al
        movl    %eax, %cr0
        movw    $S0, %bx
        movw    %bx, %es
        andb    $0xfe, %al
        movl    %eax, %cr0
        ljmpw   $0, $1f
1:      movw    $REAL_ES, %bx
        movw    %bx, %es
        movb    %es:0xff, %al
7:      movb    %es:0x100, %al
E
T "16-bit protected mode", "8 40 28"
        ljmp    $KCS16, $1f
        .code16
1:      movl    %cr0, %eax
        movw    $KDS16, %bx
        movw    %bx, %ds
        str     %cx
        ljmpl   $KCS, $2f
        .code32
2:      W       %cs, %ds, %ecx
E
        jmp     all_done
