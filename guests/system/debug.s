/* Single steps, breakpoints for code, data and ports, DR6, DR7, RF (SDM 3B chapter 17). */
        .include "kernel.inc"

        .set    CR4_DE, 8
        .set    DR7_L0, 1
        .set    DR7_G0, 2
        .set    DR7_L1, 4
        .set    DR7_L2, 0x10
        .set    DR7_L3, 0x40
        .set    DR7_GD, 0x2000
/* R/W and LEN of DR0. */
        .set    ON_EXEC, 0
        .set    ON_WRITE, 0x10000
        .set    ON_IO, 0x20000
        .set    ON_ACCESS, 0x30000
        .set    LEN1, 0
        .set    LEN2, 0x40000
        .set    LEN8, 0x80000
        .set    LEN4, 0xc0000

/* Sets a register of the debugger; changes EAX. */
        .macro  SET_DR n, value
        movl    $\value, %eax
        movl    %eax, %dr\n
        .endm
        .macro  WATCH address, control
        SET_DR  0, \address
        SET_DR  7, (DR7_L0+\control)
        .endm
/* TF on from behind the next insn but one. */
        .macro  STEP
        pushl   $TF | 2
        popfl
        .endm
/* Counts traps instead of reporting the first: a handler that adds one to DATA and goes on. */
        .macro  COUNT_TRAPS
        movl    $0, DATA
        INTGATE 1, KCS, count_trap, INT32
        .endm
        .macro  BREAK_AT n, label
        movl    $\label, %eax
        movl    %eax, %dr\n
        .endm
/* What an access to the page comes to with a breakpoint at DATA2 + 4. */
        .macro  DATA_CASE name, result, control, first, insn:vararg
T "\name", "\result"
        movl    $DATA2, %ebx
        leal    4(%ebx), %esi
        movl    %esi, %edi
        fninit
        WATCH   DATA2+4, \control
        xorl    %eax, %eax
        \first
7:      \insn
8:      STOP
E
        .endm

checks:
/* ======== single step */
T "TF: a trap behind the next insn", "#DB(4000)! 2 100"
        STEP
7:      nop
8:      nop
A
        MASKED  h_eflags, TF+2
        MASKED  f_eflags, TF
E
T "TF: no trap behind the popf that sets it", "#DB(4000)!"
        pushl   $TF | 2
7:      popfl
        nop
8:      nop
E
T "TF: the popf that clears it traps", "#DB(4000)! 0"
        pushl   $2
        STEP
7:      popfl
8:      nop
A
        MASKED  f_eflags, TF
E
T "TF: in each insn", "5"
        COUNT_TRAPS
        STEP
        nop
        nop
        nop
        pushl   $2
        popfl
        V       DATA
E
T "TF: a repeated string insn traps each time", "#DB(4000) 2 29001 2a001"
        movl    $DATA, %esi
        movl    $DATA2, %edi
        movl    $3, %ecx
        STEP
7:      rep movsb
8:      nop
A
        V       f_ecx, f_esi, f_edi
E
T "TF: traps of a repeated string insn, counted", "5"
        COUNT_TRAPS
        movl    $DATA2, %esi
        movl    $DATA2 + 0x100, %edi
        movl    $3, %ecx
        STEP
        rep movsb
        pushl   $2
        popfl
        V       DATA
E
T "TF: rep of count 0 is one insn", "#DB(4000)!"
        STEP
7:      rep movsb
8:      nop
E
T "TF: behind mov ss no trap", "#DB(4000)!"
        movw    %ss, %ax
        STEP
7:      movw    %ax, %ss
        nop
8:      nop
E
T "TF: behind pop ss no trap", "#DB(4000)!"
        pushl   %ss
        STEP
7:      popl    %ss
        nop
8:      nop
E
T "TF: a jump traps at its target", "#DB(4000)!"
        STEP
7:      jmp     8f
        nop
8:      nop
E
T "TF: int enters its handler without a trap", "100"
        INTGATE 0x49, KCS, 1f
        STEP
        int     $0x49
        nop
1:      movl    8(%esp), %eax
        movl    $KSTACK, %esp
        MASKED  %eax, TF
