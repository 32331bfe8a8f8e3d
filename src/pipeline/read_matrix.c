/* SPDX-License-Identifier: Apache-2.0
 * read_matrix: the cells of a job. Axes are multiplied, the last one running fastest; "exclude"
 * takes away each cell that has all its values; then each "include" either adds values to the cells
 * whose axis values it repeats, or, when it fits none, is a cell of its own. */
#include <string.h>
#include "base/limits.h"
#include "pipeline/reader_priv.h"
#include "base/banned.h"

#define MAX_VALUE_BYTES 256

typedef struct {
    const char *name;
    const char *const *values; /* NULL-terminated */
} Axis;

typedef struct {
    GArray *values; /* owned; PipelinePair */
} Cell;

typedef struct {
    GArray *axes;  /* owned; Axis */
    GArray *cells; /* owned; Cell */
} Matrix;

static void
cell_clear(void *data)
{
    g_array_unref(((Cell *)data)->values);
}

static void
matrix_clear(Matrix *matrix)
{
    g_array_unref(matrix->axes);
    g_array_unref(matrix->cells);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Matrix, matrix_clear)

static const char *
find_value(const PipelinePair *values, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(values[i].name, name) == 0)
            return values[i].value;
    }
    return NULL;
}

static const char *
cell_value(const Cell *cell, const char *name)
{
    return find_value((const PipelinePair *)cell->values->data, cell->values->len, name);
}

static bool
read_value(Reader *reader, const YamlNode *node, const char *what, const char **out)
{
    if (!read_text(reader, node, what, out))
        return false;
    size_t len = strlen(*out);

    if (len == 0 || len > MAX_VALUE_BYTES) {
        reader_fail(reader, node, "%s must have values of 1 to %d bytes", what, MAX_VALUE_BYTES);
        return false;
    }
    for (const char *p = *out; *p != '\0'; p++) {
        if (g_ascii_iscntrl(*p)) {
            reader_fail(reader, node, "%s must have values without control characters", what);
            return false;
        }
    }
    return true;
}

static void
read_axis(Reader *reader, const YamlNode *key, const YamlNode *value, Matrix *matrix)
{
    g_autofree char *what = g_strdup_printf("matrix '%s'", yaml_node_text(key));
    bool name_ok = read_lower_name(reader, key, "a matrix name");
    const char *const *values = read_list(reader, value, what, read_value, 0);

    if (!name_ok || values == NULL)
        return;
    if (matrix->axes->len >= PIPELINE_MAX_AXES) {
        reader_fail(reader, key, "a matrix has at most %d names", PIPELINE_MAX_AXES);
        return;
    }
    Axis axis = { .name = reader_dup(reader, yaml_node_text(key)), .values = values };

    g_array_append_val(matrix->axes, axis);
}

static Cell
cell_copy(const Cell *from)
{
    Cell cell = { .values = g_array_new(FALSE, FALSE, sizeof(PipelinePair)) };

    if (from != NULL)
        g_array_append_vals(cell.values, from->values->data, from->values->len);
    return cell;
}

/* False when there would be too many. */
static bool
multiply(Reader *reader, const YamlNode *node, Matrix *matrix)
{
    size_t n = matrix->axes->len == 0 ? 0 : 1;

    for (guint a = 0; a < matrix->axes->len; a++) {
        n *= g_strv_length((char **)g_array_index(matrix->axes, Axis, a).values);
        if (n > LIMIT_PIPELINE_JOBS) {
            reader_fail(reader, node, "the matrix has more than %d cells", LIMIT_PIPELINE_JOBS);
            return false;
        }
    }
    for (size_t i = 0; i < n; i++) {
        Cell cell = cell_copy(NULL);
        size_t rest = n;

        for (guint a = 0; a < matrix->axes->len; a++) {
            const Axis *axis = &g_array_index(matrix->axes, Axis, a);
            size_t n_values = g_strv_length((char **)axis->values);

            rest /= n_values;
            PipelinePair pair = { .name = axis->name, .value = axis->values[i / rest % n_values] };
            g_array_append_val(cell.values, pair);
        }
        g_array_append_val(matrix->cells, cell);
    }
    return true;
}

