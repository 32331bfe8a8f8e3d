/* SPDX-License-Identifier: Apache-2.0
 * monitor: everything a log holds, folded; its tree, its checkpoint and its status compared. */
#include "verify/monitor.h"
#include <string.h>
#include "fact/status_build.h"
#include "verify/verify_priv.h"
#include "base/banned.h"

struct Monitor {
    const Trust *trust; /* borrowed */
    FactFold *fold;
    MerkleFrontier tree;
    VerifyReport *report;
    int64_t n_void;
};

Monitor *
monitor_new(const Trust *trust)
{
    Monitor *monitor = g_new0(Monitor, 1);

    monitor->trust = trust;
    monitor->fold = fact_fold_new();
    monitor->report = verify_report_new();
    merkle_frontier_init(&monitor->tree);
    return monitor;
}

void
monitor_free(Monitor *monitor)
{
    if (monitor == NULL)
        return;
    fact_fold_free(monitor->fold);
    verify_report_free(monitor->report);
    g_free(monitor);
}

static void
check_first(Monitor *monitor, const Fact *fact)
{
    if (!digest_equal(&fact->s, &monitor->trust->root))
        verify_report_add(monitor->report, VERIFY_NOT_AUTHENTIC, "root", fact->s_text,
                          "entry 0 is not the root the trust file names");
    else
        verify_report_add(monitor->report, VERIFY_OK, "root", fact->s_text,
                          "is the root the trust file names");
}

bool
monitor_feed(Monitor *monitor, Span leaf, Span pae, GError **error)
{
    int64_t index = (int64_t)monitor->tree.size;
    g_autoptr(FactVerdict) verdict = NULL;
    g_autoptr(Fact) fact = fact_parse(index, leaf, pae, FACT_PARSE_CHECKED, error);
    Digest hash = merkle_leaf_hash(leaf);

    if (fact == NULL) {
        error_prefix(error, "entry %" G_GINT64_FORMAT, index);
        return false;
    }
    if (index == 0)
        check_first(monitor, fact);
    if (!fact_fold_apply(monitor->fold, fact, &verdict, error))
        return false;
    if (verdict->outcome == FACT_HALT) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
                  "folding stops at entry %" G_GINT64_FORMAT ": %s", index, verdict->text);
        return false;
    }
    merkle_frontier_append(&monitor->tree, &hash);
    if (verdict->outcome == FACT_VOID) {
        monitor->n_void++;
        verify_report_add(monitor->report, VERIFY_NOT_AUTHENTIC, "void", fact->s_text,
                          "entry %" G_GINT64_FORMAT " counts for nothing (%s): %s", index,
                          fact_rule_name(verdict->rule), verdict->text);
    }
    return true;
}

/* The public key of the first key of @role in the newest root, or NULL. */
static PublicKey *
key_of(Monitor *monitor, KeyRole role)
{
    g_autoptr(FactRoot) root = NULL;

    if (!fact_view_root(fact_fold_view(monitor->fold), &root, NULL, NULL) || root == NULL)
        return NULL;
    const RootKey *key = fact_root_find_role(root, role);
    return key != NULL ? public_key_from_spki(span_of_bytes(key->spki), NULL) : NULL;
}

static void
check_checkpoint(Monitor *monitor, Span note, const MerkleHead *head)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(PublicKey) key = key_of(monitor, KEY_ROLE_LOG);
    g_autoptr(Checkpoint) checkpoint =
        key == NULL ? NULL : checkpoint_verify(note, monitor->trust->origin, key, &local);

    if (checkpoint == NULL)
        verify_report_add(monitor->report, VERIFY_NOT_AUTHENTIC, "checkpoint", "checkpoint", "%s",
                          local != NULL ? local->message : "the root names no log key");
    else if (checkpoint->head.size != head->size ||
             !digest_equal(&checkpoint->head.root, &head->root))
        verify_report_add(monitor->report, VERIFY_NOT_AUTHENTIC, "checkpoint", "checkpoint",
                          "it says another tree than the entries give");
    else
        verify_report_add(monitor->report, VERIFY_OK, "checkpoint", "checkpoint",
                          "%" G_GUINT64_FORMAT " entries give its root", head->size);
}

static void
compare_status(Monitor *monitor, const Status *said, const MerkleHead *head)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(Status) own = fact_status_build(fact_fold_view(monitor->fold), &local);

    if (own == NULL) {
        verify_report_add(monitor->report, VERIFY_NOT_AUTHENTIC, "status", "status.json", "%s",
                          local->message);
        return;
    }
    own->head = *head;
    if (!status_same_facts(own, said))
        verify_report_add(monitor->report, VERIFY_NOT_AUTHENTIC, "status", "status.json",
                          "it is not what the log says");
    else
        verify_report_add(monitor->report, VERIFY_OK, "status", "status.json",
                          "number %" G_GINT64_FORMAT " says what the log says", said->number);
}

static void
check_status(Monitor *monitor, Span envelope, const MerkleHead *head, int64_t now_us)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(PublicKey) key = key_of(monitor, KEY_ROLE_STATUS);
    g_autoptr(Status) said = key == NULL ? NULL : status_open(envelope, key, &local);

    if (said == NULL) {
        verify_report_add(monitor->report, VERIFY_NOT_AUTHENTIC, "status", "status.json", "%s",
                          local != NULL ? local->message : "the root names no status key");
        return;
    }
    compare_status(monitor, said, head);
    if (now_us > said->expires_us)
        verify_report_add(monitor->report, VERIFY_STALE, "freshness", "status.json",
                          "it has expired");
}

VerifyReport *
monitor_finish(Monitor *monitor, Span status, Span checkpoint, int64_t now_us)
{
    MerkleHead head = { .size = monitor->tree.size, .root = merkle_frontier_root(&monitor->tree) };

    verify_report_add(monitor->report, VERIFY_OK, "fold", monitor->trust->origin,
                      "%" G_GUINT64_FORMAT " entries, %" G_GINT64_FORMAT " of them void", head.size,
                      monitor->n_void);
    if (checkpoint.len > 0)
        check_checkpoint(monitor, checkpoint, &head);
    if (status.len > 0)
        check_status(monitor, status, &head, now_us);
    VerifyReport *report = monitor->report;
    monitor->report = verify_report_new();
    return report;
}
