/* SPDX-License-Identifier: Apache-2.0
 * signer_fixture: a scratch keys folder and payloads to have signed. */
#pragma once
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/files.h"
#include "testing.h"
#include "attest/dsse.h"
#include "attest/object_name.h"
#include "attest/predicate.h"
#include "attest/provenance.h"
#include "attest/status.h"
#include "signer/client.h"

#define FIXTURE_ORIGIN "log.example/test"

typedef struct {
    TempDir dir;
    char *keys_dir;            /* owned; not yet made */
    SignerClient *client;      /* owned */
    SignerSignature signature; /* cleared by the teardown */
    GPtrArray *keys;           /* owned */
    GBytes *bytes;             /* owned */
    GError *error;             /* owned */
} SignerFixture;

static inline int
signer_fixture_setup(void **state)
{
    SignerFixture *f = g_new0(SignerFixture, 1);

    *state = f;
    if (!temp_dir_make(&f->dir, "signer", &f->error))
        return -1;
    f->keys_dir = g_build_filename(f->dir.path, "keys", NULL);
    f->client = signer_client_new(f->keys_dir);
    return 0;
}

static inline int
signer_fixture_teardown(void **state)
{
    SignerFixture *f = *state;

    signer_client_free(f->client);
    signer_signature_clear(&f->signature);
    g_clear_pointer(&f->keys, g_ptr_array_unref);
    g_clear_pointer(&f->bytes, g_bytes_unref);
    g_clear_error(&f->error);
    temp_dir_clear(&f->dir);
    g_free(f->keys_dir);
    g_free(f);
    return 0;
}

/* The payload of a small, right channel statement in @log. */
static inline GBytes *
signer_fixture_statement(PredicateKind kind, const char *object, const char *log)
{
    Digest subject = object_name_digest(object);
    Predicate predicate = {
        .kind = kind,
        .log = (char *)log,
        .object = (char *)object,
        .command = (char *)"01JD3V5J8Q0000000000000000",
        .at_us = 1700000000000000,
        .actor = (char *)"engine",
        .has_policy = true,
        .body = json_object(),
    };
    g_autoptr(Statement) statement = predicate_statement(&predicate);
    g_autoptr(GError) local = NULL;

    statement_add_subject_sha256(statement, object, &subject);
    GBytes *payload = statement_payload(statement, &local);
    json_decref(predicate.body);
    assert_no_gerror(local);
    return payload;
}

/* A statement of a foreign predicate type with an empty predicate. */
static inline GBytes *
signer_fixture_foreign(const char *predicate_type)
{
    g_autoptr(Statement) statement = statement_new(predicate_type, json_object());
    Digest subject = digest_of(span_of_text("artifact"));
    g_autoptr(GError) local = NULL;

    statement_add_subject_sha256(statement, "artifact", &subject);
    GBytes *payload = statement_payload(statement, &local);
    assert_no_gerror(local);
    return payload;
}

/* Provenance by the builder @executor/@isolation of @origin. */
static inline GBytes *
signer_fixture_provenance(const char *origin, const char *executor, const char *isolation)
{
    ProvenanceInput input = {
        .event = "tag",
        .ref = "refs/tags/v1.0.0",
        .repository = "git+https://git.example/acme/cli",
        .job = "build",
        .engine_version = "0.1.0",
        .executor = executor,
        .isolation = isolation,
        .network = "none",
        .commit = "0123456789abcdef0123456789abcdef01234567",
        .tree = "89abcdef0123456789abcdef0123456789abcdef",
        .origin = origin,
        .invocation_id = "run/1/job/build/1",
        .started_us = 1700000000000000,
        .finished_us = 1700000001000000,
    };
    g_autoptr(GError) local = NULL;
    g_autoptr(Statement) statement = provenance_build(&input, &local);
    Digest subject = digest_of(span_of_text("artifact"));

    assert_no_gerror(local);
    statement_add_subject_sha256(statement, "artifact", &subject);
    GBytes *payload = statement_payload(statement, &local);
    assert_no_gerror(local);
    return payload;
}

static inline GBytes *
signer_fixture_status(const char *log)
{
    g_autoptr(Status) status = status_new(log);
    Digest root = digest_of(span_of_text("root"));
    g_autoptr(GError) local = NULL;

    status->number = 1;
    status->head.size = 1;
    status->head.root = root;
    status->issued_us = 1700000000000000;
    status->expires_us = status->issued_us + STATUS_DEFAULT_LIFE_US;
    status_add_root(status, &root, 0);
    GBytes *payload = status_build(status, &local);
    assert_no_gerror(local);
    return payload;
}
