/*
 * Gravity in doubles by the x87 unit: values are doubles in memory and have 64 bits in registers, so that results depend on
 * what the compiler keeps where.
 */
static void enable_unit(void)
{
    __asm__ volatile("fninit");
}

#include "nbody.h"
