/* SPDX-License-Identifier: Apache-2.0
 * digest_many: deals independent messages out to the lanes of a back end. The back end is chosen
 * once: the widest this CPU has that agrees with OpenSSL on a few messages of all kinds of length.
 *
 * 1. A lane is at a run of whole blocks: of its message, or of its tail (rest, padding, length).
 * 2. All lanes advance by the shortest run; idle lanes copy a busy one and their result is dropped.
 * 3. Short messages of one length need no dealing: all lanes begin and end together.
 * 4. When few lanes are left, OpenSSL goes on from their state: one long message at the end must
 * not pay for fifteen idle lanes. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <assert.h>
#include <openssl/sha.h>
#include <pthread.h>
#include "base/digest_priv.h"
#include "base/banned.h"

#define SELF_TEST_MESSAGES    40
#define SELF_TEST_SHORT       9  /* short ones: fewer than lanes, or more */
#define SELF_TEST_SHORT_BYTES 65 /* a node of a Merkle tree */
#define SELF_TEST_STEP        7  /* lengths 0, 7, 14 … 273: every place of the padding */

const uint32_t digest_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static const uint32_t initial_state[DIGEST_STATE_WORDS] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

typedef struct {
    const uint8_t *at; /* borrowed: the next block */
    size_t n_blocks;   /* in this run; 0: the lane is idle */
    size_t message;    /* its index */
    bool in_tail;
    uint8_t n_tail_blocks;
    uint8_t tail[2 * DIGEST_BLOCK_BYTES];
} Lane;

typedef struct {
    const DigestBackend *backend;
    const Span *messages;
    size_t n_messages;
    size_t next; /* message nobody has yet */
    size_t n_busy;
    Digest *out;
    uint32_t state[DIGEST_STATE_WORDS * DIGEST_MAX_LANES] __attribute__((aligned(64)));
    Lane lanes[DIGEST_MAX_LANES];
} Deal;

static void
one_by_one(const Span *messages, size_t n, Digest *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = digest_of(messages[i]);
}

static void
fill_tail(Lane *lane, Span message)
{
    size_t rest = message.len % DIGEST_BLOCK_BYTES;
    uint64_t n_bits = GUINT64_TO_BE((uint64_t)message.len * 8);

    lane->n_tail_blocks = rest + 1 + sizeof n_bits > DIGEST_BLOCK_BYTES ? 2 : 1;
    size_t end = (size_t)lane->n_tail_blocks * DIGEST_BLOCK_BYTES;

    memset(lane->tail + rest, 0, end - rest);
    if (rest > 0)
        memcpy(lane->tail, message.data + message.len - rest, rest);
    lane->tail[rest] = 0x80;
    memcpy(lane->tail + end - sizeof n_bits, &n_bits, sizeof n_bits);
}

static void
enter_tail(Lane *lane)
{
    lane->in_tail = true;
    lane->at = lane->tail;
    lane->n_blocks = lane->n_tail_blocks;
}

/* Gives lane @l the next message, if there is one. */
static void
load_lane(Deal *deal, size_t l)
{
    Lane *lane = &deal->lanes[l];

    lane->n_blocks = 0;
    if (deal->next == deal->n_messages)
        return;
    Span message = deal->messages[deal->next];

    lane->message = deal->next++;
    lane->in_tail = false;
    lane->at = message.data;
    lane->n_blocks = message.len / DIGEST_BLOCK_BYTES;
    fill_tail(lane, message);
    if (lane->n_blocks == 0)
        enter_tail(lane);
    for (size_t i = 0; i < DIGEST_STATE_WORDS; i++)
        deal->state[i * deal->backend->n_lanes + l] = initial_state[i];
    deal->n_busy++;
}

static void
store_digest(Deal *deal, size_t l)
{
    uint32_t words[DIGEST_STATE_WORDS];

    for (size_t i = 0; i < DIGEST_STATE_WORDS; i++)
        words[i] = GUINT32_TO_BE(deal->state[i * deal->backend->n_lanes + l]);
    memcpy(deal->out[deal->lanes[l].message].bytes, words, DIGEST_SIZE);
}

