/* SPDX-License-Identifier: Apache-2.0
 * read_job: the jobs of slipway.yaml with their steps. What needs all jobs at once is in graph.c.
 */
#include <string.h>
#include "base/limits.h"
#include "pipeline/reader_priv.h"
#include "base/banned.h"

#define STEP_NAME_CHARACTERS 60 /* of a name made from the first line of run */

/* Variables the engine sets: a job that could set them would lie to its own steps. */
static bool
is_reserved(const char *name)
{
    static const char *const prefixes[] = { "SLIPWAY_", "MATRIX_", "INPUT_", "CI_" };
    static const char *const names[] = {
        "CI", "OUTPUT", "STEP_SUMMARY", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE",
        NULL
    };

    for (size_t i = 0; i < G_N_ELEMENTS(prefixes); i++) {
        if (g_str_has_prefix(name, prefixes[i]))
            return true;
    }
    return g_strv_contains(names, name);
}

bool
read_env(Reader *reader, const YamlNode *node, const char *where, const PipelinePair **out,
         size_t *n_out)
{
    g_autofree char *what = g_strdup_printf("'env' of %s", where);
    bool ok = true;

    if (!read_named_map(reader, node, what, PIPELINE_MAX_ITEMS))
        return false;
    size_t n = yaml_node_length(node);
    PipelinePair *pairs = reader_alloc(reader, n, sizeof *pairs);

    for (size_t i = 0; i < n; i++) {
        const YamlNode *key = yaml_node_key_at(node, i);
        const char *name = NULL;
        const char *value = NULL;
        g_autofree char *variable = g_strdup_printf("variable '%s'", yaml_node_text(key));

        if (!read_identifier(reader, key, "a variable's name", &name) ||
            !read_text(reader, yaml_node_at(node, i), variable, &value)) {
            ok = false;
            continue;
        }
        if (is_reserved(name)) {
            reader_fail(reader, key, "%s is set by Slipway and cannot be changed", variable);
            ok = false;
        }
        pairs[i] =
            (PipelinePair){ .name = reader_dup(reader, name), .value = reader_dup(reader, value) };
    }
    if (ok) {
        *out = pairs;
        *n_out = n;
    }
    return ok;
}

static void
take_step_name(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    const char *text = NULL;
    g_autofree char *what = g_strdup_printf("'name' of %s", where);

    if (!read_text(reader, value, what, &text))
        return;
    if (text[0] == '\0' || strchr(text, '\n') != NULL)
        reader_fail(reader, value, "%s must be one line that is not empty", what);
    else
        ((PipelineStep *)object)->name = reader_dup(reader, text);
}

static void
take_step_run(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    PipelineStep *step = object;
    const char *text = NULL;
    g_autofree char *what = g_strdup_printf("'run' of %s", where);

    if (yaml_node_kind(value) == YAML_LIST) {
        step->argv = read_list(reader, value, what, read_text, READ_LIST_DOUBLES);
        if (step->argv != NULL && step->argv[0][0] == '\0')
            reader_fail(reader, yaml_node_at(value, 0), "%s names no program", what);
        return;
    }
    if (!read_text(reader, value, what, &text))
        return;
    if (text[strspn(text, " \t\r\n")] == '\0')
        reader_fail(reader, value, "%s is empty", what);
    else
        step->run = reader_dup(reader, text);
}

static void
take_step_env(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    PipelineStep *step = object;

    (void)read_env(reader, value, where, &step->env, &step->n_env);
}

static void
take_step_timeout(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    (void)where;
    (void)read_duration(reader, value, "'timeout'", &((PipelineStep *)object)->timeout_ms);
}

static void
take_step_always(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    (void)where;
    (void)read_bool(reader, value, "'always'", &((PipelineStep *)object)->always);
}

