/*
 * What a C guest may use: a console that takes bytes, and numbers printed on it. No libc.
 * lib/console.c implements it on port 0xe9; lib/host.c on stdout, so that every C guest also builds as an
 * ordinary Linux program (`make verify-host`). lib/sse.c is for guests that compute in floating point.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stddef.h>
#include <stdint.h>

/* Writes one byte to the console. */
void put_char(char c);

/* Turns SSE on, as an operating system does (SDM 3A 9.6); where there is one, nothing. Before the first float. */
void enable_sse(void);

/* Writes a NUL-terminated string, nothing added. */
void put_str(const char *s);

/* Writes an unsigned number in decimal, no padding. */
void put_u32(uint32_t n);
void put_u64(uint64_t n);

/* Writes 8 lower-case hexadecimal digits. */
void put_hex32(uint32_t n);

/* Writes "label: n\n", in decimal or in hexadecimal. */
void put_line_u32(const char *label, uint32_t n);
void put_line_u64(const char *label, uint64_t n);
void put_line_hex32(const char *label, uint32_t n);

/* The next number of the guests' common pseudo-random sequence (xorshift32; *state must not be 0). */
static inline uint32_t next_random(uint32_t *state)
{
    uint32_t x = *state;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *state = x;
}

#endif
