/* SPDX-License-Identifier: Apache-2.0
 * tlog_policy: C2SP tlog-policy. Names are defined before they are used, and used once: so the
 * groups are a forest, and each is counted from those before it. */
#include "proof/tlog_policy.h"
#include <assert.h>
#include "base/encoding.h"
#include "base/limits.h"
#include "base/banned.h"

#define NO_MEMBER UINT_MAX
#define NONE_NAME "none"

typedef struct {                /* a witness or a group */
    char *name;                 /* owned */
    TlogPolicyWitness *witness; /* borrowed from policy->witnesses; NULL: a group */
    unsigned threshold;         /* of a group */
    GArray *members;            /* of a group: owned, of unsigned: positions in policy->named */
    bool used;                  /* a member of a group already */
} Named;

struct TlogPolicy {
    GPtrArray *logs;      /* owned; of TlogPolicyLog */
    GPtrArray *witnesses; /* owned; of TlogPolicyWitness */
    GPtrArray *named;     /* owned; of Named, in the order of the text */
    unsigned quorum;      /* position in named; NO_MEMBER: none */
    bool has_line;        /* the quorum line was seen */
};

static void
log_free(void *data)
{
    TlogPolicyLog *log = data;

    note_verifier_free(log->verifier);
    g_free(log->url);
    g_free(log);
}

static void
witness_free(void *data)
{
    TlogPolicyWitness *witness = data;

    g_free(witness->name);
    g_free(witness->vkey);
    cosigner_free(witness->cosigner);
    g_free(witness->url);
    g_free(witness);
}

static void
named_free(void *data)
{
    Named *named = data;

    g_free(named->name);
    if (named->members != NULL)
        g_array_unref(named->members);
    g_free(named);
}

void
tlog_policy_free(TlogPolicy *policy)
{
    if (policy == NULL)
        return;
    g_ptr_array_unref(policy->logs);
    g_ptr_array_unref(policy->witnesses);
    g_ptr_array_unref(policy->named);
    g_free(policy);
}

static bool
bad(GError **error, const char *why)
{
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "%s", why);
    return false;
}

static unsigned
find_named(const TlogPolicy *policy, const char *name)
{
    for (unsigned i = 0; i < policy->named->len; i++) {
        const Named *named = policy->named->pdata[i];

        if (strcmp(named->name, name) == 0)
            return i;
    }
    return NO_MEMBER;
}

static Named *
add_named(TlogPolicy *policy, const char *name, GError **error)
{
    if (strcmp(name, NONE_NAME) == 0 || find_named(policy, name) != NO_MEMBER) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "the name '%s' is taken", name);
        return NULL;
    }
    Named *named = g_new0(Named, 1);
    named->name = g_strdup(name);
    g_ptr_array_add(policy->named, named);
    return named;
}

/* log VKEY [URL] */
static bool
take_log(TlogPolicy *policy, char **words, unsigned n, GError **error)
{
    if (n < 2 || n > 3)
        return bad(error, "wanted 'log VKEY [URL]'");
    g_autoptr(NoteVerifier) verifier = note_verifier_parse(words[1], error);
    if (verifier == NULL)
        return false;
    for (unsigned i = 0; i < policy->logs->len; i++) {
        const TlogPolicyLog *other = policy->logs->pdata[i];

        if (public_key_equal(note_verifier_key(other->verifier), note_verifier_key(verifier)))
            return bad(error, "this log key is listed already");
    }
    TlogPolicyLog *log = g_new0(TlogPolicyLog, 1);
    log->verifier = g_steal_pointer(&verifier);
    log->url = g_strdup(n == 3 ? words[2] : NULL);
    g_ptr_array_add(policy->logs, log);
    return true;
}

