/* SPDX-License-Identifier: Apache-2.0
 * detached: a format is a row: how it is told, and who verifies it. */
#include "verify/detached.h"
#include <assert.h>
#include <fcntl.h>
#include "attest/sshsig.h"
#include "attest/sshsig_signers.h"
#include "base/encoding.h"
#include "base/files.h"
#include "proof/file_hash.h"
#include "proof/foreign_key.h"
#include "proof/minisign.h"
#include "verify/detached_priv.h"
#include "verify/verify_priv.h"
#include "base/banned.h"

#define PGP_CLEAR "-----BEGIN PGP SIGNED MESSAGE-----"
#define PGP_ARMOR "-----BEGIN PGP SIGNATURE-----"

typedef struct {
    const DetachedPaths *paths; /* borrowed */
    const char *subject;        /* borrowed; the file's path */
    GBytes *signature;          /* borrowed */
    int fd;                     /* borrowed; of the file, at its beginning */
    int64_t now_us;
    VerifyReport *report; /* borrowed */
} Job;

static const char *const names[DETACHED_N_FORMATS] = {
    [DETACHED_NONE] = "none",       [DETACHED_RAW] = "signature",
    [DETACHED_SSHSIG] = "sshsig",   [DETACHED_MINISIGN] = "minisign",
    [DETACHED_OPENPGP] = "openpgp", [DETACHED_CLEARSIGNED] = "openpgp",
    [DETACHED_RFC3161] = "rfc3161", [DETACHED_DSSE] = "dsse",
    [DETACHED_BUNDLE] = "sigstore",
};

const char *
detached_format_name(DetachedFormat format)
{
    assert(format < DETACHED_N_FORMATS);
    return names[format];
}

static bool
begins_with(Span span, const char *text)
{
    return span.len >= strlen(text) && memcmp(span.data, text, strlen(text)) == 0;
}

/* An OpenPGP signature packet (RFC 4880 section 4.2) of the old or the new form, version 3 to 5. */
static bool
is_pgp_packet(Span span)
{
    static const uint8_t heads[] = { 0x88, 0x89, 0x8a, 0xc2 };

    for (size_t i = 0; span.len > 8 && i < sizeof heads; i++) {
        size_t version_at = heads[i] == 0x88 ? 2 : heads[i] == 0x89 ? 3 : heads[i] == 0x8a ? 5 : 0;
        if (heads[i] == 0xc2)
            version_at = span.data[1] < 192 ? 2 : span.data[1] < 224 ? 3 : 6;
        if (span.data[0] == heads[i] && span.data[version_at] >= 3 && span.data[version_at] <= 5)
            return true;
    }
    return false;
}

/* A TimeStampResp: SEQUENCE, in it the SEQUENCE of a PKIStatusInfo, in it an INTEGER. */
static bool
is_timestamp(Span span)
{
    size_t head = span.len > 1 && span.data[1] > 0x80 ? 2u + (span.data[1] & 0x7fu) : 2u;

    return span.len > head + 5 && span.data[0] == 0x30 && span.data[head] == 0x30 &&
           span.data[head + 1] < 0x80 && span.data[head + 2] == 0x02 && span.data[head + 3] == 1;
}

DetachedFormat
detached_format(Span signature)
{
    if (sshsig_is_armored(signature))
        return DETACHED_SSHSIG;
    if (minisign_is_one(signature))
        return DETACHED_MINISIGN;
    if (begins_with(signature, PGP_CLEAR))
        return DETACHED_CLEARSIGNED;
    if (begins_with(signature, PGP_ARMOR) || is_pgp_packet(signature))
        return DETACHED_OPENPGP;
    if (signature.len > 0 && signature.data[0] == '{') {
        const char *text = (const char *)signature.data;
        gssize len = (gssize)MIN(signature.len, (size_t)DETACHED_SIGNATURE_BYTES);
        return g_strstr_len(text, len, "\"mediaType\"") != NULL ? DETACHED_BUNDLE : DETACHED_DSSE;
    }
    return is_timestamp(signature) ? DETACHED_RFC3161 : DETACHED_RAW;
}

