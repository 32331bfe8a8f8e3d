/* SPDX-License-Identifier: Apache-2.0
 * os_fault_record: remembers the calls below a folder, and builds the disk a crash would leave.
 *
 * 1. A file is a number of our own; `names` says which paths lead to it now. Kernel inode numbers
 *    are reused, so they only help to recognise a file that has no name (O_TMPFILE).
 * 2. The steps alone are the record: building replays them from the snapshot of the beginning. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "os_fault.h"
#include "os_fault_priv.h"
#include "base/banned.h"

#define SECTOR_BYTES 512

typedef enum {
    STEP_WRITE,    /* file, offset, data */
    STEP_TRUNCATE, /* file, offset */
    STEP_SYNC,     /* file */
    STEP_SYNC_DIR, /* path */
    STEP_SYNC_ALL,
    STEP_ADD,    /* file gets the name path */
    STEP_RENAME, /* path to target */
    STEP_UNLINK, /* path */
    STEP_MARK,   /* offset is the value */
} StepKind;

typedef struct {
    StepKind kind;
    uint64_t file;
    uint64_t offset;
    GBytes *data; /* owned */
    char *path;   /* owned, relative to the root; "" is the root itself */
    char *target; /* owned */
} Step;

struct OsFaultRecord {
    char *root;          /* owned, absolute, without links */
    GPtrArray *steps;    /* owned, of Step */
    GHashTable *folders; /* owned set of owned relative paths ever seen */
    size_t n_initial;    /* the first steps say what was there at the beginning */
    GHashTable *names;   /* owned: owned path to file number + 1; while recording */
    GHashTable *inodes;  /* owned: inode to file number + 1; while recording */
    uint64_t n_files;
};

/* Guarded by record_lock. */
static OsFaultRecord *recording;
static pthread_mutex_t record_lock = PTHREAD_MUTEX_INITIALIZER;

void
fault_record_lock(void)
{
    pthread_mutex_lock(&record_lock);
}

void
fault_record_unlock(void)
{
    int saved = errno;

    pthread_mutex_unlock(&record_lock);
    errno = saved;
}

static void
step_free(void *data)
{
    Step *step = data;

    g_clear_pointer(&step->data, g_bytes_unref);
    g_free(step->path);
    g_free(step->target);
    g_free(step);
}

static void
note_folder_of(const char *path)
{
    char *folder = g_path_get_dirname(path);

    g_hash_table_add(recording->folders, folder);
}

static void
add_step(Step step)
{
    if (step.path != NULL && step.kind != STEP_SYNC_DIR)
        note_folder_of(step.path);
    if (step.target != NULL)
        note_folder_of(step.target);
    g_ptr_array_add(recording->steps, g_memdup2(&step, sizeof step));
}

/* Path below the root, owned; NULL for what is outside or has no name. */
static char *
path_below_root(const char *absolute)
{
    size_t len = strlen(recording->root);

    if (strncmp(absolute, recording->root, len) != 0 || g_str_has_suffix(absolute, " (deleted)"))
        return NULL;
    if (absolute[len] == '\0')
        return g_strdup("");
    return absolute[len] == '/' ? g_strdup(absolute + len + 1) : NULL;
}

static char *
absolute_of_fd(int fd)
{
    g_autofree char *link = g_strdup_printf("/proc/self/fd/%d", fd);
    char target[4096] = { 0 };

    if (readlink(link, target, sizeof target - 1) < 0)
        return g_strdup("");
    return g_strdup(target);
}

static char *
path_of_fd(int fd)
{
    g_autofree char *absolute = absolute_of_fd(fd);

    return path_below_root(absolute);
}

static char *
path_of_name(FaultName name)
{
    g_autofree char *dir =
        name.dirfd == AT_FDCWD ? g_get_current_dir() : absolute_of_fd(name.dirfd);
    g_autofree char *absolute = g_canonicalize_filename(name.name, dir);

    return path_below_root(absolute);
}

static bool
find_number(GHashTable *table, const void *key, uint64_t *out)
{
    uint64_t stored = (uint64_t)(uintptr_t)g_hash_table_lookup(table, key);

    *out = stored - 1;
    return stored != 0;
}

/* What a file held when it was first seen: written around us, hence unsynced. */
static void
note_content(int fd, uint64_t file)
{
    struct stat st = { 0 };
    g_autofree char *through = g_strdup_printf("/proc/self/fd/%d", fd);
    g_autofree char *content = NULL;
    gsize len = 0;

    if (fstat(fd, &st) == 0 && st.st_size > 0 && g_file_get_contents(through, &content, &len, NULL))
        add_step((Step){ .kind = STEP_WRITE,
                         .file = file,
                         .data = g_bytes_new_take(g_steal_pointer(&content), len) });
}

