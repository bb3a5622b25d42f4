/* Virtual-8086 mode: entry, exit, what it may do by IOPL, and with VME and PVI (SDM 3B chapter 20). */
        .include "kernel.inc"

        .set    CR4_VME, 1
        .set    CR4_PVI, 2
        .set    CR4_UMIP, 0x800

/* A TSS at TASK2: stack of level 0, redirection map (a set bit: not redirected), I/O map with all ports refused. */
        .set    REDIRECTION, TASK2 + 0x68
        .set    IO_MAP, TASK2 + 0x88
        .macro  USE_MAPS redirection=0
        GDESC   S0, TASK2, 0x8d, TSS32, 0
        movl    $STACK0, TASK2 + 4
        movl    $KDS, TASK2 + 8
        movl    $0x880000, TASK2 + 0x64
        movl    $REDIRECTION, %edi
        movl    $\redirection, %eax
        movl    $8, %ecx
        rep stosl
        movl    $-1, %eax
        stosl
        stosl
        movl    $S0, %eax
        ltr     %ax
        .endm
        .macro  SET_CR4 value
        movl    $\value, %eax
        movl    %eax, %cr4
        .endm
/* The vector's real-mode entry. */
        .macro  IVT vector, offset
        movl    $\offset, 4 * \vector
        .endm
/* A check in V86 that starts with these flags; with VME, and with the redirection map. */
        .macro  IN_V86 name, result, flags
T "\name", "\result"
        V86     \flags
        .endm
        .macro  IN_VME name, result, flags, redirection=0
T "\name", "\result"
        USE_MAPS \redirection
        SET_CR4 CR4_VME
        IVT     0x49, landing
        V86     \flags
        .endm
        .macro  SHOW_FLAGS
        MASKED  f_eflags, SYSTEM_FLAGS-RF+2
        .endm

checks:
/* ======== entry and exit */
T "entry: registers and segments", "0 3000 12348000 4000 5000 4200 4300 23202"
        pushl   $V86_GS
        pushl   $V86_FS
        pushl   $REAL_DS
        pushl   $REAL_ES
        pushl   $REAL_SS
        pushl   $0x12348000
        pushl   $0x23202
        pushl   $0
        pushl   $1f
        iretl
        .code16
1:      STOP
A
        V       f_cs, f_ss, f_esp, v_ds, v_es, v_fs, v_gs
        SHOW_FLAGS
E
T "exit: nine dwords on the stack of level 0, null segments", "int49+2 24fdc 0 0 33202 8000 3000 5000 4000 4200 4300 0 0 0 0"
        INTGATE 6, KCS, 1f, INT32
        V86     0x3202
8:      ud2
        .code32
1:
7:      int     $0x49
A
        V       f_esp
        RETURN_FRAME 9
        W       f_ds, f_es, f_fs, f_gs
E
T "exit by a 286 gate: words", "@8 24fee 0 0 3202 8000 3000 5000 4000 4200 4300"
        INTGATE 0x49, KCS, landing, INT16+DPL3
        V86     0x3202
        int     $0x49
8:
A
        V       f_esp
        RETURN_FRAME16 9
E
T "exit and back", "7777 12348000 4000 23202"
        INTGATE 0x49, KCS, 1f
        V86     0x3202
        movl    $0x12348000, %esp
        int     $0x49
        STOP
        .code32
1:      movl    $0x7777, %eax
        iretl
A
        V       f_eax, f_esp, v_ds
        SHOW_FLAGS
E
T "a handler at level 1", "#GP(50)"
        INTGATE 0x49, CS1, landing
        V86     0x3002
7:      int     $0x49
E
T "a handler at level 3", "#GP(18)"
        INTGATE 0x49, UCS, landing
        V86     0x3002
7:      int     $0x49
E
T "a conforming handler at level 0", "#GP(48)"
        INTGATE 0x49, CONF, landing
        V86     0x3002
7:      int     $0x49
E
T "a handler at level 1 for an exception", "#GP(51)"
        INTGATE 5, CS1, landing
        V86     0x3002
        xorw    %bx, %bx
        movw    %bx, %ds
        decw    %bx
7:      boundw  %bx, 1f
1:      .word   0x1000, 0x1000
E
EACH "a gate from V86, access"
ROW "@8", INT16+DPL3, TRAP16+DPL3, INT32+DPL3, TRAP32+DPL3
ROW "#GP(24a)", INT32, TRAP32, INT32+DPL1, INT32+DPL2
ROW "#NP(24a)", INT32+DPL3+ABSENT
DO
        INTGATE 0x49, KCS, landing, 0
        movb    %al, IDT + 8*0x49 + 5
        V86     0x3002
