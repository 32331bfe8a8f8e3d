/* SPDX-License-Identifier: Apache-2.0
 * op: the operations, one const row each, defined in op_<noun>.c. Only operations.c includes this,
 * and those files. */
#pragma once
#include "api/api.h"

extern const ApiOperation op_engine_version; /* op_engine.c */
