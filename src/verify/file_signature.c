/* SPDX-License-Identifier: Apache-2.0
 * file_signature: OpenPGP, SSH and minisign signatures beside the files of a release. Each must hold
 * by a format key of the root, and must be what publishing writes, to the byte: Ed25519 gives one
 * signature for one message, and all else follows from key, file and time of the intent. */
#include "verify/file_signature_priv.h"
#include <string.h>
#include "attest/sshsig.h"
#include "format/derived.h"
#include "proof/minisign.h"
#include "proof/openpgp_layout.h"
#include "base/banned.h"

#define US_PER_S 1000000

typedef struct Job {
    Verification *v;
    const ManifestDerived *derived;
    const PublicKey *key;
    int64_t made_at_s;
    Span text;
} Job;

static bool
refuse(GError **error, const char *why)
{
    error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED, "%s", why);
    return false;
}

static bool
is_text(const Job *job, const char *wanted, GError **error)
{
    if (job->text.len == strlen(wanted) && memcmp(job->text.data, wanted, job->text.len) == 0)
        return true;
    return refuse(error, "is not, to the byte, the signature that publishing writes");
}

static bool
hash_asset(const Job *job, const char *algorithm, Span tail, FileHash *out, GError **error)
{
    VerifySource *source = job->v->source;

    return source->driver->hash(source, job->derived->of, algorithm, tail, out, error);
}

/* The armored packet with the signature in the text, if it holds over @hash. Owned. */
static GByteArray *
openpgp_packet(const Job *job, const OpenpgpDraft *draft, const FileHash *hash, GError **error)
{
    uint8_t raw[OPENPGP_SIGNATURE_SIZE];
    Span signature = span_of(raw, sizeof raw);
    GByteArray *packet = NULL;

    if (!openpgp_draft_find_signature(draft, job->text, raw, error) ||
        !public_key_verify(job->key, file_hash_span(hash), signature, error))
        return NULL;
    packet = g_byte_array_new();
    openpgp_draft_end(draft, file_hash_span(hash), signature, packet);
    return packet;
}

static bool
check_openpgp(const Job *job, GError **error)
{
    g_auto(OpenpgpDraft) draft = { 0 };
    g_autoptr(GByteArray) packet = NULL;
    FileHash hash;

    if (!openpgp_draft_begin(&draft, OPENPGP_BINARY, job->key, job->made_at_s, error) ||
        !hash_asset(job, OPENPGP_HASH, span_of(draft.trailer->data, draft.trailer->len), &hash,
                    error) ||
        (packet = openpgp_packet(job, &draft, &hash, error)) == NULL)
        return false;
    g_autofree char *wanted = openpgp_armor("SIGNATURE", packet);
    return is_text(job, wanted, error);
}

/* The clear-signed list of all assets. */
static bool
check_checksums(const Job *job, GError **error)
{
    g_autoptr(GArray) assets = verify_derived_assets(job->v);
    g_autofree char *list =
        derived_checksum_list((const DerivedAsset *)(void *)assets->data, assets->len);
    g_autoptr(GString) canonical = openpgp_canonical_text(list);
    g_auto(OpenpgpDraft) draft = { 0 };
    g_autoptr(GByteArray) packet = NULL;
    FileHash hash;

    if (!openpgp_draft_begin(&draft, OPENPGP_TEXT, job->key, job->made_at_s, error) ||
        !bytes_hash(OPENPGP_HASH, span_of(canonical->str, canonical->len),
                    span_of(draft.trailer->data, draft.trailer->len), &hash, error) ||
        (packet = openpgp_packet(job, &draft, &hash, error)) == NULL)
        return false;
    g_autofree char *wanted = openpgp_clear_text(list, packet);
    return is_text(job, wanted, error);
}

