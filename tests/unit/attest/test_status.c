/* SPDX-License-Identifier: Apache-2.0
 * test_status: the payload of status.json and its envelope. */
#include "attest_fixture.h"
#include "attest/dsse.h"
#include "attest/status.h"
#include "base/banned.h"

static Status *
example(Fixture *f)
{
    Status *status = keep(f, status_new(ORIGIN), (GDestroyNotify)status_free);
    Digest s = digest_of(span_of_text("s"));
    StatusRevoked *revoked = g_new0(StatusRevoked, 1);

    status->number = 4;
    status->head = (MerkleHead){ .size = 10, .root = s };
    status->issued_us = 1000;
    status->expires_us = 1000 + STATUS_DEFAULT_LIFE_US;
    status_add_root(status, &s, 0);
    status_add_roster(status, "roster:acme", &s, 1);
    status_add_void(status, &s, 7);
    *revoked = (StatusRevoked){ .object = g_strdup("release:acme/cli@1.0"),
                                .statement = s,
                                .index = 8,
                                .effect = REVOKED_WITHDRAWN,
                                .has_from_index = true,
                                .from_index = 3 };
    status_take_revoked(status, revoked);
    return status;
}

static GBytes *
build(Fixture *f, const Status *status)
{
    return keep_bytes(f, status_build(status, &f->error));
}

static char *
envelope(Fixture *f, Signer *signer)
{
    GBytes *payload = build(f, example(f));
    GBytes *pae = keep_bytes(f, dsse_pae(DSSE_TYPE_STATUS, span_of_bytes(payload)));
    GBytes *sig = sign(f, signer, span_of_bytes(pae));
    DsseEnvelope *dsse = keep(f,
                              dsse_new(DSSE_TYPE_STATUS, span_of_bytes(payload),
                                       signer_public_key(signer), span_of_bytes(sig)),
                              (GDestroyNotify)dsse_free);

    return keep_text(f, dsse_format(dsse));
}

static void
payload_reads_back(void **state)
{
    Fixture *f = *state;
    Status *status = example(f);
    Status *read = keep(f, status_parse(span_of_bytes(build(f, status)), &f->error),
                        (GDestroyNotify)status_free);

    assert_no_gerror(f->error);
    assert_true(status_same_facts(read, status));
    assert_int_equal(read->number, 4);
    assert_int_equal(((StatusRevoked *)read->revoked->pdata[0])->effect, REVOKED_WITHDRAWN);
}

static void
number_and_times_are_no_facts(void **state)
{
    Fixture *f = *state;
    Status *a = example(f), *b = example(f);

    b->number++;
    b->expires_us++;
    assert_true(status_same_facts(a, b));
    b->head.size++;
    assert_false(status_same_facts(a, b));
}

static void
status_that_makes_no_sense_is_not_written(void **state)
{
    static const char *const names[] = { "index at the size", "falling index", "no roster",
                                         "object and key",    "no effect",     "expired at birth" };
    Fixture *f = *state;
    Digest s = digest_of(span_of_text("s"));

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        Status *status = example(f);
        StatusRevoked *revoked = status->revoked->pdata[0];
        test_case("%s", names[i]);
        g_clear_error(&f->error);
        if (i == 0)
            status_add_root(status, &s, 10);
        else if (i == 1)
            status_add_void(status, &s, 6);
        else if (i == 2)
            status_add_roster(status, "env:acme/prod", &s, 2);
        else if (i == 3)
            revoked->key = g_strdup("key");
        else if (i == 4)
            revoked->effect = REVOKED_NONE;
        else
            status->expires_us = 0;
        assert_null(build(f, status));
        assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
    }
}

static void
signed_status_opens(void **state)
{
    Fixture *f = *state;
    Status *status = keep(
        f, status_open(span_of_text(envelope(f, f->p256)), signer_public_key(f->p256), &f->error),
        (GDestroyNotify)status_free);

    assert_no_gerror(f->error);
    assert_int_equal(status->head.size, 10);
}

static void
status_by_another_key_is_untrusted(void **state)
{
    Fixture *f = *state;

    assert_null(
        status_open(span_of_text(envelope(f, f->ed25519)), signer_public_key(f->p256), &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_UNTRUSTED);
}

static void
payload_must_be_canonical(void **state)
{
    Fixture *f = *state;
    Span payload = span_of_bytes(build(f, example(f)));
    char *spaced = keep_text(f, g_strdup_printf("%.*s ", (int)payload.len, payload.data));

    assert_null(status_parse(span_of_text(spaced), &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(payload_reads_back),
        TEST(number_and_times_are_no_facts),
        TEST(status_that_makes_no_sense_is_not_written),
        TEST(signed_status_opens),
        TEST(status_by_another_key_is_untrusted),
        TEST(payload_must_be_canonical),
    };

    return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
