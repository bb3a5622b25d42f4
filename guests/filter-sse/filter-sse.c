/*
 * Floats four at a time by SSE's packed insns: points moved by a matrix and projected, and a filter of sixteen taps over a
 * signal. Shuffles, packed multiplications, comparisons that make masks.
 */
#include <xmmintrin.h>
#include "guest.h"

#define POINTS 4096
#define SAMPLES 8192
#define TAPS 16
#define ROUNDS 20

static float points[POINTS][4] __attribute__((aligned(16)));
static float projected[POINTS][4] __attribute__((aligned(16)));
static float signal[SAMPLES + TAPS] __attribute__((aligned(16)));
static float filtered[SAMPLES] __attribute__((aligned(16)));

static float random_float(uint32_t *random)
{
    return (float)((int32_t)next_random(random) >> 8) / 8388608.0f;
}

/* Columns of the matrix times x, y, z, w; then over w, where that is far enough from 0. */
static void project(const float matrix[4][4])
{
    __m128 c0 = _mm_load_ps(matrix[0]), c1 = _mm_load_ps(matrix[1]), c2 = _mm_load_ps(matrix[2]), c3 = _mm_load_ps(matrix[3]);
    const __m128 least = _mm_set1_ps(0.125f), one = _mm_set1_ps(1.0f);
    for (int i = 0; i < POINTS; i++) {
        __m128 p = _mm_load_ps(points[i]);
        __m128 n = _mm_mul_ps(c0, _mm_shuffle_ps(p, p, 0x00));
        n = _mm_add_ps(n, _mm_mul_ps(c1, _mm_shuffle_ps(p, p, 0x55)));
        n = _mm_add_ps(n, _mm_mul_ps(c2, _mm_shuffle_ps(p, p, 0xaa)));
        n = _mm_add_ps(n, _mm_mul_ps(c3, _mm_shuffle_ps(p, p, 0xff)));
        __m128 w = _mm_shuffle_ps(n, n, 0xff), is_far = _mm_cmpgt_ps(w, least);
        w = _mm_or_ps(_mm_and_ps(is_far, w), _mm_andnot_ps(is_far, one));
        _mm_store_ps(projected[i], _mm_div_ps(n, w));
    }
}

static void filter(const float *taps)
{
    for (int i = 0; i < SAMPLES; i += 4) {
        __m128 sum = _mm_setzero_ps();
        for (int tap = 0; tap < TAPS; tap++)
            sum = _mm_add_ps(sum, _mm_mul_ps(_mm_loadu_ps(signal + i + tap), _mm_set1_ps(taps[tap])));
        _mm_store_ps(filtered + i, _mm_max_ps(_mm_min_ps(sum, _mm_set1_ps(1.0f)), _mm_set1_ps(-1.0f)));
    }
}

static uint32_t bits_of(const float *floats, int count)
{
    uint32_t sum = 0;
    for (int i = 0; i < count; i++) {
        union {
            float value;
            uint32_t bits;
        } f = { floats[i] };
        sum = sum * 31 + f.bits;
    }
    return sum;
}

int main(void)
{
    static float matrix[4][4] __attribute__((aligned(16)));
    static float taps[TAPS];
    uint32_t random = 2463534242u, sum = 0;
    enable_sse();
    for (int i = 0; i < POINTS; i++) {
        for (int k = 0; k < 3; k++)
            points[i][k] = random_float(&random);
        points[i][3] = 1.0f;
    }
    for (int i = 0; i < SAMPLES + TAPS; i++)
        signal[i] = random_float(&random);
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < 16; i++)
            matrix[i / 4][i % 4] = random_float(&random);
        for (int tap = 0; tap < TAPS; tap++)
            taps[tap] = random_float(&random) / 4.0f;
        project(matrix);
        filter(taps);
        sum = sum * 31 + bits_of(projected[round], 4) + bits_of(filtered + 64 * round, 64);
    }
    put_line_hex32("rounds", sum);
    put_line_hex32("points", bits_of(projected[0], 4 * POINTS));
    put_line_hex32("signal", bits_of(filtered, SAMPLES));
    return 0;
}
