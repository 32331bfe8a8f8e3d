/* SPDX-License-Identifier: Apache-2.0
 * replay_main: runs a fuzz target over the files of a folder, so that the seed corpus, and every
 * crash ever found, is a plain test. Output is TAP; a crash ends it before its plan is met. */
#include <fcntl.h>
#include <glib.h>
#include <stdint.h>
#include <stdio.h>
#include "base/files.h"
#include "base/banned.h"

#define MAX_CORPUS_FILES 100000
#define MAX_FILE_BYTES   (64u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
replay_file(int dirfd, const char *name)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = file_read(dirfd, name, MAX_FILE_BYTES, &error);

    if (bytes == NULL) {
        printf("# %s\n", error->message);
        return false;
    }
    Span span = span_of_bytes(bytes);
    g_autofree uint8_t *copy = g_malloc(span.len); /* so that a sanitizer sees its end */

    if (span.len > 0)
        memcpy(copy, span.data, span.len);
    return LLVMFuzzerTestOneInput(copy, span.len) == 0;
}

int
main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    AUTO_FD int dirfd = argc == 2 ? dir_open(AT_FDCWD, argv[1], &error) : -1;
    g_autoptr(GPtrArray) names = dirfd < 0 ? NULL : dir_list(dirfd, ".", MAX_CORPUS_FILES, &error);

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (names == NULL || names->len == 0) {
        printf("1..1\nnot ok 1 - the corpus has files\n# %s\n",
               error != NULL ? error->message : "the folder is empty");
        return 1;
    }
    int result = 0;

    printf("1..%u\n", names->len);
    for (guint i = 0; i < names->len; i++) {
        const char *name = names->pdata[i];
        bool ok = replay_file(dirfd, name);

        printf("%s %u - %s\n", ok ? "ok" : "not ok", i + 1, name);
        result |= !ok;
    }
    return result;
}
