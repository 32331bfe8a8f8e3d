/* SPDX-License-Identifier: Apache-2.0
 * error: kinds of failure, and helpers that set, prefix and ignore a GError.
 *
 * Every error code of ours carries its kind in the upper bits: ERROR_CODE(kind, n). A module gets a
 * domain of its own only if a caller branches on it; all others use BASE_ERROR with a plain kind.
 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include "base/attributes.h"

typedef enum {
    ERROR_KIND_NONE,        /* not one of our errors */
    ERROR_KIND_INVALID,     /* the input is malformed or breaks a rule */
    ERROR_KIND_NOT_FOUND,   /* what was named does not exist */
    ERROR_KIND_EXISTS,      /* it exists already */
    ERROR_KIND_CONFLICT,    /* somebody else was faster; the message names the winner */
    ERROR_KIND_DENIED,      /* a rule, role or policy refuses */
    ERROR_KIND_LIMIT,       /* a named limit is exceeded */
    ERROR_KIND_BUSY,        /* held or full right now; trying again may work */
    ERROR_KIND_TIMEOUT,     /* a deadline passed */
    ERROR_KIND_CANCELLED,   /* somebody asked to stop */
    ERROR_KIND_UNAVAILABLE, /* a needed part or program is not there */
    ERROR_KIND_CORRUPT,     /* stored bytes are not what they must be */
    ERROR_KIND_UNTRUSTED,   /* a signature, proof or digest does not hold */
    ERROR_KIND_IO,          /* the operating system refused; the message has the cause */
    ERROR_KIND_INTERNAL,    /* a bug of ours */
    ERROR_N_KINDS
} ErrorKind;

#define ERROR_CODE(kind, n) (((int)(kind) << 8) | (n))

#define BASE_ERROR (base_error_quark())
GQuark base_error_quark(void);
typedef enum { /* the kinds as codes of the common domain */
               BASE_ERROR_INVALID = ERROR_CODE(ERROR_KIND_INVALID, 0),
               BASE_ERROR_NOT_FOUND = ERROR_CODE(ERROR_KIND_NOT_FOUND, 0),
               BASE_ERROR_EXISTS = ERROR_CODE(ERROR_KIND_EXISTS, 0),
               BASE_ERROR_CONFLICT = ERROR_CODE(ERROR_KIND_CONFLICT, 0),
               BASE_ERROR_DENIED = ERROR_CODE(ERROR_KIND_DENIED, 0),
               BASE_ERROR_LIMIT = ERROR_CODE(ERROR_KIND_LIMIT, 0),
               BASE_ERROR_BUSY = ERROR_CODE(ERROR_KIND_BUSY, 0),
               BASE_ERROR_TIMEOUT = ERROR_CODE(ERROR_KIND_TIMEOUT, 0),
               BASE_ERROR_CANCELLED = ERROR_CODE(ERROR_KIND_CANCELLED, 0),
               BASE_ERROR_UNAVAILABLE = ERROR_CODE(ERROR_KIND_UNAVAILABLE, 0),
               BASE_ERROR_CORRUPT = ERROR_CODE(ERROR_KIND_CORRUPT, 0),
               BASE_ERROR_UNTRUSTED = ERROR_CODE(ERROR_KIND_UNTRUSTED, 0),
               BASE_ERROR_IO = ERROR_CODE(ERROR_KIND_IO, 0),
               BASE_ERROR_INTERNAL = ERROR_CODE(ERROR_KIND_INTERNAL, 0),
} BaseError;

/** The kind of @error; ERROR_KIND_NONE for NULL and for codes that carry none. */
ErrorKind error_kind(const GError *error);
/** The stable spelling of a kind: "not-found". Static. */
const char *error_kind_name(ErrorKind kind);

/** Sets @error unless it is NULL. @format: lower case, subject in single quotes, no full stop. */
void error_set(GError **error, GQuark domain, int code, const char *format, ...) PRINTF_LIKE(4, 5);
/** As error_set, with ": " and the text of the current errno appended. */
void error_set_errno(GError **error, GQuark domain, int code, const char *format, ...)
    PRINTF_LIKE(4, 5);
/** Puts the text and ": " before the message of *@error, if it is set. */
void error_prefix(GError **error, const char *format, ...) PRINTF_LIKE(2, 3);
/** Takes back a failure on purpose: clears *@local. @why: a constant saying why that is right. */
void error_ignore(bool ok, GError **local, const char *why);
/** @text with control characters and broken UTF-8 shown as \xNN; for terminals and logs. Owned. */
char *error_printable(const char *text);