E
T "TF: a fault enters its handler without a trap", "100"
        INTGATE 0, KCS, 1f, INT32
        STEP
        divl    %ecx
        nop
1:      movl    8(%esp), %eax
        movl    $KSTACK, %esp
        MASKED  %eax, TF
E
T "TF: iret that sets it traps behind the next insn", "#DB(4000)!"
        pushl   $TF | 2
        pushl   $KCS
        pushl   $7f
        iretl
7:      nop
8:      nop
E
T "TF: pushf stores it", "#DB(4000) 100"
        STEP
        pushfl
7:      nop
        nop
A
        movl    f_esp, %ebx
        MASKED  (%ebx), TF
E
T "TF at level 3", "#DB(4000)! 1b"
        USER    TF | 2
7:      nop
8:      nop
A
        W       f_cs
E
T "TF: level 3 to 0 by a call gate", "#DB(4000) 8"
        CALLGATE S0, KCS, 7f
        USER
        pushl   $TF | 2
        popfl
        lcall   $S0, $0
7:      nop
        nop
A
        W       f_cs
E
T "TF in V86", "#DB(4000)! 0"
        V86     TF | 0x3002
7:      nop
8:      nop
A
        W       f_cs
E
T "TF in real mode", "#DB(4000)!"
        REAL
        pushw   $TF | 2
        popfw
7:      nop
8:      nop
E
T "TF: DR6.BS stays until it is cleared", "4ff0 ff0"
        COUNT_TRAPS
        STEP
        nop
        pushl   $2
        popfl
        movl    %dr6, %eax
        W       %eax
        SET_DR  6, 0
        movl    %dr6, %eax
        W       %eax
E
T "TF: cpuid, mov cr and the like trap as others", "3"
        COUNT_TRAPS
        xorl    %eax, %eax
        STEP
        cpuid
        movl    %cr0, %eax
        movl    %eax, %cr0
        movl    DATA, %esi
        pushl   $2
        popfl
        incl    %esi
        decl    %esi
        V       %esi
E
T "TF: hlt is not reached", "#DB(4000)!"
        STEP
7:      nop
8:      hlt
E

/* ======== RF in the image that is pushed (SDM 3B §17.3.1.1) */
T "RF: pushed as 1 for a fault", "#DE 10000"
7:      divl    %ecx
A
        MASKED  f_eflags, RF
E
T "RF: pushed as it is for a trap", "#DB(4000)! 0"
        STEP
7:      nop
8:      nop
A
        MASKED  f_eflags, RF
E
T "RF: pushed as 1 for a trap of a repeated string insn", "#DB(4000) 10000"
        movl    $3, %ecx
        movl    $DATA2, %edi
        STEP
7:      rep stosb
A
        MASKED  f_eflags, RF
E
T "RF: pushed as it is behind the last time", "#DB(4000)! 0"
        movl    $1, %ecx
        movl    $DATA2, %edi
        STEP
7:      rep stosb
8:      nop
A
        MASKED  f_eflags, RF
E
T "RF: pushed as it is for int", "int49! 0"
7:      int     $0x49
8:
A
        MASKED  f_eflags, RF
E
T "RF: gone behind the insn", "int49! 0"
        pushl   $RF | 2
        pushl   $KCS
        pushl   $1f
        iretl
1:      nop
7:      int     $0x49
8:
A
        MASKED  f_eflags, RF
E
T "RF: iret at level 3 loads it", "!"
        BREAK_AT 0, 7f
        SET_DR  7, DR7_L0
        USER
        pushl   $RF | 2
        pushl   $UCS
        pushl   $7f
        iretl
7:      nop
        PASSED
E
T "RF: iret of 16 bits clears it", "#DB(1)"
        BREAK_AT 0, 7f
        SET_DR  7, DR7_L0
        pushw   $2
        pushw   $KCS
        pushw   $7f
        iretw
7:      nop
E
T "RF: in real mode iretl loads it", "!"
        BREAK_AT 0, 7f
        SET_DR  7, DR7_L0
        REAL
        pushl   $RF | 2
        pushl   $0
        pushl   $7f
        iretl
7:      nop
        STOP
A
        PASSED
