/* SPDX-License-Identifier: Apache-2.0
 * monitor_log: every entry since the last look is read and added to the tree that was kept; the root
 * that gives must be the checkpoint's. That proves growth, and that nothing was left out. */
#include "service/monitor_log.h"
#include <fcntl.h>
#include <inttypes.h>
#include "base/encoding.h"
#include "base/files.h"
#include "base/json.h"
#include "base/limits.h"
#include "proof/checkpoint.h"
#include "proof/tlog_policy.h"
#include "service/foreign_entry.h"
#include "sys/fetch.h"
#include "base/banned.h"

#define TILE_WIDTH       256u
#define STATE_MAX_BYTES  (64u << 10)
#define STATE_FORM       1
#define BUNDLE_MAX_BYTES (TILE_WIDTH * (2 + 65535u))
#define PATH_MAX_BYTES   96
#define MAX_ALARMS       1000 /* entries told one by one */

typedef struct {
    const MonitorOptions *options; /* borrowed */
    Cancel *cancel;                /* borrowed */
    NoteVerifier *log;             /* owned */
    MerkleFrontier seen;           /* of the state; then of what was read */
    uint64_t previous;
    GBytes *note;           /* owned */
    Checkpoint *checkpoint; /* owned */
    json_t *alarms;         /* owned */
    MonitorVerdict verdict;
} Look;

static void
look_clear(Look *look)
{
    g_clear_pointer(&look->log, note_verifier_free);
    g_clear_pointer(&look->note, g_bytes_unref);
    g_clear_pointer(&look->checkpoint, checkpoint_free);
    g_clear_pointer(&look->alarms, json_decref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Look, look_clear)

static void
raise_alarm(Look *look, MonitorVerdict kind, const char *kind_name, int64_t index,
            const Digest *leaf, const char *text)
{
    look->verdict = MAX(look->verdict, kind);
    if (json_array_size(look->alarms) < MAX_ALARMS)
        json_array_append_new(
            look->alarms, json_pack("{s:s, s:o, s:o, s:s}", "kind", kind_name, "index",
                                    index >= 0 ? json_integer(index) : json_null(), "leafHash",
                                    leaf != NULL ? json_digest(leaf) : json_null(), "text", text));
}

/* ---- what was seen ---- */

static bool
parse_state(Look *look, const json_t *root, GError **error)
{
    const char *origin = json_need_string(root, "origin", "state", error);
    json_t *nodes = origin != NULL ? json_need_array(root, "nodes", "state", error) : NULL;
    int64_t size = 0;
    size_t at = 0;

    if (nodes == NULL || !json_need_uint(root, "size", "state", &size, error))
        return false;
    if (strcmp(origin, note_verifier_name(look->log)) != 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "the state file is of the log '%s'",
                  origin);
        return false;
    }
    look->seen.size = (uint64_t)size;
    for (unsigned level = 0; level < G_N_ELEMENTS(look->seen.nodes); level++) {
        if (((look->seen.size >> level) & 1) == 0)
            continue;
        const char *text = json_string_value(json_array_get(nodes, at++));
        if (!digest_from_string(text != NULL ? text : "", &look->seen.nodes[level], error))
            return false;
    }
    return true;
}

