/* SPDX-License-Identifier: Apache-2.0
 * vm_refresh: see vm_refresh_priv.h. The new snapshot exists only after update and test succeeded; until then, and if anything fails, jobs
 * find the one before. */
#include "executor/vm_refresh_priv.h"
#include <fcntl.h>
#include <inttypes.h>
#include "base/clock.h"
#include "base/files.h"
#include "base/json.h"
#include "executor/remote.h"
#include "executor/vm_place_priv.h"
#include "vm/client.h"
#include "base/banned.h"

#define TIMEOUT_S     7200
#define TIMEOUT_MAX_S (2u * 86400)
#define KEEP          3
#define KEEP_MAX      100
#define OUTPUT_BYTES  (1u << 20)
#define BOOT_MORE_MS  60000
#define SNAPSHOT_MS   600000

typedef struct {
    VmHelper *helper; /* borrowed */
    int output_fd;    /* borrowed */
    int timeout_ms;
    Cancel *cancel; /* borrowed */
} Work;

/* A snapshot of a running machine has the time of its making. */
static bool
run_command(const Work *work, const char *name, const char *command, GError **error)
{
    AUTO_FD int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    const int fds[] = { nothing, work->output_fd };
    g_autoptr(json_t) answer = NULL;
    g_autofree char *quoted = g_shell_quote(command);
    g_autofree char *line =
        g_strdup_printf("date -u -s @%" PRId64 " >/dev/null 2>&1; exec /bin/sh -e -c %s 2>&1",
                        clock_now_us(&clock_system) / 1000000, quoted);

    if (!vm_helper_ask(
            work->helper,
            json_pack("{s:s, s:s, s:i}", "do", "run", "command", line, "maxBytes", OUTPUT_BYTES),
            fds, G_N_ELEMENTS(fds), work->timeout_ms, work->cancel, &answer, error)) {
        error_prefix(error, "'%s'", name);
        return false;
    }
    json_int_t code = json_integer_value(json_object_get(answer, "exit"));

    if (code != 0)
        error_set(error, BASE_ERROR, BASE_ERROR_DENIED, "'%s' ended with exit code %d", name,
                  (int)code);
    return code == 0;
}

static bool
renew(const Work *work, const VmPlace *place, const json_t *settings, uint64_t keep,
      char **snapshot_out, GError **error)
{
    const char *update = json_string_value(json_object_get(settings, "refresh-update"));
    const char *test = json_string_value(json_object_get(settings, "refresh-test"));
    g_autoptr(json_t) answer = NULL;

    if (update == NULL || place->snapshot[0] == '\0') {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "the pool's settings name no 'refresh-update' or no 'snapshot'");
        return false;
    }
    if (!vm_helper_ask(work->helper, vm_place_request(place, "boot"), NULL, 0,
                       (int)place->ready_s * 1000 + BOOT_MORE_MS, work->cancel, NULL, error) ||
        !run_command(work, "refresh-update", update, error) ||
        (test != NULL && !run_command(work, "refresh-test", test, error)) ||
        !vm_helper_ask(work->helper,
                       json_pack("{s:s, s:s, s:I}", "do", "snapshot", "name", place->snapshot,
                                 "keep", (json_int_t)keep),
                       NULL, 0, SNAPSHOT_MS, work->cancel, &answer, error))
        return false;
    *snapshot_out = g_strdup(json_string_value(json_object_get(answer, "snapshot")));
    return true;
}

bool
vm_refresh(Executor *self, const char *slot, const json_t *settings, int output_fd, Cancel *cancel,
           char **snapshot_out, GError **error)
{
    g_auto(VmPlace) place = { 0 };
    g_autoptr(GError) second = NULL;
    uint64_t timeout_s = 0;
    uint64_t keep = 0;

    (void)self;
    if (!vm_place_init(&place, slot, settings, error) ||
        !remote_setting_number(settings, "refresh-timeout", TIMEOUT_S, TIMEOUT_MAX_S, &timeout_s,
                               error) ||
        !remote_setting_number(settings, "refresh-keep", KEEP, KEEP_MAX, &keep, error))
        return false;
    g_autoptr(VmHelper) helper = vm_helper_start(error);

    if (helper == NULL)
        return false;
    Work work = { .helper = helper,
                  .output_fd = output_fd,
                  .timeout_ms = (int)timeout_s * 1000,
                  .cancel = cancel };
    bool ok = renew(&work, &place, settings, keep, snapshot_out, error);

    g_clear_pointer(&helper, vm_helper_free);
    bool off = vm_place_power_off(&place, NULL, ok ? error : &second);

    if (ok && !off)
        g_clear_pointer(snapshot_out, g_free);
    return ok && off;
}
