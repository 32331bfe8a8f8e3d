/* SPDX-License-Identifier: Apache-2.0
 * Accounts, tokens, sessions, and writes that happen once. */
#include <string.h>
#include "testing.h"
#include "base/files.h"
#include "base/json.h"
#include "service/account.h"
#include "service/engine_priv.h"
#include "service/replay.h"
#include "base/banned.h"

typedef struct {
    TempDir dir;
    Engine engine; /* only database and clock */
    Clock clock;
    int64_t now_us;
    char *token;  /* owned */
    char *secret; /* owned */
    int64_t id;
    AccountIdentity identity;
    ReplayAnswer answer; /* answer owned */
    json_t *list;        /* owned */
    GError *error;       /* owned */
} Fixture;

static int64_t
now_of(void *context)
{
    return ((Fixture *)context)->now_us;
}

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);
    g_autofree char *path = NULL;

    f->now_us = 1000 * G_USEC_PER_SEC;
    f->clock = (Clock){ .now_us = now_of, .context = f };
    if (!temp_dir_make(&f->dir, "account", NULL))
        return -1;
    path = g_strconcat(f->dir.path, "/db", NULL);
    f->engine.clock = &f->clock;
    f->engine.db =
        db_open(&(DbOptions){ .url = path, .clock = &f->clock, .flags = DB_FLAG_NO_SYNC }, NULL);
    *state = f;
    return f->engine.db != NULL ? 0 : -1;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    db_free(f->engine.db);
    temp_dir_clear(&f->dir);
    g_free(f->token);
    g_free(f->secret);
    g_free(f->answer.answer);
    account_identity_clear(&f->identity);
    json_decref(f->list);
    g_clear_error(&f->error);
    g_free(f);
    return 0;
}

static void
make_token(Fixture *f, AccountRole role, int64_t expires_us)
{
    AccountTokenRequest request = {
        .account = "ada", .role = role, .scope = "web", .expires_us = expires_us
    };

    g_clear_pointer(&f->token, g_free);
    assert_true(account_create_token(&f->engine, &request, &f->id, &f->token, &f->error));
}

static AccountRole
role_of_token(Fixture *f)
{
    account_identity_clear(&f->identity);
    assert_true(account_identify_token(&f->engine, f->token, &f->identity, &f->error));
    return f->identity.role;
}

static void
a_token_says_who_and_for_what(void **state)
{
    Fixture *f = *state;

    make_token(f, ACCOUNT_ROLE_DEVELOPER, 0);
    assert_int_equal(role_of_token(f), ACCOUNT_ROLE_DEVELOPER);
    assert_string_equal(f->identity.name, "ada");
    assert_string_equal(f->identity.scope, "web");
    f->token[strlen(f->token) - 1] ^= 1;
    assert_int_equal(role_of_token(f), ACCOUNT_ROLE_NONE);
}

static void
a_token_is_not_kept(void **state)
{
    Fixture *f = *state;
    g_autofree char *path = g_strconcat(f->dir.path, "/db-wal", NULL);
    g_autofree char *bytes = NULL;
    gsize length = 0;

    make_token(f, ACCOUNT_ROLE_DEVELOPER, 0);
    assert_true(g_file_get_contents(path, &bytes, &length, NULL));
    assert_true(length > 0);
    assert_null(memmem(bytes, length, f->token, strlen(f->token)));
}

static void
a_token_ends_at_its_time(void **state)
{
    Fixture *f = *state;

    make_token(f, ACCOUNT_ROLE_READER, 10);
    f->now_us += 9;
    assert_int_equal(role_of_token(f), ACCOUNT_ROLE_READER);
    f->now_us += 1;
    assert_int_equal(role_of_token(f), ACCOUNT_ROLE_NONE);
}

static void
a_token_may_never_do_more_than_its_account(void **state)
{
    Fixture *f = *state;

    make_token(f, ACCOUNT_ROLE_ADMIN, 0);
    assert_true(account_set(&f->engine, "ada", ACCOUNT_ROLE_READER, &f->error));
    assert_int_equal(role_of_token(f), ACCOUNT_ROLE_READER);
    make_token(f, ACCOUNT_ROLE_ADMIN, 0); /* the account is there: its role stays */
    assert_int_equal(role_of_token(f), ACCOUNT_ROLE_READER);
}

