/* SPDX-License-Identifier: Apache-2.0
 * attestation: each envelope gets a report of its own, step by step until one fails; the report
 * that went furthest is shown. */
#include "verify/attestation.h"
#include "attest/intoto.h"
#include "attest/slsa_gcb.h"
#include "base/limits.h"
#include "verify/verify_priv.h"
#include "base/banned.h"

typedef struct {
    const AttestationQuestion *question; /* borrowed */
    VerifyReport *report;                /* owned; of the envelope at hand */
    VerifyReport *best;                  /* owned; NULL before the first */
    unsigned best_steps;
    unsigned n;
} Judge;

/* Adds a check; @local says why not, and is cleared. Returns @ok. */
static bool
note(Judge *judge, const char *name, bool ok, GError **local, const char *good)
{
    const char *subject = judge->question->subject;
    VerifyResult result = VERIFY_NOT_AUTHENTIC;

    if (ok) {
        verify_report_add(judge->report, VERIFY_OK, name, subject, "%s", good);
        return true;
    }
    if (error_kind(*local) == ERROR_KIND_DENIED)
        result = VERIFY_POLICY;
    else if (error_kind(*local) == ERROR_KIND_UNAVAILABLE)
        result = VERIFY_UNSUPPORTED;
    verify_report_add(judge->report, result, name, subject, "%s", (*local)->message);
    g_clear_error(local);
    return false;
}

static bool
refuse(Judge *judge, VerifyResult result, const char *name, const char *why)
{
    verify_report_add(judge->report, result, name, judge->question->subject, "%s", why);
    return false;
}

static void
check_slsa(Judge *judge, const Statement *statement)
{
    const AttestationQuestion *question = judge->question;
    g_autoptr(GError) local = NULL;
    g_autoptr(SlsaProvenance) provenance = slsa_read(statement, &local);

    if (!note(judge, "provenance", provenance != NULL, &local, statement->predicate_type))
        return;
    verify_report_add(judge->report, VERIFY_OK, "builder", question->subject, "%s",
                      provenance->builder_id);
    for (size_t i = 0; i < question->n_rules; i++) {
        const AttestationRule *rule = &question->rules[i];
        if (rule->slsa == SLSA_RULE_NONE)
            continue;
        bool ok = slsa_check(provenance, rule->slsa, rule->wanted, &local);
        (void)note(judge, slsa_rule_name(rule->slsa), ok, &local, rule->wanted);
    }
}

static void
check_vsa(Judge *judge, const Statement *statement)
{
    const AttestationQuestion *question = judge->question;
    g_autoptr(GError) local = NULL;
    VsaView vsa;

    if (!note(judge, "summary", vsa_read(statement, &vsa, &local), &local,
              statement->predicate_type))
        return;
    (void)note(judge, "result", vsa_check(&vsa, VSA_RULE_RESULT, "PASSED", &local), &local,
               "PASSED");
    for (size_t i = 0; i < question->n_rules; i++) {
        const AttestationRule *rule = &question->rules[i];
        if (rule->vsa == VSA_RULE_NONE)
            continue;
        bool ok = vsa_check(&vsa, rule->vsa, rule->wanted, &local);
        (void)note(judge, vsa_rule_name(rule->vsa), ok, &local, rule->wanted);
    }
}

/* The payload, whose signatures hold. */
static void
check_payload(Judge *judge, const DsseEnvelope *envelope)
{
    const AttestationQuestion *question = judge->question;
    g_autoptr(GError) local = NULL;

    if (strcmp(envelope->payload_type, DSSE_TYPE_INTOTO) != 0) {
        (void)refuse(judge, VERIFY_UNSUPPORTED, "payload", "the payload is no in-toto statement");
        return;
    }
    g_autoptr(IntotoPayload) payload = intoto_parse(span_of_bytes(envelope->payload), &local);
    if (!note(judge, "payload", payload != NULL, &local,
              payload != NULL ? intoto_type(payload) : NULL))
        return;
    if (!intoto_names_digest(payload, question->algorithm, question->value)) {
        (void)refuse(judge, VERIFY_NOT_AUTHENTIC, "subject", "it is about something else");
        return;
    }
    verify_report_add(judge->report, VERIFY_OK, "subject", question->subject, "%s:%s",
                      question->algorithm, question->value);
    if (question->type == ATTESTATION_ANY)
        return;
    if (payload->kind != INTOTO_STATEMENT)
        (void)refuse(judge, VERIFY_POLICY, "type", "it is no statement");
    else if (question->type == ATTESTATION_SLSA)
        check_slsa(judge, payload->statement);
    else
        check_vsa(judge, payload->statement);
}

static void
begin(Judge *judge)
{
    judge->report = verify_report_new();
    judge->n++;
}

