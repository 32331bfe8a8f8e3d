/* SPDX-License-Identifier: Apache-2.0
 * attributes: the compiler attributes our prototypes use. */
#pragma once
#define MUST_CHECK             __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define CLEANUP(function)      __attribute__((cleanup(function)))
