/* SPDX-License-Identifier: Apache-2.0
 * job_user: who a sandboxed job is outside of its user namespace. Not root, even where the engine
 * is: without any capability root still owns the device nodes, kernel settings and files of the
 * host. Included by the files of this folder only. */
#pragma once
#include <stdbool.h>
#include <sys/types.h>
#include "base/attributes.h"
#include "base/error.h"

/** The user and group jobs run as; 0: the engine's own, which is not the machine's root. */
uid_t job_user_get(void);
/** Refuses where a job could only be root. Errors: UNAVAILABLE. */
bool job_user_check(GError **error) MUST_CHECK;
/** Gives everything below a folder, links themselves included, to the user of jobs; nothing where
 * that is the engine's own. Errors: LIMIT (folders nested too deep), IO. */
bool job_user_own(const char *folder, GError **error) MUST_CHECK;
/** Whether a job's process may walk to the folder as it is: to all above it, that is. */
bool job_user_reaches(const char *folder);
/** A folder of the system that everybody can walk to, and that can be covered for a job. Static. */
const char *job_user_view(void);
/** Puts what makes a helper program run as the user of jobs in front of its arguments.
 * @setpriv: from program_find; borrowed by @argv. */
void job_user_add_prefix(GPtrArray *argv, const char *setpriv);