GBytes *
detached_read_signature(const DetachedPaths *paths, GError **error)
{
    const char *path = paths->signature != NULL ? paths->signature : paths->file;

    return file_read(AT_FDCWD, path, DETACHED_SIGNATURE_BYTES, error);
}

/* A key file the user gave; @option: how to give it. Owned. */
static GBytes *
read_given(const char *path, const char *option, GError **error)
{
    if (path != NULL)
        return file_read(AT_FDCWD, path, SSH_SIGNERS_MAX_BYTES, error);
    error_set(error, BASE_ERROR, BASE_ERROR_DENIED, "this signature cannot be verified without %s",
              option);
    return NULL;
}

/* Adds the check @name: what holds, or what is wrong; clears @local. */
static bool
note(Job *job, const char *name, bool ok, GError **local, const char *good)
{
    ErrorKind kind = ok ? ERROR_KIND_NONE : error_kind(*local);

    if (ok)
        verify_report_add(job->report, VERIFY_OK, name, job->subject, "%s", good);
    else
        verify_report_add(
            job->report, kind == ERROR_KIND_UNAVAILABLE ? VERIFY_UNSUPPORTED : VERIFY_NOT_AUTHENTIC,
            name, job->subject, "%s", (*local)->message);
    g_clear_error(local);
    return ok;
}

/* ssh-keygen -Y: who may sign. */

static bool
check_ssh_key(Job *job, const SshsigParts *parts, GError **error)
{
    g_autoptr(GBytes) text = read_given(job->paths->key, "--allowed-signers or --key", error);
    g_autofree char *line = NULL;
    g_autoptr(GError) local = NULL;

    if (text == NULL)
        return false;
    line = g_strndup(g_bytes_get_data(text, NULL), g_bytes_get_size(text));
    g_autoptr(GBytes) key = ssh_key_blob_from_line(g_strstrip(line), error);
    if (key == NULL)
        return false;
    Span wanted = span_of_bytes(key);
    bool ok = wanted.len == parts->key.len && memcmp(wanted.data, parts->key.data, wanted.len) == 0;
    if (!ok)
        error_set(&local, BASE_ERROR, BASE_ERROR_UNTRUSTED, "the signature is by another key");
    (void)note(job, "signer", ok, &local, "the key given");
    return true;
}

static bool
check_ssh_signers(Job *job, const SshsigParts *parts, GError **error)
{
    g_autoptr(GBytes) text = read_given(job->paths->allowed_signers, "", error);
    g_autoptr(SshSigners) signers =
        text != NULL ? ssh_signers_parse(span_of_bytes(text), error) : NULL;
    SshSignersQuestion question = { parts->key, parts->namespace, job->paths->identity,
                                    job->now_us };
    g_autoptr(GError) local = NULL;
    const char *who = NULL;

    if (signers == NULL)
        return false;
    bool ok = ssh_signers_allow(signers, &question, &who, &local);
    (void)note(job, "signer", ok, &local, who);
    return true;
}

static bool
check_ssh_hash(Job *job, const SshsigParts *parts, GError **error)
{
    const char *hash_name = sshsig_hash_name(parts);
    g_autoptr(GError) local = NULL;
    FileHash hash = { 0 };

    if (hash_name == NULL) {
        verify_report_add(job->report, VERIFY_UNSUPPORTED, "signature", job->subject,
                          "the signature's hash is neither sha256 nor sha512");
        return true;
    }
    if (!file_hash(job->fd, hash_name, &hash, error))
        return false;
    bool ok = sshsig_verify_hash(parts, file_hash_span(&hash), &local);
    (void)note(job, "signature", ok, &local, "the SSH signature holds");
    return true;
}

