/* SPDX-License-Identifier: Apache-2.0
 * person: keys of people and their signatures. */
#include "cli/person.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "attest/decision.h"
#include "attest/sshsig.h"
#include "base/encoding.h"
#include "base/files.h"
#include "base/json.h"
#include "base/limits.h"
#include "fact/root.h"
#include "keys/key_file.h"
#include "keys/key_source.h"
#include "keys/ssh_agent.h"
#include "keys/sshsig_sign.h"
#include "sys/paths.h"
#include "sys/process.h"
#include "base/banned.h"

#define SSH_PRIVATE_HEAD   "-----BEGIN OPENSSH PRIVATE KEY-----"
#define NATIVE_PREFIX      "slipway-native "
#define SSH_KEYGEN_TIMEOUT (5 * 60 * 1000) /* a person may have to touch a token */

/* ---- keys
 * ----------------------------------------------------------------------------------------- */

/* Folder and name of a path; the folder is opened. */
static int
open_parent(const char *path, char **name_out, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    int fd = dir_open(AT_FDCWD, folder, error);

    if (fd >= 0)
        *name_out = g_path_get_basename(path);
    return fd;
}

/* The line of a public key file. Owned. */
static char *
public_line(const Signer *signer)
{
    g_autofree char *encoded = base64_encode(public_key_spki(signer_public_key(signer)));

    return g_strconcat(NATIVE_PREFIX, encoded, NULL);
}

bool
person_make_key_as(const char *path, const PersonKeyNew *wanted, char **public_out, GError **error)
{
    g_autofree char *name = NULL;
    g_autoptr(Signer) signer = NULL;
    AUTO_FD int fd = open_parent(path, &name, error);

    if (fd < 0)
        return false;
    signer = wanted->passphrase != NULL
                 ? key_file_generate_sealed(fd, name, wanted->kind, wanted->passphrase, error)
                 : key_file_generate(fd, name, wanted->kind, error);
    if (signer == NULL)
        return false;
    g_autofree char *public_name = g_strdup_printf("%s.pub", name);
    g_autofree char *line = wanted->kind == PUBLIC_KEY_ED25519
                                ? public_line(signer)
                                : public_key_to_pem(signer_public_key(signer));
    g_strchomp(line);
    g_autofree char *content = g_strconcat(line, "\n", NULL);
    if (!file_write_new(fd, public_name, span_of_text(content), 0644, error))
        return false;
    *public_out = g_steal_pointer(&line);
    return true;
}

bool
person_make_key(const char *path, char **public_out, GError **error)
{
    return person_make_key_as(path, &(PersonKeyNew){ .kind = PUBLIC_KEY_ED25519 }, public_out,
                              error);
}

bool
person_take_key(const char *path, char **public_out, GError **error)
{
    g_autofree char *name = NULL;
    g_autoptr(Signer) signer = NULL;
    AUTO_FD int fd = open_parent(path, &name, error);

    if (fd < 0)
        return false;
    signer = faccessat(fd, name, F_OK, 0) == 0
                 ? key_file_load(fd, name, error)
                 : key_file_generate(fd, name, PUBLIC_KEY_ED25519, error);
    if (signer == NULL)
        return false;
    g_autofree char *public_name = g_strdup_printf("%s.pub", name);
    g_autofree char *line = public_line(signer);
    g_autofree char *content = g_strconcat(line, "\n", NULL);
    if (!file_write_atomic(fd, public_name, span_of_text(content), 0644, error))
        return false;
    *public_out = g_steal_pointer(&line);
    return true;
}

json_t *
person_read_public_key(const char *path, GError **error)
{
    g_autofree char *text = file_read_text(AT_FDCWD, path, LIMIT_KEY_FILE_BYTES, error);
    g_autoptr(GBytes) key = NULL;
    ProofScheme scheme = PROOF_SSHSIG;

    if (text == NULL)
        return NULL;
    g_strchomp(text);
    if (g_str_has_prefix(text, NATIVE_PREFIX)) {
        scheme = PROOF_NATIVE;
        key = base64_decode(text + strlen(NATIVE_PREFIX), error);
    } else {
        key = ssh_key_blob_from_line(text, error);
    }
    if (key == NULL) {
        error_prefix(error, "'%s' is not a public key", path);
        return NULL;
    }
    return fact_person_key_json(NULL, scheme, span_of_bytes(key));
}

