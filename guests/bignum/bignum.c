/*
 * Numbers of 1024 bits: products of 32 by 32 bits into 64, and carries all along. It raises numbers to large powers
 * modulo an odd number, by Montgomery's method, as RSA does.
 */
#include "guest.h"

#define WORDS 32
#define NUMBERS 8

typedef uint32_t number[WORDS];

static number modulus;
/* -1 / modulus, modulo 2^32. */
static uint32_t inverse;

/* -1, 0, 1 as a is less than, equal to, greater than b. */
static int compare(const uint32_t *a, const uint32_t *b)
{
    for (int i = WORDS - 1; i >= 0; i--)
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    return 0;
}

static void subtract(uint32_t *a, const uint32_t *b)
{
    uint64_t borrow = 0;
    for (int i = 0; i < WORDS; i++) {
        uint64_t n = (uint64_t)a[i] - b[i] - borrow;
        a[i] = (uint32_t)n;
        borrow = n >> 63;
    }
}

/* result = a * b / 2^1024 modulo the modulus: each turn adds a multiple of it that makes the lowest word 0. */
static void multiply(uint32_t *result, const uint32_t *a, const uint32_t *b)
{
    uint32_t sum[WORDS + 2] = { 0 };
    for (int i = 0; i < WORDS; i++) {
        uint64_t carry = 0;
        for (int j = 0; j < WORDS; j++) {
            carry += (uint64_t)a[i] * b[j] + sum[j];
            sum[j] = (uint32_t)carry;
            carry >>= 32;
        }
        carry += sum[WORDS];
        sum[WORDS] = (uint32_t)carry;
        sum[WORDS + 1] = (uint32_t)(carry >> 32);

        uint32_t factor = sum[0] * inverse;
        carry = ((uint64_t)factor * modulus[0] + sum[0]) >> 32;
        for (int j = 1; j < WORDS; j++) {
            carry += (uint64_t)factor * modulus[j] + sum[j];
            sum[j - 1] = (uint32_t)carry;
            carry >>= 32;
        }
        carry += sum[WORDS];
        sum[WORDS - 1] = (uint32_t)carry;
        sum[WORDS] = sum[WORDS + 1] + (uint32_t)(carry >> 32);
    }
    if (sum[WORDS] != 0 || compare(sum, modulus) >= 0)
        subtract(sum, modulus);
    for (int i = 0; i < WORDS; i++)
        result[i] = sum[i];
}

static void set_modulus(uint32_t *random)
{
    for (int i = 0; i < WORDS; i++)
        modulus[i] = next_random(random);
    modulus[0] |= 1;
    modulus[WORDS - 1] |= 0x80000000;
    /* Newton's iteration doubles the bits that are right: 5, 10, 20, 40. */
    uint32_t n = modulus[0] * 3 ^ 2;
    for (int i = 0; i < 3; i++)
        n *= 2 - modulus[0] * n;
    inverse = 0 - n;
}

/* result = base ^ exponent * 2^1024 ^ (1 - exponent) modulo the modulus: Montgomery's form is never left. */
static void raise(uint32_t *result, const uint32_t *base, uint32_t exponent_bits, uint32_t *random)
{
    for (int i = 0; i < WORDS; i++)
        result[i] = base[i];
    for (uint32_t bit = 0; bit < exponent_bits; bit++) {
        multiply(result, result, result);
        if (next_random(random) >> 31)
            multiply(result, result, base);
    }
}

int main(void)
{
    uint32_t random = 2463534242u;
    for (int n = 0; n < NUMBERS; n++) {
        number base, power;
        set_modulus(&random);
        for (int i = 0; i < WORDS; i++)
            base[i] = next_random(&random);
        base[WORDS - 1] &= 0x7fffffff;
        raise(power, base, 150, &random);
        for (int i = WORDS - 1; i >= WORDS - 4; i--)
            put_hex32(power[i]);
        put_line_hex32("...", power[0]);
    }
    return 0;
}
