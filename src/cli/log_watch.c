/* SPDX-License-Identifier: Apache-2.0
 * log_watch: 'log monitor URL': looks at a log over the network, from what was seen at the last
 * look on. */
#include "cli/log_watch.h"
#include <fcntl.h>
#include "base/files.h"
#include "base/json.h"
#include "base/limits.h"
#include "cli/commands.h"
#include "proof/public_key.h"
#include "proof/tlog_policy.h"
#include "service/monitor_log.h"
#include "verify/verify.h"
#include "base/banned.h"

static bool
load_keys(const GPtrArray *paths, GArray *ids, GError **error)
{
    for (guint i = 0; paths != NULL && i < paths->len; i++) {
        g_autoptr(GBytes) text = file_read(AT_FDCWD, paths->pdata[i], LIMIT_KEY_FILE_BYTES, error);
        g_autoptr(PublicKey) key =
            text != NULL ? public_key_from_pem(span_of_bytes(text), error) : NULL;

        if (key == NULL) {
            error_prefix(error, "cannot use the key '%s'", (char *)paths->pdata[i]);
            return false;
        }
        Digest id = public_key_keyid(key);
        g_array_append_val(ids, id);
    }
    return true;
}

static void
print_look(CommandContext *context, const json_t *result)
{
    size_t i = 0;
    json_t *alarm = NULL;

    json_array_foreach (json_object_get(result, "alarms"), i, alarm) {
        const json_t *index = json_object_get(alarm, "index");
        g_autofree char *place =
            json_is_integer(index)
                ? g_strdup_printf("  entry %" JSON_INTEGER_FORMAT, json_integer_value(index))
                : g_strdup("");

        output_styled(context->output, OUTPUT_BAD, "ALARM  %-6s%s  %s",
                      json_string_value(json_object_get(alarm, "kind")), place,
                      json_string_value(json_object_get(alarm, "text")));
    }
    output_line(context->output,
                "%s  %" JSON_INTEGER_FORMAT " entries, %" JSON_INTEGER_FORMAT
                " of them read now, %" JSON_INTEGER_FORMAT " known before",
                json_string_value(json_object_get(result, "origin")),
                json_integer_value(json_object_get(result, "size")),
                json_integer_value(json_object_get(result, "read")),
                json_integer_value(json_object_get(result, "previous")));
    output_json(context->output, result);
}

bool
log_watch(CommandContext *context, const LogWatch *watch, GError **error)
{
    g_autoptr(GArray) mine = g_array_new(FALSE, FALSE, sizeof(Digest));
    g_autofree char *policy = NULL;
    g_autoptr(json_t) result = NULL;
    MonitorVerdict verdict = MONITOR_QUIET;

    if (!load_keys(watch->mine, mine, error))
        return false;
    if (watch->policy != NULL) {
        policy = file_read_text(AT_FDCWD, watch->policy, TLOG_POLICY_MAX_BYTES, error);
        if (policy == NULL)
            return false;
    }
    MonitorOptions look = { .url = watch->url,
                            .vkey = watch->vkey,
                            .state = watch->state,
                            .policy = policy,
                            .mine = (const Digest *)(void *)mine->data,
                            .n_mine = mine->len };
    if (!monitor_look(&look, context->cancel, &verdict, &result, error))
        return false;
    print_look(context, result);
    context->exit_code = verdict == MONITOR_QUIET  ? VERIFY_OK
                         : verdict == MONITOR_FORK ? VERIFY_NOT_AUTHENTIC
                                                   : VERIFY_POLICY;
    return true;
}
