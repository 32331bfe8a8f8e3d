/* SPDX-License-Identifier: Apache-2.0
 * The contract of targets (publish.h) over every driver: probe, stage, send, confirm, withdraw, and
 * what happens when something else is there. */
#include "testing.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/files.h"
#include "publish/publish.h"

#define ATTEMPT "01JD3V5J8Q0000000000000000"

typedef struct {
    TempDir dir;
    Target *target;
    PublishItem items[2];
    PublishPlan plan;
    char *location; /* owned */
    GBytes *note;   /* owned */
    GError *error;  /* owned */
} Fixture;

static PublishItem
make_item(Fixture *f, const char *path, const char *content)
{
    AUTO_FD int dirfd = dir_open(AT_FDCWD, f->dir.path, &f->error);
    g_autofree char *name = g_strdup_printf("source-%s", strrchr(path, '/') != NULL ? "b" : "a");
    g_autofree char *full = g_strdup_printf("%s/%s", f->dir.path, name);

    assert_true(file_write_new(dirfd, name, span_of_text(content), 0600, &f->error));
    return (PublishItem){ .path = path,
                          .fd = open(full, O_RDONLY | O_CLOEXEC),
                          .size_bytes = strlen(content),
                          .digest = digest_of(span_of_text(content)) };
}

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);
    g_autofree char *site = NULL;
    TargetConfig config = { .type = "directory", .name = "site" };

    *state = f;
    assert_true(temp_dir_make(&f->dir, "slipway-publish", &f->error));
    site = g_strdup_printf("%s/site", f->dir.path);
    assert_int_equal(mkdir(site, 0755), 0);
    config.location = site;
    f->target = target_open(&config, &f->error);
    assert_no_gerror(f->error);
    f->items[0] = make_item(f, ".slipway/checkpoint", "a checkpoint\n");
    f->items[1] = make_item(f, "tool", "a tool\n");
    f->plan = (PublishPlan){ .project = "acme",
                             .stream = "cli",
                             .version = "1.0.0",
                             .attempt = ATTEMPT,
                             .items = f->items,
                             .n_items = G_N_ELEMENTS(f->items) };
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    target_free(f->target);
    for (size_t i = 0; i < G_N_ELEMENTS(f->items); i++)
        close(f->items[i].fd);
    temp_dir_clear(&f->dir);
    g_free(f->location);
    g_clear_pointer(&f->note, g_bytes_unref);
    g_clear_error(&f->error);
    g_free(f);
    return 0;
}

static PublishPresence
probe(Fixture *f)
{
    PublishPresence presence = PUBLISH_OTHER;

    assert_true(target_probe(f->target, &f->plan, &presence, &f->error));
    return presence;
}

static bool
stage(Fixture *f)
{
    g_clear_pointer(&f->location, g_free);
    g_clear_error(&f->error);
    return target_stage(f->target, &f->plan, &f->location, &f->error);
}

static char *
served_path(Fixture *f, const char *name)
{
    return g_strdup_printf("%s/site/acme/cli/1.0.0/%s", f->dir.path, name);
}

static void
what_is_staged_is_not_visible(void **state)
{
    Fixture *f = *state;

    assert_true(stage(f));

    assert_int_equal(probe(f), PUBLISH_ABSENT);
    assert_true(g_str_has_prefix(f->location, f->dir.path));
}

static void
what_is_sent_is_confirmed_and_the_same(void **state)
{
    Fixture *f = *state;

    assert_true(stage(f));
    assert_true(target_send(f->target, &f->plan, &f->error));
    g_clear_pointer(&f->location, g_free);

    assert_true(target_confirm(f->target, &f->plan, &f->location, &f->error));

    assert_int_equal(probe(f), PUBLISH_SAME);
}

static void
staging_again_begins_anew(void **state)
{
    Fixture *f = *state;
    g_autofree char *stray = NULL;

    assert_true(stage(f));
    stray = g_strdup_printf("%s/stray", f->location);
    assert_true(g_file_set_contents(stray, "x", 1, NULL));

    assert_true(stage(f));

    assert_int_not_equal(access(stray, F_OK), 0);
}

static void
staging_refuses_bytes_that_are_not_the_sealed_ones(void **state)
{
    Fixture *f = *state;

    f->items[1].digest = digest_of(span_of_text("another tool\n"));

    assert_false(stage(f));

    assert_int_equal(error_kind(f->error), ERROR_KIND_CORRUPT);
}

static void
sending_never_overwrites(void **state)
{
    Fixture *f = *state;
    g_autofree char *folder = served_path(f, "");
    g_autofree char *theirs = served_path(f, "tool");
    g_autofree char *content = NULL;

    assert_true(stage(f));
    assert_int_equal(g_mkdir_with_parents(folder, 0755), 0);
    assert_true(g_file_set_contents(theirs, "theirs", -1, NULL));

    assert_false(target_send(f->target, &f->plan, &f->error));

    assert_int_equal(error_kind(f->error), ERROR_KIND_EXISTS);
    assert_true(g_file_get_contents(theirs, &content, NULL, NULL));
    assert_string_equal(content, "theirs");
    assert_int_equal(probe(f), PUBLISH_OTHER);
}

