/* SPDX-License-Identifier: Apache-2.0
 * agent: commands in a machine over the QEMU guest agent: the way in where there is no network. Included by the files of this folder only.
 * The agent passes files, no streams: what a command reads is put there first, what it writes is fetched while it runs. */
#pragma once
#include "vm/domain_priv.h"
#include "vm/shell_priv.h"

typedef struct Agent Agent;

/** Asks until @deadline_us (monotonic) for an answer. @domain: borrowed. @watch_fd: as in shell_connect. Errors: TIMEOUT, CANCELLED. */
Agent *agent_connect(Domain *domain, int64_t deadline_us, int watch_fd, GError **error) MUST_CHECK;
void agent_free(Agent *agent);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Agent, agent_free)

/** As shell_run. */
bool agent_run(Agent *agent, const RunSpec *spec, RunEnd *end, GError **error) MUST_CHECK;
