/* SPDX-License-Identifier: Apache-2.0
 * rekor: promises and checkpoints of Sigstore's logs. */
#include "proof/rekor.h"
#include "base/encoding.h"
#include "base/json.h"
#include "proof/checkpoint.h"
#include "base/banned.h"

#define TREE_ID_MARK " - "

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

/* What of @text is behind @name, or behind @name without its port: a log may be named by its host
 * alone, as other clients demand. NULL: another name. */
static const char *
behind_name(const char *text, const char *name)
{
    size_t n_host = strcspn(name, ":/");
    const char *tail = name + n_host;

    if (g_str_has_prefix(text, name))
        return text + strlen(name);
    if (*tail != ':' || strncmp(text, name, n_host) != 0)
        return NULL;
    tail += strcspn(tail, "/");
    return g_str_has_prefix(text + n_host, tail) ? text + n_host + strlen(tail) : NULL;
}

static bool
is_name_of(const char *text, const char *name)
{
    const char *rest = behind_name(text, name);

    return rest != NULL && *rest == '\0';
}

static bool
origin_is_of(const char *origin, const char *name)
{
    const char *rest = behind_name(origin, name);

    if (rest == NULL)
        return false;
    if (*rest == '\0')
        return true;
    if (strncmp(rest, TREE_ID_MARK, strlen(TREE_ID_MARK)) != 0)
        return false;
    rest += strlen(TREE_ID_MARK);
    return *rest != '\0' && rest[strspn(rest, "0123456789")] == '\0';
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
