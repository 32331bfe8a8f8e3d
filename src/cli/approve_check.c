/* SPDX-License-Identifier: Apache-2.0
 * approve_check: facts, checkpoint, seal, request, decision: in that order. */
#include "cli/approve_check.h"
#include <fcntl.h>
#include <string.h>
#include "attest/decision.h"
#include "attest/facts_line.h"
#include "attest/manifest.h"
#include "attest/trust.h"
#include "base/files.h"
#include "base/json.h"
#include "base/limits.h"
#include "fact/body.h"
#include "fact/fact.h"
#include "fact/fold.h"
#include "fact/root.h"
#include "proof/checkpoint.h"
#include "base/banned.h"

typedef struct Evidence { /* what was given; freed together */
    GPtrArray *lines;     /* owned, of FactsLine */
    GPtrArray *facts;     /* owned, of Fact */
    FactFold *roots;      /* owned: the roots alone, each admitted after the one before */
    FactRoot *root;       /* owned: the newest */
} Evidence;

static void
evidence_clear(Evidence *evidence)
{
    g_clear_pointer(&evidence->lines, g_ptr_array_unref);
    g_clear_pointer(&evidence->facts, g_ptr_array_unref);
    g_clear_pointer(&evidence->roots, fact_fold_free);
    g_clear_pointer(&evidence->root, fact_root_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Evidence, evidence_clear)

void
approve_subject_free(ApproveSubject *subject)
{
    if (subject == NULL)
        return;
    g_free(subject->release);
    g_free(subject->manifest);
    g_free(subject->targets);
    g_free(subject->root);
    g_clear_pointer(&subject->assets, g_ptr_array_unref);
    g_free(subject);
}

/* A root counts only by its own keys and those of the root before it. */
static bool
follow_root(Evidence *evidence, Fact *fact, GError **error)
{
    int64_t index = fact->index;
    g_autoptr(FactVerdict) verdict = NULL;
    bool ok = false;

    fact->index = FACT_INDEX_NONE; /* other entries lie between the roots */
    ok = fact_fold_apply(evidence->roots, fact, &verdict, error);
    fact->index = index;
    if (!ok)
        return false;
    if (verdict->outcome != FACT_ADMITTED) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED,
                  "the root at %" G_GINT64_FORMAT " does not follow from those before it: %s",
                  index, verdict->text);
        return false;
    }
    g_clear_pointer(&evidence->root, fact_root_free);
    evidence->root = fact_root_parse(fact->predicate->body, error);
    return evidence->root != NULL;
}

/* Entry 0 first, then by index, each signed by a key that the root of its time knows. */
static bool
add_fact(Evidence *evidence, const FactsLine *line, int64_t last_index, GError **error)
{
    Fact *fact = fact_parse(line->index, span_of_bytes(line->leaf), span_of_bytes(line->pae),
                            FACT_PARSE_CHECKED, error);

    if (fact == NULL)
        return false;
    g_ptr_array_add(evidence->facts, fact);
    if (line->index <= last_index ||
        (last_index < 0 && (line->index != 0 || fact->kind != FACT_ROOT))) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED,
                  "the engine did not show the root of its log");
        return false;
    }
    if (fact->kind == FACT_ROOT && !follow_root(evidence, fact, error))
        return false;
    if (fact_root_find_key(evidence->root, &fact->keyid) != NULL)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED,
              "fact %" G_GINT64_FORMAT " is signed by a key the root does not know", line->index);
    return false;
}

static bool
parse_facts(const json_t *lines, Evidence *evidence, GError **error)
{
    size_t i = 0;
    json_t *text = NULL;
    int64_t last_index = -1;

    evidence->lines = g_ptr_array_new_with_free_func((GDestroyNotify)facts_line_free);
    evidence->facts = g_ptr_array_new_with_free_func((GDestroyNotify)fact_free);
    evidence->roots = fact_fold_new();
    json_array_foreach (lines, i, text) {
        FactsLine *line = NULL;

        if (!json_is_string(text)) {
            error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "the facts shown are not text");
            return false;
        }
        line = facts_line_parse(span_of_text(json_string_value(text)), error);
        if (line == NULL)
            return false;
        g_ptr_array_add(evidence->lines, line);
        if (!add_fact(evidence, line, last_index, error))
            return false;
        last_index = line->index;
    }
    if (evidence->root != NULL)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED,
              "the engine did not show the root of its log");
    return false;
}

/* Every line is in the log the root speaks of. */
static bool
check_included(const Evidence *evidence, const char *checkpoint_text, GError **error)
{
    const RootKey *log_key = fact_root_find_role(evidence->root, KEY_ROLE_LOG);
    g_autoptr(PublicKey) key =
        log_key != NULL ? public_key_from_spki(span_of_bytes(log_key->spki), error) : NULL;
    g_autoptr(Checkpoint) checkpoint = NULL;

    checkpoint = key != NULL ? checkpoint_verify(span_of_text(checkpoint_text),
                                                 evidence->root->origin, key, error)
                             : NULL;
    if (checkpoint == NULL)
        return false;
    for (guint i = 0; i < evidence->lines->len; i++) {
        const FactsLine *line = evidence->lines->pdata[i];
        Digest leaf = merkle_leaf_hash(span_of_bytes(line->leaf));
        MerkleProof proof = { .hashes = line->hashes, .n_hashes = line->n_hashes };

        if (!merkle_verify_inclusion(&leaf, (uint64_t)line->index, &checkpoint->head, proof,
                                     error)) {
            error_prefix(error, "fact %" G_GINT64_FORMAT " is not in the log", line->index);
            return false;
        }
    }
    return true;
}

