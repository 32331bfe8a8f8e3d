/* SPDX-License-Identifier: Apache-2.0
 * Whatever is done to a valid bundle, it is refused, or it still says the same: $MUTATIONS random
 * changes (100000 is the full run), from $SEED. Byte flips in the text and in what is base64 inside,
 * fields changed, left out, doubled and swapped, and parts taken from other bundles by the same keys:
 * of Sigstore, of a Sigstore of our own and of an engine.
 *
 * A mutant may be accepted only if it parses to the same signed bytes, signature, signer, log leaf and
 * proof (of its original, or of another about the same artifact taken over whole); and then only for
 * one of the reasons in `enum Freedom`, which are counted and printed. */
#include <fcntl.h>
#include "attest/sigstore_bundle.h"
#include "base/encoding.h"
#include "base/files.h"
#include "base/limits.h"
#include "proof/note.h"
#include "proof/rfc3161.h"
#include "testing.h"
#include "verify/sigstore.h"
#include "base/banned.h"

#define OWN_IDENTITY "https://example.org/workflow.yml@refs/heads/main"
#define OWN_ISSUER   "https://issuer.example.org"
#define IDENTITY                                                                                   \
    "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/"              \
    ".github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main"
#define ISSUER            "https://token.actions.githubusercontent.com"
#define ENGINE_DATA       SIGSTORE_DATA "/engine"
#define OTHER_ASSET       "5555555555555555555555555555555555555555555555555555555555555555"
#define DEFAULT_MUTATIONS 800
#define DEFAULT_SEED      20261121
#define NOW_US            INT64_C(1800000000000000) /* January 2027 */
#define MAX_LEAVES        4096
#define MAX_PATH          16
#define MESSAGE_BYTES     900

/* What nobody signs, so that it may differ in a mutant that is accepted. */
enum Freedom {
    FREE_TEXT,           /* the same bundle in other JSON: white space, unknown members, order */
    FREE_VERSION,        /* another media type whose demands it meets as well */
    FREE_HINT,           /* the hint of a managed key, the keyid of an envelope */
    FREE_PROMISE,        /* the log's promise left out, where a timestamp proves the time */
    FREE_TIME,           /* integratedTime without a promise: nobody believes it */
    FREE_STAMP,          /* a timestamp left out, where a promise proves the time */
    FREE_STAMP_FRAME,    /* what a token's signer did not sign: status text, certificates */
    FREE_WITNESS,        /* lines of a checkpoint that are not the log's */
    FREE_MESSAGE_DIGEST, /* the digest beside a message's signature left out */
    N_FREEDOMS
};
static const char *const freedom_names[N_FREEDOMS] = {
    "text",           "version",     "hint",          "promise-left-out",        "unpromised-time",
    "stamp-left-out", "stamp-frame", "witness-lines", "message-digest-left-out",
};

typedef struct {
    const char *name;
    const char *identity, *issuer;
    GBytes *text;           /* owned */
    json_t *json;           /* owned */
    SigstoreBundle *bundle; /* owned */
    SigstoreTrust *trust;   /* owned */
    X509Key *key;           /* owned; or NULL */
    Digest artifact;
    unsigned family; /* those made by the same keys */
} Original;

typedef struct {
    char *root;
    GPtrArray *originals; /* owned; of Original */
    GRand *random;        /* owned */
    size_t n_accepted[N_FREEDOMS];
    size_t n_refused;
    size_t n_other; /* accepted, and is another original whole */
    char *failure;  /* owned */
} Fixture;

static void
free_original(void *data)
{
    Original *o = data;

    g_clear_pointer(&o->text, g_bytes_unref);
    json_decref(o->json);
    sigstore_bundle_free(o->bundle);
    sigstore_trust_free(o->trust);
    x509_key_unref(o->key);
    g_free(o);
}

static GBytes *
read_below(const char *folder, const char *name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);

    return file_read(AT_FDCWD, path, LIMIT_JSON_BYTES, NULL);
}