E
T "RF: a task switch loads it", "@8!"
        BREAK_AT 0, landing
        SET_DR  7, DR7_G0
        movl    $task_image, %esi
        movl    $TASK2, %edi
        movl    $26, %ecx
        rep movsl
        GDESC   S0, TASK2, 0x67, TSS32, 0
        ljmp    $S0, $0
A
        PASSED
E

/* ======== DR6 and DR7 as registers */
T "DR6: what can be written", "ffffefff ffff0ff0"
        SET_DR  6, 0xffffffff
        movl    %dr6, %ebx
        SET_DR  6, 0
        movl    %dr6, %ecx
        V       %ebx, %ecx
E
T "DR7: bit 10 reads as 1, bits 12, 14, 15 as 0", "400 ffff27ff"
        SET_DR  7, 0
        movl    %dr7, %ebx
        .irp    n, 0, 1, 2, 3
        SET_DR  \n, 0x1000000
        .endr
        SET_DR  7, 0xffffdfff
        movl    %dr7, %ecx
        SET_DR  7, 0
        orl     $0x2000, %ecx
        andl    $~0x800, %ecx           /* RTM, on some */
        V       %ebx, %ecx
E
T "DR4 is DR6, DR5 is DR7", "4ff0 2402"
        SET_DR  6, 0x4000
        SET_DR  7, 2
        .byte   0x0f, 0x21, 0xe3        /* mov %dr4, %ebx */
        .byte   0x0f, 0x21, 0xe9        /* mov %dr5, %ecx */
        SET_DR  7, 0
        orl     $0x2000, %ecx
        W       %ebx, %ecx
E
T "CR4.DE: no DR4", "#UD"
        movl    $CR4_DE, %eax
        movl    %eax, %cr4
7:      .byte   0x0f, 0x21, 0xe3
E
T "CR4.DE: no DR5", "#UD"
        movl    $CR4_DE, %eax
        movl    %eax, %cr4
7:      .byte   0x0f, 0x23, 0xe8
E
T "DR7.GD: an access to a debug register", "#DB(2000) 0 400"
        SET_DR  7, DR7_GD
7:      movl    %dr0, %ebx
A
        movl    %dr7, %eax
        andl    $DR7_GD, %eax
        V       %eax
        V       $0x400
E
T "DR7.GD: the handler may", "2400!"
        INTGATE 1, KCS, 1f, INT32
        SET_DR  7, DR7_GD
        movl    %eax, %dr3
        ud2
1:      movl    %dr6, %eax
        andl    $0xe00f, %eax
        orl     $0x400, %eax
        V       %eax
        PASSED
E

/* ======== code breakpoints: a fault in front of the insn */
        .macro  CODE_BREAKPOINT n, result
T "a code breakpoint in DR\n", "\result"
        BREAK_AT \n, 7f
        SET_DR  7, 1<<(2*\n)
        nop
7:      nop
E
        .endm
        CODE_BREAKPOINT 0, "#DB(1)"
        CODE_BREAKPOINT 1, "#DB(2)"
        CODE_BREAKPOINT 2, "#DB(4)"
        CODE_BREAKPOINT 3, "#DB(8)"
T "a code breakpoint: RF is not pushed as 1, the insn is not executed", "#DB(1) 0 0"
        BREAK_AT 0, 7f
        SET_DR  7, DR7_L0
7:      incl    %ecx
8:      nop
A
        MASKED  f_eflags, RF
        V       f_ecx
E
T "a code breakpoint: iret with RF goes on", "1 1"
        COUNT_TRAPS
        BREAK_AT 0, 1f
        SET_DR  7, DR7_L0
        xorl    %ecx, %ecx
1:      incl    %ecx
        V       DATA, %ecx
E
T "a code breakpoint: RF is gone after one insn", "2"
        COUNT_TRAPS
        BREAK_AT 0, 1f
        SET_DR  7, DR7_L0
        movl    $2, %ecx
1:      loop    1b
        V       DATA
E
T "a code breakpoint by the global bit", "#DB(1)"
        BREAK_AT 0, 7f
        SET_DR  7, DR7_G0
7:      nop
E
T "a code breakpoint that is not enabled", "!"
        BREAK_AT 0, 7f
        SET_DR  7, DR7_L1
