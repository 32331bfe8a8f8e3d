/* SPDX-License-Identifier: Apache-2.0
 * junit: see junit.h. Built on expat, which holds no more than one token. */
#include "joblog/junit.h"
#include <expat.h>
#include <glib.h>
#include <string.h>
#include "base/banned.h"

#define MAX_DEPTH 32

typedef struct Reading {
    XML_Parser parser;
    json_t *results; /* borrowed */
    unsigned depth;
    bool rooted;       /* the outermost element was one of JUnit's */
    char *suite;       /* owned */
    json_t *one;       /* owned: the case being read, or NULL */
    GString *text;     /* owned: of the failure being read, or NULL */
    const char *wrong; /* static; why reading was stopped */
} Reading;

static void
stop(Reading *reading, const char *why)
{
    if (reading->wrong == NULL)
        reading->wrong = why;
    XML_StopParser(reading->parser, XML_FALSE);
}

static const char *
attribute(const char **pairs, const char *name)
{
    for (size_t i = 0; pairs[i] != NULL; i += 2) {
        if (strcmp(pairs[i], name) == 0)
            return pairs[i + 1];
    }
    return NULL;
}

/* expat gives UTF-8; cut between characters. */
static json_t *
text_json(const char *text)
{
    size_t len = text == NULL ? 0 : strlen(text);

    if (len > JUNIT_TEXT_BYTES) {
        len = JUNIT_TEXT_BYTES;
        while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
            len--;
    }
    json_t *string = json_stringn(text == NULL ? "" : text, len);

    return string != NULL ? string : json_string("");
}

static double
seconds_of(const char *text)
{
    double seconds = text == NULL ? 0 : g_ascii_strtod(text, NULL);

    return seconds > 0 && seconds < 1e9 ? seconds : 0; /* also not NaN */
}

static void
count(json_t *results, const char *key, json_int_t n)
{
    json_object_set_new(results, key,
                        json_integer(json_integer_value(json_object_get(results, key)) + n));
}

static void
begin_case(Reading *reading, const char **pairs)
{
    double seconds = seconds_of(attribute(pairs, "time"));
    json_t *results = reading->results;

    if (json_integer_value(json_object_get(results, "tests")) >= JUNIT_MAX_CASES) {
        stop(reading, "more than 50000 test cases");
        return;
    }
    count(results, "tests", 1);
    json_object_set_new(
        results, "seconds",
        json_real(json_number_value(json_object_get(results, "seconds")) + seconds));
    json_decref(reading->one);
    reading->one = json_pack("{s:o, s:o, s:s, s:s, s:f, s:s, s:s}", "name",
                             text_json(attribute(pairs, "name")), "class",
                             text_json(attribute(pairs, "classname")), "suite",
                             reading->suite != NULL ? reading->suite : "", "result", "passed",
                             "seconds", seconds, "message", "", "text", "");
}

/* The first verdict of a case counts. */
static void
begin_verdict(Reading *reading, const char *result, const char **pairs)
{
    const char *message = attribute(pairs, "message");

    if (reading->one == NULL ||
        strcmp(json_string_value(json_object_get(reading->one, "result")), "passed") != 0)
        return;
    json_object_set_new(reading->one, "result", json_string(result));
    json_object_set_new(reading->one, "message",
                        text_json(message != NULL ? message : attribute(pairs, "type")));
    reading->text = g_string_new(NULL);
}

