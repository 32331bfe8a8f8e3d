/* SPDX-License-Identifier: Apache-2.0
 * dsse: for src/attest only: an envelope to be filled in. */
#pragma once
#include "attest/dsse.h"

/** All members NULL, one signature with all members NULL. Owned. */
DsseEnvelope *dsse_new_empty(void);
