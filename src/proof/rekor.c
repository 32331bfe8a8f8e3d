/* SPDX-License-Identifier: Apache-2.0
 * rekor: promises and checkpoints of Sigstore's logs. */
#include "proof/rekor.h"
#include "base/encoding.h"
#include "base/json.h"
#include "proof/checkpoint.h"
#include "base/banned.h"

#define TREE_ID_MARK " - "
#define N_NAMES      4

bool
rekor_verify_promise(const RekorLog *log, const RekorPromise *promise, Span signature,
                     GError **error)
{
    g_autofree char *body = base64_encode(promise->body);
    g_autoptr(json_t) object = json_object();
    char id[DIGEST_HEX_SIZE];
    size_t len = 0;

    digest_to_hex(&log->id, id);
    json_object_set_new(object, "body", json_string(body));
    json_object_set_new(object, "integratedTime", json_integer(promise->integrated_s));
    json_object_set_new(object, "logID", json_string(id));
    json_object_set_new(object, "logIndex", json_integer((json_int_t)promise->log_index));
    g_autofree char *text = json_canonical(object, &len, error);

    return text != NULL &&
           x509_key_verify(log->key, X509_HASH_NONE, span_of(text, len), signature, error);
}

static bool
untrusted(GError **error, const char *why)
{
    error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED, "%s", why);
    return false;
}

/* What a log is called: by its URL without the scheme, and, as other clients look for the host of the
 * URL alone, without port, path or both. @i: 0 to 3. Owned; NULL: no other than before. */
static char *
name_number(const char *name, unsigned i)
{
    size_t n_host = strcspn(name, ":/");
    size_t n_port = strcspn(name, "/");

    switch (i) {
    case 0:
        return g_strdup(name);
    case 1:
        return n_port > n_host ? g_strdup_printf("%.*s%s", (int)n_host, name, name + n_port) : NULL;
    case 2:
        return name[n_port] == '/' ? g_strndup(name, n_port) : NULL;
    default:
        return name[n_host] != '\0' ? g_strndup(name, n_host) : NULL;
    }
}

static bool
is_name_of(const char *text, const char *name)
{
    for (unsigned i = 0; i < N_NAMES; i++) {
        g_autofree char *own = name_number(name, i);
        if (own != NULL && strcmp(text, own) == 0)
            return true;
    }
    return false;
}

/* Of Rekor v1 the name, " - " and the id of the tree. */
static bool
origin_is_of(const char *origin, const char *name)
{
    const char *mark = g_strrstr(origin, TREE_ID_MARK);

    if (is_name_of(origin, name))
        return true;
    const char *id = mark != NULL ? mark + strlen(TREE_ID_MARK) : "";
    if (*id == '\0' || id[strspn(id, "0123456789")] != '\0')
        return false;
    g_autofree char *own = g_strndup(origin, (size_t)(mark - origin));
    return is_name_of(own, name);
}

bool
rekor_verify_checkpoint(const RekorLog *log, Span signed_note, MerkleHead *head_out, GError **error)
{
    g_autoptr(Note) note = note_parse(signed_note, error);
    g_autoptr(Checkpoint) checkpoint =
        note != NULL ? checkpoint_parse(note_text(note), error) : NULL;
    unsigned n = 0;

    if (checkpoint == NULL)
        return false;
    if (!origin_is_of(checkpoint->origin, log->name))
        return untrusted(error, "the checkpoint is of another log");
    for (size_t i = 0; i < note_n_signatures(note); i++) {
        const NoteSignature *line = note_signature(note, i);

        if (line->key_id != log->note_hint || !is_name_of(line->name, log->name))
            continue; /* witnesses, and keys of the log that we do not know */
        if (!x509_key_verify(log->key, X509_HASH_NONE, note_text(note),
                             span_of_bytes(line->signature), error))
            return false;
        n++;
    }
    if (n == 0)
        return untrusted(error, "no line of the checkpoint is by the log's key");
    *head_out = checkpoint->head;
    return true;
}