/* One step: all busy lanes advance by the shortest run. */
static void
advance(Deal *deal)
{
    const size_t n_lanes = deal->backend->n_lanes;
    const uint8_t *blocks[DIGEST_MAX_LANES];
    const Lane *shortest = NULL;

    for (size_t l = 0; l < n_lanes; l++) {
        const Lane *lane = &deal->lanes[l];

        if (lane->n_blocks > 0 && (shortest == NULL || lane->n_blocks < shortest->n_blocks))
            shortest = lane;
    }
    assert(shortest != NULL); /* called with busy lanes only */
    size_t n = shortest->n_blocks;

    for (size_t l = 0; l < n_lanes; l++)
        blocks[l] = deal->lanes[l].n_blocks > 0 ? deal->lanes[l].at : shortest->at;
    deal->backend->compress(deal->state, blocks, n);
    for (size_t l = 0; l < n_lanes; l++) {
        Lane *lane = &deal->lanes[l];

        if (lane->n_blocks == 0)
            continue;
        lane->at += n * DIGEST_BLOCK_BYTES;
        lane->n_blocks -= n;
        if (lane->n_blocks > 0)
            continue;
        if (!lane->in_tail) {
            enter_tail(lane);
            continue;
        }
        store_digest(deal, l);
        deal->n_busy--;
        load_lane(deal, l);
    }
}

/* Rule 4: the rest of lane @l's message by OpenSSL. In the tail there is no rest worth it. */
static void
finish_lane(Deal *deal, size_t l)
{
    Lane *lane = &deal->lanes[l];
    Span message = deal->messages[lane->message];
    SHA256_CTX context;
    size_t n_done = lane->in_tail ? 0 : (size_t)(lane->at - message.data);

    SHA256_Init(&context);
    if (n_done > 0) {
        for (size_t i = 0; i < DIGEST_STATE_WORDS; i++)
            context.h[i] = deal->state[i * deal->backend->n_lanes + l];
        context.Nl = (SHA_LONG)((uint64_t)n_done << 3);
        context.Nh = (SHA_LONG)((uint64_t)n_done >> 29);
    }
    if (message.len > n_done)
        SHA256_Update(&context, message.data + n_done, message.len - n_done);
    SHA256_Final(deal->out[lane->message].bytes, &context);
    lane->n_blocks = 0;
    deal->n_busy--;
}

void
digest_many_by(const DigestBackend *backend, const Span *messages, size_t n, Digest *out)
{
    Deal deal;

    deal.backend = backend;
    deal.messages = messages;
    deal.n_messages = n;
    deal.next = 0;
    deal.n_busy = 0;
    deal.out = out;
    for (size_t l = 0; l < backend->n_lanes; l++)
        load_lane(&deal, l);
    while (deal.n_busy >= backend->min_messages)
        advance(&deal);
    for (size_t l = 0; deal.n_busy > 0; l++)
        if (deal.lanes[l].n_blocks > 0)
            finish_lane(&deal, l);
}

/* FIPS 180-4 section 5.1.1, in place. Returns how many blocks that is. */
static size_t
pad(uint8_t *place, size_t size)
{
    uint64_t n_bits = GUINT64_TO_BE((uint64_t)size * 8);
    size_t end =
        size + 1 + sizeof n_bits > DIGEST_BLOCK_BYTES ? DIGEST_SHORT_PLACE : DIGEST_BLOCK_BYTES;

    memset(place + size, 0, end - size);
    place[size] = 0x80;
    memcpy(place + end - sizeof n_bits, &n_bits, sizeof n_bits);
    return end / DIGEST_BLOCK_BYTES;
}

