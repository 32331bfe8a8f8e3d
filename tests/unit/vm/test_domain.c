/* SPDX-License-Identifier: Apache-2.0
 * test_domain: power, snapshots and metadata of domains, with libvirt's test driver as the hypervisor. */
#include "testing.h"
#include <fcntl.h>
#include <string.h>
#include "base/files.h"
#include "vm/domain_priv.h"
#include "base/banned.h"

#define NODE                                                                                       \
    "<node><domain type='test'><name>told</name><memory>1024</memory><os><type>hvm</type></os>"    \
    "<metadata><s:machine xmlns:s='urn:slipway:vm:1' address='192.0.2.7:2201' "                    \
    "host-key='SHA256:abc'/></metadata></domain>"                                                  \
    "<domain type='test'><name>silent</name><memory>1024</memory><os><type>hvm</type></os>"        \
    "</domain></node>"

typedef struct Fixture {
    TempDir dir;
    char *uri; /* owned: a hypervisor of this test's own */
    GError *error;
} Fixture;

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);

    *state = f;
    if (!temp_dir_make(&f->dir, "domain", &f->error))
        return 1;
    AUTO_FD int fd = dir_open(AT_FDCWD, f->dir.path, &f->error);

    f->uri = g_strdup_printf("test://%s/node.xml", f->dir.path);
    return fd >= 0 && file_write_new(fd, "node.xml", span_of_text(NODE), 0600, &f->error) ? 0 : 1;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    temp_dir_clear(&f->dir);
    g_clear_error(&f->error);
    g_free(f->uri);
    g_free(f);
    return 0;
}

static Domain *
open_one(Fixture *f, const char *name)
{
    Domain *domain = domain_open(f->uri, name, &f->error);

    assert_no_gerror(f->error);
    return domain;
}

static void
no_hypervisor_and_no_domain_are_told_apart(void **state)
{
    Fixture *f = *state;

    assert_null(domain_open("test:///no/such/node.xml", "told", &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_UNAVAILABLE);
    g_clear_error(&f->error);
    assert_null(domain_open(f->uri, "other", &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
}

static void
off_is_off_however_often(void **state)
{
    Fixture *f = *state;
    g_autoptr(Domain) domain = open_one(f, "told");

    assert_true(domain_is_running(domain));
    for (int i = 0; i < 2; i++) {
        assert_true(domain_off(domain, &f->error));
        assert_false(domain_is_running(domain));
    }
}

static void
a_missing_snapshot_is_named_and_nothing_starts(void **state)
{
    Fixture *f = *state;
    g_autoptr(Domain) domain = open_one(f, "told");

    assert_false(domain_boot(domain, "ready", NULL, &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
    assert_non_null(strstr(f->error->message, "ready"));
    assert_false(domain_is_running(domain));
}

/* Takes a snapshot and says its name. Owned. */
static char *
take(Fixture *f, Domain *domain, const char *name, unsigned keep)
{
    char *made = NULL;
    bool ok = domain_take_snapshot(domain, name, keep, &made, &f->error);

    assert_no_gerror(f->error);
    assert_true(ok);
    return made;
}

static void
the_newest_of_a_name_is_booted(void **state)
{
    Fixture *f = *state;
    g_autoptr(Domain) domain = open_one(f, "told");
    g_autofree char *first = take(f, domain, "ready", 20);
    g_autofree char *other = take(f, domain, "ready-to-go", 20);
    g_autofree char *last = NULL;
    g_autofree char *used = NULL;

    for (int i = 0; i < 9; i++) {
        g_free(last);
        last = take(f, domain, "ready", 20);
    }
    assert_string_equal(first, "ready.1");
    assert_string_equal(other, "ready-to-go.1");
    assert_string_equal(last, "ready.10"); /* after ready.9 */
    assert_true(domain_boot(domain, "ready", &used, &f->error));
    assert_string_equal(used, "ready.10");
    assert_true(domain_is_running(domain));
}

static void
only_the_newest_are_kept(void **state)
{
    Fixture *f = *state;
    g_autoptr(Domain) domain = open_one(f, "told");

    for (int i = 0; i < 4; i++) {
        g_autofree char *made = take(f, domain, "ready", 2);
        assert_non_null(made);
    }
    assert_true(domain_boot(domain, "ready.3", NULL, &f->error)); /* a full name is a name too */
    assert_false(domain_boot(domain, "ready.2", NULL, &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
}

static void
anothers_start_is_not_ended(void **state)
{
    Fixture *f = *state;
    g_autoptr(Domain) ours = domain_open("test:///default", "test", &f->error);
    g_autoptr(Domain) theirs = domain_open("test:///default", "test", &f->error);
    g_autofree char *made = take(f, ours, "shared", 1);
    (void)made;

    assert_true(domain_boot(ours, "shared", NULL, &f->error));
    assert_true(domain_boot(theirs, "shared", NULL, &f->error));
    assert_true(domain_off_if_ours(ours, &f->error));
    assert_true(domain_is_running(theirs));
    assert_true(domain_off_if_ours(theirs, &f->error));
    assert_false(domain_is_running(theirs));
}

static void
metadata_tells_the_way(void **state)
{
    Fixture *f = *state;
    g_autoptr(Domain) told = open_one(f, "told");
    g_autoptr(Domain) silent = open_one(f, "silent");
    g_autofree char *address = domain_find_address(told);
    g_autofree char *key = domain_find_host_key(told);

    assert_string_equal(address, "192.0.2.7:2201");
    assert_string_equal(key, "SHA256:abc");
    assert_null(domain_find_host_key(silent));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_hypervisor_and_no_domain_are_told_apart, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(off_is_off_however_often, setup, teardown),
        cmocka_unit_test_setup_teardown(a_missing_snapshot_is_named_and_nothing_starts, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_newest_of_a_name_is_booted, setup, teardown),
        cmocka_unit_test_setup_teardown(only_the_newest_are_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(anothers_start_is_not_ended, setup, teardown),
        cmocka_unit_test_setup_teardown(metadata_tells_the_way, setup, teardown),
    };

    return cmocka_run_group_tests_name("vm-domain", tests, NULL, NULL);
}
