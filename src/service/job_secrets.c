/* SPDX-License-Identifier: Apache-2.0
 * job_secrets: see job_secrets.h. */
#include "service/job_secrets.h"
#include <string.h>
#include "base/secret.h"
#include "base/banned.h"

void
job_secrets_clear(JobSecrets *secrets)
{
    for (size_t i = 0; secrets->env != NULL && secrets->env[i] != NULL; i++)
        secret_wipe(secrets->env[i], strlen(secrets->env[i]));
    g_clear_pointer(&secrets->env, g_strfreev);
    g_clear_pointer(&secrets->mask, mask_free);
    secret_set_clear(&secrets->set);
}

static RunTrigger
trigger_of(const ActiveRun *run)
{
    static const struct {
        const char *event;
        RunTrigger trigger;
    } triggers[] = {
        { "push", RUN_TRIGGER_PUSH },         { "tag", RUN_TRIGGER_TAG },
        { "manual", RUN_TRIGGER_MANUAL },     { "schedule", RUN_TRIGGER_SCHEDULE },
        { "release", RUN_TRIGGER_RELEASE },   { "artifact", RUN_TRIGGER_ARTIFACT },
        { "proposal", RUN_TRIGGER_PROPOSAL },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(triggers); i++) {
        if (strcmp(triggers[i].event, run->record.event) == 0)
            return triggers[i].trigger;
    }
    return RUN_TRIGGER_NONE;
}

bool
job_secrets_collect(const ActiveRun *run, const ActiveJob *job, JobSecrets *out, GError **error)
{
    RunTrigger trigger = trigger_of(run);
    SecretRequest request = {
        .project = run->record.project,
        .job = job->plan->job->name,
        .names = job->plan->job->secrets,
        .trigger = trigger,
        .ref = run->record.ref,
        .outside = trigger == RUN_TRIGGER_PROPOSAL,
        .run = run->record.id,
    };

    if (!secret_collect(run->engine, &request, &out->set, error))
        return false;
    out->mask = mask_new();
    for (guint i = 0; i < out->set.hidden->len; i++) {
        if (!mask_add(out->mask, secret_get(out->set.hidden->pdata[i]), error))
            return false;
    }
    out->env = g_new0(char *, out->set.pairs->len + 1);
    for (guint i = 0; i < out->set.pairs->len; i++)
        out->env[i] = g_strdup((const char *)secret_get(out->set.pairs->pdata[i]).data);
    return true;
}
