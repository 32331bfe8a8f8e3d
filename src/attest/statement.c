/* SPDX-License-Identifier: Apache-2.0
 * statement: in-toto Statement v1 as JSON. */
#include "attest/statement.h"
#include "attest/dsse.h"
#include "attest/predicate.h"
#include "base/limits.h"
#include "base/banned.h"

#define MAX_UNINDEXED 16 /* subjects looked through one by one */

static void
subject_free(void *data)
{
    StatementSubject *subject = data;

    g_free(subject->name);
    json_decref(subject->digest);
    g_free(subject);
}

Statement *
statement_new(const char *predicate_type, json_t *predicate)
{
    Statement *statement = g_new0(Statement, 1);

    statement->subjects = g_ptr_array_new_with_free_func(subject_free);
    statement->predicate_type = g_strdup(predicate_type);
    statement->predicate = predicate;
    return statement;
}

static void
index_subject(Statement *statement, StatementSubject *subject)
{
    if (subject->has_sha256 && !g_hash_table_contains(statement->index, &subject->sha256))
        g_hash_table_insert(statement->index, &subject->sha256, subject);
}

/* @name, @digest: taken. */
static void
take_subject(Statement *statement, char *name, json_t *digest)
{
    StatementSubject *subject = g_new0(StatementSubject, 1);
    const char *hex = json_string_value(json_object_get(digest, "sha256"));

    subject->name = name;
    subject->digest = digest;
    subject->has_sha256 = hex != NULL && digest_from_hex(hex, &subject->sha256, NULL);
    g_ptr_array_add(statement->subjects, subject);

    if (statement->index != NULL) {
        index_subject(statement, subject);
    } else if (statement->subjects->len > MAX_UNINDEXED) {
        statement->index = g_hash_table_new(digest_hash, digest_hash_equal);
        for (size_t i = 0; i < statement->subjects->len; i++)
            index_subject(statement, statement->subjects->pdata[i]);
    }
}

void
statement_add_subject(Statement *statement, const char *name, const char *algorithm,
                      const char *hex)
{
    json_t *digest = json_object();

    json_object_set_new(digest, algorithm, json_string(hex));
    take_subject(statement, g_strdup(name), digest);
}

void
statement_add_subject_sha256(Statement *statement, const char *name, const Digest *digest)
{
    char hex[DIGEST_HEX_SIZE];

    digest_to_hex(digest, hex);
    statement_add_subject(statement, name, "sha256", hex);
}

static json_t *
subjects_to_json(const GPtrArray *subjects)
{
    json_t *list = json_array();

    for (size_t i = 0; i < subjects->len; i++) {
        const StatementSubject *subject = subjects->pdata[i];
        json_t *item = json_object();
        if (subject->name != NULL)
            json_object_set_new(item, "name", json_string(subject->name));
        json_object_set(item, "digest", subject->digest);
        json_array_append_new(list, item);
    }
    return list;
}

GBytes *
statement_payload(const Statement *statement, GError **error)
{
    g_autoptr(json_t) object = json_object();
    size_t len = 0;

    if (statement->subjects->len == 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "cannot write statement '%s': it has no subject", statement->predicate_type);
        return NULL;
    }
    json_object_set_new(object, "_type", json_string(STATEMENT_TYPE_V1));
    json_object_set_new(object, "subject", subjects_to_json(statement->subjects));
    json_object_set_new(object, "predicateType", json_string(statement->predicate_type));
    json_object_set(object, "predicate", statement->predicate);
    char *text = json_canonical(object, &len, error);
    if (text == NULL) {
        error_prefix(error, "cannot write statement '%s'", statement->predicate_type);
        return NULL;
    }
    return g_bytes_new_take(text, len);
}

GBytes *
statement_pae(const Statement *statement, Digest *name_out, GError **error)
{
    g_autoptr(GBytes) payload = statement_payload(statement, error);

    if (payload == NULL)
        return NULL;
    GBytes *pae = dsse_pae(DSSE_TYPE_INTOTO, span_of_bytes(payload));
    if (name_out != NULL)
        *name_out = fact_name(span_of_bytes(pae));
    return pae;
}

static bool
invalid(GError **error, const char *why)
{
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "%s", why);
    return false;
}

