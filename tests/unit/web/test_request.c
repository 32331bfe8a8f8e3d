/* SPDX-License-Identifier: Apache-2.0
 * Parts of a request, and redirects that stay here. */
#include <string.h>
#include "testing.h"
#include "web/web_priv.h"
#include "base/banned.h"

typedef struct {
    WebRequest *request; /* owned */
    WebAnswer answer;    /* owned */
    GError *error;       /* owned */
} Fixture;

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);

    f->request = web_request_new("GET", "/");
    f->answer.fd = -1;
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    web_request_free(f->request);
    web_answer_clear(&f->answer);
    g_clear_error(&f->error);
    g_free(f);
    return 0;
}

static bool
parse(Fixture *f, const char *text)
{
    return web_pairs_parse(f->request->query, text, strlen(text), &f->error);
}

static void
query_is_decoded(void **state)
{
    Fixture *f = *state;

    assert_true(parse(f, "a=1%20+2&b&c=%C3%BC&&a=later"));
    assert_string_equal(web_query(f->request, "a"), "1  2");
    assert_string_equal(web_query(f->request, "b"), "");
    assert_string_equal(web_query(f->request, "c"), "\xc3\xbc");
    assert_null(web_query(f->request, "d"));
}

static void
query_refuses_what_hides_bytes(void **state)
{
    static const char *const bad[] = { "a=%", "a=%4", "a=%zz", "a=%00", "a=%ff", "%00=a" };
    Fixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        print_message("# %s\n", bad[i]);
        assert_false(parse(f, bad[i]));
        assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
        g_clear_error(&f->error);
    }
}

static void
headers_are_found_in_any_case(void **state)
{
    Fixture *f = *state;

    web_pairs_add(f->request->headers, "X-Hub-Signature-256", "sha256=1");
    assert_string_equal(web_header(f->request, "x-hub-signature-256"), "sha256=1");
}

static void
redirects_stay_here(void **state)
{
    static const char *const away[] = { "https://evil.example/", "//evil.example/",
                                        "/\\evil.example", "", "/a\r\nSet-Cookie: x" };
    Fixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(away); i++) {
        print_message("# %s\n", away[i]);
        web_answer_redirect(&f->answer, away[i]);
        assert_string_equal(f->answer.headers->pdata[i], "Location: /");
    }
    web_answer_redirect(&f->answer, "/runs?state=failed");
    assert_string_equal(f->answer.headers->pdata[f->answer.headers->len - 1],
                        "Location: /runs?state=failed");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(query_is_decoded, setup, teardown),
        cmocka_unit_test_setup_teardown(query_refuses_what_hides_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(headers_are_found_in_any_case, setup, teardown),
        cmocka_unit_test_setup_teardown(redirects_stay_here, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
