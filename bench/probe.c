/* SPDX-License-Identifier: Apache-2.0
 * probe: how fast this machine is right now: the median fdatasync of a 4 KiB append in the folder
 * given, and the median start and end of /bin/true. Printed around every round. */
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bench_util.h"

#define N_SYNCS  15
#define N_SPAWNS 9

static double
median(GArray *values)
{
    g_array_sort(values, bench_compare_us);
    double result = (double)g_array_index(values, int64_t, values->len / 2);
    g_array_unref(values);
    return result;
}

static double
probe_sync(const char *dir)
{
    g_autofree char *path = g_build_filename(dir, "probe", NULL);
    GArray *values = g_array_new(FALSE, FALSE, sizeof(int64_t));
    static const char block[4096];
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    for (int i = 0; i < N_SYNCS; i++) {
        int64_t start_us = clock_monotonic_us();

        if (fd < 0 || write(fd, block, sizeof block) != (ssize_t)sizeof block || fdatasync(fd) != 0)
            bench_fail("cannot probe the disk", NULL);
        int64_t took_us = clock_monotonic_us() - start_us;
        g_array_append_val(values, took_us);
    }
    close(fd);
    unlink(path);
    return median(values);
}

static double
probe_spawn(void)
{
    GArray *values = g_array_new(FALSE, FALSE, sizeof(int64_t));
    char program[] = "/bin/true";
    char *argv[] = { program, NULL };
    char *env[] = { NULL };

    for (int i = 0; i < N_SPAWNS; i++) {
        int64_t start_us = clock_monotonic_us();
        pid_t pid = 0;

        if (posix_spawn(&pid, program, NULL, NULL, argv, env) != 0 || waitpid(pid, NULL, 0) != pid)
            bench_fail("cannot probe a process", NULL);
        int64_t took_us = clock_monotonic_us() - start_us;
        g_array_append_val(values, took_us);
    }
    return median(values);
}

int
main(int argc, char **argv)
{
    const char *dir = bench_option(argc, argv, "--dir", ".");

    printf("{\"fdatasync_us\":%.0f,\"spawn_us\":%.0f}\n", probe_sync(dir), probe_spawn());
    return 0;
}
