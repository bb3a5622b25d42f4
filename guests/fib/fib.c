/*
 * Fibonacci numbers the slow way, by two recursive calls: nothing but call, ret, push, pop and a branch. Made to
 * show what calls and returns cost.
 */
#include "guest.h"

#define N 35

static uint32_t fib(uint32_t n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

int main(void)
{
    put_str("fib(");
    put_u32(N);
    put_line_u32(")", fib(N));
    return 0;
}
