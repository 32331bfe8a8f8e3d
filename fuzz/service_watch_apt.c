/* SPDX-License-Identifier: Apache-2.0
 * Files of apt archives, which anybody may have written. */
#include "base/json.h"
#include "service/watch_ask.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const globs[] = { "*", "!x*", NULL };
    g_autoptr(WatchAptReader) reader = watch_apt_reader_new(globs);
    size_t half = size / 2;

    g_free(watch_apt_find(span_of(data, size), "main/binary-amd64/Packages"));
    if (watch_apt_reader_feed(reader, span_of(data, half), NULL) &&
        watch_apt_reader_feed(reader, span_of(data + half, size - half), NULL))
        json_decref(watch_apt_reader_end(reader, NULL));
    return 0;
}
