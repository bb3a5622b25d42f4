/*
 * The sieve of Eratosthenes over one byte per number, repeated. Two small loops carry nearly all the time: the
 * marking loop (one byte store, one add, one compare per turn) and the counting loop.
 */
#include "guest.h"

#define LIMIT 1000000
#define ROUNDS 11

static uint8_t is_composite[LIMIT];

static uint32_t count_primes(uint32_t limit)
{
    for (uint32_t i = 0; i < limit; i++)
        is_composite[i] = 0;
    for (uint32_t i = 2; i * i < limit; i++)
        if (!is_composite[i])
            for (uint32_t multiple = i * i; multiple < limit; multiple += i)
                is_composite[multiple] = 1;
    uint32_t count = 0;
    for (uint32_t i = 2; i < limit; i++)
        if (!is_composite[i])
            count++;
    return count;
}

int main(void)
{
    uint32_t sum = 0;
    for (uint32_t round = 0; round < ROUNDS; round++)
        sum += count_primes(LIMIT - round);
    put_line_u32("primes below 1000000", count_primes(LIMIT));
    put_line_u32("sum over rounds", sum);
    return 0;
}