/* The first line of what it runs, cut. */
static const char *
made_step_name(Reader *reader, const PipelineStep *step)
{
    g_autofree char *joined =
        step->run == NULL ? g_strjoinv(" ", (char **)step->argv) : g_strdup(step->run);
    char *line = g_strstrip(joined);

    line[strcspn(line, "\n")] = '\0';
    if (g_utf8_strlen(line, -1) <= STEP_NAME_CHARACTERS)
        return reader_dup(reader, line);
    g_autofree char *start = g_utf8_substring(line, 0, STEP_NAME_CHARACTERS - 1);

    return reader_take(reader, g_strconcat(start, "…", NULL));
}

static void
take_steps(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    static const ReaderField fields[] = {
        { "name", false, take_step_name },     { "run", true, take_step_run },
        { "env", false, take_step_env },       { "timeout", false, take_step_timeout },
        { "always", false, take_step_always },
    };
    PipelineJob *job = object;

    if (yaml_node_kind(value) != YAML_LIST) {
        reader_fail(reader, value, "'steps' of %s must be a list, not %s", where,
                    yaml_node_kind_name(value));
        return;
    }
    size_t n = yaml_node_length(value);

    if (n == 0 || n > LIMIT_PIPELINE_STEPS) {
        reader_fail(reader, value, "'steps' of %s must have 1 to %d items, not %zu", where,
                    LIMIT_PIPELINE_STEPS, n);
        return;
    }
    PipelineStep *steps = reader_alloc(reader, n, sizeof *steps);

    for (size_t i = 0; i < n; i++) {
        const YamlNode *node = yaml_node_at(value, i);
        g_autofree char *step_where = g_strdup_printf("step %zu of %s", i + 1, where);

        if (read_fields(reader, node, node, step_where, fields, G_N_ELEMENTS(fields), &steps[i]) &&
            steps[i].name == NULL)
            steps[i].name = made_step_name(reader, &steps[i]);
    }
    job->steps = steps;
    job->n_steps = n;
}

static void
take_executor(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    const char *names[] = { "", pipeline_executor_name(PIPELINE_EXECUTOR_SANDBOX),
                            pipeline_executor_name(PIPELINE_EXECUTOR_HOST),
                            pipeline_executor_name(PIPELINE_EXECUTOR_VM),
                            pipeline_executor_name(PIPELINE_EXECUTOR_COMMAND) };
    int choice = 0;

    (void)where;
    if (read_choice(reader, value, "'executor'", names, G_N_ELEMENTS(names), &choice))
        ((PipelineJob *)object)->executor = (PipelineExecutor)choice;
}

static void
take_root(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    PipelineJob *job = object;
    const char *text = NULL;
    g_autoptr(GError) local = NULL;

    (void)where;
    if (!read_text(reader, value, "'root'", &text))
        return;
    job->has_root = digest_from_string(text, &job->root, &local);
    if (!job->has_root)
        reader_fail(reader, value,
                    "'root' must be 'sha256:' and 64 lower-case hex digits, not '%s'", text);
}

/* [host.]domain, an IPv4 address, or [IPv6], with an optional :port. */
static bool
read_host(Reader *reader, const YamlNode *node, const char *what, const char **out)
{
    if (!read_text(reader, node, what, out))
        return false;
    const char *text = *out;
    size_t host = text[0] == '[' ? strspn(text + 1, "0123456789abcdef:") + 2
                                 : strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789.-");
    bool ok = text[0] == '['
                  ? host > 2 && host <= strlen(text) && text[host - 1] == ']'
                  : host > 0 && host <= 253 && g_ascii_isalnum(text[0]) && text[host - 1] != '.';

    if (ok && text[host] == ':') {
        size_t digits = strspn(text + host + 1, "0123456789");
        guint64 port = g_ascii_strtoull(text + host + 1, NULL, 10);

        ok = digits > 0 && digits <= 5 && text[host + 1 + digits] == '\0' && port >= 1 &&
             port <= 65535;
    } else if (ok) {
        ok = text[host] == '\0';
    }
    if (!ok)
        reader_fail(reader, node,
                    "%s: '%s' is no host name or address in lower case, with or without ':port'",
                    what, text);
    return ok;
}