/* A map of names to values as pairs. NULL on failure. Owned. */
static GArray *
read_pairs(Reader *reader, const YamlNode *node, const char *what)
{
    g_autoptr(GArray) pairs = g_array_new(FALSE, FALSE, sizeof(PipelinePair));

    if (!read_named_map(reader, node, what, PIPELINE_MAX_AXES))
        return NULL;
    for (size_t i = 0; i < yaml_node_length(node); i++) {
        const YamlNode *key = yaml_node_key_at(node, i);
        const char *value = NULL;

        if (!read_lower_name(reader, key, "a matrix name") ||
            !read_value(reader, yaml_node_at(node, i), what, &value))
            return NULL;
        PipelinePair pair = { .name = reader_dup(reader, yaml_node_text(key)),
                              .value = reader_dup(reader, value) };

        g_array_append_val(pairs, pair);
    }
    return g_steal_pointer(&pairs);
}

static bool
is_axis(const Matrix *matrix, const char *name)
{
    for (guint a = 0; a < matrix->axes->len; a++) {
        if (strcmp(g_array_index(matrix->axes, Axis, a).name, name) == 0)
            return true;
    }
    return false;
}

/* Whether @cell has every one of @pairs that is over an axis. */
static bool
cell_fits(const Matrix *matrix, const Cell *cell, const GArray *pairs)
{
    for (guint i = 0; i < pairs->len; i++) {
        const PipelinePair *pair = &g_array_index(pairs, PipelinePair, i);
        const char *value = cell_value(cell, pair->name);

        if (is_axis(matrix, pair->name) && (value == NULL || strcmp(value, pair->value) != 0))
            return false;
    }
    return true;
}

static void
exclude_one(Reader *reader, const YamlNode *node, Matrix *matrix)
{
    g_autoptr(GArray) pairs = read_pairs(reader, node, "an item of 'exclude'");
    guint before = matrix->cells->len;

    if (pairs == NULL)
        return;
    for (guint i = 0; i < pairs->len; i++) {
        const char *name = g_array_index(pairs, PipelinePair, i).name;

        if (!is_axis(matrix, name)) {
            reader_fail(reader, yaml_node_key_at(node, i),
                        "'exclude' names '%s', which the matrix does not have", name);
            return;
        }
    }
    for (guint i = matrix->cells->len; i > 0; i--) {
        if (cell_fits(matrix, &g_array_index(matrix->cells, Cell, i - 1), pairs))
            g_array_remove_index(matrix->cells, i - 1);
    }
    if (matrix->cells->len == before)
        reader_fail(reader, node, "this 'exclude' takes away no cell");
}

static void
include_one(Reader *reader, const YamlNode *node, Matrix *matrix, guint n_multiplied)
{
    g_autoptr(GArray) pairs = read_pairs(reader, node, "an item of 'include'");
    bool extended = false;

    if (pairs == NULL)
        return;
    for (guint i = 0; i < n_multiplied; i++) {
        Cell *cell = &g_array_index(matrix->cells, Cell, i);

        if (!cell_fits(matrix, cell, pairs))
            continue;
        for (guint k = 0; k < pairs->len; k++) {
            const PipelinePair *pair = &g_array_index(pairs, PipelinePair, k);

            if (cell_value(cell, pair->name) == NULL)
                g_array_append_vals(cell->values, pair, 1);
        }
        extended = true;
    }
    if (extended)
        return;
    Cell cell = { .values = g_steal_pointer(&pairs) };

    g_array_append_val(matrix->cells, cell);
}

