/*
 * The rest of echo cancellation: what the linear filter leaves (the room's late reverberation, a
 * loudspeaker that distorts, a path that has just changed) is estimated from the echo that the
 * filter found, and turned down in each bin as in spectral subtraction; where hardly anything but
 * echo is left, all of it. Background noise is let through as it is, so that it does not come and go
 * with the far voice. How much the filter leaves is learned from the moments in which it leaves
 * least, as minimum statistics learns noise (Martin, "Noise power spectral density estimation based
 * on optimal smoothing and minimum statistics", IEEE Trans. SAP 9 (2001)).
 *
 * Adds one period. One thread; no heap after creation.
 */
#ifndef BALAI_MICROPHONE_ECHO_SUPPRESS_H
#define BALAI_MICROPHONE_ECHO_SUPPRESS_H

#include <stdbool.h>

struct echo_suppress;

/* Returns 0 and hands over *ret_suppress, or -ENOMEM. */
int echo_suppress_create(struct echo_suppress **ret_suppress) __attribute__((warn_unused_result));

/* NULL is allowed. */
void echo_suppress_destroy(struct echo_suppress *suppress);

/* Real-time. */
void echo_suppress_reset(struct echo_suppress *suppress);

/*
 * One period: `heard` is the signal before echo_filter_process(), `samples`, changed in place, after
 * it. `knows_path`: false while a far voice is heard whose path is not known: then nothing is let
 * through. Real-time.
 */
void echo_suppress_process(struct echo_suppress *suppress, const float *heard, float *samples,
			   bool knows_path);

/* The filter begins anew: what it leaves is not known. Real-time. */
void echo_suppress_forget_path(struct echo_suppress *suppress);

/* Whether a near voice was found in it, or a moment ago. Real-time. */
bool echo_suppress_hears_near(const struct echo_suppress *suppress);

#endif
