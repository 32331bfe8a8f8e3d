/* SPDX-License-Identifier: Apache-2.0
 * bare: a bad sample. */
#pragma once
typedef struct Bare Bare;
/** Documented. */
Bare *bare_new(void);
void bare_free(Bare *bare);

int bare_size(const Bare *bare);
int bare_count(const Bare *bare, int kind);

/** Two under one comment. */
int bare_first(const Bare *bare);
int bare_second(const Bare *bare);
