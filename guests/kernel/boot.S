/*
 * Multiboot header and first instructions: paging with 8 MiB mapped at 0 and at KERNEL_BASE, then the kernel at its own
 * addresses. The rest of memory is mapped by set_up_memory.
 */
#include "layout.h"

#define MULTIBOOT_MAGIC 0x1badb002
#define MULTIBOOT_FLAGS 0x3             /* modules on page boundaries; tell the memory */
#define BOOT_TABLES 2                   /* page tables, of 4 MiB each */
#define PRESENT_WRITABLE 0x3
#define CR0_PAGING 0x80010000           /* PG, WP: read-only pages are so for the kernel too */
#define CR0_NO_FPU 0x4                  /* EM: the kernel does not switch the FPU's registers, so nobody may use them */
#define STACK_BYTES 8192

        .section .multiboot, "a"
        .balign 4
        .long   MULTIBOOT_MAGIC, MULTIBOOT_FLAGS, -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)

        .text
        .globl  start
start:
        cli
        cld
        movl    $(boot_tables - KERNEL_BASE), %edi
        movl    $PRESENT_WRITABLE, %edx
1:      movl    %edx, (%edi)
        addl    $4, %edi
        addl    $PAGE_SIZE, %edx
        cmpl    $(boot_tables - KERNEL_BASE + BOOT_TABLES * PAGE_SIZE), %edi
        jb      1b

        movl    $(boot_tables - KERNEL_BASE + PRESENT_WRITABLE), %edx
        movl    $(boot_directory - KERNEL_BASE), %edi
        movl    $BOOT_TABLES, %ecx
2:      movl    %edx, (%edi)
        movl    %edx, KERNEL_BASE >> 20(%edi)
        addl    $PAGE_SIZE, %edx
        addl    $4, %edi
        loop    2b

        movl    $(boot_directory - KERNEL_BASE), %edx
        movl    %edx, %cr3
        movl    %cr0, %edx
        orl     $(CR0_PAGING | CR0_NO_FPU), %edx
        movl    %edx, %cr0
        movl    $high, %edx
        jmp     *%edx
high:
        movl    $kernel_stack_top, %esp
        xorl    %ebp, %ebp
        pushl   %ebx
        pushl   %eax
        call    kernel_main

        .bss
        .balign PAGE_SIZE
        .globl  boot_directory, kernel_stack_top
boot_directory:
        .skip   PAGE_SIZE
boot_tables:
        .skip   BOOT_TABLES * PAGE_SIZE
        .skip   STACK_BYTES
kernel_stack_top:

        .section .note.GNU-stack, "", @progbits
