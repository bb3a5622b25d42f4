/*
 * Arithmetic on 64-bit numbers, which an i386 does in halves: adc, sbb, shrd, shld, mul and div. First the longest
 * Collatz sequence within limits, whose numbers outgrow 32 bits; then powers modulo a 32-bit prime, each step a
 * multiplication and a division of a 64-bit product; last, divisions of 64 by 64 bits, checked by multiplying back.
 */
#include "guest.h"

#define START 130000
#define LIMIT 170000
#define PRIME 4294967291u       /* 2^32 - 5 */
#define POWERS 10000
#define DIVISIONS 300000

static void longest_sequence(void)
{
    uint32_t best = 0, best_length = 0;
    uint64_t highest = 0;
    for (uint32_t start = START; start < LIMIT; start++) {
        uint64_t n = start;
        uint32_t length = 1;
        while (n != 1) {
            n = n & 1 ? 3 * n + 1 : n >> 1;
            if (n > highest)
                highest = n;
            length++;
        }
        if (length > best_length) {
            best = start;
            best_length = length;
        }
    }
    put_str("longest sequence from ");
    put_u32(START);
    put_str(" to ");
    put_u32(LIMIT - 1);
    put_str(" starts at ");
    put_u32(best);
    put_line_u32(", length", best_length);
    put_line_u64("highest number", highest);
}

static uint32_t power_modulo(uint32_t base, uint32_t exponent, uint32_t modulus)
{
    uint64_t result = 1;
    uint64_t square = base;
    for (; exponent; exponent >>= 1) {
        if (exponent & 1)
            result = result * square % modulus;
        square = square * square % modulus;
    }
    return (uint32_t)result;
}

/* By Fermat, a^(p-1) is 1 modulo a prime p for every a that p does not divide. */
static void fermat(void)
{
    uint32_t ones = 0;
    uint32_t sum = 0;
    for (uint32_t a = 1; a <= POWERS; a++) {
        ones += power_modulo(a, PRIME - 1, PRIME) == 1;
        sum += power_modulo(a, a, PRIME);
    }
    put_line_u32("powers that are 1", ones);
    put_line_hex32("sum of powers", sum);
}

static void divide(void)
{
    uint64_t n = 0x9e3779b97f4a7c15u;
    uint64_t sum = 0;
    uint32_t wrong = 0;
    for (uint32_t i = 0; i < DIVISIONS; i++) {
        n = n * 6364136223846793005u + 1442695040888963407u;
        uint64_t by = (n << 17 | n >> 47) >> i % 61 | 1;
        uint64_t quotient = n / by;
        uint64_t rest = n % by;
        wrong += rest >= by || quotient * by + rest != n;
        sum += quotient ^ rest;
    }
    put_line_u32("wrong divisions", wrong);
    put_line_u64("sum of quotients and rests", sum);
}

int main(void)
{
    longest_sequence();
    fermat();
    divide();
    return 0;
}
