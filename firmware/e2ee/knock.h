/*
 * How who wants to join shows itself to the member that admits, and to nobody on the way: its key
 * package, sealed with HPKE (RFC 9180, base mode) to the door's key.
 *
 *      0                       65
 *     ┌───────────────────────┬─────────────────────────────────────────────────┬────────┐
 *     │ encapsulated key      │ opaque key_package<V>, zeros up to n × 1 KiB    │ tag 16 │
 *     └───────────────────────┴─────────────────────────────────────────────────┴────────┘
 *                              └──────────────────── sealed ────────────────────┘
 *
 * info = "balai.1 knock" || meeting id; AAD is empty. The door's key is not authenticated: who poses
 * as the door learns the name of who knocks, and gets no further.
 *
 * Any thread, after one mls_crypto_init(). Functions return 0, -ENOMEM, -EIO or what they say.
 */
#ifndef BALAI_E2EE_KNOCK_H
#define BALAI_E2EE_KNOCK_H

#include "e2ee/mls_codec.h"

#define KNOCK_STEP_BYTES 1024U
#define KNOCK_ADDED_BYTES (MLS_PUBLIC_KEY_BYTES + MLS_TAG_BYTES)
/* Sealed; at most 16 KiB. */
#define KNOCK_BYTES_MAX (15 * KNOCK_STEP_BYTES + KNOCK_ADDED_BYTES)

/* -EINVAL: the key is no point of P-256; -MLS_ERROR_LIMIT: the key package is too long. */
int knock_seal(const uint8_t door_key[MLS_PUBLIC_KEY_BYTES], struct mls_bytes meeting,
	       struct mls_bytes key_package, struct mls_writer *writer)
	__attribute__((warn_unused_result));

/*
 * Writes the key package. -MLS_ERROR_DECRYPT: sealed to another key, for another meeting, or damaged;
 * else a negative enum mls_error.
 */
int knock_open(const struct mls_key_pair *door, struct mls_bytes meeting, struct mls_bytes sealed,
	       struct mls_writer *writer) __attribute__((warn_unused_result));

#endif
