/* SPDX-License-Identifier: Apache-2.0
 * test_watch_apt: what is read of apt archives, cut anywhere. */
#include <string.h>
#include "base/json.h"
#include "service/watch_ask.h"
#include "testing.h"
#include "base/banned.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static const char release[] =
    "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n"
    "Suite: stable\nMD5Sum:\n 0123 10 main/binary-amd64/Packages\n"
    "SHA256:\n " A64 "  10 main/binary-amd64/Packages\n " B64 " 7 main/binary-amd64/Packages.gz\n"
    "SHA512:\n " B64 " 7 main/binary-arm64/Packages\n";

static const char packages[] =
    "Package: alpha\nVersion: 1.0\nSHA256: " A64 "\nDescription: x\n Version: 9\n\n"
    "Package: beta\nVersion: 2:1~rc1\nSHA256: " B64 "\n\n"
    "Package: half\n\n"
    "Package: alpha\nVersion: 1.1\nSHA256: " B64 "\n";

static void
a_release_file_names_the_digest_of_an_index(void **state)
{
    g_autofree char *plain = watch_apt_find(span_of_text(release), "main/binary-amd64/Packages");
    g_autofree char *packed =
        watch_apt_find(span_of_text(release), "main/binary-amd64/Packages.gz");

    (void)state;
    assert_string_equal(plain, A64);
    assert_string_equal(packed, B64);
    assert_null(watch_apt_find(span_of_text(release), "main/binary-arm64/Packages"));
}

/* Fed in pieces of @step bytes. Owned. */
static json_t *
read_packages(const char *const *globs, size_t step)
{
    g_autoptr(WatchAptReader) reader = watch_apt_reader_new(globs);

    for (size_t i = 0; i < strlen(packages); i += step)
        if (!watch_apt_reader_feed(
                reader, span_of((const uint8_t *)packages + i, MIN(step, strlen(packages) - i)),
                NULL))
            return NULL;
    return watch_apt_reader_end(reader, NULL);
}

static void
packages_are_read_wherever_they_are_cut(void **state)
{
    (void)state;
    for (size_t step = 1; step < 40; step++) {
        g_autoptr(json_t) found = read_packages(NULL, step);

        assert_int_equal(json_object_size(found), 3);
        assert_string_equal(json_string_value(json_object_get(found, "alpha 1.0")), A64);
        assert_string_equal(json_string_value(json_object_get(found, "alpha 1.1")), B64);
        assert_string_equal(json_string_value(json_object_get(found, "beta 2:1~rc1")), B64);
    }
}

static void
globs_say_which_packages_count(void **state)
{
    static const char *const globs[] = { "a*", "!alphabet", NULL };
    g_autoptr(json_t) found = read_packages(globs, 1000);

    (void)state;
    assert_int_equal(json_object_size(found), 2);
    assert_null(json_object_get(found, "beta 2:1~rc1"));
}

static void
too_many_packages_are_refused_with_advice(void **state)
{
    g_autoptr(WatchAptReader) reader = watch_apt_reader_new(NULL);
    g_autoptr(GError) error = NULL;
    bool ok = true;

    (void)state;
    for (int i = 0; i <= WATCH_MAX_ARTIFACTS && ok; i++) {
        g_autofree char *text = g_strdup_printf("Package: p%d\nVersion: 1\n\n", i);

        ok = watch_apt_reader_feed(reader, span_of_text(text), &error);
    }
    assert_false(ok);
    assert_non_null(strstr(error->message, "--artifact"));
}

static void
a_line_without_end_takes_no_memory(void **state)
{
    g_autoptr(WatchAptReader) reader = watch_apt_reader_new(NULL);
    g_autofree char *block = g_strnfill(1 << 20, 'x');
    g_autoptr(json_t) found = NULL;

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_true(watch_apt_reader_feed(reader, span_of_text(block), NULL));
    assert_true(watch_apt_reader_feed(reader, span_of_text("\nPackage: a\nVersion: 1\n"), NULL));
    found = watch_apt_reader_end(reader, NULL);
    assert_int_equal(json_object_size(found), 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_release_file_names_the_digest_of_an_index),
        cmocka_unit_test(packages_are_read_wherever_they_are_cut),
        cmocka_unit_test(globs_say_which_packages_count),
        cmocka_unit_test(too_many_packages_are_refused_with_advice),
        cmocka_unit_test(a_line_without_end_takes_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
