/*
 * The kernel as its parts see each other. It runs flat images as processes: each in an address space and at privilege 3,
 * preempted by a timer that counts instructions. The kernel itself is never preempted.
 */
#ifndef KERNEL_H
#define KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "layout.h"

/* Registers of an interrupted process, as traps.S pushes them. */
struct frame {
    uint32_t gs, fs, es, ds;
    uint32_t edi, esi, ebp, unused_esp, ebx, edx, ecx, eax;
    uint32_t vector, error;
    uint32_t eip, cs, eflags;
    /* Only there if the process ran at privilege 3. */
    uint32_t esp, ss;
};

/* ../lib/support.c */
void *memcpy(void *restrict to, const void *restrict from, size_t count);

#define MAX_PROCESSES 16
#define LINE_BYTES 120

enum state { UNUSED, READY, ENDED };

/* What the kernel counts for a process, and prints at the end. */
struct counters {
    uint32_t resumed, preempted, syscalls, emulated, zero_pages, copied_pages, stack_pages;
};

struct process {
    /* First, so that the TSS can have the processor push right into it. */
    struct frame frame;
    enum state state;
    uint32_t pid;
    const char *name;
    /* Physical address of the page directory. */
    uint32_t directory;
    /* The module it runs: physical, page aligned. */
    uint32_t image, image_bytes;
    /* What it has printed of a line. */
    char line[LINE_BYTES];
    uint32_t line_length;
    struct counters counters;
};

/* main.c */
/* Prints a message and stops the machine. */
_Noreturn void panic(const char *message);

/* descriptors.c */
void set_up_descriptors(void);
/* Where the processor finds its stack when a process enters the kernel: the end of the frame. */
void set_entry_stack(struct frame *frame);
/* The place that holds that address. */
uint32_t *entry_stack_field(void);

/* memory.c: pages, and what is mapped where. Addresses of pages are physical. */
/* `from` is the first byte behind everything that was loaded, `to` the end of memory. */
void set_up_memory(uint32_t from, uint32_t to);
void *physical(uint32_t address);
uint32_t allocate_page(void);
uint32_t pages_in_use(void);
uint32_t new_address_space(void);
/* Frees its pages; it must not be the one in use. */
void free_address_space(uint32_t directory);
void switch_address_space(uint32_t directory);

#define PAGE_PRESENT 0x1
#define PAGE_WRITABLE 0x2
#define PAGE_USER 0x4
/* Ours (SDM 3A, 4.5: bits 9 to 11 are ignored): the page goes with its address space. */
#define PAGE_OWNED 0x200
void map_page(uint32_t directory, uint32_t address, uint32_t page, uint32_t flags);
/* The page-table entry for an address, or 0. */
uint32_t page_entry(uint32_t directory, uint32_t address);

/* fault.c: pages appear when they are touched. */
/* False if the process may not do that. `error` is the page fault's error code. */
bool handle_page_fault(struct process *process, uint32_t address, uint32_t error);
/* True if a process may read all of a range, so that the kernel may do so for it. */
bool user_may_read(const struct process *process, uint32_t address, uint32_t length);

/* process.c */
extern struct process *current;
void create_process(const char *name, uint32_t image, uint32_t image_bytes);
/* Ends the current process. */
void end_process(void);
/* Chooses the next process, prepares the processor for it and returns the frame to resume. Stops the machine when all have ended. */
struct frame *next_process(void);
void print_from(struct process *process, char c);
/* Begins a line about a process: "[2] ". */
void put_tag(const struct process *process);

/* timer.c: preemption after so many instructions; 0 for none. */
void set_up_timer(uint32_t quantum);
bool has_timer(void);
void start_quantum(void);

/* gate.c: the ways into the kernel. */
enum gate { GATE_AUTO, GATE_INT, GATE_SYSENTER };
void set_up_gate(enum gate wanted);
/* A page for USER_GATE. */
uint32_t new_gate_page(const char *arguments);

/* trap.c */
/* Called by traps.S with what has been interrupted; returns what to resume. */
struct frame *trap(struct frame *frame);

/* traps.S */
extern const uint32_t trap_stubs[];
extern const uint32_t trap_stub_count;
void sysenter_entry(void);
void syscall_stub(void);
extern const char gate_int[], gate_int_end[], gate_sysenter[], gate_sysenter_return[], gate_sysenter_end[];
_Noreturn void resume(struct frame *frame);
extern char kernel_stack_top[];
extern uint32_t boot_directory[];

/* link.ld */
extern char kernel_start[], kernel_end[];

static inline void out8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline void out32(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint32_t in32(uint16_t port)
{
    uint32_t value;
    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline void write_msr(uint32_t msr, uint32_t value)
{
    __asm__ volatile("wrmsr" : : "c"(msr), "a"(value), "d"(0));
}

#endif
