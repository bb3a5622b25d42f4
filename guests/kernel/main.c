/*
 * A kernel that runs its multiboot modules as processes. Command line: `syscall=auto|int|sysenter`, and `timer=N`, the
 * instructions after which a process is preempted (default 50000; 0 for never, on machines without the timer).
 */
#include "guest.h"
#include "kernel.h"

#define LOADER_MAGIC 0x2badb002
#define INFO_MEMORY 0x1
#define INFO_CMDLINE 0x4
#define INFO_MODULES 0x8
#define DEFAULT_QUANTUM 50000
#define KIB 1024
#define UPPER_START 0x100000

/* The parts of the multiboot information that matter here; addresses are physical. */
struct multiboot_info {
    uint32_t flags, mem_lower, mem_upper, boot_device, cmdline, mods_count, mods_addr;
};

struct module {
    uint32_t start, end, string, reserved;
};

void panic(const char *message)
{
    put_str("kernel panic: ");
    put_str(message);
    put_char('\n');
    for (;;)
        __asm__ volatile("cli; hlt");
}

/* The text behind `name=` where it is a word of the command line; NULL where it is not. */
static const char *option(const char *cmdline, const char *name)
{
    for (const char *word = cmdline; *word;) {
        const char *at = word, *expected = name;
        while (*expected && *at == *expected)
            at++, expected++;
        if (!*expected && *at == '=')
            return at + 1;
        while (*word && *word != ' ')
            word++;
        while (*word == ' ')
            word++;
    }
    return NULL;
}

static bool is_word(const char *text, const char *word)
{
    while (*word && *text == *word)
        text++, word++;
    return !*word && (!*text || *text == ' ');
}

static enum gate gate_option(const char *cmdline)
{
    const char *text = option(cmdline, "syscall");
    if (!text || is_word(text, "auto"))
        return GATE_AUTO;
    if (is_word(text, "int"))
        return GATE_INT;
    if (is_word(text, "sysenter"))
        return GATE_SYSENTER;
    panic("syscall= wants auto, int or sysenter");
}

static uint32_t timer_option(const char *cmdline)
{
    const char *text = option(cmdline, "timer");
    uint32_t n = 0;
    if (!text)
        return DEFAULT_QUANTUM;
    for (; *text >= '0' && *text <= '9'; text++)
        n = n * 10 + (uint32_t)(*text - '0');
    return n;
}

_Noreturn void kernel_main(uint32_t magic, uint32_t info_address)
{
    const struct multiboot_info *info = physical(info_address);
    if (magic != LOADER_MAGIC)
        panic("not started by a multiboot loader");
    if (!(info->flags & INFO_MEMORY))
        panic("the loader does not tell the memory");
    if (!(info->flags & INFO_MODULES) || info->mods_count == 0)
        panic("no modules: there is nothing to run");
    const struct module *modules = physical(info->mods_addr);
    const char *cmdline = info->flags & INFO_CMDLINE ? physical(info->cmdline) : "";

    uint32_t end = (uint32_t)kernel_end - KERNEL_BASE;
    for (uint32_t i = 0; i < info->mods_count; i++)
        if (modules[i].end > end)
            end = modules[i].end;
    set_up_memory(end, UPPER_START + info->mem_upper * KIB);
    set_up_descriptors();
    set_up_timer(timer_option(cmdline));
    set_up_gate(gate_option(cmdline));
    for (uint32_t i = 0; i < info->mods_count; i++)
        create_process(physical(modules[i].string), modules[i].start, modules[i].end - modules[i].start);
    resume(next_process());
}