/* ---- signing
 * -------------------------------------------------------------------------------------- */

static GBytes *
decision_bytes(const json_t *decision, GError **error)
{
    g_autofree char *text = NULL;
    g_autoptr(Decision) checked = NULL;
    size_t len = 0;

    text = json_canonical(decision, &len, error);
    checked = text != NULL ? decision_parse(span_of(text, len), error) : NULL;
    return checked != NULL ? g_bytes_new(text, len) : NULL;
}

static bool
sign_native(const char *path, Span message, DecisionProof *proof, GError **error)
{
    g_autoptr(Signer) signer = key_source_open(path, &(PassphraseSource){ .ask = true }, error);
    Span spki = { 0 };

    if (signer == NULL)
        return false;
    if (public_key_kind(signer_public_key(signer)) != PUBLIC_KEY_ED25519) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "'%s' is not an Ed25519 key: people sign with those, or with SSH keys", path);
        return false;
    }
    spki = public_key_spki(signer_public_key(signer));
    proof->scheme = PROOF_NATIVE;
    proof->key_id = digest_of(spki);
    return signer_sign(signer, message, &proof->data, error);
}

/* A key of an SSH agent, without ssh-keygen. */
static bool
sign_agent(const char *key, Span message, DecisionProof *proof, GError **error)
{
    g_autoptr(Signer) signer = ssh_agent_open(key + strlen(SSH_AGENT_PREFIX), error);
    g_autofree char *armored = NULL;
    ContentHash hash;

    if (signer == NULL ||
        !content_hash_span(SSHSIG_HASH, message, span_of(NULL, 0), &hash, error) ||
        (armored = sshsig_sign(signer, SSHSIG_NAMESPACE_DECISION, &hash, error)) == NULL)
        return false;
    proof->scheme = PROOF_SSHSIG;
    proof->key_id = digest_of(ssh_agent_blob(signer));
    proof->data = sshsig_dearmor(span_of_text(armored), error);
    return proof->data != NULL;
}

/* The public half beside a private SSH key file, or the file itself. */
static GBytes *
ssh_public_blob(const char *path, GError **error)
{
    g_autofree char *public_path =
        g_str_has_suffix(path, ".pub") ? g_strdup(path) : g_strdup_printf("%s.pub", path);
    g_autofree char *line = file_read_text(AT_FDCWD, public_path, LIMIT_KEY_FILE_BYTES, error);

    return line != NULL ? ssh_key_blob_from_line(g_strchomp(line), error) : NULL;
}

static bool
run_ssh_keygen(const char *path, Span message, GBytes **armored_out, GError **error)
{
    const char *agent = g_getenv("SSH_AUTH_SOCK");
    g_autofree char *agent_env = agent != NULL ? g_strdup_printf("SSH_AUTH_SOCK=%s", agent) : NULL;
    const char *const argv[] = { "ssh-keygen", "-Y", "sign", "-n", SSHSIG_NAMESPACE_DECISION,
                                 "-f",         path, NULL };
    const char *const env[] = { "PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", agent_env, NULL };
    ProcessSpec spec = { PROCESS_SPEC_INIT, .argv = argv, .env = env };
    g_auto(ProcessResult) result = { 0 };

    if (!process_run(&spec, message, LIMIT_KEY_FILE_BYTES, SSH_KEYGEN_TIMEOUT, NULL, &result,
                     error))
        return false;
    if (result.exit.exit_code != 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_DENIED, "ssh-keygen did not sign with '%s': %s",
                  path, g_strchomp(result.errors));
        return false;
    }
    *armored_out = g_bytes_ref(result.output);
    return true;
}

