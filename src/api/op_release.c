/* SPDX-License-Identifier: Apache-2.0
 * op_release: the steps of a release's life as operations. */
#include <string.h>
#include "api/op.h"
#include "service/authority.h"
#include "service/publication.h"
#include "service/release.h"
#include "service/trust_export.h"
#include "base/banned.h"

#define REQUEST_DEFAULT_LIFE_S (7 * 24 * 3600)

static const ApiField release_args[] = {
    { "release", API_STRING, API_REQUIRED, "PROJECT/STREAM@VERSION" },
    { 0 },
};
static const ApiField command_args[] = {
    { "release", API_STRING, API_REQUIRED, "PROJECT/STREAM@VERSION" },
    { "command", API_STRING, 0, "ULID of this request: asking again gets the first answer" },
    { "expect", API_STRING, 0, "head of the release as last seen: another one is a conflict" },
    { 0 },
};

static char *
object_of(const json_t *args, GError **error)
{
    return release_name(api_arg_string(args, "release", ""), error);
}

/* The head the client saw, if it says so. */
static bool
command_of(const json_t *args, Digest *expect, ReleaseCommand *out, GError **error)
{
    const char *head = api_arg_string(args, "expect", NULL);

    if (head != NULL && !digest_from_string(head, expect, error))
        return false;
    *out = (ReleaseCommand){ .command = api_arg_string(args, "command", NULL),
                             .expect = head != NULL ? expect : NULL };
    return true;
}

static bool
list_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    (void)args;
    return release_list(context->engine, result_out, error);
}

const ApiOperation op_release_list = {
    .name = "release.list",
    .role = API_ROLE_READER,
    .help = "every release that was ever claimed",
    .result = "[{release, state, manifest, …}]",
    .handler = list_op,
};

static bool
show_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    g_autofree char *object = object_of(args, error);

    return object != NULL && release_show(context->engine, object, result_out, error);
}

const ApiOperation op_release_show = {
    .name = "release.show",
    .role = API_ROLE_READER,
    .args = release_args,
    .help = "a release with assets and publications",
    .result = "{release, state, manifest, request, intent, assets, publications, …}",
    .handler = show_op,
};

static bool
vsa_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    g_autofree char *object = object_of(args, error);

    return object != NULL && release_vsa(context->engine, object, result_out, error);
}

const ApiOperation op_release_vsa = {
    .name = "release.vsa",
    .role = API_ROLE_RELEASE_MANAGER,
    .args = release_args,
    .help = "sign and log the verification summary of an approved release",
    .result = "{release, statement, index, repeated, envelope, bundle}",
    .handler = vsa_op,
};

static bool
seal_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    g_autofree char *object = object_of(args, error);
    ReleaseCommand command = { 0 };
    Digest expect;

    if (object == NULL || !command_of(args, &expect, &command, error))
        return false;
    return api_arg_bool(args, "dryRun")
               ? release_seal_dry(context->engine, object, result_out, error)
               : release_seal(context->engine, object, &command, result_out, error);
}

static const ApiField seal_args[] = {
    { "release", API_STRING, API_REQUIRED, "PROJECT/STREAM@VERSION" },
    { "dryRun", API_BOOL, 0, "only say what would be logged" },
    { "command", API_STRING, 0, "ULID of this request" },
    { "expect", API_STRING, 0, "head of the release as last seen" },
    { 0 },
};
const ApiOperation op_release_seal = {
    .name = "release.seal",
    .role = API_ROLE_RELEASE_MANAGER,
    .flags = API_CHANGES,
    .args = seal_args,
    .help = "fix assets, notes and required evidence for ever",
    .result = "{release, manifest, index, assets}",
    .handler = seal_op,
};

static bool
notes_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    g_autofree char *object = object_of(args, error);

    if (object == NULL ||
        !release_set_notes(context->engine, object, api_arg_string(args, "text", ""), error))
        return false;
    *result_out = json_pack("{s:s}", "release", api_arg_string(args, "release", ""));
    return true;
}

static const ApiField notes_args[] = {
    { "release", API_STRING, API_REQUIRED, "PROJECT/STREAM@VERSION" },
    { "text", API_STRING, API_REQUIRED, "Markdown" },
    { 0 },
};
const ApiOperation op_release_notes = {
    .name = "release.notes",
    .role = API_ROLE_MAINTAINER,
    .flags = API_CHANGES,
    .args = notes_args,
    .help = "set the notes of a draft",
    .result = "{release}",
    .handler = notes_op,
};

/* Borrowed strings, NULL-terminated; the array is owned. */
static const char **
string_list(const json_t *array)
{
    size_t n = json_array_size(array);
    const char **list = g_new0(const char *, n + 1);

    for (size_t i = 0; i < n; i++)
        list[i] = json_string_value(json_array_get(array, i));
    return list;
}

static bool
request_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    g_autofree char *object = object_of(args, error);
    g_autofree const char **targets = string_list(json_object_get(args, "targets"));
    int64_t life_us = api_arg_int(args, "lifeSeconds", REQUEST_DEFAULT_LIFE_S) * G_USEC_PER_SEC;
    ReleaseCommand command = { 0 };
    Digest expect;

    return object != NULL && command_of(args, &expect, &command, error) &&
           release_request(context->engine, object, targets, life_us, &command, result_out, error);
}

