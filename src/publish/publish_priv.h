/* SPDX-License-Identifier: Apache-2.0
 * publish_priv: what drivers share with the facade. Only src/publish may include this. */
#pragma once
#include "publish/publish.h"

struct Target {
    const TargetDriver *driver; /* static */
};

extern const TargetDriver target_directory;
