/* SPDX-License-Identifier: Apache-2.0
 * commands: the rows, each defined in its cmd_<name>.c. Those files and commands.c include this. */
#pragma once
#include "cli/command.h"

extern const Command cmd_admin_apply;
extern const Command cmd_admin_backup;
extern const Command cmd_admin_dump;
extern const Command cmd_admin_fsck;
extern const Command cmd_admin_gc;
extern const Command cmd_admin_isolation;
extern const Command cmd_admin_rebuild;
extern const Command cmd_call;
extern const Command cmd_cancel;
extern const Command cmd_check;
extern const Command cmd_completion;
extern const Command cmd_help;
extern const Command cmd_init;
extern const Command cmd_keys_new;
extern const Command cmd_keys_sign;
extern const Command cmd_log_append;
extern const Command cmd_log_check;
extern const Command cmd_log_checkpoint;
extern const Command cmd_log_export;
extern const Command cmd_log_prove;
extern const Command cmd_log_tail;
extern const Command cmd_logs;
extern const Command cmd_plan;
extern const Command cmd_release_approvals;
extern const Command cmd_release_approve;
extern const Command cmd_release_list;
extern const Command cmd_release_notes;
extern const Command cmd_release_publish;
extern const Command cmd_release_reject;
extern const Command cmd_release_request;
extern const Command cmd_release_seal;
extern const Command cmd_release_show;
extern const Command cmd_roster_set;
extern const Command cmd_roster_show;
extern const Command cmd_run;
extern const Command cmd_runs;
extern const Command cmd_show;
extern const Command cmd_serve;
extern const Command cmd_target_list;
extern const Command cmd_target_set;
extern const Command cmd_token_create;
extern const Command cmd_token_list;
extern const Command cmd_token_revoke;
extern const Command cmd_trust_export;
extern const Command cmd_user_disable;
extern const Command cmd_user_list;
extern const Command cmd_user_set;
extern const Command cmd_tuf;
extern const Command cmd_log_monitor;
extern const Command cmd_verify;
extern const Command cmd_version;
