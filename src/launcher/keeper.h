/* SPDX-License-Identifier: Apache-2.0
 * keeper: the process between the launcher and one job. Only launcher.c includes this. */
#pragma once
#include <signal.h>
#include <stddef.h>
#include "launcher/protocol.h"

#define KEEPER_END_SIGNAL SIGUSR1 /* from the launcher: kill the job and go */

/** Starts the job and keeps it to its end. @fds: as protocol.h orders them; taken. Never returns.
 */
_Noreturn void keeper_main(const LauncherStart *start, int *fds, size_t n_fds);
