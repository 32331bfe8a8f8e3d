/* SPDX-License-Identifier: Apache-2.0
 * digest_avx512: SHA-256 of sixteen messages at once: each vector holds one word of all of them.
 * Needs AVX-512 F and BW. */
#include "base/digest_priv.h"
#if defined(__x86_64__)
#include <immintrin.h>
#endif
#include "base/banned.h"

#if defined(__x86_64__)
#define LANES  16
#define AVX512 __attribute__((target("avx512f,avx512bw"), always_inline)) static inline

/* Truth tables of vpternlogd. */
enum { XOR3 = 0x96, CHOOSE = 0xca, MAJORITY = 0xe8 };

AVX512 __m512i
sum(__m512i x, __m512i y)
{
    return _mm512_add_epi32(x, y);
}

#define XOR_OF_ROTATIONS(x, a, b, c)                                                               \
    _mm512_ternarylogic_epi32(_mm512_ror_epi32(x, a), _mm512_ror_epi32(x, b), c, XOR3)

/* Rows are lanes, columns are words; afterwards rows are words. Pairs of 32-bit, then 64-bit, then
 * 128-bit elements change places. */
AVX512 void
transpose(__m512i m[LANES])
{
    __m512i t[LANES];

    for (int i = 0; i < LANES; i += 2) {
        t[i] = _mm512_unpacklo_epi32(m[i], m[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi32(m[i], m[i + 1]);
    }
    for (int i = 0; i < LANES; i += 4) {
        m[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
        m[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
        m[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
        m[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
    for (int i = 0; i < 4; i++) {
        t[i] = _mm512_shuffle_i32x4(m[i], m[i + 4], 0x88);
        t[i + 4] = _mm512_shuffle_i32x4(m[i + 8], m[i + 12], 0x88);
        t[i + 8] = _mm512_shuffle_i32x4(m[i], m[i + 4], 0xdd);
        t[i + 12] = _mm512_shuffle_i32x4(m[i + 8], m[i + 12], 0xdd);
    }
    for (int i = 0; i < 4; i++) {
        m[i] = _mm512_shuffle_i32x4(t[i], t[i + 4], 0x88);
        m[i + 8] = _mm512_shuffle_i32x4(t[i], t[i + 4], 0xdd);
        m[i + 4] = _mm512_shuffle_i32x4(t[i + 8], t[i + 12], 0x88);
        m[i + 12] = _mm512_shuffle_i32x4(t[i + 8], t[i + 12], 0xdd);
    }
}

/* The sixteen words of one block of every lane, in host order. */
AVX512 void
load_words(__m512i w[LANES], const uint8_t *const *blocks, size_t offset)
{
    const __m512i swap =
        _mm512_broadcast_i32x4(_mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3));

    for (int l = 0; l < LANES; l++)
        w[l] = _mm512_loadu_si512(blocks[l] + offset);
    transpose(w);
    for (int i = 0; i < LANES; i++)
        w[i] = _mm512_shuffle_epi8(w[i], swap);
}

/* W[i] for i from 16 on, kept in a ring of sixteen. */
AVX512 __m512i
next_word(__m512i w[LANES], int i)
{
    __m512i w15 = w[(i + 1) & 15];
    __m512i w2 = w[(i + 14) & 15];
    __m512i s0 = XOR_OF_ROTATIONS(w15, 7, 18, _mm512_srli_epi32(w15, 3));
    __m512i s1 = XOR_OF_ROTATIONS(w2, 17, 19, _mm512_srli_epi32(w2, 10));

    w[i & 15] = sum(sum(w[i & 15], s0), sum(w[(i + 9) & 15], s1));
    return w[i & 15];
}

/* One round; @s is turned by index instead of by moving, so a is s[(0 - i) & 7]. */
AVX512 void
do_round(__m512i s[DIGEST_STATE_WORDS], __m512i word, int i)
{
    __m512i a = s[(0 - i) & 7], b = s[(1 - i) & 7], c = s[(2 - i) & 7];
    __m512i e = s[(4 - i) & 7], f = s[(5 - i) & 7], g = s[(6 - i) & 7];
    __m512i s1 = XOR_OF_ROTATIONS(e, 6, 11, _mm512_ror_epi32(e, 25));
    __m512i s0 = XOR_OF_ROTATIONS(a, 2, 13, _mm512_ror_epi32(a, 22));
    __m512i k = _mm512_set1_epi32((int)digest_constants[i]);
    __m512i t1 =
        sum(sum(s[(7 - i) & 7], s1), sum(_mm512_ternarylogic_epi32(e, f, g, CHOOSE), sum(k, word)));

    s[(3 - i) & 7] = sum(s[(3 - i) & 7], t1);
    s[(7 - i) & 7] = sum(t1, sum(s0, _mm512_ternarylogic_epi32(a, b, c, MAJORITY)));
}

__attribute__((target("avx512f,avx512bw"))) static void
compress(uint32_t *state, const uint8_t *const *blocks, size_t n_blocks)
{
    __m512i s[DIGEST_STATE_WORDS];
    __m512i before[DIGEST_STATE_WORDS];
    __m512i w[LANES];

    for (int i = 0; i < DIGEST_STATE_WORDS; i++)
        s[i] = _mm512_load_si512(state + i * LANES);
    for (size_t n = 0; n < n_blocks; n++) {
        memcpy(before, s, sizeof before);
        load_words(w, blocks, n * DIGEST_BLOCK_BYTES);
#pragma GCC unroll 16
        for (int i = 0; i < 16; i++)
            do_round(s, w[i], i);
#pragma GCC unroll 48
        for (int i = 16; i < 64; i++)
            do_round(s, next_word(w, i), i);
        for (int i = 0; i < DIGEST_STATE_WORDS; i++)
            s[i] = sum(s[i], before[i]);
    }
    for (int i = 0; i < DIGEST_STATE_WORDS; i++)
        _mm512_store_si512(state + i * LANES, s[i]);
}

static bool
is_supported(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw");
}

const DigestBackend digest_avx512 = {
    .name = "avx512x16",
    .n_lanes = LANES,
    .min_messages = 6,
    .is_supported = is_supported,
    .compress = compress,
};
#endif
