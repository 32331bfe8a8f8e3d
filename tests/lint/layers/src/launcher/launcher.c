/* SPDX-License-Identifier: Apache-2.0
 * launcher: a bad sample: the launcher includes nothing of ours. */
#include <stdlib.h>
#include "launcher/protocol.h"
#include "base/error.h"