7:      int     $0x49
E
T "a trap gate keeps IF", "@8 200"
        INTGATE 0x49, KCS, landing, TRAP32+DPL3
        V86     0x3202
        int     $0x49
A
        MASKED  f_eflags, IF+TF+NT+VM
E
T "an interrupt gate clears IF, NT and VM", "@8 0"
        INTGATE 0x49, KCS, landing
        V86     0x7202
        int     $0x49
A
        MASKED  f_eflags, IF+TF+NT+VM
E
T "entry with EIP behind 64 KiB", "#GP(0) 8 23fdc"
        movl    $0x0b0f, 0              /* for who goes there */
        pushl   $0
        pushl   $0
        pushl   $0
        pushl   $0
        pushl   $REAL_SS
        pushl   $REAL_SP
        pushl   $VM | 2
        pushl   $0
        pushl   $0x10000
7:      iretl
A
        V       f_cs, f_esp
E
T "entry only at level 0", "@51 2"
        movl    landing, %eax           /* QEMU enters: below the image, so that it finds something */
        movl    %eax, 0xa00
        movl    %eax, 0xa00 + (CS1 << 4)
        RING1
        pushl   $VM | 2
        pushl   $CS1
        pushl   $0xa00
        iretl
A
        SHOW_FLAGS
E
T "IRET of 16 bits does not enter V86", "@8 2"
        pushw   $2
        pushw   $KCS
        pushw   $landing
        iretw
A
        SHOW_FLAGS
E

/* ======== IOPL-sensitive insns */
        .irp    insn, cli, sti, pushfw, pushfl, popfw, popfl, "int $0x49", iretw, iretl
IN_V86 "IOPL 0: \insn", "#GP(0)", 2
7:      \insn
E
IN_V86 "IOPL 2: \insn", "#GP(0)", 0x2002
7:      \insn
E
        .endr
IN_V86 "IOPL 3: cli", "23002", 0x3202
        cli
        STOP
A
        SHOW_FLAGS
E
IN_V86 "IOPL 3: sti", "23202", 0x3002
        sti
        STOP
A
        SHOW_FLAGS
E
IN_V86 "IOPL 3: pushf", "3202 7ffe", 0x3202
        pushfw
        movw    %sp, %bx
        popw    %ax
        STOP
A
        MASKED  f_eax, 0xff02
        W       f_ebx
E
IN_V86 "IOPL 3: pushfl stores VM and RF as 0", "243202", 0x243202
        pushfl
        popl    %eax
        STOP
A
        MASKED  f_eax, 0x3fff02
E
IN_V86 "IOPL 3: popf changes IF, NT, not IOPL and VM", "27202", 0x3002
        pushw   $0x4202
        popfw
        STOP
A
        SHOW_FLAGS
E
IN_V86 "IOPL 3: popfl changes AC and ID, not VM, IOPL, VIF and VIP", "263202", 0x3002
        pushl   $0x3c0202
        popfl
        STOP
A
        SHOW_FLAGS
E
IN_V86 "IOPL 3: iret", "0 8000 23202", 0x3002
        pushw   $0x0202
        pushw   $0
        pushw   $1f
        iretw
1:      STOP
A
        V       f_cs, f_esp
        SHOW_FLAGS
E
IN_V86 "IOPL 3: iretl changes neither VM nor IOPL, VIF, VIP", "0 8000 263202", 0x3002
        pushl   $0x3c0202
        pushl   $0
        pushl   $1f
        iretl
1:      STOP
A
        V       f_cs, f_esp
        SHOW_FLAGS
E
IN_V86 "IOPL 3: iretl behind 64 KiB", "#GP(0) 7ff4", 0x3002
        pushl   $2
        pushl   $0
        pushl   $0x10000
7:      iretl
A
        V       f_esp
E
T "int3 is not IOPL-sensitive", "#BP!"
        movb    $INT32+DPL3, IDT + 8*3 + 5
        V86     2
7:      int3
8:
E
IN_V86 "int3: the gate's DPL", "#GP(1a)", 2
7:      int3
E
IN_V86 "into is not IOPL-sensitive", "#GP(22)", 2
        movb    $0x7f, %al
        incb    %al
