/* Processes: made from modules, run in turn, ended. */
#include "guest.h"
#include "kernel.h"

#define EFLAGS_ALWAYS_1 0x2
#define EFLAGS_IF 0x200

struct process *current;
static struct process processes[MAX_PROCESSES];
static uint32_t process_count;

void create_process(const char *name, uint32_t image, uint32_t image_bytes)
{
    if (process_count == MAX_PROCESSES)
        panic("too many processes");
    if (USER_IMAGE + image_bytes > USER_STACK_LIMIT)
        panic("a process's image is too large");
    struct process *process = &processes[process_count++];
    process->state = READY;
    process->pid = process_count;
    process->name = name;
    process->image = image;
    process->image_bytes = image_bytes;
    process->directory = new_address_space();
    map_page(process->directory, USER_GATE, new_gate_page(name), PAGE_USER | PAGE_OWNED);
    struct frame *frame = &process->frame;
    frame->ds = frame->es = frame->fs = frame->gs = frame->ss = USER_DS;
    frame->cs = USER_CS;
    frame->eip = USER_IMAGE;
    frame->esp = USER_STACK_TOP;
    frame->eflags = EFLAGS_ALWAYS_1 | (has_timer() ? EFLAGS_IF : 0);
    put_tag(process);
    put_str(name);
    put_char('\n');
}

void end_process(void)
{
    if (current->line_length)
        print_from(current, '\n');
    current->state = ENDED;
    switch_address_space((uint32_t)boot_directory - KERNEL_BASE);
    free_address_space(current->directory);
}

static void put_count(const char *label, uint32_t n)
{
    put_str(label);
    put_u32(n);
}

/* What became of everybody; then the machine stops. */
static _Noreturn void finish(void)
{
    uint32_t resumed = 0, preempted = 0;
    for (uint32_t i = 0; i < process_count; i++) {
        const struct counters *c = &processes[i].counters;
        put_tag(&processes[i]);
        put_count("resumed ", c->resumed);
        put_count(", preempted ", c->preempted);
        put_count("; system calls ", c->syscalls);
        put_count(", emulated ", c->emulated);
        put_count("; pages: zero ", c->zero_pages);
        put_count(", copied ", c->copied_pages);
        put_count(", stack ", c->stack_pages);
        put_char('\n');
        resumed += c->resumed;
        preempted += c->preempted;
    }
    put_count("kernel: processes resumed ", resumed);
    put_count(", preempted ", preempted);
    put_count("; pages still in use ", pages_in_use());
    put_char('\n');
    for (;;)
        __asm__ volatile("cli; hlt");
}

/* Round robin, from the one behind the current. */
static struct process *find_ready(void)
{
    uint32_t first = current ? current->pid : 0;
    for (uint32_t i = 0; i < process_count; i++) {
        struct process *process = &processes[(first + i) % process_count];
        if (process->state == READY)
            return process;
    }
    return NULL;
}

struct frame *next_process(void)
{
    struct process *next = find_ready();
    if (!next)
        finish();
    next->counters.resumed++;
    if (next != current)
        switch_address_space(next->directory);
    current = next;
    set_entry_stack(&next->frame);
    start_quantum();
    return &next->frame;
}

void put_tag(const struct process *process)
{
    put_char('[');
    put_u32(process->pid);
    put_str("] ");
}

/* Lines come out whole, each with its process in front; what is no ASCII comes out as dots. */
void print_from(struct process *process, char c)
{
    if (c != '\n')
        process->line[process->line_length++] = c >= ' ' && c <= '~' ? c : '.';
    if (c != '\n' && process->line_length < LINE_BYTES)
        return;
    put_tag(process);
    for (uint32_t i = 0; i < process->line_length; i++)
        put_char(process->line[i]);
    put_char('\n');
    process->line_length = 0;
}
