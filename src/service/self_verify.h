/* SPDX-License-Identifier: Apache-2.0
 * self_verify: `slipway verify` over staged bytes, as a process of its own that cannot read the
 * data folder: what we are about to serve must convince a stranger. */
#pragma once
#include "base/attributes.h"
#include "service/engine.h"

/** @folder: the staged release. @project: whose rules a verifier would ask. Errors: UNTRUSTED (it
 * was refused; the message has the findings), UNAVAILABLE (it could not be run apart). */
bool self_verify(Engine *engine, const char *project, const char *folder,
                 GError **error) MUST_CHECK;
