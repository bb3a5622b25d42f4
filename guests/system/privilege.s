/* What the privilege level and IOPL allow: privileged insns, EFLAGS, ports and the I/O permission map (SDM 3A §5.9, SDM 1 §18.5). */
        .include "kernel.inc"

/* A TSS at TASK2 with an I/O map at its end, all ports refused; `limit` is that of the segment. */
        .set    IO_MAP, TASK2 + 0x68
        .macro  IO_TSS limit=0x200
        GDESC   S0, TASK2, \limit, TSS32, 0
        movl    $STACK0, TASK2 + 4
        movl    $KDS, TASK2 + 8
        movl    $0x680000, TASK2 + 0x64
        movl    $IO_MAP, %edi
        movl    $-1, %eax
        movl    $16, %ecx
        rep stosl
        movl    $S0, %eax
        ltr     %ax
        .endm

checks:
/* ======== privileged insns: IOPL does not help, and the operands do not matter */
        .irp    insn, "lgdtl DATA", "lidtl DATA", "lldt %cx", "ltr %cx", "lmsw %ax", "clts", "hlt", "invd", "wbinvd", "invlpg DATA", "movl %cr0, %eax", "movl %cr2, %eax", "movl %cr3, %eax", "movl %cr4, %eax", "movl %eax, %cr0", "movl %eax, %cr2", "movl %eax, %cr3", "movl %eax, %cr4", "movl %dr0, %eax", "movl %dr6, %eax", "movl %eax, %dr7", "rdmsr", "wrmsr"
T "level 3: \insn", "#GP(0)"
        USER    2+IOPL3
7:      \insn
E
T "level 1: \insn", "#GP(0)"
        RING1   2+IOPL3
7:      \insn
E
        .endr
        .irp    insn, "smsw %bx", "sldt %bx", "str %bx", "sgdtl DATA", "sidtl DATA", "verr %bx", "lar %bx, %cx", "nop", "cpuid", "rdtsc"
T "level 3 may: \insn", "!"
        USER
        \insn
        PASSED
E
        .endr
T "str, sldt, sgdt, sidt at level 3", "28 0 1ff 7ff"
        USER
        str     %ax
        V       %eax
        sldt    %ax
        V       %eax
        sgdtl   DATA
        W       DATA
        sidtl   DATA
        W       DATA
E
        .irp    insn, "str %ax", "sldt %ax", "sgdtl DATA", "sidtl DATA", "smsw %ax", "str DATA", "sldt DATA", "smsw DATA"
T "UMIP, level 3: \insn", "#GP(0)"
        movl    $0x800, %eax
        movl    %eax, %cr4
        USER
7:      \insn
E
        .endr
T "UMIP, level 1: str", "#GP(0)"
        movl    $0x800, %eax
        movl    %eax, %cr4
        RING1
7:      str     %ax
E
T "UMIP, level 0", "28 1ff"
        movl    $0x800, %eax
        movl    %eax, %cr4
        xorl    %eax, %eax
        str     %ax
        V       %eax
        sgdtl   DATA
        W       DATA
E
        .irp    reg, 1, 5, 6, 7
T "mov from CR\reg", "#UD"
7:      .byte   0x0f, 0x20, 0xc0 + 8 * \reg
E
T "mov to CR\reg at level 3", "#UD"
        USER
7:      .byte   0x0f, 0x22, 0xc0 + 8 * \reg
E
        .endr
T "CR4.TSD, rdtsc at level 3", "#GP(0)"
        movl    $4, %eax
        movl    %eax, %cr4
        USER
7:      rdtsc
E
T "CR4.TSD, rdtsc at level 0", "!"
        movl    $4, %eax
        movl    %eax, %cr4
        rdtsc
        PASSED
E
T "rdpmc at level 3 without CR4.PCE", "#GP(0)"
        USER
7:      rdpmc
E

/* ======== control registers: values that are refused */
        .macro  CR_REFUSED name, register, value
T "\name", "#GP(0)"
        movl    $\value, %eax
