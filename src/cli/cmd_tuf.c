/* SPDX-License-Identifier: Apache-2.0
 * cmd_tuf: a client of any TUF repository. Its command line is the one that the conformance suite
 * of The Update Framework expects: options, then init, refresh or download. */
#include <fcntl.h>
#include <string.h>
#include "base/clock.h"
#include "base/files.h"
#include "base/json.h"
#include "cli/commands.h"
#include "sys/fetch.h"
#include "verify/tuf_client.h"
#include "base/banned.h"

typedef struct {
    char *metadata_dir; /* owned */
    char *metadata_url; /* owned */
    char *target_url;   /* owned */
    char *target_dir;   /* owned */
    GPtrArray *targets; /* owned, of owned strings */
} TufArgs;

static const CliOption options[] = {
    { "metadata-dir", 0, CLI_STRING, offsetof(TufArgs, metadata_dir), CLI_REQUIRED | CLI_PATH,
      "where trusted metadata is kept", "DIR" },
    { "metadata-url", 0, CLI_STRING, offsetof(TufArgs, metadata_url), 0,
      "where the repository's metadata is", "URL" },
    { "target-base-url", 0, CLI_STRING, offsetof(TufArgs, target_url), 0,
      "where its targets are; default METADATA-URL/targets", "URL" },
    { "target-name", 0, CLI_STRINGS, offsetof(TufArgs, targets), 0,
      "what to download; may be given again", "PATH" },
    { "target-dir", 0, CLI_STRING, offsetof(TufArgs, target_dir), CLI_PATH, "where to put targets",
      "DIR" },
    { 0 },
};

typedef struct Remote {
    const TufArgs *args; /* borrowed */
    Cancel *cancel;      /* borrowed */
} Remote;

static bool
refuse_usage(GError **error, const char *what)
{
    error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS, "%s", what);
    return false;
}

/* BASE/PATH, the parts of the path escaped. Owned. */
static char *
join_url(const char *base, const char *below, const char *path)
{
    g_autofree char *escaped = g_uri_escape_string(path, "/%", false);
    size_t len = strlen(base);

    while (len > 0 && base[len - 1] == '/')
        len--;
    return g_strdup_printf("%.*s%s/%s", (int)len, base, below, escaped);
}

static TufFetched
fetch_file(void *data, TufPlace place, const char *path, uint64_t limit_bytes, int out_fd,
           GError **error)
{
    const Remote *remote = data;
    bool is_target = place == TUF_PLACE_TARGETS;
    const char *base = is_target && remote->args->target_url != NULL ? remote->args->target_url
                                                                     : remote->args->metadata_url;
    g_autofree char *url =
        join_url(base, is_target && remote->args->target_url == NULL ? "/targets" : "", path);
    const FetchRequest request = { .url = url, .limit_bytes = limit_bytes, .out_fd = out_fd };
    g_auto(FetchAnswer) answer = { 0 };

    if (!fetch(&request, remote->cancel, &answer, error))
        return TUF_FETCH_FAILED;
    if (answer.status == 403 || answer.status == 404)
        return TUF_FETCH_ABSENT;
    if (answer.status == 200)
        return TUF_FETCH_DONE;
    error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE, "'%s' answered %d", url, answer.status);
    return TUF_FETCH_FAILED;
}

static int
open_made(const char *path, GError **error)
{
    return dir_create_all(AT_FDCWD, path, 0755, error) ? dir_open(AT_FDCWD, path, error) : -1;
}

static bool
do_init(int dir_fd, const char *root_file, GError **error)
{
    g_autoptr(GBytes) root = file_read(AT_FDCWD, root_file, TUF_MAX_ROOT_BYTES, error);

    return root != NULL && tuf_client_init(dir_fd, span_of_bytes(root), error);
}

static bool
download_all(CommandContext *context, TufClient *client, const TufArgs *args, GError **error)
{
    AUTO_FD int dir_fd = open_made(args->target_dir, error);

    for (guint i = 0; dir_fd >= 0 && i < args->targets->len; i++) {
        g_auto(TufTarget) target = { 0 };

        if (!tuf_client_find(client, args->targets->pdata[i], &target, error) ||
            !tuf_client_download(client, &target, dir_fd, error))
            return false;
        output_talk(context->output, "have  %s", target.path);
    }
    return dir_fd >= 0;
}

static json_t *
versions(const TufClient *client)
{
    static const char *const roles[] = { "root", "timestamp", "snapshot", "targets" };
    json_t *object = json_object();

    for (size_t i = 0; i < G_N_ELEMENTS(roles); i++)
        json_object_set_new(object, roles[i],
                            json_integer(tuf_set_version(tuf_client_set(client), roles[i])));
    return object;
}

static bool
check_usage(const TufArgs *args, const char *const *words, GError **error)
{
    bool init = strcmp(words[0], "init") == 0;
    bool download = strcmp(words[0], "download") == 0;

    if (!init && !download && strcmp(words[0], "refresh") != 0)
        return refuse_usage(error, "say init ROOT, refresh or download");
    if (init != (words[1] != NULL))
        return refuse_usage(error, init ? "init needs the file of a trusted root"
                                        : "only init takes a file");
    if (!init && args->metadata_url == NULL)
        return refuse_usage(error, "option '--metadata-url' is needed");
    if (download && (args->targets == NULL || args->target_dir == NULL))
        return refuse_usage(error, "download needs '--target-name' and '--target-dir'");
    return true;
}

static bool
run_tuf(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    TufArgs *args = data;
    Remote remote = { .args = args, .cancel = context->cancel };
    const TufSource source = { .data = &remote, .fetch = fetch_file };
    g_autoptr(TufClient) client = NULL;
    g_autoptr(json_t) json = NULL;

    if (!check_usage(args, positional, error))
        return false;
    AUTO_FD int dir_fd = open_made(args->metadata_dir, error);
    if (dir_fd < 0)
        return false;
    if (strcmp(positional[0], "init") == 0)
        return do_init(dir_fd, positional[1], error);
    client = tuf_client_refresh(dir_fd, &source, clock_now_us(&clock_system), error);
    if (client == NULL)
        return false;
    if (strcmp(positional[0], "download") == 0 && !download_all(context, client, args, error))
        return false;
    json = versions(client);
    output_json(context->output, json);
    return true;
}

const Command cmd_tuf = {
    .name = "tuf",
    .synopsis = "--metadata-dir DIR init ROOT|refresh|download",
    .help = "a client of any TUF repository",
    .details = "init trusts a root; refresh brings the metadata up to date; download also\n"
               "fetches targets. Nothing is kept or used before it is verified.\n"
               "A repository of this engine's own: 'slipway help tuf repo init' and on.",
    .needs = COMMAND_NEEDS_NOTHING,
    .flags = COMMAND_CANCELLABLE | COMMAND_RARE,
    .min_args = 1,
    .max_args = 2,
    .options = options,
    .args_size = sizeof(TufArgs),
    .usage_exit_code = 1, /* the suite knows 0 and 1 only */
    .run = run_tuf,
};
