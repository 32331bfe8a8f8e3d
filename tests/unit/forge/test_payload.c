/* SPDX-License-Identifier: Apache-2.0
 * test_payload: deliveries of every forge read into events; GitHub's published examples all taken
 * in. */
#include <fcntl.h>
#include "base/files.h"
#include "base/json.h"
#include "forge/payload.h"
#include "testing.h"

#define VECTOR_MAX (16u << 20)

typedef struct {
    const char *kind_header;
    const char *kind;
} Headers;

static const char *
header(const void *data, const char *name)
{
    const Headers *headers = data;

    return g_ascii_strcasecmp(name, headers->kind_header) == 0 ? headers->kind : NULL;
}

typedef struct {
    ForgeEvent event;
    GError *error;
} Fixture;

static int
setup(void **state)
{
    *state = g_new0(Fixture, 1);
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    if (f->event.paths != NULL)
        forge_event_clear(&f->event);
    g_clear_error(&f->error);
    g_free(f);
    return 0;
}

static bool
read_text(Fixture *f, ForgeType type, const char *kind_header, const char *kind, const char *body)
{
    Headers headers = { kind_header, kind };
    ForgeDelivery delivery = { type, header, &headers, span_of_text(body) };

    if (f->event.paths != NULL)
        forge_event_clear(&f->event);
    g_clear_error(&f->error);
    return forge_payload_read(&delivery, &f->event, &f->error);
}

#define A40 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B40 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define Z40 "0000000000000000000000000000000000000000"

static void
github_push_names_ref_commit_paths_and_message(void **state)
{
    Fixture *f = *state;

    read_text(f, FORGE_GITHUB, "X-GitHub-Event", "push",
              "{\"ref\":\"refs/heads/main\",\"before\":\"" A40 "\",\"after\":\"" B40
              "\",\"repository\":{\"full_name\":\"o/r\"},\"sender\":{\"login\":\"ann\"},"
              "\"head_commit\":{\"message\":\"Fix it\"},\"commits\":[{\"added\":[\"a\"],"
              "\"modified\":[\"b/c\"],\"removed\":[]}]}");
    assert_no_gerror(f->error);
    assert_int_equal(f->event.kind, FORGE_EVENT_PUSH);
    assert_string_equal(f->event.ref, "refs/heads/main");
    assert_string_equal(f->event.commit, B40);
    assert_string_equal(f->event.repository, "o/r");
    assert_string_equal(f->event.actor, "ann");
    assert_string_equal(f->event.message, "Fix it");
    assert_int_equal(f->event.paths->len, 2);
    assert_true(f->event.paths_known);
}

static void
zeros_after_a_push_are_a_deletion(void **state)
{
    Fixture *f = *state;

    read_text(f, FORGE_GITHUB, "X-GitHub-Event", "push",
              "{\"ref\":\"refs/heads/x\",\"before\":\"" A40 "\",\"after\":\"" Z40 "\"}");
    assert_no_gerror(f->error);
    assert_int_equal(f->event.kind, FORGE_EVENT_DELETE);
}

static void
a_new_branch_does_not_know_its_paths(void **state)
{
    Fixture *f = *state;

    read_text(f, FORGE_GITHUB, "X-GitHub-Event", "push",
              "{\"ref\":\"refs/heads/x\",\"before\":\"" Z40 "\",\"after\":\"" B40
              "\",\"commits\":[{\"added\":[\"a\"]}]}");
    assert_no_gerror(f->error);
    assert_string_equal(f->event.before, "");
    assert_false(f->event.paths_known);
}

static void
a_fork_is_outside_and_a_lost_fork_too(void **state)
{
    static const char *const heads[] = { "{\"full_name\":\"evil/r\"}", "null" };
    Fixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(heads); i++) {
        g_autofree char *body = g_strdup_printf(
            "{\"action\":\"synchronize\",\"repository\":{\"full_name\":\"o/r\"},\"pull_request\":{"
            "\"number\":7,\"title\":\"t\",\"base\":{\"ref\":\"main\"},\"head\":{\"sha\":\"" A40
            "\",\"repo\":%s}}}",
            heads[i]);

        test_case("head.repo %s", heads[i]);
        read_text(f, FORGE_GITHUB, "X-GitHub-Event", "pull_request", body);
        assert_no_gerror(f->error);
        assert_int_equal(f->event.kind, FORGE_EVENT_PROPOSAL);
        assert_string_equal(f->event.ref, "refs/pull/7/head");
        assert_string_equal(f->event.base_ref, "refs/heads/main");
        assert_true(f->event.outside);
    }
}

static void
gitea_tells_of_new_commits_in_its_own_word(void **state)
{
    Fixture *f = *state;

    read_text(f, FORGE_GITEA, "X-Forgejo-Event", "pull_request",
              "{\"action\":\"synchronized\",\"repository\":{\"full_name\":\"o/r\"},"
              "\"pull_request\":{\"number\":3,\"title\":\"t\",\"base\":{\"ref\":\"main\"},"
              "\"head\":{\"sha\":\"" A40 "\",\"repo\":{\"full_name\":\"o/r\"}}}}");
    assert_no_gerror(f->error);
    assert_int_equal(f->event.kind, FORGE_EVENT_PROPOSAL);
    assert_false(f->event.outside);
}

