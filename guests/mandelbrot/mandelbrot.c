/*
 * The Mandelbrot set in doubles, by SSE2's scalar insns: a short loop of arithmetic that ends by a comparison. Prints a
 * small picture, and the sum of all turns of a larger one.
 */
#include "guest.h"

#define MAX_TURNS 200

static uint32_t turns(double cx, double cy)
{
    double x = 0, y = 0;
    uint32_t n = 0;
    while (n < MAX_TURNS) {
        double xx = x * x, yy = y * y;
        if (xx + yy > 4.0)
            break;
        y = 2 * x * y + cy;
        x = xx - yy + cx;
        n++;
    }
    return n;
}

static uint32_t draw(int columns, int rows, int is_printed)
{
    uint32_t sum = 0;
    for (int row = 0; row < rows; row++) {
        double cy = 2.4 * (row + 0.5) / rows - 1.2;
        for (int column = 0; column < columns; column++) {
            double cx = 3.2 * (column + 0.5) / columns - 2.2;
            uint32_t n = turns(cx, cy);
            sum += n;
            if (is_printed)
                put_char(n == MAX_TURNS ? '#' : n > 12 ? '+' : n > 5 ? '.' : ' ');
        }
        if (is_printed)
            put_char('\n');
    }
    return sum;
}

int main(void)
{
    enable_sse();
    draw(64, 24, 1);
    put_line_u32("turns", draw(320, 240, 0));
    return 0;
}
