/* SPDX-License-Identifier: Apache-2.0
 * commands: every command in the order of the overview, and the groups. */
#include "cli/commands.h"
#include "base/banned.h"

const Command *const commands[] = {
    &cmd_help,
    &cmd_version,
    &cmd_init,
    &cmd_check,
    &cmd_plan,
    &cmd_run,
    &cmd_runs,
    &cmd_show,
    &cmd_logs,
    &cmd_cancel,
    &cmd_release_list,
    &cmd_release_show,
    &cmd_release_notes,
    &cmd_release_seal,
    &cmd_release_request,
    &cmd_release_approve,
    &cmd_release_approvals,
    &cmd_release_publish,
    &cmd_release_reject,
    &cmd_verify,
    &cmd_log_checkpoint,
    &cmd_log_tail,
    &cmd_log_prove,
    &cmd_log_check,
    &cmd_log_append,
    &cmd_log_export,
    &cmd_log_monitor,
    &cmd_tuf,
    &cmd_trust_export,
    &cmd_keys_new,
    &cmd_keys_sign,
    &cmd_roster_set,
    &cmd_roster_show,
    &cmd_target_set,
    &cmd_target_list,
    &cmd_admin_isolation,
    &cmd_admin_fsck,
    &cmd_admin_rebuild,
    &cmd_admin_backup,
    &cmd_admin_gc,
    &cmd_admin_apply,
    &cmd_admin_dump,
    &cmd_call,
    &cmd_completion,
};
const size_t n_commands = G_N_ELEMENTS(commands);

const CommandGroup command_groups[] = {
    { "release", "seal, request, approve, publish, reject, list, show", 0 },
    { "log", "the transparency log: look, prove, check, export", 0 },
    { "roster", "who decides in a project", 0 },
    { "target", "where a project publishes to", 0 },
    { "keys", "keys of people, and signing with them", 0 },
    { "trust", "what others need to verify our releases", COMMAND_RARE },
    { "store", "blobs by digest", COMMAND_RARE },
    { "admin", "the data folder: fsck, rebuild, backup", COMMAND_RARE },
};
const size_t n_command_groups = G_N_ELEMENTS(command_groups);