static uint64_t
new_file(int fd, const struct stat *st, const char *path)
{
    uint64_t file = recording->n_files++;

    g_hash_table_replace(recording->inodes, (void *)(uintptr_t)st->st_ino,
                         (void *)(uintptr_t)(file + 1));
    if (path != NULL) {
        g_hash_table_replace(recording->names, g_strdup(path), (void *)(uintptr_t)(file + 1));
        add_step((Step){ .kind = STEP_ADD, .file = file, .path = g_strdup(path) });
    }
    note_content(fd, file);
    return file;
}

/* The file behind @fd; false if it is not ours to follow. */
static bool
file_of_fd(int fd, uint64_t *file_out)
{
    struct stat st = { 0 };
    g_autofree char *absolute = absolute_of_fd(fd);
    g_autofree char *path = path_below_root(absolute);

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || !g_str_has_prefix(absolute, recording->root))
        return false;
    void *inode = (void *)(uintptr_t)st.st_ino;

    if (path != NULL && find_number(recording->names, path, file_out))
        return true;
    if (path == NULL && find_number(recording->inodes, inode, file_out))
        return true;
    *file_out = new_file(fd, &st, path);
    return true;
}

int64_t
fault_record_offset(int fd)
{
    struct stat st = { 0 };
    int flags = fcntl(fd, F_GETFL);

    if (flags >= 0 && (flags & O_APPEND) != 0 && fstat(fd, &st) == 0)
        return st.st_size;
    return lseek(fd, 0, SEEK_CUR);
}

void
fault_record_see_fd(int fd)
{
    uint64_t file = 0;

    if (recording != NULL)
        (void)file_of_fd(fd, &file);
}

void
fault_record_see_name(FaultName name, int flags)
{
    if (recording == NULL)
        return;
    int nofollow = (flags & AT_SYMLINK_FOLLOW) != 0 ? 0 : O_NOFOLLOW;
    int fd = openat(name.dirfd, name.name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | nofollow);

    fault_record_see_fd(fd);
    if (fd >= 0)
        close(fd);
}

void
fault_record_write(int fd, const void *data, size_t len, int64_t offset)
{
    uint64_t file = 0;

    if (recording != NULL && file_of_fd(fd, &file))
        add_step((Step){ .kind = STEP_WRITE,
                         .file = file,
                         .offset = (uint64_t)offset,
                         .data = g_bytes_new(data, len) });
}

void
fault_record_truncate(int fd, int64_t size)
{
    uint64_t file = 0;

    if (recording != NULL && file_of_fd(fd, &file))
        add_step((Step){ .kind = STEP_TRUNCATE, .file = file, .offset = (uint64_t)size });
}

void
fault_record_sync(int fd)
{
    struct stat st = { 0 };
    uint64_t file = 0;

    if (recording == NULL || fstat(fd, &st) != 0)
        return;
    if (S_ISDIR(st.st_mode)) {
        char *path = path_of_fd(fd);

        if (path != NULL)
            add_step((Step){ .kind = STEP_SYNC_DIR, .path = path });
    } else if (file_of_fd(fd, &file)) {
        add_step((Step){ .kind = STEP_SYNC, .file = file });
    }
}

void
fault_record_sync_all(void)
{
    if (recording != NULL)
        add_step((Step){ .kind = STEP_SYNC_ALL });
}

/* Moves one name; @from may be a folder, then all names below it. */
static void
move_names(GHashTable *names, const char *from, const char *to)
{
    g_autoptr(GPtrArray) moved = g_ptr_array_new();
    GHashTableIter iter;
    void *key = NULL;
    size_t len = strlen(from);

    g_hash_table_iter_init(&iter, names);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        const char *path = key;

        if (strncmp(path, from, len) == 0 && (path[len] == '\0' || path[len] == '/'))
            g_ptr_array_add(moved, key);
    }
    for (guint i = 0; i < moved->len; i++) {
        void *old_key = NULL;
        void *value = NULL;

        g_hash_table_steal_extended(names, moved->pdata[i], &old_key, &value);
        g_hash_table_replace(names, g_strconcat(to, (char *)old_key + len, NULL), value);
        g_free(old_key);
    }
}

