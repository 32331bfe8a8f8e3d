/* SPDX-License-Identifier: Apache-2.0
 * rules: what each key may sign. A signer parses all it signs and refuses what it does not know. */
#include "signer/rules_priv.h"
#include <string.h>
#include "attest/predicate.h"
#include "attest/provenance.h"
#include "attest/statement.h"
#include "attest/status.h"
#include "attest/vsa.h"
#include "attest/tuf_build.h"
#include "signer/client.h"
#include "base/banned.h"

/* Evidence the engine key may sign beside the predicates of our own. */
static const char *const engine_evidence[] = {
    PREDICATE_TYPE_TEST_RESULT, PREDICATE_TYPE_VULNS,     PREDICATE_TYPE_RELEASE,
    PREDICATE_TYPE_SPDX,        PREDICATE_TYPE_CYCLONEDX, PREDICATE_TYPE_COSIGN_SIGN,
};

static bool
deny(GError **error, const char *rule, const char *subject)
{
    error_set(error, SIGNER_ERROR, SIGNER_ERROR_DENIED, "the signer refuses: %s ('%s')", rule,
              subject);
    return false;
}

static bool
check_own(const Statement *statement, const char *origin, GError **error)
{
    PredicateKind kind = predicate_kind_of(statement->predicate_type);
    g_autoptr(GError) local = NULL;

    if (kind == PREDICATE_NONE)
        return deny(error, "this predicate type is not known", statement->predicate_type);
    g_autoptr(Predicate) predicate = predicate_parse(kind, statement->predicate, &local);
    if (predicate == NULL)
        return deny(error, "the predicate is malformed", local->message);
    if (strcmp(predicate->log, origin) != 0)
        return deny(error, "the statement is for another log", predicate->log);
    return true;
}

/* The engine vouches for itself only, and only that all was well. */
static bool
check_summary(const Statement *statement, const char *origin, GError **error)
{
    g_autofree char *own_id = vsa_engine_id(origin);
    g_autoptr(GError) local = NULL;
    VsaView vsa;

    if (!vsa_read(statement, &vsa, &local))
        return deny(error, "the verification summary is malformed", local->message);
    if (strcmp(vsa.verifier, own_id) != 0)
        return deny(error, "the verification summary is by another verifier", vsa.verifier);
    if (!vsa.passed)
        return deny(error, "the verification summary says something failed", vsa.resource);
    return true;
}

static bool
check_engine(const Statement *statement, const char *origin, GError **error)
{
    if (predicate_type_is_ours(statement->predicate_type))
        return check_own(statement, origin, error);
    if (strcmp(statement->predicate_type, PREDICATE_TYPE_VSA) == 0)
        return check_summary(statement, origin, error);
    for (size_t i = 0; i < G_N_ELEMENTS(engine_evidence); i++) {
        if (strcmp(statement->predicate_type, engine_evidence[i]) == 0)
            return true;
    }
    return deny(error, "the engine key does not sign this type", statement->predicate_type);
}

static bool
check_builder(const Statement *statement, const char *origin, const char *builder_class,
              GError **error)
{
    g_autofree char *own_id = g_strdup_printf("%s/builder/%s", origin, builder_class);
    g_autoptr(GError) local = NULL;
    ProvenanceView view = { 0 };

    if (strcmp(statement->predicate_type, PREDICATE_TYPE_PROVENANCE) != 0)
        return deny(error, "a builder key signs provenance only", statement->predicate_type);
    if (!provenance_read(statement, &view, &local))
        return deny(error, "the provenance is malformed", local->message);
    if (strcmp(view.builder_id, own_id) != 0)
        return deny(error, "the provenance names another builder", view.builder_id);
    return true;
}

bool
rules_check_statement(SignerRole role, const char *origin, Span payload, GError **error)
{
    g_autoptr(GError) local = NULL;
    const char *builder_class = signer_role_builder_class(role);

    if (role != SIGNER_ROLE_ENGINE && builder_class == NULL)
        return deny(error, "this key signs no statements", signer_role_name(role));
    g_autoptr(Statement) statement = statement_parse(payload, &local);
    if (statement == NULL)
        return deny(error, "this is not a statement", local->message);
    if (!statement_is_canonical(payload))
        return deny(error, "the statement is not RFC 8785 JSON", statement->predicate_type);
    if (builder_class != NULL)
        return check_builder(statement, origin, builder_class, error);
    return check_engine(statement, origin, error);
}

bool
rules_check_status(const char *origin, Span payload, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(Status) status = status_parse(payload, &local);

    if (status == NULL)
        return deny(error, "this is not a status", local->message);
    if (strcmp(status->log, origin) != 0)
        return deny(error, "the status is of another log", status->log);
    return true;
}

bool
rules_check_tuf(Span payload, GError **error)
{
    g_autoptr(GError) local = NULL;

    return tuf_build_check_online(payload, &local) ||
           deny(error, "the status key signs TUF timestamps and snapshots only", local->message);
}
