/* SPDX-License-Identifier: Apache-2.0
 * test_config: settings from a table: defaults, types, bounds, and unknown names. */
#include "testing.h"
#include "sys/config.h"
#include "base/banned.h"

typedef struct Settings {
    char *listen;
    char *key_file;
    int64_t jobs;
    int64_t memory;
    int64_t timeout;
    bool public;
    char **hosts;
} Settings;

static const ConfigSetting rows[] = {
    { "http.listen", CONFIG_STRING, offsetof(Settings, listen), "localhost:8080", 0, 0, 0,
      "where" },
    { "http.public", CONFIG_BOOL, offsetof(Settings, public), NULL, 0, 0, CONFIG_RELOADABLE,
      "all" },
    { "key-file", CONFIG_SECRET, offsetof(Settings, key_file), NULL, 0, 0, 0, "the key" },
    { "jobs", CONFIG_INT, offsetof(Settings, jobs), "2", 1, 64, 0, "at once" },
    { "memory", CONFIG_SIZE, offsetof(Settings, memory), "1 GiB", 0, 0, 0, "per job" },
    { "timeout", CONFIG_DURATION, offsetof(Settings, timeout), "10m", 0, 0, 0, "per job" },
    { "hosts", CONFIG_STRINGS, offsetof(Settings, hosts), "a,b", 0, 0, 0, "allowed" },
};

typedef struct Fixture {
    Settings settings;
    Diagnostics *diagnostics;
    char *text;
} Fixture;

static int
setup(void **state)
{
    *state = g_new0(Fixture, 1);
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    config_clear(rows, G_N_ELEMENTS(rows), &f->settings);
    g_clear_pointer(&f->diagnostics, diagnostics_free);
    g_free(f->text);
    g_free(f);
    return 0;
}

static bool
parse(Fixture *f, const char *text)
{
    f->diagnostics = diagnostics_new("c.yaml", span_of_text(text));
    return config_parse(rows, G_N_ELEMENTS(rows), span_of_text(text), f->diagnostics, &f->settings);
}

static void
empty_file_gives_the_defaults(void **state)
{
    Fixture *f = *state;

    assert_true(parse(f, ""));
    assert_string_equal(f->settings.listen, "localhost:8080");
    assert_int_equal(f->settings.memory, 1 << 30);
    assert_int_equal(f->settings.timeout, 600000);
    assert_string_equal(f->settings.hosts[1], "b");
    assert_null(f->settings.key_file);
}

static void
file_overrides_defaults(void **state)
{
    Fixture *f = *state;

    assert_true(parse(f, "http:\n  listen: '[::1]:1'\n  public: true\njobs: 64\nmemory: 4096\n"
                         "timeout: 250ms\nhosts: [x]\nkey-file: /etc/key\n"));
    assert_string_equal(f->settings.listen, "[::1]:1");
    assert_true(f->settings.public);
    assert_int_equal(f->settings.jobs, 64);
    assert_int_equal(f->settings.memory, 4096);
    assert_int_equal(f->settings.timeout, 250);
    assert_string_equal(f->settings.hosts[0], "x");
    assert_null(f->settings.hosts[1]);
}

static void
every_mistake_is_named_with_its_place(void **state)
{
    Fixture *f = *state;

    assert_false(parse(f, "job: 1\njobs: 65\nhttp:\n  listen: [a]\n  public: yes\nmemory: 1 GB\n"
                          "key-file: secret\nhosts: [[a]]\n"));
    f->text = diagnostics_text(f->diagnostics);
    assert_non_null(strstr(f->text, "c.yaml:1:1: unknown setting 'job', did you mean 'jobs'\n"));
    assert_non_null(strstr(f->text, "c.yaml:2:7: 'jobs' must be from 1 to 64\n"));
    assert_non_null(
        strstr(f->text, "c.yaml:4:11: 'http.listen' must be a single value, not a list\n"));
    assert_non_null(
        strstr(f->text, "c.yaml:5:11: 'http.public' must be true or false, not text\n"));
    assert_non_null(
        strstr(f->text, "c.yaml:6:9: 'memory' must be a size like '512 MiB', not text\n"));
    assert_non_null(
        strstr(f->text, "c.yaml:7:11: 'key-file' must be an absolute path, not text\n"));
    assert_non_null(
        strstr(f->text, "c.yaml:8:9: 'hosts' must be a list of texts, not of a list\n"));
    assert_int_equal(diagnostics_count(f->diagnostics), 7);
}

static void
sizes_and_durations_need_known_units(void **state)
{
    int64_t value = 0;

    (void)state;
    assert_true(config_parse_size("3TiB", &value));
    assert_true(value == INT64_C(3) << 40);
    assert_false(config_parse_size("99999999 TiB", &value)); /* over 2^63 */
    assert_false(config_parse_size("-1", &value));
    assert_true(config_parse_duration("2h", &value));
    assert_int_equal(value, 7200000);
    assert_false(config_parse_duration("10", &value));
    assert_false(config_parse_duration("m", &value));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(empty_file_gives_the_defaults),
        TEST(file_overrides_defaults),
        TEST(every_mistake_is_named_with_its_place),
        cmocka_unit_test(sizes_and_durations_need_known_units),
    };

    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
