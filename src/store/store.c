/* SPDX-License-Identifier: Apache-2.0
 * store: opening, naming and reading blobs. */
#include "store/store.h"
#include "base/banned.h"

GQuark
store_error_quark(void)
{
    return g_quark_from_static_string("store-error");
}
