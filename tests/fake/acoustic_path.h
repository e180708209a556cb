/*
 * A path through a simulated room (tests/fake/room_sim.h) for sound that comes period by period, as
 * from a loudspeaker whose microphone feeds it. One thread; ends the program without memory.
 */
#ifndef BALAI_TESTS_FAKE_ACOUSTIC_PATH_H
#define BALAI_TESTS_FAKE_ACOUSTIC_PATH_H

#include "tests/fake/room_sim.h"

struct acoustic_path;

/* `length_s` of the room's response, times `gain`. */
struct acoustic_path *acoustic_path_create(const struct room_sim *room, struct room_sim_point from,
					   struct room_sim_point to, double length_s, float gain);

/* NULL is allowed. */
void acoustic_path_destroy(struct acoustic_path *path);

/* Adds what becomes of one period to `out`. */
void acoustic_path_run(struct acoustic_path *path, const float *in, float *out);

#endif
