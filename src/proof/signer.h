/* SPDX-License-Identifier: Apache-2.0
 * signer: the interface of everything that can sign; drivers are in src/keys and src/signer.
 * An instance is used by one thread at a time. */
#pragma once
#include "proof/public_key.h"

typedef struct Signer Signer;

typedef struct SignerDriver {
    const char *name; /* static */
    /* Signs @message as public_key_verify expects it; @signature_out: owned. */
    bool (*sign)(Signer *self, Span message, GBytes **signature_out, GError **error);
    /* Releases everything but the two members of Signer itself, and the instance. */
    void (*free)(Signer *self);
} SignerDriver;

struct Signer { /* the first member of every driver's instance */
    const SignerDriver *driver;
    PublicKey *public_key; /* shared (ref) */
};

/** @signature_out: owned. Errors: as the driver's; UNAVAILABLE when the key cannot be reached. */
bool signer_sign(Signer *signer, Span message, GBytes **signature_out, GError **error) MUST_CHECK;
/** Borrowed. */
const PublicKey *signer_public_key(const Signer *signer);
void signer_free(Signer *signer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Signer, signer_free)
