/* SPDX-License-Identifier: Apache-2.0
 * op: the operations, one const row each, defined in op_<noun>.c. Only operations.c includes this,
 * and those files. */
#pragma once
#include "api/api.h"

extern const ApiOperation op_admin_backup;
extern const ApiOperation op_admin_fsck;
extern const ApiOperation op_admin_gc;
extern const ApiOperation op_admin_rebuild;
extern const ApiOperation op_authority_apply;
extern const ApiOperation op_engine_version;
extern const ApiOperation op_log_append;
extern const ApiOperation op_log_check;
extern const ApiOperation op_log_checkpoint;
extern const ApiOperation op_log_export;
extern const ApiOperation op_log_prove;
extern const ApiOperation op_log_tail;
extern const ApiOperation op_queue_cancel;
extern const ApiOperation op_queue_list;
extern const ApiOperation op_release_approvals;
extern const ApiOperation op_release_approve;
extern const ApiOperation op_release_decision;
extern const ApiOperation op_release_list;
extern const ApiOperation op_release_notes;
extern const ApiOperation op_release_propose_rejection;
extern const ApiOperation op_release_publish;
extern const ApiOperation op_release_request;
extern const ApiOperation op_release_seal;
extern const ApiOperation op_release_show;
extern const ApiOperation op_root_propose;
extern const ApiOperation op_roster_propose;
extern const ApiOperation op_roster_show;
extern const ApiOperation op_run_allow;
extern const ApiOperation op_run_cancel;
extern const ApiOperation op_run_list;
extern const ApiOperation op_run_log;
extern const ApiOperation op_run_queue;
extern const ApiOperation op_run_restart;
extern const ApiOperation op_run_show;
extern const ApiOperation op_run_start;
extern const ApiOperation op_run_watch;
extern const ApiOperation op_secret_list;
extern const ApiOperation op_secret_remove;
extern const ApiOperation op_secret_rotate;
extern const ApiOperation op_secret_set;
extern const ApiOperation op_secret_uses;
extern const ApiOperation op_target_list;
extern const ApiOperation op_target_set;
extern const ApiOperation op_token_create;
extern const ApiOperation op_token_list;
extern const ApiOperation op_token_revoke;
extern const ApiOperation op_trust_export;
extern const ApiOperation op_user_disable;
extern const ApiOperation op_user_list;
extern const ApiOperation op_user_set;