7:      into
E
IN_V86 "int 3 of two bytes is", "#GP(0)", 2
7:      .byte   0xcd, 3
E

/* ======== insns of protected mode */
        .irp    insn, hlt, "lgdt 0", "lidt 0", "lmsw %ax", clts, invd, wbinvd, "invlpg 0", "movl %cr0, %eax", "movl %eax, %cr3", "movl %dr0, %eax", "movl %eax, %dr7", rdmsr, wrmsr
IN_V86 "\insn", "#GP(0)", 0x3002
7:      \insn
E
        .endr
        .irp    insn, "lldt %ax", "ltr %ax", "sldt %ax", "str %ax", "lar %ax, %ax", "lsl %ax, %ax", "verr %ax", "verw %ax", "arpl %ax, %ax"
IN_V86 "\insn", "#UD", 0x3002
7:      \insn
E
        .endr
IN_V86 "smsw", "31", 2
        smsww   %ax
        STOP
A
        W       f_eax
E
IN_V86 "sgdt", "1ff", 2
        sgdtl   0
        movw    0, %ax
        STOP
A
        W       f_eax
E
        .irp    insn, "smsw %ax", "sgdtl 0", "sidtl 0"
T "UMIP: \insn", "#GP(0)"
        SET_CR4 CR4_UMIP
        V86     0x3002
7:      \insn
E
        .endr

/* ======== ports: the map decides, whatever IOPL */
IN_V86 "in without a map, IOPL 3", "#GP(0)", 0x3002
7:      inb     $0x80, %al
E
T "out by the map, bit clear, IOPL 0", "!"
        USE_MAPS
        GDESC   S0, TASK2, 0x9f, TSS32, 0
        movw    $0, IO_MAP + 0x10       /* port 0x80 */
        movl    $S0, %eax
        ltr     %ax
        V86     2
        outb    %al, $0x80
        STOP
A
        PASSED
E
T "out by the map, bit set, IOPL 3", "#GP(0)"
        USE_MAPS
        GDESC   S0, TASK2, 0x9f, TSS32, 0
        movw    $0xff, IO_MAP + 0x10
        movl    $S0, %eax
        ltr     %ax
        V86     0x3002
7:      outb    %al, $0x80
E

/* ======== segments */
IN_V86 "loads of segment registers", "1234 1234 1234 4100 2", 0x3002
        movw    $0x1234, %ax
        movw    %ax, %ds
        pushw   %ax
        popw    %es
        movw    %ax, %fs
        movw    $0x4100, %bx
        movw    %bx, %ss
        movw    $2, %sp
        STOP
A
        V       v_ds, v_es, v_fs, f_ss
        W       f_esp
E
IN_V86 "the base is 16 times the selector", "abcd", 0x3002
        movw    $0xabcd, 0x1230
        movw    $0x4123, %ax
        movw    %ax, %es
        movw    %es:0, %ax
        STOP
A
        W       f_eax
E
IN_V86 "lds", "5678 4321", 0x3002
        movl    $0x43215678, 0x100
        lds     0x100, %ax
        STOP
A
        W       f_eax, v_ds
E
IN_V86 "byte at ffff", "!", 0x3002
        movb    0xffff, %al
        STOP
A
        PASSED
E
        .macro  LIMIT_V86 name, result, insn:vararg
IN_V86 "\name", "\result", 0x3002
        movl    $0x10000, %ebx
        movl    %ebx, %ebp
7:      \insn
E
        .endm
        LIMIT_V86 "word at ffff", "#GP(0)", movw 0xffff, %ax
        LIMIT_V86 "write of a word at ffff", "#GP(0)", movw %ax, 0xffff
        LIMIT_V86 "word at ffff in the stack", "#SS(0)", movw %ss:0xffff, %ax
        LIMIT_V86 "32-bit address behind 64 KiB", "#GP(0)", movb (%ebx), %al
        LIMIT_V86 "32-bit address behind 64 KiB in the stack", "#SS(0)", movb (%ebp), %al
IN_V86 "push with SP 1", "#SS(0) 1", 0x3002
        movw    $1, %sp
7:      pushw   %ax
A
        W       f_esp
E
IN_V86 "push with SP 0 wraps", "fffe", 0x3002
        xorw    %sp, %sp
        pushw   %ax
        STOP
A
        W       f_esp
