/* SPDX-License-Identifier: Apache-2.0
 * cgroup: see cgroup.h, and cgroups(7). Groups are named slipway-PID-LABEL-RANDOM; PID is the
 * engine's, so that the next engine on this machine knows which ones nobody owns any more.
 *
 * Version 2 lets a group have controllers only where its parent hands them down
 * (cgroup.subtree_control), and lets us move processes only within what is ours, so the places
 * tried are: the top (root), the parent of our own group (a delegated slice), our own group. */
#include "executor/cgroup.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include "base/encoding.h"
#include "base/files.h"
#include "base/random.h"
#include "base/banned.h"

#define PROC_TEXT_BYTES (1u << 20)
#define STAT_TEXT_BYTES (64u << 10)
#define MAX_GROUPS      (CGROUP_N_CONTROLLERS + 1) /* version 1: one each; and one to kill by */
#define MAX_STALE_NAMES 100000
#define CPU_PERIOD_US   100000
#define NAME_PREFIX     "slipway-"
#define NAME_RANDOM     6

static const char *const controller_names[CGROUP_N_CONTROLLERS] = { "memory", "pids", "cpu" };

struct CgroupHost {
    char *base[CGROUP_N_CONTROLLERS]; /* owned: the folder to make groups in; NULL: cannot be had */
    int version[CGROUP_N_CONTROLLERS];
    char *kill_base; /* owned: a version 2 folder; NULL: none */
};

struct Cgroup {
    char *dirs[MAX_GROUPS]; /* owned */
    int procs[MAX_GROUPS];  /* owned descriptors */
    size_t n_dirs;
    int version[CGROUP_N_CONTROLLERS];
    int kill_fd;    /* owned; -1: none */
    char *oom_path; /* owned: the file with an oom_kill line; NULL: none */
};

/* Text of a kernel file; NULL where it cannot be read. */
static char *
read_text(const char *path, size_t limit)
{
    g_autoptr(GError) local = NULL;
    char *text = file_read_text(AT_FDCWD, path, limit, &local);

    error_ignore(text != NULL, &local, "a kernel file that is not there is an answer");
    return text;
}

/* Whether @word is one of the words of @list, separated by any of @separators. */
static bool
has_word(const char *list, const char *separators, const char *word)
{
    size_t len = strlen(word);

    while (*list != '\0') {
        size_t n = strcspn(list, separators);
        if (n == len && memcmp(list, word, len) == 0)
            return true;
        list += n;
        list += *list != '\0';
    }
    return false;
}

/* Our own group in the hierarchy that has @controller; NULL names version 2. Owned, "/…". */
static char *
own_group(const char *proc_cgroup, const char *controller)
{
    g_auto(GStrv) lines = g_strsplit(proc_cgroup, "\n", -1);

    for (char **line = lines; *line != NULL; line++) {
        g_auto(GStrv) fields = g_strsplit(*line, ":", 3); /* number:controllers:path */
        if (g_strv_length(fields) != 3)
            continue;
        bool found =
            controller == NULL ? fields[1][0] == '\0' : has_word(fields[1], ",", controller);
        if (found)
            return g_strdup(fields[2]);
    }
    return NULL;
}

static bool
writable(const char *folder, const char *file)
{
    g_autofree char *path = file == NULL ? g_strdup(folder) : g_strconcat(folder, "/", file, NULL);

    return access(path, W_OK) == 0;
}

static bool
lists(const char *folder, const char *file, const char *controller)
{
    g_autofree char *path = g_strconcat(folder, "/", file, NULL);
    g_autofree char *text = read_text(path, STAT_TEXT_BYTES);

    return text != NULL && has_word(text, " \n", controller);
}

static bool
set_value(const char *dir, const char *file, const char *value)
{
    g_autofree char *path = g_strconcat(dir, "/", file, NULL);
    AUTO_FD int fd = open(path, O_WRONLY | O_CLOEXEC);

    return fd >= 0 && write(fd, value, strlen(value)) == (ssize_t)strlen(value);
}