/* witness NAME VKEY [URL] */
static bool
take_witness(TlogPolicy *policy, char **words, unsigned n, GError **error)
{
    g_autoptr(GError) local = NULL;

    if (n < 3 || n > 4)
        return bad(error, "wanted 'witness NAME VKEY [URL]'");
    g_autoptr(Cosigner) cosigner = cosigner_parse(words[2], &local);
    if (cosigner == NULL && error_kind(local) != ERROR_KIND_UNAVAILABLE) {
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    for (unsigned i = 0; i < policy->witnesses->len; i++) {
        const TlogPolicyWitness *other = policy->witnesses->pdata[i];

        if (strcmp(other->vkey, words[2]) == 0 ||
            (cosigner != NULL && other->cosigner != NULL &&
             public_key_equal(cosigner_key(other->cosigner), cosigner_key(cosigner))))
            return bad(error, "this witness key is listed already");
    }
    Named *named = add_named(policy, words[1], error);
    if (named == NULL)
        return false;
    TlogPolicyWitness *witness = g_new0(TlogPolicyWitness, 1);
    witness->name = g_strdup(words[1]);
    witness->vkey = g_strdup(words[2]);
    witness->cosigner = g_steal_pointer(&cosigner);
    witness->url = g_strdup(n == 4 ? words[3] : NULL);
    g_ptr_array_add(policy->witnesses, witness);
    named->witness = witness;
    return true;
}

static bool
parse_threshold(const char *text, unsigned n_members, unsigned *out, GError **error)
{
    uint64_t value = 0;

    if (strcmp(text, "any") == 0)
        value = 1;
    else if (strcmp(text, "all") == 0)
        value = n_members;
    else if (!decimal_parse(text, n_members, &value) || value == 0)
        return bad(error, "a group's threshold is 'any', 'all' or a number up to its members");
    *out = (unsigned)value;
    return true;
}

/* group NAME K MEMBER... */
static bool
take_group(TlogPolicy *policy, char **words, unsigned n, GError **error)
{
    unsigned threshold = 0;

    if (n < 4)
        return bad(error, "wanted 'group NAME THRESHOLD MEMBER...'");
    if (!parse_threshold(words[2], n - 3, &threshold, error))
        return false;
    g_autoptr(GArray) members = g_array_new(FALSE, FALSE, sizeof(unsigned));
    for (unsigned i = 3; i < n; i++) {
        unsigned at = find_named(policy, words[i]);
        Named *member = at != NO_MEMBER ? policy->named->pdata[at] : NULL;

        if (member == NULL || member->used) {
            error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "'%s' is %s", words[i],
                      member == NULL ? "not defined before" : "a member of a group already");
            return false;
        }
        member->used = true;
        g_array_append_val(members, at);
    }
    Named *named = add_named(policy, words[1], error);
    if (named == NULL)
        return false;
    named->threshold = threshold;
    named->members = g_steal_pointer(&members);
    return true;
}

/* quorum NAME */
static bool
take_quorum(TlogPolicy *policy, char **words, unsigned n, GError **error)
{
    if (n != 2)
        return bad(error, "wanted 'quorum NAME'");
    if (policy->has_line)
        return bad(error, "there is a quorum line already");
    policy->has_line = true;
    policy->quorum = NO_MEMBER;
    if (strcmp(words[1], NONE_NAME) == 0)
        return true;
    policy->quorum = find_named(policy, words[1]);
    if (policy->quorum == NO_MEMBER) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "'%s' is not defined before", words[1]);
        return false;
    }
    return true;
}

static bool
take_line(TlogPolicy *policy, const char *line, GError **error)
{
    static const struct {
        const char *word;
        bool (*take)(TlogPolicy *policy, char **words, unsigned n, GError **error);
    } kinds[] = { { "log", take_log },
                  { "witness", take_witness },
                  { "group", take_group },
                  { "quorum", take_quorum } };
    g_auto(GStrv) all = g_strsplit_set(line, " \t", -1);
    unsigned n = 0;

    for (unsigned i = 0; all[i] != NULL; i++) { /* runs of blanks leave empty words */
        if (all[i][0] == '\0')
            g_free(all[i]);
        else
            all[n++] = all[i];
        if (n <= i)
            all[i] = NULL;
    }
    if (n == 0 || all[0][0] == '#')
        return true;
    if (policy->logs->len + policy->named->len >= TLOG_POLICY_MAX_LINES)
        return bad(error, "too many logs, witnesses and groups");
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (strcmp(all[0], kinds[i].word) == 0)
            return kinds[i].take(policy, all, n, error);
    }
    return bad(error, "a line begins with 'log', 'witness', 'group' or 'quorum'");
}

static bool
check_octets(Span text, GError **error)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];

        if ((c < 0x20 && c != '\t' && c != '\n') || c == 0x7f)
            return bad(error, "cannot read witness policy: it holds control characters");
    }
    return true;
}

