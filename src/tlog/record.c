/* SPDX-License-Identifier: Apache-2.0
 * record: journal records to and from bytes, and the scan over them. journal_priv.h has the format.
 */
#include "tlog/journal_priv.h"
#include "base/banned.h"

#define RECORD_MAGIC 0x736c6a31u /* "slj1" */
#define SCAN_BUFFER  (256u << 10)
#define SCAN_AHEAD   64 /* records whose checksums are computed at once */

struct JournalScan {
    const Journal *journal; /* borrowed */
    uint64_t offset;        /* of the next record */
    uint64_t next_index;
    uint8_t *buffer; /* owned; SCAN_BUFFER bytes from file offset `loaded` on */
    uint64_t loaded;
    size_t len;
    Digest sums[SCAN_AHEAD]; /* over the next records in the buffer */
    size_t n_sums, next_sum;
};

static uint32_t
get_be32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint64_t
get_be64(const uint8_t *at)
{
    return (uint64_t)get_be32(at) << 32 | get_be32(at + 4);
}

static void
put_be32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void
put_be64(uint8_t *at, uint64_t value)
{
    put_be32(at, (uint32_t)(value >> 32));
    put_be32(at + 4, (uint32_t)value);
}

/* Bytes of a record before its checksum. */
static size_t
body_size(size_t leaf_len, size_t pae_len)
{
    return (JOURNAL_RECORD_HEADER + 1 + leaf_len + pae_len + 7) & ~(size_t)7;
}

static bool
lengths_are_sane(uint32_t leaf_len, uint32_t pae_len, uint32_t where)
{
    if (leaf_len < 1 || leaf_len > LIMIT_LEAF_BYTES)
        return false;
    switch (where) {
    case TLOG_PAE_NONE:
        return pae_len == 0;
    case TLOG_PAE_INLINE:
        return pae_len >= 1 && pae_len <= LIMIT_PAE_INLINE_BYTES;
    case TLOG_PAE_BLOB:
        return pae_len == DIGEST_SIZE;
    default:
        return false;
    }
}

static bool
is_zero(Span bytes)
{
    uint8_t any = 0;

    for (size_t i = 0; i < bytes.len; i++)
        any |= bytes.data[i];
    return any == 0;
}

/* Whether a whole record's bytes are there, by its header. @body_out: those before its checksum. */
static JournalDecode
measure(Span bytes, size_t *body_out)
{
    if (bytes.len < JOURNAL_RECORD_HEADER)
        return JOURNAL_DECODE_MORE;
    uint32_t magic = get_be32(bytes.data);
    if (magic == 0)
        return JOURNAL_DECODE_ZERO;
    uint32_t leaf_len = get_be32(bytes.data + 4);
    uint32_t pae_len = get_be32(bytes.data + 8);
    if (magic != RECORD_MAGIC || !lengths_are_sane(leaf_len, pae_len, get_be32(bytes.data + 12)))
        return JOURNAL_DECODE_BROKEN;
    *body_out = body_size(leaf_len, pae_len);
    return bytes.len < *body_out + JOURNAL_CHECKSUM_SIZE ? JOURNAL_DECODE_MORE : JOURNAL_DECODE_OK;
}

/* @known: SHA-256 of the body, or NULL. */
static JournalDecode
decode(Span bytes, const Digest *known, JournalRecord *out)
{
    size_t body = 0;
    JournalDecode measured = measure(bytes, &body);

    if (measured != JOURNAL_DECODE_OK)
        return measured;
    uint32_t leaf_len = get_be32(bytes.data + 4);
    uint32_t pae_len = get_be32(bytes.data + 8);
    uint32_t where = get_be32(bytes.data + 12);
    Digest sum = known != NULL ? *known : digest_of(span_of(bytes.data, body));
    if (memcmp(sum.bytes, bytes.data + body, JOURNAL_CHECKSUM_SIZE) != 0)
        return JOURNAL_DECODE_BROKEN;

    const uint8_t *prefix = bytes.data + JOURNAL_RECORD_HEADER;
    const uint8_t *padding = prefix + 1 + leaf_len + pae_len;
    if (*prefix != 0 || !is_zero(span_of(padding, (size_t)(bytes.data + body - padding))))
        return JOURNAL_DECODE_BROKEN;
    *out = (JournalRecord){
        .index = get_be64(bytes.data + 16),
        .batch_first = get_be64(bytes.data + 24),
        .prefixed_leaf = span_of(prefix, leaf_len + 1),
        .leaf = span_of(prefix + 1, leaf_len),
        .where = (TlogPaeWhere)where,
        .pae = span_of(prefix + 1 + leaf_len, pae_len),
        .size = body + JOURNAL_CHECKSUM_SIZE,
    };
    return JOURNAL_DECODE_OK;
}

JournalDecode
journal_decode(Span bytes, JournalRecord *out)
{
    return decode(bytes, NULL, out);
}