static bool
load_state(Look *look, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(GBytes) text = file_read(AT_FDCWD, look->options->state, STATE_MAX_BYTES, &local);

    merkle_frontier_init(&look->seen);
    if (text == NULL && error_kind(local) == ERROR_KIND_NOT_FOUND)
        return true;
    if (text == NULL) {
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    g_autoptr(json_t) root = json_parse(span_of_bytes(text), STATE_MAX_BYTES, error);
    if (root != NULL && parse_state(look, root, error)) {
        look->previous = look->seen.size;
        return true;
    }
    error_prefix(error, "cannot use the monitor's state '%s'", look->options->state);
    return false;
}

static bool
store_state(const Look *look, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(look->options->state);
    g_autofree char *name = g_path_get_basename(look->options->state);
    json_t *nodes = json_array();

    for (unsigned level = 0; level < G_N_ELEMENTS(look->seen.nodes); level++) {
        if ((look->seen.size >> level) & 1)
            json_array_append_new(nodes, json_digest(&look->seen.nodes[level]));
    }
    g_autofree char *note =
        g_strndup(g_bytes_get_data(look->note, NULL), g_bytes_get_size(look->note));
    g_autoptr(json_t) root =
        json_pack("{s:i, s:s, s:I, s:o, s:s}", "slipwayMonitor", STATE_FORM, "origin",
                  note_verifier_name(look->log), "size", (json_int_t)look->seen.size, "nodes",
                  nodes, "checkpoint", note);
    g_autofree char *text = json_pretty(root);
    AUTO_FD int dir = dir_open(AT_FDCWD, folder, error);

    return dir >= 0 && file_write_atomic(dir, name, span_of_text(text), 0644, error);
}

/* ---- reading ---- */

static GBytes *
get(const Look *look, const char *path, uint64_t limit_bytes, GError **error)
{
    const char *base = look->options->url;
    g_autofree char *url =
        g_strdup_printf("%s%s%s", base, g_str_has_suffix(base, "/") ? "" : "/", path);
    FetchRequest request = { .url = url, .limit_bytes = limit_bytes };

    return fetch_bytes(&request, look->cancel, error);
}

static bool
read_checkpoint(Look *look, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(TlogPolicy) policy = NULL;

    look->note = get(look, "checkpoint", LIMIT_CHECKPOINT_BYTES, error);
    look->checkpoint = look->note != NULL ? checkpoint_verify(span_of_bytes(look->note),
                                                              note_verifier_name(look->log),
                                                              note_verifier_key(look->log), error)
                                          : NULL;
    if (look->checkpoint == NULL || look->options->policy == NULL)
        return look->checkpoint != NULL;
    policy = tlog_policy_parse(span_of_text(look->options->policy), error);
    g_autoptr(Note) note = policy != NULL ? note_parse(span_of_bytes(look->note), error) : NULL;
    if (note == NULL)
        return false;
    if (!tlog_policy_check(policy, note, NULL, &local))
        raise_alarm(look, MONITOR_QUORUM, "quorum", -1, NULL, local->message);
    return true;
}

/* "tile/entries/x001/234", and ".p/W" for one that is not full. */
static void
bundle_path(char out[PATH_MAX_BYTES], uint64_t number, unsigned width)
{
    char groups[PATH_MAX_BYTES] = "";
    size_t start = sizeof groups - 1;

    g_snprintf(groups + start - 3, 4, "%03u", (unsigned)(number % 1000));
    start -= 3;
    for (uint64_t rest = number / 1000; rest > 0 && start > 8; rest /= 1000) {
        char group[8];

        g_snprintf(group, sizeof group, "x%03u/", (unsigned)(rest % 1000));
        start -= strlen(group);
        memcpy(groups + start, group, strlen(group));
    }
    if (width < TILE_WIDTH)
        g_snprintf(out, PATH_MAX_BYTES, "tile/entries/%s.p/%u", groups + start, width);
    else
        g_snprintf(out, PATH_MAX_BYTES, "tile/entries/%s", groups + start);
}

/* A partial bundle may be gone once the full one is there. */
static GBytes *
read_bundle(const Look *look, uint64_t number, unsigned width, GError **error)
{
    char path[PATH_MAX_BYTES];
    g_autoptr(GError) local = NULL;

    bundle_path(path, number, width);
    GBytes *bytes = get(look, path, BUNDLE_MAX_BYTES, &local);
    if (bytes == NULL && width < TILE_WIDTH && error_kind(local) == ERROR_KIND_NOT_FOUND) {
        bundle_path(path, number, TILE_WIDTH);
        return get(look, path, BUNDLE_MAX_BYTES, error);
    }
    if (bytes == NULL)
        g_propagate_error(error, g_steal_pointer(&local));
    return bytes;
}

static void
look_at_entry(Look *look, Span leaf)
{
    Digest signers[FOREIGN_MAX_SIGNATURES];
    size_t n = look->options->n_mine > 0 ? foreign_entry_signers(leaf, signers) : 0;
    Digest hash = merkle_leaf_hash(leaf);

    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < look->options->n_mine; j++) {
            if (digest_equal(&signers[i], &look->options->mine[j]))
                raise_alarm(look, MONITOR_ENTRY, "entry", (int64_t)look->seen.size, &hash,
                            "an entry is signed with a key of yours");
        }
    }
    merkle_frontier_append(&look->seen, &hash);
}

