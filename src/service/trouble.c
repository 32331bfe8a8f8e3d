/* SPDX-License-Identifier: Apache-2.0
 * trouble: see trouble.h. */
#include "service/trouble.h"
#include <string.h>
#include "base/json.h"
#include "service/engine_priv.h"
#include "base/banned.h"

#define ERROR_BYTES 1000

typedef struct Note {
    const char *project, *name;
    char *text; /* owned; NULL: nothing is wrong */
    int64_t now_us;
} Note;

static void
note_clear(Note *note)
{
    g_free(note->text);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Note, note_clear)

static bool
write_note(DbConn *conn, void *input, GError **error)
{
    const Note *note = input;

    return note->text != NULL
               ? db_exec(conn, QUERY_TROUBLE_SET,
                         DB_PARAMS(DB_TEXT(note->project), DB_TEXT(note->name),
                                   DB_INT(note->now_us), DB_TEXT(note->text)),
                         error)
               : db_exec(conn, QUERY_TROUBLE_CLEAR,
                         DB_PARAMS(DB_TEXT(note->project), DB_TEXT(note->name)), error);
}

/* What is noted; "": nothing. Owned; NULL and @error when it cannot be read. */
static char *
load_note(Engine *engine, const Note *note, GError **error)
{
    g_autoptr(DbReader) reader = db_reader_acquire(engine->db, error);
    char *text = NULL;
    bool found = false;

    if (reader == NULL || !db_select_text(reader, QUERY_TROUBLE_FIND,
                                          DB_PARAMS(DB_TEXT(note->project), DB_TEXT(note->name)),
                                          &found, &text, error))
        return NULL;
    return found ? text : g_strdup("");
}

bool
trouble_note(Engine *engine, const char *project, const char *name, const GError *cause,
             GError **error)
{
    g_auto(Note) note = { .project = project,
                          .name = name,
                          .text = cause != NULL ? g_strndup(cause->message, ERROR_BYTES) : NULL,
                          .now_us = clock_now_us(engine->clock) };
    g_autofree char *noted = NULL;

    if (note.text != NULL) {
        char *valid = g_utf8_make_valid(note.text, -1);

        g_free(note.text);
        note.text = valid;
    }
    noted = load_note(engine, &note, error);
    if (noted == NULL)
        return false;
    return strcmp(noted, note.text != NULL ? note.text : "") == 0 ||
           db_write(engine->db, DB_LANE_ACKNOWLEDGED, write_note, &note, error);
}

bool
trouble_add(DbConn *conn, const char *project, const char *name, json_t *object, GError **error)
{
    g_autoptr(DbRows) rows =
        db_select(conn, QUERY_TROUBLE_FIND, DB_PARAMS(DB_TEXT(project), DB_TEXT(name)), error);
    bool has_row = false;

    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return false;
    json_object_set_new(object, "trouble",
                        has_row ? json_string(db_rows_text(rows, 0)) : json_null());
    json_object_set_new(object, "troubleSince",
                        has_row ? json_integer(db_rows_int(rows, 1)) : json_null());
    return true;
}
