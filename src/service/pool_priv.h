/* SPDX-License-Identifier: Apache-2.0
 * pool_priv: what pool*.c of this folder share. */
#pragma once
#include "service/pool.h"

/** Waits until a machine was given back, or a moment. Errors: CANCELLED, LIMIT (@deadline_us, monotonic, has passed). */
bool pool_wait(Engine *engine, Cancel *cancel, int64_t deadline_us, GError **error) MUST_CHECK;
