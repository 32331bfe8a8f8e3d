/* SPDX-License-Identifier: Apache-2.0
 * read: questions to the mirror: what a name points to, one file, what changed, all refs. */
#include <string.h>
#include <sys/stat.h>
#include "base/encoding.h"
#include "git/objects_priv.h"
#include "git/tree_priv.h"
#include "base/banned.h"

#define TREE_BYTES        (16u << 20) /* one folder, as git stores it */
#define COMMIT_BYTES      (1u << 20)  /* a commit object we parse */
#define SUBJECT_BYTES     1024u
#define MESSAGE_BYTES     8192u
#define PERSON_BYTES      512u
#define CHANGED_BYTES     (64u << 20) /* the list of changed paths */
#define REFS_BYTES        (64u << 20)
#define NAME_BYTES        1024u /* of a ref */
#define EMPTY_TREE_SHA1   "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
#define EMPTY_TREE_SHA256 "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321"

void
git_commit_clear(GitCommit *commit)
{
    g_free(commit->author_name);
    g_free(commit->author_email);
    g_free(commit->subject);
    g_free(commit->message);
    g_free(commit->ref);
    *commit = (GitCommit){ 0 };
}

/* git-check-ref-format(1), and no revision syntax: what passes is only ever a name. */
static bool
is_ref_name(const char *name)
{
    size_t len = strlen(name);

    if (len == 0 || len > NAME_BYTES || name[0] == '-' || name[0] == '/' || name[0] == '.' ||
        name[len - 1] == '/' || name[len - 1] == '.' || g_str_has_suffix(name, ".lock") ||
        strcmp(name, "@") == 0)
        return false;
    if (strstr(name, "..") != NULL || strstr(name, "//") != NULL || strstr(name, "/.") != NULL ||
        strstr(name, "@{") != NULL || strstr(name, ".lock/") != NULL)
        return false;
    for (const char *p = name; *p != '\0'; p++) {
        if ((unsigned char)*p <= ' ' || *p == 0x7f || strchr("~^:?*[\\", *p) != NULL)
            return false;
    }
    return true;
}

static bool
is_short_id(const char *name)
{
    size_t len = strspn(name, "0123456789abcdef");

    return len >= 7 && len <= 64 && name[len] == '\0';
}

/* A field of at most @max bytes as UTF-8 without control characters. Owned. */
static char *
printable_field(const char *start, size_t len, size_t max)
{
    g_autofree char *raw = g_strndup(start, MIN(len, max));
    const char *end = NULL;

    if (len > max && !g_utf8_validate(raw, -1, &end) && (size_t)(end - raw) + 4 > max)
        raw[end - raw] = '\0'; /* cut between characters, not inside one */
    return error_printable(raw);
}

/* "NAME <EMAIL> SECONDS ZONE". Broken ones are met in the wild: what is missing becomes "" and 0.
 */
static void
parse_person(const char *line, char **name_out, char **email_out, int64_t *us_out)
{
    const char *open = strchr(line, '<');
    const char *close = strrchr(line, '>');
    int64_t seconds = close == NULL ? 0 : g_ascii_strtoll(close + 1, NULL, 10);

    if (name_out != NULL && open != NULL && close != NULL && close > open) {
        size_t len = (size_t)(open - line);

        while (len > 0 && line[len - 1] == ' ')
            len--;
        *name_out = printable_field(line, len, PERSON_BYTES);
        *email_out = printable_field(open + 1, (size_t)(close - open - 1), PERSON_BYTES);
    }
    *us_out = CLAMP(seconds, 0, INT64_MAX / G_USEC_PER_SEC) * G_USEC_PER_SEC;
}

/* As printable_field, but lines stay lines, and none is empty at the end. Owned. */
static char *
printable_lines(const char *text, size_t max)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (size_t i = 0; lines[i] != NULL && out->len < max; i++) {
        g_autofree char *line = printable_field(lines[i], strlen(lines[i]), max - out->len);

        g_string_append_printf(out, "%s%s", i > 0 ? "\n" : "", line);
    }
    return g_strchomp(g_string_free(g_steal_pointer(&out), FALSE));
}

