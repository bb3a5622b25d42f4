/*
 * Ways into the kernel and out of it. A process that enters by an interrupt has its registers pushed into its own frame
 * (descriptors.c sets the stack so); the kernel then works on its one stack.
 */
#include "layout.h"

/* Offsets in struct frame. */
#define FRAME_VECTOR 48
#define FRAME_CS 60
/* And behind the general registers, at the vector. */
#define REST_EIP 8
#define REST_EFLAGS 16
#define REST_ESP 20
#define EFLAGS_IF 0x200

/* One stub for each vector: exceptions, the timer, INT 0x80. Those without an error code push a 0. */
        .macro  stub vector, has_error=0
stub_\vector:
        .if     \has_error == 0
        pushl   $0
        .endif
        pushl   $\vector
        jmp     trap_common
        .endm

        .text
        .irp    vector, 0, 1, 2, 3, 4, 5, 6, 7, 9, 15, 16, 18, 19, 20, 48, 128
        stub    \vector
        .endr
        .irp    vector, 8, 10, 11, 12, 13, 14, 17
        stub    \vector, 1
        .endr

trap_common:
        pushal
        pushl   %ds
        pushl   %es
        pushl   %fs
        pushl   %gs
        movl    $KERNEL_DS, %eax
        movl    %eax, %ds
        movl    %eax, %es
        cld
        movl    %esp, %eax
        testb   $3, FRAME_CS(%esp)
        jz      1f                      /* the kernel itself: go on with the stack it has */
        movl    $kernel_stack_top, %esp
1:      pushl   %eax
        call    trap
        pushl   %eax
        call    resume

/* void resume(struct frame *frame) */
        .globl  resume
resume:
        movl    4(%esp), %esp
        cmpl    $VECTOR_SYSENTER, FRAME_VECTOR(%esp)
        popl    %gs
        popl    %fs
        popl    %es
        popl    %ds
        popal
        je      1f
        addl    $8, %esp
        iretl

/* SYSEXIT loads EIP from EDX and ESP from ECX; EFLAGS stays, and STI holds interrupts off until SYSEXIT is done. */
1:      movl    REST_EIP(%esp), %edx
        movl    REST_ESP(%esp), %ecx
        testl   $EFLAGS_IF, REST_EFLAGS(%esp)
        jz      2f
        sti
2:      sysexit

/*
 * SYSENTER comes here with interrupts off, and with ESP at the TSS's field that holds the end of the current frame. It has
 * saved nothing: the gate page says where the process goes on (gate_sysenter_return), and its stack is in EBP.
 */
        .globl  sysenter_entry
sysenter_entry:
        movl    (%esp), %esp
        pushl   $USER_DS
        pushl   %ebp
        pushfl
        pushl   $USER_CS
        pushl   sysenter_return_address
        pushl   $0
        pushl   $VECTOR_SYSENTER
        jmp     trap_common

/* The code of the gate page, copied to USER_GATE: number in EAX, arguments in EBX, ECX and EDX, result in EAX. */
        .globl  gate_int, gate_int_end, gate_sysenter, gate_sysenter_return, gate_sysenter_end
gate_int:
        int     $VECTOR_SYSCALL
        ret
gate_int_end:
gate_sysenter:
        pushl   %ecx
        pushl   %edx
        pushl   %ebp
        movl    %esp, %ebp
        sysenter
gate_sysenter_return:
        popl    %ebp
        popl    %edx
        popl    %ecx
        ret
gate_sysenter_end:

        .section .rodata
        .balign 4
        .globl  trap_stubs, trap_stub_count
/* Pairs: vector, address. */
trap_stubs:
        .irp    vector, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 48, 128
        .long   \vector, stub_\vector
        .endr
trap_stub_count:
        .long   (. - trap_stubs) / 8

        .section .note.GNU-stack, "", @progbits
