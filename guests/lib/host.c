/* put_char on the host: stdout. Linked instead of console.c and sse.c by `make verify-host`. */
#include "guest.h"

int putchar(int c);

void put_char(char c)
{
    putchar((unsigned char)c);
}

void enable_sse(void)
{
}
