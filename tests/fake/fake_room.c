#include "tests/fake/fake_room.h"

#include <math.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "microphone/geometry.h"
#include "tests/fake/acoustic_path.h"
#include "tests/fake/fake_mic.h"
#include "tests/fake/fake_speaker.h"

#define RESPONSE_S 0.3

struct fake_room {
	struct fake_room_config config;
	struct mic *mic;
	struct speaker *speaker;
	unsigned int channels;
	struct acoustic_path *echoes[SOUND_CHANNELS_MAX];
	struct acoustic_path *voices[SOUND_CHANNELS_MAX];

	const float *said;
	size_t said_count;
	_Atomic int64_t said_from_us; /* 0: nothing is said yet; else the two above are set */

	/* Of the thread that reads the microphone. */
	uint32_t random;
	float heard[SOUND_CHANNELS_MAX][SOUND_PERIOD_FRAMES];
};

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "simulated room: %s\n", what);
	exit(EXIT_FAILURE);
}

/* The frame that the speaker plays at a time, as fake_speaker.h counts them. */
static double frame_at(const struct fake_room *room, int64_t start_us, double time_us)
{
	return (time_us - (double)start_us) * SOUND_RATE_HZ / 1e6 *
	       (1 + room->config.drift_ppm / 1e6);
}

static void take_played(struct fake_room *room, int64_t capture_us, float *played)
{
	const float *samples;
	int64_t start_us;
	size_t count = fake_speaker_played(room->speaker, &samples, &start_us);
	double first = frame_at(room, start_us, (double)capture_us);

	for (int i = 0; i < SOUND_PERIOD_FRAMES; i++)
		played[i] = room_sim_sample(samples, count,
					    first + i * (1 + room->config.drift_ppm / 1e6));
}

static void take_said(struct fake_room *room, int64_t capture_us, float *said)
{
	int64_t from_us = atomic_load(&room->said_from_us);
	int64_t first = (capture_us - from_us) * SOUND_RATE_HZ / CLOCK_US_PER_S;

	for (int64_t i = 0; i < SOUND_PERIOD_FRAMES; i++) {
		bool says = from_us && first + i >= 0 && first + i < (int64_t)room->said_count;

		said[i] = says ? room->said[first + i] : 0;
	}
}

static float noise(struct fake_room *room)
{
	room->random = room->random * 1664525 + 1013904223; /* Numerical Recipes, 7.1 */
	return room->config.noise * ((float)room->random / 2147483648.0f - 1);
}

static void begin(void *context, int64_t capture_us)
{
	struct fake_room *room = context;
	float played[SOUND_PERIOD_FRAMES], said[SOUND_PERIOD_FRAMES];

	take_played(room, capture_us, played);
	take_said(room, capture_us, said);
	for (unsigned int c = 0; c < room->channels; c++) {
		for (int i = 0; i < SOUND_PERIOD_FRAMES; i++)
			room->heard[c][i] = noise(room);
		acoustic_path_run(room->echoes[c], played, room->heard[c]);
		acoustic_path_run(room->voices[c], said, room->heard[c]);
	}
}

static float hear(void *context, unsigned int channel, int64_t frame)
{
	const struct fake_room *room = context;

	return room->heard[channel][frame % SOUND_PERIOD_FRAMES];
}

/* What makes sound from there as loud at the first microphone as it is. */
static float even_gain(const struct room_sim *room, struct room_sim_point from,
		       struct room_sim_point to)
{
	static const size_t length = (size_t)(RESPONSE_S * SOUND_RATE_HZ);
	float *response = calloc(length, sizeof(*response));
	double sum = 0;

	if (!response)
		fail("no memory");
	room_sim_response(room, from, to, response, length);
	for (size_t i = 0; i < length; i++)
		sum += (double)response[i] * response[i];
	free(response);
	return (float)(1 / sqrt(sum));
}

static void make_paths(struct fake_room *room)
{
	const struct fake_room_config *config = &room->config;
	struct geometry geometry;
	float echo = 0, voice = 0;
	char fault[160];

	if (geometry_parse(config->array, &geometry, fault, sizeof(fault)) < 0)
		fail(fault);
	room->channels = geometry.count ? geometry.count : 1;
	for (unsigned int c = 0; c < room->channels; c++) {
		struct room_sim_point at = config->middle;

		at.x += geometry.at[c].x;
		at.y += geometry.at[c].y;
		at.z += geometry.at[c].z;
		if (c == 0) {
			echo = config->echo_gain * even_gain(&config->room, config->speaker, at);
			voice = even_gain(&config->room, config->person, at);
		}
		room->echoes[c] =
			acoustic_path_create(&config->room, config->speaker, at, RESPONSE_S, echo);
		room->voices[c] =
			acoustic_path_create(&config->room, config->person, at, RESPONSE_S, voice);
	}
}

struct fake_room *fake_room_create(const struct fake_room_config *config)
{
	const struct fake_speaker_config speaker = {
		.drift_ppm = config->drift_ppm,
		.frames_max = config->frames_max,
	};
	struct fake_room *room = calloc(1, sizeof(*room));
	struct fake_mic_config mic = {.begin = begin, .hear = hear, .context = room};

	if (!room)
		fail("no memory");
	room->config = *config;
	make_paths(room);
	mic.channels = room->channels;
	if (fake_mic_create(&mic, &room->mic) < 0 ||
	    fake_speaker_create(&speaker, &room->speaker) < 0)
		fail("no memory");
	return room;
}

void fake_room_destroy(struct fake_room *room)
{
	if (!room)
		return;
	for (unsigned int c = 0; c < room->channels; c++) {
		acoustic_path_destroy(room->echoes[c]);
		acoustic_path_destroy(room->voices[c]);
	}
	free(room);
}

struct mic *fake_room_mic(struct fake_room *room)
{
	return room->mic;
}

struct speaker *fake_room_speaker(struct fake_room *room)
{
	return room->speaker;
}

void fake_room_say(struct fake_room *room, const float *samples, size_t count, int64_t from_us)
{
	room->said = samples;
	room->said_count = count;
	atomic_store(&room->said_from_us, from_us);
}

size_t fake_room_played(struct fake_room *room, int64_t from_us, const float **ret_samples)
{
	int64_t start_us;
	size_t count = fake_speaker_played(room->speaker, ret_samples, &start_us);
	double from = frame_at(room, start_us, (double)from_us);

	if (from < 0 || from > (double)count)
		fail("what is asked for was not played");
	*ret_samples += (size_t)from;
	return count - (size_t)from;
}

uint64_t fake_room_xruns(const struct fake_room *room)
{
	return atomic_load(&room->mic->xruns) + atomic_load(&room->speaker->xruns);
}

double fake_room_played_power(struct fake_room *room, int64_t from_us, int64_t to_us)
{
	size_t frames = (size_t)((to_us - from_us) * SOUND_RATE_HZ / CLOCK_US_PER_S);
	const float *samples;
	double sum = 0;

	if (fake_room_played(room, from_us, &samples) < frames)
		fail("what is asked for was not played");
	for (size_t i = 0; i < frames; i++)
		sum += (double)samples[i] * samples[i];
	return sum / (double)frames;
}
