/*
 * The simulated rooms of the sound bench: which there are, and what their microphones hear.
 */
#ifndef BALAI_TESTS_BENCH_SOUND_SCENE_H
#define BALAI_TESTS_BENCH_SOUND_SCENE_H

#include <stdbool.h>
#include <stddef.h>

#include "microphone/geometry.h"
#include "tests/fake/room_sim.h"

/* The far voice is alone, then both talk, then the near one is alone. */
#define SCENE_FAR_S 10
#define SCENE_BOTH_S 10
#define SCENE_NEAR_S 8
#define SCENE_S (SCENE_FAR_S + SCENE_BOTH_S + SCENE_NEAR_S)
#define SCENE_FRAMES ((size_t)SCENE_S * SOUND_RATE_HZ)
/* When the delay or the path changes. */
#define SCENE_CHANGE_S 5

struct scene {
	const char *name;
	struct room_sim room;
	const char *array; /* for geometry_parse() */
	const char *far;   /* a voice of tests/bench/sound/speech */
	const char *near;
	double azimuth_deg; /* of the near talker */
	double echo_db;     /* echo to near voice, at the microphones */
	double noise_db;    /* near voice to noise */
	double clip;        /* the loudspeaker's, of the far voice's peak; 0: none */
	double step_ms;     /* of the echo's delay, at SCENE_CHANGE_S */
	double drift_ppm;   /* of the loudspeaker's clock */
	bool path_changes;  /* at SCENE_CHANGE_S the loudspeaker is somewhere else */
	/* Where things stand; 0: as in the rooms of `scenes`. */
	struct room_sim_point array_at;
	struct room_sim_point loudspeaker_at;
	double away_m; /* of the near talker from the array */
};

/* Both end with a scene without a name. The first are those that constants were chosen by. */
extern const struct scene scenes[];
/* Rooms, places and voices that nothing is tuned on: they are looked at, not turned to. */
extern const struct scene held_out_scenes[];

struct scene_sound {
	const struct scene *scene;
	struct geometry geometry;
	float *far;
	float *far_played; /* by the microphone's clock */
	float *echo[SOUND_CHANNELS_MAX];
	float *near[SOUND_CHANNELS_MAX];
	float *noise[SOUND_CHANNELS_MAX];
};

/* Ends the program where a voice is missing. */
void scene_simulate(const struct scene *scene, const char *speech, struct scene_sound *ret_sound);
void scene_finish(struct scene_sound *sound);

double scene_power(const float *samples, size_t first, size_t end);

#endif
