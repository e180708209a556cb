/*
 * Every voice as loud as any other: a gain that brings speech to LEVEL_TARGET_LUFS by the loudness of
 * ITU-R BS.1770, within 3 s of speech and slowly after, so that it does not pump; a gate that turns
 * pauses down by a few decibels and opens before a word is heard; and the limiter at -1 dBFS.
 *
 * Adds no delay. One thread; no heap after creation.
 */
#ifndef BALAI_MICROPHONE_LEVEL_H
#define BALAI_MICROPHONE_LEVEL_H

#include <stdbool.h>

#define LEVEL_TARGET_LUFS (-23.0)
#define LEVEL_GAIN_MAX_DB 30.0
#define LEVEL_GAIN_MIN_DB (-20.0)
#define LEVEL_GATE_DB 9.0

struct level;

/* Returns 0 and hands over *ret_level, or -ENOMEM. */
int level_create(struct level **ret_level) __attribute__((warn_unused_result));

/* NULL is allowed. */
void level_destroy(struct level *level);

/* Real-time. */
void level_reset(struct level *level);

/*
 * One period in place; what comes out is finite and at most -1 dBFS. `learns`: it may be a voice of
 * this room; false holds the gain. Real-time.
 */
void level_process(struct level *level, float *samples, bool learns);

/* The gain of the AGC now, without the gate. */
double level_gain_db(const struct level *level);

#endif
