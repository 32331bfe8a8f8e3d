/* SPDX-License-Identifier: Apache-2.0
 * reader_priv: what the readers of slipway.yaml share; for src/pipeline/read*.c and graph.c only.
 * Every read_…() adds what is wrong to the diagnostics and returns false; callers go on with the
 * next field. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include "pipeline/pipeline.h"
#include "sys/yaml.h"

#define PIPELINE_MAX_TEXT_BYTES  (64u << 10)                 /* one value */
#define PIPELINE_MAX_TIMEOUT_MS  (7ll * 24 * 60 * 60 * 1000) /* a job, a step */
#define PIPELINE_MAX_RETRIES     10
#define PIPELINE_MAX_APPROVALS   100
#define PIPELINE_MAX_CPU_PERCENT 102400
#define PIPELINE_MAX_PROCESSES   1000000
#define PIPELINE_MAX_SIZE_BYTES  (1ull << 50)
#define PIPELINE_MAX_ITEMS       1000 /* of one list: needs, artifacts, matrix values, … */
#define PIPELINE_MAX_NAMED       256  /* streams, targets, inputs */
#define PIPELINE_MAX_SCHEDULES   64
#define PIPELINE_MAX_LABELS      32
#define PIPELINE_MAX_SECRETS     64
#define PIPELINE_MAX_AXES        16
#define PIPELINE_NAME_BYTES      64

typedef struct {
    Pipeline pipeline; /* first: a Pipeline * is a PipelineWhole * */
    GPtrArray *owned;  /* owned; everything the pipeline points to */
    GPtrArray *whens;  /* owned Condition */
} PipelineWhole;

typedef struct {
    PipelineJob *job;      /* borrowed from the whole */
    const YamlNode *key;   /* its name */
    const YamlNode *node;  /* its map */
    const YamlNode *needs; /* NULL = none */
} ReaderJob;

typedef struct Reader {
    Diagnostics *diagnostics; /* borrowed */
    const char *text;         /* borrowed; the file, NUL-terminated */
    PipelineWhole *whole;     /* borrowed */
    ReaderJob *jobs;          /* owned; whole->pipeline.n_jobs of them */
} Reader;

/* What a map may hold. take: reads the value into @object; NULL: somebody else reads it. */
typedef struct ReaderField {
    const char *name;
    bool required;
    void (*take)(Reader *reader, const YamlNode *value, const char *where, void *object);
} ReaderField;

/** Zeroed memory that lives as long as the pipeline. */
void *reader_alloc(Reader *reader, size_t n, size_t size);
const char *reader_dup(Reader *reader, const char *text);
/** Takes @text. */
const char *reader_take(Reader *reader, char *text);

void reader_fail(Reader *reader, const YamlNode *node, const char *format, ...) PRINTF_LIKE(3, 4);
/** Inside a text, @offset bytes from its beginning; at the beginning where the file writes it
 * differently. */
void reader_fail_inside(Reader *reader, const YamlNode *node, size_t offset, const char *format,
                        ...) PRINTF_LIKE(4, 5);
/** "; did you mean 'x'?" or "; known are: x, y". Owned. */
char *reader_suggestion(const char *word, const char *const *names, size_t n_names);

/** Walks a map by its table: unknown and missing keys are told, known ones taken. @place: where a
 * missing one is told.
 * @where: "job 'build'". */
bool read_fields(Reader *reader, const YamlNode *node, const YamlNode *place, const char *where,
                 const ReaderField *fields, size_t n_fields, void *object);
/** A map of any names: checks that @node is one with at least one and at most @max members. */
bool read_named_map(Reader *reader, const YamlNode *node, const char *what, size_t max);

/** A scalar that is not nothing. Not copied. */
bool read_text(Reader *reader, const YamlNode *node, const char *what, const char **out);
/** [a-z0-9][a-z0-9._-]{0,63}: projects, streams, targets, jobs. */
bool read_name(Reader *reader, const YamlNode *node, const char *what, const char **out);
/** A key, [a-z][a-z0-9_]{0,31}: becomes MATRIX_NAME or INPUT_NAME, so no two may differ in case
 * alone. */
bool read_lower_name(Reader *reader, const YamlNode *key, const char *what);
/** [A-Za-z_][A-Za-z0-9_]{0,63}: variables and outputs. */
bool read_identifier(Reader *reader, const YamlNode *node, const char *what, const char **out);
bool read_integer(Reader *reader, const YamlNode *node, const char *what, int64_t min, int64_t max,
                  int64_t *out);
/** 0 is no value: @names[1] is the first. */
bool read_choice(Reader *reader, const YamlNode *node, const char *what, const char *const *names,
                 size_t n_names, int *out);
/** "1h30m", "10m", "45s". */
bool read_duration(Reader *reader, const YamlNode *node, const char *what, int64_t *ms_out);
/** "512MiB". */
bool read_size(Reader *reader, const YamlNode *node, const char *what, uint64_t *bytes_out);
bool read_bool(Reader *reader, const YamlNode *node, const char *what, bool *out);

/** Checks one item of a list; tells what is wrong itself. */
typedef bool (*ReadItem)(Reader *reader, const YamlNode *node, const char *what, const char **out);
typedef enum {
    READ_LIST_MAY_BE_EMPTY = 1 << 0,
    READ_LIST_OR_TEXT = 1 << 1, /* one text stands for a list of one */
    READ_LIST_DOUBLES = 1 << 2, /* the same item twice is fine */
} ReadListFlags;
/** A list of texts, copied, NULL-terminated. NULL on failure. */
const char *const *read_list(Reader *reader, const YamlNode *node, const char *what, ReadItem item,
                             ReadListFlags flags);
bool read_glob(Reader *reader, const YamlNode *node, const char *what, const char **out);
/** A path inside the repository. */
bool read_path(Reader *reader, const YamlNode *node, const char *what, const char **out);

/* The rooms of the file, each in a file of its own. */
void read_streams(Reader *reader, const YamlNode *node);
void read_targets(Reader *reader, const YamlNode *node);
void read_inputs(Reader *reader, const YamlNode *node);
void read_previews(Reader *reader, const YamlNode *node);
void read_on(Reader *reader, const YamlNode *node);
/** After read_inputs. */
void read_schedules(Reader *reader, const YamlNode *node);
void read_labels(Reader *reader, const YamlNode *node, const char *where, PipelineJob *job);
/** A name that may stand in 'secrets': a variable's that the engine does not set itself. */
bool read_secret_name(Reader *reader, const YamlNode *node, const char *what, const char **out);
/** A glob; with "!" before it, what fits is taken away. */
bool read_condition_glob(Reader *reader, const YamlNode *node, const char *what, const char **out);
void read_jobs(Reader *reader, const YamlNode *node);
void read_matrix(Reader *reader, const YamlNode *node, PipelineJob *job);
/** One cell without values, for a job without a matrix. */
void read_matrix_none(Reader *reader, PipelineJob *job);
void read_when(Reader *reader, const YamlNode *node, PipelineJob *job);
bool read_env(Reader *reader, const YamlNode *node, const char *where, const PipelinePair **out,
              size_t *n_out);
/** Resolves needs, refuses cycles, sets Pipeline.order. */
void read_graph(Reader *reader);
/** Checks every ${…}; after read_graph. */
void read_references(Reader *reader);
