/*
 * A room's acoustics by the image method: Allen and Berkley, "Image method for efficiently simulating
 * small-room acoustics", J. Acoust. Soc. Am. 65 (1979), with the fractional delays of Peterson,
 * "Simulating the response of multiple microphones to a single acoustic source in a reverberant
 * room", J. Acoust. Soc. Am. 80 (1986). All six surfaces absorb alike, by Eyring's formula.
 *
 * Any thread; functions without state.
 */
#ifndef BALAI_TESTS_FAKE_ROOM_SIM_H
#define BALAI_TESTS_FAKE_ROOM_SIM_H

#include <stddef.h>

#define ROOM_SIM_SOUND_M_S 343.0

struct room_sim_point {
	double x, y, z; /* m, from a lower corner of the room */
};

struct room_sim {
	struct room_sim_point size;
	double rt60_s; /* 0: no reflections */
};

/* The first `length` samples, at SOUND_RATE_HZ, of what an impulse at `from` is at `to`. */
void room_sim_response(const struct room_sim *room, struct room_sim_point from,
		       struct room_sim_point to, float *response, size_t length);

/*
 * Adds `gain` times the `count` samples of `in` through a response to `out`; what rings on after
 * `count` is left out. Ends the program without memory.
 */
void room_sim_convolve(const float *in, size_t count, const float *response, size_t length,
		       float gain, float *out);

/* What a clock of another pace finds between samples, by a cubic (Catmull-Rom); 0 outside. */
float room_sim_sample(const float *in, size_t count, double at);

#endif