bool
git_commit_parse(const char *text, GitCommit *out, GError **error)
{
    const char *message = strstr(text, "\n\n");
    g_autofree char *head =
        message == NULL ? g_strdup(text) : g_strndup(text, (size_t)(message - text));
    g_auto(GStrv) lines = g_strsplit(head, "\n", -1);

    for (size_t i = 0; lines[i] != NULL; i++) {
        const char *line = lines[i];

        if (g_str_has_prefix(line, "tree ") && out->tree[0] == '\0' && git_id_is_full(line + 5))
            g_strlcpy(out->tree, line + 5, sizeof out->tree);
        else if (g_str_has_prefix(line, "parent ") && out->parent[0] == '\0' &&
                 git_id_is_full(line + 7))
            g_strlcpy(out->parent, line + 7, sizeof out->parent);
        else if (g_str_has_prefix(line, "author ") && out->author_name == NULL)
            parse_person(line + 7, &out->author_name, &out->author_email, &out->author_us);
        else if (g_str_has_prefix(line, "committer ") && out->committer_us == 0)
            parse_person(line + 10, NULL, NULL, &out->committer_us);
    }
    if (out->tree[0] == '\0') {
        error_set(error, BASE_ERROR, BASE_ERROR_CORRUPT, "commit '%s' names no tree", out->commit);
        return false;
    }
    if (out->author_name == NULL) {
        out->author_name = g_strdup("");
        out->author_email = g_strdup("");
    }
    message = message == NULL ? "" : message + 2;
    message += strspn(message, "\n");
    out->subject = printable_field(message, strcspn(message, "\n"), SUBJECT_BYTES);
    out->message = printable_lines(message, MESSAGE_BYTES);
    return true;
}

/* Asks for "@object^{commit}" and fills commit, tree, times and subject. */
static bool
load_commit(GitMirror *mirror, const char *object, GitCommit *out, GError **error)
{
    g_autofree char *name = g_strconcat(object, "^{commit}", NULL);
    GitObject found = { 0 };
    GError *local = NULL;
    g_autofree uint8_t *text =
        git_objects_load(mirror, name, GIT_OBJECT_COMMIT, COMMIT_BYTES, &found, &local);

    if (text == NULL) {
        if (error_kind(local) == ERROR_KIND_NOT_FOUND) { /* what was asked has "^{commit}" in it */
            g_clear_error(&local);
            error_set(&local, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                      "there is no commit '%s' in the mirror", object);
        }
        g_propagate_error(error, local);
        return false;
    }
    g_strlcpy(out->commit, found.id, sizeof out->commit);
    return git_commit_parse((const char *)text, out, error);
}

static void
ref_free(void *data)
{
    GitRef *ref = data;

    g_free(ref->name);
    g_free(ref);
}

static GitRef *
ref_copy(const GitRef *ref)
{
    GitRef *copy = g_new(GitRef, 1);

    *copy = *ref;
    copy->name = g_strdup(ref->name);
    return copy;
}

/* for-each-ref over patterns that are literal names or folders of names. */
static GPtrArray *
list_refs(GitMirror *mirror, const char *const *patterns, size_t n_patterns, GError **error)
{
    g_auto(GitCommand) command = { 0 };
    g_auto(ProcessResult) result = { 0 };

    git_command_init(&command, mirror->path, "for-each-ref");
    git_command_add(
        &command, "--format=%(objectname) %(*objectname) %(*objecttype) %(objecttype) %(refname)");
    git_command_add(&command, "--end-of-options");
    for (size_t i = 0; i < n_patterns; i++)
        git_command_add(&command, patterns[i]);
    if (!git_command_run_ok(&command, (Span){ 0 }, REFS_BYTES, BASE_ERROR_IO, &result, error))
        return NULL;
    g_autoptr(GPtrArray) refs = g_ptr_array_new_with_free_func(ref_free);
    g_autofree char *text = git_result_text(&result);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (size_t i = 0; lines[i] != NULL && lines[i][0] != '\0'; i++) {
        g_auto(GStrv) fields = g_strsplit(lines[i], " ", 5);

        if (g_strv_length(fields) != 5)
            continue;
        GitRef *ref = g_new0(GitRef, 1);
        bool is_tag = strcmp(fields[3], "tag") == 0;

        ref->name = g_strdup(fields[4]);
        g_strlcpy(ref->id, fields[0], sizeof ref->id);
        if (!is_tag && strcmp(fields[3], "commit") == 0)
            g_strlcpy(ref->commit, fields[0], sizeof ref->commit);
        else if (is_tag && strcmp(fields[2], "commit") == 0)
            g_strlcpy(ref->commit, fields[1], sizeof ref->commit);
        g_ptr_array_add(refs, ref);
    }
    return g_steal_pointer(&refs);
}