7:      movl    %eax, %\register
E
        .endm
        CR_REFUSED "CR0: PG without PE", cr0, 0x80000030
        CR_REFUSED "CR0: NW without CD", cr0, 0x20000031
T "CR0 refused: it stays", "#GP(0) 31"
        movl    $0x20000033, %eax
7:      movl    %eax, %cr0
A
        movl    %cr0, %eax
        MASKED  %eax, 0xffffffff
E
T "CR0: ET stays 1", "31"
        movl    %cr0, %eax
        andl    $~0x10, %eax
        movl    %eax, %cr0
        movl    %cr0, %eax
        V       %eax
E
T "lmsw sets MP, EM, TS and does not clear PE", "3f"
        movl    $0xe, %eax
        lmsw    %ax
        movl    %cr0, %eax
        V       %eax
E
T "lmsw leaves NE and the rest", "31"
        movl    $0xfff1, %eax
        lmsw    %ax
        movl    %cr0, %eax
        V       %eax
E
T "clts", "31"
        movl    $0x39, %eax
        movl    %eax, %cr0
        clts
        movl    %cr0, %eax
        V       %eax
E
T "CR0.NW and CD with PG 0", "60000031"
        movl    $0x60000031, %eax
        movl    %eax, %cr0
        movl    %cr0, %ebx
        movl    $0x31, %eax
        movl    %eax, %cr0
        V       %ebx
E
T "smsw stores 32 bits into a register", "60000039"
        movl    $0x60000039, %eax
        movl    %eax, %cr0
        smswl   %ebx
        movl    $0x31, %eax
        movl    %eax, %cr0
        V       %ebx
E
T "CR2 keeps 32 bits", "12345678"
        movl    $0x12345678, %eax
        movl    %eax, %cr2
        movl    %cr2, %ebx
        V       %ebx
E
T "mov from CR ignores mod", "12345678"
        movl    $0x12345678, %eax
        movl    %eax, %cr2
        .byte   0x0f, 0x20, 0x13        /* mod 0: still mov %cr2, %ebx */
        V       %ebx
E

/* ======== what #NM and #MF wait for */
EACH "fnop, CR0"
ROW "!", 0x31, 0x33
ROW "#NM", 0x35, 0x37, 0x39, 0x3b, 0x3d
DO
        movl    %eax, %cr0
7:      fnop
        PASSED
E
EACH "fwait, CR0"
ROW "!", 0x31, 0x33, 0x35, 0x37, 0x39
ROW "#NM", 0x3b, 0x3f
DO
        movl    %eax, %cr0
7:      fwait
        PASSED
E

/* ======== POPF */
        .macro  POPF_AT_3 name, result, before, popped
T "\name", "\result"
        USER    \before
        pushl   $\popped
        popfl
        STOP
A
        MASKED  f_eflags, 0x3e7702
E
        .endm
        POPF_AT_3 "popfd at level 3, IOPL 0, does not set IF and IOPL", "244402", 0x0002, 0x247602
        POPF_AT_3 "popfd at level 3, IOPL 0, does not clear IF", "202", 0x0202, 0x0002
        POPF_AT_3 "popfd at level 3, IOPL 2, does not set IF", "2002", 0x2002, 0x3202
        POPF_AT_3 "popfd at level 3, IOPL 3, sets IF", "3202", 0x3002, 0x0202
        POPF_AT_3 "popfd at level 3, IOPL 3, clears IF, not IOPL", "3002", 0x3202, 0x0002
        POPF_AT_3 "popfd at level 3 does not load VM, VIF, VIP", "2", 0x0002, 0x1a0002
        POPF_AT_3 "popfd at level 3 clears AC, ID", "2", 0x240002, 0x0002
T "popfd at level 0 loads all but VM, VIF, VIP", "247602"
        pushl   $0x3e7602
        popfl
        STOP
A
        MASKED  f_eflags, 0x3e7702
E
T "popfd at level 0 keeps VIF and VIP", "180002"
        pushl   $VIF | VIP | 2
        pushl   $KCS
        pushl   $1f
        iretl
1:      pushl   $2
        popfl
        STOP
A
        MASKED  f_eflags, 0x3e7702