/* Whether groups in @folder have the controller; where nobody has asked for it yet, we do. */
static bool
hands_down(const char *folder, const char *controller)
{
    g_autofree char *wish = g_strconcat("+", controller, NULL);

    if (lists(folder, "cgroup.subtree_control", controller))
        return true;
    return lists(folder, "cgroup.controllers", controller) &&
           set_value(folder, "cgroup.subtree_control", wish) &&
           lists(folder, "cgroup.subtree_control", controller);
}

/* A folder of version 2 where groups can be made and joined. */
static void
try_v2_base(CgroupHost *host, const char *folder)
{
    if (!writable(folder, NULL) || !writable(folder, "cgroup.procs"))
        return;
    if (host->kill_base == NULL)
        host->kill_base = g_strdup(folder);
    for (size_t i = 0; i < CGROUP_N_CONTROLLERS; i++) {
        if (host->base[i] != NULL || !hands_down(folder, controller_names[i]))
            continue;
        host->base[i] = g_strdup(folder);
        host->version[i] = 2;
    }
}

static void
try_v2_mount(CgroupHost *host, const char *mount, const char *proc_cgroup)
{
    g_autofree char *own = own_group(proc_cgroup, NULL);

    if (geteuid() == 0)
        try_v2_base(host, mount);
    if (own == NULL || strcmp(own, "/") == 0)
        return;
    g_autofree char *folder = g_strconcat(mount, own, NULL);
    g_autofree char *parent = g_path_get_dirname(folder);

    if (strcmp(parent, mount) != 0)
        try_v2_base(host, parent);
    try_v2_base(host, folder);
}

static void
try_v1_mount(CgroupHost *host, const char *mount, const char *options, const char *proc_cgroup)
{
    for (size_t i = 0; i < CGROUP_N_CONTROLLERS; i++) {
        if (host->base[i] != NULL || !has_word(options, ",", controller_names[i]))
            continue;
        g_autofree char *own = own_group(proc_cgroup, controller_names[i]);
        g_autofree char *folder = g_strconcat(mount, own == NULL ? "" : own, NULL);
        const char *base = writable(mount, NULL) ? mount : writable(folder, NULL) ? folder : NULL;
        if (base == NULL)
            continue;
        host->base[i] = g_strdup(base);
        host->version[i] = 1;
    }
}

/* One line of /proc/self/mountinfo: … MOUNTPOINT … - TYPE SOURCE OPTIONS */
static void
try_mount(CgroupHost *host, const char *line, bool version_2, const char *proc_cgroup)
{
    g_auto(GStrv) halves = g_strsplit(line, " - ", 2);

    if (g_strv_length(halves) != 2)
        return;
    g_auto(GStrv) left = g_strsplit(halves[0], " ", -1);
    g_auto(GStrv) right = g_strsplit(halves[1], " ", 3);

    if (g_strv_length(left) < 5 || g_strv_length(right) != 3)
        return;
    if (version_2 && strcmp(right[0], "cgroup2") == 0)
        try_v2_mount(host, left[4], proc_cgroup);
    if (!version_2 && strcmp(right[0], "cgroup") == 0)
        try_v1_mount(host, left[4], right[2], proc_cgroup);
}

/* Whether the engine that made the group of this name is gone. */
static bool
is_stale(const char *name)
{
    if (!g_str_has_prefix(name, NAME_PREFIX))
        return false;
    char *end = NULL;
    gint64 pid = g_ascii_strtoll(name + strlen(NAME_PREFIX), &end, 10);

    return pid > 0 && pid <= INT32_MAX && *end == '-' && kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

static void
remove_stale(const char *base)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(GPtrArray) names = NULL;

    if (base == NULL)
        return;
    names = dir_list(AT_FDCWD, base, MAX_STALE_NAMES, &local);
    for (guint i = 0; names != NULL && i < names->len; i++) {
        g_autofree char *path = g_strconcat(base, "/", names->pdata[i], NULL);
        if (is_stale(names->pdata[i]))
            (void)rmdir(path); /* processes still in it: the next engine tries again */
    }
    error_ignore(names != NULL, &local, "stale groups cost nothing but names");
}