E
IN_V86 "write through CS", "5555", 0x3002
        movw    $0x5555, %cs:0xff0
        movw    %cs:0xff0, %ax
        STOP
A
        W       f_eax
E
IN_V86 "far call and return", "0 1 7ffc 8000", 0x3002
        lcallw  $1, $1f - 0x10
        movw    %cs, %ax
        STOP
1:      movw    %cs, %bx
        movw    %sp, %cx
        lretw
A
        W       f_eax, f_ebx, f_ecx, f_esp
E
IN_V86 "far jump through memory", "1", 0x3002
        movw    $1f - 0x10, 0x10
        movw    $1, 0x12
        ljmpw   *0x10
1:      movw    %cs, %bx
        ljmpw   $0, $2f
2:      STOP
A
        W       f_ebx
E
IN_V86 "far jump behind 64 KiB", "#GP(0)", 0x3002
7:      ljmpl   $0, $0x10000
E
/* ======== VME: CLI, STI, PUSHF, POPF, IRET on VIF */
IN_VME "VME, IOPL 0: cli clears VIF, not IF", "20202", VIF|0x202
        cli
        STOP
A
        SHOW_FLAGS
E
IN_VME "VME, IOPL 0: sti sets VIF, not IF", "a0002", 2
        sti
        STOP
A
        SHOW_FLAGS
E
IN_VME "VME, IOPL 0: sti with VIP", "#GP(0) 120002", VIP|2
7:      sti
A
        SHOW_FLAGS
E
IN_VME "VME: VIP and VIF: #GP in front of the next insn", "#GP(0) 1a0002", VIP|VIF|2
7:      nop
A
        SHOW_FLAGS
E
IN_VME "VME, IOPL 3: VIP and VIF are not looked at", "1a3002", VIP|VIF|0x3002
7:      nop
        STOP
A
        SHOW_FLAGS
E
IN_VME "VME, IOPL 0: cli with VIP", "120002", VIP|2
        cli
        STOP
A
        SHOW_FLAGS
E
IN_VME "VME, IOPL 3: cli and sti are on IF", "23002", 0x3202
        cli
        STOP
A
        SHOW_FLAGS
E
IN_VME "VME, IOPL 3: sti with VIP", "123202", VIP|0x3002
        sti
        STOP
A
        SHOW_FLAGS
E
IN_VME "VME, IOPL 0: pushf stores VIF as IF and IOPL 3", "3202", VIF|2
        pushfw
        popw    %ax
        STOP
A
        MASKED  f_eax, 0xff02
E
IN_VME "VME, IOPL 1: pushf with VIF 0", "3002", 0x1202
        pushfw
        popw    %ax
        STOP
A
        MASKED  f_eax, 0xff02
E
IN_VME "VME, IOPL 0: pushfl", "#GP(0)", 2
7:      pushfl
E
IN_VME "VME, IOPL 0: popfl", "#GP(0)", 2
        pushl   $2
7:      popfl
E
IN_VME "VME, IOPL 0: iretl", "#GP(0)", 2
7:      iretl
E
IN_VME "VME, IOPL 0: popf loads VIF from IF", "a4002", 2
        pushw   $0x7202
        popfw
        STOP
A
        SHOW_FLAGS
E
IN_VME "VME, IOPL 0: popf clears VIF", "20202", VIF|0x202
        pushw   $2
        popfw
        STOP
A
        SHOW_FLAGS
E
IN_VME "VME, IOPL 0: popf of TF", "#GP(0) 7ffe", 2
        pushw   $0x102
7:      popfw
A
        W       f_esp
E
IN_VME "VME, IOPL 0: popf of IF with VIP", "#GP(0) 7ffe", VIP|2
        pushw   $0x202
7:      popfw
A
        W       f_esp
E
IN_VME "VME, IOPL 0: popf without IF with VIP", "120002", VIP|2
        pushw   $2
        popfw
        STOP
A
        SHOW_FLAGS
E
IN_VME "VME, IOPL 3: popf is on IF", "23202", 0x3002
        pushw   $0x202
        popfw
        STOP
A
        SHOW_FLAGS
E
IN_VME "VME, IOPL 0: iret loads VIF from IF", "8000 a0002", 2
        pushw   $0x3202
        pushw   $0
        pushw   $1f
        iretw
1:      STOP
A
        V       f_esp
        SHOW_FLAGS
E
IN_VME "VME, IOPL 0: iret of TF", "#GP(0) 7ffa", 2
        pushw   $0x102
        pushw   $0
        pushw   $1f
