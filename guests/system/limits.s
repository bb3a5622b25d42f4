/* Limits and access rights, checked at each access: data, stacks, strings, code (SDM 3A §5.3, §5.5). */
        .include "kernel.inc"

/* An access through ES, which is S0 at DATA; EBX is the offset. */
        .macro  ACCESS name, result, limit, access, flags, offset, insn:vararg
T "\name", "\result"
        GDESC   S0, DATA, \limit, \access, \flags
        movl    $S0, %eax
        movw    %ax, %es
        xorl    %eax, %eax
        movl    %eax, DATA
        movl    $\offset, %ebx
7:      \insn
        PASSED
E
        .endm
/* An insn at level 3 on a stack that is S0 at DATA; EBP is ESP. */
        .macro  STACK name, result, limit, access, flags, esp, insn:vararg
T "stack: \name", "\result"
        GDESC   S0, DATA, \limit, \access+DPL3, \flags
        USER
        movl    $S0+3, %eax
        movl    $\esp, %ebx
        movw    %ax, %ss
        movl    %ebx, %esp
        movl    %ebx, %ebp
7:      \insn
        STOP
A
        V       f_esp
E
        .endm
        .set    OUTSIDE, 0x1f000        /* memory nobody needs */
/* An insn in code at base 0 with a limit of 0xffff. */
        .macro  CODE name, result, insn:vararg
T "code: \name", "\result"
        GDESC   S0, 0, 0xffff, CODE_RX
        movl    $0x0b0f, OUTSIDE        /* UD2: for who goes there */
        ljmp    $S0, $1f
1:
7:      \insn
        PASSED
E
        .endm

checks:
/* ======== data: a limit of 4 KiB - 1 */
EACH "read of a byte at"
ROW "!", 0, 0xffe, 0xfff
ROW "#GP(0)", 0x1000, 0x8000, 0xffff
DO
        GDESC   S0, DATA, 0xfff, DATA_RW
        movl    $S0, %ebx
        movw    %bx, %es
7:      movb    %es:(%eax), %cl
        PASSED
E
EACH "read of a word at"
ROW "!", 0, 0xffe
ROW "#GP(0)", 0xfff, 0x1000
DO
        GDESC   S0, DATA, 0xfff, DATA_RW
        movl    $S0, %ebx
        movw    %bx, %es
7:      movw    %es:(%eax), %cx
        PASSED
E
EACH "read of a dword at"
ROW "!", 0, 0xffc
ROW "#GP(0)", 0xffd, 0xffe, 0xfff, 0x1000
DO
        GDESC   S0, DATA, 0xfff, DATA_RW
        movl    $S0, %ebx
        movw    %bx, %es
7:      movl    %es:(%eax), %ecx
        PASSED
E
EACH "write of a dword at"
ROW "!", 0, 0xffc
ROW "#GP(0)", 0xffd, 0xfff, 0x1000
DO
        GDESC   S0, DATA, 0xfff, DATA_RW
        movl    $S0, %ebx
        movw    %bx, %es
7:      movl    %ecx, %es:(%eax)
        PASSED
