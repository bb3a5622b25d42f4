/*
 * Code that is made, run for a while and written over: a compiler of arithmetic expressions, each run as often as a just-in-time
 * compiler's user might; and a loop of which an operand is patched before each run, as old blitters and fillers do.
 */
#include "guest.h"

#define SLOTS 32
#define SLOT_BYTES 128
#define EXPRESSIONS 700
#define CALLS 100
#define PATCHES 400

typedef uint32_t function(uint32_t x);

/* A page of its own: nothing else is written there. */
static uint8_t code[SLOTS * SLOT_BYTES] __attribute__((aligned(4096)));

static uint8_t *put_word(uint8_t *p, uint32_t word)
{
    for (int i = 0; i < 4; i++)
        *p++ = (uint8_t)(word >> 8 * i);
    return p;
}

static uint8_t *put_bytes(uint8_t *p, const char *bytes, int count)
{
    while (count--)
        *p++ = (uint8_t)*bytes++;
    return p;
}

/* The address of code is that of a function. */
static function *function_at(uint8_t *p)
{
    return (function *)(uintptr_t)p;
}

/* Some steps of arithmetic on x by constants, then `ret`. */
static function *compile(uint8_t *at, uint32_t *random)
{
    uint8_t *p = put_bytes(at, "\x8b\x44\x24\x04", 4);              /* mov eax, [esp + 4] */
    for (uint32_t steps = 6 + next_random(random) % 10; steps; steps--) {
        uint32_t n = next_random(random);
        switch (n >> 29) {
        case 0:
            p = put_word(put_bytes(p, "\x05", 1), n);               /* add eax, n */
            break;
        case 1:
            p = put_word(put_bytes(p, "\x35", 1), n);               /* xor eax, n */
            break;
        case 2:
            p = put_word(put_bytes(p, "\x69\xc0", 2), n | 1);       /* imul eax, eax, n */
            break;
        case 3:
            p = put_bytes(p, "\xc1\xc0", 2);                        /* rol eax, n */
            *p++ = (uint8_t)(n & 31);
            break;
        case 4:
            p = put_bytes(p, "\x8d\x44\x80\x11", 4);                /* lea eax, [eax + eax * 4 + 17] */
            break;
        case 5:
            p = put_bytes(p, "\x89\xc2\xc1\xea\x07\x31\xd0", 7);    /* mov edx, eax; shr edx, 7; xor eax, edx */
            break;
        case 6:
            p = put_bytes(p, "\x85\xc0\x79\x02\xf7\xd8", 6);        /* test eax, eax; jns over; neg eax */
            break;
        default:
            p = put_bytes(p, "\x0f\xc8", 2);                        /* bswap eax */
        }
    }
    *p = 0xc3;
    return function_at(at);
}

static uint32_t compile_and_run(void)
{
    uint32_t random = 2463534242u, sum = 0;
    for (uint32_t i = 0; i < EXPRESSIONS; i++) {
        function *f = compile(code + i % SLOTS * SLOT_BYTES, &random);
        for (uint32_t n = 0; n < CALLS; n++)
            sum += f(sum + n);
    }
    return sum;
}

/* ecx = 200; do eax = eax * 3 + operand while (--ecx); the operand is at byte 13. */
static const char loop[] = "\x8b\x44\x24\x04\xb9\xc8\x00\x00\x00\x8d\x04\x40\x05\x00\x00\x00\x00\x49\x75\xf5\xc3";

static uint32_t patch_and_run(void)
{
    put_bytes(code, loop, sizeof loop - 1);
    uint32_t sum = 0;
    for (uint32_t i = 0; i < PATCHES; i++) {
        put_word(code + 13, i * 2654435761u);
        sum += function_at(code)(sum);
    }
    return sum;
}

int main(void)
{
    put_line_hex32("compiled", compile_and_run());
    put_line_hex32("patched", patch_and_run());
    return 0;
}
