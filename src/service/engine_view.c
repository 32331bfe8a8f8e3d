/* SPDX-License-Identifier: Apache-2.0
 * engine_view: a reader and the view over it, together. */
#include "service/engine_view.h"
#include "base/banned.h"

bool
engine_view_open(Engine *engine, EngineView *out, GError **error)
{
    out->reader = db_reader_acquire(engine->db, error);
    if (out->reader == NULL)
        return false;
    out->apply = apply_view_new(out->reader, engine->origin);
    out->view = apply_view(out->apply);
    return true;
}

void
engine_view_clear(EngineView *view)
{
    view->view = NULL;
    g_clear_pointer(&view->apply, apply_view_free);
    g_clear_pointer(&view->reader, db_reader_release);
}
