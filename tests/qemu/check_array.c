/*
 * The sound of a person in a simulated room, for tests/qemu/array:
 *
 *   check_array render DEGREES FILE   what an array ("circle 8 45") hears of a person who talks there:
 *                                     five seconds, 16-bit, 48 kHz, eight channels
 *   check_array words FILE SKIP       behind SKIP bytes of a file of 16-bit mono, 48 kHz, the rhythm
 *                                     is that of these words, and not that of other ones
 *
 * Ends with 0 for yes, 1 for no and why.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sound.h"
#include "microphone/geometry.h"
#include "tests/fake/room_sim.h"
#include "tests/fake/voices.h"

enum {
	SECONDS = 5,
	FRAMES = SECONDS * SOUND_RATE_HZ,
	STEPS = FRAMES / SOUND_PERIOD_FRAMES, /* of a rhythm */
	RESPONSE = SOUND_RATE_HZ / 4,
	HEARD_MAX = 600 * SOUND_RATE_HZ,
};

#define ALIKE 0.6
#define ALIKE_ABOVE_OTHERS 0.2

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "check_array: %s\n", what);
	exit(1);
}

static float *zeros(size_t count)
{
	float *samples = calloc(count, sizeof(*samples));

	if (!samples)
		fail("no memory");
	return samples;
}

static void render(double degrees, float **channels, unsigned int *ret_count)
{
	const struct room_sim room = {.size = {4, 5, 2.7}, .rt60_s = 0.2};
	const struct room_sim_point middle = {2, 2.5, 0.75};
	const double angle = degrees * M_PI / 180;
	const struct room_sim_point person = {middle.x + 1.3 * cos(angle),
					      middle.y + 1.3 * sin(angle), 1.15};
	float *voice = voices_load(VOICE_READER, FRAMES, 0.5);
	float *response = zeros(RESPONSE);
	struct geometry geometry;
	char fault[160];

	if (geometry_parse("circle 8 45", &geometry, fault, sizeof(fault)) < 0)
		fail(fault);
	for (unsigned int c = 0; c < geometry.count; c++) {
		struct room_sim_point at = {middle.x + geometry.at[c].x,
					    middle.y + geometry.at[c].y,
					    middle.z + geometry.at[c].z};

		channels[c] = zeros(FRAMES);
		room_sim_response(&room, person, at, response, RESPONSE);
		room_sim_convolve(voice, FRAMES, response, RESPONSE, 1, channels[c]);
	}
	*ret_count = geometry.count;
	free(response);
	free(voice);
}

static void write_samples(const char *path, float *const *channels, unsigned int count)
{
	FILE *file = fopen(path, "wbe");

	if (!file)
		fail(path);
	for (size_t i = 0; i < FRAMES; i++) {
		for (unsigned int c = 0; c < count; c++) {
			int16_t sample =
				(int16_t)lrintf(32767 * fmaxf(-1, fminf(1, channels[c][i])));

			fwrite(&sample, sizeof(sample), 1, file);
		}
	}
	if (fclose(file) != 0)
		fail(path);
}

static size_t read_heard(const char *path, long skip, float *samples)
{
	FILE *file = fopen(path, "rbe");
	size_t count = 0;
	int16_t sample;

	if (!file || fseek(file, skip, SEEK_SET) != 0)
		fail(path);
	while (count < HEARD_MAX && fread(&sample, sizeof(sample), 1, file) == 1)
		samples[count++] = (float)sample / 32768;
	fclose(file);
	return count;
}

/* The level of each period. */
static size_t take_rhythm(const float *samples, size_t count, double *steps)
{
	size_t periods = count / SOUND_PERIOD_FRAMES;

	for (size_t p = 0; p < periods; p++) {
		double sum = 0;

		for (size_t i = 0; i < SOUND_PERIOD_FRAMES; i++) {
			double sample = samples[p * SOUND_PERIOD_FRAMES + i];

			sum += sample * sample;
		}
		steps[p] = sqrt(sum);
	}
	return periods;
}

/* -1..1 */
static double correlate(const double *a, const double *b)
{
	double mean_a = 0, mean_b = 0, ab = 0, aa = 1e-12, bb = 1e-12;

	for (int i = 0; i < STEPS; i++) {
		mean_a += a[i] / STEPS;
		mean_b += b[i] / STEPS;
	}
	for (int i = 0; i < STEPS; i++) {
		ab += (a[i] - mean_a) * (b[i] - mean_b);
		aa += (a[i] - mean_a) * (a[i] - mean_a);
		bb += (b[i] - mean_b) * (b[i] - mean_b);
	}
	return ab / sqrt(aa * bb);
}

/* Of that voice, wherever in the sound it begins. */
static double likeness(enum voice voice, const double *heard, size_t count)
{
	float *samples = voices_load(voice, FRAMES, 0.5);
	double said[STEPS], best = -1;

	take_rhythm(samples, FRAMES, said);
	for (size_t at = 0; at + STEPS <= count; at++)
		best = fmax(best, correlate(said, heard + at));
	free(samples);
	return best;
}

static bool hears_words(const char *path, long skip)
{
	float *samples = zeros(HEARD_MAX);
	double *heard = calloc(HEARD_MAX / SOUND_PERIOD_FRAMES, sizeof(*heard));
	double like, unlike;
	size_t count;

	if (!heard)
		fail("no memory");
	count = take_rhythm(samples, read_heard(path, skip, samples), heard);
	like = likeness(VOICE_READER, heard, count);
	unlike = likeness(VOICE_PROMPT, heard, count);
	free(heard);
	free(samples);
	printf("in %zu ms: %.2f of the words, %.2f of others\n", count * 10, like, unlike);
	return like >= ALIKE && like >= unlike + ALIKE_ABOVE_OTHERS;
}

int main(int argc, char **argv)
{
	const char *what = argc == 4 ? argv[1] : "";
	float *channels[SOUND_CHANNELS_MAX];
	unsigned int count;

	if (strcmp(what, "words") == 0)
		return hears_words(argv[2], strtol(argv[3], NULL, 10)) ? 0 : 1;
	if (strcmp(what, "render") != 0) {
		fprintf(stderr, "check_array render|words …: see check_array.c\n");
		return 2;
	}
	render(strtod(argv[2], NULL), channels, &count);
	write_samples(argv[3], channels, count);
	for (unsigned int c = 0; c < count; c++)
		free(channels[c]);
	return 0;
}
