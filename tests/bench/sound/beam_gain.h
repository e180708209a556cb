/* How much less of white noise, independent at each microphone, a beam has than one microphone. */
#ifndef BALAI_TESTS_BENCH_SOUND_BEAM_GAIN_H
#define BALAI_TESTS_BENCH_SOUND_BEAM_GAIN_H

#include "microphone/beam.h"

/*
 * A talker without a room, of whom the beam has to find the direction by itself. In dB; ends the
 * program where a part cannot be made.
 */
double beam_gain_db(const char *array, enum beam_kind kind);

#endif
