/* SPDX-License-Identifier: Apache-2.0
 * graph: who needs whom, in O(jobs + needs), without recursion. */
#include <string.h>
#include "pipeline/reader_priv.h"
#include "base/banned.h"

typedef enum { WHITE, GREY, BLACK } Colour; /* not met, on the way, done */

typedef struct {
    Reader *reader;
    GHashTable *by_name; /* owned; borrowed name -> index + 1 */
    const char **names;  /* owned list of borrowed */
    GArray *way;         /* owned; size_t: the jobs on the way, each needing the next */
    GArray *next;        /* owned; size_t, parallel: its need to look at next */
    Colour *colours;     /* owned */
    size_t *order;       /* of the pipeline */
    size_t n_ordered;
} Graph;

static void
graph_clear(Graph *graph)
{
    g_clear_pointer(&graph->by_name, g_hash_table_unref);
    g_clear_pointer(&graph->way, g_array_unref);
    g_clear_pointer(&graph->next, g_array_unref);
    g_free(graph->names);
    g_free(graph->colours);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Graph, graph_clear)

/* One name of "needs"; *@index_out on success. */
static bool
resolve_need(Graph *graph, size_t job, const YamlNode *node, size_t *index_out)
{
    Reader *reader = graph->reader;
    const char *own = reader->jobs[job].job->name;
    const char *name = NULL;

    if (!read_text(reader, node, "'needs'", &name))
        return false;
    size_t found = GPOINTER_TO_SIZE(g_hash_table_lookup(graph->by_name, name));

    if (found == 0) {
        g_autofree char *suggestion =
            reader_suggestion(name, graph->names, reader->whole->pipeline.n_jobs);

        reader_fail(reader, node, "job '%s' needs '%s', which does not exist%s", own, name,
                    suggestion);
        return false;
    }
    if (found - 1 == job) {
        reader_fail(reader, node, "job '%s' needs itself", own);
        return false;
    }
    *index_out = found - 1;
    return true;
}

static int
compare_indexes(const void *a, const void *b)
{
    size_t x = *(const size_t *)a;
    size_t y = *(const size_t *)b;

    return x < y ? -1 : x > y;
}

static void
resolve_needs(Graph *graph, size_t index)
{
    Reader *reader = graph->reader;
    const YamlNode *list = reader->jobs[index].needs;
    PipelineJob *job = reader->jobs[index].job;

    if (list == NULL)
        return;
    if (yaml_node_kind(list) != YAML_LIST || yaml_node_length(list) == 0 ||
        yaml_node_length(list) > PIPELINE_MAX_ITEMS) {
        reader_fail(reader, list, "'needs' of job '%s' must be a list of 1 to %d names", job->name,
                    PIPELINE_MAX_ITEMS);
        return;
    }
    size_t n = 0;
    size_t *needs = reader_alloc(reader, yaml_node_length(list), sizeof *needs);
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);

    for (size_t i = 0; i < yaml_node_length(list); i++) {
        size_t need = 0;

        if (!resolve_need(graph, index, yaml_node_at(list, i), &need))
            continue;
        if (!g_hash_table_add(seen, GSIZE_TO_POINTER(need)))
            reader_fail(reader, yaml_node_at(list, i), "job '%s' needs '%s' twice", job->name,
                        graph->names[need]);
        else
            needs[n++] = need;
    }
    qsort(needs, n, sizeof *needs, compare_indexes);
    job->needs = needs;
    job->n_needs = n;
}

/* The way from @back to its end, and round again. */
static void
fail_cycle(Graph *graph, size_t back)
{
    Reader *reader = graph->reader;
    GString *text = g_string_new(NULL);
    guint start = 0;

    while (g_array_index(graph->way, size_t, start) != back)
        start++;
    for (guint i = start; i < graph->way->len; i++)
        g_string_append_printf(text, "'%s' needs ",
                               graph->names[g_array_index(graph->way, size_t, i)]);
    reader_fail(reader, reader->jobs[back].key, "jobs need each other in a circle: %s'%s'",
                text->str, graph->names[back]);
    g_string_free(text, TRUE);
}

static void
enter(Graph *graph, size_t job)
{
    size_t zero = 0;

    graph->colours[job] = GREY;
    g_array_append_val(graph->way, job);
    g_array_append_val(graph->next, zero);
}

/* Everything @first needs, then @first, goes into the order. */
static void
walk(Graph *graph, size_t first)
{
    enter(graph, first);
    while (graph->way->len > 0) {
        size_t job = g_array_index(graph->way, size_t, graph->way->len - 1);
        size_t *next = &g_array_index(graph->next, size_t, graph->next->len - 1);
        const PipelineJob *at = graph->reader->jobs[job].job;

        if (*next == at->n_needs) {
            graph->colours[job] = BLACK;
            graph->order[graph->n_ordered++] = job;
            g_array_set_size(graph->way, graph->way->len - 1);
            g_array_set_size(graph->next, graph->next->len - 1);
            continue;
        }
        size_t need = at->needs[(*next)++];

        if (graph->colours[need] == GREY)
            fail_cycle(graph, need);
        else if (graph->colours[need] == WHITE)
            enter(graph, need);
    }
}

void
read_graph(Reader *reader)
{
    Pipeline *pipeline = &reader->whole->pipeline;
    size_t n = pipeline->n_jobs;
    g_auto(Graph)
        graph = { .reader = reader, .by_name = g_hash_table_new(g_str_hash, g_str_equal) };

    graph.names = g_new0(const char *, n + 1);
    graph.colours = g_new0(Colour, n + 1);
    graph.way = g_array_new(FALSE, FALSE, sizeof(size_t));
    graph.next = g_array_new(FALSE, FALSE, sizeof(size_t));
    graph.order = reader_alloc(reader, n, sizeof *graph.order);
    for (size_t i = 0; i < n; i++) {
        graph.names[i] = pipeline->jobs[i].name;
        g_hash_table_insert(graph.by_name, (char *)graph.names[i], GSIZE_TO_POINTER(i + 1));
    }
    for (size_t i = 0; i < n; i++)
        resolve_needs(&graph, i);
    for (size_t i = 0; i < n; i++) {
        if (graph.colours[i] == WHITE)
            walk(&graph, i);
    }
    pipeline->order = graph.order;
}