7:      nop
        PASSED
E
T "a code breakpoint that is not enabled is in DR6 with one that is", "#DB(3)"
        BREAK_AT 1, 7f
        BREAK_AT 0, 7f
        SET_DR  7, DR7_L1
7:      nop
E
T "a code breakpoint in the middle of an insn", "!"
        BREAK_AT 0, 7f+1
        SET_DR  7, DR7_L0
7:      movl    $1, %eax
        PASSED
E
T "a code breakpoint with a length is undefined; length 0 at an odd address works", "#DB(1)"
        jmp     1f
        .balign 2
        nop
1:      BREAK_AT 0, 7f
        SET_DR  7, DR7_L0
        jmp     7f
        .balign 2
        nop
7:      nop
E
T "a code breakpoint at a jump's target", "#DB(1)"
        BREAK_AT 0, 7f
        SET_DR  7, DR7_L0
        jmp     7f
        nop
7:      nop
E
T "two code breakpoints at one place", "#DB(5)"
        BREAK_AT 0, 7f
        BREAK_AT 2, 7f
        SET_DR  7, DR7_L0+DR7_L2
7:      nop
E
T "a code breakpoint goes before a fault of the insn", "#DB(1)"
        BREAK_AT 0, 7f
        SET_DR  7, DR7_L0
7:      divl    %ecx
E
T "a code breakpoint at level 3", "#DB(1) 1b"
        BREAK_AT 0, 7f
        SET_DR  7, DR7_L0
        USER
7:      nop
A
        W       f_cs
E
T "a code breakpoint behind mov ss is dropped", "!"
        BREAK_AT 0, 7f
        SET_DR  7, DR7_L0
        movw    %ss, %ax
        movw    %ax, %ss
7:      nop
        PASSED
E
T "a code breakpoint in a loop", "3"
        COUNT_TRAPS
        BREAK_AT 0, 1f
        SET_DR  7, DR7_L0
        movl    $3, %ecx
2:      nop
1:      nop
        loop    2b
        V       DATA
E
T "a code breakpoint set while the block runs", "#DB(1)"
        movl    $2, %ecx
        jmp     1f
2:      BREAK_AT 0, 7f
        SET_DR  7, DR7_L0
1:      nop
7:      nop
        loop    2b
E
T "TF and a code breakpoint: first the trap, then the fault", "#DB(4000)!"
        BREAK_AT 0, 8f
        SET_DR  7, DR7_L0
        STEP
7:      nop
8:      nop
E
T "a breakpoint at the first insn of a handler", "#DB(1)"
        INTGATE 0x49, KCS, 7f
        BREAK_AT 0, 7f
        SET_DR  7, DR7_L0
        int     $0x49
7:      nop
E