static void
sending_does_not_replace_an_empty_folder(void **state)
{
    Fixture *f = *state;
    g_autofree char *folder = served_path(f, "");

    assert_true(stage(f));
    assert_int_equal(g_mkdir_with_parents(folder, 0755), 0);

    assert_false(target_send(f->target, &f->plan, &f->error));

    assert_int_equal(probe(f), PUBLISH_OTHER);
}

static void
a_file_more_or_less_or_changed_is_something_else(void **state)
{
    Fixture *f = *state;
    g_autofree char *tool = served_path(f, "tool");
    g_autofree char *extra = served_path(f, ".slipway/extra");

    assert_true(stage(f));
    assert_true(target_send(f->target, &f->plan, &f->error));

    assert_true(g_file_set_contents(extra, "x", 1, NULL));
    assert_int_equal(probe(f), PUBLISH_OTHER);
    assert_int_equal(unlink(extra), 0);
    assert_int_equal(probe(f), PUBLISH_SAME);
    assert_true(g_file_set_contents(tool, "b tool\n", -1, NULL));
    assert_int_equal(probe(f), PUBLISH_OTHER);
    assert_false(target_confirm(f->target, &f->plan, &f->location, &f->error));
    assert_int_equal(error_kind(f->error), ERROR_KIND_CORRUPT);
    assert_int_equal(unlink(tool), 0);
    assert_int_equal(probe(f), PUBLISH_OTHER);
}

static void
a_link_in_the_way_is_not_followed(void **state)
{
    Fixture *f = *state;
    g_autofree char *project = g_strdup_printf("%s/site/acme", f->dir.path);
    g_autofree char *outside = g_strdup_printf("%s/outside", f->dir.path);
    g_autofree char *through = g_strdup_printf("%s/cli/1.0.0", outside);

    assert_int_equal(mkdir(outside, 0755), 0);
    assert_int_equal(symlink(outside, project), 0);
    assert_true(stage(f));

    assert_false(target_send(f->target, &f->plan, &f->error));

    assert_int_not_equal(access(through, F_OK), 0);
}

static void
withdrawing_takes_what_was_staged_and_then_what_was_sent(void **state)
{
    Fixture *f = *state;

    assert_true(stage(f));
    assert_true(target_withdraw(f->target, &f->plan, false, &f->error));
    assert_int_not_equal(access(f->location, F_OK), 0);
    assert_true(target_withdraw(f->target, &f->plan, false, &f->error)); /* again: nothing */
    assert_true(stage(f));
    assert_true(target_send(f->target, &f->plan, &f->error));
    assert_true(target_withdraw(f->target, &f->plan, false, &f->error));
    assert_int_equal(probe(f), PUBLISH_SAME);

    assert_true(target_withdraw(f->target, &f->plan, true, &f->error));

    assert_int_equal(probe(f), PUBLISH_ABSENT);
}

static void
a_target_keeps_the_newest_checkpoint_of_each_log(void **state)
{
    Fixture *f = *state;

    assert_true(target_load_checkpoint(f->target, "log.example/a", &f->note, &f->error));
    assert_null(f->note);
    assert_true(target_put_checkpoint(f->target, "log.example/a", span_of_text("1"), &f->error));
    assert_true(target_put_checkpoint(f->target, "log.example/b", span_of_text("9"), &f->error));
    assert_true(target_put_checkpoint(f->target, "log.example/a", span_of_text("2"), &f->error));

    assert_true(target_load_checkpoint(f->target, "log.example/a", &f->note, &f->error));

    assert_memory_equal(g_bytes_get_data(f->note, NULL), "2", 1);
}

static void
only_an_absolute_existing_folder_is_opened(void **state)
{
    Fixture *f = *state;
    static const char *const locations[] = { "relative", "/nowhere/at/all" };

    for (size_t i = 0; i < G_N_ELEMENTS(locations); i++) {
        TargetConfig config = { .type = "directory", .name = "x", .location = locations[i] };

        test_case("%s", locations[i]);
        g_clear_error(&f->error);
        assert_null(target_open(&config, &f->error));
        assert_non_null(f->error);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_staged_is_not_visible, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_sent_is_confirmed_and_the_same, setup, teardown),
        cmocka_unit_test_setup_teardown(staging_again_begins_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(staging_refuses_bytes_that_are_not_the_sealed_ones, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(sending_never_overwrites, setup, teardown),
        cmocka_unit_test_setup_teardown(sending_does_not_replace_an_empty_folder, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_more_or_less_or_changed_is_something_else, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_link_in_the_way_is_not_followed, setup, teardown),
        cmocka_unit_test_setup_teardown(withdrawing_takes_what_was_staged_and_then_what_was_sent,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_target_keeps_the_newest_checkpoint_of_each_log, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(only_an_absolute_existing_folder_is_opened, setup,
                                        teardown),
    };

    return cmocka_run_group_tests_name("directory", tests, NULL, NULL);
}
