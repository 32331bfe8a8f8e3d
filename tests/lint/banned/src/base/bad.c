/* SPDX-License-Identifier: Apache-2.0
 * bad: a bad sample. TODO make it worse. strcpy( in a comment is nothing. */
#include <gio/gio.h>
// a line comment

int
bad(char *to, const char *from)
{
    const char *text = "system(\"x\") in a string is nothing";

    strcpy(to, from);
    g_object_unref(to);
    g_setenv("A", text, 1);
    goto out;
out:
    return 0;
}
