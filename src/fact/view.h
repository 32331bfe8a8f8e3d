/* SPDX-License-Identifier: Apache-2.0
 * view: look-ups in the fold of one log. Implemented by the fold in memory (fact/fold.h) and by the
 * database (service/apply.h); rules read through the typed functions below only. */
#pragma once
#include "fact/fact.h"
#include "fact/root.h"
#include "fact/roster.h"
#include "fact/row.h"
#include "fact/state.h"

typedef struct FactView FactView;

typedef struct FactViewDriver {
    /* The row of @table with that key; *row_out = owned reference, or NULL when there is none. */
    bool (*find)(FactView *self, FactTable table, const FactValue *key, FactRow **row_out,
                 GError **error);
    /* All rows of @table, or those whose first key column is *@group (NULL: all), by key. Owned
     * array. */
    bool (*scan)(FactView *self, FactTable table, const FactValue *group, GPtrArray **rows_out,
                 GError **error);
} FactViewDriver;

struct FactView { /* first member of every implementation */
    const FactViewDriver *driver;
};

/** Look-ups as in FactViewDriver. Errors: of the implementation. */
bool fact_view_find(FactView *view, FactTable table, const FactValue *key, FactRow **row_out,
                    GError **error) MUST_CHECK;
bool fact_view_find_text(FactView *view, FactTable table, const char *key, FactRow **row_out,
                         GError **error) MUST_CHECK;
bool fact_view_scan(FactView *view, FactTable table, const char *group, GPtrArray **rows_out,
                    GError **error) MUST_CHECK;

typedef struct FactLogState {
    int64_t size;    /* entries folded */
    int64_t last_at; /* of the newest transition; 0 when none */
    char origin[129];
} FactLogState;
/** How far the fold came; zeroes for an empty log. */
bool fact_view_log(FactView *view, FactLogState *out, GError **error) MUST_CHECK;
/** The head of @object; *@found_out false when it has none. */
bool fact_view_head(FactView *view, const char *object, bool *found_out, Digest *out,
                    GError **error) MUST_CHECK;
/** The row of an admitted statement, or NULL. */
bool fact_view_statement(FactView *view, const Digest *s, FactRow **row_out,
                         GError **error) MUST_CHECK;
/** The predicate of an admitted statement of ours and of kind @kind. *@predicate_out: owned, or
 * NULL when there is no such statement. @index_out: optional. */
bool fact_view_predicate(FactView *view, const Digest *s, FactKind kind, json_t **predicate_out,
                         int64_t *index_out, GError **error) MUST_CHECK;
/** The root in force; *@root_out NULL for an empty log. @s_out: optional. */
bool fact_view_root(FactView *view, FactRoot **root_out, Digest *s_out, GError **error) MUST_CHECK;
/** The roster in force of @project; *@roster_out NULL when there is none. @s_out: optional. */
bool fact_view_roster(FactView *view, const char *project, FactRoster **roster_out, Digest *s_out,
                      GError **error) MUST_CHECK;

typedef struct FactRelease {
    ReleaseState state; /* RELEASE_NONE: no such release */
    bool has_claim, has_seal, has_request, has_intent;
    Digest claim, seal, request, intent;
    char *commit, *tag; /* owned; tag may be NULL */
    int64_t changed_us;
} FactRelease;
/** The state of a release; state RELEASE_NONE when it was never claimed. */
bool fact_view_release(FactView *view, const char *object, FactRelease *out,
                       GError **error) MUST_CHECK;
void fact_release_clear(FactRelease *release);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FactRelease, fact_release_clear)
