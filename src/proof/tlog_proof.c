/* SPDX-License-Identifier: Apache-2.0
 * tlog_proof: C2SP tlog-proof@v1: a header, the index, the audit path, an empty line, the
 * checkpoint. */
#include "proof/tlog_proof.h"
#include <inttypes.h>
#include "base/encoding.h"
#include "base/limits.h"
#include "proof/checkpoint.h"
#include "base/banned.h"

#define HEADER "c2sp.org/tlog-proof@v1"
#define EXTRA  "extra "
#define INDEX  "index "

void
tlog_proof_free(TlogProofFile *file)
{
    if (file == NULL)
        return;
    g_clear_pointer(&file->extra, g_bytes_unref);
    g_free(file->hashes);
    g_clear_pointer(&file->checkpoint, g_bytes_unref);
    g_free(file);
}

static bool
bad(GError **error, const char *why)
{
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "cannot read log proof: %s", why);
    return false;
}

static bool
parse_index(const char *line, uint64_t *out)
{
    return g_str_has_prefix(line, INDEX) && decimal_parse(line + strlen(INDEX), INT64_MAX, out);
}

static bool
parse_hashes(TlogProofFile *file, char **lines, GError **error)
{
    size_t n = g_strv_length(lines);

    if (n > LIMIT_PROOF_HASHES)
        return bad(error, "too many hashes");
    file->hashes = g_new0(Digest, n + 1);
    for (size_t i = 0; i < n; i++) {
        g_autoptr(GBytes) hash = base64_decode(lines[i], NULL);

        if (hash == NULL || g_bytes_get_size(hash) != DIGEST_SIZE)
            return bad(error, "a line of the path is not base64 of 32 bytes");
        memcpy(file->hashes[i].bytes, g_bytes_get_data(hash, NULL), DIGEST_SIZE);
    }
    file->n_hashes = n;
    return true;
}

static bool
parse_head(TlogProofFile *file, const char *text, GError **error)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    unsigned at = 1;

    if (lines[0] == NULL || strcmp(lines[0], HEADER) != 0)
        return bad(error, "it does not begin with '" HEADER "'");
    if (lines[at] != NULL && g_str_has_prefix(lines[at], EXTRA)) {
        file->extra = base64_decode(lines[at] + strlen(EXTRA), NULL);
        if (file->extra == NULL)
            return bad(error, "the extra data is not base64");
        at++;
    }
    if (lines[at] == NULL || !parse_index(lines[at], &file->index))
        return bad(error, "it has no index line");
    return parse_hashes(file, lines + at + 1, error);
}

TlogProofFile *
tlog_proof_parse(Span text, GError **error)
{
    g_autoptr(TlogProofFile) file = g_new0(TlogProofFile, 1);

    if (text.len > TLOG_PROOF_MAX_BYTES) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
                  "cannot read log proof: %zu bytes, the limit is %u", text.len,
                  TLOG_PROOF_MAX_BYTES);
        return NULL;
    }
    const uint8_t *split = NULL;
    for (size_t i = 0; i + 1 < text.len && split == NULL; i++) {
        if (text.data[i] == '\n' && text.data[i + 1] == '\n')
            split = text.data + i;
    }
    if (split == NULL || !utf8_is_valid(text)) {
        (void)bad(error, "there is no checkpoint in it");
        return NULL;
    }
    size_t head_len = (size_t)(split - text.data);
    g_autofree char *head = g_strndup((const char *)text.data, head_len);
    if (!parse_head(file, head, error))
        return NULL;
    file->checkpoint = g_bytes_new(split + 2, text.len - head_len - 2);
    return g_steal_pointer(&file);
}

char *
tlog_proof_format(Span extra, uint64_t index, MerkleProof proof, Span checkpoint)
{
    GString *out = g_string_new(HEADER "\n");

    if (extra.len > 0) {
        g_autofree char *base64 = base64_encode(extra);

        g_string_append_printf(out, EXTRA "%s\n", base64);
    }
    g_string_append_printf(out, INDEX "%" PRIu64 "\n", index);
    for (size_t i = 0; i < proof.n_hashes; i++) {
        g_autofree char *base64 = base64_encode(span_of(proof.hashes[i].bytes, DIGEST_SIZE));

        g_string_append_printf(out, "%s\n", base64);
    }
    g_string_append_c(out, '\n');
    g_string_append_len(out, (const char *)checkpoint.data, (gssize)checkpoint.len);
    return g_string_free(out, FALSE);
}

bool
tlog_proof_verify(const TlogProofFile *file, const Digest *leaf_hash, const TlogPolicy *policy,
                  GError **error)
{
    g_autoptr(Note) note = note_parse(span_of_bytes(file->checkpoint), error);
    g_autoptr(Checkpoint) checkpoint =
        note != NULL ? checkpoint_parse(note_text(note), error) : NULL;
    bool is_known = false;

    if (checkpoint == NULL)
        return false;
    for (size_t i = 0; i < tlog_policy_n_logs(policy); i++)
        is_known = is_known || strcmp(note_verifier_name(tlog_policy_log(policy, i)->verifier),
                                      checkpoint->origin) == 0;
    if (!is_known) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED, "the policy lists no log '%s'",
                  checkpoint->origin);
        return false;
    }
    MerkleProof proof = { .hashes = file->hashes, .n_hashes = file->n_hashes };
    return tlog_policy_check(policy, note, NULL, error) &&
           merkle_verify_inclusion(leaf_hash, file->index, &checkpoint->head, proof, error);
}
