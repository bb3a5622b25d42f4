/*
 * Start-up code of a C guest as a Linux program: what lib/crt0.S does on the machine, between two looks at the clock.
 * The rest of the program is the same code as in the image, so that a processor and its emulators do the same work.
 */
        .text
        .globl  _start
_start:
        cld
        xorl    %ebp, %ebp
        call    linux_begin
        movl    $TIMES, %ebx
0:      movl    $__bss_start, %edi
        jmp     2f
1:      movl    $0, (%edi)
        addl    $4, %edi
2:      cmpl    $__bss_end, %edi
        jb      1b
        call    main
        decl    %ebx
        jnz     0b
        call    linux_end

        .section .note.GNU-stack, "", @progbits
