/*
 * In how many ways N queens can stand on an N x N board without attacking each other, by trying row after row and
 * going back: deep recursion, short loops, branches that depend on data. Also prints the first way for each N.
 */
#include "guest.h"

#define MAX_N 12
#define ROUNDS 2

static int n;
static int column_of[MAX_N];            /* the queen in each row so far */
static uint8_t is_column_taken[MAX_N];
static uint8_t is_rising_taken[2 * MAX_N];
static uint8_t is_falling_taken[2 * MAX_N];
static uint32_t solutions;

static void print_solution(void)
{
    for (int row = 0; row < n; row++) {
        put_char(' ');
        put_u32((uint32_t)column_of[row] + 1);
    }
}

static void place(int row)
{
    if (row == n) {
        if (solutions++ == 0)
            print_solution();
        return;
    }
    for (int column = 0; column < n; column++) {
        uint8_t *rising = &is_rising_taken[row + column];
        uint8_t *falling = &is_falling_taken[row - column + n];
        if (is_column_taken[column] || *rising || *falling)
            continue;
        column_of[row] = column;
        is_column_taken[column] = *rising = *falling = 1;
        place(row + 1);
        is_column_taken[column] = *rising = *falling = 0;
    }
}

int main(void)
{
    for (int round = 0; round < ROUNDS; round++)
        for (n = 4; n <= MAX_N; n++) {
            solutions = 0;
            put_u32((uint32_t)n);
            put_str(" queens:");
            place(0);
            put_line_u32("; solutions", solutions);
        }
    return 0;
}
