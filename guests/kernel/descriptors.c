/* Segments, the TSS and the interrupt descriptor table (SDM 3A, chapters 3, 6 and 7). */
#include "kernel.h"

struct pointer {
    uint16_t limit;
    uint32_t base;
} __attribute__((packed));

struct tss {
    uint32_t link, esp0, ss0;
    uint32_t unused[22];
    uint16_t trap, io_bitmap;
};

#define GATE_INTERRUPT 0x8e00 /* present, 32-bit interrupt gate: interrupts are off behind it */
#define GATE_DPL3 0x6000
#define TSS_AVAILABLE 0x8900

/* Flat segments, in the order of layout.h. */
static uint64_t gdt[] = {
    0, 0x00cf9a000000ffff, 0x00cf92000000ffff, 0x00cffa000000ffff, 0x00cff2000000ffff, 0,
};
static uint64_t idt[256];
static struct tss tss;

static void set_gate(uint32_t vector, uint32_t handler, uint32_t type)
{
    idt[vector] = (uint64_t)((handler & 0xffff0000) | type) << 32 | KERNEL_CS << 16 | (handler & 0xffff);
}

static void set_up_tss(void)
{
    uint32_t base = (uint32_t)&tss;
    uint32_t limit = sizeof tss - 1;
    tss.ss0 = KERNEL_DS;
    /* At the limit: there is no I/O bitmap, and every IN and OUT of a process is a fault. */
    tss.io_bitmap = sizeof tss;
    gdt[TSS_SELECTOR / 8] = (uint64_t)((base & 0xff000000) | TSS_AVAILABLE | (base >> 16 & 0xff)) << 32 | base << 16 | limit;
}

void set_up_descriptors(void)
{
    set_up_tss();
    for (uint32_t i = 0; i < trap_stub_count; i++) {
        uint32_t vector = trap_stubs[2 * i];
        set_gate(vector, trap_stubs[2 * i + 1], GATE_INTERRUPT | (vector == VECTOR_SYSCALL ? GATE_DPL3 : 0));
    }
    struct pointer gdtr = { sizeof gdt - 1, (uint32_t)gdt };
    struct pointer idtr = { sizeof idt - 1, (uint32_t)idt };
    __asm__ volatile("lgdt %0\n\t"
                     "lidt %1\n\t"
                     "ljmp %2, $1f\n"
                     "1:\tmovl %3, %%ds\n\t"
                     "movl %3, %%es\n\t"
                     "movl %3, %%ss\n\t"
                     "ltr %w4"
                     : : "m"(gdtr), "m"(idtr), "i"(KERNEL_CS), "r"(KERNEL_DS), "r"(TSS_SELECTOR) : "memory");
}

void set_entry_stack(struct frame *frame)
{
    tss.esp0 = (uint32_t)(frame + 1);
}

uint32_t *entry_stack_field(void)
{
    return &tss.esp0;
}