static bool
sign_ssh(const char *path, Span message, DecisionProof *proof, GError **error)
{
    g_autoptr(GBytes) blob = ssh_public_blob(path, error);
    g_autoptr(GBytes) armored = NULL;

    if (blob == NULL || !run_ssh_keygen(path, message, &armored, error))
        return false;
    proof->scheme = PROOF_SSHSIG;
    proof->key_id = digest_of(span_of_bytes(blob));
    proof->data = sshsig_dearmor(span_of_bytes(armored), error);
    return proof->data != NULL;
}

/* A private SSH key by its first line, a public one by its name; for any other file the native
 * reader says what is wrong with it. */
static bool
is_ssh_key(const char *path)
{
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    char head[sizeof SSH_PRIVATE_HEAD - 1] = { 0 };

    return g_str_has_suffix(path, ".pub") ||
           (fd >= 0 && read(fd, head, sizeof head) == (ssize_t)sizeof head &&
            memcmp(head, SSH_PRIVATE_HEAD, sizeof head) == 0);
}

static bool
sign_any(PersonKeyKind kind, const char *path, Span message, DecisionProof *proof, GError **error)
{
    switch (key_source_kind(path)) {
    case KEY_SOURCE_SSH_AGENT:
        return sign_agent(path, message, proof, error);
    case KEY_SOURCE_FILE:
        return kind == PERSON_KEY_SSH || is_ssh_key(path)
                   ? sign_ssh(path, message, proof, error)
                   : sign_native(path, message, proof, error);
    default:
        return sign_native(path, message, proof, error);
    }
}

bool
person_sign(const json_t *decision, PersonKeyKind kind, const char *path, json_t **pair_out,
            GError **error)
{
    g_autoptr(GBytes) bytes = decision_bytes(decision, error);
    g_autoptr(GBytes) message = bytes != NULL ? decision_pae(span_of_bytes(bytes)) : NULL;
    g_autoptr(DecisionProof) proof = g_new0(DecisionProof, 1);

    if (message == NULL || !sign_any(kind, path, span_of_bytes(message), proof, error))
        return false;
    *pair_out = decision_pair_to_json(span_of_bytes(bytes), proof, error);
    return *pair_out != NULL;
}

GBytes *
person_run_self(const char *const *words, const char *input, GError **error)
{
    static const char *const kept[] = { "SSH_AUTH_SOCK", PASSPHRASE_FILE_VARIABLE };
    g_autofree char *program = paths_self(error);
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_autoptr(GPtrArray) env = g_ptr_array_new_with_free_func(g_free);
    g_auto(ProcessResult) result = { 0 };

    g_ptr_array_add(argv, program);
    for (; *words != NULL; words++)
        g_ptr_array_add(argv, (gpointer)*words);
    g_ptr_array_add(argv, NULL);
    g_ptr_array_add(env, g_strdup("PATH=/usr/bin:/bin"));
    g_ptr_array_add(env, g_strdup("LC_ALL=C.UTF-8"));
    for (size_t i = 0; i < G_N_ELEMENTS(kept); i++) {
        if (g_getenv(kept[i]) != NULL)
            g_ptr_array_add(env, g_strdup_printf("%s=%s", kept[i], g_getenv(kept[i])));
    }
    g_ptr_array_add(env, NULL);
    ProcessSpec spec = { PROCESS_SPEC_INIT, .argv = (const char *const *)argv->pdata,
                         .env = (const char *const *)env->pdata };
    if (program == NULL ||
        !process_run(&spec, span_of_text(input), LIMIT_JSON_BYTES, -1, NULL, &result, error))
        return NULL;
    if (result.exit.exit_code != 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_DENIED, "%s", g_strchomp(result.errors));
        return NULL;
    }
    return g_bytes_ref(result.output);
}

bool
person_sign_apart(const json_t *decision, PersonKeyKind kind, const char *path, json_t **pair_out,
                  GError **error)
{
    g_autofree char *input = json_dumps(decision, JSON_COMPACT);
    const char *const words[] = { "keys", "sign", kind == PERSON_KEY_SSH ? "--ssh-key" : "--key",
                                  path, NULL };
    g_autoptr(GBytes) output = person_run_self(words, input, error);

    if (output == NULL)
        return false;
    *pair_out = json_parse(span_of_bytes(output), LIMIT_JSON_BYTES, error);
    return *pair_out != NULL;
}