static void
gitlab_push_tag_and_merge_request(void **state)
{
    Fixture *f = *state;

    read_text(f, FORGE_GITLAB, "X-Gitlab-Event", "Push Hook",
              "{\"object_kind\":\"push\",\"ref\":\"refs/heads/main\",\"before\":\"" A40
              "\",\"after\":\"" B40 "\",\"user_username\":\"bo\",\"project\":{"
              "\"path_with_namespace\":\"g/s/r\"},\"total_commits_count\":1,\"commits\":[{"
              "\"message\":\"m\",\"added\":[],\"modified\":[\"x\"],\"removed\":[]}]}");
    assert_no_gerror(f->error);
    assert_int_equal(f->event.kind, FORGE_EVENT_PUSH);
    assert_string_equal(f->event.repository, "g/s/r");
    assert_true(f->event.paths_known);
    read_text(f, FORGE_GITLAB, "X-Gitlab-Event", "Tag Push Hook",
              "{\"object_kind\":\"tag_push\",\"ref\":\"refs/tags/v1\",\"before\":\"" Z40
              "\",\"after\":\"" B40 "\",\"checkout_sha\":\"" A40 "\"}");
    assert_no_gerror(f->error);
    assert_int_equal(f->event.kind, FORGE_EVENT_TAG);
    assert_string_equal(f->event.commit, A40);
    read_text(f, FORGE_GITLAB, "X-Gitlab-Event", "Merge Request Hook",
              "{\"object_kind\":\"merge_request\",\"project\":{\"path_with_namespace\":\"g/r\"},"
              "\"object_attributes\":{\"iid\":4,\"action\":\"update\",\"oldrev\":\"" A40
              "\",\"target_branch\":\"main\",\"title\":\"t\",\"last_commit\":{\"id\":\"" B40
              "\"},\"source\":{\"path_with_namespace\":\"x/r\"}}}");
    assert_no_gerror(f->error);
    assert_int_equal(f->event.kind, FORGE_EVENT_PROPOSAL);
    assert_string_equal(f->event.ref, "refs/merge-requests/4/head");
    assert_true(f->event.outside);
}

static void
a_plain_git_hook_pushes(void **state)
{
    Fixture *f = *state;

    read_text(f, FORGE_GIT, "X-Slipway-Event", "push",
              "{\"ref\":\"refs/tags/v1\",\"before\":\"" Z40 "\",\"after\":\"" B40
              "\",\"actor\":\"git\"}");
    assert_no_gerror(f->error);
    assert_int_equal(f->event.kind, FORGE_EVENT_TAG);
}

static void
what_names_no_ref_or_commit_is_invalid(void **state)
{
    static const char *const bodies[] = {
        "",
        "[]",
        "{",
        "{}",
        "{\"ref\":\"main\",\"before\":\"" A40 "\",\"after\":\"" B40 "\"}",
        "{\"ref\":\"refs/heads/../x\",\"before\":\"" A40 "\",\"after\":\"" B40 "\"}",
        "{\"ref\":\"refs/heads/a b\",\"before\":\"" A40 "\",\"after\":\"" B40 "\"}",
        "{\"ref\":\"refs/heads/main\",\"before\":\"" A40 "\",\"after\":\"HEAD\"}",
        "{\"ref\":\"refs/heads/main\",\"before\":\"" A40 "\",\"after\":7}",
        "{\"ref\":\"refs/heads/main\",\"ref\":\"refs/heads/x\",\"after\":\"" A40 "\"}",
    };
    Fixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(bodies); i++) {
        test_case("body %zu", i);
        assert_false(read_text(f, FORGE_GITHUB, "X-GitHub-Event", "push", bodies[i]));
        assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
    }
}

static void
an_event_survives_its_json(void **state)
{
    Fixture *f = *state;
    ForgeEvent again = { 0 };
    bool ok = false;

    read_text(f, FORGE_GIT, "X-Slipway-Event", "push",
              "{\"ref\":\"refs/heads/main\",\"before\":\"" A40 "\",\"after\":\"" B40
              "\",\"actor\":\"git\",\"message\":\"m\"}");
    json_t *json = forge_event_to_json(&f->event);
    ok = forge_event_from_json(json, &again, &f->error);
    json_t *twice = ok ? forge_event_to_json(&again) : NULL;
    bool equal = twice != NULL && json_equal(json, twice);
    json_decref(json);
    json_decref(twice);
    forge_event_clear(&again);
    assert_no_gerror(f->error);
    assert_true(equal);
}

