/* SPDX-License-Identifier: Apache-2.0
 * bundle_text: the fast way to read a bundle that bundle_build wrote. Only for
 * src/attest/bundle*.c. */
#pragma once
#include "attest/bundle.h"

/** The bundle if @text is, byte for byte, one that bundle_build could have written; else NULL,
 * which says nothing about it. Owned. */
Bundle *bundle_from_text(Span text) MUST_CHECK;
