/* SPDX-License-Identifier: Apache-2.0
 * status_build: what status.json says as a pure function of the fold. */
#pragma once
#include "attest/status.h"
#include "fact/view.h"

/** Everything in status.json that comes from the log; number, issued, expires and the root hash are
 * the caller's to set; head.size is the fold's. Returns: owned. Errors: of the view; CORRUPT. */
Status *fact_status_build(FactView *view, GError **error) MUST_CHECK;
