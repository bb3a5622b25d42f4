/*
 * A program at privilege 3 with a kernel beneath it: system calls by INT 0x80, among them copies from the program's memory,
 * and a heap whose pages come when they are touched, by page faults. When no frames are left the kernel takes all back. Every
 * structure the processor wants is built here.
 */
#include "guest.h"

#define PAGE 4096
#define ENTRIES 1024
#define PRESENT 1u
#define WRITABLE 2u
#define USER 4u

#define KERNEL_CODE 0x08
#define KERNEL_DATA 0x10
#define USER_CODE 0x1b
#define USER_DATA 0x23
#define TASK 0x28
#define PAGE_FAULT 14
#define SYSTEM_CALL 0x80

/* Identity for all of memory, whose size is that of guest.json, and the heap at 1 GiB. */
#define TABLES 4
#define HEAP 0x40000000u
#define HEAP_PAGES 512
#define FRAMES 96

#define ROUNDS 60
#define CALLS_PER_ROUND 300
#define TOUCHES_PER_ROUND 120

enum { CALL_COUNT, CALL_WRITE, CALL_EXIT };

/* As `pusha` and the processor leave them on the kernel's stack. */
struct frame {
    uint32_t es, ds;
    uint32_t edi, esi, ebp, esp, ebx, edx, ecx, eax;
    uint32_t error;
    uint32_t eip, cs, eflags, user_esp, user_ss;
};

static uint32_t directory[ENTRIES] __attribute__((aligned(PAGE)));
static uint32_t tables[TABLES][ENTRIES] __attribute__((aligned(PAGE)));
static uint32_t heap_table[ENTRIES] __attribute__((aligned(PAGE)));
static uint32_t frames[FRAMES][ENTRIES] __attribute__((aligned(PAGE)));
static uint64_t gdt[6], idt[SYSTEM_CALL + 1];
static uint32_t task[26];
static uint8_t kernel_stack[PAGE], user_stack[PAGE];
/* Where ESP was when the program was entered. */
uint32_t saved_esp;

static uint32_t frames_used, faults, calls, taken_back, written;

extern void enter_page_fault(void), enter_system_call(void), enter_user(uint32_t eip, uint32_t esp), leave_user(void);

__asm__(
    "        .text\n"
    "enter_page_fault:\n"
    "        pusha\n"
    "        pushl %ds\n"
    "        pushl %es\n"
    "        movl $page_fault, %eax\n"
    "        jmp 1f\n"
    "enter_system_call:\n"
    "        pushl $0\n"
    "        pusha\n"
    "        pushl %ds\n"
    "        pushl %es\n"
    "        movl $system_call, %eax\n"
    "1:      movl $0x10, %edx\n"
    "        movl %edx, %ds\n"
    "        movl %edx, %es\n"
    "        cld\n"
    "        pushl %esp\n"
    "        call *%eax\n"
    "        addl $4, %esp\n"
    "        popl %es\n"
    "        popl %ds\n"
    "        popa\n"
    "        addl $4, %esp\n"
    "        iretl\n"
    "enter_user:\n"
    "        movl 4(%esp), %eax\n"
    "        movl 8(%esp), %edx\n"
    "        pusha\n"
    "        movl %esp, saved_esp\n"
    "        pushl $0x23\n"
    "        pushl %edx\n"
    "        pushfl\n"
    "        pushl $0x1b\n"
    "        pushl %eax\n"
    "        movl $0x23, %eax\n"
    "        movl %eax, %ds\n"
    "        movl %eax, %es\n"
    "        iretl\n"
    "leave_user:\n"
    "        movl saved_esp, %esp\n"
    "        popa\n"
    "        ret\n");

/* ---- the kernel */

void page_fault(struct frame *f);
void system_call(struct frame *f);

/* Gives the page that was touched a frame of zeros. */
void page_fault(struct frame *f)
{
    uint32_t address;
    __asm__ volatile("movl %%cr2, %0" : "=r"(address));
    if (address - HEAP >= HEAP_PAGES * PAGE || (f->error & 1)) {
        put_line_hex32("unexpected page fault", address);
        leave_user();
    }
    faults++;
    if (frames_used == FRAMES) {
        for (int i = 0; i < HEAP_PAGES; i++)
            heap_table[i] = 0;
        __asm__ volatile("movl %%cr3, %%eax\n\tmovl %%eax, %%cr3" : : : "eax", "memory");
        frames_used = 0;
        taken_back++;
    }
    uint32_t *frame = frames[frames_used++];
    for (int i = 0; i < ENTRIES; i++)
        frame[i] = 0;
    heap_table[(address - HEAP) / PAGE] = (uint32_t)(uintptr_t)frame | PRESENT | WRITABLE | USER;
}