void
fault_record_rename(FaultName from, FaultName to)
{
    if (recording == NULL)
        return;
    g_autofree char *path = path_of_name(from);
    g_autofree char *target = path_of_name(to);

    if (path == NULL || target == NULL)
        return;
    move_names(recording->names, path, target);
    add_step((Step){
        .kind = STEP_RENAME, .path = g_steal_pointer(&path), .target = g_steal_pointer(&target) });
}

void
fault_record_link(FaultName from, FaultName to)
{
    if (recording == NULL)
        return;
    struct stat st = { 0 };
    g_autofree char *target = path_of_name(to);
    uint64_t file = 0;

    if (target == NULL || fstatat(to.dirfd, to.name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return;
    g_autofree char *path = path_of_name(from);
    bool known = path != NULL && find_number(recording->names, path, &file);

    if (!known && !find_number(recording->inodes, (void *)(uintptr_t)st.st_ino, &file))
        return;
    g_hash_table_replace(recording->names, g_strdup(target), (void *)(uintptr_t)(file + 1));
    add_step((Step){ .kind = STEP_ADD, .file = file, .path = g_steal_pointer(&target) });
}

void
fault_record_unlink(FaultName name)
{
    if (recording == NULL)
        return;
    g_autofree char *path = path_of_name(name);

    if (path == NULL)
        return;
    g_hash_table_remove(recording->names, path);
    add_step((Step){ .kind = STEP_UNLINK, .path = g_steal_pointer(&path) });
}

static void
snapshot(const char *relative)
{
    g_autofree char *absolute = g_build_filename(recording->root, relative, NULL);
    g_autoptr(GDir) dir = g_dir_open(absolute, 0, NULL);

    g_hash_table_add(recording->folders, g_strdup(relative));
    for (const char *name = dir != NULL ? g_dir_read_name(dir) : NULL; name != NULL;
         name = g_dir_read_name(dir)) {
        g_autofree char *path =
            relative[0] != '\0' ? g_build_filename(relative, name, NULL) : g_strdup(name);
        g_autofree char *full = g_build_filename(recording->root, path, NULL);
        struct stat st = { 0 };

        if (lstat(full, &st) == 0 && S_ISDIR(st.st_mode))
            snapshot(path);
        else if (S_ISREG(st.st_mode))
            fault_record_see_name((FaultName){ AT_FDCWD, full }, 0);
    }
}

void
os_fault_record_begin(const char *root)
{
    OsFaultRecord *record = g_new0(OsFaultRecord, 1);

    assert(recording == NULL);
    record->root = realpath(root, NULL);
    assert(record->root != NULL);
    record->steps = g_ptr_array_new_with_free_func(step_free);
    record->folders = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    record->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    record->inodes = g_hash_table_new(NULL, NULL);
    fault_record_lock();
    recording = record;
    snapshot("");
    add_step((Step){ .kind = STEP_SYNC_ALL });
    record->n_initial = record->steps->len;
    fault_record_unlock();
}

void
os_fault_mark(uint64_t value)
{
    fault_record_lock();
    if (recording != NULL)
        add_step((Step){ .kind = STEP_MARK, .offset = value });
    fault_record_unlock();
}

OsFaultRecord *
os_fault_record_end(void)
{
    fault_record_lock();
    OsFaultRecord *record = g_steal_pointer(&recording);
    fault_record_unlock();
    return record;
}

void
os_fault_record_free(OsFaultRecord *record)
{
    if (record == NULL)
        return;
    free(record->root); /* from realpath() */
    g_ptr_array_unref(record->steps);
    g_hash_table_unref(record->folders);
    g_hash_table_unref(record->names);
    g_hash_table_unref(record->inodes);
    g_free(record);
}

static const Step *
get_step(const OsFaultRecord *record, size_t i)
{
    assert(i < os_fault_record_length(record));
    return record->steps->pdata[record->n_initial + i];
}

size_t
os_fault_record_length(const OsFaultRecord *record)
{
    return record->steps->len - record->n_initial;
}

bool
os_fault_record_is_sync(const OsFaultRecord *record, size_t i)
{
    StepKind kind = get_step(record, i)->kind;

    return kind == STEP_SYNC || kind == STEP_SYNC_DIR || kind == STEP_SYNC_ALL;
}

char *
os_fault_record_describe(const OsFaultRecord *record, size_t i)
{
    static const char *const kinds[] = {
        [STEP_WRITE] = "write",          [STEP_TRUNCATE] = "truncate", [STEP_SYNC] = "sync",
        [STEP_SYNC_DIR] = "sync folder", [STEP_SYNC_ALL] = "syncfs",   [STEP_ADD] = "name",
        [STEP_RENAME] = "rename",        [STEP_UNLINK] = "unlink",     [STEP_MARK] = "mark",
    };
    const Step *step = get_step(record, i);

    return g_strdup_printf(
        "%zu %s file %" G_GUINT64_FORMAT " at %" G_GUINT64_FORMAT ", %zu bytes, '%s' '%s'", i,
        kinds[step->kind], step->file, step->offset,
        step->data != NULL ? g_bytes_get_size(step->data) : (size_t)0,
        step->path != NULL ? step->path : "", step->target != NULL ? step->target : "");
}

/* The disk while a crash is built: what is surely there, and what waits for a sync. */
typedef struct {
    const OsFaultRecord *record; /* borrowed */
    GByteArray **content;        /* owned, one a file */
    GHashTable *names;           /* owned: owned path to file number + 1 */
    GQueue data_steps;           /* of borrowed Step: unsynced writes and truncations */
    GQueue name_steps;           /* of borrowed Step: unsynced changes of names */
    GRand *random;               /* owned */
} Disk;

static void
apply_data(Disk *disk, const Step *step, size_t len)
{
    GByteArray *content = disk->content[step->file];

    if (step->kind == STEP_TRUNCATE) {
        guint old_len = content->len;

        g_byte_array_set_size(content, (guint)step->offset);
        if (content->len > old_len)
            memset(content->data + old_len, 0, content->len - old_len);
        return;
    }
    guint end = (guint)(step->offset + len);
    guint old_len = content->len;

    if (len == 0)
        return;
    if (end > old_len) {
        g_byte_array_set_size(content, end);
        memset(content->data + old_len, 0, end - old_len);
    }
    memcpy(content->data + step->offset, g_bytes_get_data(step->data, NULL), len);
}

static size_t
data_len(const Step *step)
{
    return step->data != NULL ? g_bytes_get_size(step->data) : 0;
}

static void
apply_names(Disk *disk, const Step *step)
{
    if (step->kind == STEP_ADD)
        g_hash_table_replace(disk->names, g_strdup(step->path),
                             (void *)(uintptr_t)(step->file + 1));
    else if (step->kind == STEP_UNLINK)
        g_hash_table_remove(disk->names, step->path);
    else
        move_names(disk->names, step->path, step->target);
}

static bool
is_in_folder(const Step *step, const char *folder)
{
    g_autofree char *own = g_path_get_dirname(step->target != NULL ? step->target : step->path);

    return strcmp(own, folder[0] != '\0' ? folder : ".") == 0;
}

/* A rename that lasts implies the name it moved: applies what gave it, earlier than @at. */
static void
apply_source(Disk *disk, const GList *at)
{
    const Step *rename = at->data;

    for (GList *link = disk->name_steps.head, *next = NULL; link != at; link = next) {
        const Step *step = link->data;
        const char *given = step->kind == STEP_RENAME ? step->target : step->path;

        next = link->next;
        if (step->kind == STEP_UNLINK || strcmp(given, rename->path) != 0)
            continue;
        if (step->kind == STEP_RENAME)
            apply_source(disk, link);
        next = link->next;
        apply_names(disk, step);
        g_queue_delete_link(&disk->name_steps, link);
    }
}

static void
make_durable(Disk *disk, const Step *sync)
{
    for (GList *at = disk->data_steps.head, *next = NULL; at != NULL; at = next) {
        const Step *step = at->data;

        next = at->next;
        if (sync->kind == STEP_SYNC_ALL || (sync->kind == STEP_SYNC && sync->file == step->file)) {
            apply_data(disk, step, data_len(step));
            g_queue_delete_link(&disk->data_steps, at);
        }
    }
    for (GList *at = disk->name_steps.head, *next = NULL; at != NULL; at = next) {
        const Step *step = at->data;

        next = at->next;
        if (sync->kind == STEP_SYNC_ALL ||
            (sync->kind == STEP_SYNC_DIR && is_in_folder(step, sync->path))) {
            if (step->kind == STEP_RENAME)
                apply_source(disk, at);
            apply_names(disk, step);
            g_queue_delete_link(&disk->name_steps, at);
        }
    }
}

static void
replay_step(Disk *disk, const Step *step)
{
    switch (step->kind) {
    case STEP_WRITE:
    case STEP_TRUNCATE:
        g_queue_push_tail(&disk->data_steps, (void *)step);
        break;
    case STEP_ADD:
    case STEP_RENAME:
    case STEP_UNLINK:
        g_queue_push_tail(&disk->name_steps, (void *)step);
        break;
    case STEP_SYNC:
    case STEP_SYNC_DIR:
    case STEP_SYNC_ALL:
        make_durable(disk, step);
        break;
    case STEP_MARK:
        break;
    }
}

/* Some sectors of a write arrive, others read as what was there, or as zeros. */
static void
apply_sectors(Disk *disk, const Step *step)
{
    size_t len = data_len(step);

    if (step->kind == STEP_TRUNCATE) {
        apply_data(disk, step, 0);
        return;
    }
    for (size_t at = 0; at < len; at += SECTOR_BYTES) {
        size_t n = MIN(SECTOR_BYTES, len - at);

        if (g_rand_boolean(disk->random)) {
            Step part = { .kind = STEP_WRITE,
                          .file = step->file,
                          .offset = step->offset + at,
                          .data = g_bytes_new_from_bytes(step->data, at, n) };

            apply_data(disk, &part, n);
            g_bytes_unref(part.data);
        }
    }
}

static void
lose_torn(Disk *disk)
{
    guint n_data = (guint)g_rand_int_range(disk->random, 0, (int)disk->data_steps.length + 1);
    guint n_names = (guint)g_rand_int_range(disk->random, 0, (int)disk->name_steps.length + 1);

    for (guint i = 0; i < n_data; i++) {
        const Step *step = g_queue_pop_head(&disk->data_steps);
        size_t len = data_len(step);

        if (i + 1 == n_data && len > 0)
            len = (size_t)g_rand_int_range(disk->random, 0, (int)len + 1);
        apply_data(disk, step, len);
    }
    for (guint i = 0; i < n_names; i++)
        apply_names(disk, g_queue_pop_head(&disk->name_steps));
}

static void
lose_some(Disk *disk, OsFaultLoss loss)
{
    if (loss == OS_FAULT_KEEP)
        make_durable(disk, &(Step){ .kind = STEP_SYNC_ALL });
    else if (loss == OS_FAULT_TORN)
        lose_torn(disk);
    else if (loss == OS_FAULT_SHUFFLE) {
        for (GList *at = disk->data_steps.head; at != NULL; at = at->next)
            if (g_rand_boolean(disk->random))
                apply_sectors(disk, at->data);
        for (GList *at = disk->name_steps.head; at != NULL; at = at->next)
            if (g_rand_boolean(disk->random))
                apply_names(disk, at->data);
    }
}

static void
write_out(const Disk *disk, const char *into)
{
    GHashTableIter iter;
    void *key = NULL;
    void *value = NULL;

    g_hash_table_iter_init(&iter, disk->record->folders);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        g_autofree char *path = g_build_filename(into, key, NULL);

        if (g_mkdir_with_parents(path, 0700) != 0)
            g_abort();
    }
    g_hash_table_iter_init(&iter, disk->names);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        g_autofree char *path = g_build_filename(into, key, NULL);
        const GByteArray *content = disk->content[(uintptr_t)value - 1];
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        if (fd < 0 || write(fd, content->data, content->len) != (ssize_t)content->len)
            g_abort(); /* not a finding about the code under test */
        close(fd);
    }
}

uint64_t
os_fault_record_build(const OsFaultRecord *record, const OsFaultCrash *crash, const char *into)
{
    Disk disk = { .record = record,
                  .content = g_new0(GByteArray *, record->n_files + 1),
                  .names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                  .random = g_rand_new_with_seed(crash->seed) };
    uint64_t mark = 0;

    for (uint64_t i = 0; i < record->n_files; i++)
        disk.content[i] = g_byte_array_new();
    for (size_t i = 0; i < record->n_initial; i++)
        replay_step(&disk, record->steps->pdata[i]);
    for (size_t i = 0; i < crash->n_steps && i < os_fault_record_length(record); i++) {
        const Step *step = get_step(record, i);

        if (step->kind == STEP_MARK)
            mark = step->offset;
        if (i != crash->skip_sync)
            replay_step(&disk, step);
    }
    lose_some(&disk, crash->loss);
    write_out(&disk, into);
    for (uint64_t i = 0; i < record->n_files; i++)
        g_byte_array_unref(disk.content[i]);
    g_free(disk.content);
    g_hash_table_unref(disk.names);
    g_queue_clear(&disk.data_steps);
    g_queue_clear(&disk.name_steps);
    g_rand_free(disk.random);
    return mark;
}
