/*
 * An encoder that fails the way a test wants: libx264 of libavcodec behind faults.
 *
 * A fake outlives every encoder made of it. Any thread may call these functions.
 */
#ifndef BALAI_TESTS_FAKE_ENCODER_H
#define BALAI_TESTS_FAKE_ENCODER_H

#include "camera/encode.h"

struct fake_encoder;

enum fake_encoder_fault {
	FAKE_ENCODER_SOUND,
	FAKE_ENCODER_NO_CREATE,
	FAKE_ENCODER_NO_ENSURE,
	FAKE_ENCODER_NO_SUBMIT,
	FAKE_ENCODER_NO_RECEIVE,
	FAKE_ENCODER_HANGS,         /* submit() returns only after fake_encoder_let_go() */
	FAKE_ENCODER_FAILS_LATE,    /* the same, and fails then */
	FAKE_ENCODER_SILENT,        /* takes pictures, gives none */
	FAKE_ENCODER_FULL,          /* submit() answers -EAGAIN */
	FAKE_ENCODER_GARBAGE,       /* slices that do not decode */
	FAKE_ENCODER_NO_IDR,        /* its IDRs never come out */
	FAKE_ENCODER_BAD_KEYS,      /* IDRs that do not decode */
	FAKE_ENCODER_DEAF,          /* does not hear requests for key frames */
	FAKE_ENCODER_WRONG_TIME,    /* a pts that no picture had */
	FAKE_ENCODER_SETS_APART,    /* parameter sets once, in an access unit of their own */
	FAKE_ENCODER_SETS_MISSING,  /* no parameter sets at all */
	FAKE_ENCODER_LATE,          /* each coded picture comes out after two more were given */
	FAKE_ENCODER_FIXED_BITRATE, /* set_bitrate() answers -ENOTSUP */
};

struct fake_encoder_counts {
	unsigned int created;
	unsigned int destroyed;
	unsigned int ensured;
	unsigned int submitted;
	unsigned int keyframes_forced;
	int64_t bitrate_bps; /* set last, by ensure() or set_bitrate() */
};

/* Returns 0 and hands over *ret_fake, or -ENOMEM. */
int fake_encoder_create(struct fake_encoder **ret_fake) __attribute__((warn_unused_result));

/* NULL is allowed. */
void fake_encoder_destroy(struct fake_encoder *fake);

/* For a table of kinds; `name` is not copied. */
struct venc_kind fake_encoder_kind(const struct fake_encoder *fake, const char *name);

/* From the picture after the next `after` on, and in what create() and ensure() answer at once. */
void fake_encoder_set_fault(struct fake_encoder *fake, enum fake_encoder_fault fault,
			    unsigned int after);

/* Ends all hangs, now and later. */
void fake_encoder_let_go(struct fake_encoder *fake);

struct fake_encoder_counts fake_encoder_get_counts(struct fake_encoder *fake);

/* Waits until that many pictures were submitted, or encoders destroyed. 0 or -ETIMEDOUT. */
int fake_encoder_wait_submitted(struct fake_encoder *fake, unsigned int submitted,
				int64_t deadline_us) __attribute__((warn_unused_result));
int fake_encoder_wait_destroyed(struct fake_encoder *fake, unsigned int destroyed,
				int64_t deadline_us) __attribute__((warn_unused_result));

#endif
