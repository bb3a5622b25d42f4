/* Addresses and selectors that C, assembly and the linker script agree on. */
#ifndef LAYOUT_H
#define LAYOUT_H

/* The kernel's half of every address space: physical memory from 0 on, one to one. */
#define KERNEL_BASE 0xc0000000

/* A process: its image, zero pages up to the room for its stack, the stack, and a page that the kernel gives it. */
#define USER_IMAGE 0x00001000
#define USER_STACK_LIMIT 0x00800000
#define USER_STACK_TOP 0x00f00000
#define USER_GATE 0x00fff000
/* In that page: code that enters the kernel, and the process's arguments. */
#define USER_ARGUMENTS (USER_GATE + 0x800)

/* SYSENTER and SYSEXIT want these four in this order (SDM 3A, 5.8.7). */
#define KERNEL_CS 0x08
#define KERNEL_DS 0x10
#define USER_CS 0x1b
#define USER_DS 0x23
#define TSS_SELECTOR 0x28

/* Vectors of our own, and the mark of a frame that SYSENTER has made: such a process is resumed by SYSEXIT. */
#define VECTOR_TIMER 0x30
#define VECTOR_SYSCALL 0x80
#define VECTOR_SYSENTER 0x100

#define PAGE_SIZE 4096

#endif
