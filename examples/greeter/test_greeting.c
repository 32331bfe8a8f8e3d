/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include "greeting.h"

static int failures;

static void
check(const char *what, bool holds)
{
    printf("%s - %s\n", holds ? "ok" : "not ok", what);
    failures += holds ? 0 : 1;
}

int
main(void)
{
    char line[GREETING_SIZE];
    char small[8];

    check("greets by name", greeting_format("Ada", line, sizeof line) && strcmp(line, "hello, Ada") == 0);
    check("refuses what does not fit", !greeting_format("a long name", small, sizeof small) && small[0] == '\0');
    return failures == 0 ? 0 : 1;
}
