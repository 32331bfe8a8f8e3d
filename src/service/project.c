/* SPDX-License-Identifier: Apache-2.0
 * project: rows of work_project, and the file of a hook's secrets. */
#include "service/project.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include "attest/object_name.h"
#include "base/encoding.h"
#include "base/files.h"
#include "base/json.h"
#include "base/random.h"
#include "format/glob.h"
#include "service/engine_priv.h"
#include "service/outbox_priv.h"
#include "service/trouble.h"
#include "service/settings.h"
#include "base/banned.h"

#define CONTEXT_BYTES_MAX 100
#define FILTERS_MAX       200
#define POLL_LEAST_S      10
#define POLL_MOST_S       604800 /* a week */
#define SECRET_BYTES      32
#define HOOK_FILE_MAX     4096
#define HOOKS_FOLDER      "hooks"

static const char *const proposals_names[] = {
    [FORGE_PROPOSALS_NONE] = "none",
    [FORGE_PROPOSALS_INSIDE] = "inside",
    [FORGE_PROPOSALS_HELD] = "held",
};

void
project_clear(Project *project)
{
    g_free(project->name);
    g_free(project->source);
    g_free(project->repository);
    g_free(project->api_url);
    g_free(project->web_url);
    g_free(project->token_file);
    g_free(project->hook_file);
    g_free(project->context);
    g_free(project->default_branch);
    g_strfreev(project->branches);
    g_strfreev(project->tags);
    g_strfreev(project->paths);
    memset(project, 0, sizeof *project);
}

/* ---- rows ------------------------------------------------------------------------------------- */

static char **
split(const char *lines)
{
    return lines[0] != '\0' ? g_strsplit(lines, "\n", -1) : g_new0(char *, 1);
}

static ForgeProposals
proposals_from_string(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(proposals_names); i++) {
        if (strcmp(name, proposals_names[i]) == 0)
            return (ForgeProposals)i;
    }
    return FORGE_PROPOSALS_HELD; /* a CHECK of the table keeps others out */
}

static void
read_row(const DbRows *rows, Project *out)
{
    const char *context = db_rows_text(rows, 8);

    out->name = g_strdup(db_rows_text(rows, 0));
    out->source = g_strdup(db_rows_text(rows, 1));
    out->forge = forge_type_from_string(db_rows_text(rows, 2));
    out->repository = g_strdup(db_rows_text(rows, 3));
    out->api_url = g_strdup(db_rows_text(rows, 4));
    out->web_url = g_strdup(db_rows_text(rows, 5));
    out->token_file = g_strdup(db_rows_text(rows, 6));
    out->hook_file = g_strdup(db_rows_text(rows, 7));
    out->context =
        context[0] != '\0' ? g_strdup(context) : g_strconcat("slipway/", out->name, NULL);
    out->default_branch = g_strdup(db_rows_text(rows, 9));
    out->branches = split(db_rows_text(rows, 10));
    out->tags = split(db_rows_text(rows, 11));
    out->paths = split(db_rows_text(rows, 12));
    out->proposals = proposals_from_string(db_rows_text(rows, 13));
    out->ignore_skip_marks = db_rows_int(rows, 14) != 0;
    out->poll_s = db_rows_int(rows, 15);
    out->created_us = db_rows_int(rows, 16);
    out->file_ignores_marks = db_rows_int(rows, 17) != 0;
}

bool
project_load(DbConn *conn, const char *name, Project *out, GError **error)
{
    g_autoptr(DbRows) rows = db_select(conn, QUERY_PROJECT_CONFIG, DB_PARAMS(DB_TEXT(name)), error);
    bool has_row = false;

    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return false;
    if (!has_row) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                  "there is no project '%s': add it with 'slipway project add'", name);
        return false;
    }
    read_row(rows, out);
    return true;
}

ForgeFilter
project_filter(const Project *project)
{
    return (ForgeFilter){ .branches = (const char *const *)project->branches,
                          .tags = (const char *const *)project->tags,
                          .paths = (const char *const *)project->paths,
                          .repository = project->repository,
                          .proposals = project->proposals,
                          .ignore_skip_marks =
                              project->ignore_skip_marks || project->file_ignores_marks };
}

/* ---- settings ---------------------------------------------------------------------------------- */