/* @root, @key and @artifact: consumed; @key may be NULL. */
static void
add_original(Fixture *f, const char *name, GBytes *text, GBytes *root, GBytes *key,
             GBytes *artifact)
{
    Original *o = g_new0(Original, 1);

    o->name = name;
    o->text = text;
    o->json = json_parse(span_of_bytes(o->text), LIMIT_JSON_BYTES, NULL);
    o->bundle = sigstore_bundle_parse(span_of_bytes(o->text), NULL);
    o->trust = sigstore_trust_parse(span_of_bytes(root), NULL);
    o->key = key != NULL ? x509_key_from_pem(span_of_bytes(key), NULL) : NULL;
    o->artifact = digest_of(span_of_bytes(artifact));
    g_bytes_unref(root);
    g_bytes_unref(artifact);
    if (key != NULL)
        g_bytes_unref(key);
    g_ptr_array_add(f->originals, o);
}

enum Family { FAMILY_OWN, FAMILY_ENGINE, FAMILY_CONFORMANCE };

/* Of sigstore-conformance. */
static void
add_vector(Fixture *f, const char *name)
{
    g_autofree char *folder = g_build_filename(f->root, name, NULL);
    GBytes *root = read_below(folder, "trusted_root.json");
    GBytes *artifact = read_below(folder, "artifact");

    add_original(f, name, read_below(folder, "bundle.sigstore.json"),
                 root != NULL ? root : read_below(f->root, "default_trusted_root.json"),
                 read_below(folder, "key.pub"),
                 artifact != NULL ? artifact : read_below(f->root, "a.txt"));
    Original *o = f->originals->pdata[f->originals->len - 1];
    o->identity = IDENTITY;
    o->issuer = ISSUER;
    o->family = FAMILY_CONFORMANCE;
}

/* Of sigstore/make.py. */
static void
add_own(Fixture *f, const char *name, const char *key)
{
    add_original(f, name, read_below(SIGSTORE_DATA, name), read_below(SIGSTORE_DATA, "root.json"),
                 key != NULL ? read_below(SIGSTORE_DATA, key) : NULL,
                 read_below(SIGSTORE_DATA, "artifact"));
    Original *o = f->originals->pdata[f->originals->len - 1];
    o->identity = OWN_IDENTITY;
    o->issuer = OWN_ISSUER;
}

/* Of sigstore/engine/make.py: facts of one engine, two of them about the same asset. @subject: the
 * digest of the asset in hex, or NULL for that of the two. */
static void
add_engine(Fixture *f, const char *name, const char *subject)
{
    add_original(f, name, read_below(ENGINE_DATA, name), read_below(ENGINE_DATA, "root.json"),
                 read_below(ENGINE_DATA, "engine.pub"), read_below(ENGINE_DATA, "artifact"));
    Original *o = f->originals->pdata[f->originals->len - 1];
    o->family = FAMILY_ENGINE;
    if (subject != NULL)
        assert_true(digest_from_hex(subject, &o->artifact, NULL));
}

static uint64_t
number_of(const char *variable, uint64_t otherwise)
{
    const char *text = getenv(variable);

    return text != NULL && *text != '\0' ? g_ascii_strtoull(text, NULL, 10) : otherwise;
}

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);
    const char *vectors = getenv("VECTORS");

    f->root = vectors != NULL ? g_build_filename(vectors, "sigstore-bundles", NULL) : NULL;
    f->originals = g_ptr_array_new_with_free_func(free_original);
    f->random = g_rand_new_with_seed((guint32)number_of("SEED", DEFAULT_SEED));
    add_own(f, "message.json", NULL);
    add_own(f, "envelope.json", NULL);
    add_own(f, "dsse_v1.json", NULL);
    add_own(f, "dsse_v2.json", NULL);
    add_own(f, "rsa.json", "rsa.pub");
    add_engine(f, "first.json", NULL);
    add_engine(f, "second.json", NULL);
    add_engine(f, "other.json", OTHER_ASSET);
    if (f->root != NULL && g_file_test(f->root, G_FILE_TEST_IS_DIR)) {
        add_vector(f, "happy-path-v0.3");
        add_vector(f, "rekor2-dsse-happy-path");
        add_vector(f, "rekor2-checkpoint-multiple-cosigs");
        add_vector(f, "rekor2-checkpoint-origin-not-first");
        add_vector(f, "rekor2-timestamp-with-embedded-cert");
        add_vector(f, "trust-root-tlog-validity-end-inclusive"); /* v0.1 */
        add_vector(f, "managed-key-and-trusted-root");
        add_vector(f, "intoto-with-custom-trust-root");
    }
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    g_ptr_array_unref(f->originals);
    g_rand_free(f->random);
    g_free(f->root);
    g_free(f->failure);
    g_free(f);
    return 0;
}

