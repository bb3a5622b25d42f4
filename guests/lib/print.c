/* The part of guest.h that is the same on the machine and on the host: everything made from put_char. */
#include "guest.h"

void put_str(const char *s)
{
    while (*s)
        put_char(*s++);
}

void put_u32(uint32_t n)
{
    char digits[10];
    int i = 0;
    do {
        digits[i++] = (char)('0' + n % 10);
        n /= 10;
    } while (n);
    while (i)
        put_char(digits[--i]);
}

void put_u64(uint64_t n)
{
    char digits[20];
    int i = 0;
    do {
        digits[i++] = (char)('0' + n % 10);
        n /= 10;
    } while (n);
    while (i)
        put_char(digits[--i]);
}

void put_hex32(uint32_t n)
{
    for (int shift = 28; shift >= 0; shift -= 4)
        put_char("0123456789abcdef"[(n >> shift) & 15]);
}

void put_line_u32(const char *label, uint32_t n)
{
    put_str(label);
    put_str(": ");
    put_u32(n);
    put_char('\n');
}

void put_line_u64(const char *label, uint64_t n)
{
    put_str(label);
    put_str(": ");
    put_u64(n);
    put_char('\n');
}

void put_line_hex32(const char *label, uint32_t n)
{
    put_str(label);
    put_str(": ");
    put_hex32(n);
    put_char('\n');
}