E
        ACCESS "add to memory behind the limit", "#GP(0)", 0xfff, DATA_RW, BIG, 0xffd, addl %eax, %es:(%ebx)
        ACCESS "an offset wraps below 0", "#GP(0)", 0xfff, DATA_RW, BIG, 0, movb %es:-1(%ebx), %al
        ACCESS "an offset wraps to the start", "!", 0xfff, DATA_RW, BIG, -4, movb %es:4(%ebx), %al
        ACCESS "limit 0: the first byte", "!", 0, DATA_RW, BIG, 0, movb %es:(%ebx), %al
        ACCESS "limit 0: a word", "#GP(0)", 0, DATA_RW, BIG, 0, movw %es:(%ebx), %ax
        ACCESS "limit 0 in pages: the last byte", "!", 0, DATA_RW, BIG+PAGES, 0xfff, movb %es:(%ebx), %al
        ACCESS "limit 0 in pages: the byte behind", "#GP(0)", 0, DATA_RW, BIG+PAGES, 0x1000, movb %es:(%ebx), %al
        ACCESS "a dword around 4 GiB in a flat segment, base 0", "!", 0xfffff, DATA_RW, BIG+PAGES, 0, movl %ds:(%ebx), %eax
        ACCESS "bit test in the last dword", "!", 0xfff, DATA_RW, BIG, 0x7fff, btl %ebx, %es:0
        ACCESS "bit test behind the limit", "#GP(0)", 0xfff, DATA_RW, BIG, 0x8000, btl %ebx, %es:0
        ACCESS "bit test below 0", "#GP(0)", 0xfff, DATA_RW, BIG, -1, btl %ebx, %es:0
        ACCESS "cmpxchg8b behind the limit", "#GP(0)", 0xfff, DATA_RW, BIG, 0xff9, cmpxchg8b %es:(%ebx)
        ACCESS "xchg behind the limit", "#GP(0)", 0xfff, DATA_RW, BIG, 0xffd, xchgl %eax, %es:(%ebx)
        ACCESS "lea checks nothing", "!", 0xfff, DATA_RW, BIG, 0x1000, .byte 0x26, 0x8d, 0x03
        ACCESS "invlpg checks nothing", "!", 0xfff, DATA_RW, BIG, 0x1000, invlpg %es:(%ebx)
        ACCESS "a long nop reads nothing", "!", 0xfff, DATA_RW, BIG, 0x1000, nopl %es:(%ebx)
        ACCESS "bound behind the limit", "#GP(0)", 6, DATA_RW, BIG, 0, boundl %eax, %es:(%ebx)
        ACCESS "the upper half of a far pointer behind the limit", "#GP(0)", 4, DATA_RW, BIG, 0, lfs %es:(%ebx), %eax
        ACCESS "sgdt behind the limit", "#GP(0)", 4, DATA_RW, BIG, 0, sgdtl %es:(%ebx)
        ACCESS "lgdt behind the limit", "#GP(0)", 4, DATA_RW, BIG, 0, lgdtl %es:(%ebx)

/* ======== data: what the type allows */
EACH "read through access"
ROW "!", DATA_R, DATA_RW, CODE_RX, CONF_RX
DO
        GDESC_AL S0, DATA, 0xfff
        movl    $S0, %ebx
        movw    %bx, %es
7:      movb    %es:0xfff, %cl
        PASSED
E
EACH "write through access"
ROW "!", DATA_RW
ROW "#GP(0)", DATA_R, CODE_RX, CONF_RX
DO
        GDESC_AL S0, DATA, 0xfff
        movl    $S0, %ebx
        movw    %bx, %es
7:      movb    %cl, %es:0xfff
        PASSED
E
EACH "read and write through access"
ROW "!", DATA_RW
ROW "#GP(0)", DATA_R, CODE_RX, CONF_RX
DO
        GDESC_AL S0, DATA, 0xfff
        movl    $S0, %ebx
        movw    %bx, %es
7:      addb    %cl, %es:0xfff
        PASSED
E
        ACCESS "cmpxchg that fails still writes", "#GP(0)", 0xfff, DATA_R, BIG, 0, cmpxchgl %ebx, %es:(%ebx)
        ACCESS "test only reads", "!", 0xfff, DATA_R, BIG, 0, testl %eax, %es:(%ebx)
        ACCESS "bt only reads", "!", 0xfff, DATA_R, BIG, 0, btl %eax, %es:(%ebx)
        ACCESS "bts writes", "#GP(0)", 0xfff, DATA_R, BIG, 0, btsl %eax, %es:(%ebx)
T "read through CS", "!"
7:      movl    %cs:DATA, %eax
        PASSED
E
T "write through CS", "#GP(0)"
7:      movl    %eax, %cs:DATA
E
T "read through execute-only CS", "#GP(0)"
        GDESC   S0, 0, 0xfffff, CODE_X, 12
        ljmp    $S0, $1f
1:
7:      movl    %cs:DATA, %eax
E
T "read through conforming CS at level 3", "!"
        USER
        ljmp    $CONF, $1f
