/* What happens when a process enters the kernel: system calls, faults, the timer. */
#include "guest.h"
#include "kernel.h"
#include "syscalls.h"

#define VECTOR_GP 13
#define VECTOR_PF 14
#define USER_RPL 3

/* Instructions that images without an operating system use, and their operand. */
#define OP_OUT_IMM8 0xe6
#define OP_OUT_DX 0xee
#define OP_HLT 0xf4
#define CONSOLE_PORT 0xe9
#define CONSOLE_PORT_2 0xf1

static uint32_t read_cr2(void)
{
    uint32_t value;
    __asm__ volatile("movl %%cr2, %0" : "=r"(value));
    return value;
}

static struct frame *exit_current(uint32_t status)
{
    put_tag(current);
    put_str("exit ");
    put_u32(status);
    put_char('\n');
    end_process();
    return next_process();
}

static struct frame *kill_current(const struct frame *frame)
{
    put_tag(current);
    put_str("killed by vector ");
    put_u32(frame->vector);
    if (frame->vector == VECTOR_PF) {
        put_str(" at 0x");
        put_hex32(read_cr2());
    }
    put_str(", error ");
    put_u32(frame->error);
    put_char('\n');
    end_process();
    return next_process();
}

/* The kernel reads user memory here; what is not there yet comes by a page fault of its own. */
static uint32_t sys_write(uint32_t address, uint32_t length)
{
    if (!user_may_read(current, address, length))
        return SYS_FAULT;
    for (uint32_t i = 0; i < length; i++)
        print_from(current, ((const char *)address)[i]);
    return length;
}

static struct frame *system_call(struct frame *frame)
{
    current->counters.syscalls++;
    switch (frame->eax) {
    case SYS_EXIT:
        return exit_current(frame->ebx);
    case SYS_WRITE:
        frame->eax = sys_write(frame->ebx, frame->ecx);
        return frame;
    case SYS_GETPID:
        frame->eax = current->pid;
        return frame;
    case SYS_YIELD:
        frame->eax = 0;
        return next_process();
    default:
        frame->eax = SYS_UNKNOWN;
        return frame;
    }
}

/* A guest made for the bare machine prints by OUT and ends by HLT, which privilege 3 may not do: the kernel does it. */
static struct frame *emulate(struct frame *frame)
{
    const uint8_t *code = (const uint8_t *)frame->eip;
    if (!user_may_read(current, frame->eip, 2))
        return kill_current(frame);
    uint32_t port = code[0] == OP_OUT_IMM8 ? code[1] : frame->edx & 0xffff;
    bool is_out = code[0] == OP_OUT_IMM8 || code[0] == OP_OUT_DX;
    if (is_out && (port == CONSOLE_PORT || port == CONSOLE_PORT_2)) {
        current->counters.emulated++;
        print_from(current, (char)frame->eax);
        frame->eip += code[0] == OP_OUT_IMM8 ? 2 : 1;
        return frame;
    }
    if (code[0] == OP_HLT) {
        current->counters.emulated++;
        return exit_current(0);
    }
    return kill_current(frame);
}

/* A fault of the kernel itself: it may touch the current process's pages before they are there, and nothing else. */
static struct frame *kernel_fault(struct frame *frame)
{
    if (frame->vector == VECTOR_PF && read_cr2() < KERNEL_BASE && current && handle_page_fault(current, read_cr2(), frame->error))
        return frame;
    put_line_u32("vector", frame->vector);
    put_line_hex32("eip", frame->eip);
    put_line_hex32("cr2", read_cr2());
    panic("a fault of the kernel's own");
}

struct frame *trap(struct frame *frame)
{
    if ((frame->cs & USER_RPL) == 0)
        return kernel_fault(frame);
    switch (frame->vector) {
    case VECTOR_SYSCALL:
    case VECTOR_SYSENTER:
        return system_call(frame);
    case VECTOR_TIMER:
        current->counters.preempted++;
        return next_process();
    case VECTOR_PF:
        return handle_page_fault(current, read_cr2(), frame->error) ? frame : kill_current(frame);
    case VECTOR_GP:
        return frame->error == 0 ? emulate(frame) : kill_current(frame);
    default:
        return kill_current(frame);
    }
}
