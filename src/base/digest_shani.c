/* SPDX-License-Identifier: Apache-2.0
 * digest_shani: SHA-256 of four messages at once with the SHA extensions: one message alone waits
 * for each instruction's result, four interleaved fill the unit. */
#include "base/digest_priv.h"
#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif
#include "base/banned.h"

#if defined(__x86_64__)
#define LANES 4
#define SHANI __attribute__((target("sha,sse4.1,ssse3"), always_inline)) static inline

typedef struct {
    __m128i abef, cdgh;
    __m128i w[4]; /* a ring of the last sixteen words */
} LaneState;

SHANI void
load_block(LaneState *lane, const uint8_t *block)
{
    const __m128i swap = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);

    for (int i = 0; i < 4; i++)
        lane->w[i] = _mm_shuffle_epi8(
            _mm_loadu_si128((const __m128i *)(const void *)(block + 16 * i)), swap);
}

/* Rounds 4g to 4g+3, and the four words that take the place of these in the ring. */
SHANI void
four_rounds(LaneState *lane, int g)
{
    __m128i w0 = lane->w[g & 3];
    __m128i k = _mm_loadu_si128((const __m128i *)(const void *)(digest_constants + 4 * g));
    __m128i wk = _mm_add_epi32(w0, k);

    lane->cdgh = _mm_sha256rnds2_epu32(lane->cdgh, lane->abef, wk);
    lane->abef = _mm_sha256rnds2_epu32(lane->abef, lane->cdgh, _mm_shuffle_epi32(wk, 0x0e));
    if (g >= 12)
        return;
    __m128i w1 = lane->w[(g + 1) & 3], w2 = lane->w[(g + 2) & 3], w3 = lane->w[(g + 3) & 3];
    __m128i partial = _mm_add_epi32(_mm_sha256msg1_epu32(w0, w1), _mm_alignr_epi8(w3, w2, 4));

    lane->w[g & 3] = _mm_sha256msg2_epu32(partial, w3);
}

SHANI void
load_state(LaneState *lane, const uint32_t *state, int l)
{
    const int *s = (const int *)state;

    lane->abef = _mm_set_epi32(s[l], s[LANES + l], s[4 * LANES + l], s[5 * LANES + l]);
    lane->cdgh =
        _mm_set_epi32(s[2 * LANES + l], s[3 * LANES + l], s[6 * LANES + l], s[7 * LANES + l]);
}

SHANI void
store_state(const LaneState *lane, uint32_t *state, int l)
{
    static const int places[2][4] = { { 5, 4, 1, 0 }, { 7, 6, 3, 2 } };
    uint32_t words[4];

    memcpy(words, &lane->abef, sizeof words);
    for (int i = 0; i < 4; i++)
        state[places[0][i] * LANES + l] = words[i];
    memcpy(words, &lane->cdgh, sizeof words);
    for (int i = 0; i < 4; i++)
        state[places[1][i] * LANES + l] = words[i];
}

__attribute__((target("sha,sse4.1,ssse3"))) static void
compress(uint32_t *state, const uint8_t *const *blocks, size_t n_blocks)
{
    LaneState lanes[LANES];

    for (int l = 0; l < LANES; l++)
        load_state(&lanes[l], state, l);
    for (size_t n = 0; n < n_blocks; n++) {
        __m128i abef[LANES];
        __m128i cdgh[LANES];

        for (int l = 0; l < LANES; l++) {
            abef[l] = lanes[l].abef;
            cdgh[l] = lanes[l].cdgh;
            load_block(&lanes[l], blocks[l] + n * DIGEST_BLOCK_BYTES);
        }
#pragma GCC unroll 16
        for (int g = 0; g < 16; g++)
#pragma GCC unroll 4
            for (int l = 0; l < LANES; l++)
                four_rounds(&lanes[l], g);
        for (int l = 0; l < LANES; l++) {
            lanes[l].abef = _mm_add_epi32(lanes[l].abef, abef[l]);
            lanes[l].cdgh = _mm_add_epi32(lanes[l].cdgh, cdgh[l]);
        }
    }
    for (int l = 0; l < LANES; l++)
        store_state(&lanes[l], state, l);
}

static bool
is_supported(void)
{
    unsigned a = 0, b = 0, c = 0, d = 0;

    return __builtin_cpu_supports("sse4.1") && __get_cpuid_count(7, 0, &a, &b, &c, &d) &&
           (b & bit_SHA) != 0;
}

const DigestBackend digest_shani = {
    .name = "shani-x4",
    .n_lanes = LANES,
    .min_messages = 2,
    .is_supported = is_supported,
    .compress = compress,
};
#endif