static bool
take_globs(const json_t *settings, const char *key, char ***out, GError **error)
{
    const json_t *array = json_object_get(settings, key);
    size_t n = json_array_size(array);
    g_auto(GStrv) list = g_new0(char *, n + 1);

    if (array == NULL)
        return true;
    if (!json_is_array(array) || n > FILTERS_MAX)
        return settings_invalid(error, key, "at most 200 patterns");
    for (size_t i = 0; i < n; i++) {
        const char *pattern = json_string_value(json_array_get(array, i));

        if (pattern == NULL || strchr(pattern, '\n') != NULL ||
            !glob_check(pattern[0] == '!' ? pattern + 1 : pattern, error)) {
            if (error != NULL && *error == NULL)
                (void)settings_invalid(error, key, "patterns");
            error_prefix(error, "%s", key);
            return false;
        }
        list[i] = g_strdup(pattern);
    }
    g_strfreev(*out);
    *out = g_steal_pointer(&list);
    return true;
}

static bool
take_choices(const json_t *settings, Project *project, GError **error)
{
    const json_t *forge = json_object_get(settings, "forge");
    const json_t *proposals = json_object_get(settings, "proposals");
    const json_t *poll = json_object_get(settings, "poll");
    const json_t *marks = json_object_get(settings, "ignoreSkipMarks");

    if (forge != NULL) {
        project->forge = forge_type_from_string(json_string_value(forge));
        if (project->forge == FORGE_NONE)
            return settings_invalid(error, "forge", "github, gitea, forgejo, gitlab or git");
    }
    if (proposals != NULL) {
        const char *name = json_string_value(proposals);

        project->proposals = proposals_from_string(name != NULL ? name : "");
        if (g_strcmp0(name, proposals_names[project->proposals]) != 0)
            return settings_invalid(error, "proposals", "none, inside or held");
    }
    if (poll != NULL) {
        project->poll_s = json_is_integer(poll) ? json_integer_value(poll) : -1;
        if (project->poll_s != 0 &&
            (project->poll_s < POLL_LEAST_S || project->poll_s > POLL_MOST_S))
            return settings_invalid(error, "poll", "0 or 10 to 604800 seconds");
    }
    if (marks != NULL)
        project->ignore_skip_marks = json_is_true(marks);
    return true;
}

static bool
is_url(const char *text)
{
    return g_str_has_prefix(text, "https://") || g_str_has_prefix(text, "http://");
}

static bool
check(const Project *project, GError **error)
{
    if (project->source[0] == '\0')
        return settings_invalid(error, "source", "path or URL of the repository");
    if (project->api_url[0] != '\0' && !is_url(project->api_url))
        return settings_invalid(error, "apiUrl", "an address that begins with https://");
    if (project->web_url[0] != '\0' && !is_url(project->web_url))
        return settings_invalid(error, "webUrl", "an address that begins with https://");
    if (project->token_file[0] != '\0' && !g_path_is_absolute(project->token_file))
        return settings_invalid(error, "tokenFile", "the absolute path of a file with the token");
    if (project->hook_file[0] != '\0' && !g_path_is_absolute(project->hook_file))
        return settings_invalid(error, "hookFile",
                                "the absolute path of a file with one or two secrets");
    if (project->repository[0] != '\0' && strchr(project->repository, '/') == NULL)
        return settings_invalid(error, "repository", "'owner/name'");
    if (strlen(project->context) > CONTEXT_BYTES_MAX)
        return settings_invalid(error, "context", "at most 100 bytes");
    return true;
}

static bool
take_settings(const json_t *settings, Project *project, GError **error)
{
    static const char *const allowed[] = {
        "source",   "forge",     "repository",      "apiUrl",   "webUrl", "tokenFile",
        "hookFile", "context",   "defaultBranch",   "branches", "tags",   "paths",
        "poll",     "proposals", "ignoreSkipMarks", NULL,
    };

    return json_only_keys(settings, allowed, "project", error) &&
           settings_take_text(settings, "source", &project->source, error) &&
           settings_take_text(settings, "repository", &project->repository, error) &&
           settings_take_text(settings, "apiUrl", &project->api_url, error) &&
           settings_take_text(settings, "webUrl", &project->web_url, error) &&
           settings_take_text(settings, "tokenFile", &project->token_file, error) &&
           settings_take_text(settings, "hookFile", &project->hook_file, error) &&
           settings_take_text(settings, "context", &project->context, error) &&
           settings_take_text(settings, "defaultBranch", &project->default_branch, error) &&
           take_globs(settings, "branches", &project->branches, error) &&
           take_globs(settings, "tags", &project->tags, error) &&
           take_globs(settings, "paths", &project->paths, error) &&
           take_choices(settings, project, error) && check(project, error);
}

