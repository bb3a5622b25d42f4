/*
 * Code that runs a few times and never again, as when a system starts: 256 functions that branch and compute, copied to
 * other places all over memory, so that each copy is new to the processor; every one runs three times.
 */
#include "guest.h"

#define BYTES 40960
#define COPIES 40
#define RUNS 3

static uint32_t table[64];

/*
 * In a section of their own, whose begin and end the linker knows. Calls within it are relative and everything else is
 * absolute: it may lie anywhere.
 */
#define COLD __attribute__((section("cold_code"), noipa))

#define FUNCTION(n)                                                                     \
    COLD static uint32_t work_##n(uint32_t a, uint32_t b)                               \
    {                                                                                   \
        uint32_t x = a * (0x##n##u * 2654435762u + 1) ^ b;                              \
        if (x & 1u << 0x##n##u % 13) {                                                  \
            x += table[x >> 26];                                                        \
            table[0x##n##u * 7 % 64] ^= b;                                              \
        } else {                                                                        \
            x = x << (0x##n##u % 7 + 1) | x >> (31 - 0x##n##u % 7);                     \
            b -= x;                                                                     \
        }                                                                               \
        if (b > 0x##n##u << 24)                                                         \
            b ^= x >> 3;                                                                \
        else                                                                            \
            a += table[0x##n##u % 64];                                                  \
        if ((a ^ x) & 0x100)                                                            \
            a = a / (0x##n##u + 3) + b;                                                 \
        table[(0x##n##u * 5 + 3) % 64] += a - b;                                        \
        return x + (a ^ b);                                                             \
    }
#define CALL(n) x = work_##n(x, round + 0x##n##u);

#define SIXTEEN(what, n) \
    what(n##0) what(n##1) what(n##2) what(n##3) what(n##4) what(n##5) what(n##6) what(n##7) \
    what(n##8) what(n##9) what(n##a) what(n##b) what(n##c) what(n##d) what(n##e) what(n##f)
#define ALL(what) \
    SIXTEEN(what, 0) SIXTEEN(what, 1) SIXTEEN(what, 2) SIXTEEN(what, 3) SIXTEEN(what, 4) SIXTEEN(what, 5) SIXTEEN(what, 6) SIXTEEN(what, 7) \
    SIXTEEN(what, 8) SIXTEEN(what, 9) SIXTEEN(what, a) SIXTEEN(what, b) SIXTEEN(what, c) SIXTEEN(what, d) SIXTEEN(what, e) SIXTEEN(what, f)

ALL(FUNCTION)

COLD static uint32_t work_all(uint32_t x, uint32_t round)
{
    ALL(CALL)
    return x;
}

extern const uint8_t __start_cold_code[], __stop_cold_code[];

static uint8_t copies[COPIES][BYTES] __attribute__((aligned(4096)));

int main(void)
{
    uint32_t size = (uint32_t)(__stop_cold_code - __start_cold_code);
    if (size > BYTES) {
        put_line_u32("BYTES should be", size);
        return 0;
    }
    uint32_t entry = (uint32_t)(uintptr_t)work_all - (uint32_t)(uintptr_t)__start_cold_code, sum = 1;
    for (uint32_t copy = 0; copy < COPIES; copy++) {
        const uint8_t *from = __start_cold_code;
        uint8_t *to = copies[copy];
        uint32_t count = (size + 3) / 4;
        __asm__ volatile("rep movsl" : "+S"(from), "+D"(to), "+c"(count) : : "memory");
        uint32_t (*work)(uint32_t, uint32_t) = (uint32_t (*)(uint32_t, uint32_t))(uintptr_t)(copies[copy] + entry);
        for (uint32_t run = 0; run < RUNS; run++)
            sum = work(sum, copy + run);
    }
    put_line_hex32("sum", sum);
    return 0;
}
