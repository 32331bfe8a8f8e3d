/* SPDX-License-Identifier: Apache-2.0
 * The OpenAPI document says what the table of operations says. */
#include <string.h>
#include "testing.h"
#include "api/api.h"
#include "base/json.h"
#include "web/openapi.h"
#include "base/banned.h"

static int
setup(void **state)
{
    *state = openapi_document("https://ci.example.org");
    return 0;
}

static int
teardown(void **state)
{
    json_decref(*state);
    return 0;
}

static json_t *
find(json_t *from, const char *const *keys)
{
    for (; *keys != NULL && from != NULL; keys++)
        from = json_object_get(from, *keys);
    return from;
}

static json_t *
operation_of(json_t *document, const ApiOperation *operation)
{
    g_autofree char *path = g_strdup_printf("/api/v1/%s", operation->name);
    const char *const keys[] = { "paths", path,
                                 (operation->flags & API_CHANGES) != 0 ? "post" : "get", NULL };

    *strchr(path + strlen("/api/v1/"), '.') = '/';
    return find(document, keys);
}

static void
has_the_fixed_parts(void **state)
{
    static const char *const version[] = { "info", "version", NULL };

    assert_string_equal(json_string_value(json_object_get(*state, "openapi")), "3.1.0");
    assert_string_equal(json_string_value(find(*state, version)), SLIPWAY_VERSION);
}

static void
has_every_operation_that_may_be_called_over_http(void **state)
{
    for (size_t i = 0; i < api_n_operations; i++) {
        const ApiOperation *operation = api_operations[i];
        json_t *object = operation_of(*state, operation);

        print_message("# %s\n", operation->name);
        if ((operation->flags & API_LOCAL) != 0) {
            assert_null(object);
            continue;
        }
        assert_non_null(object);
        assert_string_equal(json_string_value(json_object_get(object, "operationId")),
                            operation->name);
        assert_non_null(json_object_get(json_object_get(object, "responses"), "200"));
    }
}

static size_t
count_fields(const ApiOperation *operation)
{
    size_t n = 0;

    while (operation->args != NULL && operation->args[n].name != NULL)
        n++;
    return n;
}

static void
has_every_argument(void **state)
{
    static const char *const body[] = { "requestBody", "content",    "application/json",
                                        "schema",      "properties", NULL };

    for (size_t i = 0; i < api_n_operations; i++) {
        const ApiOperation *operation = api_operations[i];
        json_t *object = operation_of(*state, operation);

        if (object == NULL)
            continue;
        print_message("# %s\n", operation->name);
        if ((operation->flags & API_CHANGES) != 0)
            assert_int_equal(json_object_size(find(object, body)), count_fields(operation));
        else
            assert_int_equal(json_array_size(json_object_get(object, "parameters")),
                             count_fields(operation));
    }
}

/* Every "$ref" below @value leads somewhere in @document. */
static void
check_references(json_t *document, json_t *value)
{
    const char *reference = json_string_value(json_object_get(value, "$ref"));
    const char *key = NULL;
    json_t *item = NULL;
    size_t i = 0;

    if (reference != NULL) {
        g_auto(GStrv) parts = g_strsplit(reference, "/", -1);

        print_message("# %s\n", reference);
        assert_string_equal(parts[0], "#");
        assert_non_null(find(document, (const char *const *)parts + 1));
    }
    json_object_foreach (value, key, item)
        check_references(document, item);
    json_array_foreach (value, i, item)
        check_references(document, item);
}

static void
references_lead_somewhere(void **state)
{
    check_references(*state, *state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(has_the_fixed_parts),
        TEST(has_every_operation_that_may_be_called_over_http),
        TEST(has_every_argument),
        TEST(references_lead_somewhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