/* Adds the entries of one bundle that are new, up to the checkpoint's size. */
static bool
take_bundle(Look *look, Span bytes, uint64_t first, GError **error)
{
    uint64_t size = look->checkpoint->head.size;

    for (uint64_t index = first; index < first + TILE_WIDTH && index < size; index++) {
        size_t len = bytes.len >= 2 ? (size_t)bytes.data[0] << 8 | bytes.data[1] : SIZE_MAX;

        if (len > bytes.len - MIN(bytes.len, 2)) {
            error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED,
                      "the log's entries end at %" PRIu64 ", before its checkpoint", index);
            return false;
        }
        if (index >= look->seen.size)
            look_at_entry(look, span_of(bytes.data + 2, len));
        bytes = span_of(bytes.data + 2 + len, bytes.len - 2 - len);
    }
    return true;
}

static bool
read_entries(Look *look, GError **error)
{
    uint64_t size = look->checkpoint->head.size;

    while (look->seen.size < size) {
        uint64_t number = look->seen.size / TILE_WIDTH;
        uint64_t first = number * TILE_WIDTH;
        unsigned width = (unsigned)MIN(size - first, TILE_WIDTH);
        g_autoptr(GBytes) bytes = read_bundle(look, number, width, error);

        if (bytes == NULL || !take_bundle(look, span_of_bytes(bytes), first, error))
            return false;
    }
    return true;
}

static bool
compare(Look *look, GError **error)
{
    const MerkleHead *head = &look->checkpoint->head;

    if (head->size < look->seen.size) {
        raise_alarm(look, MONITOR_FORK, "fork", -1, NULL,
                    "the log is smaller than it was: an old copy, or another history");
        return true;
    }
    if (!read_entries(look, error))
        return false;
    Digest root = merkle_frontier_root(&look->seen);
    if (!digest_equal(&root, &head->root))
        raise_alarm(look, MONITOR_FORK, "fork", -1, NULL,
                    "what was seen before and the entries since do not give the checkpoint's root: "
                    "this is another history");
    return true;
}

bool
monitor_look(const MonitorOptions *options, Cancel *cancel, MonitorVerdict *verdict_out,
             json_t **result_out, GError **error)
{
    g_auto(Look) look = { .options = options, .cancel = cancel, .alarms = json_array() };

    look.log = note_verifier_parse(options->vkey, error);
    if (look.log == NULL || !load_state(&look, error) || !read_checkpoint(&look, error) ||
        !compare(&look, error))
        return false;
    if (look.verdict < MONITOR_FORK && !store_state(&look, error))
        return false;
    *verdict_out = look.verdict;
    *result_out =
        json_pack("{s:s, s:I, s:o, s:I, s:I, s:O}", "origin", look.checkpoint->origin, "size",
                  (json_int_t)look.checkpoint->head.size, "root",
                  json_digest(&look.checkpoint->head.root), "previous", (json_int_t)look.previous,
                  "read", (json_int_t)(look.seen.size - look.previous), "alarms", look.alarms);
    return true;
}
