/* SPDX-License-Identifier: Apache-2.0
 * template: text with holes, filled from JSON. What a hole says is escaped for HTML; only {{{name}}}
 * is not, for what our own code has made safe.
 *
 *   {{a.b}}  {{.}}                the value, escaped; looked up in the innermost scope that has it
 *   {{{body}}}                    as it is
 *   {{#each list}} … {{else}} … {{/each}}    once for each element, which is the scope; else: empty
 *   {{#if a}} … {{else}} … {{/if}}           null, false, 0, "", [] and {} are false
 *   {{> name}}                    another template, in the same scope */
#pragma once
#include <glib.h>
#include <jansson.h>
#include "base/attributes.h"
#include "base/error.h"

#define TEMPLATE_MAX_DEPTH 16 /* blocks and templates within each other */

/** The text of template @name, or NULL. */
typedef const char *(*TemplateFind)(const char *name);

/** Appends template @name filled from @context to @out. Errors: INVALID (a mistake in a template:
 * which, and where), NOT_FOUND (no such template). */
bool template_render(TemplateFind find, const char *name, const json_t *context, GString *out,
                     GError **error) MUST_CHECK;
/** Appends @text with &, <, >, ", ' as entities. */
void template_escape(GString *out, const char *text, size_t len);
