/* The bare machine's timer, which counts instructions (src/devices/insn-timer.ts). */
#include "kernel.h"

#define TIMER_COUNT 0x5a0
#define TIMER_VECTOR 0x5a4
/* What a port without a device reads. */
#define NOBODY 0xffffffff

static uint32_t quantum;

void set_up_timer(uint32_t insns)
{
    quantum = insns;
    if (quantum == 0)
        return;
    out8(TIMER_VECTOR, VECTOR_TIMER);
    out32(TIMER_COUNT, 0);
    if (in32(TIMER_COUNT) == NOBODY)
        panic("there is no timer; timer=0 does without");
}

bool has_timer(void)
{
    return quantum != 0;
}

void start_quantum(void)
{
    if (quantum != 0)
        out32(TIMER_COUNT, quantum);
}
