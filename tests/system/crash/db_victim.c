/* SPDX-License-Identifier: Apache-2.0
 * db_victim: what test_db_replay.py crashes.
 *
 *   db_victim write FILE N   writes N rows, each acknowledged by a line; goes on when it reads one.
 * Closes and opens the database again half way. db_victim check          for each line "N FILE":
 * opens the database, checks it, and answers "ok" when rows 0 to N-1 are there and none above N;
 * else what is wrong. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "db/db.h"
#include "base/banned.h"

#define LOG_NAME "victim.example/log"
#define NAME_LEN 150

static bool
add_row(DbConn *conn, void *input, GError **error)
{
    const int64_t *number = input;
    char name[NAME_LEN + 1];

    memset(name, 'a' + (int)(*number % 26), NAME_LEN);
    name[NAME_LEN] = '\0';
    return db_exec(conn, QUERY_FACT_ENTRY_PUT,
                   DB_PARAMS(DB_TEXT(LOG_NAME), DB_INT(*number), DB_TEXT(name), DB_TEXT("x"),
                             DB_TEXT("admitted"), DB_TEXT("none"), DB_NULL, DB_TEXT(name)),
                   error) &&
           db_exec(conn, QUERY_FACT_LOG_PUT,
                   DB_PARAMS(DB_TEXT(LOG_NAME), DB_INT(*number + 1), DB_INT(0), DB_TEXT("")),
                   error);
}

static bool
write_rows(const char *path, int64_t from, int64_t to, GError **error)
{
    g_autoptr(Db) db = db_open(&(DbOptions){ .url = path }, error);
    char line[16];

    for (int64_t i = from; db != NULL && i < to; i++) {
        if (!db_write(db, DB_LANE_ACKNOWLEDGED, add_row, &i, error))
            return false;
        printf("%lld\n", (long long)i + 1);
        fflush(stdout);
        if (fgets(line, sizeof line, stdin) == NULL)
            return true;
    }
    return db != NULL;
}

/* How many of the rows 0, 1, 2 … are there without a gap. */
static bool
count_rows(DbConn *conn, int64_t *n_out, GError **error)
{
    bool found = true;
    int64_t n = -1;

    while (found) {
        int64_t number = 0;

        n++;
        if (!db_select_int(conn, QUERY_FACT_ENTRY_FIND, DB_PARAMS(DB_TEXT(LOG_NAME), DB_INT(n)),
                           &found, &number, error))
            return false;
    }
    *n_out = n;
    return true;
}

static bool
count_in_log(DbConn *conn, int64_t *n_out, GError **error)
{
    const DbValue log = DB_TEXT(LOG_NAME);
    bool found = false;

    *n_out = 0;
    return db_select_int(conn, QUERY_FACT_LOG_FIND, &log, 1, &found, n_out, error);
}

/* Each write changed two tables: both tell the same number, and it is what was acknowledged or one
 * more. */
static bool
check_rows(Db *db, int64_t n_acknowledged, GError **error)
{
    g_autoptr(DbReader) reader = db_reader_acquire(db, error);
    int64_t n = 0, n_log = 0;

    if (reader == NULL || !count_rows(reader, &n, error) || !count_in_log(reader, &n_log, error))
        return false;
    if (n == n_log && (n == n_acknowledged || n == n_acknowledged + 1))
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_CORRUPT,
              "%" G_GINT64_FORMAT " rows and a count of %" G_GINT64_FORMAT ", %" G_GINT64_FORMAT
              " acknowledged",
              n, n_log, n_acknowledged);
    return false;
}

static bool
check(const char *path, int64_t n_acknowledged, GError **error)
{
    g_autoptr(Db) db = db_open(&(DbOptions){ .url = path, .flags = DB_FLAG_NO_SYNC }, error);

    return db != NULL && db_check(db, error) && check_rows(db, n_acknowledged, error);
}

static int
check_lines(void)
{
    char line[4200];

    while (fgets(line, sizeof line, stdin) != NULL) {
        g_auto(GStrv) words = g_strsplit(g_strchomp(line), " ", 2); /* N FILE */
        g_autoptr(GError) error = NULL;

        if (check(words[1], g_ascii_strtoll(words[0], NULL, 10), &error))
            puts("ok");
        else
            puts(error->message);
        fflush(stdout);
    }
    return 0;
}

int
main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;

    if (argc == 2 && strcmp(argv[1], "check") == 0)
        return check_lines();
    if (argc != 4 || strcmp(argv[1], "write") != 0)
        return 2;
    int64_t n = g_ascii_strtoll(argv[3], NULL, 10);
    if (write_rows(argv[2], 0, n / 2, &error) && write_rows(argv[2], n / 2, n, &error))
        return 0;
    fprintf(stderr, "db_victim: %s\n", error->message);
    return 1;
}
