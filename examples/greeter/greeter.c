/* SPDX-License-Identifier: Apache-2.0
 * greeter: the smallest program worth releasing. */
#include <stdio.h>
#include <string.h>
#include "greeting.h"

int
main(int argc, char **argv)
{
    char line[GREETING_SIZE];

    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        puts("greeter " GREETER_VERSION);
        return 0;
    }
    if (!greeting_format(argc > 1 ? argv[1] : "world", line, sizeof line)) {
        fputs("greeter: the name is too long\n", stderr);
        return 1;
    }
    puts(line);
    return 0;
}
