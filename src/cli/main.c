/* SPDX-License-Identifier: Apache-2.0
 * main: process-wide set-up, then the command. */
#include <fcntl.h>
#include <unistd.h>
#include "base/log.h"
#include "cli/command.h"
#include "base/banned.h"

/* A closed stream's number would go to the next file we open, and messages into it. */
static bool
open_streams(void)
{
    int fd;

    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd < 0)
        return false;
    close(fd);
    return true;
}

int
main(int argc, char **argv)
{
    if (!open_streams())
        return 1;
    log_open();
    return command_main((const char *const *)argv + (argc > 0 ? 1 : 0), stdout, stderr);
}
