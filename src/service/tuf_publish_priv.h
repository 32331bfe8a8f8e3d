/* SPDX-License-Identifier: Apache-2.0
 * tuf_publish_priv: the files clients fetch; for src/service/tuf_*.c only. */
#pragma once
#include "base/attributes.h"
#include "base/error.h"
#include "service/engine.h"

/** tuf_repo_publish into the data folder, from where the server answers. Errors: as there. */
bool tuf_publish_home(Engine *engine, GError **error) MUST_CHECK;