/* As many messages as there are lanes, or fewer: all alike, so no lane is dealt anything anew. */
static void
hash_alike(const DigestBackend *backend, uint8_t *places, size_t size, size_t n, Digest *out)
{
    uint32_t state[DIGEST_STATE_WORDS * DIGEST_MAX_LANES] __attribute__((aligned(64)));
    const uint8_t *blocks[DIGEST_MAX_LANES];
    size_t n_blocks = 0;

    for (size_t l = 0; l < backend->n_lanes; l++) {
        blocks[l] = places + (l < n ? l : 0) * DIGEST_SHORT_PLACE;
        if (l < n)
            n_blocks = pad(places + l * DIGEST_SHORT_PLACE, size);
    }
    for (size_t i = 0; i < DIGEST_STATE_WORDS; i++)
        for (size_t l = 0; l < backend->n_lanes; l++)
            state[i * backend->n_lanes + l] = initial_state[i];
    backend->compress(state, blocks, n_blocks);
    for (size_t l = 0; l < n; l++) {
        uint32_t words[DIGEST_STATE_WORDS];

        for (size_t i = 0; i < DIGEST_STATE_WORDS; i++)
            words[i] = GUINT32_TO_BE(state[i * backend->n_lanes + l]);
        memcpy(out[l].bytes, words, DIGEST_SIZE);
    }
}

void
digest_many_short_by(const DigestBackend *backend, uint8_t *places, size_t size, size_t n,
                     Digest *out)
{
    size_t done = 0;

    for (; n - done >= backend->min_messages; done += MIN(n - done, backend->n_lanes))
        hash_alike(backend, places + done * DIGEST_SHORT_PLACE, size,
                   MIN(n - done, backend->n_lanes), out + done);
    for (; done < n; done++)
        out[done] = digest_of(span_of(places + done * DIGEST_SHORT_PLACE, size));
}

static bool
short_agrees(const DigestBackend *backend)
{
    uint8_t places[SELF_TEST_SHORT][DIGEST_SHORT_PLACE];
    Digest wanted[SELF_TEST_SHORT];
    Digest got[SELF_TEST_SHORT];

    for (size_t i = 0; i < SELF_TEST_SHORT; i++) {
        memset(places[i], (int)i + 1, sizeof places[i]);
        wanted[i] = digest_of(span_of(places[i], SELF_TEST_SHORT_BYTES));
    }
    digest_many_short_by(backend, places[0], SELF_TEST_SHORT_BYTES, SELF_TEST_SHORT, got);
    return memcmp(got, wanted, sizeof got) == 0;
}

static bool
agrees_with_openssl(const DigestBackend *backend)
{
    uint8_t bytes[SELF_TEST_MESSAGES * SELF_TEST_STEP];
    Span messages[SELF_TEST_MESSAGES];
    Digest wanted[SELF_TEST_MESSAGES];
    Digest got[SELF_TEST_MESSAGES];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 31 + 5);
    for (size_t i = 0; i < SELF_TEST_MESSAGES; i++)
        messages[i] = span_of(bytes, i * SELF_TEST_STEP);
    one_by_one(messages, SELF_TEST_MESSAGES, wanted);
    digest_many_by(backend, messages, SELF_TEST_MESSAGES, got);
    return memcmp(got, wanted, sizeof got) == 0 && short_agrees(backend);
}

/* Written once under `once` (tools/statics.allow); NULL is OpenSSL, one message after the other. */
static const DigestBackend *chosen;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
choose(void)
{
#if defined(__x86_64__)
    static const DigestBackend *const candidates[] = { &digest_avx512, &digest_shani };

    for (size_t i = 0; i < G_N_ELEMENTS(candidates) && chosen == NULL; i++)
        if (candidates[i]->is_supported() && agrees_with_openssl(candidates[i]))
            chosen = candidates[i];
#endif
}

void
digest_many(const Span *messages, size_t n, Digest *out)
{
    (void)pthread_once(&once, choose);
    if (chosen == NULL || n < chosen->min_messages)
        one_by_one(messages, n, out);
    else
        digest_many_by(chosen, messages, n, out);
}

void
digest_many_short(uint8_t *places, size_t size, size_t n, Digest *out)
{
    assert(size <= DIGEST_SHORT_BYTES);
    (void)pthread_once(&once, choose);
    if (chosen != NULL) {
        digest_many_short_by(chosen, places, size, n, out);
        return;
    }
    for (size_t i = 0; i < n; i++)
        out[i] = digest_of(span_of(places + i * DIGEST_SHORT_PLACE, size));
}

const char *
digest_many_backend(void)
{
    (void)pthread_once(&once, choose);
    return chosen != NULL ? chosen->name : "openssl";
}
