/* SPDX-License-Identifier: Apache-2.0
 * db: the facade over the drivers. */
#include "db/db.h"
#include "base/banned.h"

GQuark
db_error_quark(void)
{
    return g_quark_from_static_string("db-error");
}
