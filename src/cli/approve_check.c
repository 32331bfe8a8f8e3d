/* SPDX-License-Identifier: Apache-2.0
 * approve_check: facts, checkpoint, seal, request, decision: in that order. */
#include "cli/approve_check.h"
#include <fcntl.h>
#include <string.h>
#include "attest/facts_line.h"
#include "attest/manifest.h"
#include "attest/trust.h"
#include "base/files.h"
#include "base/json.h"
#include "base/limits.h"
#include "fact/body.h"
#include "fact/fact.h"
#include "fact/root.h"
#include "proof/checkpoint.h"
#include "base/banned.h"

typedef struct Evidence { /* what was given; freed together */
    GPtrArray *lines;     /* owned, of FactsLine */
    GPtrArray *facts;     /* owned, of Fact */
    FactRoot *root;       /* owned: the newest */
} Evidence;

static void
evidence_clear(Evidence *evidence)
{
    g_clear_pointer(&evidence->lines, g_ptr_array_unref);
    g_clear_pointer(&evidence->facts, g_ptr_array_unref);
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

static bool
parse_facts(const json_t *lines, Evidence *evidence, GError **error)
{
    size_t i = 0;
    json_t *text = NULL;

    evidence->lines = g_ptr_array_new_with_free_func((GDestroyNotify)facts_line_free);
    evidence->facts = g_ptr_array_new_with_free_func((GDestroyNotify)fact_free);
    json_array_foreach (lines, i, text) {
        FactsLine *line = facts_line_parse(span_of_text(json_string_value(text)), error);
        Fact *fact = NULL;

        if (line == NULL)
            return false;
        g_ptr_array_add(evidence->lines, line);
        fact = fact_parse(line->index, span_of_bytes(line->leaf), span_of_bytes(line->pae),
                          FACT_PARSE_CHECKED, error);
        if (fact == NULL)
            return false;
        g_ptr_array_add(evidence->facts, fact);
        if (fact->kind == FACT_ROOT) {
            g_clear_pointer(&evidence->root, fact_root_free);
            evidence->root = fact_root_parse(fact->predicate->body, error);
            if (evidence->root == NULL)
                return false;
        }
    }
    if (evidence->root == NULL || ((const Fact *)evidence->facts->pdata[0])->index != 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED,
                  "the engine did not show the root of its log");
        return false;
    }
    return true;
}

/* Every line is in the log the root speaks of, and by a key the root knows. */
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
        const Fact *fact = evidence->facts->pdata[i];
        Digest leaf = merkle_leaf_hash(span_of_bytes(line->leaf));
        MerkleProof proof = { .hashes = line->hashes, .n_hashes = line->n_hashes };

        if (!merkle_verify_inclusion(&leaf, (uint64_t)line->index, &checkpoint->head, proof,
                                     error)) {
            error_prefix(error, "fact %" G_GINT64_FORMAT " is not in the log", line->index);
            return false;
        }
        if (fact_root_find_key(evidence->root, &fact->keyid) == NULL) {
            error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED,
                      "fact %" G_GINT64_FORMAT " is signed by a key the root does not know",
                      line->index);
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

/* The decision is about this seal and this request, and they belong together. */
static bool
check_decision(const Evidence *evidence, const json_t *decision, const Fact **seal_out,
               RequestBody *request_out, GError **error)
{
    const Fact *request = NULL;
    Digest manifest;
    Digest request_s;

    if (!json_need_digest(decision, "manifest", "decision", &manifest, error) ||
        !json_need_digest(decision, "request", "decision", &request_s, error))
        return false;
    *seal_out = find_fact(evidence, &manifest, FACT_SEAL, error);
    request = *seal_out != NULL ? find_fact(evidence, &request_s, FACT_REQUEST, error) : NULL;
    if (request == NULL || !fact_body_request(request->predicate->body, request_out, error))
        return false;
    if (!digest_equal(&request_out->manifest, &manifest) ||
        strcmp(request->predicate->object, (*seal_out)->predicate->object) != 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED,
                  "the request is about another manifest than the decision");
        return false;
    }
    return true;
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

ApproveSubject *
approve_check(const json_t *asked, const char *trust_path, GError **error)
{
    g_autoptr(ApproveSubject) subject = g_new0(ApproveSubject, 1);
    g_auto(Evidence) evidence = { 0 };
    json_t *lines = json_need_array(asked, "facts", "answer", error);
    json_t *decision = lines != NULL ? json_need_object(asked, "decision", "answer", error) : NULL;
    const char *checkpoint =
        decision != NULL ? json_need_string(asked, "checkpoint", "answer", error) : NULL;
    const Fact *seal = NULL;
    RequestBody request = { 0 };

    if (checkpoint == NULL || !parse_facts(lines, &evidence, error) ||
        !check_included(&evidence, checkpoint, error) ||
        !check_decision(&evidence, decision, &seal, &request, error) ||
        (trust_path != NULL && !check_pinned(&evidence, trust_path, error)) ||
        !describe(subject, &evidence, seal, &request, error)) {
        error_prefix(error, "nothing was signed");
        return NULL;
    }
    subject->root_pinned = trust_path != NULL;
    return g_steal_pointer(&subject);
}
