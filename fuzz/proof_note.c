/* SPDX-License-Identifier: Apache-2.0
 * proof_note: notes, checkpoints and verifier keys; what reads is written alike. */
#include <stdint.h>
#include <stdlib.h>
#include "proof/checkpoint.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Span input = span_of(data, size);
    g_autoptr(Note) note = note_parse(input, NULL);
    g_autoptr(Checkpoint) checkpoint =
        checkpoint_parse(note != NULL ? note_text(note) : input, NULL);
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autoptr(NoteVerifier) verifier = note_verifier_parse(text, NULL);

    if (checkpoint != NULL) {
        Span wanted = note != NULL ? note_text(note) : input;
        g_autofree char *again =
            checkpoint_format(checkpoint->origin, &checkpoint->head, checkpoint->extensions);
        if (strlen(again) != wanted.len || memcmp(again, wanted.data, wanted.len) != 0)
            abort();
    }
    if (verifier != NULL) {
        g_autofree char *again = note_verifier_vkey(verifier);
        if (strcmp(again, text) != 0)
            abort();
    }
    if (note != NULL && verifier != NULL)
        (void)!note_verify(note, (const NoteVerifier *const[]){ verifier }, 1, NULL, NULL);
    return 0;
}
