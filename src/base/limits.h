/* SPDX-License-Identifier: Apache-2.0
 * limits: the largest thing of each kind we accept from outside. One name, one number, one place.
 */
#pragma once

#define LIMIT_JSON_DEPTH      128
#define LIMIT_JSON_BYTES      (16u << 20) /* any JSON text we read whole */
#define LIMIT_STATEMENT_BYTES (8u << 20)  /* one in-toto statement */
#define LIMIT_PAE_INLINE_BYTES                                                                     \
    (64u << 10) /* longer PAEs live in a blob named S (facts.md section 1) */
#define LIMIT_LEAF_BYTES             (8u << 10)  /* one log leaf */
#define LIMIT_CHECKPOINT_BYTES       (64u << 10) /* one signed note */
#define LIMIT_NOTE_SIGNATURES        100
#define LIMIT_PROOF_HASHES           64
#define LIMIT_KEY_FILE_BYTES         (64u << 10)
#define LIMIT_ORIGIN_BYTES           128
#define LIMIT_PIPELINE_BYTES         (256u << 10) /* slipway.yaml */
#define LIMIT_PIPELINE_JOBS          10240        /* after matrix expansion */
#define LIMIT_PIPELINE_STEPS         10240        /* per job */
#define LIMIT_ARTIFACTS_PER_JOB      100000
#define LIMIT_ARTIFACT_BYTES         (1ull << 40)
#define LIMIT_OUTPUT_FILE_BYTES      (64u << 10) /* $OUTPUT */
#define LIMIT_LOG_LINE_BYTES         (64u << 10)
#define LIMIT_LOG_STEP_BYTES         (64ull << 20)
#define LIMIT_CHANNEL_FRAME_BYTES    (16u << 20) /* one message between our own processes */
#define LIMIT_CHANNEL_FDS            8
#define LIMIT_FACTS_FILE_BYTES       (256u << 20) /* .slipway/facts.jsonl */
#define LIMIT_BUNDLE_BYTES           (32u << 20)  /* one Sigstore bundle */
#define LIMIT_BUNDLE_BODY_BYTES      (16u << 20)  /* one log entry in it */
#define LIMIT_BUNDLE_ENTRIES         16           /* log entries of a bundle */
#define LIMIT_BUNDLE_TIMESTAMPS      16           /* RFC 3161 timestamps of a bundle */
#define LIMIT_BUNDLE_SIGNATURE_BYTES (16u << 10)  /* one signature of somebody else */
#define LIMIT_TIMESTAMP_BYTES        (64u << 10)  /* one RFC 3161 response */
#define LIMIT_CERTIFICATE_BYTES      (64u << 10)  /* one certificate in DER */
#define LIMIT_CERTIFICATE_SCTS       16           /* log timestamps in a certificate */
#define LIMIT_CHAIN_CERTIFICATES     8            /* of one authority, or of a bundle */
#define LIMIT_TRUSTED_ROOT_BYTES     (4u << 20)   /* trusted_root.json */
#define LIMIT_TRUSTED_ROOT_ITEMS     256          /* logs, or authorities of one kind, in it */
#define LIMIT_MESSAGE_BYTES          (256u << 20) /* a message held whole, for Ed25519 */
#define LIMIT_RELEASE_FILES          100000
