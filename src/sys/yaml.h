/* SPDX-License-Identifier: Apache-2.0
 * yaml: a strict part of YAML 1.2 (libfyaml): one document of maps, lists and scalars. Anchors,
 * aliases, merge keys, tags, directives, more documents, keys that are not scalars and duplicate
 * keys are errors, each with its place. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/attributes.h"
#include "base/span.h"
#include "sys/diagnostic.h"

#define YAML_LIMIT_BYTES (256u << 10)
#define YAML_LIMIT_DEPTH 32
#define YAML_LIMIT_NODES 65536

typedef enum { YAML_NONE, YAML_MAP, YAML_LIST, YAML_SCALAR } YamlKind;
typedef enum { YAML_PLAIN, YAML_QUOTED, YAML_BLOCK } YamlStyle; /* block: | and > */

typedef struct YamlDocument YamlDocument; /* owns its nodes */
typedef struct YamlNode YamlNode;         /* borrowed from its document */

/** Parses one document. Everything wrong is added to @diagnostics (made by the caller with the same
 * text). Returns: owned, or NULL when anything was added. An empty file is an error. */
YamlDocument *yaml_parse(Span text, Diagnostics *diagnostics) MUST_CHECK;
void yaml_document_free(YamlDocument *document);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(YamlDocument, yaml_document_free)

const YamlNode *yaml_document_root(const YamlDocument *document);

YamlKind yaml_node_kind(const YamlNode *node);
/** "a map", "a list", "text", "nothing": for messages. Static. */
const char *yaml_node_kind_name(const YamlNode *node);
TextPosition yaml_node_position(const YamlNode *node);
/** A scalar's text, NUL-terminated UTF-8; NULL for the other kinds. */
const char *yaml_node_text(const YamlNode *node);
YamlStyle yaml_node_style(const YamlNode *node);
/** A plain scalar that is empty, "~" or "null". */
bool yaml_node_is_null(const YamlNode *node);
/** A plain "true" or "false"; nothing else is a bool (not yes, not on). */
bool yaml_node_bool(const YamlNode *node, bool *value_out) MUST_CHECK;
/** A plain decimal integer: -?[0-9]{1,18}, no leading zeros. */
bool yaml_node_int(const YamlNode *node, int64_t *value_out) MUST_CHECK;

/** Members of a map, items of a list, 0 for a scalar. */
size_t yaml_node_length(const YamlNode *node);
/** The item of a list or the value of a map member; @index below the length. */
const YamlNode *yaml_node_at(const YamlNode *node, size_t index);
/** The key of a map member as a scalar node: text and position. */
const YamlNode *yaml_node_key_at(const YamlNode *node, size_t index);
/** The value of @key in a map; NULL if absent or if @node is no map. */
const YamlNode *yaml_node_find(const YamlNode *node, const char *key);