/* Keeps the report if it is good, or further than the best so far. */
static void
finish(Judge *judge)
{
    VerifyReport *report = g_steal_pointer(&judge->report);
    bool good = verify_report_result(report) == VERIFY_OK;
    unsigned steps = good ? UINT_MAX : report->checks->len;

    if (judge->best != NULL && steps <= judge->best_steps) {
        verify_report_free(report);
        return;
    }
    verify_report_free(judge->best);
    judge->best = report;
    judge->best_steps = steps;
}

static void
judge_envelope(Judge *judge, const json_t *object)
{
    const AttestationQuestion *question = judge->question;
    const json_t *inner = json_object_get(object, "dsseEnvelope");
    g_autoptr(GError) local = NULL;
    size_t n = 0;

    begin(judge);
    g_autoptr(DsseEnvelope) envelope = dsse_from_json(inner != NULL ? inner : object, &local);
    if (envelope == NULL) {
        (void)note(judge, "envelope", false, &local, NULL);
    } else {
        bool ok = dsse_verify_threshold(envelope, question->keys, question->threshold,
                                        DSSE_KEYS_DEFAULT, &n, &local);
        g_autofree char *good = g_strdup_printf("signed by %zu of %u keys, wanted %zu", n,
                                                question->keys->len, question->threshold);
        if (note(judge, "signatures", ok, &local, good))
            check_payload(judge, envelope);
    }
    finish(judge);
}

static void
judge_image(Judge *judge, const json_t *document)
{
    const AttestationQuestion *question = judge->question;
    g_autoptr(GError) local = NULL;
    Digest image = { 0 }, wanted = { 0 };
    g_autoptr(GPtrArray) list = slsa_gcb_read(document, &image, &local);

    bool about = strcmp(question->algorithm, "sha256") == 0 &&
                 digest_from_hex(question->value, &wanted, NULL) && digest_equal(&image, &wanted);
    if (list == NULL || !about) {
        begin(judge);
        if (list == NULL)
            (void)note(judge, "document", false, &local, NULL);
        else
            (void)refuse(judge, VERIFY_NOT_AUTHENTIC, "document", "it is about another image");
        finish(judge);
    }
    for (unsigned i = 0; list != NULL && about && i < list->len; i++) {
        const SlsaGcb *provenance = list->pdata[i];
        begin(judge);
        bool ok = slsa_gcb_verify(provenance, question->keys, &wanted, &local);
        if (note(judge, "signatures", ok, &local,
                 "signed by a key of Cloud Build given, and all "
                 "around it says the same"))
            check_payload(judge, provenance->envelope);
        finish(judge);
    }
}

static void
judge_document(Judge *judge, const json_t *document)
{
    if (slsa_gcb_is_one(document))
        judge_image(judge, document);
    else
        judge_envelope(judge, document);
}

/* One JSON text a line. */
static void
judge_lines(Judge *judge, Span text)
{
    while (text.len > 0) {
        const uint8_t *end = memchr(text.data, '\n', text.len);
        Span line = span_of(text.data, end != NULL ? (size_t)(end - text.data) : text.len);
        size_t taken = line.len + (end != NULL);
        text = span_of(text.data + taken, text.len - taken);
        if (line.len == 0 || (line.len == 1 && line.data[0] == '\r'))
            continue;
        g_autoptr(GError) local = NULL;
        g_autoptr(json_t) document = json_parse(line, LIMIT_JSON_BYTES, &local);
        if (document != NULL) {
            judge_document(judge, document);
        } else {
            begin(judge);
            (void)note(judge, "envelope", false, &local, NULL);
            finish(judge);
        }
        if (judge->n >= ATTESTATION_MAX)
            return;
    }
}

VerifyReport *
attestation_verify(Span text, const AttestationQuestion *question)
{
    Judge judge = { .question = question };

    if (text.len <= ATTESTATION_MAX_BYTES) {
        g_autoptr(json_t) whole =
            text.len <= LIMIT_JSON_BYTES ? json_parse(text, LIMIT_JSON_BYTES, NULL) : NULL;
        if (whole != NULL)
            judge_document(&judge, whole);
        else
            judge_lines(&judge, text);
    }
    if (judge.best == NULL) {
        judge.best = verify_report_new();
        verify_report_add(judge.best, VERIFY_INCOMPLETE, "envelope", question->subject,
                          text.len > ATTESTATION_MAX_BYTES ? "the file is too large"
                                                           : "there is no attestation");
    }
    if (judge.n > 1)
        verify_report_add(judge.best, VERIFY_OK, "attestations", question->subject,
                          "%u were looked at%s", judge.n,
                          judge.n >= ATTESTATION_MAX ? ", further ones were not" : "");
    return judge.best;
}