static void
take_allow(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    PipelineJob *job = object;
    const char *const *hosts = read_list(reader, value, "'allow'", read_host, 0);

    (void)where;
    if (hosts != NULL)
        job->allow = hosts;
}

static void
take_network(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    static const ReaderField fields[] = { { "allow", true, take_allow } };
    static const char *const names[] = { "", "none", "open", "{ allow: [ HOST, … ] }" };
    PipelineJob *job = object;
    int choice = 0;

    if (yaml_node_kind(value) == YAML_MAP) {
        g_autofree char *network_where = g_strdup_printf("'network' of %s", where);

        job->network = PIPELINE_NETWORK_ALLOW;
        (void)read_fields(reader, value, value, network_where, fields, G_N_ELEMENTS(fields), job);
    } else if (read_choice(reader, value, "'network'", names, G_N_ELEMENTS(names), &choice)) {
        if (choice == 3) /* only there to be listed */
            reader_fail(reader, value, "'network' must be a map here: remove the quotes");
        job->network = choice == 2 ? PIPELINE_NETWORK_OPEN : PIPELINE_NETWORK_NONE;
    }
}

static void
take_env(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    PipelineJob *job = object;

    (void)read_env(reader, value, where, &job->env, &job->n_env);
}

static void
take_timeout(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    (void)where;
    (void)read_duration(reader, value, "'timeout'", &((PipelineJob *)object)->timeout_ms);
}

static void
take_exit_codes(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    PipelineJob *job = object;
    bool seen[256] = { false };
    size_t n = yaml_node_kind(value) == YAML_LIST ? yaml_node_length(value) : 0;

    if (n == 0 || n > 255) {
        reader_fail(reader, value, "'exit-codes' of %s must be a list of 1 to 255 exit codes",
                    where);
        return;
    }
    uint8_t *codes = reader_alloc(reader, n, 1);

    for (size_t i = 0; i < n; i++) {
        int64_t code = 0;

        if (!read_integer(reader, yaml_node_at(value, i), "an exit code", 1, 255, &code))
            continue;
        if (seen[code])
            reader_fail(reader, yaml_node_at(value, i), "exit code %d is there twice", (int)code);
        seen[code] = true;
        codes[i] = (uint8_t)code;
    }
    job->retry_exit_codes = codes;
    job->n_retry_exit_codes = n;
}

static void
take_retry_max(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    int64_t max = 0;

    (void)where;
    if (read_integer(reader, value, "'max'", 1, PIPELINE_MAX_RETRIES, &max))
        ((PipelineJob *)object)->retry_max = (unsigned)max;
}

static void
take_retry(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    static const ReaderField fields[] = { { "exit-codes", true, take_exit_codes },
                                          { "max", true, take_retry_max } };
    g_autofree char *retry_where = g_strdup_printf("'retry' of %s", where);

    (void)read_fields(reader, value, value, retry_where, fields, G_N_ELEMENTS(fields), object);
}

static void
take_memory(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    (void)where;
    (void)read_size(reader, value, "'memory'", &((PipelineLimits *)object)->memory_bytes);
}

static void
take_file_size(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    (void)where;
    (void)read_size(reader, value, "'file-size'", &((PipelineLimits *)object)->file_size_bytes);
}

static void
take_output_size(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    (void)where;
    (void)read_size(reader, value, "'output-size'", &((PipelineLimits *)object)->output_bytes);
}

static void
take_processes(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    int64_t n = 0;

    (void)where;
    if (read_integer(reader, value, "'processes'", 1, PIPELINE_MAX_PROCESSES, &n))
        ((PipelineLimits *)object)->processes = (unsigned)n;
}

