/* SPDX-License-Identifier: Apache-2.0
 * channel: rows of work_channel. */
#include "service/channel.h"
#include <string.h>
#include "base/json.h"
#include "format/glob.h"
#include "service/engine_priv.h"
#include "service/outbox_priv.h"
#include "service/settings.h"
#include "base/banned.h"

#define NAME_BYTES_MAX 64
#define LIST_MAX       100

static const char *const default_states[] = { "failed", "error", "fixed", NULL };

typedef struct SetChannel {
    const char *project;
    OutboxChannel channel;
} SetChannel;

/* Absent: empty. */
static bool
take_text(const json_t *settings, const char *key, char **out, GError **error)
{
    *out = g_strdup("");
    return settings_take_text(settings, key, out, error);
}

static bool
take_list(const json_t *settings, const char *key, char ***out, GError **error)
{
    const json_t *array = json_object_get(settings, key);
    size_t n = json_array_size(array);

    if (array != NULL && (!json_is_array(array) || n > LIST_MAX))
        return settings_invalid(error, key, "a list of at most 100 texts");
    *out = g_new0(char *, n + 1);
    for (size_t i = 0; i < n; i++) {
        const char *text = json_string_value(json_array_get(array, i));

        if (text == NULL || text[0] == '\0' || strpbrk(text, "\r\n ") != NULL)
            return settings_invalid(error, key, "texts without blanks");
        (*out)[i] = g_strdup(text);
    }
    return true;
}

static bool
check_states(const OutboxChannel *channel, GError **error)
{
    for (size_t i = 0; channel->states[i] != NULL; i++) {
        if (run_state_from_string(channel->states[i]) == RUN_NONE &&
            strcmp(channel->states[i], "fixed") != 0)
            return settings_invalid(error, "states",
                                    "queued, running, passed, failed, error, cancelled or "
                                    "fixed");
    }
    for (size_t i = 0; channel->refs[i] != NULL; i++) {
        if (!glob_check(channel->refs[i], error))
            return false;
    }
    return true;
}

static bool
check_mail(const OutboxChannel *channel, GError **error)
{
    if (!g_str_has_prefix(channel->url, "smtp://") && !g_str_has_prefix(channel->url, "smtps://"))
        return settings_invalid(error, "url", "smtp://HOST:PORT or smtps://HOST:PORT");
    if (!notice_address_is_valid(channel->from) || channel->recipients[0] == NULL)
        return settings_invalid(error, "from, to", "mail addresses");
    for (size_t i = 0; channel->recipients[i] != NULL; i++) {
        if (!notice_address_is_valid(channel->recipients[i]))
            return settings_invalid(error, "to", "mail addresses");
    }
    return true;
}

static bool
check(const OutboxChannel *channel, GError **error)
{
    bool has_url =
        g_str_has_prefix(channel->url, "https://") || g_str_has_prefix(channel->url, "http://");

    if (channel->secret_file[0] != '\0' && !g_path_is_absolute(channel->secret_file))
        return settings_invalid(error, "secretFile", "the absolute path of a file");
    if (!check_states(channel, error))
        return false;
    if (channel->type == NOTICE_MAIL)
        return check_mail(channel, error);
    if (channel->type == NOTICE_SLACK && channel->url[0] == '\0' && channel->secret_file[0] != '\0')
        return true; /* the address is the secret */
    return has_url || settings_invalid(error, "url", "an address that begins with https://");
}

static bool
read_settings(const json_t *settings, OutboxChannel *channel, GError **error)
{
    static const char *const allowed[] = { "type", "url",    "secretFile", "account", "from",
                                           "to",   "states", "refs",       NULL };
    const char *type = NULL;

    if (!json_only_keys(settings, allowed, "notice", error))
        return false;
    type = json_need_string(settings, "type", "notice", error);
    if (type == NULL)
        return false;
    channel->type = notice_type_from_string(type);
    if (channel->type == NOTICE_NONE)
        return settings_invalid(error, "type", "webhook, slack or mail");
    if (!take_text(settings, "url", &channel->url, error) ||
        !take_text(settings, "secretFile", &channel->secret_file, error) ||
        !take_text(settings, "account", &channel->account, error) ||
        !take_text(settings, "from", &channel->from, error) ||
        !take_list(settings, "to", &channel->recipients, error) ||
        !take_list(settings, "states", &channel->states, error) ||
        !take_list(settings, "refs", &channel->refs, error))
        return false;
    if (channel->states[0] == NULL) {
        g_strfreev(channel->states);
        channel->states = g_strdupv((char **)default_states);
    }
    return check(channel, error);
}

