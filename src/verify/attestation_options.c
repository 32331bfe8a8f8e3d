/* SPDX-License-Identifier: Apache-2.0
 * attestation_options: what command lines name: keys in files, files by their digest, rules. */
#include <fcntl.h>
#include <unistd.h>
#include "base/encoding.h"
#include "base/files.h"
#include "proof/file_hash.h"
#include "verify/attestation.h"
#include "base/banned.h"

const AttestationOption attestation_options[] = {
    { "source-uri", SLSA_RULE_SOURCE, VSA_RULE_NONE },
    { "source-branch", SLSA_RULE_BRANCH, VSA_RULE_NONE },
    { "source-tag", SLSA_RULE_TAG, VSA_RULE_NONE },
    { "source-versioned-tag", SLSA_RULE_VERSIONED_TAG, VSA_RULE_NONE },
    { "source-commit", SLSA_RULE_COMMIT, VSA_RULE_NONE },
    { "builder-id", SLSA_RULE_BUILDER, VSA_RULE_NONE },
    { "build-type", SLSA_RULE_BUILD_TYPE, VSA_RULE_NONE },
    { "workflow", SLSA_RULE_WORKFLOW, VSA_RULE_NONE },
    { "build-workflow-input", SLSA_RULE_INPUT, VSA_RULE_NONE },
    { "verifier-id", SLSA_RULE_NONE, VSA_RULE_VERIFIER },
    { "resource-uri", SLSA_RULE_NONE, VSA_RULE_RESOURCE },
    { "verified-level", SLSA_RULE_NONE, VSA_RULE_LEVEL },
    { NULL, SLSA_RULE_NONE, VSA_RULE_NONE },
};

static const char *const type_names[ATTESTATION_N_TYPES] = {
    [ATTESTATION_ANY] = "any",
    [ATTESTATION_SLSA] = "slsa",
    [ATTESTATION_VSA] = "vsa",
};

static AttestationType
type_from_name(const char *name)
{
    for (AttestationType type = ATTESTATION_ANY; type < ATTESTATION_N_TYPES; type++) {
        if (strcmp(type_names[type], name) == 0)
            return type;
    }
    return ATTESTATION_N_TYPES;
}

bool
attestation_choose_type(const char *name, const AttestationRule *rules, size_t n_rules,
                        AttestationType *type_out, GError **error)
{
    bool slsa = false, vsa = false;

    for (size_t i = 0; i < n_rules; i++) {
        slsa = slsa || rules[i].slsa != SLSA_RULE_NONE;
        vsa = vsa || rules[i].vsa != VSA_RULE_NONE;
    }
    AttestationType asked = slsa ? ATTESTATION_SLSA : vsa ? ATTESTATION_VSA : ATTESTATION_ANY;
    AttestationType named = name != NULL ? type_from_name(name) : asked;
    if ((slsa && vsa) || named == ATTESTATION_N_TYPES ||
        (asked != ATTESTATION_ANY && named != asked)) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "the type is 'slsa', 'vsa' or 'any', and what is asked is of that one type");
        return false;
    }
    *type_out = named;
    return true;
}

bool
attestation_add_key(GPtrArray *keys, const char *spec, GError **error)
{
    const char *equals = access(spec, F_OK) == 0 ? NULL : strchr(spec, '=');
    g_autofree char *keyid = equals != NULL ? g_strndup(spec, (size_t)(equals - spec)) : NULL;
    g_autoptr(GBytes) text =
        file_read(AT_FDCWD, equals != NULL ? equals + 1 : spec, FOREIGN_KEY_MAX_BYTES, error);
    g_autoptr(ForeignKey) key = text != NULL ? foreign_key_parse(span_of_bytes(text), error) : NULL;

    if (key == NULL) {
        error_prefix(error, "cannot use key '%s'", spec);
        return false;
    }
    g_ptr_array_add(keys, dsse_key_new(keyid, key));
    return true;
}

char *
attestation_file_sha256(const char *path, GError **error)
{
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    FileHash hash = { 0 };

    if (fd < 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "cannot read '%s'", path);
        return NULL;
    }
    return file_hash(fd, "SHA256", &hash, error) ? hex_encode(file_hash_span(&hash)) : NULL;
}
