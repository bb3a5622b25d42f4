/*
 * Self-modifying code in the forms a translator gets wrong. On today's processors a store to code is seen by the
 * very next insn, with no jump between (SDM 3A, "Self-Modifying Code", asks for a jump to be safe on models before
 * the Pentium); each check below holds the processor to that and prints a pass or fail line.
 *
 * What is patched lies in .text, so this image writes its own code pages throughout.
 */
        .section .text.start, "ax"
        .code32
        .globl  _start

        .set    CONSOLE, 0xe9

/* Ends a check: it passes if EAX holds the expected number. */
        .macro  check text, expected
        movl    $900f, %esi
        movl    $\expected, %edx
        call    report
        .pushsection .rodata
900:    .asciz  "\text"
        .popsection
        .endm

/* mov $n, %eax and add $n, %eax in their long forms: one byte of opcode, then the number to be patched. */
        .macro  long_mov number
        .byte   0xb8
        .long   \number
        .endm
        .macro  long_add number
        .byte   0x05
        .long   \number
        .endm

_start:
        cld
        movl    $0x00f00000, %esp

/* Nothing between the store and what it changes would end a block. */
        movl    $2, 1f + 1
        nop
        nop
1:      long_mov 1
        check   "immediate of a later insn in the same block", 2

/* inc %eax becomes inc %ecx. */
        xorl    %eax, %eax
        xorl    %ecx, %ecx
        movb    $0x41, 1f
1:      .byte   0x40
        shll    $4, %ecx
        orl     %ecx, %eax
        check   "opcode of the very next insn", 0x10

/* Four nops become lea 9(%eax,%eax), %eax: the insns after the store begin elsewhere than before it. */
        movl    $100, %eax
        movl    $0x0900448d, 1f
1:      .fill   4, 1, 0x90
        check   "four nops become one insn", 209

/* And back: one insn of five bytes becomes inc %eax, five times. */
        xorl    %eax, %eax
        movl    $0x40404040, 1f
        movb    $0x40, 1f + 4
1:      long_mov 77
        check   "one insn becomes five", 5

/* One store changes the end of one insn and the start of the next: add $0x11 -> $0x44000011, inc -> dec. */
        xorl    %eax, %eax
        movw    $0x4844, 1f + 4
1:      long_add 0x11
        incl    %eax
        check   "one store over two insns", 0x44000010

/* Adds 1, 2, 3 ... 1000. */
        xorl    %eax, %eax
        movl    $1, %ecx
1:      movl    %ecx, 2f + 1
2:      long_add 0
        incl    %ecx
        cmpl    $1001, %ecx
        jne     1b
        check   "insn ahead patched in each turn of a loop", 500500

/* The insn that begins the loop is patched for the next turn: adds 5, then 0, 1, 2 ... 998. */
        xorl    %eax, %eax
        xorl    %ecx, %ecx
1:      long_add 5
        movl    %ecx, 1b + 1
        incl    %ecx
        cmpl    $1000, %ecx
        jne     1b
        check   "insn behind patched in each turn of a loop", 498506

/* A loop long enough to be translated, then patched once from within, after 5000 of 10000 turns. */
        xorl    %eax, %eax
        movl    $10000, %ecx
1:      cmpl    $5000, %ecx
        jne     2f
        movl    $3, 2f + 1
2:      long_add 1
        decl    %ecx
        jnz     1b
        check   "hot loop patched half way", 20000

/* rep movs writes the insns that follow it. */
        xorl    %eax, %eax
        movl    $add_seven, %esi
        movl    $1f, %edi
        movl    $add_seven_end - add_seven, %ecx
        rep movsb
1:      .fill   add_seven_end - add_seven, 1, 0x90
        check   "rep movsb over the insns that follow", 7

        movl    $1f, %edi
        movl    $0x40404040, %eax       /* inc %eax, four times */
        movl    $2, %ecx
        rep stosl
1:      .fill   8, 1, 0x90
        check   "rep stosl over the insns that follow", 0x40404048

/* A call target is called until it is surely translated, rewritten, and called again. */
        movl    $10000, %ecx
1:      call    target
        decl    %ecx
        jnz     1b
        movl    $2, target + 1
        call    target
        check   "call target rewritten", 2

        movl    $target, %ebx
        movl    $3, target + 1
        call    *%ebx
        check   "call target rewritten, called through a register", 3

/* The target of a conditional jump that the same block has just taken is moved: jz 1f becomes jz 2f. */
        movl    $10000, %ecx
3:      xorl    %eax, %eax
        cmpl    $1, %ecx
        jne     4f
        movb    $2f - 1f, 1f - 1
