/*
 * What gcc calls on its own behalf without being asked: memory functions, and 64-bit division, which the i386
 * has no insn for. The machine's stand-in for libc and libgcc; the host build uses the real ones.
 */
#include "guest.h"

void *memset(void *to, int value, size_t count)
{
    uint8_t *p = to;
    while (count--)
        *p++ = (uint8_t)value;
    return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t count)
{
    uint8_t *p = to;
    const uint8_t *q = from;
    while (count--)
        *p++ = *q++;
    return to;
}

void *memmove(void *to, const void *from, size_t count)
{
    uint8_t *p = to;
    const uint8_t *q = from;
    if (p < q) {
        while (count--)
            *p++ = *q++;
    } else {
        while (count--)
            p[count] = q[count];
    }
    return to;
}

int memcmp(const void *a, const void *b, size_t count)
{
    const uint8_t *p = a;
    const uint8_t *q = b;
    for (; count; count--, p++, q++)
        if (*p != *q)
            return *p - *q;
    return 0;
}

/* high:low / by, which must fit in 32 bits (high < by). */
static inline uint32_t div_64_by_32(uint32_t high, uint32_t low, uint32_t by, uint32_t *rest)
{
    uint32_t quotient;
    __asm__("divl %4" : "=a"(quotient), "=d"(*rest) : "0"(low), "1"(high), "rm"(by) : "cc");
    return quotient;
}

/*
 * Long division. A divisor below 2^32 takes two `div`s, as by hand; above that the quotient fits 32 bits and is
 * estimated from the top 32 bits of the divisor, one too large at most (Hacker's Delight, 9-5).
 */
uint64_t __udivmoddi4(uint64_t n, uint64_t by, uint64_t *rest)
{
    uint32_t high = (uint32_t)(n >> 32);
    uint32_t low = (uint32_t)n;
    uint32_t by_high = (uint32_t)(by >> 32);
    uint32_t remainder;
    if (by_high == 0) {
        uint32_t by_low = (uint32_t)by;
        uint32_t quotient_high = high / by_low;
        uint32_t quotient_low = div_64_by_32(high % by_low, low, by_low, &remainder);
        if (rest)
            *rest = remainder;
        return (uint64_t)quotient_high << 32 | quotient_low;
    }
    int shift = __builtin_clz(by_high);
    uint32_t top = (uint32_t)(by << shift >> 32);
    uint64_t half = n >> 1;
    uint32_t estimate = div_64_by_32((uint32_t)(half >> 32), (uint32_t)half, top, &remainder);
    uint64_t quotient = estimate >> (31 - shift);
    if (quotient)
        quotient--;
    uint64_t left = n - quotient * by;
    if (left >= by) {
        quotient++;
        left -= by;
    }
    if (rest)
        *rest = left;
    return quotient;
}

uint64_t __udivdi3(uint64_t n, uint64_t by)
{
    return __udivmoddi4(n, by, 0);
}

uint64_t __umoddi3(uint64_t n, uint64_t by)
{
    uint64_t rest;
    __udivmoddi4(n, by, &rest);
    return rest;
}
