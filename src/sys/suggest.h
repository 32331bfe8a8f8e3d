/* SPDX-License-Identifier: Apache-2.0
 * suggest: the name somebody probably meant. */
#pragma once
#include <stddef.h>

/** Edits (insert, drop, change, swap of neighbours) from @a to @b, by bytes; at most 64 bytes of
 * each. */
unsigned suggest_distance(const char *a, const char *b);
/** The one of @names nearest to @word, the first of equals; NULL if none is near: more edits than a
 * third of the longer one (at least 1), or no letter in common. */
const char *suggest_nearest(const char *word, const char *const *names, size_t n_names);
