/* SPDX-License-Identifier: Apache-2.0
 * load: what a release ships about itself, parsed; each fact with its signature checked. */
#include "base/limits.h"
#include "verify/verify_priv.h"
#include "base/banned.h"

/* Reads a file; what a release lacks or hides is a finding, what the system refuses is an error. */
static bool
read_shipped(Verification *v, const char *path, size_t limit_bytes, GBytes **out, GError **error)
{
    g_autoptr(GError) local = NULL;

    *out = v->source->driver->read(v->source, path, limit_bytes, &local);
    if (*out != NULL)
        return true;
    if (error_kind(local) == ERROR_KIND_IO) {
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    VerifyResult result =
        error_kind(local) == ERROR_KIND_LIMIT ? VERIFY_NOT_AUTHENTIC : VERIFY_INCOMPLETE;
    verify_report_add(v->report, result, "files", path, "%s", local->message);
    return true;
}

static void
free_line(void *line)
{
    facts_line_free(line);
}

static void
free_fact(void *fact)
{
    fact_free(fact);
}

static void
parse_facts(Verification *v)
{
    unsigned n_bad = 0;

    for (unsigned i = 0; i < v->lines->len; i++) {
        const FactsLine *line = g_ptr_array_index(v->lines, i);
        g_autoptr(GError) local = NULL;
        Fact *fact = fact_parse(line->index, span_of_bytes(line->leaf), span_of_bytes(line->pae),
                                FACT_PARSE_CHECKED, &local);
        if (fact == NULL) {
            g_autofree char *subject = g_strdup_printf("entry %" G_GINT64_FORMAT, line->index);
            verify_report_add(v->report, VERIFY_NOT_AUTHENTIC, "signature", subject, "%s",
                              local->message);
            n_bad++;
            continue;
        }
        g_ptr_array_add(v->facts, fact);
        g_hash_table_insert(v->by_s, fact->s_text, fact);
    }
    if (n_bad == 0)
        verify_report_add(v->report, VERIFY_OK, "signature", VERIFY_FACTS,
                          "%u facts are signed by the keys in their log entries", v->facts->len);
}

bool
verify_load(Verification *v, GError **error)
{
    g_autoptr(GBytes) text = NULL;
    g_autoptr(GError) local = NULL;

    v->facts = g_ptr_array_new_with_free_func(free_fact);
    v->by_s = g_hash_table_new(g_str_hash, g_str_equal);
    v->fold = fact_fold_new();
    if (!read_shipped(v, VERIFY_FACTS, LIMIT_FACTS_FILE_BYTES, &text, error) ||
        !read_shipped(v, VERIFY_CHECKPOINT, LIMIT_CHECKPOINT_BYTES, &v->note, error) ||
        !read_shipped(v, VERIFY_STATUS, LIMIT_JSON_BYTES, &v->envelope, error))
        return false;
    if (text != NULL) {
        v->lines = facts_file_parse(span_of_bytes(text), &local);
        if (v->lines == NULL)
            verify_report_add(v->report, VERIFY_NOT_AUTHENTIC, "facts", VERIFY_FACTS, "%s",
                              local->message);
    }
    if (v->lines == NULL)
        v->lines = g_ptr_array_new_with_free_func(free_line);
    else
        parse_facts(v);
    return true;
}