static bool
check_sshsig(const Job *job, GError **error)
{
    g_autoptr(GBytes) blob = sshsig_dearmor(job->text, error);
    g_autoptr(PublicKey) key = NULL;
    const char *name_space = SSHSIG_NAMESPACE_FILE;
    SshsigParts parts;
    FileHash hash;

    if (blob == NULL || !sshsig_split(span_of_bytes(blob), &parts, error) ||
        (key = ssh_key_from_blob(parts.key, error)) == NULL)
        return false;
    if (!public_key_equal(key, job->key))
        return refuse(error, "is by another key");
    if (parts.namespace.len != strlen(name_space) ||
        memcmp(parts.namespace.data, name_space, parts.namespace.len) != 0 ||
        parts.reserved.len != 0 || g_strcmp0(sshsig_hash_name(&parts), OPENPGP_HASH) != 0)
        return refuse(error, "is of another namespace or hash");
    if (!hash_asset(job, sshsig_hash_name(&parts), span_of(NULL, 0), &hash, error) ||
        !sshsig_verify_hash(&parts, file_hash_span(&hash), error))
        return false;
    g_autofree char *wanted = sshsig_armor(span_of_bytes(blob));
    return is_text(job, wanted, error);
}

static bool
check_minisign(const Job *job, GError **error)
{
    g_autoptr(Minisign) minisign = minisign_parse(job->text, error);
    MinisignKey key = { .key = (PublicKey *)job->key };
    FileHash hash;

    if (minisign == NULL)
        return false;
    minisign_key_id(job->key, key.id);
    if (minisign->kind != MINISIGN_PREHASHED)
        return refuse(error, "is of another kind");
    if (!hash_asset(job, MINISIGN_HASH, span_of(NULL, 0), &hash, error) ||
        !minisign_verify(minisign, &key, file_hash_span(&hash), error))
        return false;
    g_autofree char *comment = minisign_file_comment(job->made_at_s, job->derived->of);
    g_autofree char *wanted =
        minisign_format(job->key, span_of(minisign->signature, sizeof minisign->signature), comment,
                        span_of(minisign->global, sizeof minisign->global));
    return is_text(job, wanted, error);
}

static bool
check(const Job *job, GError **error)
{
    switch (job->derived->generator) {
    case DERIVED_OPENPGP:
        return job->derived->of != NULL ? check_openpgp(job, error) : check_checksums(job, error);
    case DERIVED_SSHSIG:
        return job->derived->of != NULL ? check_sshsig(job, error)
                                        : refuse(error, "is over no file");
    case DERIVED_MINISIGN:
        return job->derived->of != NULL ? check_minisign(job, error)
                                        : refuse(error, "is over no file");
    default:
        return refuse(error, "is no signature");
    }
}

static void
report_good(const Job *job)
{
    static const char *const formats[DERIVED_N_GENERATORS] = {
        [DERIVED_OPENPGP] = "OpenPGP",
        [DERIVED_SSHSIG] = "SSH",
        [DERIVED_MINISIGN] = "minisign",
    };
    g_autofree char *key = public_key_fingerprint(job->key);

    verify_report_add(job->v->report, VERIFY_OK, "derived", job->derived->name,
                      "%s signature over %s by format key %s", formats[job->derived->generator],
                      job->derived->of != NULL ? job->derived->of : "the digests of all files",
                      key);
}

bool
verify_file_signature(Verification *v, const ManifestDerived *derived, Span text, GError **error)
{
    Job job = { .v = v, .derived = derived, .text = text };
    g_autoptr(GError) why = NULL;

    job.made_at_s = v->intent != NULL ? v->intent->predicate->at_us / US_PER_S : 0;
    for (unsigned i = 0; v->root != NULL && i < v->root->keys->len; i++) {
        const RootKey *candidate = g_ptr_array_index(v->root->keys, i);
        g_autoptr(PublicKey) key = NULL;

        if (candidate->role != KEY_ROLE_FORMAT)
            continue;
        g_clear_error(&why);
        key = public_key_from_spki(span_of_bytes(candidate->spki), &why);
        job.key = key;
        if (key != NULL && check(&job, &why)) {
            report_good(&job);
            return true;
        }
        if (error_kind(why) == ERROR_KIND_IO) {
            g_propagate_error(error, g_steal_pointer(&why));
            return false;
        }
    }
    verify_report_add(v->report, VERIFY_NOT_AUTHENTIC, "derived", derived->name, "%s",
                      why != NULL ? why->message : "the root names no key for signatures of files");
    return true;
}
