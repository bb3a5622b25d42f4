/*
 * Programs for the kernel in one image; the first word of the arguments says which. The last ones do what the kernel must
 * end them for.
 */
#include "guest.h"
#include "layout.h"
#include "syscalls.h"

uint32_t keep_registers(uint32_t rounds);

static uint32_t kernel(uint32_t number, uint32_t a, uint32_t b)
{
    uint32_t result;
    __asm__ volatile("call enter_kernel" : "=a"(result) : "0"(number), "b"(a), "c"(b) : "edi", "memory", "cc");
    return result;
}

/* print.c is made of this. */
void put_char(char c)
{
    static char line[64];
    static uint32_t length;
    line[length++] = c;
    if (c == '\n' || length == sizeof line) {
        kernel(SYS_WRITE, (uint32_t)line, length);
        length = 0;
    }
}

/* primes N: by division, as slow as can be. */
static int primes(uint32_t limit)
{
    uint32_t count = 0;
    for (uint32_t n = 2; n < limit; n++) {
        uint32_t d = 2;
        while (d * d <= n && n % d)
            d++;
        count += d * d > n;
    }
    put_line_u32("primes", count);
    return 0;
}

/* stack N: a recursion of N frames, of half a page each. */
static uint32_t sum_to(uint32_t n)
{
    volatile uint32_t frame[512];
    frame[n % 512] = n;
    return n ? sum_to(n - 1) + frame[n % 512] : 0;
}

static int stack(uint32_t depth)
{
    put_line_u32("sum", sum_to(depth));
    return sum_to(depth) != depth * (depth + 1) / 2;
}

/* pages N: reads N pages that were never written, writes them, and reads them again. */
static int pages(uint32_t count)
{
    volatile uint32_t *first = (volatile uint32_t *)0x200000;
    uint32_t wrong = 0;
    for (uint32_t i = 0; i < count; i++)
        wrong += first[i * (PAGE_SIZE / 4)] != 0;
    for (uint32_t i = 0; i < count; i++)
        first[i * (PAGE_SIZE / 4) + i % 1024] = i ^ 0x5a5a5a5a;
    for (uint32_t i = 0; i < count; i++)
        wrong += first[i * (PAGE_SIZE / 4) + i % 1024] != (i ^ 0x5a5a5a5a);
    put_line_u32("wrong words", wrong);
    return wrong != 0;
}

/* turns N: lets others run N times, and finds its own memory as it left it. */
static int turns(uint32_t count)
{
    /* In a page of the image, which is copied when it is written. */
    static volatile uint32_t mine = 1;
    uint32_t pid = kernel(SYS_GETPID, 0, 0);
    uint32_t wrong = 0;
    for (uint32_t i = 0; i < count; i++) {
        mine = pid * 1000 + i;
        kernel(SYS_YIELD, 0, 0);
        wrong += mine != pid * 1000 + i;
    }
    put_line_u32("pid", pid);
    return wrong != 0;
}

/* registers N: spins with a pattern in every register. */
static int registers(uint32_t rounds)
{
    uint32_t result = keep_registers(rounds);
    put_line_u32("registers lost", result != 0);
    return result != 0;
}

/* calls: what the kernel answers to calls that make no sense. */
static int calls(uint32_t unused)
{
    (void)unused;
    put_line_hex32("no such call", kernel(12345, 0, 0));
    put_line_hex32("the kernel's memory", kernel(SYS_WRITE, KERNEL_BASE + 0x100000, 4));
    put_line_hex32("address 0", kernel(SYS_WRITE, 0, 1));
    put_line_hex32("beyond the end", kernel(SYS_WRITE, 0xfffffff0, 0x20));
    put_line_hex32("up to the kernel", kernel(SYS_WRITE, USER_GATE, KERNEL_BASE));
    put_line_hex32("nothing", kernel(SYS_WRITE, 0, 0));
    put_line_hex32("a page that nobody has touched", kernel(SYS_WRITE, 0x7ffffc, 4));
    return 42;
}

static int null(uint32_t unused)
{
    (void)unused;
    return *(volatile int *)0;
}

static int peek(uint32_t address)
{
    return *(volatile int *)address;
}

static int poke(uint32_t address)
{
    *(volatile int *)address = 1;
    return 0;
}

static int cli(uint32_t unused)
{
    (void)unused;
    __asm__ volatile("cli");
    return 0;
}

static int divide(uint32_t by)
{
    __asm__ volatile("divl %0" : : "r"(by), "a"(1), "d"(0));
    return 0;
}

static int fpu(uint32_t unused)
{
    (void)unused;
    __asm__ volatile("fld1");
    return 0;
}

static int segment(uint32_t selector)
{
    __asm__ volatile("movl %0, %%ds" : : "r"(selector));
    return 0;
}

static const struct program {
    const char *name;
    int (*run)(uint32_t argument);
} programs[] = {
    { "primes", primes }, { "stack", stack }, { "pages", pages }, { "turns", turns }, { "registers", registers }, { "calls", calls },
    { "null", null }, { "peek", peek }, { "poke", poke }, { "cli", cli }, { "divide", divide }, { "fpu", fpu }, { "segment", segment },
};

static int is_name(const char *text, const char *name, const char **rest)
{
    while (*name && *text == *name)
        text++, name++;
    *rest = text;
    return !*name && (!*text || *text == ' ');
}

static uint32_t number(const char *text)
{
    uint32_t n = 0;
    while (*text == ' ')
        text++;
    for (; *text >= '0' && *text <= '9'; text++)
        n = n * 10 + (uint32_t)(*text - '0');
    return n;
}

int main(const char *arguments)
{
    const char *rest;
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
        if (is_name(arguments, programs[i].name, &rest))
            return programs[i].run(number(rest));
    put_str("no such program: ");
    put_str(arguments);
    put_char('\n');
    return 1;
}
