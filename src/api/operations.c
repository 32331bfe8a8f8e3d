/* SPDX-License-Identifier: Apache-2.0
 * operations: the rows of the table, sorted by name. Handlers live in op_<noun>.c. */
#include "api/api.h"
#include "api/op.h"
#include "base/banned.h"

/* clang-format off */
const ApiOperation *const api_operations[] = {
    &op_admin_backup,
    &op_admin_fsck,
    &op_admin_gc,
    &op_admin_rebuild,
    &op_authority_apply,
    &op_engine_version,
    &op_log_append,
    &op_log_check,
    &op_log_checkpoint,
    &op_log_export,
    &op_log_prove,
    &op_log_tail,
    &op_queue_cancel,
    &op_queue_list,
    &op_release_approvals,
    &op_release_approve,
    &op_release_decision,
    &op_release_list,
    &op_release_notes,
    &op_release_propose_rejection,
    &op_release_publish,
    &op_release_request,
    &op_release_seal,
    &op_release_show,
    &op_root_propose,
    &op_roster_propose,
    &op_roster_show,
    &op_run_allow,
    &op_run_cancel,
    &op_run_list,
    &op_run_log,
    &op_run_queue,
    &op_run_restart,
    &op_run_show,
    &op_run_start,
    &op_run_watch,
    &op_target_list,
    &op_target_set,
    &op_token_create,
    &op_token_list,
    &op_token_revoke,
    &op_trust_export,
    &op_user_disable,
    &op_user_list,
    &op_user_set,
};
/* clang-format on */
const size_t api_n_operations = G_N_ELEMENTS(api_operations);
