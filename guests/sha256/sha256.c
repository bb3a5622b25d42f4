/*
 * SHA-256 (FIPS 180-4): rotations, shifts and additions on 32-bit words, in long stretches without a branch and with
 * more values alive than the processor has registers. The digests of "abc" and of a million times "a" are the
 * standard's own examples; the third is that of the numbers 1 to 300000, one a line.
 */
#include "guest.h"

#define BLOCK 64

struct sha256 {
    uint32_t state[8];
    uint8_t block[BLOCK];
    uint32_t used;              /* bytes of block that are filled */
    uint64_t length;            /* bytes in all */
};

static const uint32_t initial[8] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

static const uint32_t k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate_right(uint32_t x, int n)
{
    return x >> n | x << (32 - n);
}

static void compress(uint32_t *state, const uint8_t *block)
{
    uint32_t w[64];
    for (int t = 0; t < 16; t++, block += 4)
        w[t] = (uint32_t)block[0] << 24 | (uint32_t)block[1] << 16 | (uint32_t)block[2] << 8 | block[3];
    for (int t = 16; t < 64; t++) {
        uint32_t s0 = rotate_right(w[t - 15], 7) ^ rotate_right(w[t - 15], 18) ^ w[t - 15] >> 3;
        uint32_t s1 = rotate_right(w[t - 2], 17) ^ rotate_right(w[t - 2], 19) ^ w[t - 2] >> 10;
        w[t] = w[t - 16] + s0 + w[t - 7] + s1;
    }

    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    for (int t = 0; t < 64; t++) {
        uint32_t s1 = rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25);
        uint32_t t1 = h + s1 + ((e & f) ^ (~e & g)) + k[t] + w[t];
        uint32_t s0 = rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22);
        uint32_t t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
        h = g;
        g = f;
        f = e;
        e = d + t1;
        d = c;
        c = b;
        b = a;
        a = t1 + t2;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
    state[5] += f;
    state[6] += g;
    state[7] += h;
}

static void begin(struct sha256 *s)
{
    for (int i = 0; i < 8; i++)
        s->state[i] = initial[i];
    s->used = 0;
    s->length = 0;
}

static void add_byte(struct sha256 *s, uint8_t byte)
{
    s->block[s->used++] = byte;
    s->length++;
    if (s->used == BLOCK) {
        compress(s->state, s->block);
        s->used = 0;
    }
}

/* Pads the message, and prints the digest and what it is of. */
static void finish(struct sha256 *s, const char *name)
{
    uint64_t bits = s->length * 8;
    add_byte(s, 0x80);
    while (s->used != BLOCK - 8)
        add_byte(s, 0);
    for (int shift = 56; shift >= 0; shift -= 8)
        add_byte(s, (uint8_t)(bits >> shift));
    for (int i = 0; i < 8; i++)
        put_hex32(s->state[i]);
    put_str("  ");
    put_str(name);
    put_char('\n');
}

static void add_number(struct sha256 *s, uint32_t n)
{
    if (n >= 10)
        add_number(s, n / 10);
    add_byte(s, (uint8_t)('0' + n % 10));
}

int main(void)
{
    struct sha256 s;

    begin(&s);
    add_byte(&s, 'a');
    add_byte(&s, 'b');
    add_byte(&s, 'c');
    finish(&s, "abc");

    begin(&s);
    for (int i = 0; i < 1000000; i++)
        add_byte(&s, 'a');
    finish(&s, "a million times a");

    begin(&s);
    for (uint32_t n = 1; n <= 300000; n++) {
        add_number(&s, n);
        add_byte(&s, '\n');
    }
    finish(&s, "1 to 300000");
    return 0;
}
