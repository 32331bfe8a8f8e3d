/* SPDX-License-Identifier: Apache-2.0
 * derived: generators of files that follow from the sealed assets. */
#include "format/derived.h"
#include <stdlib.h>
#include <string.h>
#include "base/banned.h"

#define INDEX_VERSION 1

static int
compare_names(const void *a, const void *b)
{
    return strcmp((*(const DerivedAsset *const *)a)->name, (*(const DerivedAsset *const *)b)->name);
}

/* Borrowed pointers, sorted by name bytes: the order of the caller must not show. */
static const DerivedAsset **
sorted(const DerivedAsset *assets, size_t n)
{
    const DerivedAsset **order = g_new0(const DerivedAsset *, n + 1);

    for (size_t i = 0; i < n; i++)
        order[i] = &assets[i];
    qsort(order, n, sizeof *order, compare_names);
    return order;
}

/* coreutils: a name with a backslash or line break is escaped and its line starts with a backslash.
 */
static void
append_line(GString *text, const DerivedAsset *asset)
{
    char hex[DIGEST_HEX_SIZE];

    digest_to_hex(&asset->digest, hex);
    if (strpbrk(asset->name, "\\\n\r") != NULL)
        g_string_append_c(text, '\\');
    g_string_append_printf(text, "%s  ", hex);
    for (const char *p = asset->name; *p != '\0'; p++) {
        if (*p == '\\')
            g_string_append(text, "\\\\");
        else if (*p == '\n')
            g_string_append(text, "\\n");
        else if (*p == '\r')
            g_string_append(text, "\\r");
        else
            g_string_append_c(text, *p);
    }
    g_string_append_c(text, '\n');
}

char *
derived_sha256sums(const DerivedAsset *assets, size_t n)
{
    g_autofree const DerivedAsset **order = sorted(assets, n);
    GString *text = g_string_new(NULL);

    for (size_t i = 0; i < n; i++)
        append_line(text, order[i]);
    return g_string_free(text, FALSE);
}

char *
derived_checksum_list(const DerivedAsset *assets, size_t n)
{
    g_autofree const DerivedAsset **order = sorted(assets, n);
    GString *text = g_string_new(NULL);

    for (size_t i = 0; i < n; i++) {
        char hex[DIGEST_HEX_SIZE];

        digest_to_hex(&order[i]->digest, hex);
        g_string_append_printf(text, "%s  ./%s\n", hex, order[i]->name);
    }
    return g_string_free(text, FALSE);
}

char *
derived_index(const char *object, const Digest *manifest, const DerivedAsset *assets, size_t n,
              GError **error)
{
    g_autofree const DerivedAsset **order = sorted(assets, n);
    g_autoptr(json_t) root = json_object();
    json_t *list = json_array();

    json_object_set_new(root, "slipwayIndex", json_integer(INDEX_VERSION));
    json_object_set_new(root, "object", json_string(object));
    json_object_set_new(root, "manifest", json_digest(manifest));
    json_object_set_new(root, "assets", list);
    for (size_t i = 0; i < n; i++) {
        json_t *asset = json_object();
        json_object_set_new(asset, "name", json_string(order[i]->name));
        json_object_set_new(asset, "digest", json_digest(&order[i]->digest));
        json_object_set_new(asset, "size", json_integer((json_int_t)order[i]->size_bytes));
        json_array_append_new(list, asset);
    }
    g_autofree char *text = json_canonical(root, NULL, error);
    return text == NULL ? NULL : g_strconcat(text, "\n", NULL);
}