E
T "popf of 16 bits keeps AC and ID", "244402"
        USER    0x240002
        pushw   $0x7602
        popfw
        STOP
A
        MASKED  f_eflags, 0x3e7702
E
T "popfd at level 1, IOPL 1, loads IF, not IOPL", "1202"
        RING1   0x1002
        pushl   $0x3202
        popfl
        STOP
A
        MASKED  f_eflags, 0x3e7702
E
T "popfd at level 1, IOPL 0, does not load IF", "2"
        RING1   0x0002
        pushl   $0x3202
        popfl
        STOP
A
        MASKED  f_eflags, 0x3e7702
E
T "popfd clears RF", "2"
        pushl   $RF | 2
        popfl
        pushfl
        popl    %eax
        MASKED  %eax, 0x3e7702+RF
E
T "pushfd stores VM and RF as 0", "2"
        pushl   $RF | 2
        pushl   $KCS
        pushl   $1f
        iretl
1:      pushfl
        popl    %eax
        MASKED  %eax, VM+RF+2
E

/* ======== CLI and STI */
EACH "cli at level 3, flags"
ROW "#GP(0)", 0x0202, 0x1202, 0x2202, 0x0002
ROW "!", 0x3202, 0x3002
DO
        pushl   $UDS
        pushl   $STACK3
        pushl   %eax
        pushl   $UCS
        pushl   $7f
        movl    $UDS, %eax
        movw    %ax, %ds
        iretl
7:      cli
        PASSED
E
EACH "sti at level 3, flags"
ROW "#GP(0)", 0x0002, 0x1002, 0x2002, 0x0202
ROW "!", 0x3002, 0x3202
DO
        pushl   $UDS
        pushl   $STACK3
        pushl   %eax
        pushl   $UCS
        pushl   $7f
        movl    $UDS, %eax
        movw    %ax, %ds
        iretl
7:      sti
        PASSED
E
EACH "cli at level 1, flags"
ROW "#GP(0)", 0x0202
ROW "!", 0x1202, 0x2202, 0x3202
DO
        pushl   $DS1
        pushl   $STACK1-0x100
        pushl   %eax
        pushl   $CS1
        pushl   $7f
        movl    $DS1, %eax
        movw    %ax, %ds
        iretl
7:      cli
        PASSED
E
T "cli and sti at level 3 with IOPL 3 change IF", "3002 3202"
        USER    0x3202
        cli
        pushfl
        popl    %eax
        sti
        pushfl
        popl    %ebx
        MASKED  %eax, SYSTEM_FLAGS+2
        MASKED  %ebx, SYSTEM_FLAGS+2
E
T "cli at level 0 with IOPL 0", "2"
        pushl   $0x202
        popfl
        cli
        pushfl
        popl    %eax
        MASKED  %eax, SYSTEM_FLAGS+2
E

/* ======== ports: IOPL, then the map (port 0x80 is harmless) */
T "out at level 3, IOPL 3", "!"
        USER    0x3002
        outb    %al, $0x80
        PASSED
E
EACH "out at level 3 by IOPL, flags"
ROW "#GP(0)", 0x0002, 0x1002, 0x2002
ROW "!", 0x3002
DO
        pushl   $UDS
        pushl   $STACK3
        pushl   %eax
        pushl   $UCS
        pushl   $7f
        movl    $UDS, %eax
        movw    %ax, %ds
        iretl
7:      outb    %al, $0x80
        PASSED
E
T "out at level 1, IOPL 1", "!"
        RING1   0x1002
        outb    %al, $0x80
        PASSED
E
T "out at level 2, IOPL 1, no map", "#GP(0)"
        RING2   0x1002
7:      outb    %al, $0x80
E
        .macro  IO_CASE name, result, map, insn:vararg
T "\name", "\result"
        IO_TSS
        movw    $\map, IO_MAP + 0x80 / 8
        movl    $0x80, %edx
        xorl    %eax, %eax
        movl    $DATA, %esi
        movl    $DATA, %edi
        movl    %eax, %ecx
        USER
7:      \insn
        PASSED