static bool
verify_sshsig(Job *job, GError **error)
{
    const char *wanted =
        job->paths->name_space != NULL ? job->paths->name_space : SSHSIG_NAMESPACE_FILE;
    g_autoptr(GError) local = NULL;
    g_autoptr(GBytes) blob = sshsig_dearmor(span_of_bytes(job->signature), &local);
    SshsigParts parts;

    if (blob == NULL || !sshsig_split(span_of_bytes(blob), &parts, &local)) {
        (void)note(job, "signature", false, &local, NULL);
        return true;
    }
    if (!check_ssh_hash(job, &parts, error))
        return false;
    bool same = parts.namespace.len == strlen(wanted) &&
                memcmp(parts.namespace.data, wanted, strlen(wanted)) == 0;
    g_autofree char *got = g_strndup((const char *)parts.namespace.data, parts.namespace.len);
    if (!same)
        error_set(&local, BASE_ERROR, BASE_ERROR_UNTRUSTED,
                  "the signature is for namespace '%s', wanted '%s'", got, wanted);
    (void)note(job, "namespace", same, &local, wanted);
    return job->paths->allowed_signers != NULL ? check_ssh_signers(job, &parts, error)
                                               : check_ssh_key(job, &parts, error);
}

/* minisign, signify. */

/* What the file's signature is over: the file, its hash, or what the signature embeds. Owned. */
static GBytes *
minisign_message(Job *job, const Minisign *minisign, GError **error)
{
    FileHash hash = { 0 };

    if (job->paths->signature == NULL && minisign->message != NULL)
        return g_bytes_ref(minisign->message);
    if (job->paths->signature == NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_DENIED,
                  "'%s' is a detached signature: name the file too", job->subject);
        return NULL;
    }
    if (minisign->kind == MINISIGN_WHOLE)
        return fd_read_all(job->fd, DETACHED_WHOLE_BYTES, error);
    if (!file_hash(job->fd, MINISIGN_HASH, &hash, error))
        return NULL;
    return g_bytes_new(hash.bytes, hash.len);
}

static bool
verify_minisign(Job *job, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(Minisign) minisign = minisign_parse(span_of_bytes(job->signature), &local);
    g_autoptr(GBytes) text = read_given(job->paths->key, "--key", error);
    g_autoptr(MinisignKey) key =
        text != NULL ? minisign_key_parse(span_of_bytes(text), error) : NULL;

    if (key == NULL)
        return false;
    if (minisign == NULL) {
        (void)note(job, "signature", false, &local, NULL);
        return true;
    }
    g_autoptr(GBytes) message = minisign_message(job, minisign, error);
    if (message == NULL)
        return false;
    bool ok = minisign_verify(minisign, key, span_of_bytes(message), &local);
    (void)note(job, "signature", ok, &local, "the signature by the key given holds");
    if (ok && minisign->trusted_comment != NULL)
        verify_report_add(job->report, VERIFY_OK, "comment", job->subject, "%s",
                          minisign->trusted_comment);
    if (ok && minisign->message != NULL && job->paths->signature != NULL)
        verify_report_add(job->report, VERIFY_OK, "embedded", job->subject,
                          "the signature carries a copy of the file, which is the same");
    return true;
}

/* A signature alone. */

/* The signature's bytes: as they are, or what their base64 says. Owned. */
static GBytes *
raw_signature(GBytes *file)
{
    g_autofree char *text = g_strndup(g_bytes_get_data(file, NULL), g_bytes_get_size(file));
    GBytes *decoded = base64_decode(g_strstrip(text), NULL);

    return decoded != NULL ? decoded : g_bytes_ref(file);
}

static bool
check_raw(Job *job, const ForeignKey *key, GBytes *signature, bool *ok, GError **error)
{
    Span span = span_of_bytes(signature);

    *ok = false;
    for (const ForeignScheme *scheme = foreign_key_schemes(key);
         !*ok && *scheme != FOREIGN_SCHEME_NONE; scheme++) {
        const char *hash_name = foreign_scheme_hash(*scheme);
        FileHash hash = { 0 };
        if (hash_name == NULL) {
            g_autoptr(GBytes) whole = fd_read_all(job->fd, DETACHED_WHOLE_BYTES, error);
            if (whole == NULL)
                return false;
            *ok = foreign_key_check(key, *scheme, span_of_bytes(whole), span);
        } else {
            if (!file_hash(job->fd, hash_name, &hash, error))
                return false;
            *ok = foreign_key_check_hash(key, *scheme, file_hash_span(&hash), span);
        }
    }
    return true;
}

