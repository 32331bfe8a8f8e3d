/* SPDX-License-Identifier: Apache-2.0
 * git_objects: commit and tree objects of strangers. What comes out of a commit is text that can be
 * shown; entries of a tree lie inside it, one behind the other. */
#include <stdint.h>
#include <stdlib.h>
#include "base/encoding.h"
#include "git/objects_priv.h"
#include "git/tree_priv.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
read_commit(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup(size == 0 ? "" : (const char *)data, size);
    g_auto(GitCommit) commit = { 0 };

    if (!git_commit_parse(text, &commit, NULL))
        return;
    if (!utf8_is_valid(span_of_text(commit.subject)) ||
        !utf8_is_valid(span_of_text(commit.author_name)) || commit.author_us < 0 ||
        commit.committer_us < 0)
        abort();
}

static void
read_tree(const uint8_t *data, size_t size, size_t id_bytes)
{
    size_t offset = 0;

    while (offset < size) {
        GitTreeEntry entry = { 0 };
        size_t before = offset;

        if (!git_tree_next(span_of(data, size), id_bytes, &offset, &entry, NULL))
            return;
        if (offset <= before || offset > size || !git_id_is_full(entry.id))
            abort();
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_commit(data, size);
    read_tree(data, size, 20);
    read_tree(data, size, 32);
    return 0;
}
