#include "tests/bench/sound/beam_gain.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fake/room_sim.h"

enum {
	PERIODS = 300,
	SETTLED = 100,
	FRAMES = PERIODS * SOUND_PERIOD_FRAMES,
	RESPONSE = SOUND_RATE_HZ / 50,
};

#define NOISE 0.1 /* of the voice */
#define AZIMUTH_DEG 63

struct hall {
	struct geometry geometry;
	float voice[SOUND_CHANNELS_MAX][FRAMES];
	float noise[SOUND_CHANNELS_MAX][FRAMES];
};

static double white(void)
{
	return (double)random() / RAND_MAX * 2 - 1;
}

/* Noise that comes and goes as syllables do, with most of it below 1 kHz. */
static void speak(float *samples)
{
	double low = 0;

	for (int i = 0; i < FRAMES; i++) {
		double syllable = fmax(0, sin(2 * M_PI * 4 * i / SOUND_RATE_HZ));

		low += 0.13 * (white() - low);
		samples[i] = (float)(syllable * (low + 0.1 * white()));
	}
}

static double power(const float *samples, size_t count)
{
	double sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += (double)samples[i] * samples[i];
	return sum / (double)count;
}

static void fill(struct hall *hall)
{
	static float source[FRAMES], response[RESPONSE];
	const struct room_sim room = {.size = {6, 8, 3}};
	const double angle = AZIMUTH_DEG * M_PI / 180;
	double rms;

	speak(source);
	for (unsigned int m = 0; m < hall->geometry.count; m++) {
		struct geometry_point at = hall->geometry.at[m];

		memset(hall->voice[m], 0, sizeof(hall->voice[m]));
		room_sim_response(&room,
				  (struct room_sim_point){3 + 1.7 * cos(angle),
							  4 + 1.7 * sin(angle), 1.15},
				  (struct room_sim_point){3 + at.x, 4 + at.y, 0.75 + at.z},
				  response, RESPONSE);
		room_sim_convolve(source, FRAMES, response, RESPONSE, 1, hall->voice[m]);
	}
	rms = sqrt(power(hall->voice[0], FRAMES));
	for (unsigned int m = 0; m < hall->geometry.count; m++)
		for (int i = 0; i < FRAMES; i++)
			hall->noise[m][i] = (float)(NOISE * rms * sqrt(3) * white());
}

static double run(struct hall *hall, struct beam *beam)
{
	static struct beam_side voice_side, noise_side;
	float mixed[SOUND_CHANNELS_MAX][SOUND_PERIOD_FRAMES], out[SOUND_PERIOD_FRAMES];
	float *mixes[SOUND_CHANNELS_MAX] = {0}, *voices[SOUND_CHANNELS_MAX] = {0},
	      *noises[SOUND_CHANNELS_MAX] = {0};
	double voice = 0, noise = 0;

	for (size_t p = 0; p < PERIODS; p++) {
		for (unsigned int m = 0; m < hall->geometry.count; m++) {
			voices[m] = hall->voice[m] + p * SOUND_PERIOD_FRAMES;
			noises[m] = hall->noise[m] + p * SOUND_PERIOD_FRAMES;
			mixes[m] = mixed[m];
			for (int i = 0; i < SOUND_PERIOD_FRAMES; i++)
				mixed[m][i] = voices[m][i] + noises[m][i];
		}
		beam_process(beam, mixes, true, out);
		beam_process_side(beam, &voice_side, voices, out);
		voice += p < SETTLED ? 0 : power(out, SOUND_PERIOD_FRAMES);
		beam_process_side(beam, &noise_side, noises, out);
		noise += p < SETTLED ? 0 : power(out, SOUND_PERIOD_FRAMES);
	}
	return voice / noise;
}

double beam_gain_db(const char *array, enum beam_kind kind)
{
	const size_t first = (size_t)SETTLED * SOUND_PERIOD_FRAMES;
	static struct hall hall;
	struct beam *beam;
	char fault[160];
	double before, after;

	if (geometry_parse(array, &hall.geometry, fault, sizeof(fault)) < 0 ||
	    beam_create(&hall.geometry, kind, &beam) < 0) {
		fprintf(stderr, "%s: no such beam\n", array);
		exit(EXIT_FAILURE);
	}
	srandom(2);
	fill(&hall);
	before = power(hall.voice[0] + first, FRAMES - first) /
		 power(hall.noise[0] + first, FRAMES - first);
	after = run(&hall, beam);
	beam_destroy(beam);
	return 10 * log10(after / before);
}
