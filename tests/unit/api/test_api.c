/* SPDX-License-Identifier: Apache-2.0
 * test_api: the table is well-formed, and a call is checked before its handler runs. */
#include "testing.h"
#include "api/api.h"
#include "api/error_map.h"
#include "base/json.h"
#include "base/banned.h"

typedef struct Fixture {
    ApiContext context;
    json_t *args;
    json_t *result;
    GError *error;
} Fixture;

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);

    f->context = (ApiContext){ .role = API_ROLE_ADMIN, .actor = "operator" };
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    json_decref(f->args);
    json_decref(f->result);
    g_clear_error(&f->error);
    g_free(f);
    return 0;
}

static void
rows_are_sorted_and_complete(void **state)
{
    (void)state;
    for (size_t i = 0; i < api_n_operations; i++) {
        const ApiOperation *row = api_operations[i];

        test_case("# %s\n", row->name);
        assert_true(i == 0 || strcmp(api_operations[i - 1]->name, row->name) < 0);
        assert_int_not_equal(row->role, API_ROLE_NONE);
        assert_non_null(strchr(row->name, '.'));
        assert_non_null(row->help);
        assert_non_null(row->result);
        assert_non_null(row->handler);
        for (const ApiField *field = row->args; field != NULL && field->name != NULL; field++) {
            assert_int_not_equal(field->type, API_NONE);
            assert_non_null(field->help);
        }
    }
}

static void
call_runs_the_handler(void **state)
{
    Fixture *f = *state;

    assert_true(api_call(&f->context, "engine.version", NULL, &f->result, &f->error));
    assert_string_equal(json_string_value(json_object_get(f->result, "version")), SLIPWAY_VERSION);
}

static void
unknown_operation_names_the_nearest(void **state)
{
    Fixture *f = *state;

    assert_false(api_call(&f->context, "engine.versoin", NULL, &f->result, &f->error));
    assert_gerror(f->error, API_ERROR, API_ERROR_UNKNOWN_OPERATION);
    assert_non_null(strstr(f->error->message, "'engine.version'"));
}

static void
caller_without_a_role_may_nothing(void **state)
{
    Fixture *f = *state;

    f->context.role = API_ROLE_NONE;
    assert_false(api_call(&f->context, "engine.version", NULL, &f->result, &f->error));
    assert_gerror(f->error, API_ERROR, API_ERROR_FORBIDDEN);
}

static const ApiField fields[] = {
    { "name", API_STRING, API_REQUIRED, "a name" },
    { "count", API_INT, 0, "a number" },
    { "all", API_BOOL, 0, "a flag" },
    { "list", API_STRINGS, 0, "texts" },
    { "body", API_OBJECT, 0, "an object" },
    { 0 },
};
static const ApiOperation operation = { .name = "test.it", .args = fields };

static bool
check(Fixture *f, const char *text)
{
    json_decref(f->args);
    g_clear_error(&f->error);
    f->args = json_loads(text, 0, NULL);
    return api_check_args(&operation, f->args, &f->error);
}

static void
arguments_that_fit_the_row_pass(void **state)
{
    Fixture *f = *state;

    assert_true(check(f, "{\"name\":\"x\"}"));
    assert_true(check(f, "{\"name\":\"x\",\"count\":9007199254740991,\"all\":false,"
                         "\"list\":[\"a\"],\"body\":{}}"));
}

static void
every_wrong_argument_is_named_at_once(void **state)
{
    Fixture *f = *state;

    assert_false(check(f, "{\"nam\":1,\"count\":-1,\"all\":0,\"list\":[1],\"body\":[]}"));
    assert_gerror(f->error, API_ERROR, API_ERROR_BAD_ARGUMENTS);
    assert_non_null(strstr(f->error->message, "unknown argument 'nam', did you mean 'name'"));
    assert_non_null(strstr(f->error->message, "'count' must be"));
    assert_non_null(strstr(f->error->message, "'all' must be"));
    assert_non_null(strstr(f->error->message, "'list' must be"));
    assert_non_null(strstr(f->error->message, "'body' must be"));
    assert_non_null(strstr(f->error->message, "'name' is missing"));
}

static void
arguments_that_are_no_object_are_refused(void **state)
{
    Fixture *f = *state;

    assert_false(check(f, "[]"));
    assert_gerror(f->error, API_ERROR, API_ERROR_BAD_ARGUMENTS);
}

static void
every_kind_has_a_name_and_a_status(void **state)
{
    (void)state;
    for (int kind = 0; kind < ERROR_N_KINDS; kind++) {
        GError error = { .domain = BASE_ERROR, .code = ERROR_CODE(kind, 0), .message = NULL };
        const ErrorMap *map = error_map_find(&error);

        test_case("# kind %d\n", kind);
        assert_non_null(map->name);
        assert_in_range(map->http_status, 400, 599);
        assert_in_range(map->exit_code, EXIT_CODE_FAILED, EXIT_CODE_UNREACHABLE);
        if (kind != ERROR_KIND_NONE)
            assert_string_equal(map->name, error_kind_name(kind));
    }
}

static void
code_with_a_row_of_its_own_wins_over_its_kind(void **state)
{
    GError error = { .domain = API_ERROR, .code = API_ERROR_UNREACHABLE, .message = NULL };

    (void)state;
    assert_int_equal(error_map_find(&error)->exit_code, EXIT_CODE_UNREACHABLE);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(rows_are_sorted_and_complete),
        TEST(call_runs_the_handler),
        TEST(unknown_operation_names_the_nearest),
        TEST(caller_without_a_role_may_nothing),
        TEST(arguments_that_fit_the_row_pass),
        TEST(every_wrong_argument_is_named_at_once),
        TEST(arguments_that_are_no_object_are_refused),
        TEST(every_kind_has_a_name_and_a_status),
        TEST(code_with_a_row_of_its_own_wins_over_its_kind),
    };

    return cmocka_run_group_tests_name("api", tests, NULL, NULL);
}
