/*
 * The media keys of a meeting: SFrame keyed by MLS (RFC 9605, section 5.2). A key is found by the KID
 * in a frame's header and never by trying:
 *
 *     KID = context << (S + 4) | leaf << 4 | epoch % 16      S: bits of the tree's width
 *
 * The newest epoch seals. The one before it can be opened for SFRAME_OVERLAP_US more. Times are of
 * any clock that does not jump. One thread at a time.
 *
 * Whoever is in the group knows the keys of all members: a frame is from the group, and from the
 * leaf that it names unless another member lies.
 */
#ifndef BALAI_E2EE_SFRAME_SESSION_H
#define BALAI_E2EE_SFRAME_SESSION_H

#include "e2ee/sframe.h"

#define SFRAME_OVERLAP_US INT64_C(10000000)

/* The label of MLS-Exporter for an epoch's base key; the context is empty. */
#define SFRAME_EXPORTER_LABEL "SFrame 1.0 Base Key"

/* Each has a key and a counter of its own a member and epoch. */
enum sframe_context {
	SFRAME_SOUND,
	SFRAME_CAMERA,
	SFRAME_SHARE,
	SFRAME_CONTROL,
	SFRAME_CONTEXTS,
};

/* What MLS tells of an epoch. */
struct sframe_epoch {
	uint64_t number;
	uint32_t n_leaves; /* of the tree, a power of two of at most MLS_LEAVES_MAX */
	uint32_t own_leaf;
	uint8_t base_key[SFRAME_KEY_BYTES_MAX]; /* sframe_key_bytes() of them */
};

/* Who sealed a frame, and as what. */
struct sframe_source {
	uint64_t epoch;
	uint32_t leaf;
	enum sframe_context context;
};

struct sframe_session;

/* Without an epoch. Returns 0 or -ENOMEM. */
int sframe_session_create(enum sframe_suite suite, struct sframe_session **ret_session)
	__attribute__((warn_unused_result));

/* Wipes all keys. NULL is taken. */
void sframe_session_destroy(struct sframe_session *session);

/*
 * Begins an epoch, which is copied. Returns 0; -EALREADY, not newer than the last one, whose counters
 * would begin anew; -EINVAL, the leaves are out of range; -ENOMEM. On failure all is as before.
 */
int sframe_session_begin(struct sframe_session *session, const struct sframe_epoch *epoch,
			 int64_t now_us) __attribute__((warn_unused_result));

/* Wipes the epoch before once its time is over; sframe_session_open() does, too. */
void sframe_session_expire(struct sframe_session *session, int64_t now_us);

/* As sframe_seal(). -ENOKEY: no epoch yet; -EOVERFLOW: the key's counters are used up. */
int sframe_session_seal(struct sframe_session *session, enum sframe_context context,
			const void *metadata, size_t metadata_length, const void *plaintext,
			size_t length, uint8_t *ret_message, size_t *ret_length)
	__attribute__((warn_unused_result));

/*
 * As sframe_open(). -ENOKEY: of an epoch that is not known yet; -ESTALE: of one whose keys are gone,
 * as far as a KID tells, which has four bits of its number; -EALREADY: it came before, is
 * too old to tell, or is this member's own.
 */
int sframe_session_open(struct sframe_session *session, int64_t now_us, const void *metadata,
			size_t metadata_length, const uint8_t *message, size_t length,
			uint8_t *ret_plaintext, size_t *ret_length,
			struct sframe_source *ret_source) __attribute__((warn_unused_result));

#endif