static void
on_begin(void *data, const char *name, const char **pairs)
{
    Reading *reading = data;
    bool suite = strcmp(name, "testsuite") == 0;

    if (reading->depth++ == 0) {
        reading->rooted = suite || strcmp(name, "testsuites") == 0;
        if (!reading->rooted)
            stop(reading, "the outermost element is neither 'testsuites' nor 'testsuite'");
    }
    if (reading->depth > MAX_DEPTH)
        stop(reading, "elements are nested too deeply");
    if (suite) {
        const char *suite_name = attribute(pairs, "name");
        g_autoptr(GString) cut = g_string_new(suite_name);

        if (cut->len > JUNIT_TEXT_BYTES)
            g_string_truncate(cut, 0);
        g_free(reading->suite);
        reading->suite = g_strdup(cut->str);
    } else if (strcmp(name, "testcase") == 0) {
        begin_case(reading, pairs);
    } else if (strcmp(name, "failure") == 0 || strcmp(name, "error") == 0) {
        begin_verdict(reading, strcmp(name, "error") == 0 ? "error" : "failed", pairs);
    } else if (strcmp(name, "skipped") == 0) {
        begin_verdict(reading, "skipped", pairs);
    }
}

static void
end_case(Reading *reading)
{
    json_t *one = g_steal_pointer(&reading->one);
    const char *result = json_string_value(json_object_get(one, "result"));
    json_t *cases = json_object_get(reading->results, "cases");

    if (one == NULL)
        return;
    count(reading->results,
          strcmp(result, "passed") == 0    ? "passed"
          : strcmp(result, "skipped") == 0 ? "skipped"
                                           : "failed",
          1);
    if (strcmp(result, "passed") == 0)
        json_decref(one);
    else if (json_array_size(cases) < JUNIT_MAX_LISTED)
        json_array_append_new(cases, one);
    else {
        count(reading->results, "more", 1);
        json_decref(one);
    }
}

static void
on_end(void *data, const char *name)
{
    Reading *reading = data;

    reading->depth--;
    if (strcmp(name, "testcase") == 0) {
        end_case(reading);
    } else if (reading->text != NULL &&
               (strcmp(name, "failure") == 0 || strcmp(name, "error") == 0 ||
                strcmp(name, "skipped") == 0)) {
        json_object_set_new(reading->one, "text", text_json(reading->text->str));
        g_string_free(g_steal_pointer(&reading->text), TRUE);
    }
}

static void
on_text(void *data, const char *text, int len)
{
    Reading *reading = data;

    if (reading->text != NULL && reading->text->len <= JUNIT_TEXT_BYTES)
        g_string_append_len(reading->text, text, len);
}

static void
on_doctype(void *data, const char *name, const char *system_id, const char *public_id, int internal)
{
    (void)name;
    (void)system_id;
    (void)public_id;
    (void)internal;
    stop(data, "it has a document type, which could define entities");
}

static void
fill_empty(json_t *results)
{
    static const char *const keys[] = { "tests", "passed", "failed", "skipped", "more" };

    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
        count(results, keys[i], 0);
    if (json_object_get(results, "seconds") == NULL)
        json_object_set_new(results, "seconds", json_real(0));
    if (json_object_get(results, "cases") == NULL)
        json_object_set_new(results, "cases", json_array());
}

bool
junit_add(json_t *results, Span xml, GError **error)
{
    Reading reading = { .results = results };

    if (xml.len > JUNIT_MAX_BYTES) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT, "test results of %zu bytes, over %u",
                  xml.len, JUNIT_MAX_BYTES);
        return false;
    }
    fill_empty(results);
    reading.parser = XML_ParserCreate(NULL);
    XML_SetUserData(reading.parser, &reading);
    XML_SetElementHandler(reading.parser, on_begin, on_end);
    XML_SetCharacterDataHandler(reading.parser, on_text);
    XML_SetStartDoctypeDeclHandler(reading.parser, on_doctype);
    bool ok = XML_Parse(reading.parser, (const char *)xml.data, (int)xml.len, XML_TRUE) ==
                  XML_STATUS_OK &&
              reading.wrong == NULL;

    if (!ok)
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "no test results: line %lu: %s",
                  XML_GetCurrentLineNumber(reading.parser),
                  reading.wrong != NULL ? reading.wrong
                                        : XML_ErrorString(XML_GetErrorCode(reading.parser)));
    XML_ParserFree(reading.parser);
    json_decref(reading.one);
    g_free(reading.suite);
    if (reading.text != NULL)
        g_string_free(reading.text, TRUE);
    return ok;
}
