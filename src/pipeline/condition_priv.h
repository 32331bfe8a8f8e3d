/* SPDX-License-Identifier: Apache-2.0
 * condition_priv: the tree of a condition; for condition.c and condition_read.c only. */
#pragma once
#include <glib.h>
#include "pipeline/condition.h"

typedef enum {
    NODE_NONE,
    NODE_ALL,     /* children: one or more truths */
    NODE_ANY,     /* children: one or more truths */
    NODE_NOT,     /* children: one truth */
    NODE_SAME,    /* children: two texts; negated for != */
    NODE_FITS,    /* children: one text; list: globs; negated for !~ */
    NODE_IN,      /* children: one text; list */
    NODE_CHANGED, /* list: globs */
    NODE_NAME,    /* text: the name */
    NODE_TEXT,    /* text */
    NODE_TRUE,
    NODE_FALSE,
} NodeKind;

struct Condition {
    NodeKind kind;
    bool negated;
    char *text;          /* owned */
    GPtrArray *list;     /* owned, of owned strings, the last NULL */
    GPtrArray *children; /* owned, of owned Condition */
};

/** Owned. */
Condition *condition_node_new(NodeKind kind);
void condition_node_add(Condition *node, Condition *child); /* takes @child */
static inline Condition *
condition_child(const Condition *node, unsigned index)
{
    return g_ptr_array_index(node->children, index);
}