static size_t
below(Fixture *f, size_t n)
{
    return n > 1 ? (size_t)g_rand_int_range(f->random, 0, (gint32)n) : 0;
}

/* ---- Mutations of the JSON tree ---- */

typedef struct {
    json_t *parent;  /* borrowed */
    const char *key; /* borrowed; NULL: a member of a list */
    size_t index;
    json_t *value; /* borrowed */
} Place;

static void
collect(json_t *parent, GArray *places)
{
    const char *key = NULL;
    json_t *value = NULL;

    json_object_foreach (parent, key, value) {
        Place place = { .parent = parent, .key = key, .value = value };
        g_array_append_val(places, place);
        collect(value, places);
    }
    for (size_t i = 0; i < json_array_size(parent); i++) {
        Place place = { .parent = parent, .index = i, .value = json_array_get(parent, i) };
        g_array_append_val(places, place);
        collect(place.value, places);
    }
}

static Place
random_place(Fixture *f, json_t *json)
{
    g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(Place));

    collect(json, places);
    return g_array_index(places, Place, below(f, places->len));
}

/* @value: consumed. */
static void
put(const Place *place, json_t *value)
{
    if (place->key != NULL)
        json_object_set_new(place->parent, place->key, value);
    else
        json_array_set_new(place->parent, place->index, value);
}

static void
leave_out(Fixture *f, json_t *json)
{
    Place place = random_place(f, json);

    if (place.key != NULL)
        json_object_del(place.parent, place.key);
    else
        json_array_remove(place.parent, place.index);
}

/* One bit of what a text says in base64, else a character; a number by one. */
static void
change(Fixture *f, json_t *json)
{
    Place place = random_place(f, json);
    const char *text = json_string_value(place.value);

    if (text == NULL || *text == '\0')
        return;
    if (strspn(text, "0123456789") == strlen(text) && strlen(text) < 19) {
        uint64_t number = g_ascii_strtoull(text, NULL, 10);
        g_autofree char *other =
            g_strdup_printf("%" G_GUINT64_FORMAT, below(f, 2) == 0 ? number + 1 : number - 1);
        put(&place, json_string(other));
        return;
    }
    g_autoptr(GBytes) bytes = base64_decode(text, NULL);
    if (bytes != NULL && g_bytes_get_size(bytes) > 0) {
        gsize len = 0;
        g_autofree uint8_t *data = g_bytes_unref_to_data(g_steal_pointer(&bytes), &len);
        data[below(f, len)] ^= (uint8_t)(1u << below(f, 8));
        g_autofree char *other = base64_encode(span_of(data, len));
        put(&place, json_string(other));
        return;
    }
    g_autofree char *copy = g_strdup(text);
    copy[below(f, strlen(copy))] ^= (char)(1u << below(f, 5));
    if (g_utf8_validate(copy, -1, NULL))
        put(&place, json_string(copy));
}

static void
swap_parts(Fixture *f, json_t *json)
{
    Place a = random_place(f, json);
    Place b = random_place(f, json);
    g_autoptr(json_t) first = json_deep_copy(a.value);
    g_autoptr(json_t) second = json_deep_copy(b.value);

    /* A copy each, so that one may hold the other. */
    put(&a, json_incref(second));
    if (a.value != b.value && b.parent != NULL) {
        g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(Place));
        collect(json, places);
        for (guint i = 0; i < places->len; i++) {
            Place place = g_array_index(places, Place, i);
            if (place.parent == b.parent && place.value == b.value) {
                put(&place, json_incref(first));
                break;
            }
        }
    }
}

