/* SPDX-License-Identifier: Apache-2.0
 * log_watch: 'log monitor URL': looks at a log over the network, from what was seen at the last
 * look on. */
#pragma once
#include "cli/command.h"

typedef struct {           /* all borrowed */
    const char *url;       /* of the log */
    const char *vkey;      /* its verifier key */
    const char *state;     /* path of what was seen */
    const char *policy;    /* path of a tlog-policy, or NULL */
    const GPtrArray *mine; /* paths of public keys; NULL: none */
} LogWatch;

/** Looks once, prints what it found and sets the exit code. Errors: those of monitor_look. */
bool log_watch(CommandContext *context, const LogWatch *watch, GError **error) MUST_CHECK;