static bool
store(DbConn *conn, const Project *project, GError **error)
{
    g_autofree char *branches = g_strjoinv("\n", project->branches);
    g_autofree char *tags = g_strjoinv("\n", project->tags);
    g_autofree char *paths = g_strjoinv("\n", project->paths);

    return db_exec(conn, QUERY_PROJECT_CONFIGURE,
                   DB_PARAMS(DB_TEXT(project->name), DB_TEXT(project->source),
                             DB_TEXT(forge_type_name(project->forge)), DB_TEXT(project->repository),
                             DB_TEXT(project->api_url), DB_TEXT(project->web_url),
                             DB_TEXT(project->token_file), DB_TEXT(project->hook_file),
                             DB_TEXT(project->context), DB_TEXT(project->default_branch),
                             DB_TEXT(branches), DB_TEXT(tags), DB_TEXT(paths),
                             DB_TEXT(proposals_names[project->proposals]),
                             DB_INT(project->ignore_skip_marks ? 1 : 0), DB_INT(project->poll_s)),
                   error);
}

typedef struct SetProject {
    const char *name;
    bool add;
    const json_t *settings;
    int64_t now_us;
} SetProject;

static bool
write_project(DbConn *conn, void *input, GError **error)
{
    const SetProject *set = input;
    g_auto(Project) project = { 0 };
    g_autoptr(GError) local = NULL;

    if (set->add &&
        !db_exec(conn, QUERY_PROJECT_ADD,
                 DB_PARAMS(DB_TEXT(set->name), DB_TEXT(""), DB_INT(set->now_us)), &local)) {
        if (error_kind(local) == ERROR_KIND_EXISTS)
            error_set(error, BASE_ERROR, BASE_ERROR_EXISTS,
                      "there is a project '%s' already: change it with 'slipway project set'",
                      set->name);
        else
            g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    return project_load(conn, set->name, &project, error) &&
           take_settings(set->settings, &project, error) && store(conn, &project, error);
}

bool
project_set(Engine *engine, const char *name, bool add, const json_t *settings, json_t **result_out,
            GError **error)
{
    SetProject set = {
        .name = name, .add = add, .settings = settings, .now_us = clock_now_us(engine->clock)
    };
    g_autofree char *object = object_name_place(OBJECT_TARGET, name, "any", error);

    if (object == NULL) { /* a project's name is the first part of its objects' names */
        error_prefix(error, "'%s' cannot be a project", name);
        return false;
    }
    if (!db_write(engine->db, DB_LANE_ACKNOWLEDGED, write_project, &set, error))
        return false;
    outbox_settings_changed(engine); /* polling may have begun */
    *result_out = project_show(engine, name, error);
    return *result_out != NULL;
}

/* ---- showing ----------------------------------------------------------------------------------- */

static json_t *
strings_json(char *const *list)
{
    json_t *array = json_array();

    for (size_t i = 0; list[i] != NULL; i++)
        json_array_append_new(array, json_string(list[i]));
    return array;
}

static json_t *
project_json(const Project *project)
{
    json_t *object = json_object();

    json_object_set_new(object, "name", json_string(project->name));
    json_object_set_new(object, "source", json_string(project->source));
    json_object_set_new(object, "forge", json_string(forge_type_name(project->forge)));
    json_object_set_new(object, "repository", json_string(project->repository));
    json_object_set_new(object, "apiUrl", json_string(project->api_url));
    json_object_set_new(object, "webUrl", json_string(project->web_url));
    json_object_set_new(object, "tokenFile", json_string(project->token_file));
    json_object_set_new(object, "hookFile", json_string(project->hook_file));
    json_object_set_new(object, "context", json_string(project->context));
    json_object_set_new(object, "defaultBranch", json_string(project->default_branch));
    json_object_set_new(object, "branches", strings_json(project->branches));
    json_object_set_new(object, "tags", strings_json(project->tags));
    json_object_set_new(object, "paths", strings_json(project->paths));
    json_object_set_new(object, "proposals", json_string(proposals_names[project->proposals]));
    json_object_set_new(object, "ignoreSkipMarks", json_boolean(project->ignore_skip_marks));
    json_object_set_new(object, "poll", json_integer(project->poll_s));
    json_object_set_new(
        object, "hook",
        json_sprintf("/hooks/%s/%s", forge_type_name(project->forge), project->name));
    return object;
}

json_t *
project_show(Engine *engine, const char *name, GError **error)
{
    g_autoptr(DbReader) reader = db_reader_acquire(engine->db, error);
    g_auto(Project) project = { 0 };
    g_autoptr(json_t) object = NULL;

    if (reader == NULL || !project_load(reader, name, &project, error))
        return NULL;
    object = project_json(&project);
    return trouble_add(reader, name, "", object, error) ? g_steal_pointer(&object) : NULL;
}

json_t *
project_list(Engine *engine, GError **error)
{
    g_autoptr(DbReader) reader = db_reader_acquire(engine->db, error);
    g_autoptr(DbRows) rows =
        reader != NULL ? db_select(reader, QUERY_PROJECT_CONFIG_LIST, DB_NO_PARAMS, error) : NULL;
    g_autoptr(json_t) array = json_array();
    bool has_row = false;

    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return NULL;
    while (has_row) {
        g_auto(Project) project = { 0 };

        read_row(rows, &project);
        json_array_append_new(array, project_json(&project));
        if (!db_rows_next(rows, &has_row, error))
            return NULL;
    }
    return g_steal_pointer(&array);
}

/* ---- the secret of the hook --------------------------------------------------------------------- */

typedef struct SetHookFile {
    const char *name;
    const char *path;
} SetHookFile;

static bool
write_hook_file(DbConn *conn, void *input, GError **error)
{
    const SetHookFile *set = input;

    return db_exec(conn, QUERY_PROJECT_SET_HOOK_FILE,
                   DB_PARAMS(DB_TEXT(set->name), DB_TEXT(set->path)), error);
}

/* The first line of the file as it is; "" when there is none. */
static bool
load_first_line(const char *path, char **line_out, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autofree char *text = file_read_text(AT_FDCWD, path, HOOK_FILE_MAX, &local);

    if (text == NULL && error_kind(local) != ERROR_KIND_NOT_FOUND) {
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    *line_out = text != NULL ? g_strndup(text, strcspn(text, "\r\n")) : g_strdup("");
    return true;
}

/* The new secret first, the one before behind it, in one replacement of the file. */
static bool
replace_secrets(const char *path, const char *secret, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    g_autofree char *before = NULL;
    g_autofree char *content = NULL;
    AUTO_FD int fd = -1;

    if (!load_first_line(path, &before, error))
        return false;
    content = g_strdup_printf("%s\n%s%s", secret, before, before[0] != '\0' ? "\n" : "");
    fd = dir_open(AT_FDCWD, folder, error);
    return fd >= 0 && file_write_atomic(fd, name, span_of_text(content), 0600, error);
}

/* If it dies between the two: the file is there and nothing names it; asked again, its first secret
 * is kept as the second. */
bool
project_rotate_hook(Engine *engine, const char *name, char **secret_out, GError **error)
{
    uint8_t bytes[SECRET_BYTES];
    g_autofree char *path = g_strdup_printf("%s/" HOOKS_FOLDER "/%s.secret", engine->home, name);
    g_autofree char *secret = NULL;
    g_autoptr(json_t) shown = project_show(engine, name, error);
    const char *own = shown != NULL ? json_string_value(json_object_get(shown, "hookFile")) : NULL;
    SetHookFile set = { .name = name, .path = path };

    if (shown == NULL || !dir_create_all(engine->home_fd, HOOKS_FOLDER, 0700, error))
        return false;
    random_fill(bytes, sizeof bytes);
    secret = hex_encode(span_of(bytes, sizeof bytes));
    if (!replace_secrets(own[0] != '\0' ? own : path, secret, error) ||
        (own[0] == '\0' &&
         !db_write(engine->db, DB_LANE_ACKNOWLEDGED, write_hook_file, &set, error)))
        return false;
    *secret_out = g_steal_pointer(&secret);
    return true;
}
