/* SPDX-License-Identifier: Apache-2.0
 * impure: a bad sample: a socket, a process, a library of another set. */
#include <sys/socket.h>
#include <unistd.h>

int sqlite3_sleep(int ms);
int impure_run(void);

int
impure_run(void)
{
    return socket(AF_UNIX, SOCK_STREAM, 0) + fork() + sqlite3_sleep(1);
}
