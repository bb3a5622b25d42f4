/*
 * Memory at random: a walk along one cycle through all nodes of an array that no cache of the 1990s holds, each load's
 * address the result of the load before; then counts and swaps at random places, whose addresses are known beforehand.
 */
#include "guest.h"

#define NODES (1 << 20)         /* 8 MiB */
#define STEPS 1000000
#define TOUCHES 200000

static struct node {
    uint32_t next;
    uint32_t visits;
} nodes[NODES];

/* One cycle through all (Sattolo's shuffle). */
static void connect(void)
{
    uint32_t random = 2463534242u;
    for (uint32_t i = 0; i < NODES; i++)
        nodes[i].next = i;
    for (uint32_t i = NODES - 1; i > 0; i--) {
        uint32_t j = next_random(&random) % i;
        uint32_t n = nodes[i].next;
        nodes[i].next = nodes[j].next;
        nodes[j].next = n;
    }
}

static uint32_t walk(void)
{
    uint32_t at = 0, sum = 0;
    for (int step = 0; step < STEPS; step++) {
        nodes[at].visits += step & 3;
        at = nodes[at].next;
        sum = sum * 5 + at;
    }
    return sum;
}

static uint32_t touch(void)
{
    uint32_t random = 88172645, sum = 0;
    for (int i = 0; i < TOUCHES; i++) {
        struct node *a = &nodes[next_random(&random) >> 12];
        struct node *b = &nodes[next_random(&random) >> 12];
        uint32_t visits = a->visits;
        a->visits = b->visits + 1;
        b->visits = visits;
        sum += visits ^ b->next;
    }
    return sum;
}

int main(void)
{
    connect();
    put_line_hex32("walk", walk());
    put_line_hex32("random places", touch());
    uint32_t visits = 0;
    for (uint32_t i = 0; i < NODES; i++)
        visits += nodes[i].visits;
    put_line_u32("visits", visits);
    return 0;
}
