/*
 * A microphone that a machine can measure by: a steady low tone and, at every full second of
 * CLOCK_MONOTONIC, a short rising chirp, both at frequencies of this room alone. Who hears them
 * knows which room it hears and, on the same machine, how long the way took.
 */
#ifndef BALAI_DRIVERS_MIC_TEST_H
#define BALAI_DRIVERS_MIC_TEST_H

#include "microphone/microphone.h"

#define MIC_TEST_ROOMS 8
#define MIC_TEST_CHIRP_FRAMES 960 /* 20 ms */

/* room: 0..MIC_TEST_ROOMS - 1. Returns 0 and hands over *ret_mic, or -EINVAL, -ENOMEM. */
int mic_test_create(unsigned int room, struct mic **ret_mic) __attribute__((warn_unused_result));

/* The room's steady tone. */
double mic_test_tone_hz(unsigned int room);

/* The phase in radians of the room's chirp, `frame` frames after its beginning. */
double mic_test_chirp_phase(unsigned int room, unsigned int frame);

#endif