1:
7:      movl    %cs:DATA, %eax
        PASSED
E

/* ======== expand-down: the limit is the last offset that is not in the segment */
EACH "expand-down 32, read of a byte at"
ROW "#GP(0)", 0, 0xfff
ROW "!", 0x1000, 0xffff
DO
        GDESC   S0, DATA, 0xfff, DOWN_RW
        movl    $S0, %ebx
        movw    %bx, %es
7:      movb    %es:(%eax), %cl
        PASSED
E
EACH "expand-down 32, read of a dword at"
ROW "#GP(0)", 0, 0xffd, 0xfff
ROW "!", 0x1000
DO
        GDESC   S0, DATA, 0xfff, DOWN_RW
        movl    $S0, %ebx
        movw    %bx, %es
7:      movl    %es:(%eax), %ecx
        PASSED
E
EACH "expand-down 16, read of a dword at"
ROW "#GP(0)", 0xffe, 0xfff, 0xfffd, 0xffff
ROW "!", 0x1000, 0xfffc
DO
        GDESC   S0, DATA, 0xfff, DOWN_RW, 0
        movl    $S0, %ebx
        movw    %bx, %es
7:      movl    %es:(%eax), %ecx
        PASSED
E
        ACCESS "expand-down 32, the last byte of 4 GiB", "!", 0xfff, DOWN_RW, BIG, -1, movb %es:(%ebx), %al
        ACCESS "expand-down 16, the last byte of 64 KiB", "!", 0xfff, DOWN_RW, 0, 0xffff, movb %es:(%ebx), %al
        ACCESS "expand-down 16, behind 64 KiB", "#GP(0)", 0xfff, DOWN_RW, 0, 0x10000, movb %es:(%ebx), %al
        ACCESS "expand-down in pages, below", "#GP(0)", 1, DOWN_RW, BIG+PAGES, 0x1fff, movb %es:(%ebx), %al
        ACCESS "expand-down in pages, the first byte", "!", 1, DOWN_RW, BIG+PAGES, 0x2000, movb %es:(%ebx), %al
        ACCESS "expand-down, empty", "#GP(0)", 0xfffff, DOWN_RW, BIG+PAGES, -1, movb %es:(%ebx), %al
        ACCESS "expand-down, limit 0: offset 0 is out", "#GP(0)", 0, DOWN_RW, BIG, 0, movb %es:(%ebx), %al
        ACCESS "expand-down, limit 0: offset 1 is in", "!", 0, DOWN_RW, BIG, 1, movb %es:(%ebx), %al
        ACCESS "expand-down, read-only", "#GP(0)", 0xfff, DOWN_R, BIG, 0x1000, movb %al, %es:(%ebx)
        ACCESS "conforming code does not expand down", "!", 0xfff, CONF_RX, BIG, 0xfff, movb %es:(%ebx), %al

