/*
 * Loads and stores in loops, by every width and direction: words forward, bytes backward, halves into words, a matrix
 * turned over its diagonal, a histogram.
 */
#include "guest.h"

#define WORDS 65536
#define SIDE 256                /* SIDE * SIDE is WORDS */
#define ROUNDS 20

static uint32_t from[WORDS], to[WORDS], histogram[256];

static void copy_words(uint32_t *to, const uint32_t *from)
{
    for (int i = 0; i < WORDS; i++)
        to[i] = from[i] ^ 0x55aa55aa;
}

static void reverse_bytes(uint8_t *to, const uint8_t *from)
{
    for (int i = 0; i < 4 * WORDS; i++)
        to[4 * WORDS - 1 - i] = from[i];
}

static void mix_halves(uint32_t *to, const int16_t *from)
{
    for (int i = 0; i < WORDS; i++)
        to[i] = (uint32_t)(from[2 * i] * from[2 * i + 1]);
}

static void transpose(uint32_t *to, const uint32_t *from)
{
    for (int row = 0; row < SIDE; row++)
        for (int column = 0; column < SIDE; column++)
            to[column * SIDE + row] = from[row * SIDE + column];
}

static void count_bytes(const uint8_t *bytes)
{
    for (int i = 0; i < 4 * WORDS; i++)
        histogram[bytes[i]]++;
}

static uint32_t sum_of(const uint32_t *words, int count)
{
    uint32_t sum = 0;
    for (int i = 0; i < count; i++)
        sum = (sum << 1 | sum >> 31) + words[i];
    return sum;
}

int main(void)
{
    uint32_t random = 123456789;
    for (int i = 0; i < WORDS; i++)
        from[i] = next_random(&random);
    for (int round = 0; round < ROUNDS; round++) {
        copy_words(to, from);
        reverse_bytes((uint8_t *)from, (const uint8_t *)to);
        mix_halves(to, (const int16_t *)from);
        transpose(from, to);
        count_bytes((const uint8_t *)from);
        from[round] ^= random;
    }
    put_line_hex32("words", sum_of(from, WORDS));
    put_line_hex32("bytes", sum_of(histogram, 256));
    return 0;
}
