/* SPDX-License-Identifier: Apache-2.0
 * verify: the verification of one release as a list of steps; all findings are reported. */
#include "verify/verify_priv.h"
#include "base/banned.h"

static void
verification_clear(Verification *v)
{
    verify_report_free(v->report);
    g_clear_pointer(&v->note, g_bytes_unref);
    g_clear_pointer(&v->envelope, g_bytes_unref);
    g_clear_pointer(&v->by_s, g_hash_table_unref);
    g_clear_pointer(&v->facts, g_ptr_array_unref);
    g_clear_pointer(&v->lines, g_ptr_array_unref);
    fact_fold_free(v->fold);
    fact_root_free(v->root);
    checkpoint_free(v->checkpoint);
    status_free(v->status);
    manifest_free(v->manifest);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Verification, verification_clear)

VerifyReport *
verify_release(VerifySource *source, const VerifyOptions *options, GError **error)
{
    g_auto(Verification)
        v = { .source = source, .options = options, .report = verify_report_new() };

    if (!verify_load(&v, error) || !verify_facts(&v, error) || !verify_log(&v, error) ||
        !verify_policy(&v, error) || !verify_files(&v, error))
        return NULL;
    if (v.checkpoint == NULL && verify_report_result(v.report) == VERIFY_OK)
        verify_report_add(v.report, VERIFY_NOT_AUTHENTIC, "checkpoint", VERIFY_CHECKPOINT,
                          "nothing proves the facts to be in the log");
    return g_steal_pointer(&v.report);
}
