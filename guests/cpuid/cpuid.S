/*
 * Prints the processor's brand string and a newline on port 0xe9. CPUID leaves 0x80000002 to 0x80000004 give 16
 * bytes of it each, in EAX, EBX, ECX, EDX; it ends at the first NUL, and some processors put spaces in front
 * (SDM 2A, CPUID, "The Processor Brand String Method").
 */
        .section .text.start, "ax"
        .code32
        .globl  _start
_start:
        cld
        movl    $0x80000000, %eax
        cpuid
        movl    $none, %esi
        cmpl    $0x80000004, %eax       /* the highest extended leaf there is */
        jb      print

        movl    $brand, %edi
        movl    $0x80000002, %ebp
next_leaf:
        movl    %ebp, %eax
        cpuid
        stosl
        movl    %ebx, %eax
        stosl
        movl    %ecx, %eax
        stosl
        movl    %edx, %eax
        stosl
        incl    %ebp
        cmpl    $0x80000005, %ebp
        jne     next_leaf
        movb    $0, (%edi)

        movl    $brand - 1, %esi
skip_space:
        incl    %esi
        cmpb    $' ', (%esi)
        je      skip_space

print:
        lodsb
        testb   %al, %al
        jz      done
        outb    %al, $0xe9
        jmp     print
done:
        movb    $'\n', %al
        outb    %al, $0xe9
        hlt

        .section .rodata
none:   .asciz  "no brand string"

        .bss
brand:  .skip   49

        .section .note.GNU-stack, "", @progbits