static void
take_cpu(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    const char *text = NULL;

    (void)where;
    if (!read_text(reader, value, "'cpu'", &text))
        return;
    size_t digits = strspn(text, "0123456789");
    guint64 percent = digits > 9 ? 0 : g_ascii_strtoull(text, NULL, 10);

    if (digits == 0 || strcmp(text + digits, "%") != 0 || percent < 1 ||
        percent > PIPELINE_MAX_CPU_PERCENT)
        reader_fail(reader, value, "'cpu' must be 1%% to %d%%, 100%% for one core, not '%s'",
                    PIPELINE_MAX_CPU_PERCENT, text);
    else
        ((PipelineLimits *)object)->cpu_percent = (unsigned)percent;
}

static void
take_limits(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    static const ReaderField fields[] = {
        { "memory", false, take_memory },           { "processes", false, take_processes },
        { "file-size", false, take_file_size },     { "cpu", false, take_cpu },
        { "output-size", false, take_output_size },
    };
    PipelineJob *job = object;
    g_autofree char *limits_where = g_strdup_printf("'limits' of %s", where);

    (void)read_fields(reader, value, value, limits_where, fields, G_N_ELEMENTS(fields),
                      &job->limits);
}

static void
take_matrix(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    (void)where;
    read_matrix(reader, value, object);
}

static void
take_artifacts(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    const char *const *globs = read_list(reader, value, "'artifacts'", read_glob, 0);

    (void)where;
    if (globs != NULL)
        ((PipelineJob *)object)->artifacts = globs;
}

static void
take_outputs(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    const char *const *names = read_list(reader, value, "'outputs'", read_identifier, 0);

    (void)where;
    if (names != NULL)
        ((PipelineJob *)object)->outputs = names;
}

static void
take_labels(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    read_labels(reader, value, where, object);
}

bool
read_secret_name(Reader *reader, const YamlNode *node, const char *what, const char **out)
{
    if (!read_identifier(reader, node, what, out))
        return false;
    if (is_reserved(*out)) {
        reader_fail(reader, node, "variable '%s' is set by Slipway and cannot be a secret", *out);
        return false;
    }
    return true;
}

static void
take_secrets(Reader *reader, const YamlNode *value, const char *where, void *object)
{
    PipelineJob *job = object;
    const char *const *names = read_list(reader, value, "'secrets'", read_secret_name, 0);

    if (names == NULL)
        return;
    if (g_strv_length((char **)names) > PIPELINE_MAX_SECRETS)
        reader_fail(reader, value, "'secrets' of %s has more than %d names", where,
                    PIPELINE_MAX_SECRETS);
    job->secrets = names;
}

/* A variable that is a secret and a plain value at once. */
static void
check_secrets(Reader *reader, const YamlNode *node, const char *where, const PipelineJob *job)
{
    for (size_t i = 0; job->secrets[i] != NULL; i++) {
        for (size_t k = 0; k < job->n_env; k++) {
            if (strcmp(job->secrets[i], job->env[k].name) == 0)
                reader_fail(reader, yaml_node_at(yaml_node_find(node, "secrets"), i),
                            "'%s' of %s is in 'env' too: which one is meant?", job->secrets[i],
                            where);
        }
    }
}

