/* SPDX-License-Identifier: Apache-2.0
 * The verification cases of sigstore-conformance (vectors/sigstore-bundles, FORMAT.md there): a folder
 * a case, each by artifact and by digest. */
#include <dirent.h>
#include <fcntl.h>
#include "base/clock.h"
#include "base/files.h"
#include "base/limits.h"
#include "testing.h"
#include "verify/sigstore.h"
#include "base/banned.h"

#define IDENTITY                                                                                   \
    "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/"              \
    ".github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main"
#define ISSUER         "https://token.actions.githubusercontent.com"
#define MAX_CASE_NAMES 10000

typedef struct {
    char *root;          /* owned: VECTORS/sigstore-bundles, or NULL */
    GPtrArray *names;    /* owned */
    GPtrArray *failures; /* owned, of owned texts */
} Fixture;

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);
    const char *vectors = getenv("VECTORS");

    f->root = vectors != NULL ? g_build_filename(vectors, "sigstore-bundles", NULL) : NULL;
    f->failures = g_ptr_array_new_with_free_func(g_free);
    if (f->root != NULL)
        f->names = dir_list(AT_FDCWD, f->root, MAX_CASE_NAMES, NULL);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    if (f->names != NULL)
        g_ptr_array_unref(f->names);
    g_ptr_array_unref(f->failures);
    g_free(f->root);
    g_free(f);
    return 0;
}

/* A file of the case, or NULL. */
static GBytes *
read_own(int dir_fd, const char *name)
{
    return file_read(dir_fd, name, LIMIT_JSON_BYTES, NULL);
}

static char *
text_or(int dir_fd, const char *name, const char *otherwise)
{
    char *text = file_read_text(dir_fd, name, 4096, NULL);

    return text != NULL ? g_strchomp(text) : g_strdup(otherwise);
}

typedef struct {
    GBytes *bundle, *root, *key; /* owned */
    char *identity, *issuer;     /* owned */
    int artifact_fd;
    Digest digest;
} Case;

static void
case_clear(Case *c)
{
    g_clear_pointer(&c->bundle, g_bytes_unref);
    g_clear_pointer(&c->root, g_bytes_unref);
    g_clear_pointer(&c->key, g_bytes_unref);
    g_free(c->identity);
    g_free(c->issuer);
    fd_clear(&c->artifact_fd);
}

static bool
case_load(const Fixture *f, const char *name, Case *c)
{
    g_autofree char *path = g_build_filename(f->root, name, NULL);
    AUTO_FD int root_fd = dir_open(AT_FDCWD, f->root, NULL);
    AUTO_FD int dir_fd = dir_open(AT_FDCWD, path, NULL);
    g_autoptr(GBytes) artifact = NULL;

    *c = (Case){ .artifact_fd = -1 };
    if (dir_fd < 0 || (c->bundle = read_own(dir_fd, "bundle.sigstore.json")) == NULL)
        return false;
    c->root = read_own(dir_fd, "trusted_root.json");
    if (c->root == NULL)
        c->root = read_own(root_fd, "default_trusted_root.json");
    c->key = read_own(dir_fd, "key.pub");
    c->identity = text_or(dir_fd, "identity", IDENTITY);
    c->issuer = text_or(dir_fd, "issuer", ISSUER);
    c->artifact_fd = openat(dir_fd, "artifact", O_RDONLY | O_CLOEXEC);
    if (c->artifact_fd < 0)
        c->artifact_fd = openat(root_fd, "a.txt", O_RDONLY | O_CLOEXEC);
    artifact = fd_read_all(c->artifact_fd, LIMIT_JSON_BYTES, NULL);
    c->digest = digest_of(span_of_bytes(artifact));
    return true;
}

/* The report of one run, or NULL when the trusted root or key is refused. Owned. */
static VerifyReport *
case_run(const Case *c, bool by_artifact, GError **error)
{
    g_autoptr(SigstoreTrust) trust = sigstore_trust_parse(span_of_bytes(c->root), error);
    g_autoptr(X509Key) key = NULL;
    const SigstoreArtifact artifact = { .sha256 = c->digest,
                                        .fd = by_artifact ? c->artifact_fd : -1 };

    if (trust == NULL)
        return NULL;
    if (c->key != NULL && (key = x509_key_from_pem(span_of_bytes(c->key), error)) == NULL)
        return NULL;
    const SigstorePolicy policy = { SIGSTORE_POLICY_INIT, .key = key, .identity = c->identity,
                                    .issuer = c->issuer };
    return sigstore_verify_bytes(span_of_bytes(c->bundle), &artifact, trust, &policy,
                                 clock_now_us(&clock_system));
}

static void
run_case(Fixture *f, const char *name, const Case *c, bool by_artifact)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(VerifyReport) report = case_run(c, by_artifact, &error);
    bool ok = report != NULL && verify_report_result(report) == VERIFY_OK;
    bool wanted = !g_str_has_suffix(name, "_fail");
    g_autofree char *text = report != NULL ? verify_report_text(report) : NULL;

    if (ok == wanted)
        return;
    g_ptr_array_add(f->failures,
                    g_strdup_printf("%s by %s: wanted %s\n%s", name,
                                    by_artifact ? "artifact" : "digest", wanted ? "ok" : "refusal",
                                    text != NULL ? text : error->message));
}

static void
judges_every_case_as_its_name_says(void **state)
{
    Fixture *f = *state;
    size_t n = 0;

    test_needs("vectors", f->names != NULL);
    for (guint i = 0; i < f->names->len; i++) {
        const char *name = f->names->pdata[i];
        Case c = { 0 };

        if (case_load(f, name, &c)) {
            run_case(f, name, &c, true);
            run_case(f, name, &c, false);
            n++;
        }
        case_clear(&c);
    }
    print_message("# %zu cases, each by artifact and by digest\n", n);
    for (guint i = 0; i < f->failures->len; i++)
        print_message("# %s\n", (const char *)f->failures->pdata[i]);
    assert_int_equal(f->failures->len, 0);
    assert_true(n > 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(judges_every_case_as_its_name_says, setup, teardown),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
