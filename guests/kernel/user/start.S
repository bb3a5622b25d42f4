/* Start-up code of the kernel's own programs: flat images, entered at 0x1000 with a stack and the C variables at zero. */
#include "layout.h"
#include "syscalls.h"

        .section .text.start, "ax"
        .globl  _start
_start:
        pushl   $USER_ARGUMENTS
        call    main
        movl    %eax, %ebx
        movl    $SYS_EXIT, %eax
        call    enter_kernel
        ud2

/* Number in EAX, arguments in EBX and ECX; the way in is the kernel's choice. */
        .globl  enter_kernel
enter_kernel:
        movl    $USER_GATE, %edi
        jmp     *%edi

/*
 * uint32_t keep_registers(uint32_t rounds): counts in EAX while every other register holds a pattern, so that a switch of
 * processes that loses one shows; returns 0 if all held.
 */
        .globl  keep_registers
keep_registers:
        pushal
        movl    36(%esp), %eax
        movl    $0x11111111, %ebx
        movl    $0x22222222, %ecx
        movl    $0x33333333, %edx
        movl    $0x44444444, %esi
        movl    $0x55555555, %edi
        movl    $0x66666666, %ebp
1:      decl    %eax
        jnz     1b
        subl    $0x11111111, %ebx
        subl    $0x22222222, %ecx
        subl    $0x33333333, %edx
        subl    $0x44444444, %esi
        subl    $0x55555555, %edi
        subl    $0x66666666, %ebp
        orl     %ebx, %eax
        orl     %ecx, %eax
        orl     %edx, %eax
        orl     %esi, %eax
        orl     %edi, %eax
        orl     %ebp, %eax
        movl    %eax, 28(%esp)
        popal
        ret

        .section .note.GNU-stack, "", @progbits