static const ApiField request_args[] = {
    { "release", API_STRING, API_REQUIRED, "PROJECT/STREAM@VERSION" },
    { "targets", API_STRINGS, 0, "where to publish; default: the stream's targets" },
    { "lifeSeconds", API_INT, 0, "how long people may decide; default 7 days" },
    { "command", API_STRING, 0, "ULID of this request" },
    { "expect", API_STRING, 0, "head of the release as last seen" },
    { 0 },
};
const ApiOperation op_release_request = {
    .name = "release.request",
    .role = API_ROLE_RELEASE_MANAGER,
    .flags = API_CHANGES,
    .args = request_args,
    .help = "ask people to decide about publishing",
    .result = "{release, request, targets, expires}",
    .handler = request_op,
};

static bool
decision_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    g_autofree char *object = object_of(args, error);

    return object != NULL &&
           release_decision_request(context->engine, object, api_arg_string(args, "person", ""),
                                    api_arg_int(args, "lifeSeconds", REQUEST_DEFAULT_LIFE_S) *
                                        G_USEC_PER_SEC,
                                    result_out, error);
}

static const ApiField decision_args[] = {
    { "release", API_STRING, API_REQUIRED, "PROJECT/STREAM@VERSION" },
    { "person", API_STRING, API_REQUIRED, "who will decide" },
    { "lifeSeconds", API_INT, 0, "how long the decision counts; default 7 days" },
    { 0 },
};
const ApiOperation op_release_decision = {
    .name = "release.decision",
    .role = API_ROLE_READER,
    .args = decision_args,
    .help = "what a person is asked to sign, with the facts to check it by",
    .result = "{release, decision, facts, checkpoint}",
    .handler = decision_op,
};

static bool
approve_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    g_autofree char *object = object_of(args, error);

    return object != NULL &&
           release_approve(context->engine, object, json_object_get(args, "approval"),
                           api_arg_string(args, "command", NULL), result_out, error);
}

static const ApiField approve_args[] = {
    { "release", API_STRING, API_REQUIRED, "PROJECT/STREAM@VERSION" },
    { "approval", API_OBJECT, API_REQUIRED, "{decision, proof}" },
    { "command", API_STRING, 0, "ULID of this request" },
    { 0 },
};
const ApiOperation op_release_approve = {
    .name = "release.approve",
    .role = API_ROLE_MAINTAINER,
    .flags = API_CHANGES,
    .args = approve_args,
    .help = "hand in a person's signed decision",
    .result = "{release, approval, person}",
    .handler = approve_op,
};

static bool
approvals_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    g_autofree char *object = object_of(args, error);

    return object != NULL && release_approvals(context->engine, object, result_out, error);
}

const ApiOperation op_release_approvals = {
    .name = "release.approvals",
    .role = API_ROLE_READER,
    .args = release_args,
    .help = "who has approved, and what is missing",
    .result = "{release, request, needed, counted, people, rejected, who}",
    .handler = approvals_op,
};

/* An open intent is gone on with; otherwise one is logged first. */
static bool
publish_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    g_autofree char *object = object_of(args, error);
    g_autoptr(json_t) shown = NULL;
    g_autoptr(json_t) intent = NULL;
    ReleaseCommand command = { 0 };
    const char *state = NULL;
    Digest expect;

    if (object == NULL || !command_of(args, &expect, &command, error) ||
        !release_show(context->engine, object, &shown, error))
        return false;
    state = json_string_value(json_object_get(shown, "state"));
    if (strcmp(state, release_state_name(RELEASE_PUBLISHING)) != 0 &&
        strcmp(state, release_state_name(RELEASE_PUBLISHED)) != 0 &&
        !release_publish_intent(context->engine, object, &command, &intent, error))
        return false;
    return publication_run(context->engine, object, result_out, error);
}

const ApiOperation op_release_publish = {
    .name = "release.publish",
    .role = API_ROLE_RELEASE_MANAGER,
    .flags = API_CHANGES,
    .args = command_args,
    .help = "publish if every rule holds, or go on with a publication",
    .result = "{release, intent, targets}",
    .handler = publish_op,
};

static bool
reject_propose_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    g_autofree char *object = object_of(args, error);
    g_autofree const char **signers = string_list(json_object_get(args, "signers"));

    return object != NULL &&
           authority_propose_rejection(context->engine, object, api_arg_string(args, "reason", ""),
                                       signers, result_out, error);
}

static const ApiField reject_args[] = {
    { "release", API_STRING, API_REQUIRED, "PROJECT/STREAM@VERSION" },
    { "reason", API_STRING, API_REQUIRED, "defective, superseded, withdrawn" },
    { "signers", API_STRINGS, API_REQUIRED, "whose decisions are wanted" },
    { 0 },
};
const ApiOperation op_release_propose_rejection = {
    .name = "release.proposeRejection",
    .role = API_ROLE_READER,
    .args = reject_args,
    .help = "a proposal to end a release, for people to sign",
    .result = "{kind, object, body, decisions}",
    .handler = reject_propose_op,
};
