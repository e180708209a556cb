/*
 * A meeting's cipher, for tests alone: SFrame as of a group of three, whose keys are known. Leaf 0
 * is the room on the bench, whose cipher it is; leaves 1 and 2 are far rooms, for which the test
 * seals and opens. Epochs come as the test says. Any thread; what must not happen fails the test.
 */
#ifndef BALAI_TESTS_CIPHER_BENCH_H
#define BALAI_TESTS_CIPHER_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "meeting/meeting.h"

#define CIPHER_BENCH_LEAVES 3
#define CIPHER_BENCH_ROOM 0

struct cipher_bench;

/* members: the number of each leaf's. */
struct cipher_bench *cipher_bench_create(const uint16_t members[CIPHER_BENCH_LEAVES]);

/* NULL is allowed. */
void cipher_bench_destroy(struct cipher_bench *bench);

/* Their context is the bench. */
const struct meeting_cipher_ops *cipher_bench_ops(void);

/* The leaf's group goes on to the epoch. */
void cipher_bench_begin(struct cipher_bench *bench, unsigned int leaf, uint64_t epoch);

/*
 * An object as `leaf` sends it in the meeting "kabinet": the header at `object`, and behind it the
 * payload, which has to have room for ops->added_max more. Returns the object's length.
 */
size_t cipher_bench_seal(struct cipher_bench *bench, unsigned int leaf, enum message_kind kind,
			 uint8_t *object, size_t payload_length);

/*
 * What came at `leaf`, in the same way. Returns the payload's length, or -errno; *ret_kind: as what
 * it was sealed.
 */
int cipher_bench_open(struct cipher_bench *bench, unsigned int leaf, const uint8_t *object,
		      size_t length, uint8_t *ret_payload, enum message_kind *ret_kind);

#endif