CgroupHost *
cgroup_host_parse(const char *mounts, const char *own)
{
    CgroupHost *host = g_new0(CgroupHost, 1);
    g_auto(GStrv) lines = g_strsplit(mounts, "\n", -1);

    for (char **line = lines; *line != NULL; line++)
        try_mount(host, *line, true, own);
    for (char **line = lines; *line != NULL; line++)
        try_mount(host, *line, false, own);
    return host;
}

CgroupHost *
cgroup_host_find(void)
{
    g_autofree char *mounts = read_text("/proc/self/mountinfo", PROC_TEXT_BYTES);
    g_autofree char *own = read_text("/proc/self/cgroup", PROC_TEXT_BYTES);
    CgroupHost *host = cgroup_host_parse(mounts == NULL ? "" : mounts, own == NULL ? "" : own);

    for (size_t i = 0; i < CGROUP_N_CONTROLLERS; i++)
        remove_stale(host->base[i]);
    remove_stale(host->kill_base);
    return host;
}

void
cgroup_host_free(CgroupHost *host)
{
    if (host == NULL)
        return;
    for (size_t i = 0; i < CGROUP_N_CONTROLLERS; i++)
        g_free(host->base[i]);
    g_free(host->kill_base);
    g_free(host);
}

int
cgroup_host_get_version(const CgroupHost *host, CgroupController controller)
{
    return host->version[controller];
}

/* Makes the group in @base, or gives the one made there before. NULL: it cannot be made or joined.
 */
static const char *
group_in(Cgroup *cgroup, const char *base, const char *name)
{
    g_autofree char *dir = g_strconcat(base, "/", name, NULL);
    g_autofree char *procs = g_strconcat(dir, "/cgroup.procs", NULL);

    for (size_t i = 0; i < cgroup->n_dirs; i++)
        if (strcmp(cgroup->dirs[i], dir) == 0)
            return cgroup->dirs[i];
    if (mkdir(dir, 0755) != 0)
        return NULL;
    int fd = open(procs, O_WRONLY | O_CLOEXEC);

    if (fd < 0) {
        (void)rmdir(dir);
        return NULL;
    }
    cgroup->procs[cgroup->n_dirs] = fd;
    cgroup->dirs[cgroup->n_dirs] = g_steal_pointer(&dir);
    return cgroup->dirs[cgroup->n_dirs++];
}

/* Swap would let a job have more than its limit; where it is not accounted this file is absent. */
static bool
limit_memory(Cgroup *cgroup, const char *dir, int version, uint64_t bytes)
{
    g_autofree char *value = g_strdup_printf("%" PRIu64, bytes);
    bool ok = set_value(dir, version == 2 ? "memory.max" : "memory.limit_in_bytes", value);

    if (version == 2)
        (void)set_value(dir, "memory.swap.max", "0");
    else
        (void)set_value(dir, "memory.memsw.limit_in_bytes", value);
    if (ok)
        cgroup->oom_path =
            g_strconcat(dir, version == 2 ? "/memory.events" : "/memory.oom_control", NULL);
    return ok;
}

static bool
limit_cpu(const char *dir, int version, uint32_t percent)
{
    uint64_t quota = (uint64_t)percent * CPU_PERIOD_US / 100;
    g_autofree char *value = version == 2 ? g_strdup_printf("%" PRIu64 " %d", quota, CPU_PERIOD_US)
                                          : g_strdup_printf("%" PRIu64, quota);

    return set_value(dir, version == 2 ? "cpu.max" : "cpu.cfs_quota_us", value);
}

