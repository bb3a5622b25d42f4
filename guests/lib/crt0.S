/*
 * Start-up code of the 32-bit C guests. The machine enters at 0x1000 in flat protected mode with interrupts off
 * and no stack. Nothing is assumed about memory outside the image, so .bss is cleared here (a plain loop, not
 * rep stos, so that every insn retired is counted the same way by every tool).
 *
 * With TIMES defined it does all that so many times: the long images, which are there to be measured.
 */
        .section .text.start, "ax"
        .code32
        .globl  _start
_start:
        cld
        movl    $0x00f00000, %esp
        xorl    %ebp, %ebp
#ifdef TIMES
        movl    $TIMES, %ebx            /* which main preserves */
0:
#endif
        movl    $__bss_start, %edi
        jmp     2f
1:      movl    $0, (%edi)
        addl    $4, %edi
2:      cmpl    $__bss_end, %edi
        jb      1b
        call    main
#ifdef TIMES
        decl    %ebx
        jnz     0b
#endif
3:      hlt
        jmp     3b

        .section .note.GNU-stack, "", @progbits
