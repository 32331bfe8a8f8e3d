/* SPDX-License-Identifier: Apache-2.0
 * test_rules: what starts a run, what waits, what is ignored and why. */
#include "forge/rules.h"
#include "testing.h"

#define A40 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

typedef struct {
    const char *label;
    ForgeEventKind kind;
    const char *ref, *message, *path;
    bool outside;
    ForgeProposals proposals;
    const char *branches[3], *paths[2];
    ForgeVerdict wanted;
} Case;

static const Case cases[] = {
    { .label = "a push",
      .kind = FORGE_EVENT_PUSH,
      .ref = "refs/heads/main",
      .wanted = FORGE_VERDICT_RUN },
    { .label = "a branch in the filter",
      .kind = FORGE_EVENT_PUSH,
      .ref = "refs/heads/release/1",
      .branches = { "main", "release/*" },
      .wanted = FORGE_VERDICT_RUN },
    { .label = "a branch outside the filter",
      .kind = FORGE_EVENT_PUSH,
      .ref = "refs/heads/topic",
      .branches = { "main" },
      .wanted = FORGE_VERDICT_IGNORE },
    { .label = "a branch taken away again",
      .kind = FORGE_EVENT_PUSH,
      .ref = "refs/heads/wip/x",
      .branches = { "!wip/**" },
      .wanted = FORGE_VERDICT_IGNORE },
    { .label = "any other branch where one is taken away",
      .kind = FORGE_EVENT_PUSH,
      .ref = "refs/heads/x",
      .branches = { "!wip/**" },
      .wanted = FORGE_VERDICT_RUN },
    { .label = "skip ci",
      .kind = FORGE_EVENT_PUSH,
      .ref = "refs/heads/main",
      .message = "docs [Skip CI]",
      .wanted = FORGE_VERDICT_IGNORE },
    { .label = "a trailer",
      .kind = FORGE_EVENT_PUSH,
      .ref = "refs/heads/main",
      .message = "docs\n\nskip-checks: true",
      .wanted = FORGE_VERDICT_IGNORE },
    { .label = "a tag whose message says skip ci",
      .kind = FORGE_EVENT_TAG,
      .ref = "refs/tags/v1",
      .message = "[skip ci]",
      .wanted = FORGE_VERDICT_RUN },
    { .label = "no path of interest",
      .kind = FORGE_EVENT_PUSH,
      .ref = "refs/heads/main",
      .path = "docs/a.md",
      .paths = { "src/**" },
      .wanted = FORGE_VERDICT_IGNORE },
    { .label = "a path of interest",
      .kind = FORGE_EVENT_PUSH,
      .ref = "refs/heads/main",
      .path = "src/a/b.c",
      .paths = { "src/**" },
      .wanted = FORGE_VERDICT_RUN },
    { .label = "paths not known",
      .kind = FORGE_EVENT_PUSH,
      .ref = "refs/heads/main",
      .paths = { "src/**" },
      .wanted = FORGE_VERDICT_RUN },
    { .label = "a proposal from inside",
      .kind = FORGE_EVENT_PROPOSAL,
      .ref = "refs/pull/1/head",
      .proposals = FORGE_PROPOSALS_INSIDE,
      .wanted = FORGE_VERDICT_RUN },
    { .label = "a proposal from outside",
      .kind = FORGE_EVENT_PROPOSAL,
      .ref = "refs/pull/1/head",
      .outside = true,
      .proposals = FORGE_PROPOSALS_HELD,
      .wanted = FORGE_VERDICT_HOLD },
    { .label = "a proposal from outside where only insiders run",
      .kind = FORGE_EVENT_PROPOSAL,
      .ref = "refs/pull/1/head",
      .outside = true,
      .proposals = FORGE_PROPOSALS_INSIDE,
      .wanted = FORGE_VERDICT_IGNORE },
    { .label = "a proposal where none run",
      .kind = FORGE_EVENT_PROPOSAL,
      .ref = "refs/pull/1/head",
      .proposals = FORGE_PROPOSALS_NONE,
      .wanted = FORGE_VERDICT_IGNORE },
    { .label = "a closed proposal",
      .kind = FORGE_EVENT_CLOSED,
      .ref = "refs/pull/1/head",
      .wanted = FORGE_VERDICT_CANCEL },
    { .label = "a deleted branch",
      .kind = FORGE_EVENT_DELETE,
      .ref = "refs/heads/x",
      .wanted = FORGE_VERDICT_CANCEL },
    { .label = "a ping", .kind = FORGE_EVENT_PING, .ref = "", .wanted = FORGE_VERDICT_IGNORE },
};

static void
set(char **out, const char *text)
{
    g_free(*out);
    *out = g_strdup(text);
}

static void
each_event_gets_its_verdict_and_a_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const Case *c = &cases[i];
        ForgeFilter filter = { .branches = c->branches,
                               .paths = c->paths,
                               .repository = "o/r",
                               .proposals = c->proposals };
        ForgeEvent event = { 0 };
        char *reason = NULL;

        forge_event_init(&event);
        event.kind = c->kind;
        event.outside = c->outside;
        set(&event.repository, "O/R");
        set(&event.ref, c->ref);
        set(&event.commit, A40);
        set(&event.base_ref, "refs/heads/main");
        set(&event.message, c->message != NULL ? c->message : "");
        if (c->path != NULL)
            g_ptr_array_add(event.paths, g_strdup(c->path));
        event.paths_known = c->path != NULL;
        ForgeVerdict verdict = forge_rules_decide(&filter, &event, &reason);
        bool has_reason = reason != NULL && reason[0] != '\0';
        forge_event_clear(&event);
        g_free(reason);
        test_case("%s", c->label);
        assert_int_equal(verdict, c->wanted);
        assert_true(has_reason);
    }
}

static void
another_repository_is_ignored(void **state)
{
    ForgeFilter filter = { .repository = "o/r" };
    ForgeEvent event = { 0 };
    char *reason = NULL;

    (void)state;
    forge_event_init(&event);
    event.kind = FORGE_EVENT_PUSH;
    set(&event.repository, "o/other");
    set(&event.ref, "refs/heads/main");
    ForgeVerdict verdict = forge_rules_decide(&filter, &event, &reason);
    forge_event_clear(&event);
    g_free(reason);
    assert_int_equal(verdict, FORGE_VERDICT_IGNORE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_event_gets_its_verdict_and_a_reason),
        cmocka_unit_test(another_repository_is_ignored),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