static void
double_member(Fixture *f, json_t *json)
{
    Place place = random_place(f, json);

    if (place.key == NULL)
        json_array_append_new(place.parent, json_deep_copy(place.value));
    else
        json_object_set_new(place.parent, "unknownMember", json_deep_copy(place.value));
}

/* The same path in another bundle, if there; its depth is random, so parts of every size. */
static void
splice_part(Fixture *f, json_t *json, json_t *other)
{
    json_t *here = json;
    json_t *there = other;
    size_t depth = 1 + below(f, MAX_PATH);

    for (size_t i = 0; i < depth; i++) {
        Place place = { .parent = here };
        json_t *next_there = NULL;

        if (json_is_object(here) && json_object_size(here) > 0) {
            size_t skip = below(f, json_object_size(here));
            void *iter = json_object_iter(here);
            while (skip-- > 0)
                iter = json_object_iter_next(here, iter);
            place.key = json_object_iter_key(iter);
            place.value = json_object_iter_value(iter);
            next_there = json_object_get(there, place.key);
        } else if (json_array_size(here) > 0) {
            place.index = below(f, json_array_size(here));
            place.value = json_array_get(here, place.index);
            next_there = json_array_get(there, place.index);
        }
        if (next_there == NULL)
            return;
        if (i + 1 == depth || json_is_string(place.value)) {
            put(&place, json_deep_copy(next_there));
            return;
        }
        here = place.value;
        there = next_there;
    }
}

/* Half the time one by the same keys: nearly everything in it holds beside what is kept. */
static const Original *
partner_of(Fixture *f, const Original *o)
{
    const Original *other = f->originals->pdata[below(f, f->originals->len)];
    bool is_family = below(f, 2) == 0;

    while (is_family && other->family != o->family)
        other = f->originals->pdata[below(f, f->originals->len)];
    return other;
}

static char *
mutate(Fixture *f, const Original *o)
{
    if (below(f, 4) == 0) { /* bytes of the text */
        Span text = span_of_bytes(o->text);
        g_autofree char *copy = g_strndup((const char *)text.data, text.len);
        for (size_t n = 1 + below(f, 2); n > 0; n--)
            copy[below(f, text.len)] ^= (char)(1u << below(f, 7));
        return g_steal_pointer(&copy);
    }
    g_autoptr(json_t) json = json_deep_copy(o->json);
    for (size_t n = 1 + below(f, 3); n > 0 && json_object_size(json) > 0; n--) {
        const Original *other = partner_of(f, o);
        switch (below(f, 6)) {
        case 0:
            leave_out(f, json);
            break;
        case 1:
            swap_parts(f, json);
            break;
        case 2:
            double_member(f, json);
            break;
        case 3:
            splice_part(f, json, other->json);
            break;
        default:
            change(f, json);
            break;
        }
    }
    return json_dumps(json, JSON_COMPACT);
}

/* ---- What an accepted mutant may differ in ---- */

static bool
same_bytes(GBytes *a, GBytes *b)
{
    return (a == NULL) == (b == NULL) && (a == NULL || g_bytes_equal(a, b));
}

/* What the log itself says in a checkpoint: text and the lines by its name. */
static char *
log_part(GBytes *note_bytes)
{
    g_autoptr(Note) note = note_bytes != NULL ? note_parse(span_of_bytes(note_bytes), NULL) : NULL;
    GString *part = g_string_new(NULL);

    if (note == NULL)
        return g_string_free(part, FALSE);
    Span text = note_text(note);
    g_string_append_len(part, (const char *)text.data, (gssize)text.len);
    const char *end = strchr(part->str, '\n');
    g_autofree char *origin = g_strndup(part->str, (size_t)(end - part->str));
    for (size_t i = 0; i < note_n_signatures(note); i++) {
        const NoteSignature *line = note_signature(note, i);
        if (!g_str_has_prefix(origin, line->name))
            continue;
        g_autofree char *hex = hex_encode(span_of_bytes(line->signature));
        g_string_append_printf(part, "%08x %s\n", line->key_id, hex);
        break; /* the first is the log's in our originals */
    }
    return g_string_free(part, FALSE);
}