static void
read_items(Reader *reader, const YamlNode *node, const char *name, Matrix *matrix,
           void (*one)(Reader *reader, const YamlNode *node, Matrix *matrix, guint n_multiplied))
{
    const YamlNode *list = yaml_node_find(node, name);
    guint n_multiplied = matrix->cells->len;

    if (list == NULL)
        return;
    if (yaml_node_kind(list) != YAML_LIST || yaml_node_length(list) == 0 ||
        yaml_node_length(list) > PIPELINE_MAX_ITEMS) {
        reader_fail(reader, list, "'%s' must be a list of 1 to %d maps", name, PIPELINE_MAX_ITEMS);
        return;
    }
    for (size_t i = 0; i < yaml_node_length(list); i++)
        one(reader, yaml_node_at(list, i), matrix, n_multiplied);
}

static void
exclude_item(Reader *reader, const YamlNode *node, Matrix *matrix, guint n_multiplied)
{
    (void)n_multiplied;
    exclude_one(reader, node, matrix);
}

/* "arch=amd64, os=linux". */
static const char *
label_of(Reader *reader, const Cell *cell)
{
    GString *label = g_string_new(NULL);

    for (guint i = 0; i < cell->values->len; i++) {
        const PipelinePair *pair = &g_array_index(cell->values, PipelinePair, i);

        g_string_append_printf(label, "%s%s=%s", i == 0 ? "" : ", ", pair->name, pair->value);
    }
    return reader_take(reader, g_string_free(label, FALSE));
}

static void
store_cells(Reader *reader, const YamlNode *node, const Matrix *matrix, PipelineJob *job)
{
    g_autoptr(GHashTable) labels = g_hash_table_new(g_str_hash, g_str_equal);
    size_t n = matrix->cells->len;
    PipelineCell *cells = reader_alloc(reader, n, sizeof *cells);

    for (size_t i = 0; i < n; i++) {
        const Cell *cell = &g_array_index(matrix->cells, Cell, i);
        PipelinePair *values = reader_alloc(reader, cell->values->len, sizeof *values);

        memcpy(values, cell->values->data, cell->values->len * sizeof *values);
        cells[i] = (PipelineCell){ .values = values,
                                   .n_values = cell->values->len,
                                   .label = label_of(reader, cell) };
        if (!g_hash_table_add(labels, (char *)cells[i].label))
            reader_fail(reader, node, "the matrix has the cell (%s) twice", cells[i].label);
    }
    job->cells = cells;
    job->n_cells = n;
}

void
read_matrix_none(Reader *reader, PipelineJob *job)
{
    PipelineCell *cell = reader_alloc(reader, 1, sizeof *cell);

    cell->label = "";
    job->cells = cell;
    job->n_cells = 1;
}

void
read_matrix(Reader *reader, const YamlNode *node, PipelineJob *job)
{
    g_auto(Matrix) matrix = { .axes = g_array_new(FALSE, FALSE, sizeof(Axis)),
                              .cells = g_array_new(FALSE, FALSE, sizeof(Cell)) };
    size_t before = diagnostics_count(reader->diagnostics);

    g_array_set_clear_func(matrix.cells, cell_clear);
    job->has_matrix = true;
    if (!read_named_map(reader, node, "'matrix'", PIPELINE_MAX_AXES + 2))
        return;
    for (size_t i = 0; i < yaml_node_length(node); i++) {
        const YamlNode *key = yaml_node_key_at(node, i);

        if (strcmp(yaml_node_text(key), "include") != 0 &&
            strcmp(yaml_node_text(key), "exclude") != 0)
            read_axis(reader, key, yaml_node_at(node, i), &matrix);
    }
    /* With a broken axis every include and exclude over it would be told wrong too. */
    if (diagnostics_count(reader->diagnostics) != before || !multiply(reader, node, &matrix))
        return;
    read_items(reader, node, "exclude", &matrix, exclude_item);
    read_items(reader, node, "include", &matrix, include_one);
    if (diagnostics_count(reader->diagnostics) != before)
        return;
    if (matrix.cells->len == 0) {
        reader_fail(reader, node, "the matrix has no cell left");
        return;
    }
    store_cells(reader, node, &matrix, job);
}