static ForgeEventKind
expected_kind(const char *event, const json_t *body)
{
    const char *action = json_string_value(json_object_get(body, "action"));

    if (strcmp(event, "push") == 0)
        return json_is_true(json_object_get(body, "deleted")) ? FORGE_EVENT_DELETE
               : g_str_has_prefix(json_string_value(json_object_get(body, "ref")), "refs/tags/")
                   ? FORGE_EVENT_TAG
                   : FORGE_EVENT_PUSH;
    if (strcmp(event, "delete") == 0)
        return FORGE_EVENT_DELETE;
    if (strcmp(event, "ping") == 0)
        return FORGE_EVENT_PING;
    if (strcmp(event, "pull_request") == 0 && action != NULL)
        return strcmp(action, "closed") == 0 ? FORGE_EVENT_CLOSED
               : strcmp(action, "opened") == 0 || strcmp(action, "reopened") == 0 ||
                       strcmp(action, "synchronize") == 0 || strcmp(action, "ready_for_review") == 0
                   ? FORGE_EVENT_PROPOSAL
                   : FORGE_EVENT_IGNORED;
    return FORGE_EVENT_IGNORED;
}

typedef struct {
    GPtrArray *failures;
    unsigned n, n_push, n_proposals;
} Vectors;

static void
take_vector(Vectors *vectors, const char *dir, const char *name, const char *event)
{
    g_autofree char *path = g_strdup_printf("%s/%s", dir, name);
    g_autoptr(GBytes) raw = file_read(AT_FDCWD, path, VECTOR_MAX, NULL);
    Headers headers = { "X-GitHub-Event", event };
    ForgeDelivery delivery = { FORGE_GITHUB, header, &headers, { 0 } };
    g_auto(ForgeEvent) read = { 0 };
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) body = NULL;

    if (raw == NULL) {
        g_ptr_array_add(vectors->failures, g_strdup_printf("%s: cannot be read", name));
        return;
    }
    delivery.body = span_of_bytes(raw);
    body = json_parse(delivery.body, VECTOR_MAX, NULL);
    vectors->n++;
    vectors->n_push += strcmp(event, "push") == 0;
    vectors->n_proposals += strcmp(event, "pull_request") == 0;
    if (!forge_payload_read(&delivery, &read, &error))
        g_ptr_array_add(vectors->failures, g_strdup_printf("%s: %s", name, error->message));
    else if (read.kind != expected_kind(event, body))
        g_ptr_array_add(vectors->failures,
                        g_strdup_printf("%s: read as '%s'", name, forge_event_name(read.kind)));
    else if (read.repository[0] == '\0' && (strcmp(event, "push") == 0 || read.ref[0] != '\0'))
        g_ptr_array_add(vectors->failures, g_strdup_printf("%s: no repository", name));
}

static void
every_published_github_payload_is_taken_in(void **state)
{
    const char *root = getenv("VECTORS");
    g_autofree char *dir = g_strdup_printf("%s/webhooks", root != NULL ? root : "");
    g_autofree char *index = g_strdup_printf("%s/signatures.json", dir);
    g_autoptr(GBytes) text = file_read(AT_FDCWD, index, VECTOR_MAX, NULL);
    Vectors vectors = { 0 };
    const char *name = NULL;
    json_t *file = NULL;

    (void)state;
    test_needs("vectors", text != NULL);
    json_t *json = json_parse(span_of_bytes(text), VECTOR_MAX, NULL);
    vectors.failures = g_ptr_array_new_with_free_func(g_free);
    json_object_foreach (json_object_get(json, "files"), name, file)
        take_vector(&vectors, dir, name, json_string_value(json_object_get(file, "event")));
    json_decref(json);
    for (guint i = 0; i < vectors.failures->len; i++)
        print_message("# %s\n", (const char *)vectors.failures->pdata[i]);
    print_message("# %u payloads: %u pushes, %u pull requests\n", vectors.n, vectors.n_push,
                  vectors.n_proposals);
    guint n_failed = vectors.failures->len;
    g_ptr_array_unref(vectors.failures);
    assert_int_equal(n_failed, 0);
    assert_true(vectors.n_push > 0 && vectors.n_proposals > 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(github_push_names_ref_commit_paths_and_message, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(zeros_after_a_push_are_a_deletion, setup, teardown),
        cmocka_unit_test_setup_teardown(a_new_branch_does_not_know_its_paths, setup, teardown),
        cmocka_unit_test_setup_teardown(a_fork_is_outside_and_a_lost_fork_too, setup, teardown),
        cmocka_unit_test_setup_teardown(gitea_tells_of_new_commits_in_its_own_word, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(gitlab_push_tag_and_merge_request, setup, teardown),
        cmocka_unit_test_setup_teardown(a_plain_git_hook_pushes, setup, teardown),
        cmocka_unit_test_setup_teardown(what_names_no_ref_or_commit_is_invalid, setup, teardown),
        cmocka_unit_test_setup_teardown(an_event_survives_its_json, setup, teardown),
        cmocka_unit_test(every_published_github_payload_is_taken_in),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