static bool
limit_pids(const char *dir, uint32_t pids)
{
    g_autofree char *value = g_strdup_printf("%" PRIu32, pids);

    return set_value(dir, "pids.max", value);
}

static bool
set_limit(Cgroup *cgroup, const char *dir, int version, CgroupController controller,
          const MachineLimits *limits)
{
    switch (controller) {
    case CGROUP_MEMORY:
        return limit_memory(cgroup, dir, version, limits->memory_bytes);
    case CGROUP_PIDS:
        return limit_pids(dir, limits->pids);
    case CGROUP_CPU:
        return limit_cpu(dir, version, limits->cpu_percent);
    case CGROUP_N_CONTROLLERS:
        break;
    }
    return false;
}

static char *
make_name(const char *label)
{
    uint8_t random[NAME_RANDOM];

    random_fill(random, sizeof random);
    g_autofree char *hex = hex_encode(span_of(random, sizeof random));

    return g_strdup_printf(NAME_PREFIX "%d-%s-%s", (int)getpid(), label, hex);
}

Cgroup *
cgroup_create(const CgroupHost *host, const char *label, const MachineLimits *limits)
{
    const bool wanted[CGROUP_N_CONTROLLERS] = { limits->memory_bytes > 0, limits->pids > 0,
                                                limits->cpu_percent > 0 };
    Cgroup *cgroup = g_new0(Cgroup, 1);
    g_autofree char *name = make_name(label);

    cgroup->kill_fd = -1;
    for (CgroupController i = 0; i < CGROUP_N_CONTROLLERS; i++) {
        const char *dir =
            wanted[i] && host->base[i] != NULL ? group_in(cgroup, host->base[i], name) : NULL;
        if (dir != NULL && set_limit(cgroup, dir, host->version[i], i, limits))
            cgroup->version[i] = host->version[i];
    }
    /* Joining a group can take the kernel 10 ms. The keeper finds every process without one; only
     * against a bomb that may grow to its limit a kill at one stroke is worth it. */
    bool kill_wanted = host->kill_base != NULL && limits->pids > 0;
    const char *kill_dir = kill_wanted ? group_in(cgroup, host->kill_base, name) : NULL;

    if (kill_dir != NULL) {
        g_autofree char *path = g_strconcat(kill_dir, "/cgroup.kill", NULL);
        cgroup->kill_fd = open(path, O_WRONLY | O_CLOEXEC);
    }
    return cgroup;
}

void
cgroup_free(Cgroup *cgroup)
{
    if (cgroup == NULL)
        return;
    fd_clear(&cgroup->kill_fd);
    for (size_t i = 0; i < cgroup->n_dirs; i++) {
        fd_clear(&cgroup->procs[i]);
        (void)rmdir(
            cgroup->dirs[i]); /* where it fails, cgroup_host_find of a later engine does it */
        g_free(cgroup->dirs[i]);
    }
    g_free(cgroup->oom_path);
    g_free(cgroup);
}

int
cgroup_get_version(const Cgroup *cgroup, CgroupController controller)
{
    return cgroup->version[controller];
}

const int *
cgroup_get_procs_fds(const Cgroup *cgroup, size_t *n_out)
{
    *n_out = cgroup->n_dirs;
    return cgroup->procs;
}

int
cgroup_get_kill_fd(const Cgroup *cgroup)
{
    return cgroup->kill_fd;
}

uint64_t
cgroup_count_oom_kills(const Cgroup *cgroup)
{
    g_autofree char *text =
        cgroup->oom_path == NULL ? NULL : read_text(cgroup->oom_path, STAT_TEXT_BYTES);
    g_auto(GStrv) lines = text == NULL ? NULL : g_strsplit(text, "\n", -1);

    for (char **line = lines; line != NULL && *line != NULL; line++)
        if (g_str_has_prefix(*line, "oom_kill "))
            return g_ascii_strtoull(*line + strlen("oom_kill "), NULL, 10);
    return 0;
}
