/*
 * A hash table with chains: counts the words of a made-up text, looks words up, and takes them out again. Nodes come
 * from a pool and go back to a free list, so that chains soon run all over memory: loads whose address is the result of
 * the load before.
 */
#include "guest.h"

#define BUCKETS 16384
#define NODES 60000
#define ROUNDS 3
#define STEPS 700000

struct node {
    struct node *next;
    uint32_t key;
    uint32_t count;
};

static struct node *buckets[BUCKETS];
static struct node pool[NODES];
static struct node *free_nodes;

static uint32_t bucket_of(uint32_t key)
{
    return key * 2654435769u >> 18;     /* Fibonacci hashing: 14 bits */
}

static void clear(void)
{
    for (int i = 0; i < BUCKETS; i++)
        buckets[i] = 0;
    free_nodes = 0;
    for (int i = 0; i < NODES; i++) {
        pool[i].next = free_nodes;
        free_nodes = &pool[i];
    }
}

static struct node *find(uint32_t key)
{
    struct node *n = buckets[bucket_of(key)];
    while (n && n->key != key)
        n = n->next;
    return n;
}

/* Counts key once more; false if there is no room for it. */
static int add(uint32_t key)
{
    struct node *n = find(key);
    if (!n) {
        n = free_nodes;
        if (!n)
            return 0;
        free_nodes = n->next;
        struct node **head = &buckets[bucket_of(key)];
        n->key = key;
        n->count = 0;
        n->next = *head;
        *head = n;
    }
    n->count++;
    return 1;
}

/* Takes key out; the count it had, or 0. */
static uint32_t take_out(uint32_t key)
{
    struct node **link = &buckets[bucket_of(key)];
    while (*link && (*link)->key != key)
        link = &(*link)->next;
    struct node *n = *link;
    if (!n)
        return 0;
    *link = n->next;
    n->next = free_nodes;
    free_nodes = n;
    return n->count;
}

/* Keys below 2^17, small ones more often. */
static uint32_t random_key(uint32_t *random)
{
    uint32_t x = next_random(random);
    return (x & 0x1ffff) >> (x >> 30);
}

int main(void)
{
    uint32_t random = 88172645;
    for (int round = 1; round <= ROUNDS; round++) {
        uint32_t refused = 0, found = 0, taken = 0, left = 0, longest = 0;
        clear();
        for (int i = 0; i < STEPS; i++) {
            if (!add(random_key(&random)))
                refused++;
            struct node *n = find(random_key(&random));
            if (n)
                found += n->count;
            if (i % 3 == 0)
                taken += take_out(random_key(&random));
        }
        for (int i = 0; i < BUCKETS; i++) {
            uint32_t length = 0;
            for (struct node *n = buckets[i]; n; n = n->next) {
                left += n->count;
                length++;
            }
            if (length > longest)
                longest = length;
        }
        put_str("found ");
        put_u32(found);
        put_str(", taken out ");
        put_u32(taken);
        put_str(", left ");
        put_u32(left);
        put_str(", refused ");
        put_u32(refused);
        put_str(left + taken + refused == STEPS ? "" : " (DO NOT ADD UP)");
        put_line_u32(", longest chain", longest);
    }
    return 0;
}