GPtrArray *
git_list_refs(GitMirror *mirror, GError **error)
{
    static const char *const patterns[] = { "refs/heads/", "refs/tags/" };
    GPtrArray *refs = list_refs(mirror, patterns, G_N_ELEMENTS(patterns), error);

    if (refs == NULL)
        error_prefix(error, "cannot list the refs of '%s'", mirror->path);
    return refs;
}

/* The ref @name stands for: itself when full, then the tag, then the branch. *@ref_out stays NULL
 * when there is none. */
static bool
find_ref(GitMirror *mirror, const char *name, GitRef **ref_out, GError **error)
{
    g_autofree char *tag = g_strconcat("refs/tags/", name, NULL);
    g_autofree char *branch = g_strconcat("refs/heads/", name, NULL);
    bool full = g_str_has_prefix(name, "refs/");
    const char *wanted[] = { full ? name : tag, full ? name : branch };
    /* After a fetch the refs are known: the snapshot that was fetched is the one that is asked. */
    g_autoptr(GPtrArray) refs = mirror->refs != NULL
                                    ? g_ptr_array_ref(mirror->refs)
                                    : list_refs(mirror, wanted, full ? 1 : 2, error);

    if (refs == NULL)
        return false;
    for (size_t w = 0; w < G_N_ELEMENTS(wanted) && *ref_out == NULL; w++) {
        for (size_t i = 0; i < refs->len && *ref_out == NULL; i++) {
            GitRef *ref = g_ptr_array_index(refs, i);

            if (strcmp(ref->name, wanted[w]) == 0)
                *ref_out = ref_copy(ref);
        }
    }
    return true;
}

static bool
resolve(GitMirror *mirror, const char *name, GitCommit *out, GError **error)
{
    GitRef *ref = NULL;

    if (!is_ref_name(name)) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "not the name of a branch, tag or commit");
        return false;
    }
    if (git_id_is_full(name)) /* first: a tag may be called like somebody else's commit */
        return load_commit(mirror, name, out, error);
    if (!find_ref(mirror, name, &ref, error))
        return false;
    if (ref == NULL) {
        if (is_short_id(name))
            return load_commit(mirror, name, out, error);
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "no such branch, tag or commit");
        return false;
    }
    bool ok = load_commit(mirror, ref->id, out, error);

    if (ok && strcmp(ref->id, out->commit) != 0)
        g_strlcpy(out->tag, ref->id, sizeof out->tag);
    if (ok)
        out->ref = g_strdup(ref->name);
    ref_free(ref);
    return ok;
}

bool
git_resolve(GitMirror *mirror, const char *name, GitCommit *out, GError **error)
{
    g_auto(GitCommit) commit = { 0 };

    if (!resolve(mirror, name, &commit, error)) {
        g_autofree char *shown = error_printable(name);

        error_prefix(error, "cannot resolve '%s'", shown);
        return false;
    }
    *out = commit;
    commit = (GitCommit){ 0 };
    return true;
}

static bool
check_id(const char *id, GError **error)
{
    if (git_id_is_full(id))
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "'%s' is not a full object id", id);
    return false;
}

bool
git_is_ancestor(GitMirror *mirror, const char *ancestor, const char *commit, bool *out,
                GError **error)
{
    g_auto(GitCommand) command = { 0 };
    g_auto(ProcessResult) result = { 0 };

    if (!check_id(ancestor, error) || !check_id(commit, error))
        return false;
    git_command_init(&command, mirror->path, "merge-base");
    git_command_add(&command, "--is-ancestor");
    git_command_add(&command, "--end-of-options");
    git_command_add(&command, ancestor);
    git_command_add(&command, commit);
    if (!git_command_run(&command, (Span){ 0 }, 4096, GIT_TIMEOUT_MS, NULL, &result, error))
        return false;
    if (result.exit.exit_code != 0 && result.exit.exit_code != 1) {
        g_autofree char *line = git_last_line(result.errors);

        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "cannot compare '%s' with '%s': %s",
                  ancestor, commit, line);
        return false;
    }
    *out = result.exit.exit_code == 0;
    return true;
}

bool
git_merge_base(GitMirror *mirror, const char *one, const char *other, char out[GIT_ID_SIZE],
               GError **error)
{
    g_auto(GitCommand) command = { 0 };
    g_auto(ProcessResult) result = { 0 };

    out[0] = '\0';
    if (!check_id(one, error) || !check_id(other, error))
        return false;
    git_command_init(&command, mirror->path, "merge-base");
    git_command_add(&command, "--end-of-options");
    git_command_add(&command, one);
    git_command_add(&command, other);
    if (!git_command_run(&command, (Span){ 0 }, 4096, GIT_TIMEOUT_MS, NULL, &result, error))
        return false;
    g_autofree char *text = g_strchomp(git_result_text(&result));

    if (result.exit.exit_code == 0 && git_id_is_full(text))
        return g_strlcpy(out, text, GIT_ID_SIZE) < GIT_ID_SIZE;
    if (result.exit.exit_code == 1)
        return true;
    g_autofree char *line = git_last_line(result.errors);

    error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "cannot compare '%s' with '%s': %s", one,
              other, line);
    return false;
}

