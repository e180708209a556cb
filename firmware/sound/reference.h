/*
 * What the loudspeaker plays, at the pace of the microphone: the echo canceller's reference. The
 * speaker's and the microphone's crystals differ by up to ±300 ppm; when each of both is due is
 * filtered from the times of their periods by a delay-locked loop each (Adriaensen, "Using a DLL to
 * filter time", Linux Audio Conference 2005), and the sound between them is resampled.
 *
 *   rendered, with the time it will be heard ─► ring ─► resampled ─► as heard while captured
 *
 * One thread, the real-time one, but for creation and drift. No heap after creation.
 */
#ifndef BALAI_SOUND_REFERENCE_H
#define BALAI_SOUND_REFERENCE_H

#include <stdint.h>

struct reference;

/* Returns 0 and hands over *ret_reference, or -ENOMEM. */
int reference_create(struct reference **ret_reference) __attribute__((warn_unused_result));

/* NULL is allowed. */
void reference_destroy(struct reference *reference);

/*
 * One period that begins to be heard at play_us, after the ones before. Copies it. A time that does
 * not fit in with the others is left out of account until as many in a row do not: a thread that was
 * kept from running tells times late.
 */
void reference_write(struct reference *reference, const float *samples, int64_t play_us);

/* The speaker ran dry: it is silent until play_us, when what is written next is heard. */
void reference_gap(struct reference *reference, int64_t play_us);

/*
 * What was heard while the period was captured that began at capture_us, and REFERENCE_LEAD_US
 * more: an echo is never before its reference, however wrong a card's times are. Silence where
 * nothing was written.
 */
#define REFERENCE_LEAD_US 4000
void reference_read(struct reference *reference, int64_t capture_us, float *samples);

/* The microphone lost sound: the period that is read next was captured from capture_us on. */
void reference_skip(struct reference *reference, int64_t capture_us);

/* How much faster the speaker plays than the microphone captures, in parts per million. Any thread. */
double reference_drift_ppm(const struct reference *reference);

#endif
