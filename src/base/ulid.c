/* SPDX-License-Identifier: Apache-2.0
 * ulid: 48 bits of milliseconds and 80 random bits in Crockford's base32. */
#include "base/ulid.h"
#include <string.h>
#include "base/random.h"
#include "base/banned.h"

static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void
ulid_make(int64_t time_us, char out[ULID_SIZE])
{
    uint64_t milliseconds = (uint64_t)(time_us / 1000);
    uint8_t random[16];

    random_fill(random, sizeof random);
    for (int i = 9; i >= 0; i--) {
        out[i] = digits[milliseconds & 31];
        milliseconds >>= 5;
    }
    out[0] = digits[(strchr(digits, out[0]) - digits) & 7]; /* 48 bits: the first digit holds 3 */
    for (int i = 10; i < ULID_SIZE - 1; i++)
        out[i] = digits[random[i - 10] & 31];
    out[ULID_SIZE - 1] = '\0';
}

bool
ulid_is_valid(const char *text)
{
    if (strlen(text) != ULID_SIZE - 1 || text[0] > '7')
        return false;
    return strspn(text, digits) == ULID_SIZE - 1;
}
