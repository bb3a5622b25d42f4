/*
 * A guest's runtime under Linux, without libc: the console is stdout; at the end the nanoseconds that main took go to
 * stderr, those on the clock and those of the processor's time. Nothing is in .bss (linux.ld).
 */
#include "guest.h"

#define SYS_EXIT 1
#define SYS_WRITE 4
#define SYS_CLOCK_GETTIME 265
#define CLOCK_MONOTONIC 1
#define CLOCK_PROCESS_CPUTIME_ID 2

struct timespec {
    int32_t seconds;
    int32_t nanoseconds;
};

static char text[4096] __attribute__((section(".data")));
static uint32_t text_length __attribute__((section(".data")));
static struct timespec began __attribute__((section(".data"))), began_cpu __attribute__((section(".data")));

static int32_t system_call(int32_t number, uint32_t a, uint32_t b, uint32_t c)
{
    int32_t result;
    __asm__ volatile("int $0x80" : "=a"(result) : "0"(number), "b"(a), "c"(b), "d"(c) : "memory");
    return result;
}

static struct timespec now(uint32_t clock)
{
    struct timespec time;
    system_call(SYS_CLOCK_GETTIME, clock, (uint32_t)&time, 0);
    return time;
}

static void put_nanoseconds(struct timespec from, struct timespec to, char end)
{
    put_u64((uint64_t)(to.seconds - from.seconds) * 1000000000u + (uint64_t)(int64_t)(to.nanoseconds - from.nanoseconds));
    put_char(end);
}

static void flush(uint32_t file)
{
    for (uint32_t done = 0; done < text_length;) {
        int32_t written = system_call(SYS_WRITE, file, (uint32_t)(text + done), text_length - done);
        if (written <= 0)
            system_call(SYS_EXIT, 1, 0, 0);
        done += (uint32_t)written;
    }
    text_length = 0;
}

void put_char(char c)
{
    text[text_length++] = c;
    if (text_length == sizeof text)
        flush(1);
}

/* The kernel has done that. */
void enable_sse(void)
{
}

void linux_begin(void)
{
    began = now(CLOCK_MONOTONIC);
    began_cpu = now(CLOCK_PROCESS_CPUTIME_ID);
}

void linux_end(void)
{
    struct timespec ended = now(CLOCK_MONOTONIC), ended_cpu = now(CLOCK_PROCESS_CPUTIME_ID);
    flush(1);
    put_nanoseconds(began, ended, ' ');
    put_nanoseconds(began_cpu, ended_cpu, '\n');
    flush(2);
    system_call(SYS_EXIT, 0, 0, 0);
}
