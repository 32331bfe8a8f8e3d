/* SPDX-License-Identifier: Apache-2.0
 * engine_view: the folded log at one moment, for reading. Hold it briefly. */
#pragma once
#include "service/apply.h"
#include "service/engine_priv.h"

typedef struct EngineView {
    DbReader *reader; /* owned */
    ApplyView *apply; /* owned */
    FactView *view;   /* borrowed from apply */
} EngineView;

/** Errors: those of the database. On error @out is empty. */
bool engine_view_open(Engine *engine, EngineView *out, GError **error) MUST_CHECK;
void engine_view_clear(EngineView *view);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(EngineView, engine_view_clear)