static const Fact *
find_fact(const Evidence *evidence, const Digest *s, FactKind kind, GError **error)
{
    for (guint i = 0; i < evidence->facts->len; i++) {
        const Fact *fact = evidence->facts->pdata[i];

        if (fact->kind == kind && digest_equal(&fact->s, s))
            return fact;
    }
    error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED,
              "the decision names a %s that is not in the log", fact_kind_name(kind));
    return NULL;
}

/* The words of the decision are those of an approval by @wanted->person of @wanted->release:
 * whoever asks for a signature does not choose what it says. */
static bool
check_words(const Evidence *evidence, const Decision *decision, const ApproveWanted *wanted,
            GError **error)
{
    const char *release = g_str_has_prefix(wanted->release, "release:")
                              ? wanted->release + strlen("release:")
                              : wanted->release;

    if (decision->verb == DECISION_APPROVE && decision->action == DECISION_ACTION_PUBLISH &&
        decision->environment == NULL && decision->has_request &&
        strcmp(decision->log, evidence->root->origin) == 0 &&
        strcmp(decision->person, wanted->person) == 0 &&
        g_str_has_prefix(decision->object, "release:") &&
        strcmp(decision->object + strlen("release:"), release) == 0)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED,
              "the engine asks for something else than the approval of '%s' by '%s'", release,
              wanted->person);
    return false;
}

/* The decision is about this seal and this request, and they belong together. */
static bool
check_decision(const Evidence *evidence, const Decision *decision, const Fact **seal_out,
               RequestBody *request_out, GError **error)
{
    const Fact *request = NULL;

    *seal_out = find_fact(evidence, &decision->manifest, FACT_SEAL, error);
    request =
        *seal_out != NULL ? find_fact(evidence, &decision->request, FACT_REQUEST, error) : NULL;
    if (request == NULL || !fact_body_request(request->predicate->body, request_out, error))
        return false;
    if (digest_equal(&request_out->manifest, &decision->manifest) &&
        strcmp((*seal_out)->predicate->object, decision->object) == 0 &&
        strcmp(request->predicate->object, decision->object) == 0)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED,
              "the request is about another manifest than the decision");
    return false;
}

static bool
check_pinned(const Evidence *evidence, const char *path, GError **error)
{
    g_autofree char *text = file_read_text(AT_FDCWD, path, LIMIT_KEY_FILE_BYTES, error);
    g_autoptr(Trust) trust = text != NULL ? trust_parse(span_of_text(text), error) : NULL;

    if (trust == NULL)
        return false;
    if (digest_equal(&trust->root, &((const Fact *)evidence->facts->pdata[0])->s) &&
        strcmp(trust->origin, evidence->root->origin) == 0)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED, "this is not the log that '%s' trusts",
              path);
    return false;
}

static bool
describe(ApproveSubject *subject, const Evidence *evidence, const Fact *seal,
         const RequestBody *request, GError **error)
{
    g_autoptr(Manifest) manifest = manifest_parse(seal->predicate->body, error);
    g_autoptr(GString) targets = g_string_new(NULL);
    size_t i = 0;
    json_t *target = NULL;

    if (manifest == NULL)
        return false;
    subject->release = g_strdup(seal->predicate->object + strlen("release:"));
    subject->manifest = g_strdup(seal->s_text);
    subject->root = g_strdup(((const Fact *)evidence->facts->pdata[0])->s_text);
    subject->assets = g_ptr_array_new_with_free_func(g_free);
    for (guint k = 0; k < manifest->assets->len; k++) {
        const ManifestAsset *asset = manifest->assets->pdata[k];
        char digest[DIGEST_STRING_SIZE];

        digest_to_string(&asset->digest, digest);
        g_ptr_array_add(subject->assets, g_strdup_printf("%s  %s", asset->name, digest));
    }
    json_array_foreach (request->targets, i, target)
        g_string_append_printf(targets, "%s%s", i > 0 ? ", " : "", json_string_value(target));
    subject->targets = g_strdup(targets->str);
    return true;
}

/* As its bytes will be signed. */
static Decision *
parse_decision(const json_t *asked, GError **error)
{
    json_t *json = json_need_object(asked, "decision", "answer", error);
    g_autofree char *text = NULL;
    size_t len = 0;

    if (json == NULL)
        return NULL;
    text = json_canonical(json, &len, error);
    return text != NULL ? decision_parse(span_of(text, len), error) : NULL;
}

ApproveSubject *
approve_check(const json_t *asked, const ApproveWanted *wanted, GError **error)
{
    g_autoptr(ApproveSubject) subject = g_new0(ApproveSubject, 1);
    g_auto(Evidence) evidence = { 0 };
    g_autoptr(Decision) decision = parse_decision(asked, error);
    json_t *lines = decision != NULL ? json_need_array(asked, "facts", "answer", error) : NULL;
    const char *checkpoint =
        lines != NULL ? json_need_string(asked, "checkpoint", "answer", error) : NULL;
    const Fact *seal = NULL;
    RequestBody request = { 0 };

    if (checkpoint == NULL || !parse_facts(lines, &evidence, error) ||
        !check_included(&evidence, checkpoint, error) ||
        !check_words(&evidence, decision, wanted, error) ||
        !check_decision(&evidence, decision, &seal, &request, error) ||
        (wanted->trust_path != NULL && !check_pinned(&evidence, wanted->trust_path, error)) ||
        !describe(subject, &evidence, seal, &request, error)) {
        error_prefix(error, "nothing was signed");
        return NULL;
    }
    subject->root_pinned = wanted->trust_path != NULL;
    return g_steal_pointer(&subject);
}
