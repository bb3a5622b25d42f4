/*
 * Products of square matrices of 32-bit integers by the three loops of the definition: a row is read word by word, a
 * column with a stride, each pair multiplied and added.
 */
#include "guest.h"

#define N 192
#define ROUNDS 6

static int32_t a[N][N], b[N][N], c[N][N];

static void multiply(int32_t to[N][N], int32_t left[N][N], int32_t right[N][N])
{
    for (int row = 0; row < N; row++)
        for (int column = 0; column < N; column++) {
            uint32_t sum = 0;
            for (int i = 0; i < N; i++)
                sum += (uint32_t)left[row][i] * (uint32_t)right[i][column];
            to[row][column] = (int32_t)sum;
        }
}

int main(void)
{
    uint32_t random = 12345;
    for (int row = 0; row < N; row++)
        for (int column = 0; column < N; column++) {
            a[row][column] = (int32_t)next_random(&random);
            b[row][column] = (int32_t)(next_random(&random) >> 16);
        }

    for (int round = 0; round < ROUNDS; round += 2) {
        multiply(c, a, b);
        multiply(a, c, b);
    }

    uint32_t trace = 0;
    uint32_t sum = 0;
    for (int row = 0; row < N; row++) {
        trace += (uint32_t)a[row][row];
        for (int column = 0; column < N; column++)
            sum = sum * 31 + (uint32_t)a[row][column];
    }
    put_line_hex32("trace", trace);
    put_line_hex32("checksum", sum);
    return 0;
}