static bool
same_proof(const SigstoreEntry *a, const SigstoreEntry *b)
{
    g_autofree char *log_a = log_part(a->checkpoint);
    g_autofree char *log_b = log_part(b->checkpoint);

    return a->kind == b->kind && digest_equal(&a->log_id, &b->log_id) &&
           a->log_index == b->log_index && g_bytes_equal(a->body, b->body) &&
           a->has_proof == b->has_proof && a->proof_index == b->proof_index &&
           a->head.size == b->head.size && digest_equal(&a->head.root, &b->head.root) &&
           a->n_hashes == b->n_hashes &&
           memcmp(a->hashes, b->hashes, a->n_hashes * sizeof *a->hashes) == 0 &&
           strcmp(log_a, log_b) == 0;
}

/* v0.1 allows an entry with a promise and no proof. */
static bool
proof_left_out(const SigstoreEntry *a, const SigstoreEntry *b)
{
    return a->kind == b->kind && digest_equal(&a->log_id, &b->log_id) &&
           a->log_index == b->log_index && g_bytes_equal(a->body, b->body) &&
           (!b->has_proof || b->checkpoint == NULL) && b->promise != NULL;
}

static bool
same_core(const SigstoreBundle *a, const SigstoreBundle *b)
{
    const SigstoreEntry *ea = a->entries->pdata[0];
    const SigstoreEntry *eb = b->entries->pdata[0];

    if (!same_bytes(a->pae, b->pae) || !g_bytes_equal(a->signature, b->signature) ||
        (a->certificates->len == 0) != (b->certificates->len == 0) ||
        (a->certificates->len > 0 &&
         !g_bytes_equal(a->certificates->pdata[0], b->certificates->pdata[0])) ||
        a->entries->len != b->entries->len)
        return false;
    return same_proof(ea, eb) || (b->version == SIGSTORE_BUNDLE_V01 && proof_left_out(ea, eb));
}

static int64_t
stamp_time(GBytes *der)
{
    g_autoptr(Rfc3161) stamp = rfc3161_parse(span_of_bytes(der), NULL);

    return stamp != NULL ? rfc3161_time_us(stamp) : 0;
}

/* The freedoms @b takes; N_FREEDOMS bits; UINT_MAX: more than it may. */
static unsigned
freedoms(const SigstoreBundle *a, const SigstoreBundle *b)
{
    const SigstoreEntry *ea = a->entries->pdata[0];
    const SigstoreEntry *eb = b->entries->pdata[0];
    unsigned taken = 1u << FREE_TEXT;

    if (a->version != b->version)
        taken |= 1u << FREE_VERSION;
    if (g_strcmp0(a->hint, b->hint) != 0 ||
        (a->envelope != NULL &&
         strcmp(((DsseSignature *)a->envelope->signatures->pdata[0])->keyid,
                ((DsseSignature *)b->envelope->signatures->pdata[0])->keyid) != 0))
        taken |= 1u << FREE_HINT;
    if (!same_bytes(ea->promise, eb->promise)) {
        if (eb->promise != NULL || b->timestamps->len == 0)
            return UINT_MAX;
        taken |= 1u << FREE_PROMISE;
    }
    if (ea->integrated_s != eb->integrated_s) {
        if (eb->promise != NULL)
            return UINT_MAX;
        taken |= 1u << FREE_TIME;
    }
    if (a->timestamps->len != b->timestamps->len) {
        if (b->timestamps->len > a->timestamps->len || eb->promise == NULL)
            return UINT_MAX;
        taken |= 1u << FREE_STAMP;
    }
    for (guint i = 0; i < MIN(a->timestamps->len, b->timestamps->len); i++) {
        if (g_bytes_equal(a->timestamps->pdata[i], b->timestamps->pdata[i]))
            continue;
        if (stamp_time(a->timestamps->pdata[i]) != stamp_time(b->timestamps->pdata[i]))
            return UINT_MAX;
        taken |= 1u << FREE_STAMP_FRAME;
    }
    if (!same_bytes(ea->checkpoint, eb->checkpoint))
        taken |= 1u << FREE_WITNESS;
    if (!same_bytes(a->digest, b->digest)) {
        if (b->digest != NULL)
            return UINT_MAX;
        taken |= 1u << FREE_MESSAGE_DIGEST;
    }
    return taken;
}

