/* SPDX-License-Identifier: Apache-2.0
 * contract: the rows of the suite. A row is one promise of executor.h; the table says for which
 * drivers it holds. */
#pragma once
#include "fixture.h"

typedef struct {
    const char *name;
    void (*test)(void **state);
    const char *not_on_host; /* why the host driver does not promise it; NULL: it does */
} Promise;

extern const Promise promises_contract[]; /* every step, every driver; ends with a NULL name */
extern const Promise promises_hostile[];  /* what a hostile job tries */
extern const Promise promises_limits[];
extern const Promise promises_network[];
