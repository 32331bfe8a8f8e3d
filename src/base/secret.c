/* SPDX-License-Identifier: Apache-2.0
 * secret: bytes in pages of their own: locked, left out of core dumps, wiped when freed. */
#include "base/secret.h"
#include <openssl/crypto.h>
#include <sys/mman.h>
#include <unistd.h>
#include "base/banned.h"

struct Secret {
    size_t map_size; /* of the whole mapping, this header included */
    size_t len;
    uint8_t bytes[];
};

Secret *
secret_new(Span span)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t map_size = (sizeof(Secret) + span.len + page - 1) / page * page;
    Secret *secret =
        mmap(NULL, map_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (secret == MAP_FAILED)
        g_abort(); /* as GLib does when memory is exhausted */
    /* Both are best effort: a low RLIMIT_MEMLOCK must not stop the signer. */
    (void)mlock(secret, map_size);
    (void)madvise(secret, map_size, MADV_DONTDUMP);
    secret->map_size = map_size;
    secret->len = span.len;
    if (span.len > 0)
        memcpy(secret->bytes, span.data, span.len);
    return secret;
}

Span
secret_get(const Secret *secret)
{
    return span_of(secret->bytes, secret->len);
}

void
secret_free(Secret *secret)
{
    if (secret == NULL)
        return;
    size_t map_size = secret->map_size;

    secret_wipe(secret, map_size);
    munmap(secret, map_size);
}

void
secret_wipe(void *data, size_t len)
{
    OPENSSL_cleanse(data, len);
}