static bool
verify_raw(Job *job, GError **error)
{
    g_autoptr(GBytes) text = read_given(job->paths->key, "--key", error);
    g_autoptr(ForeignKey) key = text != NULL ? foreign_key_parse(span_of_bytes(text), error) : NULL;
    g_autoptr(GBytes) signature = raw_signature(job->signature);
    g_autoptr(GError) local = NULL;
    bool ok = false;

    if (key == NULL || !check_raw(job, key, signature, &ok, error))
        return false;
    if (!ok)
        error_set(&local, BASE_ERROR, BASE_ERROR_UNTRUSTED,
                  "it is no signature of the file by the %s key given",
                  foreign_key_kind_name(foreign_key_kind(key)));
    (void)note(job, "signature", ok, &local, "the signature by the key given holds");
    return true;
}

/* RFC 3161. */

static bool
verify_timestamp(Job *job, GError **error)
{
    g_autoptr(GBytes) chain = read_given(job->paths->tsa_chain, "--tsa-chain", error);
    g_autoptr(GBytes) whole =
        chain != NULL ? fd_read_all(job->fd, DETACHED_WHOLE_BYTES, error) : NULL;
    g_autoptr(VerifyReport) report =
        whole != NULL
            ? detached_timestamp_report(job->subject, span_of_bytes(whole),
                                        span_of_bytes(job->signature), span_of_bytes(chain), error)
            : NULL;

    if (report == NULL)
        return false;
    for (unsigned i = 0; i < report->checks->len; i++) {
        const VerifyCheck *check = g_ptr_array_index(report->checks, i);
        verify_report_add(job->report, check->result, check->name, check->subject, "%s",
                          check->text);
    }
    return true;
}

static bool
not_here(Job *job, DetachedFormat format)
{
    const char *why = format == DETACHED_DSSE ? "an attestation: 'verify-attestation' judges it"
                      : format == DETACHED_BUNDLE
                          ? "a bundle: 'sigstore verify-bundle' judges it"
                          : "OpenPGP: 'slipway verify-file --keyring' judges it, by gpgv";

    verify_report_add(job->report, VERIFY_UNSUPPORTED, "format", job->subject,
                      "the signature is %s", why);
    return true;
}

static bool
run(Job *job, GError **error)
{
    DetachedFormat format = detached_format(span_of_bytes(job->signature));

    if (job->paths->signature == NULL && format != DETACHED_MINISIGN &&
        format != DETACHED_CLEARSIGNED) {
        error_set(error, BASE_ERROR, BASE_ERROR_DENIED,
                  "'%s' carries no signature: name one with --signature", job->subject);
        return false;
    }
    switch (format) {
    case DETACHED_SSHSIG:
        return verify_sshsig(job, error);
    case DETACHED_MINISIGN:
        return verify_minisign(job, error);
    case DETACHED_RAW:
        return verify_raw(job, error);
    case DETACHED_RFC3161:
        return verify_timestamp(job, error);
    default:
        return not_here(job, format);
    }
}

VerifyReport *
detached_verify(const DetachedPaths *paths, int64_t now_us, GError **error)
{
    g_autoptr(VerifyReport) report = verify_report_new();
    g_autoptr(GBytes) signature = detached_read_signature(paths, error);
    AUTO_FD int fd = signature != NULL ? open(paths->file, O_RDONLY | O_CLOEXEC) : -1;
    Job job = { .paths = paths,
                .subject = paths->file,
                .signature = signature,
                .fd = fd,
                .now_us = now_us,
                .report = report };

    if (signature == NULL)
        return NULL;
    if (fd < 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "cannot read '%s'", paths->file);
        return NULL;
    }
    if (!run(&job, error)) {
        error_prefix(error, "cannot verify '%s'", paths->file);
        return NULL;
    }
    return g_steal_pointer(&report);
}