static bool
is_accepted(const Original *o, const char *mutant)
{
    const SigstoreArtifact artifact = { .sha256 = o->artifact, .fd = -1 };
    const SigstorePolicy policy = { SIGSTORE_POLICY_INIT, .key = o->key, .identity = o->identity,
                                    .issuer = o->issuer };
    g_autoptr(VerifyReport) report =
        sigstore_verify_bytes(span_of_text(mutant), &artifact, o->trust, &policy, NOW_US);

    return verify_report_result(report) == VERIFY_OK;
}

/* Which original the mutant still is: its own, or, after a splice of everything that differs, another
 * about the same artifact. NULL: none. */
static const Original *
find_said(const Fixture *f, const Original *o, const SigstoreBundle *mutant)
{
    if (same_core(o->bundle, mutant))
        return o;
    for (guint i = 0; i < f->originals->len; i++) {
        const Original *other = f->originals->pdata[i];
        if (other->family == o->family && digest_equal(&other->artifact, &o->artifact) &&
            same_core(other->bundle, mutant))
            return other;
    }
    return NULL;
}

static void
judge(Fixture *f, const Original *o, const char *mutant)
{
    if (!is_accepted(o, mutant)) {
        f->n_refused++;
        return;
    }
    g_autoptr(SigstoreBundle) bundle = sigstore_bundle_parse(span_of_text(mutant), NULL);
    const Original *said = find_said(f, o, bundle);
    unsigned taken = said != NULL ? freedoms(said->bundle, bundle) : UINT_MAX;
    f->n_other += said != NULL && said != o;
    if (taken == UINT_MAX) {
        g_free(f->failure);
        f->failure = g_strdup_printf("%s: accepted: %s", o->name, mutant);
        return;
    }
    for (unsigned i = 0; i < N_FREEDOMS; i++)
        f->n_accepted[i] += (taken >> i) & 1;
}

static void
originals_are_accepted(void **state)
{
    Fixture *f = *state;

    for (guint i = 0; i < f->originals->len; i++) {
        const Original *o = f->originals->pdata[i];
        g_autofree char *text = json_dumps(o->json, JSON_COMPACT);

        test_case("%s", o->name);
        assert_true(is_accepted(o, text));
    }
}

static void
mutants_are_refused_or_say_the_same(void **state)
{
    Fixture *f = *state;
    uint64_t n = number_of("MUTATIONS", DEFAULT_MUTATIONS);

    for (uint64_t i = 0; i < n && f->failure == NULL; i++) {
        const Original *o = f->originals->pdata[i % f->originals->len];
        g_autofree char *mutant = mutate(f, o);

        judge(f, o, mutant);
    }
    /* In pieces: one message is cut at 1 KiB. */
    for (size_t at = 0; f->failure != NULL && at < strlen(f->failure); at += MESSAGE_BYTES)
        print_message("#| %.*s\n", MESSAGE_BYTES, f->failure + at);
    assert_null(f->failure);
    print_message("# %zu refused\n", f->n_refused);
    print_message("# accepted, another original whole: %zu\n", f->n_other);
    for (unsigned i = 0; i < N_FREEDOMS; i++)
        print_message("# accepted, free in %s: %zu\n", freedom_names[i], f->n_accepted[i]);
    assert_true(f->n_refused > n / 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(originals_are_accepted, setup, teardown),
        cmocka_unit_test_setup_teardown(mutants_are_refused_or_say_the_same, setup, teardown),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
