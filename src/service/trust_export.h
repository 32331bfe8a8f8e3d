/* SPDX-License-Identifier: Apache-2.0
 * trust_export: the trust file a verifier of a project's releases needs (facts.md section 7). */
#pragma once
#include "base/attributes.h"
#include "service/engine.h"

/** The trust file of @project: origin, S of entry 0, and one rule for all its releases: its source,
 * its builders, as many approvals as the roster asks for. Owned text. Errors: NOT_FOUND (no root,
 * no roster). */
char *trust_export(Engine *engine, const char *project, GError **error) MUST_CHECK;
/** Five groups of four hex digits to compare by voice. Owned. */
char *trust_export_fingerprint(const char *trust, GError **error) MUST_CHECK;