/* ======== data breakpoints: a trap behind the insn; DATA2 + 4, EBX is DATA2 */
        DATA_CASE "write: 1 byte", "#DB(1)!", ON_WRITE+LEN1, , movb %al, 4(%ebx)
        DATA_CASE "write: next to 1 byte", "", ON_WRITE+LEN1, , movb %al, 5(%ebx)
        DATA_CASE "write: a dword over 1 byte", "#DB(1)!", ON_WRITE+LEN1, , movl %eax, 1(%ebx)
        DATA_CASE "write: a dword in front of it", "", ON_WRITE+LEN1, , movl %eax, (%ebx)
        DATA_CASE "write: 2 bytes, the second", "#DB(1)!", ON_WRITE+LEN2, , movb %al, 5(%ebx)
        DATA_CASE "write: behind 2 bytes", "", ON_WRITE+LEN2, , movb %al, 6(%ebx)
        DATA_CASE "write: 4 bytes, the last", "#DB(1)!", ON_WRITE+LEN4, , movb %al, 7(%ebx)
        DATA_CASE "write: behind 4 bytes", "", ON_WRITE+LEN4, , movb %al, 8(%ebx)
        DATA_CASE "write: read", "", ON_WRITE+LEN4, , movl 4(%ebx), %eax
        DATA_CASE "access: read", "#DB(1)!", ON_ACCESS+LEN4, , movl 4(%ebx), %eax
        DATA_CASE "access: write", "#DB(1)!", ON_ACCESS+LEN4, , movl %eax, 4(%ebx)
        DATA_CASE "access: half of it", "#DB(1)!", ON_ACCESS+LEN4, , movw 2+1(%ebx), %ax
        DATA_CASE "write: add", "#DB(1)!", ON_WRITE+LEN4, , addl %eax, 4(%ebx)
        DATA_CASE "write: cmpxchg that fails", "#DB(1)!", ON_WRITE+LEN4, , cmpxchgl %ebx, 4(%ebx)
        DATA_CASE "write: xchg", "#DB(1)!", ON_WRITE+LEN4, , xchgl %eax, 4(%ebx)
        DATA_CASE "write: movsb to it", "#DB(1)!", ON_WRITE+LEN4, , movsb
        DATA_CASE "write: stosl", "#DB(1)!", ON_WRITE+LEN4, , stosl
        DATA_CASE "access: lodsl", "#DB(1)!", ON_ACCESS+LEN4, , lodsl
        DATA_CASE "access: test", "#DB(1)!", ON_ACCESS+LEN4, , testl %eax, 4(%ebx)
        DATA_CASE "access: prefetch is none", "", ON_ACCESS+LEN4, , nopl 4(%ebx)
        DATA_CASE "access: lea is none", "", ON_ACCESS+LEN4, , leal 4(%ebx), %eax
        DATA_CASE "access: bt far away", "#DB(1)!", ON_ACCESS+LEN4, , btl $0, 4(%ebx)
        DATA_CASE "access: x87 load", "#DB(1)!", ON_ACCESS+LEN4, , flds 4(%ebx)
        DATA_CASE "write: x87 store", "#DB(1)!", ON_WRITE+LEN4, fld1, fstps 4(%ebx)
        DATA_CASE "write: cmp", "", ON_WRITE+LEN4, , cmpl $0, 4(%ebx)
T "data: a push", "#DB(1)! 23ffc"
        WATCH   KSTACK-4, ON_WRITE+LEN4
7:      pushl   %eax
8:      nop
A
        V       f_esp
E
T "data: the address of the breakpoint is rounded down to its length", "#DB(1)!"
        WATCH   DATA2+7, ON_WRITE+LEN4
7:      movb    %al, DATA2 + 4
8:      nop
E
T "data: two breakpoints by one insn", "#DB(3)!"
        SET_DR  0, DATA2
        SET_DR  1, DATA2+4
        SET_DR  7, 0xdd0005
7:      movl    %eax, DATA2 + 2
8:      nop
E
T "data: source and destination of movs", "#DB(3)!"
        SET_DR  0, DATA
        SET_DR  1, DATA2
        SET_DR  7, 0xff0005
        movl    $DATA, %esi
        movl    $DATA2, %edi
7:      movsl
8:      nop
E
T "data: rep movsb traps behind the one that hits", "#DB(1) 2 29002 2a002"
        WATCH   DATA2+1, ON_WRITE+LEN1
        movl    $DATA, %esi
        movl    $DATA2, %edi
        movl    $4, %ecx
7:      rep movsb
8:      nop
A
        V       f_ecx, f_esi, f_edi
E
T "data: rep stosl with a hit in the last", "#DB(1)! 0 2a010"
        WATCH   DATA2+12, ON_WRITE+LEN4
        movl    $DATA2, %edi
        movl    $4, %ecx
7:      rep stosl
8:      nop
A
        V       f_ecx, f_edi
E
T "data: behind mov ss from it the trap is late", "#DB(1)!"
        movl    $KDS, DATA2
        WATCH   DATA2, ON_ACCESS+LEN2
7:      movw    DATA2, %ss
        nop
8:      nop
E
T "data: a write at level 3", "#DB(1)! 1b"
        WATCH   DATA2, ON_WRITE+LEN4
        USER
7:      movl    %eax, DATA2
8:      nop
A
        W       f_cs
E
T "data: a fault of the insn, no trap", "#GP(0)"
        GDESC   S0, DATA2, 0, DATA_RW
        movl    $S0, %ebx
        movw    %bx, %es
        WATCH   DATA2, ON_ACCESS+LEN4
