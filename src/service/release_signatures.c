/* SPDX-License-Identifier: Apache-2.0
 * release_signatures: which files, and the signer asked for each. */
#include "service/release_signatures.h"
#include <string.h>
#include <sys/mman.h>
#include "base/files.h"
#include "format/derived.h"
#include "keys/minisign.h"
#include "keys/openpgp.h"
#include "keys/ssh_wire.h"
#include "signer/files.h"
#include "base/banned.h"

#define CHECKSUM_NAME "CHECKSUM.asc"
#define US_PER_S      1000000

typedef struct Format {
    const char *suffix; /* NULL: one file over all assets */
    DerivedGenerator generator;
} Format;

static const Format formats_made[SIGNER_FILE_N_FORMATS] = {
    [SIGNER_FILE_OPENPGP] = { ".asc", DERIVED_OPENPGP },
    [SIGNER_FILE_CHECKSUM] = { NULL, DERIVED_OPENPGP },
    [SIGNER_FILE_SSHSIG] = { ".sig", DERIVED_SSHSIG },
    [SIGNER_FILE_MINISIGN] = { ".minisig", DERIVED_MINISIGN },
};

static SignerFileFormat
format_of(const ManifestDerived *derived)
{
    for (SignerFileFormat format = SIGNER_FILE_NONE + 1; format < SIGNER_FILE_N_FORMATS; format++) {
        if (formats_made[format].generator == derived->generator &&
            (formats_made[format].suffix == NULL) == (derived->of == NULL))
            return format;
    }
    return SIGNER_FILE_NONE;
}

/* The key must be in the root before anything is sealed: else nobody could verify what it signs. */
static bool
check_key(Engine *engine, GError **error)
{
    g_autoptr(GPtrArray) keys = signer_public_keys(engine->signer, error);
    g_auto(EngineView) view = { 0 };
    g_autoptr(FactRoot) root = NULL;

    if (keys == NULL || !engine_view_open(engine, &view, error) ||
        !fact_view_root(view.view, &root, NULL, error))
        return false;
    for (guint i = 0; root != NULL && i < keys->len; i++) {
        const SignerPublicKey *key = keys->pdata[i];
        const RootKey *named =
            key->role == SIGNER_ROLE_FORMAT ? fact_root_find_key(root, &key->keyid) : NULL;

        if (named != NULL && named->role == KEY_ROLE_FORMAT)
            return true;
    }
    error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
              "'signatures' asks for signatures of files, and this engine has no key for them that "
              "its root names: make one with 'slipway keys replace'");
    return false;
}

static void
add_format(Manifest *manifest, const Format *format)
{
    if (format->suffix == NULL) {
        manifest_add_derived(manifest, CHECKSUM_NAME, format->generator, NULL);
        return;
    }
    for (guint i = 0; i < manifest->assets->len; i++) {
        const ManifestAsset *asset = manifest->assets->pdata[i];
        g_autofree char *name = g_strconcat(asset->name, format->suffix, NULL);

        manifest_add_derived(manifest, name, format->generator, asset->name);
    }
}

bool
release_signatures_add(Engine *engine, Manifest *manifest, const char *const *formats,
                       GError **error)
{
    bool has_any = false;

    for (size_t i = 0; formats[i] != NULL; i++) {
        SignerFileFormat format = signer_file_format_from_name(formats[i]);

        if (formats[i][0] == '\0')
            continue;
        if (format == SIGNER_FILE_NONE) {
            error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                      "there are no signatures of format '%s'", formats[i]);
            return false;
        }
        add_format(manifest, &formats_made[format]);
        has_any = true;
    }
    return !has_any || check_key(engine, error);
}

GArray *
release_derived_assets(const Manifest *manifest)
{
    GArray *assets = g_array_new(FALSE, FALSE, sizeof(DerivedAsset));

    for (guint i = 0; i < manifest->assets->len; i++) {
        const ManifestAsset *asset = manifest->assets->pdata[i];
        DerivedAsset derived = { .name = asset->name,
                                 .digest = asset->digest,
                                 .size_bytes = (uint64_t)asset->size_bytes };

        g_array_append_val(assets, derived);
    }
    return assets;
}

