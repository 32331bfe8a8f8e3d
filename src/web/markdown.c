/* SPDX-License-Identifier: Apache-2.0
 * markdown: see markdown.h. */
#include "web/markdown.h"
#include <cmark.h>
#include <stdlib.h>
#include <string.h>
#include "base/attributes.h"
#include "base/banned.h"

#define HEADINGS_LOWER 2
#define LOWEST_HEADING 6
#define CUT            "\n\n(cut: it is longer than is shown here)\n"

typedef struct cmark_node CmarkNode;

static void
iter_clear(cmark_iter **iter)
{
    cmark_iter_free(*iter);
}

static void
node_clear(CmarkNode **node)
{
    cmark_node_free(*node);
}

/* An image is a link with its text. */
static void
make_link(CmarkNode *image)
{
    CmarkNode *link = cmark_node_new(CMARK_NODE_LINK);
    CmarkNode *child = NULL;

    (void)cmark_node_set_url(link, cmark_node_get_url(image));
    while ((child = cmark_node_first_child(image)) != NULL) {
        cmark_node_unlink(child);
        (void)cmark_node_append_child(link, child);
    }
    if (cmark_node_first_child(link) == NULL) {
        child = cmark_node_new(CMARK_NODE_TEXT);
        (void)cmark_node_set_literal(child, "image");
        (void)cmark_node_append_child(link, child);
    }
    (void)cmark_node_replace(image, link);
    cmark_node_free(image);
}

static void
tame(CmarkNode *document)
{
    __attribute__((cleanup(iter_clear))) cmark_iter *iter = cmark_iter_new(document);
    cmark_event_type event = CMARK_EVENT_NONE;

    while ((event = cmark_iter_next(iter)) != CMARK_EVENT_DONE) {
        CmarkNode *node = cmark_iter_get_node(iter);
        cmark_node_type type = cmark_node_get_type(node);

        if (event == CMARK_EVENT_ENTER && type == CMARK_NODE_HEADING)
            (void)cmark_node_set_heading_level(
                node, MIN(cmark_node_get_heading_level(node) + HEADINGS_LOWER, LOWEST_HEADING));
        if (event == CMARK_EVENT_EXIT && type == CMARK_NODE_IMAGE)
            make_link(node);
    }
}

void
markdown_to_html(GString *out, const char *text)
{
    size_t len = strlen(text);
    size_t shown = MIN(len, MARKDOWN_MAX_BYTES);
    cmark_parser *parser = cmark_parser_new(CMARK_OPT_VALIDATE_UTF8);
    char *html = NULL;

    cmark_parser_feed(parser, text, shown);
    if (shown < len)
        cmark_parser_feed(parser, CUT, strlen(CUT));
    __attribute__((cleanup(node_clear))) CmarkNode *document = cmark_parser_finish(parser);

    cmark_parser_free(parser);
    tame(document);
    html = cmark_render_html(document, CMARK_OPT_DEFAULT);
    g_string_append(out, html);
    free(html);
}