static void
a_session_ends_with_its_token_and_in_time(void **state)
{
    Fixture *f = *state;

    make_token(f, ACCOUNT_ROLE_READER, 0);
    assert_int_equal(role_of_token(f), ACCOUNT_ROLE_READER);
    assert_true(account_open_session(&f->engine, &f->identity, &f->secret, &f->error));
    account_identity_clear(&f->identity);
    assert_true(account_identify_session(&f->engine, f->secret, &f->identity, &f->error));
    assert_int_equal(f->identity.role, ACCOUNT_ROLE_READER);
    f->now_us += ACCOUNT_SESSION_US;
    account_identity_clear(&f->identity);
    assert_true(account_identify_session(&f->engine, f->secret, &f->identity, &f->error));
    assert_int_equal(f->identity.role, ACCOUNT_ROLE_NONE);
    f->now_us -= ACCOUNT_SESSION_US;
    assert_true(account_revoke_token(&f->engine, f->id, &f->error));
    account_identity_clear(&f->identity);
    assert_true(account_identify_session(&f->engine, f->secret, &f->identity, &f->error));
    assert_int_equal(f->identity.role, ACCOUNT_ROLE_NONE);
}

static void
a_disabled_account_comes_back_when_it_is_set(void **state)
{
    Fixture *f = *state;

    make_token(f, ACCOUNT_ROLE_DEVELOPER, 0);
    assert_true(account_disable(&f->engine, "ada", &f->error));
    assert_int_equal(role_of_token(f), ACCOUNT_ROLE_NONE);
    assert_true(account_set(&f->engine, "ada", ACCOUNT_ROLE_DEVELOPER, &f->error));
    assert_int_equal(role_of_token(f), ACCOUNT_ROLE_DEVELOPER);
}

static void
names_are_checked(void **state)
{
    static const char *const bad[] = { "", "a b", "a/b", "a\n", "\xc3\xbc" };
    Fixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        print_message("# '%s'\n", bad[i]);
        assert_false(account_set(&f->engine, bad[i], ACCOUNT_ROLE_READER, &f->error));
        assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
        g_clear_error(&f->error);
    }
}

static bool
begin(Fixture *f, const char *key, const char *request)
{
    Digest digest = digest_of(span_of_text(request));

    g_clear_pointer(&f->answer.answer, g_free);
    f->answer.status = 0;
    return replay_begin(&f->engine, "ada", key, &digest, &f->answer, &f->error);
}

static void
a_key_gives_the_first_answer_again(void **state)
{
    Fixture *f = *state;

    assert_true(begin(f, "k", "one"));
    assert_int_equal(f->answer.status, 0);
    assert_true(replay_end(&f->engine, "ada", "k", 201, "{}", &f->error));
    assert_true(begin(f, "k", "one"));
    assert_int_equal(f->answer.status, 201);
    assert_string_equal(f->answer.answer, "{}");
}

static void
a_key_is_of_one_request_and_not_taken_twice_at_once(void **state)
{
    Fixture *f = *state;

    assert_true(begin(f, "k", "one"));
    assert_false(begin(f, "k", "one"));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_CONFLICT);
    g_clear_error(&f->error);
    assert_true(replay_end(&f->engine, "ada", "k", 200, "{}", &f->error));
    assert_false(begin(f, "k", "two"));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_CONFLICT);
}

static void
a_key_is_free_again_after_a_day(void **state)
{
    Fixture *f = *state;

    assert_true(begin(f, "k", "one"));
    f->now_us += REPLAY_KEEP_US + 1;
    assert_true(begin(f, "k", "two"));
    assert_int_equal(f->answer.status, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_token_says_who_and_for_what),
        TEST(a_token_is_not_kept),
        TEST(a_token_ends_at_its_time),
        TEST(a_token_may_never_do_more_than_its_account),
        TEST(a_session_ends_with_its_token_and_in_time),
        TEST(a_disabled_account_comes_back_when_it_is_set),
        TEST(names_are_checked),
        TEST(a_key_gives_the_first_answer_again),
        TEST(a_key_is_of_one_request_and_not_taken_twice_at_once),
        TEST(a_key_is_free_again_after_a_day),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
