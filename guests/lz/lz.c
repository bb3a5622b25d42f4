/*
 * Compression by references to what came before (LZ77, with chains of equal hashes), and back: comparisons of bytes, copies
 * that overlap, bits put together and taken apart. What comes back must be what went in.
 */
#include "guest.h"

#define SIZE 200000
#define HASHES 8192
#define LEAST 4
#define MOST 130
#define FARTHEST 65535
#define CHAIN 24

static uint8_t original[SIZE], packed[SIZE + SIZE / 8 + 16], unpacked[SIZE];
static uint32_t newest[HASHES];         /* the last place with a hash, + 1 */
static uint32_t before[SIZE];           /* the one before it */

/* Records of some fields, of which most repeat; then noise. */
static void make_original(void)
{
    uint32_t random = 2463534242u, at = 0;
    while (at < SIZE * 3 / 4) {
        uint32_t n = next_random(&random);
        const char *line = n & 0x10000 ? "GET /index.html HTTP/1.0 200 " : n & 0x20000 ? "POST /form.cgi HTTP/1.1 404 " : "HEAD /image.png HTTP/1.1 304 ";
        while (*line && at < SIZE)
            original[at++] = (uint8_t)*line++;
        for (int digits = 5; digits && at < SIZE; digits--, n /= 10)
            original[at++] = (uint8_t)('0' + n % 10);
        if (at < SIZE)
            original[at++] = '\n';
    }
    while (at < SIZE)
        original[at++] = (uint8_t)(next_random(&random) >> 28);
}

static uint32_t hash_at(const uint8_t *p)
{
    return (p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24) * 2654435761u >> 19;
}

static void remember(uint32_t at)
{
    uint32_t *head = &newest[hash_at(original + at)];
    before[at] = *head;
    *head = at + 1;
}

/* The longest earlier run equal to what is at `at`; its length, 0 if none is long enough. */
static uint32_t longest(uint32_t at, uint32_t *distance)
{
    uint32_t best = LEAST - 1, limit = SIZE - at < MOST ? SIZE - at : MOST;
    uint32_t candidate = newest[hash_at(original + at)];
    for (int tries = CHAIN; candidate && at + 1 - candidate <= FARTHEST && tries; tries--) {
        const uint8_t *a = original + at, *b = original + candidate - 1;
        uint32_t length = 0;
        if (a[best] == b[best])
            while (length < limit && a[length] == b[length])
                length++;
        if (length > best) {
            best = length;
            *distance = at + 1 - candidate;
            if (best == limit)
                break;
        }
        candidate = before[candidate - 1];
    }
    return best < LEAST ? 0 : best;
}

/* A byte n below 128: n + 1 bytes as they are; else: n - 128 + LEAST bytes from a distance of two bytes. */
static uint32_t pack(void)
{
    uint32_t out = 0, at = 0, plain_at = 0;
    while (at < SIZE) {
        uint32_t distance = 0, length = at + MOST < SIZE ? longest(at, &distance) : 0;
        if (!length) {
            if (at + LEAST <= SIZE)
                remember(at);
            at++;
        }
        if (plain_at < at && (length || at == SIZE || at - plain_at == 128)) {
            packed[out++] = (uint8_t)(at - plain_at - 1);
            while (plain_at < at)
                packed[out++] = original[plain_at++];
        }
        if (length) {
            packed[out++] = (uint8_t)(128 + length - LEAST);
            packed[out++] = (uint8_t)distance;
            packed[out++] = (uint8_t)(distance >> 8);
            while (length--)
                remember(at++);
            plain_at = at;
        }
    }
    return out;
}

static uint32_t unpack(uint32_t size)
{
    uint32_t at = 0;
    for (uint32_t in = 0; in < size;) {
        uint32_t n = packed[in++];
        if (n < 128) {
            for (n++; n; n--)
                unpacked[at++] = packed[in++];
        } else {
            uint32_t distance = packed[in] | (uint32_t)packed[in + 1] << 8;
            in += 2;
            for (n = n - 128 + LEAST; n; n--, at++)
                unpacked[at] = unpacked[at - distance];
        }
    }
    return at;
}

int main(void)
{
    make_original();
    uint32_t size = pack(), sum = 0;
    for (uint32_t i = 0; i < size; i++)
        sum = sum * 31 + packed[i];
    put_line_u32("packed", size);
    put_line_hex32("sum", sum);
    uint32_t is_same = unpack(size) == SIZE;
    for (uint32_t i = 0; i < SIZE; i++)
        is_same &= original[i] == unpacked[i];
    put_str(is_same ? "the same again\n" : "NOT THE SAME AGAIN\n");
    return 0;
}
