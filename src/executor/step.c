/* SPDX-License-Identifier: Apache-2.0
 * step: see step.h. */
#include "executor/step.h"
#include <inttypes.h>
#include <string.h>
#include "executor/job_env.h"
#include "executor/workspace.h"
#include "base/banned.h"

#define SUMMARY_NAME ".slipway-summary.md"
#define TESTS_NAME   ".slipway-tests"

#define US_PER_S    1000000
#define KIB         1024
#define PATH_OF_JOB "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static void
add_rlimit(StepLimits *limits, int resource, uint64_t value)
{
    limits->rlimits[limits->n_rlimits++] =
        (LaunchRlimit){ .resource = resource, .soft = value, .hard = value };
}

void
step_limits_init(StepLimits *limits, const CgroupHost *host, const char *label,
                 const MachineLimits *wanted)
{
    *limits = (StepLimits){ .wanted = *wanted };
    limits->cgroup = cgroup_create(host, label, wanted);
    add_rlimit(limits, RLIMIT_CORE, 0);
    if (wanted->file_size_bytes > 0)
        add_rlimit(limits, RLIMIT_FSIZE, wanted->file_size_bytes);
    /* Not RLIMIT_AS: runtimes reserve address space they never touch. */
    if (wanted->memory_bytes > 0 && cgroup_get_version(limits->cgroup, CGROUP_MEMORY) == 0)
        add_rlimit(limits, RLIMIT_DATA, wanted->memory_bytes);
}

void
step_limits_clear(StepLimits *limits)
{
    g_clear_pointer(&limits->cgroup, cgroup_free);
}

static const char *
version_name(int version, const char *without)
{
    return version == 2 ? "cgroup-v2" : version == 1 ? "cgroup-v1" : without;
}

char *
step_limits_text(const StepLimits *limits, bool pids_by_rlimit)
{
    const MachineLimits *wanted = &limits->wanted;
    const Cgroup *cgroup = limits->cgroup;
    g_autoptr(GString) text = g_string_new("limits:");

    if (wanted->memory_bytes > 0)
        g_string_append_printf(
            text, " memory %" PRIu64 " bytes (%s),", wanted->memory_bytes,
            version_name(cgroup_get_version(cgroup, CGROUP_MEMORY), "rlimit, for each process"));
    if (wanted->pids > 0)
        g_string_append_printf(text, " %" PRIu32 " processes (%s),", wanted->pids,
                               version_name(cgroup_get_version(cgroup, CGROUP_PIDS),
                                            pids_by_rlimit ? "rlimit" : "NOT ENFORCED"));
    if (wanted->cpu_percent > 0)
        g_string_append_printf(
            text, " cpu %" PRIu32 "%% (%s),", wanted->cpu_percent,
            version_name(cgroup_get_version(cgroup, CGROUP_CPU), "NOT ENFORCED"));
    if (wanted->file_size_bytes > 0)
        g_string_append_printf(text, " files of %" PRIu64 " bytes (rlimit),",
                               wanted->file_size_bytes);
    if (text->str[text->len - 1] == ',')
        g_string_truncate(text, text->len - 1);
    else
        g_string_append(text, " none");
    return g_string_free(g_steal_pointer(&text), FALSE);
}

json_t *
step_limits_describe_host(const CgroupHost *host)
{
    int memory = cgroup_host_get_version(host, CGROUP_MEMORY);
    int pids = cgroup_host_get_version(host, CGROUP_PIDS);
    int cpu = cgroup_host_get_version(host, CGROUP_CPU);

    return json_pack("{s:s, s:s, s:s, s:s}", "memory", version_name(memory, "rlimits"), "pids",
                     version_name(pids, "rlimits"), "cpu", version_name(cpu, "none"), "fileSize",
                     "rlimits");
}

static void
describe_one(json_t *object, const char *name, uint64_t value)
{
    if (value > 0)
        json_object_set_new(object, name, json_integer((json_int_t)value));
}

json_t *
step_limits_describe(const StepLimits *limits)
{
    json_t *object = json_object();

    describe_one(object, "memoryBytes", limits->wanted.memory_bytes);
    describe_one(object, "pids", limits->wanted.pids);
    describe_one(object, "cpuPercent", limits->wanted.cpu_percent);
    describe_one(object, "fileSizeBytes", limits->wanted.file_size_bytes);
    return object;
}

static char *
pair(const char *name, const char *value)
{
    return g_strconcat(name, "=", value, NULL);
}

/* Where a job leaves what people are shown: below out, so that every driver hands it over. */
static void
add_report_pairs(GStrvBuilder *list, const StepFolders *folders)
{
    g_autofree char *summary = g_strconcat("STEP_SUMMARY=", folders->out, "/" SUMMARY_NAME, NULL);
    g_autofree char *github =
        g_strconcat("GITHUB_STEP_SUMMARY=", folders->out, "/" SUMMARY_NAME, NULL);
    g_autofree char *tests = g_strconcat("SLIPWAY_TESTS=", folders->out, "/" TESTS_NAME, NULL);

    g_strv_builder_add(list, summary);
    g_strv_builder_add(list, github);
    g_strv_builder_add(list, tests);
}