TlogPolicy *
tlog_policy_parse(Span text, GError **error)
{
    g_autoptr(TlogPolicy) policy = g_new0(TlogPolicy, 1);

    policy->logs = g_ptr_array_new_with_free_func(log_free);
    policy->witnesses = g_ptr_array_new_with_free_func(witness_free);
    policy->named = g_ptr_array_new_with_free_func(named_free);
    if (text.len > TLOG_POLICY_MAX_BYTES) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
                  "cannot read witness policy: %zu bytes, the limit is %u", text.len,
                  TLOG_POLICY_MAX_BYTES);
        return NULL;
    }
    if (!check_octets(text, error))
        return NULL;
    g_autofree char *copy = g_strndup((const char *)text.data, text.len);
    g_auto(GStrv) lines = g_strsplit(copy, "\n", -1);
    for (unsigned i = 0; lines[i] != NULL; i++) {
        if (take_line(policy, lines[i], error))
            continue;
        error_prefix(error, "cannot read witness policy: line %u", i + 1);
        return NULL;
    }
    if (!policy->has_line) {
        (void)bad(error, "cannot read witness policy: there is no quorum line");
        return NULL;
    }
    return g_steal_pointer(&policy);
}

size_t
tlog_policy_n_logs(const TlogPolicy *policy)
{
    return policy->logs->len;
}

const TlogPolicyLog *
tlog_policy_log(const TlogPolicy *policy, size_t i)
{
    assert(i < policy->logs->len);
    return policy->logs->pdata[i];
}

size_t
tlog_policy_n_witnesses(const TlogPolicy *policy)
{
    return policy->witnesses->len;
}

const TlogPolicyWitness *
tlog_policy_witness(const TlogPolicy *policy, size_t i)
{
    assert(i < policy->witnesses->len);
    return policy->witnesses->pdata[i];
}

bool
tlog_policy_has_quorum(const TlogPolicy *policy)
{
    return policy->quorum != NO_MEMBER;
}

static bool
check_logs(const TlogPolicy *policy, const Note *note, GError **error)
{
    g_autofree const NoteVerifier **verifiers = g_new0(const NoteVerifier *, policy->logs->len + 1);

    if (policy->logs->len == 0)
        return true;
    for (unsigned i = 0; i < policy->logs->len; i++)
        verifiers[i] = ((const TlogPolicyLog *)policy->logs->pdata[i])->verifier;
    return note_verify(note, verifiers, policy->logs->len, NULL, error);
}

/* For each name whether it has witnessed. @assume_unknown: count those we cannot check as if. */
static bool
count_quorum(const TlogPolicy *policy, const bool *cosigned, bool assume_unknown)
{
    g_autofree bool *holds = g_new0(bool, policy->named->len + 1);
    unsigned n_witness = 0;

    if (policy->quorum == NO_MEMBER)
        return true;
    for (unsigned i = 0; i < policy->named->len; i++) {
        const Named *named = policy->named->pdata[i];
        unsigned n = 0;

        if (named->witness != NULL) {
            holds[i] =
                cosigned[n_witness++] || (assume_unknown && named->witness->cosigner == NULL);
            continue;
        }
        for (unsigned j = 0; j < named->members->len; j++)
            n += holds[g_array_index(named->members, unsigned, j)] ? 1 : 0;
        holds[i] = n >= named->threshold;
    }
    return holds[policy->quorum];
}

bool
tlog_policy_check(const TlogPolicy *policy, const Note *note, size_t *n_witnesses_out,
                  GError **error)
{
    g_autofree bool *cosigned = g_new0(bool, policy->witnesses->len + 1);
    size_t n = 0;

    if (n_witnesses_out != NULL)
        *n_witnesses_out = 0;
    if (!check_logs(policy, note, error))
        return false;
    for (unsigned i = 0; i < policy->witnesses->len; i++) {
        const TlogPolicyWitness *witness = policy->witnesses->pdata[i];
        g_autoptr(GError) local = NULL;

        if (witness->cosigner == NULL)
            continue;
        cosigned[i] = cosignature_verify(note, witness->cosigner, NULL, &local);
        if (!cosigned[i] && error_kind(local) != ERROR_KIND_NOT_FOUND) {
            g_propagate_error(error, g_steal_pointer(&local));
            return false;
        }
        n += cosigned[i] ? 1 : 0;
    }
    if (n_witnesses_out != NULL)
        *n_witnesses_out = n;
    if (count_quorum(policy, cosigned, false))
        return true;
    if (count_quorum(policy, cosigned, true))
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
                  "the quorum needs a witness whose key type is not supported");
    else
        error_set(error, BASE_ERROR, BASE_ERROR_DENIED,
                  "%zu of %u witnesses have cosigned this checkpoint; that is not the quorum", n,
                  policy->witnesses->len);
    return false;
}
