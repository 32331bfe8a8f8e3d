/* SPDX-License-Identifier: Apache-2.0
 * payload_priv: what the readers of payloads share; for src/forge/payload*.c only. */
#pragma once
#include <jansson.h>
#include "base/json.h"
#include "forge/payload.h"

/** The string at @path ("repository.full_name") or ""; never fails. Borrowed. */
const char *payload_text(const json_t *object, const char *path);
/** Puts a copy of @text, cut at @max bytes, whole characters kept, in place of *@out. */
void payload_set(char **out, const char *text, size_t max);
/** Fills ref, commit, before, kind of a push: "refs/heads/…" or "refs/tags/…" from @before to
 * @after, of which either may be zeros. Errors: INVALID. */
bool payload_set_push(ForgeEvent *event, const char *ref, const char *before, const char *after,
                      GError **error) MUST_CHECK;
/** Adds the paths of @commits (added, modified, removed) and remembers whether these are all. */
void payload_add_paths(ForgeEvent *event, const json_t *commits, bool complete);
/** Makes it IGNORED. */
void payload_ignore(ForgeEvent *event, const char *format, const char *what);
/** Fills base_ref, head_source, outside, commit of a proposal. Errors: INVALID. */
bool payload_set_proposal(ForgeEvent *event, const char *base_branch, const char *head,
                          const char *head_source, GError **error) MUST_CHECK;

bool payload_read_github(const ForgeDelivery *delivery, const char *kind, const json_t *body,
                         ForgeEvent *event, GError **error) MUST_CHECK;
bool payload_read_gitlab(const ForgeDelivery *delivery, const char *kind, const json_t *body,
                         ForgeEvent *event, GError **error) MUST_CHECK;