/* ======== stacks: an ESP that no fault may change */
        STACK "push", "ff8", 0xfff, DATA_RW, BIG, 0xffc, pushl %eax
        STACK "push behind the limit", "#SS(0) 1002", 0xfff, DATA_RW, BIG, 0x1002, pushl %eax
        STACK "push below 0", "#SS(0) 2", 0xfff, DATA_RW, BIG, 2, pushl %eax
        STACK "push to 0", "0", 0xfff, DATA_RW, BIG, 4, pushl %eax
        STACK "push from the top of the limit", "ffc", 0xfff, DATA_RW, BIG, 0x1000, pushl %eax
        STACK "pop behind the limit", "#SS(0) ffe", 0xfff, DATA_RW, BIG, 0xffe, popl %eax
        STACK "pop to the limit", "1000", 0xfff, DATA_RW, BIG, 0xffc, popl %eax
        STACK "16-bit push keeps the upper half", "1234000c", 0xfff, DATA_RW, 0, 0x12340010, pushl %eax
        STACK "16-bit push wraps", "1234fffe", 0xffff, DATA_RW, 0, 0x12340000, pushw %ax
        STACK "16-bit push of a dword, half around", "#SS(0) 12340002", 0xffff, DATA_RW, 0, 0x12340002, pushl %eax
        STACK "16-bit pop wraps", "12340000", 0xffff, DATA_RW, 0, 0x1234fffe, popw %ax
        STACK "16-bit enter", "12341fe8", 0xffff, DATA_RW, 0, 0x12342000, enter $0x10, $1
        STACK "16-bit leave uses BP", "12342004", 0xffff, DATA_RW, 0, 0x12342000, leave
        STACK "expand-down push to the edge", "1000", 0xfff, DOWN_RW, BIG, 0x1004, pushl %eax
        STACK "expand-down push over the edge", "#SS(0) 1002", 0xfff, DOWN_RW, BIG, 0x1002, pushl %eax
        STACK "read by EBP", "#SS(0) ffe", 0xfff, DATA_RW, BIG, 0xffe, movl (%ebp), %eax
        STACK "read by ESP", "#SS(0) ffe", 0xfff, DATA_RW, BIG, 0xffe, movl (%esp), %eax
        STACK "read by EBX with SS", "#SS(0) ffe", 0xfff, DATA_RW, BIG, 0xffe, movl %ss:(%ebx), %eax
        STACK "read by EBP with DS", "ffe", 0xfff, DATA_RW, BIG, 0xffe, movl %ds:(%ebp), %eax
        STACK "call behind", "#SS(0) 1002", 0xfff, DATA_RW, BIG, 0x1002, call . + 5
        STACK "ret behind", "#SS(0) ffe", 0xfff, DATA_RW, BIG, 0xffe, ret
        STACK "pushal partly below 0", "#SS(0) 1c", 0xfff, DATA_RW, BIG, 0x1c, pushal
        STACK "pushaw partly below 0", "#SS(0) e", 0xfff, DATA_RW, BIG, 0xe, pushaw
        STACK "popal partly behind", "#SS(0) fe4", 0xfff, DATA_RW, BIG, 0xfe4, popal
        STACK "enter below 0", "#SS(0) 2", 0xfff, DATA_RW, BIG, 2, enter $0, $0
        STACK "enter with a frame below 0", "#SS(0) 8", 0xfff, DATA_RW, BIG, 8, enter $0x10, $0
        STACK "leave behind", "#SS(0) ffe", 0xfff, DATA_RW, BIG, 0xffe, leave
        STACK "pushf behind", "#SS(0) 1002", 0xfff, DATA_RW, BIG, 0x1002, pushfl
        STACK "push of memory behind", "#SS(0) 1002", 0xfff, DATA_RW, BIG, 0x1002, pushl DATA
        STACK "lret behind", "#SS(0) ffa", 0xfff, DATA_RW, BIG, 0xffa, lret
        STACK "iret behind", "#SS(0) ff6", 0xfff, DATA_RW, BIG, 0xff6, iretl

/* ======== strings: registers as of the fault */
        .macro  SHOW_STRING
        V       f_ecx, f_esi, f_edi
        .endm
T "rep stosl runs into the limit", "#GP(0) 1 0 10"
        GDESC   S0, DATA, 0x10, DATA_RW
        movl    $S0, %eax
        movw    %ax, %es
        movl    $5, %ecx
7:      rep stosl
A
        SHOW_STRING
E
T "rep movsb runs into the limit", "#GP(0) 2 29011 11"
        GDESC   S0, DATA2, 0x10, DATA_RW
        movl    $S0, %eax
        movw    %ax, %es
        movl    $DATA, %esi
        movl    $0x13, %ecx
7:      rep movsb
A
        SHOW_STRING
E
T "rep movsl reads behind a limit", "#GP(0) 3 8 29008"
        GDESC   S0, DATA2, 9, DATA_RW
        movl    $S0, %eax
        movw    %ax, %ds
        movl    $DATA, %edi
        movl    $5, %ecx
7:      rep movsl
A
        SHOW_STRING
