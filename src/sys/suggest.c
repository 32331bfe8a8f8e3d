/* SPDX-License-Identifier: Apache-2.0
 * suggest: optimal string alignment distance over short names, three rows at a time. */
#include "sys/suggest.h"
#include <string.h>
#include <glib.h>
#include "base/banned.h"

#define NAME_BYTES_MAX 64

unsigned
suggest_distance(const char *a, const char *b)
{
    size_t a_len = strnlen(a, NAME_BYTES_MAX);
    size_t b_len = strnlen(b, NAME_BYTES_MAX);
    unsigned rows[3][NAME_BYTES_MAX + 1]; /* two above, one above, this one: by i modulo 3 */

    for (size_t j = 0; j <= b_len; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a_len; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *above = rows[(i + 2) % 3];
        const unsigned *two_above = rows[(i + 1) % 3];

        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_len; j++) {
            unsigned change = above[j - 1] + (a[i - 1] != b[j - 1]);

            row[j] = MIN(change, MIN(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = MIN(row[j], two_above[j - 2] + 1);
        }
    }
    return rows[a_len % 3][b_len];
}

const char *
suggest_nearest(const char *word, const char *const *names, size_t n_names)
{
    const char *best = NULL;
    unsigned best_distance = 0;

    for (size_t i = 0; i < n_names; i++) {
        unsigned distance = suggest_distance(word, names[i]);
        size_t longer = MAX(strnlen(word, NAME_BYTES_MAX), strnlen(names[i], NAME_BYTES_MAX));

        if (distance > MAX(1, longer / 3) || distance >= longer)
            continue;
        if (best == NULL || distance < best_distance) {
            best = names[i];
            best_distance = distance;
        }
    }
    return best;
}
