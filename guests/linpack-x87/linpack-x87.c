/*
 * Systems of linear equations by elimination with pivots, in doubles on the x87 unit: loads, a multiplication, a
 * subtraction and a store for each element, thousands of times in the same few insns.
 */
#include "guest.h"

#define N 100
#define SYSTEMS 3

static double matrix[N][N], right[N];

static double random_double(uint32_t *random)
{
    return (double)((int32_t)next_random(random) >> 8) / 8388608.0;
}

static double absolute(double x)
{
    return x < 0 ? -x : x;
}

static void swap_rows(int a, int b)
{
    for (int column = 0; column < N; column++) {
        double x = matrix[a][column];
        matrix[a][column] = matrix[b][column];
        matrix[b][column] = x;
    }
    double x = right[a];
    right[a] = right[b];
    right[b] = x;
}

static void eliminate(void)
{
    for (int k = 0; k < N; k++) {
        int pivot = k;
        for (int row = k + 1; row < N; row++)
            if (absolute(matrix[row][k]) > absolute(matrix[pivot][k]))
                pivot = row;
        if (pivot != k)
            swap_rows(pivot, k);
        for (int row = k + 1; row < N; row++) {
            double factor = matrix[row][k] / matrix[k][k];
            for (int column = k; column < N; column++)
                matrix[row][column] -= factor * matrix[k][column];
            right[row] -= factor * right[k];
        }
    }
}

static void substitute(void)
{
    for (int row = N - 1; row >= 0; row--) {
        double sum = right[row];
        for (int column = row + 1; column < N; column++)
            sum -= matrix[row][column] * right[column];
        right[row] = sum / matrix[row][row];
    }
}

int main(void)
{
    uint32_t random = 2463534242u;
    for (int system = 0; system < SYSTEMS; system++) {
        /* All solutions are 1, but for rounding. */
        for (int row = 0; row < N; row++) {
            right[row] = 0;
            for (int column = 0; column < N; column++)
                right[row] += matrix[row][column] = random_double(&random);
        }
        eliminate();
        substitute();
        double worst = 0;
        for (int row = 0; row < N; row++)
            if (absolute(right[row] - 1) > worst)
                worst = absolute(right[row] - 1);
        put_line_u32("error in units of 2^-52", (uint32_t)(worst * 4503599627370496.0));
    }
    return 0;
}