/* What fits no single field. */
static void
check_job(Reader *reader, const YamlNode *node, const char *where, const PipelineJob *job)
{
    const YamlNode *steps = yaml_node_find(node, "steps");
    const YamlNode *network = yaml_node_find(node, "network");

    if (job->executor == PIPELINE_EXECUTOR_HOST && network != NULL &&
        job->network != PIPELINE_NETWORK_OPEN)
        reader_fail(reader, network,
                    "the host executor of %s cannot keep the network away: only 'open' fits",
                    where);
    if (job->executor != PIPELINE_EXECUTOR_SANDBOX && job->has_root)
        reader_fail(reader, yaml_node_find(node, "root"),
                    "the %s executor of %s has no root file system of its own",
                    pipeline_executor_name(job->executor), where);
    if ((job->executor == PIPELINE_EXECUTOR_SANDBOX || job->executor == PIPELINE_EXECUTOR_HOST) &&
        job->n_labels > 0)
        reader_fail(reader, yaml_node_find(node, "labels"),
                    "the %s executor of %s has no pool to choose from: labels need 'vm' or "
                    "'command'",
                    pipeline_executor_name(job->executor), where);
    check_secrets(reader, node, where, job);
    for (size_t i = 0; i < job->n_steps; i++) {
        if (job->steps[i].timeout_ms > job->timeout_ms)
            reader_fail(reader, yaml_node_find(yaml_node_at(steps, i), "timeout"),
                        "the timeout of step %zu is longer than that of %s", i + 1, where);
    }
}

static void
read_job(Reader *reader, const YamlNode *key, const YamlNode *node, ReaderJob *slot)
{
    static const ReaderField fields[] = {
        { "needs", false, NULL }, /* graph.c */
        { "when", false, NULL },  /* after the matrix, whose names it may use */
        { "matrix", false, take_matrix },
        { "executor", false, take_executor },
        { "root", false, take_root },
        { "network", false, take_network },
        { "env", false, take_env },
        { "timeout", false, take_timeout },
        { "retry", false, take_retry },
        { "limits", false, take_limits },
        { "steps", true, take_steps },
        { "artifacts", false, take_artifacts },
        { "outputs", false, take_outputs },
        { "labels", false, take_labels },
        { "secrets", false, take_secrets },
    };
    PipelineJob *job = slot->job;
    const char *name = NULL;
    g_autofree char *where = g_strdup_printf("job '%s'", yaml_node_text(key));
    size_t before = diagnostics_count(reader->diagnostics);

    slot->key = key;
    slot->node = node;
    job->name = reader_dup(reader, yaml_node_text(key));
    job->line = yaml_node_position(key).line;
    job->column = yaml_node_position(key).column;
    job->executor = PIPELINE_EXECUTOR_SANDBOX;
    job->timeout_ms = PIPELINE_DEFAULT_TIMEOUT_MS;
    job->allow = job->artifacts = job->outputs = job->secrets =
        reader_alloc(reader, 1, sizeof(char *));
    (void)read_name(reader, key, "a job's name", &name);
    (void)read_fields(reader, node, key, where, fields, G_N_ELEMENTS(fields), job);
    if (job->cells == NULL)
        read_matrix_none(reader, job);
    if (yaml_node_find(node, "when") != NULL)
        read_when(reader, yaml_node_find(node, "when"), job);
    slot->needs = yaml_node_find(node, "needs");
    if (diagnostics_count(reader->diagnostics) == before)
        check_job(reader, node, where, job);
    if (job->executor == PIPELINE_EXECUTOR_HOST)
        job->network = PIPELINE_NETWORK_OPEN;
}

void
read_jobs(Reader *reader, const YamlNode *node)
{
    Pipeline *pipeline = &reader->whole->pipeline;

    if (!read_named_map(reader, node, "'jobs'", LIMIT_PIPELINE_JOBS))
        return;
    size_t n = yaml_node_length(node);
    PipelineJob *jobs = reader_alloc(reader, n, sizeof *jobs);

    reader->jobs = g_new0(ReaderJob, n);
    for (size_t i = 0; i < n; i++) {
        reader->jobs[i].job = &jobs[i];
        read_job(reader, yaml_node_key_at(node, i), yaml_node_at(node, i), &reader->jobs[i]);
        pipeline->n_cells += jobs[i].n_cells;
    }
    pipeline->jobs = jobs;
    pipeline->n_jobs = n;
    if (pipeline->n_cells > LIMIT_PIPELINE_JOBS)
        reader_fail(reader, node, "the file makes %zu jobs, at most %d are allowed",
                    pipeline->n_cells, LIMIT_PIPELINE_JOBS);
}
