/* SPDX-License-Identifier: Apache-2.0
 * page_entry: one entry of the log: what was signed, by whom, and the way from it to the root, drawn.
 * A script of the page computes that way again from the tiles (web/static/entry.js). */
#include <string.h>
#include "attest/dsse.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/limits.h"
#include "proof/merkle.h"
#include "proof/public_key.h"
#include "proof/rfc3161.h"
#include "web/page.h"
#include "base/banned.h"

#define ROW_HEIGHT 64 /* of one level in the drawing */
#define BOX_HEIGHT 40
#define MIDDLE     400 /* where the way goes up; siblings are at its left or right */
#define ASIDE      250
#define SHOWN_HEX  16

typedef struct Level { /* one step of the way: this node and its sibling make the one above */
    Digest node, sibling;
    bool left;           /* the sibling is the left one */
    uint64_t start, end; /* entries below the sibling */
} Level;

/* ---- the way ----------------------------------------------------------------------------------- */

/* Whose hash the next one of the proof is (RFC 6962 section 2.1.1): going up from @index, a node that
 * is a left child without a right sibling has no step of its own. */
static void
place_sibling(uint64_t index, uint64_t size, unsigned *level, Level *out)
{
    uint64_t last = (size - 1) >> *level;
    uint64_t node = index >> *level;

    while ((node & 1) == 0 && node == last) {
        node >>= 1;
        last >>= 1;
        (*level)++;
    }
    out->left = (node & 1) != 0;
    out->start = (out->left ? node - 1 : node + 1) << *level;
    out->end = MIN(out->start + (UINT64_C(1) << *level), size);
    (*level)++;
}

/* Fills @levels, LIMIT_PROOF_HASHES of them, and returns how many there are. @root_out: where the way
 * ends. */
static size_t
walk(const json_t *proof, Level *levels, Digest *root_out, GError **error)
{
    const json_t *hashes = json_object_get(proof, "hashes");
    uint64_t index = (uint64_t)json_integer_value(json_object_get(proof, "index"));
    uint64_t size = (uint64_t)json_integer_value(json_object_get(proof, "size"));
    size_t n = MIN(json_array_size(hashes), LIMIT_PROOF_HASHES);
    unsigned height = 0;
    Digest at;

    if (!digest_from_string(json_get_text(proof, "leafHash"), &at, error))
        return SIZE_MAX;
    for (size_t i = 0; i < n; i++) {
        Level *level = &levels[i];

        level->node = at;
        if (!digest_from_string(json_string_value(json_array_get(hashes, i)), &level->sibling,
                                error))
            return SIZE_MAX;
        place_sibling(index, size, &height, level);
        at = level->left ? merkle_node_hash(&level->sibling, &at)
                         : merkle_node_hash(&at, &level->sibling);
    }
    *root_out = at;
    return n;
}

/* ---- the drawing ------------------------------------------------------------------------------- */

static json_t *
short_hash(const Digest *digest)
{
    char hex[DIGEST_HEX_SIZE];

    digest_to_hex(digest, hex);
    hex[SHOWN_HEX] = '\0';
    return json_string(hex);
}

static json_t *
range_text(uint64_t start, uint64_t end)
{
    g_autofree char *text =
        end - start == 1 ? g_strdup_printf("entry %" G_GUINT64_FORMAT, start)
                         : g_strdup_printf("entries %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT,
                                           start, end - 1);

    return json_string(text);
}

static json_t *
level_to_json(const Level *level, size_t number, size_t n)
{
    int y = (int)(n - number) * ROW_HEIGHT;
    int x = MIDDLE + (level->left ? -ASIDE : ASIDE);
    json_t *row = json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:I, s:I, s:b}", "y", y, "yHash",
                            y + 17, "yRange", y + 32, "yAbove", y - ROW_HEIGHT + BOX_HEIGHT, "x",
                            x - 100, "xText", x, "start", (json_int_t)level->start, "end",
                            (json_int_t)level->end, "left", level->left);

    json_object_set_new(row, "number", json_integer((json_int_t)number));
    json_object_set_new(row, "hash", json_digest(&level->sibling));
    json_object_set_new(row, "hashShort", short_hash(&level->sibling));
    json_object_set_new(row, "nodeShort", short_hash(&level->node));
    json_object_set_new(row, "range", range_text(level->start, level->end));
    return row;
}

static bool
add_way(json_t *content, const json_t *proof, GError **error)
{
    Level levels[LIMIT_PROOF_HASHES] = { 0 };
    Digest root;
    size_t n = walk(proof, levels, &root, error);
    json_t *rows = NULL;

    if (n == SIZE_MAX)
        return false;
    rows = json_array();
    for (size_t i = n; i > 0; i--) /* from the top */
        json_array_append_new(rows, level_to_json(&levels[i - 1], i - 1, n));
    json_object_set_new(content, "levels", rows);
    json_object_set_new(content, "height",
                        json_integer((json_int_t)n * ROW_HEIGHT + BOX_HEIGHT + 2));
    json_object_set_new(content, "rootShort", short_hash(&root));
    return true;
}

/* ---- what was signed --------------------------------------------------------------------------- */

/* Owned; NULL: it is none. */
static json_t *
parse_base64(const char *text, GBytes **bytes_out)
{
    g_autoptr(GBytes) bytes = base64_decode(text, NULL);
    json_t *json =
        bytes != NULL ? json_parse(span_of_bytes(bytes), LIMIT_STATEMENT_BYTES, NULL) : NULL;

    if (json != NULL && bytes_out != NULL)
        *bytes_out = g_steal_pointer(&bytes);
    return json;
}