7:      movl    %es:0, %eax
E
T "data: the program stores, the frame of the trap is of after", "#DB(1)! 77"
        WATCH   DATA2, ON_WRITE+LEN4
        movl    $0x77, %ecx
7:      movl    %ecx, DATA2
8:      nop
A
        V       DATA2
E
T "TF and a data breakpoint", "#DB(4001)!"
        WATCH   DATA2, ON_WRITE+LEN4
        STEP
7:      movl    %eax, DATA2
8:      nop
E
T "data: not enabled", "!"
        SET_DR  0, DATA2
        SET_DR  7, ON_WRITE+LEN4
        movl    %eax, DATA2
        PASSED
E
T "data: set and cleared again", "!"
        WATCH   DATA2, ON_WRITE+LEN4
        SET_DR  7, 0
        movl    %eax, DATA2
        PASSED
E
T "data: the trap in front of a fault of the next insn", "#DB(1)!"
        WATCH   DATA2, ON_WRITE+LEN4
7:      movl    %eax, DATA2
8:      ud2
E
T "data: in front of a code breakpoint of the next insn", "#DB(1)!"
        BREAK_AT 1, 8f
        SET_DR  0, DATA2
        SET_DR  7, DR7_L0+DR7_L1+ON_WRITE+LEN4
7:      movl    %eax, DATA2
8:      nop
E
T "data: a fault pushes through it", "#DB(1)"
        INTGATE 0, KCS, 7f, INT32
        WATCH   KSTACK-8, ON_WRITE+LEN4
        divl    %ecx
7:      nop
E
T "data: int pushes through it", "#DB(1)"
        INTGATE 0x49, KCS, 7f
        WATCH   KSTACK-8, ON_WRITE+LEN4
        int     $0x49
7:      nop
E

/* ======== ports, with CR4.DE */
        .macro  PORT_CASE name, result, control, insn:vararg
T "port: \name", "\result"
        movl    $CR4_DE, %eax
        movl    %eax, %cr4
        movl    $0x80, %edx
        movl    $DATA2, %esi
        movl    %esi, %edi
        movl    $2, %ecx
        WATCH   0x80, \control
        xorl    %eax, %eax
7:      \insn
8:      STOP
E
        .endm
        PORT_CASE "out", "#DB(1)!", ON_IO+LEN1, outb %al, $0x80
        PORT_CASE "in", "#DB(1)!", ON_IO+LEN1, inb $0x80, %al
        PORT_CASE "out by DX", "#DB(1)!", ON_IO+LEN1, outb %al, %dx
        PORT_CASE "another", "", ON_IO+LEN1, outb %al, $0x84
        PORT_CASE "a word over it", "#DB(1)!", ON_IO+LEN1, outw %ax, $0x80
        PORT_CASE "one of four", "#DB(1)!", ON_IO+LEN4, outb %al, $0x80
        PORT_CASE "rep outsb traps behind the first", "#DB(1)", ON_IO+LEN1, rep outsb
T "port: without CR4.DE no breakpoint", "!"
        WATCH   0x80, ON_IO+LEN1
        outb    %al, $0x80
        PASSED
E
/* QEMU 7.2 hangs in this: it comes last. */
T "a code breakpoint is on the linear address", "#DB(1)"
        movl    $0, shows_place
        GDESC   S0, 0x1000, 0xfffff, CODE_RX, 12
        BREAK_AT 0, 1f
        SET_DR  7, DR7_L0
        ljmp    $S0, $1f - 0x1000
1:      nop
E
        jmp     all_done

/* Counts, keeps TF as it is; a code breakpoint is passed with RF. */
count_trap:
        incl    DATA
        cmpl    $100, DATA              /* QEMU does not know RF: there is no end */
        jb      1f
        pushl   %eax
        xorl    %eax, %eax
        movl    %eax, %dr7
        popl    %eax
1:
        orl     $RF, 8(%esp)
        iretl

        .section .rodata
task_image:
        .long   0, STACK0, KDS, 0, 0, 0, 0, 0
        .long   landing, RF + 2, 0, 0, 0, 0, TASK_STACK, 0, 0, 0
        .long   KDS, KCS, KDS, KDS, 0, 0, 0, 0x680000