E
T "rep lodsw downwards runs below 0", "#GP(0) 3 fffffffe 0"
        GDESC   S0, DATA, 0x10, DATA_RW
        movl    $S0, %eax
        movw    %ax, %fs
        movl    $4, %esi
        movl    $6, %ecx
        std
7:      .byte   0xf3, 0x64, 0x66, 0xad  /* rep lodsw %fs:(%esi) */
A
        SHOW_STRING
E
T "rep stosl of count 0 checks nothing", "!"
        GDESC   S0, DATA, 0x10, DATA_RW
        movl    $S0, %eax
        movw    %ax, %es
        movl    $0x1000, %edi
        rep stosl
        PASSED
E
T "repe cmpsb: the flags are those of before", "#GP(0) 3 2 2 46"
        GDESC   S0, DATA, 1, DATA_RW
        movl    $0, DATA
        movl    $S0, %eax
        movw    %ax, %es
        movw    %ax, %ds
        movl    $5, %ecx
        xorl    %eax, %eax
7:      repe cmpsb
A
        SHOW_STRING
        MASKED  f_eflags, 0xffff
E
T "repne scasb runs into the limit", "#GP(0) 3 0 2"
        GDESC   S0, DATA, 1, DATA_RW
        movl    $0, DATA
        movl    $S0, %eax
        movw    %ax, %es
        movb    $1, %al
        movl    $5, %ecx
7:      repne scasb
A
        SHOW_STRING
E
T "movs writes nothing if it may not", "#GP(0) 29000 0"
        GDESC   S0, DATA2, 0xfff, DATA_R
        movl    $S0, %eax
        movw    %ax, %es
        movl    $DATA, %esi
7:      movsb
A
        V       f_esi, f_edi
E

/* ======== code: the target of a transfer is checked before anything is changed */
        CODE "jmp behind the limit", "#GP(0)", jmp OUTSIDE
        CODE "jmp by register behind the limit", "#GP(0)", jmp *wild
        CODE "jnz taken behind the limit", "#GP(0)", jnz OUTSIDE
        CODE "jz not taken", "!", jz OUTSIDE
T "code: loop behind the limit leaves ECX", "#GP(0) 5"
        movb    $0xe2, DATA
        movb    $0x7e, DATA + 1
        movl    $0, shows_place
        GDESC   S0, DATA, 0x10, CODE_RX
        movl    $5, %ecx
        ljmp    $S0, $0
A
        V       f_ecx
E
T "code: call behind the limit leaves the stack", "#GP(0) 24000"
        GDESC   S0, 0, 0xffff, CODE_RX
        movl    $0x0b0f, OUTSIDE
        ljmp    $S0, $1f
1:
7:      call    OUTSIDE
A
        V       f_esp
E
T "code: ret behind the limit leaves the stack", "#GP(0) 23ffc"
        GDESC   S0, 0, 0xffff, CODE_RX
        movl    $0x0b0f, OUTSIDE
        ljmp    $S0, $1f
1:      pushl   $OUTSIDE
7:      ret
A
        V       f_esp
E
        .macro  RUN_OVER name, code, eip
T "code: \name", "#GP(0) \eip 80"
        GDESC   S0, DATA, 0xf, CODE_RX
        movl    $\code, DATA + 12
        movl    $0, DATA + 16
        movl    $0x0b0f, DATA + 20      /* UD2: for who goes on */
        movl    $0, shows_place
        ljmp    $S0, $0xc
A
        V       f_eip
        W       f_cs
E
        .endm
        RUN_OVER "runs over the limit", 0x90909090, 10
        RUN_OVER "an insn over the limit", 0xb8909090, f
T "code: expand-down bit of code is conforming, not expand-down", "@80"
        GDESC   S0, 0, 0xffff, CONF_RX
        ljmp    $S0, $landing
E
T "code: 15 bytes", "!"
        .rept   14
        .byte   0x26
        .endr
        nop
        PASSED
E
T "code: 16 bytes", "#GP(0)"
7:      .rept   15
        .byte   0x26
        .endr
        nop
E
        jmp     all_done

        .section .rodata
wild:   .long   OUTSIDE
