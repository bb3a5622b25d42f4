/*
 * Pixels by SSE2's packed integer insns: one picture blended over another by its transparency, sixteen bytes at a time;
 * then the sums of absolute differences by which a video coder looks for motion.
 */
#include <emmintrin.h>
#include "guest.h"

#define PIXELS 16384
#define ROUNDS 30

static uint32_t below[PIXELS] __attribute__((aligned(16)));
static uint32_t above[PIXELS] __attribute__((aligned(16)));

/* (above * alpha + below * (255 - alpha)) / 255 for two pixels, each byte in a half; exact (Blinn's rounding). */
static inline __m128i blend_halves(__m128i over, __m128i under)
{
    __m128i alpha = _mm_shufflehi_epi16(_mm_shufflelo_epi16(over, 0xff), 0xff);
    __m128i rest = _mm_sub_epi16(_mm_set1_epi16(255), alpha);
    __m128i n = _mm_add_epi16(_mm_add_epi16(_mm_mullo_epi16(over, alpha), _mm_mullo_epi16(under, rest)), _mm_set1_epi16(128));
    return _mm_srli_epi16(_mm_add_epi16(n, _mm_srli_epi16(n, 8)), 8);
}

static void blend(void)
{
    const __m128i zero = _mm_setzero_si128();
    for (int i = 0; i < PIXELS; i += 4) {
        __m128i over = _mm_load_si128((const __m128i *)(above + i));
        __m128i under = _mm_load_si128((const __m128i *)(below + i));
        __m128i low = blend_halves(_mm_unpacklo_epi8(over, zero), _mm_unpacklo_epi8(under, zero));
        __m128i high = blend_halves(_mm_unpackhi_epi8(over, zero), _mm_unpackhi_epi8(under, zero));
        _mm_store_si128((__m128i *)(below + i), _mm_packus_epi16(low, high));
    }
}

/* The least difference between the block at `at` and 16 blocks of the other picture. */
static uint32_t search(uint32_t at)
{
    uint32_t least = 0xffffffff;
    for (uint32_t offset = 0; offset < 16; offset++) {
        __m128i sum = _mm_setzero_si128();
        for (uint32_t i = 0; i < 64; i += 4)
            sum = _mm_add_epi32(sum, _mm_sad_epu8(_mm_load_si128((const __m128i *)(below + at + i)),
                                                  _mm_loadu_si128((const __m128i *)(above + at + offset + i))));
        uint32_t difference = (uint32_t)(_mm_cvtsi128_si32(sum) + _mm_cvtsi128_si32(_mm_srli_si128(sum, 8)));
        if (difference < least)
            least = difference;
    }
    return least;
}

int main(void)
{
    enable_sse();
    uint32_t random = 2463534242u, sum = 0;
    for (int i = 0; i < PIXELS; i++) {
        below[i] = next_random(&random);
        above[i] = next_random(&random);
    }
    for (int round = 0; round < ROUNDS; round++) {
        blend();
        for (uint32_t at = 0; at < PIXELS - 128; at += 256)
            sum = sum * 31 + search(at);
        above[round * 64] ^= sum;
    }
    put_line_hex32("differences", sum);
    sum = 0;
    for (int i = 0; i < PIXELS; i++)
        sum = sum * 31 + below[i];
    put_line_hex32("picture", sum);
    return 0;
}