/* The entry called @name in the tree @tree. */
static bool
find_entry(GitMirror *mirror, const char *tree, const char *name, GitTreeEntry *out, GError **error)
{
    GitObject object = { 0 };
    size_t offset = 0;
    g_autofree uint8_t *data =
        git_objects_load(mirror, tree, GIT_OBJECT_TREE, TREE_BYTES, &object, error);

    if (data == NULL)
        return false;
    while (offset < object.size) {
        if (!git_tree_next(span_of(data, object.size), strlen(tree) / 2, &offset, out, error))
            return false;
        if (strcmp(out->name, name) == 0) {
            out->name = NULL; /* its bytes go */
            return true;
        }
    }
    error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "there is no such file");
    return false;
}

static GBytes *
read_file(GitMirror *mirror, const char *commit, const char *path, size_t limit_bytes,
          GError **error)
{
    g_auto(GitCommit) known = { 0 };
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);
    GitTreeEntry entry = { .mode = GIT_MODE_TREE };
    GitObject object = { 0 };

    if (!check_id(commit, error) || !load_commit(mirror, commit, &known, error))
        return NULL;
    g_strlcpy(entry.id, known.tree, sizeof entry.id);
    for (size_t i = 0; i == 0 || parts[i] != NULL; i++) {
        if (parts[i] == NULL || parts[i][0] == '\0') {
            error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "not a path inside the repository");
            return NULL;
        }
        if (entry.mode != GIT_MODE_TREE) {
            error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "there is no such file");
            return NULL;
        }
        if (!find_entry(mirror, entry.id, parts[i], &entry, error))
            return NULL;
    }
    if (!S_ISREG(entry.mode)) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "not a regular file");
        return NULL;
    }
    uint8_t *data =
        git_objects_load(mirror, entry.id, GIT_OBJECT_BLOB, limit_bytes, &object, error);

    return data == NULL ? NULL : g_bytes_new_take(data, object.size);
}

GBytes *
git_read_file(GitMirror *mirror, const char *commit, const char *path, size_t limit_bytes,
              GError **error)
{
    GBytes *bytes = read_file(mirror, commit, path, limit_bytes, error);

    if (bytes == NULL) {
        g_autofree char *shown = error_printable(path);

        error_prefix(error, "cannot read '%s' at commit '%.12s'", shown, commit);
    }
    return bytes;
}

static int
compare_paths(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *
git_list_changed(GitMirror *mirror, const char *old_commit, const char *new_commit, GError **error)
{
    g_auto(GitCommand) command = { 0 };
    g_auto(ProcessResult) result = { 0 };

    if ((old_commit != NULL && !check_id(old_commit, error)) || !check_id(new_commit, error))
        return NULL;
    if (old_commit == NULL)
        old_commit = strlen(new_commit) == 64 ? EMPTY_TREE_SHA256 : EMPTY_TREE_SHA1;
    git_command_init(&command, mirror->path, "diff-tree");
    git_command_add(&command, "-r");
    git_command_add(&command, "-z");
    git_command_add(&command, "--no-renames");
    git_command_add(&command, "--name-only");
    git_command_add(&command, "--no-ext-diff");
    git_command_add(&command, "--no-textconv");
    git_command_add(&command, "--ignore-submodules=none");
    git_command_add(&command, "--end-of-options");
    git_command_add(&command, old_commit);
    git_command_add(&command, new_commit);
    if (!git_command_run_ok(&command, (Span){ 0 }, CHANGED_BYTES, BASE_ERROR_NOT_FOUND, &result,
                            error)) {
        error_prefix(error, "cannot compare '%.12s' with '%.12s'", old_commit, new_commit);
        return NULL;
    }
    GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
    Span output = span_of_bytes(result.output);

    for (size_t i = 0; i < output.len;) {
        size_t len = strnlen((const char *)output.data + i, output.len - i);

        g_ptr_array_add(paths, g_strndup((const char *)output.data + i, len));
        i += len + 1;
    }
    g_ptr_array_sort(paths, compare_paths);
    return paths;
}