E
        .endm
        IO_CASE "map: byte, bit clear", "!", 0xfffe, outb %al, $0x80
        IO_CASE "map: byte, bit set", "#GP(0)", 0x0001, outb %al, $0x80
        IO_CASE "map: in byte, bit set", "#GP(0)", 0x0001, inb $0x80, %al
        IO_CASE "map: in byte, bit clear", "!", 0xfffe, inb $0x80, %al
        IO_CASE "map: word, one bit clear", "#GP(0)", 0xfffe, outw %ax, $0x80
        IO_CASE "map: word, both clear", "!", 0xfffc, outw %ax, $0x80
        IO_CASE "map: word, the other bit clear", "#GP(0)", 0xfffd, outw %ax, $0x80
        IO_CASE "map: dword, three bits clear", "#GP(0)", 0xfff8, outl %eax, $0x80
        IO_CASE "map: dword, four bits clear", "!", 0xfff0, outl %eax, $0x80
        IO_CASE "map: dword over two bytes, clear", "!", 0xfc3f, outl %eax, $0x86
        IO_CASE "map: dword over two bytes, last bit set", "#GP(0)", 0xfe3f, outl %eax, $0x86
        IO_CASE "map: by DX", "!", 0xfffe, outb %al, %dx
        IO_CASE "map: by DX, bit set", "#GP(0)", 0x0001, inb %dx, %al
        IO_CASE "map: insb, bit set", "#GP(0)", 0x0001, insb
        IO_CASE "map: insb, bit clear", "!", 0xfffe, insb
        IO_CASE "map: outsb, bit set", "#GP(0)", 0x0001, outsb
        IO_CASE "map: rep outsb of count 0, bit set", "#GP(0)", 0x0001, rep outsb
EACH "map: base"                        /* bit 0x80 of what is there is 0 */
ROW "!", 0x68
ROW "#GP(0)", 0x1f0, 0x200, 0x201, 0x2000
DO
        movw    %ax, DATA
        IO_TSS
        movw    $0, IO_MAP + 0x10
        movw    DATA, %ax
        movw    %ax, TASK2 + 0x66
        USER
7:      outb    %al, $0x80
        PASSED
E
EACH "map: segment limit, port 0x80"    /* two bytes are read, always */
ROW "!", 0x79, 0x7a
ROW "#GP(0)", 0x78, 0x77, 0x67
DO
        movw    %ax, DATA
        IO_TSS
        movw    $0, IO_MAP + 0x10
        movw    DATA, %ax
        movw    %ax, GDT + S0
        movb    $TSS32, GDT + S0 + 5
        movl    $S0, %eax
        ltr     %ax
        USER
7:      outb    %al, $0x80
        PASSED
E
T "map: a TSS too short for a map base", "#GP(0)"
        IO_TSS
        GDESC   S0, TASK2, 0x66, TSS32, 0
        movl    $S0, %eax
        ltr     %ax
        USER
7:      outb    %al, $0x80
E
T "map: a 286 TSS has none", "#GP(0)"
        IO_TSS
        movw    $0, IO_MAP + 0x10
        movl    $TASK2 + 0x280, %eax
        movw    %ax, TASK2 + 2
        GDESC   S0, TASK2, 0x200, TSS16, 0
        GDESC   S1, 0x20000, 0xffff, DATA_RW, 0
        movl    $S1 << 16 | 0x3000, TASK2 + 2
        movl    $S0, %eax
        ltr     %ax
        USER
7:      outb    %al, $0x80
E
T "map: level 0 needs none", "!"
        outb    %al, $0x80
        PASSED
E
T "a refused insb changes nothing", "#GP(0) 29000 3"
        USER
        movl    $DATA, %edi
        movl    $3, %ecx
        movl    $0x80, %edx
7:      rep insb
A
        V       f_edi, f_ecx
E
        /* QEMU 7.2 hangs in these: they come last. */
        CR_REFUSED "CR4: reserved bit 15", cr4, 0x8000
        CR_REFUSED "CR4: reserved bit 26", cr4, 0x4000000
        jmp     all_done
