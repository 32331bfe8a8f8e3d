/* SPDX-License-Identifier: Apache-2.0
 * executor: where jobs run. An executor gives a clean machine for one job; the machine runs the
 * job's steps one after another and hands over what they left in /out. Drivers stand behind this
 * facade, one file each (driver.h). An Executor may be used from several threads; a Machine by one
 * at a time.
 *
 * What a step sees, with every driver: a writable private copy of the source (SLIPWAY_SRC), a
 * folder for what it builds (SLIPWAY_OUT), needed artifacts (SLIPWAY_IN, read-only), a private
 * TMPDIR and HOME that live as long as the machine, the file OUTPUT, stdin at its end, and no
 * variable but the documented ones (docs/job-environment.md). In the sandbox these are /src, /out,
 * /in and /tmp. */
#pragma once
#include <glib.h>
#include <jansson.h>
#include "base/attributes.h"
#include "base/error.h"
#include "executor/machine.h"

typedef struct Launcher Launcher; /* sys/launch.h */
typedef struct Executor Executor; /* one driver, opened */

typedef enum {
    EXECUTOR_ISOLATION_UNKNOWN,
    EXECUTOR_ISOLATION_NONE,     /* "none": a job can do whatever the engine's user can */
    EXECUTOR_ISOLATION_ISOLATED, /* "isolated": kept from the host, its keys and other jobs */
} ExecutorIsolation;

typedef enum {
    EXECUTOR_TRIAL =
        1 << 0, /* run an empty step while opening, to be told now and not at the first job */
} ExecutorFlags;

typedef struct ExecutorConfig {
    Launcher *launcher;          /* borrowed; starts every process of every job */
    ExecutorFlags flags;         /* EXECUTOR_* */
    const char *sandbox_program; /* bwrap; NULL: looked for in the system's folders */
} ExecutorConfig;

/** Opens the driver of that name ("sandbox", "host", "command", "vm"). Returns: owned. Errors: NOT_FOUND (no such
 * driver), UNAVAILABLE (this machine cannot run it; the message says why and what would help). */
Executor *executor_open(const char *driver, const ExecutorConfig *config,
                        GError **error) MUST_CHECK;
/** All machines must have been released. */
void executor_free(Executor *executor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Executor, executor_free)

/** The configuration spelling; static. */
const char *executor_get_name(const Executor *executor);
ExecutorIsolation executor_get_isolation(const Executor *executor);
/** "isolated", "none"; static. The last part of builder.id (facts.md section 6). */
const char *executor_isolation_name(ExecutorIsolation isolation);
/** For provenance: {driver, isolation, tool, toolVersion, limits, seccomp, …}. Owned reference. */
json_t *executor_describe(const Executor *executor);

/** A clean machine for one job. Returns: owned. Blocks for the copies of inputs and the look-up of
 * hosts. Errors: INVALID (the specification), NOT_FOUND (an input or host name), UNAVAILABLE (a
 * program or a kernel feature is missing), CANCELLED, IO. On error nothing is left behind and
 * source_dir is removed too. */
Machine *executor_acquire(Executor *executor, const MachineSpec *spec, Cancel *cancel,
                          GError **error) MUST_CHECK;

/** Whether @settings are what a pool of @driver needs: known names, values of their kind. Asks no
 * machine. Errors: INVALID (a driver without pools too). */
bool executor_check_settings(const char *driver, const json_t *settings, GError **error) MUST_CHECK;

/** After a crash or an expired lease: ends whatever the slot's machine does; afterwards it is off,
 * clean and free. Idempotent; success at once for drivers without pools. Blocks. Errors: INVALID
 * (the settings), UNAVAILABLE, CANCELLED, IO. */
bool executor_reclaim(Executor *executor, const char *slot, const json_t *settings, Cancel *cancel,
                      GError **error) MUST_CHECK;

/**
 * Renews the slot's machine as its settings say: boots it, updates and tests it, and what it is then is what the next job finds.
 * @output_fd: borrowed; what its commands say. @snapshot_out: owned, the new snapshot's name.
 * Blocks. On error the machine stays what it was, and is off. Errors: INVALID (the settings, or an executor without such machines),
 * DENIED (the update or the test failed), LIMIT, TIMEOUT, UNAVAILABLE, CANCELLED, IO.
 */
bool executor_refresh(Executor *executor, const char *slot, const json_t *settings, int output_fd,
                      Cancel *cancel, char **snapshot_out, GError **error) MUST_CHECK;
