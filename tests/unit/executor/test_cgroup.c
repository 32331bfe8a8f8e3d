/* SPDX-License-Identifier: Apache-2.0
 * test_cgroup: which version of control groups is found where, on trees that look like the
 * kernel's. */
#include "testing.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/files.h"
#include "executor/cgroup.h"
#include "executor/workspace.h"
#include "base/banned.h"

typedef struct {
    TempDir dir;
    int dir_fd;
    CgroupHost *host;
    char *mounts;
    GError *error;
} Fixture;

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);

    *state = f;
    f->dir_fd = -1;
    if (!temp_dir_make(&f->dir, "cgroup", &f->error))
        return -1;
    f->dir_fd = dir_open(AT_FDCWD, f->dir.path, &f->error);
    return f->dir_fd < 0 ? -1 : 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    cgroup_host_free(f->host);
    fd_clear(&f->dir_fd);
    temp_dir_clear(&f->dir);
    g_clear_error(&f->error);
    g_free(f->mounts);
    g_free(f);
    return 0;
}

static void
put(Fixture *f, const char *path, const char *text)
{
    assert_true(workspace_write_file(f->dir_fd, path, text, &f->error));
}

/* A folder of version 2 that hands the controllers down. */
static void
put_group(Fixture *f, const char *folder, const char *controllers)
{
    g_autofree char *procs = g_strconcat(folder, "/cgroup.procs", NULL);
    g_autofree char *control = g_strconcat(folder, "/cgroup.subtree_control", NULL);

    put(f, procs, "");
    put(f, control, controllers);
}

static void
parse(Fixture *f, const char *own)
{
    f->host = cgroup_host_parse(f->mounts, own);
}

static void
assert_versions(const Fixture *f, int memory, int pids, int cpu)
{
    assert_int_equal(cgroup_host_get_version(f->host, CGROUP_MEMORY), memory);
    assert_int_equal(cgroup_host_get_version(f->host, CGROUP_PIDS), pids);
    assert_int_equal(cgroup_host_get_version(f->host, CGROUP_CPU), cpu);
}

static void
mount_v2(Fixture *f)
{
    f->mounts = g_strdup_printf("1 1 0:1 / / rw - ext4 /dev/x rw\n"
                                "30 1 0:26 / %s/v2 rw,nosuid shared:4 - cgroup2 cgroup2 rw\n",
                                f->dir.path);
}

static void
version_2_is_used_where_its_controllers_are(void **state)
{
    Fixture *f = *state;

    mount_v2(f);
    put_group(f, "v2/slice", "cpu memory pids\n");
    put_group(f, "v2/slice/engine", "");
    parse(f, "0::/slice/engine\n");
    assert_versions(f, 2, 2, 2);
}

static void
what_version_2_does_not_hand_down_is_not_had(void **state)
{
    Fixture *f = *state;

    mount_v2(f);
    put_group(f, "v2/slice", "memory\n");
    parse(f, "0::/slice/engine\n");
    assert_versions(f, 2, 0, 0);
}

static void
version_1_fills_in_what_version_2_lacks(void **state)
{
    Fixture *f = *state;

    put_group(f, "v2/slice", "hugetlb pids\n");
    put(f, "v1/memory/tasks", "");
    put(f, "v1/cpu/tasks", "");
    f->mounts = g_strdup_printf("30 1 0:26 / %s/v1/memory rw - cgroup cgroup rw,memory\n"
                                "31 1 0:27 / %s/v1/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
                                "32 1 0:28 / %s/v2 rw - cgroup2 cgroup2 rw\n",
                                f->dir.path, f->dir.path, f->dir.path);
    parse(f, "5:cpu,cpuacct:/\n4:memory:/\n0::/slice/engine\n");
    assert_versions(f, 1, 2, 1);
}

static void
nothing_mounted_is_nothing_had(void **state)
{
    Fixture *f = *state;

    f->mounts = g_strdup("1 1 0:1 / / rw - ext4 /dev/x rw\nrubbish\n\n");
    parse(f, "rubbish\n0::/\n");
    assert_versions(f, 0, 0, 0);
}

static void
groups_that_cannot_be_made_leave_the_limit_to_others(void **state)
{
    Fixture *f = *state;
    const MachineLimits limits = { .memory_bytes = 1u << 20, .pids = 5, .cpu_percent = 50 };

    mount_v2(f);
    put_group(f, "v2/slice", "cpu memory pids\n"); /* no kernel: a new folder stays empty */
    parse(f, "0::/slice/engine\n");
    g_autoptr(Cgroup) cgroup = cgroup_create(f->host, "label", &limits);
    size_t n = 1;

    (void)cgroup_get_procs_fds(cgroup, &n);
    assert_int_equal(n, 0);
    assert_int_equal(cgroup_get_version(cgroup, CGROUP_MEMORY), 0);
    assert_int_equal(cgroup_get_kill_fd(cgroup), -1);
    assert_int_equal(cgroup_count_oom_kills(cgroup), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(version_2_is_used_where_its_controllers_are),
        CASE(what_version_2_does_not_hand_down_is_not_had),
        CASE(version_1_fills_in_what_version_2_lacks),
        CASE(nothing_mounted_is_nothing_had),
        CASE(groups_that_cannot_be_made_leave_the_limit_to_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