7:      iretw
1:
A
        W       f_esp
E
IN_VME "VME, IOPL 0: iret of IF with VIP", "#GP(0) 7ffa", VIP|2
        pushw   $0x202
        pushw   $0
        pushw   $1f
7:      iretw
1:
A
        W       f_esp
E

/* ======== VME: INT n by the redirection map */
IN_VME "VME, IOPL 0: int redirected to the V86 handler", "@0 7ffa 0 0 3202 20002", VIF|2
        int     $0x49
8:
A
        W       f_esp
        movl    $REAL_SS * 16 + 0x7ffa, f_esp
        RETURN_FRAME16 3
        SHOW_FLAGS
E
IN_VME "VME, IOPL 0: the handler's image has VIF as IF", "@0 3002 20202", 0x202
        int     $0x49
A
        W       REAL_SS*16+0x7ffe
        SHOW_FLAGS
E
IN_VME "VME, IOPL 3: int redirected", "@0 3202 23002", 0x3202
        int     $0x49
A
        W       REAL_SS*16+0x7ffe
        SHOW_FLAGS
E
IN_VME "VME, IOPL 0: int not redirected", "#GP(0)", 2, -1
7:      int     $0x49
E
IN_VME "VME, IOPL 3: int not redirected", "int49! 23002", 0x3002, -1
7:      int     $0x49
8:
A
        SHOW_FLAGS
E
T "VME: only the bit of the vector counts", "@0"
        USE_MAPS -1
        btrl    $9, REDIRECTION + 8
        SET_CR4 CR4_VME
        IVT     0x49, landing
        V86     2
        int     $0x49
E
T "VME: the bit of the vector set", "#GP(0)"
        USE_MAPS
        btsl    $9, REDIRECTION + 8
        SET_CR4 CR4_VME
        V86     2
7:      int     $0x49
E
IN_VME "VME: a redirected int and back", "8000 a0002", VIF|2
        movw    $0, %ax
        movw    %ax, %ds
        movw    $1f, 4*0x49
        int     $0x49
        STOP
1:      iretw
A
        W       f_esp
        SHOW_FLAGS
E
IN_VME "VME: int3 is not redirected", "#GP(1a)", 2
7:      int3
E
IN_VME "VME: exceptions are not redirected", "#UD", 0x3002
7:      ud2
E
IN_VME "VME: a redirected int through a stack that is too small", "#SS(0) 5", 2
        movw    $5, %sp
7:      int     $0x49
A
        W       f_esp
E
T "VME: a map behind the TSS's limit", "#GP(0)"
        USE_MAPS
        movw    $0x1000, TASK2 + 0x66
        SET_CR4 CR4_VME
        V86     2
7:      int     $0x49
E

/* ======== PVI: CLI and STI at level 3 of protected mode */
        .macro  IN_PVI name, result, flags
T "\name", "\result"
        SET_CR4 CR4_PVI
        USER    \flags
        .endm
IN_PVI "PVI, IOPL 0: sti sets VIF", "80002", 2
        sti
        STOP
A
        SHOW_FLAGS
E
IN_PVI "PVI, IOPL 0: cli clears VIF", "202", VIF|0x202
        cli
        STOP
A
        SHOW_FLAGS
E
IN_PVI "PVI, IOPL 0: sti with VIP", "#GP(0)", VIP|2
7:      sti
E
IN_PVI "PVI, IOPL 2: sti sets VIF", "82002", 0x2002
        sti
        STOP
A
        SHOW_FLAGS
E
IN_PVI "PVI, IOPL 3: sti sets IF", "3202", 0x3002
        sti
        STOP
A
        SHOW_FLAGS
E
IN_PVI "PVI: pushf and popf are as ever", "80002 2", VIF|2
        pushl   $0x202
        popfl
        pushfl
        popl    %eax
        STOP
A
        SHOW_FLAGS
        MASKED  f_eax, 0x3200+2
E
T "PVI at level 1: IOPL counts", "#GP(0)"
        SET_CR4 CR4_PVI
        RING1
7:      sti
E
T "without PVI: sti at level 3", "#GP(0)"
        SET_CR4 CR4_VME
        USER
7:      sti
E
T "PVI does not make V86 virtual", "#GP(0)"
        SET_CR4 CR4_PVI
        V86     2
7:      sti
E
        jmp     all_done
