/* SPDX-License-Identifier: Apache-2.0
 * tree: one file of /proc names our children; the whole tree is pieced together from all of them.
 */
#include "launcher/tree.h"
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#define STAT_BYTES  512
#define CHUNK_BYTES 4096

typedef struct Pids {
    pid_t *list; /* owned */
    size_t n;
    size_t room;
} Pids;

typedef struct Process {
    pid_t pid;
    pid_t parent;
    bool ours;
} Process;

static void
pids_add(Pids *pids, pid_t pid)
{
    if (pids->n >= TREE_PIDS_MAX)
        return; /* the caller looks again once these are gone */
    if (pids->n == pids->room) {
        size_t room = pids->room == 0 ? 64 : pids->room * 2;
        pid_t *list = realloc(pids->list, room * sizeof *list);

        if (list == NULL)
            return;
        pids->list = list;
        pids->room = room;
    }
    pids->list[pids->n++] = pid;
}

/* The parent of @pid, or -1. The command's name may hold anything, so look behind its last ')'. */
static pid_t
parent_of(pid_t pid)
{
    char path[64], stat[STAT_BYTES];
    const char *end;
    ssize_t len;
    int fd;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    len = read(fd, stat, sizeof stat - 1);
    close(fd);
    if (len <= 0)
        return -1;
    stat[len] = '\0';
    end = strrchr(stat, ')');
    if (end == NULL || strlen(end) < 5)
        return -1;
    return (pid_t)strtol(end + 4, NULL, 10); /* ") S 123 " */
}

/* Every process of the machine that we may see. */
static Process *
all_processes(size_t *n_out)
{
    DIR *proc = opendir("/proc");
    Pids pids = { 0 };
    Process *all = NULL;
    struct dirent *entry;

    *n_out = 0;
    if (proc == NULL)
        return NULL;
    while ((entry = readdir(proc)) != NULL)
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
            pids_add(&pids, (pid_t)strtol(entry->d_name, NULL, 10));
    closedir(proc);
    all = calloc(pids.n + 1, sizeof *all);
    for (size_t i = 0; all != NULL && i < pids.n; i++)
        all[i] = (Process){ .pid = pids.list[i], .parent = parent_of(pids.list[i]) };
    *n_out = all != NULL ? pids.n : 0;
    free(pids.list);
    return all;
}

/* For kernels without /proc/…/children. */
static void
children_by_scan(Pids *pids)
{
    size_t n;
    Process *all = all_processes(&n);

    for (size_t i = 0; i < n; i++)
        if (all[i].parent == getpid())
            pids_add(pids, all[i].pid);
    free(all);
}

size_t
tree_children(pid_t **pids_out)
{
    Pids pids = { 0 };
    char chunk[CHUNK_BYTES];
    long pid = 0;
    ssize_t got;
    int fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        children_by_scan(&pids);
    } else {
        while ((got = read(fd, chunk, sizeof chunk)) > 0)
            for (ssize_t i = 0; i < got; i++) {
                if (chunk[i] >= '0' && chunk[i] <= '9') {
                    pid = pid * 10 + (chunk[i] - '0');
                } else if (pid != 0) {
                    pids_add(&pids, (pid_t)pid);
                    pid = 0;
                }
            }
        close(fd);
    }
    *pids_out = pids.list;
    return pids.n;
}

static bool
descends(const Process *all, size_t n, pid_t parent)
{
    if (parent == getpid())
        return true;
    for (size_t i = 0; i < n; i++)
        if (all[i].pid == parent)
            return all[i].ours;
    return false;
}

/* A number may have been given to another process since we looked: hold it first, then look again.
 */
static void
signal_one(const Process *process, int signal)
{
    int fd = pidfd_open(process->pid, 0);

    if (fd < 0)
        return;
    if (parent_of(process->pid) == process->parent)
        pidfd_send_signal(fd, signal, NULL, 0);
    close(fd);
}

void
tree_signal(int signal)
{
    size_t n;
    Process *all = all_processes(&n);
    bool found = true;

    while (found) { /* each round finds at least one more generation */
        found = false;
        for (size_t i = 0; i < n; i++)
            if (!all[i].ours && all[i].parent > 0 && descends(all, n, all[i].parent))
                found = all[i].ours = true;
    }
    for (size_t i = 0; i < n; i++)
        if (all[i].ours)
            signal_one(&all[i], signal);
    free(all);
}
