/* SPDX-License-Identifier: Apache-2.0
 * random: bytes from the kernel. */
#include "base/random.h"
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/random.h>
#include "base/banned.h"

void
random_fill(void *out, size_t len)
{
    uint8_t *at = out;

    while (len > 0) {
        ssize_t n = getrandom(at, len, 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            abort(); /* nothing that needs randomness may go on without it */
        at += n;
        len -= (size_t)n;
    }
}
