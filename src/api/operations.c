/* SPDX-License-Identifier: Apache-2.0
 * operations: the rows of the table, sorted by name. Handlers live in op_<noun>.c. */
#include "api/api.h"
#include "api/op.h"
#include "base/banned.h"

const ApiOperation *const api_operations[] = {
    &op_engine_version,
};
const size_t api_n_operations = G_N_ELEMENTS(api_operations);
