/* SPDX-License-Identifier: Apache-2.0
 * web: a bad sample: one file only sees the HTTP server. */
#include <microhttpd.h>
#include "web/fine.h"
#include "base/banned.h"
