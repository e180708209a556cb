/*
 * How loud sound is: RMS over about the last 300 ms, and the peak, which falls by 20 dB/s. Written
 * by one thread, which may be a real-time one; read by any.
 */
#ifndef BALAI_BASE_SOUND_LEVEL_H
#define BALAI_BASE_SOUND_LEVEL_H

#include <stdatomic.h>

#include "base/sound.h"

#define SOUND_LEVEL_FLOOR_DBFS (-120.0)

/* All members are private to sound_level.c; {0} is silence. */
struct sound_level {
	_Atomic float power;
	_Atomic float peak;
};

/* Adds one period of SOUND_PERIOD_FRAMES samples. */
void sound_level_add(struct sound_level *level, const float *samples);

/* A full-scale square wave is 0, a sine -3.0; silence SOUND_LEVEL_FLOOR_DBFS. */
double sound_level_rms_dbfs(const struct sound_level *level);

/* A sample of 1 is 0; silence SOUND_LEVEL_FLOOR_DBFS. */
double sound_level_peak_dbfs(const struct sound_level *level);

#endif
