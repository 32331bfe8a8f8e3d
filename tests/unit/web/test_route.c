/* SPDX-License-Identifier: Apache-2.0
 * Addresses and the routes they belong to. */
#include "testing.h"
#include "web/route.h"
#include "web/web_priv.h"
#include "base/banned.h"

typedef struct {
    WebRequest *request; /* owned */
} Fixture;

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);

    f->request = web_request_new("GET", "/");
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    web_request_free(f->request);
    g_free(f);
    return 0;
}

static bool
matches(Fixture *f, const char *pattern, const char *path)
{
    return route_match(pattern, path, f->request->params);
}

static void
parts_are_taken(void **state)
{
    Fixture *f = *state;

    assert_true(matches(f, "/projects/{project}/runs/{number}", "/projects/web/runs/12"));
    assert_string_equal(web_param(f->request, "project"), "web");
    assert_string_equal(web_param(f->request, "number"), "12");
}

static void
parts_are_decoded_after_the_split(void **state)
{
    Fixture *f = *state;

    assert_true(matches(f, "/releases/{object}", "/releases/release%3Aweb%2Fmain%401.0.0"));
    assert_string_equal(web_param(f->request, "object"), "release:web/main@1.0.0");
}

static void
a_tail_stays_outside_the_part(void **state)
{
    Fixture *f = *state;

    assert_true(matches(f, "/b/{name}.svg", "/b/x.y.svg"));
    assert_string_equal(web_param(f->request, "name"), "x.y");
}

static void
the_rest_keeps_its_slashes(void **state)
{
    Fixture *f = *state;

    assert_true(matches(f, "/log/tile/{rest*}", "/log/tile/0/x001/067.p/3"));
    assert_string_equal(web_param(f->request, "rest"), "0/x001/067.p/3");
}

static void
what_differs_does_not_match(void **state)
{
    static const struct {
        const char *pattern, *path;
    } cases[] = {
        { "/a/{b}", "/a/" },         { "/a/{b}", "/a/b/c" },   { "/a/{b}", "/a" },
        { "/a/{b}", "/a/b/" },       { "/a", "/a/" },          { "/a/{b}", "/a/%00" },
        { "/a/{b}", "/a/%ff" },      { "/a/{b}", "/a/%4" },    { "/a/{b*}", "/a/" },
        { "/a/{b}.svg", "/a/.svg" }, { "/a/{b}.svg", "/a/b" }, { "/a/{b}", "" },
    };
    Fixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        print_message("# %s %s\n", cases[i].pattern, cases[i].path);
        assert_false(matches(f, cases[i].pattern, cases[i].path));
        assert_int_equal(f->request->params->len, 0);
    }
}

static void
another_method_is_told(void **state)
{
    static const WebRoute routes[] = { { "POST", "/x", API_ROLE_ANYONE, NULL, 0 },
                                       { "GET", "/y", API_ROLE_ANYONE, NULL, 0 } };
    const RouteTable table = { routes, G_N_ELEMENTS(routes) };
    const char *allowed = NULL;
    Fixture *f = *state;

    g_free(f->request->raw_path);
    f->request->raw_path = g_strdup("/x");
    assert_null(route_find(&table, 1, f->request, &allowed));
    assert_string_equal(allowed, "POST");
    g_free(f->request->raw_path);
    f->request->raw_path = g_strdup("/y");
    g_free(f->request->method);
    f->request->method = g_strdup("HEAD");
    assert_ptr_equal(route_find(&table, 1, f->request, &allowed), &routes[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(parts_are_taken),
        TEST(parts_are_decoded_after_the_split),
        TEST(a_tail_stays_outside_the_part),
        TEST(the_rest_keeps_its_slashes),
        TEST(what_differs_does_not_match),
        TEST(another_method_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