char **
step_env(const StepFolders *folders, const char *const *given)
{
    static const char *const source_names[] = { "SLIPWAY_SRC", "CI_WORKSPACE", "CI_PROJECT_DIR",
                                                "GITHUB_WORKSPACE" };
    g_autofree char *output = g_strconcat(folders->tmp, "/" WORKSPACE_OUTPUT, NULL);
    g_autofree char *home = g_strconcat(folders->tmp, "/" WORKSPACE_HOME, NULL);
    g_autoptr(GStrvBuilder) first = g_strv_builder_new();
    g_autoptr(GStrvBuilder) last = g_strv_builder_new();

    g_strv_builder_add(first, "PATH=" PATH_OF_JOB);
    g_strv_builder_add(first, "LC_ALL=C.UTF-8");
    g_strv_builder_add(first, "TZ=UTC");
    g_autofree char *home_pair = pair("HOME", home);
    g_autofree char *tmp_pair = pair("TMPDIR", folders->tmp);
    g_strv_builder_add(first, home_pair);
    g_strv_builder_add(first, tmp_pair);
    for (size_t i = 0; i < G_N_ELEMENTS(source_names); i++) {
        g_autofree char *text = pair(source_names[i], folders->source);
        g_strv_builder_add(last, text);
    }
    g_autofree char *out_pair = pair("SLIPWAY_OUT", folders->out);
    g_autofree char *in_pair = pair("SLIPWAY_IN", folders->in);
    g_autofree char *output_pair = pair("OUTPUT", output);
    g_autofree char *github_pair = pair("GITHUB_OUTPUT", output);
    g_strv_builder_add(last, out_pair);
    g_strv_builder_add(last, in_pair);
    g_strv_builder_add(last, output_pair);
    g_strv_builder_add(last, github_pair);
    add_report_pairs(last, folders);

    g_auto(GStrv) constants = g_strv_builder_end(first);
    g_auto(GStrv) ours = g_strv_builder_end(last);
    g_auto(GStrv) merged = job_env_merge((const char *const *)constants, given);

    return job_env_merge((const char *const *)merged, (const char *const *)ours);
}

GPtrArray *
step_argv(const StepSpec *step, const char *prologue, GError **error)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
    const char *line = step->shell != NULL ? step->shell : "exec \"$@\"";

    if (strlen(line) > STEP_SHELL_MAX_BYTES) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
                  "cannot run the step: its command line is longer than %d bytes",
                  STEP_SHELL_MAX_BYTES);
        return NULL;
    }
    g_ptr_array_add(argv, g_strdup("/bin/sh"));
    g_ptr_array_add(argv, g_strdup("-e"));
    g_ptr_array_add(argv, g_strdup("-c"));
    g_ptr_array_add(argv,
                    prologue == NULL ? g_strdup(line) : g_strconcat(prologue, "\n", line, NULL));
    g_ptr_array_add(argv, g_strdup("sh")); /* $0: what messages of the shell begin with */
    for (const char *const *arg = step->argv; step->shell == NULL && *arg != NULL; arg++)
        g_ptr_array_add(argv, g_strdup(*arg));
    return g_steal_pointer(&argv);
}

static int64_t
time_us(struct timeval time)
{
    return (int64_t)time.tv_sec * US_PER_S + time.tv_usec;
}

/* Waits for the end, or makes it. */
static bool
wait_or_kill(StepRun *run, Launched *launched, Cancel *cancel, LaunchEnd *end, bool *timed_out,
             GError **error)
{
    g_autoptr(GError) local = NULL;
    int timeout_ms = run->timeout_ms == 0 ? -1 : (int)MIN(run->timeout_ms, INT32_MAX);

    if (launched_wait(launched, timeout_ms, cancel, end, &local))
        return true;
    ErrorKind kind = error_kind(local);
    if (kind != ERROR_KIND_TIMEOUT && kind != ERROR_KIND_CANCELLED) {
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    if (!launched_kill(launched, run->grace_ms, end, error))
        return false;
    *timed_out = kind == ERROR_KIND_TIMEOUT;
    if (kind == ERROR_KIND_CANCELLED)
        g_propagate_error(error, g_steal_pointer(&local));
    return *timed_out;
}

bool
step_run(StepRun *run, Cancel *cancel, StepResult *result_out, GError **error)
{
    const Cgroup *cgroup = run->limits->cgroup;
    uint64_t oom_kills = cgroup_count_oom_kills(cgroup);
    LaunchEnd end = { 0 };
    bool timed_out = false;

    run->spec.rlimits = run->limits->rlimits;
    run->spec.n_rlimits = run->limits->n_rlimits;
    run->spec.cgroup_procs_fds = cgroup_get_procs_fds(cgroup, &run->spec.n_cgroups);
    run->spec.cgroup_kill_fd_plus_1 = cgroup_get_kill_fd(cgroup) + 1;
    g_autoptr(Launched) launched = launch_job(run->launcher, &run->spec, error);

    if (launched == NULL || !wait_or_kill(run, launched, cancel, &end, &timed_out, error))
        return false;
    *result_out = (StepResult){
        .exit_code = end.signal != 0 ? 128 + end.signal : end.exit_code,
        .term_signal = end.signal,
        .timed_out = timed_out,
        .oom_killed = cgroup_count_oom_kills(cgroup) > oom_kills,
        .wall_us = end.wall_us,
        .user_us = time_us(end.rusage.ru_utime),
        .system_us = time_us(end.rusage.ru_stime),
        .max_rss_bytes = (int64_t)end.rusage.ru_maxrss * KIB,
    };
    return true;
}