/* Key and signature of the leaf. */
static void
add_leaf(json_t *content, const json_t *bundle)
{
    const json_t *entries =
        json_object_get(json_object_get(bundle, "verificationMaterial"), "tlogEntries");
    const char *text = json_get_text(json_array_get(entries, 0), "canonicalizedBody");
    g_autoptr(GBytes) bytes = NULL;
    g_autoptr(json_t) leaf = parse_base64(text, &bytes);
    const json_t *record = json_object_get(json_object_get(leaf, "spec"), "hashedRekordV002");
    const json_t *verifier = json_object_get(json_object_get(record, "signature"), "verifier");
    const char *spki = json_get_text(json_object_get(verifier, "publicKey"), "rawBytes");
    g_autoptr(GBytes) der = base64_decode(spki, NULL);
    g_autoptr(PublicKey) key = der != NULL ? public_key_from_spki(span_of_bytes(der), NULL) : NULL;

    if (leaf == NULL)
        return;
    json_object_set_new(content, "leaf", json_string(text));
    json_object_set_new(content, "leafBytes", page_size((int64_t)g_bytes_get_size(bytes)));
    if (key != NULL) {
        Digest keyid = public_key_keyid(key);
        g_autofree char *pem = public_key_to_pem(key);
        char hex[DIGEST_HEX_SIZE];

        digest_to_hex(&keyid, hex);
        json_object_set_new(content, "keyid", json_string(hex));
        json_object_set_new(content, "keyKind",
                            json_string(public_key_kind_name(public_key_kind(key))));
        json_object_set_new(content, "keyPem", json_string(pem));
    }
}

/* When a time-stamp authority saw the signature. */
static void
add_stamp(json_t *content, const json_t *bundle)
{
    const json_t *material = json_object_get(json_object_get(bundle, "verificationMaterial"),
                                             "timestampVerificationData");
    const json_t *first = json_array_get(json_object_get(material, "rfc3161Timestamps"), 0);
    g_autoptr(GBytes) der = base64_decode(json_get_text(first, "signedTimestamp"), NULL);
    g_autoptr(Rfc3161) stamp =
        der != NULL && g_bytes_get_size(der) > 0 ? rfc3161_parse(span_of_bytes(der), NULL) : NULL;

    if (stamp == NULL)
        return;
    json_object_set_new(content, "stampedAt", json_integer(rfc3161_time_us(stamp)));
    page_add_time(content, "stampedAt", "stampedIso");
}

static void
add_statement(json_t *content, const json_t *bundle)
{
    const json_t *envelope = json_object_get(bundle, "dsseEnvelope");
    g_autoptr(json_t) statement = parse_base64(json_get_text(envelope, "payload"), NULL);
    const json_t *predicate = json_object_get(statement, "predicate");
    g_autofree char *text = statement != NULL ? json_pretty(statement) : NULL;

    if (statement == NULL)
        return;
    json_object_set_new(content, "statementText", json_string(text));
    json_object_set_new(content, "type", json_string(json_get_text(statement, "predicateType")));
    json_object_set_new(content, "object", json_string(json_get_text(predicate, "object")));
    json_object_set_new(content, "actor", json_string(json_get_text(predicate, "actor")));
    if (json_object_get(predicate, "at") != NULL) {
        json_object_set(content, "at", json_object_get(predicate, "at"));
        page_add_time(content, "at", "atIso");
    }
    json_object_set(content, "subjects", json_object_get(statement, "subject"));
}

json_t *
page_load_statement(const WebRequest *request, const char *entry, GError **error)
{
    g_autoptr(json_t) proof =
        page_call(request, "log.prove", json_pack("{s:s}", "entry", entry), error);
    g_autoptr(json_t) bundle = NULL;
    json_t *statement = NULL;

    if (proof == NULL)
        return NULL;
    bundle = json_parse(span_of_text(json_get_text(proof, "bundle")), LIMIT_STATEMENT_BYTES, NULL);
    statement =
        parse_base64(json_get_text(json_object_get(bundle, "dsseEnvelope"), "payload"), NULL);
    if (statement == NULL)
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "the statement '%s' is not here", entry);
    return statement;
}

/* ---- the page ---------------------------------------------------------------------------------- */

bool
page_entry(const WebRequest *request, WebAnswer *answer, GError **error)
{
    g_autofree char *title = g_strdup_printf("Entry %s", web_param(request, "index"));
    const PageSpec spec = { .template = "entry", .title = title, .at = PAGE_AT_LOG };
    json_t *proof = page_call(request, "log.prove",
                              json_pack("{s:s}", "entry", web_param(request, "index")), error);
    g_autoptr(json_t) checkpoint =
        proof != NULL ? page_call(request, "log.checkpoint", json_object(), error) : NULL;
    const char *text = json_get_text(proof, "bundle");
    g_autoptr(json_t) bundle = json_parse(span_of_text(text), LIMIT_STATEMENT_BYTES, NULL);
    json_int_t index = json_integer_value(json_object_get(proof, "index"));
    json_int_t size = json_integer_value(json_object_get(proof, "size"));

    if (checkpoint == NULL || !add_way(proof, proof, error)) {
        json_decref(proof);
        return false;
    }
    json_object_set(proof, "vkey", json_object_get(checkpoint, "vkey"));
    json_object_set(proof, "origin", json_object_get(checkpoint, "origin"));
    json_object_set_new(proof, "hasPrevious", json_boolean(index > 0));
    json_object_set_new(proof, "previous", json_integer(index - 1));
    json_object_set_new(proof, "hasNext", json_boolean(index + 1 < size));
    json_object_set_new(proof, "next", json_integer(index + 1));
    add_leaf(proof, bundle);
    add_statement(proof, bundle);
    add_stamp(proof, bundle);
    page_add_witnesses(request, proof);
    return page_answer(request, &spec, proof, answer, error);
}
