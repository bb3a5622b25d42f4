/*
 * Quicksort of random numbers, recursive, with the middle element as the pivot and insertion sort for short runs.
 * Compares and branches nobody can predict, over an array that outgrows a processor's caches.
 */
#include "guest.h"

#define COUNT 500000
#define ROUNDS 3
#define SHORT 12

static uint32_t numbers[COUNT];

static void insertion_sort(uint32_t *first, uint32_t *last)
{
    for (uint32_t *p = first + 1; p <= last; p++) {
        uint32_t n = *p;
        uint32_t *q = p;
        for (; q > first && q[-1] > n; q--)
            *q = q[-1];
        *q = n;
    }
}

/* Sorts first..last, both included. */
static void quicksort(uint32_t *first, uint32_t *last)
{
    while (last - first >= SHORT) {
        uint32_t pivot = first[(last - first) / 2];
        uint32_t *low = first;
        uint32_t *high = last;
        do {
            while (*low < pivot)
                low++;
            while (*high > pivot)
                high--;
            if (low <= high) {
                uint32_t n = *low;
                *low++ = *high;
                *high-- = n;
            }
        } while (low <= high);
        quicksort(first, high);
        first = low;
    }
    if (last > first)
        insertion_sort(first, last);
}

int main(void)
{
    uint32_t random = 2463534242u;
    for (int round = 1; round <= ROUNDS; round++) {
        uint32_t sum_before = 0;
        for (int i = 0; i < COUNT; i++)
            sum_before += numbers[i] = next_random(&random);

        quicksort(numbers, numbers + COUNT - 1);

        uint32_t sum_after = numbers[0];
        uint32_t is_sorted = 1;
        for (int i = 1; i < COUNT; i++) {
            sum_after += numbers[i];
            is_sorted &= numbers[i - 1] <= numbers[i];
        }
        put_str(is_sorted && sum_before == sum_after ? "sorted, " : "NOT SORTED, ");
        put_str("median ");
        put_u32(numbers[COUNT / 2]);
        put_line_hex32(", sum", sum_after);
    }
    return 0;
}
