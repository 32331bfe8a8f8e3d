/* SPDX-License-Identifier: Apache-2.0
 * job_secrets: what one attempt of a job is given, and what its log must not show. Only job*.c may
 * include this. */
#pragma once
#include "joblog/mask.h"
#include "service/run_priv.h"
#include "service/secret.h"

typedef struct JobSecrets { /* end with job_secrets_clear */
    SecretSet set;
    Mask *mask; /* owned */
    char **env; /* owned: what every step gets; wiped at the end; NULL: nothing */
} JobSecrets;
void job_secrets_clear(JobSecrets *secrets);

/** Asks for the job's secrets; a run of a proposal gets none. Errors: those of secret_collect and
 * mask_add. */
bool job_secrets_collect(const ActiveRun *run, const ActiveJob *job, JobSecrets *out,
                         GError **error) MUST_CHECK;
