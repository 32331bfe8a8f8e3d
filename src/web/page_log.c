/* SPDX-License-Identifier: Apache-2.0
 * page_log: the transparency log, newest entries first, and who else holds it to one history. */
#include <string.h>
#include "base/json.h"
#include "web/page.h"
#include "base/banned.h"

#define PAGE_ENTRIES 100

/* ---- entries ----------------------------------------------------------------------------------- */

/* "seal:v1" of our own types, "provenance/v1" of others. Borrowed. */
static const char *
short_type(const char *type)
{
    const char *prefix = "urn:slipway:";
    const char *at = type + strlen(type);

    if (g_str_has_prefix(type, prefix))
        return type + strlen(prefix);
    for (int segments = 0; at > type; at--) {
        if (at[-1] == '/' && ++segments == 2)
            break;
    }
    return at;
}

static void
dress_entry(json_t *entry)
{
    const char *type = json_string_value(json_object_get(entry, "type"));
    const char *object = json_string_value(json_object_get(entry, "object"));
    const char *statement = json_string_value(json_object_get(entry, "statement"));
    const char *release = "release:";

    page_add_time(entry, "at", "atIso");
    json_object_set_new(entry, "typeShort", json_string(type != NULL ? short_type(type) : ""));
    if (statement != NULL)
        json_object_set_new(entry, "statementShort",
                            json_stringn(statement, MIN(strlen(statement), PAGE_SHORT_DIGEST)));
    if (object != NULL && g_str_has_prefix(object, release))
        json_object_set_new(entry, "release", json_string(object + strlen(release)));
    json_object_set_new(entry, "isVoid",
                        json_boolean(strcmp(json_string_value(json_object_get(entry, "verdict")),
                                            "admitted") != 0));
}

static json_t *
newest_first(json_t *entries)
{
    json_t *array = json_array();

    for (size_t i = json_array_size(entries); i > 0; i--) {
        json_t *entry = json_array_get(entries, i - 1);

        dress_entry(entry);
        json_array_append(array, entry);
    }
    return array;
}

bool
page_log(const WebRequest *request, WebAnswer *answer, GError **error)
{
    const PageSpec spec = { .template = "log", .title = "Transparency log", .at = PAGE_AT_LOG };
    g_autoptr(GError) local = NULL;
    gint64 before = g_ascii_strtoll(page_query(request, "before"), NULL, 10);
    g_autoptr(json_t) entries = page_call(
        request, "log.tail",
        json_pack("{s:i, s:I}", "n", PAGE_ENTRIES, "before", (json_int_t)MAX(before, 0)), error);
    g_autoptr(json_t) tuf = NULL;
    json_t *content = NULL;
    json_int_t oldest = json_integer_value(json_object_get(json_array_get(entries, 0), "index"));

    if (entries == NULL)
        return false;
    content = page_call(request, "log.checkpoint", json_object(), error);
    if (content == NULL)
        return false;
    json_object_set_new(content, "entries", newest_first(entries));
    json_object_set_new(content, "older", json_integer(oldest));
    json_object_set_new(content, "newest", json_boolean(before <= 0));
    tuf = page_call(request, "tuf.show", json_object(), &local);
    error_ignore(tuf != NULL, &local, "there is none, or it is not for the viewer");
    if (tuf != NULL)
        json_object_set(content, "tuf", json_object_get(tuf, "roles"));
    page_add_witnesses(request, content);
    return page_answer(request, &spec, content, answer, error);
}

/* ---- who else has seen it ---------------------------------------------------------------------- */

/* What one witness knows, dressed: state is current, behind, silent or never. */
static void
dress_witness(json_t *witness, json_int_t size)
{
    json_int_t seen = json_integer_value(json_object_get(witness, "size"));
    json_t *at = json_object_get(witness, "at");
    bool problem = json_is_string(json_object_get(witness, "problem"));

    if (json_is_integer(at)) {
        json_object_set_new(witness, "atUs", json_integer(json_integer_value(at) * 1000000));
        page_add_time(witness, "atUs", "atIso");
    }
    json_object_set_new(witness, "state",
                        json_string(problem        ? "silent"
                                    : seen == 0    ? "never"
                                    : seen == size ? "current"
                                                   : "behind"));
    json_object_set_new(witness, "missing", json_integer(MAX(size - seen, 0)));
}

void
page_add_witnesses(const WebRequest *request, json_t *content)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(json_t) status = page_call(request, "log.status", json_object(), &local);
    const json_t *log = json_array_get(json_object_get(status, "logs"), 0);
    json_t *list = json_object_get(log, "witnesses");
    json_int_t size = json_integer_value(json_object_get(log, "size"));
    size_t i = 0;
    json_t *witness = NULL;

    error_ignore(status != NULL, &local, "the page is whole without them");
    json_array_foreach (list, i, witness)
        dress_witness(witness, size);
    if (list != NULL)
        json_object_set(content, "witnesses", list);
    json_object_set_new(content, "quorum",
                        json_boolean(json_is_true(json_object_get(status, "quorum"))));
}
