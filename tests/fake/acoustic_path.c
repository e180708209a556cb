#include "tests/fake/acoustic_path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "microphone/spectrum.h"

struct acoustic_path {
	struct spectrum spectrum;
	size_t partitions; /* of a period each */
	size_t newest;
	AVComplexFloat (*response)[SPECTRUM_BINS];
	AVComplexFloat (*heard)[SPECTRUM_BINS]; /* a ring */
	float past[SOUND_PERIOD_FRAMES];
};

static void *must(void *memory)
{
	if (memory)
		return memory;
	fputs("no memory for an acoustic path\n", stderr);
	exit(EXIT_FAILURE);
}

struct acoustic_path *acoustic_path_create(const struct room_sim *room, struct room_sim_point from,
					   struct room_sim_point to, double length_s, float gain)
{
	struct acoustic_path *path = must(calloc(1, sizeof(*path)));
	float *response;

	path->partitions = (size_t)(length_s * SOUND_RATE_HZ) / SOUND_PERIOD_FRAMES + 1;
	path->response = must(calloc(path->partitions, sizeof(*path->response)));
	path->heard = must(calloc(path->partitions, sizeof(*path->heard)));
	if (spectrum_init(&path->spectrum) < 0)
		must(NULL);
	response = must(calloc(path->partitions, SOUND_PERIOD_FRAMES * sizeof(*response)));
	room_sim_response(room, from, to, response, path->partitions * SOUND_PERIOD_FRAMES);
	for (size_t p = 0; p < path->partitions; p++) {
		memset(path->spectrum.time, 0, (size_t)SPECTRUM_FRAMES * sizeof(float));
		for (size_t i = 0; i < SOUND_PERIOD_FRAMES; i++)
			path->spectrum.time[i] = gain * response[p * SOUND_PERIOD_FRAMES + i];
		spectrum_forward(&path->spectrum);
		memcpy(path->response[p], path->spectrum.bins, sizeof(path->response[p]));
	}
	free(response);
	return path;
}

void acoustic_path_destroy(struct acoustic_path *path)
{
	if (!path)
		return;
	spectrum_finish(&path->spectrum);
	free(path->heard);
	free(path->response);
	free(path);
}

void acoustic_path_run(struct acoustic_path *path, const float *in, float *out)
{
	struct spectrum *spectrum = &path->spectrum;

	memcpy(spectrum->time, path->past, sizeof(path->past));
	memcpy(spectrum->time + SOUND_PERIOD_FRAMES, in, sizeof(path->past));
	memcpy(path->past, in, sizeof(path->past));
	spectrum_forward(spectrum);
	path->newest = (path->newest + path->partitions - 1) % path->partitions;
	memcpy(path->heard[path->newest], spectrum->bins, sizeof(path->heard[0]));
	memset(spectrum->bins, 0, SPECTRUM_BINS * sizeof(spectrum->bins[0]));
	for (size_t p = 0; p < path->partitions; p++) {
		const AVComplexFloat *x = path->heard[(path->newest + p) % path->partitions];
		const AVComplexFloat *h = path->response[p];

		for (int k = 0; k < SPECTRUM_BINS; k++) {
			spectrum->bins[k].re += x[k].re * h[k].re - x[k].im * h[k].im;
			spectrum->bins[k].im += x[k].re * h[k].im + x[k].im * h[k].re;
		}
	}
	spectrum_backward(spectrum);
	for (int i = 0; i < SOUND_PERIOD_FRAMES; i++)
		out[i] += spectrum->time[SOUND_PERIOD_FRAMES + i];
}