static bool
read_subject(Statement *statement, json_t *item, GError **error)
{
    const json_t *name = json_object_get(item, "name");
    json_t *digest = json_need_object(item, "digest", "subject", error);
    const char *algorithm;
    json_t *value;

    if (digest == NULL)
        return false;
    if (name != NULL && !json_is_string(name))
        return invalid(error, "subject.name is not a string");
    if (json_object_size(digest) == 0)
        return invalid(error, "subject.digest is empty");
    json_object_foreach (digest, algorithm, value) {
        if (!json_is_string(value) || json_string_length(value) == 0)
            return invalid(error, "a member of subject.digest is not text");
    }

    take_subject(statement, name != NULL ? g_strdup(json_string_value(name)) : NULL,
                 json_incref(digest));
    return true;
}

typedef enum {
    VERSION_1,
    VERSION_0_1_TOO,
} Versions;

static bool
check_members(const json_t *object, Versions versions, GError **error)
{
    static const char *const members[] = { "_type", "subject", "predicateType", "predicate", NULL };
    const char *version = json_need_string(object, "_type", "statement", error);
    const char *type =
        version != NULL ? json_need_string(object, "predicateType", "statement", error) : NULL;

    if (type == NULL)
        return false;
    if (strcmp(version, STATEMENT_TYPE_V1) != 0 &&
        (versions == VERSION_1 || strcmp(version, STATEMENT_TYPE_V0_1) != 0))
        return invalid(error, "statement._type is not '" STATEMENT_TYPE_V1 "'");
    if (*type == '\0')
        return invalid(error, "statement.predicateType is empty");
    return !predicate_type_is_ours(type) || json_only_keys(object, members, "statement", error);
}

static Statement *
read_statement(const json_t *object, Versions versions, GError **error)
{
    if (!check_members(object, versions, error))
        return NULL;

    const json_t *list = json_need_array(object, "subject", "statement", error);
    json_t *predicate =
        list != NULL ? json_need_object(object, "predicate", "statement", error) : NULL;
    if (predicate == NULL)
        return NULL;

    g_autoptr(Statement) statement = statement_new(
        json_string_value(json_object_get(object, "predicateType")), json_incref(predicate));
    size_t n = json_array_size(list);
    if (n < 1 || n > STATEMENT_MAX_SUBJECTS) {
        (void)invalid(error, "statement.subject has no members or too many");
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        if (!read_subject(statement, json_array_get(list, i), error))
            return NULL;
    }
    return g_steal_pointer(&statement);
}

static Statement *
parse(Span payload, Versions versions, GError **error)
{
    g_autoptr(json_t) object = json_parse(payload, LIMIT_STATEMENT_BYTES, error);
    Statement *statement = object != NULL ? read_statement(object, versions, error) : NULL;

    if (statement == NULL)
        error_prefix(error, "cannot read statement");
    return statement;
}

Statement *
statement_parse(Span payload, GError **error)
{
    return parse(payload, VERSION_1, error);
}

Statement *
statement_parse_foreign(Span payload, GError **error)
{
    return parse(payload, VERSION_0_1_TOO, error);
}

bool
statement_is_canonical(Span payload)
{
    g_autoptr(json_t) object = json_parse(payload, LIMIT_STATEMENT_BYTES, NULL);

    return object != NULL && json_is_canonical(payload, object);
}

bool
statement_subject_sha256(const StatementSubject *subject, Digest *out)
{
    if (subject->has_sha256)
        *out = subject->sha256;
    return subject->has_sha256;
}

const StatementSubject *
statement_find_sha256(const Statement *statement, const Digest *digest)
{
    if (statement->index != NULL)
        return g_hash_table_lookup(statement->index, digest);
    for (size_t i = 0; i < statement->subjects->len; i++) {
        const StatementSubject *subject = statement->subjects->pdata[i];
        if (subject->has_sha256 && digest_equal(&subject->sha256, digest))
            return subject;
    }
    return NULL;
}

void
statement_free(Statement *statement)
{
    if (statement == NULL)
        return;
    g_clear_pointer(&statement->index, g_hash_table_unref);
    g_clear_pointer(&statement->subjects, g_ptr_array_unref);
    g_free(statement->predicate_type);
    json_decref(statement->predicate);
    g_free(statement);
}
