/*
 * A simulated room (tests/fake/room_sim.h) with a person in it, behind a fake microphone and a fake
 * speaker: the microphones hear the person, what the speaker plays, and a little noise. For tests
 * alone: what cannot be made ends the program.
 */
#ifndef BALAI_TESTS_FAKE_FAKE_ROOM_H
#define BALAI_TESTS_FAKE_FAKE_ROOM_H

#include <stddef.h>
#include <stdint.h>

#include "microphone/microphone.h"
#include "speaker/speaker.h"
#include "tests/fake/room_sim.h"

struct fake_room;

struct fake_room_config {
	struct room_sim room;
	const char *array;            /* for geometry_parse(); "none" is one microphone */
	struct room_sim_point middle; /* of the microphones */
	struct room_sim_point person;
	struct room_sim_point speaker;
	float echo_gain;   /* of what the speaker plays, to the first microphone */
	float noise;       /* the largest sample of each microphone's own */
	double drift_ppm;  /* of the speaker's crystal, against the microphones' */
	size_t frames_max; /* remembered of what the speaker plays, see fake_speaker.h */
};

struct fake_room *fake_room_create(const struct fake_room_config *config);

/* After the devices. NULL is allowed. */
void fake_room_destroy(struct fake_room *room);

/* Whoever takes them destroys them. */
struct mic *fake_room_mic(struct fake_room *room);
struct speaker *fake_room_speaker(struct fake_room *room);

/*
 * From then on (CLOCK_MONOTONIC) the person says these samples, as loud as they are, on average, at
 * the first microphone. They outlive the room. Once.
 */
void fake_room_say(struct fake_room *room, const float *samples, size_t count, int64_t from_us);

/* Times that a device ran dry or was too late since creation: sound was lost or came late. */
uint64_t fake_room_xruns(const struct fake_room *room);

/*
 * What the speaker played, by its own crystal, from the time on that it must have reached: how many
 * frames, and the first of them.
 */
size_t fake_room_played(struct fake_room *room, int64_t from_us, const float **ret_samples);

/* The mean square of what it played in that time, all of which it must have. */
double fake_room_played_power(struct fake_room *room, int64_t from_us, int64_t to_us);

#endif