static bool
write_channel(DbConn *conn, void *input, GError **error)
{
    const SetChannel *set = input;
    const OutboxChannel *channel = &set->channel;
    g_autofree char *recipients = g_strjoinv("\n", channel->recipients);
    g_autofree char *states = g_strjoinv(" ", channel->states);
    g_autofree char *refs = g_strjoinv("\n", channel->refs);

    return db_exec(conn, QUERY_CHANNEL_UPSERT,
                   DB_PARAMS(DB_TEXT(set->project), DB_TEXT(channel->name),
                             DB_TEXT(notice_type_name(channel->type)), DB_TEXT(channel->url),
                             DB_TEXT(channel->secret_file), DB_TEXT(channel->account),
                             DB_TEXT(channel->from), DB_TEXT(recipients), DB_TEXT(states),
                             DB_TEXT(refs)),
                   error);
}

static bool
name_is_valid(const char *name)
{
    size_t len = strlen(name);

    return len >= 1 && len <= NAME_BYTES_MAX &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") == len;
}

static json_t *
strings_json(char *const *list)
{
    json_t *array = json_array();

    for (size_t i = 0; list[i] != NULL; i++)
        json_array_append_new(array, json_string(list[i]));
    return array;
}

static json_t *
channel_json(const char *project, const OutboxChannel *channel)
{
    json_t *object = json_object();

    json_object_set_new(object, "project", json_string(project));
    json_object_set_new(object, "name", json_string(channel->name));
    json_object_set_new(object, "type", json_string(notice_type_name(channel->type)));
    json_object_set_new(object, "url", json_string(channel->url));
    json_object_set_new(object, "secretFile", json_string(channel->secret_file));
    json_object_set_new(object, "account", json_string(channel->account));
    json_object_set_new(object, "from", json_string(channel->from));
    json_object_set_new(object, "to", strings_json(channel->recipients));
    json_object_set_new(object, "states", strings_json(channel->states));
    json_object_set_new(object, "refs", strings_json(channel->refs));
    return object;
}

bool
channel_set(Engine *engine, const char *project, const char *name, const json_t *settings,
            json_t **result_out, GError **error)
{
    SetChannel set = { .project = project };
    g_autoptr(GError) local = NULL;
    bool ok = false;

    if (!name_is_valid(name))
        return settings_invalid(error, "name", "1 to 64 of [a-z0-9_-]");
    set.channel.name = g_strdup(name);
    ok = read_settings(settings, &set.channel, error);
    if (ok && !db_write(engine->db, DB_LANE_ACKNOWLEDGED, write_channel, &set, &local)) {
        ok = false;
        if (g_error_matches(local, DB_ERROR, DB_ERROR_CONSTRAINT))
            error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "there is no project '%s'", project);
        else
            g_propagate_error(error, g_steal_pointer(&local));
    }
    if (ok)
        *result_out = channel_json(project, &set.channel);
    outbox_channel_clear(&set.channel);
    return ok;
}

json_t *
channel_list(Engine *engine, const char *project, GError **error)
{
    g_autoptr(DbReader) reader = db_reader_acquire(engine->db, error);
    g_autoptr(DbRows) rows =
        reader != NULL ? db_select(reader, QUERY_CHANNEL_LIST, DB_NO_PARAMS, error) : NULL;
    g_autoptr(json_t) array = json_array();
    bool has_row = false;

    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return NULL;
    while (has_row) {
        const char *of = db_rows_text(rows, 0);
        g_auto(OutboxChannel) channel = { 0 };

        outbox_channel_read(rows, &channel);
        if (project == NULL || strcmp(project, of) == 0)
            json_array_append_new(array, channel_json(of, &channel));
        if (!db_rows_next(rows, &has_row, error))
            return NULL;
    }
    return g_steal_pointer(&array);
}

typedef struct RemoveChannel {
    const char *project;
    const char *name;
} RemoveChannel;

static bool
remove_channel(DbConn *conn, void *input, GError **error)
{
    const RemoveChannel *remove = input;

    if (!db_exec(conn, QUERY_CHANNEL_REMOVE,
                 DB_PARAMS(DB_TEXT(remove->project), DB_TEXT(remove->name)), error))
        return false;
    if (db_changes(conn) > 0)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "project '%s' has no channel '%s'",
              remove->project, remove->name);
    return false;
}

bool
channel_remove(Engine *engine, const char *project, const char *name, GError **error)
{
    RemoveChannel remove = { .project = project, .name = name };

    return db_write(engine->db, DB_LANE_ACKNOWLEDGED, remove_channel, &remove, error);
}