/* The list of digests as a file in memory; -1 on error. */
static int
open_list(const Manifest *manifest, GError **error)
{
    g_autoptr(GArray) assets = release_derived_assets(manifest);
    g_autofree char *text =
        derived_checksum_list((const DerivedAsset *)(void *)assets->data, assets->len);
    AUTO_FD int fd = memfd_create("checksums", MFD_CLOEXEC);

    if (fd < 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot make a file in memory");
        return -1;
    }
    return fd_write_all(fd, span_of_text(text), error) ? fd_steal(&fd) : -1;
}

char *
release_signature_make(Engine *engine, const Manifest *manifest, const ManifestDerived *derived,
                       int64_t made_at_us, GError **error)
{
    SignerFileFormat format = format_of(derived);
    const ManifestAsset *asset =
        derived->of != NULL ? manifest_find_asset(manifest, derived->of) : NULL;
    uint64_t size = 0;
    AUTO_FD int fd = -1;
    char *text = NULL;

    if (format == SIGNER_FILE_NONE) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE, "cannot make '%s'", derived->name);
        return NULL;
    }
    fd = asset != NULL ? store_open_blob(engine->store, &asset->digest, &size, error)
                       : open_list(manifest, error);
    if (fd < 0)
        return NULL;
    text = signer_sign_file(engine->signer, format, fd, asset != NULL ? asset->name : derived->name,
                            made_at_us / US_PER_S, error);
    if (text == NULL)
        error_prefix(error, "cannot make '%s'", derived->name);
    return text;
}

/* ---- for those who verify
 * -------------------------------------------------------------------------- */

static PublicKey *
format_key(Engine *engine, GError **error)
{
    g_autoptr(GPtrArray) keys = signer_public_keys(engine->signer, error);

    for (guint i = 0; keys != NULL && i < keys->len; i++) {
        const SignerPublicKey *key = keys->pdata[i];

        if (key->role == SIGNER_ROLE_FORMAT)
            return public_key_from_spki(span_of_bytes(key->spki), error);
    }
    if (keys != NULL)
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                  "this engine has no key for signatures of files");
    return NULL;
}

/* Everything in the words of the programs it is for. */
static json_t *
describe(const PublicKey *key, const char *signer, const char *certificate, GError **error)
{
    g_autoptr(GBytes) blob = ssh_wire_blob(key, error);
    g_autofree char *minisign = blob != NULL ? minisign_public_key(key, error) : NULL;
    g_autofree char *openpgp_name = minisign != NULL ? openpgp_fingerprint(key, error) : NULL;

    if (openpgp_name == NULL)
        return NULL;
    g_autofree char *line = ssh_wire_public_line(span_of_bytes(blob));
    g_autofree char *allowed = g_strdup_printf("%s namespaces=\"file\" %s\n", signer, line);
    g_autofree char *ssh_name = ssh_wire_fingerprint(span_of_bytes(blob));
    g_autofree char *minisign_name = minisign_shown_id(key);
    Digest keyid = public_key_keyid(key);
    char hex[DIGEST_HEX_SIZE];

    digest_to_hex(&keyid, hex);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:{s:s, s:s, s:s}}", "signer", signer, "keyId", hex,
                     "sshFingerprint", ssh_name, "openpgpFingerprint", openpgp_name, "minisignId",
                     minisign_name, "keys", "ssh", allowed, "minisign", minisign, "openpgp",
                     certificate);
}

bool
release_signature_keys(Engine *engine, json_t **result_out, GError **error)
{
    g_autoptr(PublicKey) key = format_key(engine, error);
    g_autofree char *certificate =
        key != NULL ? signer_format_certificate(engine->signer, engine->origin, error) : NULL;

    *result_out = certificate != NULL ? describe(key, engine->origin, certificate, error) : NULL;
    return *result_out != NULL;
}
