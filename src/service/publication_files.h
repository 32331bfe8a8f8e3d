/* SPDX-License-Identifier: Apache-2.0
 * publication_files: the files of a published release: assets, derived files, and .slipway/
 * (facts.md section 5). Made once per intent and kept in the store, so that every attempt sends the
 * same bytes. */
#pragma once
#include <glib.h>
#include "base/attributes.h"
#include "publish/publish.h"
#include "service/engine.h"

typedef struct PublicationFiles { /* owned */
    GArray *items; /* of PublishItem, sorted by path; descriptors and paths are owned */
} PublicationFiles;
void publication_files_free(PublicationFiles *files);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PublicationFiles, publication_files_free)

/** The files of @object's newest intent @intent; made and kept at the first call. Returns: owned.
 */
PublicationFiles *publication_files_load(Engine *engine, const char *object, const Digest *intent,
                                         GError **error) MUST_CHECK;
