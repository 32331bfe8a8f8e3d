/* SPDX-License-Identifier: Apache-2.0
 * tlog_record: a journal record that is accepted is exactly what would be written for its parts. */
#include <stdint.h>
#include <stdlib.h>
#include "tlog/journal_priv.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Checksums stop a fuzzer: the first byte says whether to put a right one behind the rest. */
static GByteArray *
prepare(const uint8_t *data, size_t size)
{
    GByteArray *bytes = g_byte_array_new();

    g_byte_array_append(bytes, data + 1, (unsigned)(size - 1));
    if (data[0] % 2 == 1) {
        Digest sum = digest_of(span_of(data + 1, size - 1));

        g_byte_array_append(bytes, sum.bytes, JOURNAL_CHECKSUM_SIZE);
    }
    return bytes;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    JournalRecord record;

    if (size < 1 || size > JOURNAL_RECORD_MAX)
        return 0;
    g_autoptr(GByteArray) bytes = prepare(data, size);
    if (journal_decode(span_of(bytes->data, bytes->len), &record) != JOURNAL_DECODE_OK ||
        record.where == TLOG_PAE_BLOB)
        return 0;
    g_autoptr(GByteArray) again = g_byte_array_new();
    TlogEntry entry = { .leaf = record.leaf, .pae = record.pae };
    Digest none = { 0 };
    journal_encode(again, &entry, &none, record.index, record.batch_first);
    journal_seal(again->data, &record.size, 1);
    if (again->len != record.size || memcmp(again->data, bytes->data, record.size) != 0)
        abort();
    return 0;
}