void
journal_encode(GByteArray *out, const TlogEntry *entry, const Digest *pae_digest, uint64_t index,
               uint64_t batch_first)
{
    TlogPaeWhere where = entry->pae.len == 0                        ? TLOG_PAE_NONE
                         : entry->pae.len <= LIMIT_PAE_INLINE_BYTES ? TLOG_PAE_INLINE
                                                                    : TLOG_PAE_BLOB;
    Span pae = where == TLOG_PAE_BLOB ? span_of(pae_digest->bytes, DIGEST_SIZE) : entry->pae;
    size_t size = body_size(entry->leaf.len, pae.len) + JOURNAL_CHECKSUM_SIZE;
    size_t start = out->len;

    g_byte_array_set_size(out, (unsigned)(start + size));
    uint8_t *at = out->data + start;
    memset(at, 0, size);
    put_be32(at, RECORD_MAGIC);
    put_be32(at + 4, (uint32_t)entry->leaf.len);
    put_be32(at + 8, (uint32_t)pae.len);
    put_be32(at + 12, (uint32_t)where);
    put_be64(at + 16, index);
    put_be64(at + 24, batch_first);
    memcpy(at + JOURNAL_RECORD_HEADER + 1, entry->leaf.data, entry->leaf.len);
    if (pae.len > 0)
        memcpy(at + JOURNAL_RECORD_HEADER + 1 + entry->leaf.len, pae.data, pae.len);
}

void
journal_seal(uint8_t *batch, const size_t *sizes, size_t n)
{
    g_autofree Span *bodies = g_new(Span, n);
    g_autofree Digest *sums = g_new(Digest, n);
    uint8_t *at = batch;

    for (size_t i = 0; i < n; i++) {
        bodies[i] = span_of(at, sizes[i] - JOURNAL_CHECKSUM_SIZE);
        at += sizes[i];
    }
    digest_many(bodies, n, sums);
    at = batch;
    for (size_t i = 0; i < n; i++) {
        at += sizes[i];
        memcpy(at - JOURNAL_CHECKSUM_SIZE, sums[i].bytes, JOURNAL_CHECKSUM_SIZE);
    }
}

JournalScan *
journal_scan_new(const Journal *journal, uint64_t offset, uint64_t next_index)
{
    JournalScan *scan = g_new0(JournalScan, 1);

    scan->journal = journal;
    scan->offset = offset;
    scan->loaded = offset;
    scan->next_index = next_index;
    scan->buffer = g_malloc(SCAN_BUFFER);
    return scan;
}

void
journal_scan_free(JournalScan *scan)
{
    if (scan == NULL)
        return;
    g_free(scan->buffer);
    g_free(scan);
}

uint64_t
journal_scan_offset(const JournalScan *scan)
{
    return scan->offset;
}

/* The checksums of the whole records from @skip on in the buffer, in all lanes. */
static void
sum_ahead(JournalScan *scan, size_t skip)
{
    Span bodies[SCAN_AHEAD];
    size_t body = 0;

    scan->n_sums = scan->next_sum = 0;
    while (scan->n_sums < SCAN_AHEAD && skip < scan->len &&
           measure(span_of(scan->buffer + skip, scan->len - skip), &body) == JOURNAL_DECODE_OK) {
        bodies[scan->n_sums++] = span_of(scan->buffer + skip, body);
        skip += body + JOURNAL_CHECKSUM_SIZE;
    }
    digest_many(bodies, scan->n_sums, scan->sums);
}

/* The record at @skip in the buffer. */
static JournalDecode
decode_at(JournalScan *scan, size_t skip, JournalRecord *out)
{
    if (scan->next_sum == scan->n_sums)
        sum_ahead(scan, skip);
    return decode(span_of(scan->buffer + skip, scan->len - skip),
                  scan->next_sum < scan->n_sums ? &scan->sums[scan->next_sum] : NULL, out);
}

bool
journal_scan_next(JournalScan *scan, JournalRecord *out, JournalDecode *outcome, GError **error)
{
    size_t skip = (size_t)(scan->offset - scan->loaded);
    JournalDecode got = JOURNAL_DECODE_MORE;

    if (skip < scan->len)
        got = decode_at(scan, skip, out);
    if (got == JOURNAL_DECODE_MORE) {
        scan->loaded = scan->offset;
        scan->n_sums = scan->next_sum = 0;
        if (!journal_pread(scan->journal, scan->loaded, scan->buffer, SCAN_BUFFER, &scan->len,
                           error))
            return false;
        got = scan->len == 0 ? JOURNAL_DECODE_ZERO : decode_at(scan, 0, out);
    }
    if (got == JOURNAL_DECODE_OK && out->index != scan->next_index)
        got = JOURNAL_DECODE_BROKEN;
    if (got == JOURNAL_DECODE_OK) {
        scan->offset += out->size;
        scan->next_index++;
        scan->next_sum += scan->next_sum < scan->n_sums;
    }
    *outcome = got;
    return true;
}