4:      testl   %eax, %eax
        jz      1f
1:      movl    $1, %eax
        jmp     5f
2:      movl    $2, %eax
5:      decl    %ecx
        jnz     3b
        check   "branch displacement patched", 2

/* Other ways to write: a push, an exchange, a compare and exchange, a read-modify-write, a bit set, a call. */
        movl    %esp, %ebp
        movl    $1f + 5, %esp
        pushl   $21
1:      long_mov 1
        movl    %ebp, %esp
        check   "written by push", 21

        movl    $22, %ecx
        xchgl   %ecx, 1f + 1
1:      long_mov 1
        check   "written by xchg", 22

        movl    $1, %eax
        movl    $23, %ecx
        lock cmpxchgl %ecx, 1f + 1
1:      long_mov 1
        check   "written by lock cmpxchg", 23

        addl    $23, 1f + 1
1:      long_mov 1
        check   "written by add", 24

        btsl    $3, 1f + 1
1:      long_mov 17
        check   "written by bts", 25

        movl    %esp, %ebp
        movl    $1f + 5, %esp
        call    1f
2:      nop
1:      long_mov 1                      /* the call's return address, 2b */
        movl    %ebp, %esp
        subl    $2b - 26, %eax
        check   "written by call", 26

/* An insn that begins in one page and ends in the next, patched in the second only. */
        movl    $10000, %ecx
1:      call    crossing
        decl    %ecx
        jnz     1b
        movb    $0x33, crossing + 4
        call    crossing
        check   "insn across a page boundary, patched in its second page", 0x33000001

/* A page of code decrypted in place, as packers do it: first encrypted here, then decrypted and run. */
        movl    $2, %ebx
1:      movl    $secret, %edi
2:      xorb    $0x5a, (%edi)
        incl    %edi
        cmpl    $secret_end, %edi
        jne     2b
        decl    %ebx
        jnz     1b
        call    secret
        check   "decrypted in place", 1234

/* Code made in a buffer, run, made again at the same place: mov $n, %eax; ret, for n from 1 to 1000. */
        xorl    %ebx, %ebx
        movl    $1, %ecx
1:      movb    $0xb8, buffer
        movl    %ecx, buffer + 1
        movb    $0xc3, buffer + 5
        call    buffer
        addl    %eax, %ebx
        incl    %ecx
        cmpl    $1001, %ecx
        jne     1b
        movl    %ebx, %eax
        check   "generated a thousand times in a buffer", 500500

/* The same through another page, so that the store and the code share nothing. */
        movl    $0x00200000, %edi
        movl    $0xc3000000, 2(%edi)
        xorl    %ebx, %ebx
        movl    $1, %ecx
1:      movb    $0xb8, (%edi)
        movw    %cx, 1(%edi)
        movw    $0, 3(%edi)
        call    *%edi
        addl    %eax, %ebx
        incl    %ecx
        cmpl    $1001, %ecx
        jne     1b
        movl    %ebx, %eax
        check   "generated a thousand times in a page of its own", 500500

/* Data amid code: a hundred thousand stores right beside the loop that makes them change nothing in it. */
        movl    $0, neighbour
        movl    $100000, %ecx
        jmp     1f
        .balign 4
neighbour:
        .long   0
1:      incl    neighbour
        decl    %ecx
        jnz     1b
        movl    neighbour, %eax
        check   "data beside code", 100000

/* A store of the bytes that are there already changes nothing either. */
        xorl    %eax, %eax
        movl    $10000, %ecx
1:      movl    2f, %edx
        movl    %edx, 2f
2:      long_add 1
        decl    %ecx
        jnz     1b
        check   "code stored over itself unchanged", 10000

        hlt

/* Prints the text at ESI and whether EAX is EDX. */
report:
        movl    %eax, %ebx
        call    puts
        movl    $passed, %esi
        cmpl    %edx, %ebx
        je      puts
        movl    $failed, %esi

/* Prints the NUL-terminated text at ESI. */
puts:   lodsb
        testb   %al, %al
        jz      1f
        outb    %al, $CONSOLE
        jmp     puts
1:      ret

target: long_mov 1
        ret

add_seven:
        addl    $3, %eax
        addl    $4, %eax
add_seven_end:

secret: movl    $1000, %eax
        addl    $234, %eax
        ret
secret_end:

buffer: .skip   8

        .balign 0x1000
        .skip   0x1000 - 2
crossing:
        long_mov 1
        ret

        .section .rodata
passed: .asciz  ": pass\n"
failed: .asciz  ": FAIL\n"

        .section .note.GNU-stack, "", @progbits
