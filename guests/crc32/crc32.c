/*
 * CRC-32 (the one of zlib, Ethernet and PNG) by a table of 256 words: a byte load, a table load, a shift and two
 * exclusive ors per byte, each step waiting for the last.
 */
#include "guest.h"

#define SIZE (1 << 20)
#define ROUNDS 32

static uint32_t table[256];
static uint8_t data[SIZE];

static void make_table(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int bit = 0; bit < 8; bit++)
            c = c & 1 ? 0xedb88320u ^ c >> 1 : c >> 1;
        table[i] = c;
    }
}

static uint32_t crc32(uint32_t crc, const uint8_t *p, size_t size)
{
    crc = ~crc;
    for (size_t i = 0; i < size; i++)
        crc = table[(crc ^ p[i]) & 0xff] ^ crc >> 8;
    return ~crc;
}

int main(void)
{
    make_table();
    put_line_hex32("crc32 of 123456789", crc32(0, (const uint8_t *)"123456789", 9));

    uint32_t random = 1;
    for (uint32_t i = 0; i < SIZE; i++)
        data[i] = (uint8_t)next_random(&random);
    put_line_hex32("crc32 of 1 MiB", crc32(0, data, SIZE));

    uint32_t crc = 0;
    for (int round = 0; round < ROUNDS; round++)
        crc = crc32(crc, data, SIZE);
    put_line_hex32("crc32 of 32 MiB", crc);
    return 0;
}
