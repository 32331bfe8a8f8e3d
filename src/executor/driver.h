/* SPDX-License-Identifier: Apache-2.0
 * driver: what stands behind executor.h. Included by the files of this folder only. A driver is one
 * const table; its Executor and Machine begin with the structs below. */
#pragma once
#include "executor/executor.h"

typedef enum {
    EXECUTOR_CAP_NETWORK = 1 << 0, /* MACHINE_NETWORK_ALLOW and _OPEN mean what they say */
    EXECUTOR_CAP_ROOT = 1 << 1,    /* takes MachineSpec.root_dir */
} ExecutorCaps;

typedef struct ExecutorDriver {
    const char *name; /* configuration spelling; static */
    ExecutorCaps caps;
    ExecutorIsolation isolation;
    /* Owned. Errors: UNAVAILABLE. */
    Executor *(*open)(const ExecutorConfig *config, GError **error);
    /* Adds members to a new object that holds driver and isolation already. */
    void (*describe)(const Executor *self, json_t *object);
    void (*free)(Executor *self);
    /* Takes scratch_dir and source_dir over also when it fails. The facade has checked the
     * specification against executor.h and the caps. */
    Machine *(*acquire)(Executor *self, const MachineSpec *spec, Cancel *cancel, GError **error);
    /* Returns when no process of the step is left. */
    bool (*exec)(Machine *self, const StepSpec *step, int output_fd, Cancel *cancel,
                 StepResult *result_out, GError **error);
    GBytes *(*read_output)(Machine *self, GError **error);
    /* The facade has checked the globs and filled the limits in. */
    GPtrArray *(*collect)(Machine *self, const char *const *globs,
                          const MachineCollectLimits *limits, GError **error);
    int (*open_output)(Machine *self, const char *path, GError **error);
    char *(*limits_text)(const Machine *self);
    json_t *(*describe_machine)(const Machine *self);
    bool (*release)(Machine *self, GError **error); /* idempotent */
    void (*free_machine)(Machine *self);            /* after release */
    /* Optional: drivers without pools have none. Whether a pool's settings are such that a machine
     * could be used; asks nobody. */
    bool (*check_settings)(const json_t *settings, GError **error);
    /* Optional: drivers without pools have none. The facade has checked the slot's name. */
    bool (*reclaim)(Executor *self, const char *slot, const json_t *settings, Cancel *cancel,
                    GError **error);
    /* Optional, as reclaim. */
    bool (*refresh)(Executor *self, const char *slot, const json_t *settings, int output_fd,
                    Cancel *cancel, char **snapshot_out, GError **error);
} ExecutorDriver;

struct Executor {
    const ExecutorDriver *driver;
};

struct Machine {
    const ExecutorDriver *driver;
    Executor *executor; /* borrowed: outlives its machines */
};

extern const ExecutorDriver executor_sandbox;
extern const ExecutorDriver executor_host;
extern const ExecutorDriver executor_command;
extern const ExecutorDriver executor_vm;
