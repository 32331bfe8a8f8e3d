/* SPDX-License-Identifier: Apache-2.0
 * test_log_state: the two slots of what the log's signer signed last. */
#include "signer_fixture.h"
#include "signer/log_state_priv.h"
#include "base/banned.h"

static int
made_dir(SignerFixture *f)
{
    int fd = dir_open(AT_FDCWD, f->dir.path, &f->error);

    assert_no_gerror(f->error);
    assert_true(log_state_create(fd, &f->error));
    return fd;
}

static SignerLogState
state_of(uint64_t number)
{
    return (SignerLogState){ number, number * 10, digest_of(span_of(&number, sizeof number)) };
}

static void
damage(const SignerFixture *f, off_t offset)
{
    g_autofree char *path = g_build_filename(f->dir.path, "log-state", NULL);
    AUTO_FD int fd = open(path, O_WRONLY | O_CLOEXEC);

    assert_int_equal(pwrite(fd, "X", 1, offset), 1);
}

static void
a_new_record_is_empty(void **state)
{
    SignerFixture *f = *state;
    AUTO_FD int dirfd = made_dir(f);
    SignerLogState got = { .number = 9 };

    assert_true(log_state_load(dirfd, &got, &f->error));
    assert_int_equal(got.number, 0);
    assert_int_equal(got.size, 0);
}

static void
the_last_of_many_is_loaded(void **state)
{
    SignerFixture *f = *state;
    AUTO_FD int dirfd = made_dir(f);
    SignerLogState got = { 0 };

    for (uint64_t number = 1; number <= 12; number++) {
        SignerLogState next = state_of(number);

        assert_true(log_state_store(dirfd, &next, &f->error));
        assert_true(log_state_load(dirfd, &got, &f->error));
        assert_int_equal(got.number, number);
        assert_int_equal(got.size, number * 10);
    }
}

static void
a_torn_write_leaves_the_state_before(void **state)
{
    SignerFixture *f = *state;
    AUTO_FD int dirfd = made_dir(f);
    SignerLogState one = state_of(1);
    SignerLogState two = state_of(2);
    SignerLogState got = { 0 };

    assert_true(log_state_store(dirfd, &one, &f->error));
    assert_true(log_state_store(dirfd, &two, &f->error));
    damage(f, 60); /* slot 0 holds number 2 */
    assert_true(log_state_load(dirfd, &got, &f->error));

    assert_int_equal(got.number, 1);
}

static void
damage_in_both_slots_is_corrupt(void **state)
{
    SignerFixture *f = *state;
    AUTO_FD int dirfd = made_dir(f);
    SignerLogState one = state_of(1);
    SignerLogState got = { 0 };

    assert_true(log_state_store(dirfd, &one, &f->error));
    damage(f, 30);
    damage(f, 4096 + 30);
    assert_false(log_state_load(dirfd, &got, &f->error));

    assert_gerror(f->error, SIGNER_ERROR, SIGNER_ERROR_CORRUPT);
}

static void
a_record_is_never_made_twice(void **state)
{
    SignerFixture *f = *state;
    AUTO_FD int dirfd = made_dir(f);

    assert_false(log_state_create(dirfd, &f->error));

    assert_int_equal(error_kind(f->error), ERROR_KIND_EXISTS);
}

#define SIGNER_TEST(name)                                                                          \
    cmocka_unit_test_setup_teardown(name, signer_fixture_setup, signer_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        SIGNER_TEST(a_new_record_is_empty),
        SIGNER_TEST(the_last_of_many_is_loaded),
        SIGNER_TEST(a_torn_write_leaves_the_state_before),
        SIGNER_TEST(damage_in_both_slots_is_corrupt),
        SIGNER_TEST(a_record_is_never_made_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
