/* SPDX-License-Identifier: Apache-2.0
 * vm_refresh: renewing what machines are reverted to. Included by vm.c only. */
#pragma once
#include "executor/executor.h"

/** The driver's refresh: see executor_refresh. */
bool vm_refresh(Executor *self, const char *slot, const json_t *settings, int output_fd,
                Cancel *cancel, char **snapshot_out, GError **error) MUST_CHECK;
