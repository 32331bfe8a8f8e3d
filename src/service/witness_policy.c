/* SPDX-License-Identifier: Apache-2.0
 * witness_policy: the file that says who our witnesses are, changed a line at a time. */
#include <errno.h>
#include <fcntl.h>
#include "base/files.h"
#include "base/os.h"
#include "service/engine_priv.h"
#include "service/witness_client.h"
#include "base/banned.h"

#define POLICY_NAME "witness-policy"
#define GROUP_NAME  "ours"

bool
witness_policy_text(Engine *engine, char **text_out, GError **error)
{
    g_autoptr(GError) local = NULL;

    *text_out = file_read_text(engine->home_fd, POLICY_NAME, TLOG_POLICY_MAX_BYTES, &local);
    if (*text_out != NULL || error_kind(local) == ERROR_KIND_NOT_FOUND)
        return true;
    g_propagate_error(error, g_steal_pointer(&local));
    return false;
}

bool
witness_policy_set(Engine *engine, const char *text, GError **error)
{
    g_autoptr(TlogPolicy) policy = NULL;

    if (text[0] == '\0') {
        if (os_unlink(engine->home_fd, POLICY_NAME, 0) == 0 ? os_fsync(engine->home_fd) == 0
                                                            : errno == ENOENT)
            return true;
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot remove the witness policy");
        return false;
    }
    policy = tlog_policy_parse(span_of_text(text), error);
    if (policy == NULL ||
        !file_write_atomic(engine->home_fd, POLICY_NAME, span_of_text(text), 0644, error))
        return false;
    wake_send(witness_client_get_wake(engine));
    return true;
}

typedef struct {        /* a policy of the form K of all */
    TlogPolicy *policy; /* owned; NULL: no witnesses yet */
    char *quorum;       /* owned: "all", "any", "none", a number */
} Plain;

static void
plain_clear(Plain *plain)
{
    g_clear_pointer(&plain->policy, tlog_policy_free);
    g_clear_pointer(&plain->quorum, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Plain, plain_clear)

/* The text of a policy over the witnesses of @plain, but @without, and one line more. Owned. */
static char *
write_plain(const Plain *plain, const char *without, const char *more, const char *more_name)
{
    GString *text = g_string_new("# Written by 'slipway witness': C2SP tlog-policy\n");
    g_autoptr(GString) names = g_string_new("");
    size_t n = plain->policy != NULL ? tlog_policy_n_witnesses(plain->policy) : 0;

    for (size_t i = 0; i < n; i++) {
        const TlogPolicyWitness *witness = tlog_policy_witness(plain->policy, i);

        if (without != NULL && strcmp(witness->name, without) == 0)
            continue;
        g_string_append_printf(text, "witness %s %s%s%s\n", witness->name, witness->vkey,
                               witness->url != NULL ? " " : "",
                               witness->url != NULL ? witness->url : "");
        g_string_append_printf(names, " %s", witness->name);
    }
    if (more != NULL) {
        g_string_append(text, more);
        g_string_append_printf(names, " %s", more_name);
    }
    if (names->len == 0 || strcmp(plain->quorum, "none") == 0)
        g_string_append(text, "quorum none\n");
    else
        g_string_append_printf(text, "group " GROUP_NAME " %s%s\nquorum " GROUP_NAME "\n",
                               plain->quorum, names->str);
    return g_string_free(text, FALSE);
}

/* Between "group ours " and the names; "none" without such a line. Owned. */
static char *
quorum_of(const char *text)
{
    const char *line = strstr(text, "\ngroup " GROUP_NAME " ");
    const char *word = line != NULL ? line + strlen("\ngroup " GROUP_NAME " ") : NULL;

    return word != NULL ? g_strndup(word, strcspn(word, " \n")) : g_strdup("none");
}

static bool
load_plain(Engine *engine, Plain *plain, GError **error)
{
    g_autofree char *text = NULL;

    if (!witness_policy_text(engine, &text, error))
        return false;
    if (text == NULL) {
        plain->quorum = g_strdup("all");
        return true;
    }
    plain->policy = tlog_policy_parse(span_of_text(text), error);
    if (plain->policy == NULL)
        return false;
    plain->quorum = quorum_of(text);
    g_autofree char *again = write_plain(plain, NULL, NULL, NULL);
    if (strcmp(again, text) == 0)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
              "the witness policy was written by hand: change it as a whole, with 'slipway "
              "witness policy --set FILE'");
    return false;
}

bool
witness_policy_add(Engine *engine, const char *name, const char *vkey, const char *url,
                   GError **error)
{
    g_auto(Plain) plain = { 0 };
    g_autofree char *line = g_strdup_printf("witness %s %s %s\n", name, vkey, url);
    g_autoptr(Cosigner) cosigner = cosigner_parse(vkey, error);

    if (cosigner == NULL || !load_plain(engine, &plain, error))
        return false;
    if (strpbrk(name, " \t\n#") != NULL || strpbrk(url, " \t\n") != NULL ||
        strcmp(name, GROUP_NAME) == 0 ||
        (!g_str_has_prefix(url, "http://") && !g_str_has_prefix(url, "https://"))) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "a witness has a name without blanks, not '" GROUP_NAME "', and an http URL");
        return false;
    }
    g_autofree char *text = write_plain(&plain, NULL, line, name);
    return witness_policy_set(engine, text, error);
}

bool
witness_policy_remove(Engine *engine, const char *name, GError **error)
{
    g_auto(Plain) plain = { 0 };
    bool found = false;

    if (!load_plain(engine, &plain, error))
        return false;
    size_t n = plain.policy != NULL ? tlog_policy_n_witnesses(plain.policy) : 0;
    for (size_t i = 0; i < n; i++)
        found = found || strcmp(tlog_policy_witness(plain.policy, i)->name, name) == 0;
    if (!found) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "there is no witness '%s'", name);
        return false;
    }
    g_autofree char *text = n == 1 ? g_strdup("") : write_plain(&plain, name, NULL, NULL);
    return witness_policy_set(engine, text, error);
}

bool
witness_policy_quorum(Engine *engine, const char *quorum, GError **error)
{
    g_auto(Plain) plain = { 0 };

    if (!load_plain(engine, &plain, error))
        return false;
    if (strpbrk(quorum, " \t\n") != NULL || plain.policy == NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  plain.policy == NULL ? "there are no witnesses yet"
                                       : "a quorum is 'all', 'any', 'none' or a number");
        return false;
    }
    g_free(plain.quorum);
    plain.quorum = g_strdup(quorum);
    g_autofree char *text = write_plain(&plain, NULL, NULL, NULL);
    return witness_policy_set(engine, text, error);
}
