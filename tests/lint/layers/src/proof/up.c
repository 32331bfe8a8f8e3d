/* SPDX-License-Identifier: Apache-2.0
 * up: a bad sample: upward, sideways, bare, unknown, no banned.h at the end. */
#include "base/fine.h"
#include "store/store.h"
#include "format/sideways.h"
#include "bare.h"
#include "nowhere/x.h"
#include "base/inner_priv.h"
#include "launcher/protocol.h"
/* #include "service/commented.h" */
