/* SPDX-License-Identifier: Apache-2.0
 * sys_yaml: any bytes end in a document or in diagnostics, and those can be shown. */
#include <stdlib.h>
#include "base/encoding.h"
#include "sys/yaml.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libfyaml 0.7.12 loses a buffer of 4 KiB when a single-quoted text with escaped quotes turns out
 * to be no key; nothing of ours can free it. */
const char *
__lsan_default_suppressions(void)
{
    return "leak:libfyaml.so\n";
}

static void
walk(const YamlNode *node)
{
    if (yaml_node_position(node).line == 0)
        abort();
    if (yaml_node_kind(node) == YAML_SCALAR && yaml_node_text(node) == NULL)
        abort();
    for (size_t i = 0; i < yaml_node_length(node); i++) {
        if (yaml_node_kind(node) == YAML_MAP &&
            yaml_node_find(node, yaml_node_text(yaml_node_key_at(node, i))) !=
                yaml_node_at(node, i))
            abort();
        walk(yaml_node_at(node, i));
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Span text = span_of(data, size);
    g_autoptr(Diagnostics) diagnostics = diagnostics_new("fuzz", text);
    g_autoptr(YamlDocument) document = yaml_parse(text, diagnostics);
    g_autofree char *shown = diagnostics_text(diagnostics);

    if ((document == NULL) != (diagnostics_count(diagnostics) > 0) ||
        !utf8_is_valid(span_of_text(shown)))
        abort();
    if (document != NULL)
        walk(yaml_document_root(document));
    return 0;
}