void system_call(struct frame *f)
{
    calls++;
    switch (f->eax) {
    case CALL_COUNT:
        f->eax = calls;
        break;
    case CALL_WRITE: {
        const uint8_t *p = (const uint8_t *)(uintptr_t)f->ebx;
        for (uint32_t i = 0; i < f->ecx; i++)
            written = written * 31 + p[i];
        f->eax = f->ecx;
        break;
    }
    default:
        leave_user();
    }
}

static uint64_t segment(uint32_t access)
{
    return (uint64_t)(0x00cf0000 | access << 8) << 32 | 0x0000ffff;
}

static uint64_t gate(void (*to)(void), uint32_t access)
{
    uint32_t offset = (uint32_t)(uintptr_t)to;
    return (uint64_t)((offset & 0xffff0000) | access << 8) << 32 | KERNEL_CODE << 16 | (offset & 0xffff);
}

static void load_tables(void)
{
    uint32_t base = (uint32_t)(uintptr_t)task;
    gdt[1] = segment(0x9b);
    gdt[2] = segment(0x93);
    gdt[3] = segment(0xfb);
    gdt[4] = segment(0xf3);
    gdt[5] = (uint64_t)((base & 0xff000000) | 0x8900 | (base >> 16 & 0xff)) << 32 | base << 16 | (sizeof task - 1);
    task[1] = (uint32_t)(uintptr_t)(kernel_stack + sizeof kernel_stack);
    task[2] = KERNEL_DATA;
    idt[PAGE_FAULT] = gate(enter_page_fault, 0x8e);
    idt[SYSTEM_CALL] = gate(enter_system_call, 0xee);
    struct __attribute__((packed)) {
        uint16_t limit;
        uint32_t base;
    } gdtr = { sizeof gdt - 1, (uint32_t)(uintptr_t)gdt }, idtr = { sizeof idt - 1, (uint32_t)(uintptr_t)idt };
    __asm__ volatile("lgdt %0\n\tlidt %1\n\tljmpl %2, $1f\n1:" : : "m"(gdtr), "m"(idtr), "i"(KERNEL_CODE) : "memory");
    __asm__ volatile("movl %0, %%ds\n\tmovl %0, %%es\n\tmovl %0, %%ss\n\tltr %w1" : : "r"(KERNEL_DATA), "r"(TASK) : "memory");
}

static void map_memory(void)
{
    for (uint32_t i = 0; i < TABLES; i++) {
        for (uint32_t k = 0; k < ENTRIES; k++)
            tables[i][k] = (i * ENTRIES + k) * PAGE | PRESENT | WRITABLE | USER;
        directory[i] = (uint32_t)(uintptr_t)tables[i] | PRESENT | WRITABLE | USER;
    }
    directory[HEAP >> 22] = (uint32_t)(uintptr_t)heap_table | PRESENT | WRITABLE | USER;
}

/* ---- the program */

static uint32_t call(uint32_t number, uint32_t b, uint32_t c)
{
    uint32_t result;
    __asm__ volatile("int $0x80" : "=a"(result) : "0"(number), "b"(b), "c"(c) : "memory");
    return result;
}

/* What the program has computed; the kernel prints it. */
static uint32_t sum;

static void user_main(void)
{
    volatile uint32_t *heap = (volatile uint32_t *)HEAP;
    uint32_t random = 2463534242u;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        for (uint32_t i = 0; i < TOUCHES_PER_ROUND; i++) {
            uint32_t at = (next_random(&random) >> 12) % (HEAP_PAGES * ENTRIES);
            /* Most touches fall into the pages of lately. */
            if (i % 8 != 0)
                at %= 48 * ENTRIES;
            heap[at] += random;
            sum += heap[at ^ 5];
        }
        for (uint32_t i = 0; i < CALLS_PER_ROUND; i++)
            sum ^= call(CALL_COUNT, 0, 0) << (i & 7);
        sum += call(CALL_WRITE, HEAP + (round & 63) * PAGE, 256);
    }
    call(CALL_EXIT, 0, 0);
}

int main(void)
{
    uint32_t cr0, cr3;
    load_tables();
    map_memory();
    __asm__ volatile("movl %%cr0, %0\n\tmovl %%cr3, %1" : "=r"(cr0), "=r"(cr3));
    __asm__ volatile("movl %0, %%cr3" : : "r"(directory) : "memory");
    __asm__ volatile("movl %0, %%cr0" : : "r"(cr0 | 0x80010000u) : "memory");
    enter_user((uint32_t)(uintptr_t)user_main, (uint32_t)(uintptr_t)(user_stack + sizeof user_stack));
    __asm__ volatile("movl %0, %%cr0\n\tmovl %1, %%cr3" : : "r"(cr0), "r"(cr3) : "memory");
    __asm__ volatile("movl %0, %%ds\n\tmovl %0, %%es" : : "r"(KERNEL_DATA) : "memory");

    put_line_hex32("sum", sum);
    put_line_hex32("written", written);
    put_line_u32("system calls", calls);
    put_str("page faults: ");
    put_u32(faults);
    put_line_u32(", frames taken back", taken_back);
    return 0;
}
