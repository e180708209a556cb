#include "microphone/echo_filter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "microphone/spectrum.h"

enum {
	PARTITIONS = ECHO_FILTER_MS / 10,
	BINS = 8000 / SPECTRUM_BIN_HZ + 1, /* no echo is taken from above: nothing to learn by */
	CONSTRAINED = 2, /* partitions whose gradient is constrained in each period, in turn */
};

/* How much of the path stays as it is from one period to the next. */
#define PATH_KEPT 0.9997f
/* Of the first partition's power, before anything is known; the later ones decay by RT60 0.85 s. */
#define UNCERTAIN 0.03f
#define UNCERTAIN_DECAY 0.85f
#define NOISE_KEPT 0.88f
#define NOISE_FLOOR 1e-6f

/*
 *   reference ─► X (a ring of spectra) ─► sum of X · W ─► echo ─► samples - echo ─► error
 *                                              ▲                                    │
 *                                              └── gain = P X* / (P |X|² + noise) ◄─┘
 */
struct echo_filter {
	struct spectrum spectrum;
	float past[SOUND_PERIOD_FRAMES]; /* of the reference */
	int newest;                      /* partition 0 of `reference` */
	int constrain;                   /* partition that is next */
	AVComplexFloat reference[PARTITIONS][BINS];
	AVComplexFloat path[PARTITIONS][BINS];
	float uncertainty[PARTITIONS][BINS];
	float noise[BINS];
	float scale[BINS]; /* 1 / (expected power of the error) */
	AVComplexFloat error[BINS];
};

int echo_filter_create(struct echo_filter **ret_filter)
{
	struct echo_filter *filter = calloc(1, sizeof(*filter));

	if (!filter)
		return -ENOMEM;
	if (spectrum_init(&filter->spectrum) < 0) {
		echo_filter_destroy(filter);
		return -ENOMEM;
	}
	echo_filter_reset(filter);
	*ret_filter = filter;
	return 0;
}

void echo_filter_destroy(struct echo_filter *filter)
{
	if (!filter)
		return;
	spectrum_finish(&filter->spectrum);
	free(filter);
}

void echo_filter_reset(struct echo_filter *filter)
{
	float power = UNCERTAIN;

	memset(filter->path, 0, sizeof(filter->path));
	for (int p = 0; p < PARTITIONS; p++) {
		for (int k = 0; k < BINS; k++)
			filter->uncertainty[p][k] = power;
		power *= UNCERTAIN_DECAY;
	}
	for (int k = 0; k < BINS; k++)
		filter->noise[k] = NOISE_FLOOR;
}

static int partition(const struct echo_filter *filter, int age)
{
	return (filter->newest + age) % PARTITIONS;
}

static void take_reference(struct echo_filter *filter, const float *reference)
{
	float *time = filter->spectrum.time;

	memcpy(time, filter->past, sizeof(filter->past));
	memcpy(time + SOUND_PERIOD_FRAMES, reference, sizeof(filter->past));
	memcpy(filter->past, reference, sizeof(filter->past));
	spectrum_forward(&filter->spectrum);
	filter->newest = (filter->newest + PARTITIONS - 1) % PARTITIONS;
	memcpy(filter->reference[filter->newest], filter->spectrum.bins,
	       sizeof(filter->reference[0]));
}

/* The echo is in the second half of time afterwards. */
static void predict(struct echo_filter *filter)
{
	AVComplexFloat *sum = filter->spectrum.bins;

	memset(sum, 0, SPECTRUM_BINS * sizeof(*sum));
	for (int p = 0; p < PARTITIONS; p++) {
		const AVComplexFloat *x = filter->reference[partition(filter, p)];
		const AVComplexFloat *w = filter->path[p];

		for (int k = 0; k < BINS; k++) {
			sum[k].re += x[k].re * w[k].re - x[k].im * w[k].im;
			sum[k].im += x[k].re * w[k].im + x[k].im * w[k].re;
		}
	}
	spectrum_backward(&filter->spectrum);
}

static void transform_error(struct echo_filter *filter, const float *samples)
{
	memset(filter->spectrum.time, 0, SOUND_PERIOD_FRAMES * sizeof(float));
	memcpy(filter->spectrum.time + SOUND_PERIOD_FRAMES, samples,
	       SOUND_PERIOD_FRAMES * sizeof(float));
	spectrum_forward(&filter->spectrum);
	memcpy(filter->error, filter->spectrum.bins, sizeof(filter->error));
}

/* What the error is expected to be: noise, and what the path may be off by. */
static void expect_error(struct echo_filter *filter)
{
	for (int k = 0; k < BINS; k++) {
		AVComplexFloat e = filter->error[k];

		filter->noise[k] = NOISE_KEPT * filter->noise[k] +
				   (1 - NOISE_KEPT) * (e.re * e.re + e.im * e.im);
		filter->scale[k] = filter->noise[k] + NOISE_FLOOR;
	}
	for (int p = 0; p < PARTITIONS; p++) {
		const AVComplexFloat *x = filter->reference[partition(filter, p)];
		const float *uncertainty = filter->uncertainty[p];

		for (int k = 0; k < BINS; k++)
			filter->scale[k] +=
				0.5f * uncertainty[k] * (x[k].re * x[k].re + x[k].im * x[k].im);
	}
	for (int k = 0; k < BINS; k++)
		filter->scale[k] = 1 / filter->scale[k];
}

static void adapt(struct echo_filter *filter)
{
	const AVComplexFloat *e = filter->error;

	for (int p = 0; p < PARTITIONS; p++) {
		const AVComplexFloat *x = filter->reference[partition(filter, p)];
		float *uncertainty = filter->uncertainty[p];
		AVComplexFloat *w = filter->path[p];

		for (int k = 0; k < BINS; k++) {
			float gain = uncertainty[k] * filter->scale[k];
			float x2 = x[k].re * x[k].re + x[k].im * x[k].im;

			w[k].re += gain * (x[k].re * e[k].re + x[k].im * e[k].im);
			w[k].im += gain * (x[k].re * e[k].im - x[k].im * e[k].re);
			uncertainty[k] =
				PATH_KEPT * PATH_KEPT * (1 - 0.5f * gain * x2) * uncertainty[k] +
				(1 - PATH_KEPT * PATH_KEPT) *
					(w[k].re * w[k].re + w[k].im * w[k].im);
		}
	}
}

/* A partition is one period long: what circular convolution put behind it is taken out. */
static void constrain(struct echo_filter *filter)
{
	for (int i = 0; i < CONSTRAINED; i++) {
		AVComplexFloat *w = filter->path[filter->constrain];

		memset(filter->spectrum.bins + BINS, 0,
		       (SPECTRUM_BINS - BINS) * sizeof(filter->spectrum.bins[0]));
		memcpy(filter->spectrum.bins, w, sizeof(filter->path[0]));
		spectrum_backward(&filter->spectrum);
		memset(filter->spectrum.time + SOUND_PERIOD_FRAMES, 0,
		       SOUND_PERIOD_FRAMES * sizeof(float));
		spectrum_forward(&filter->spectrum);
		memcpy(w, filter->spectrum.bins, sizeof(filter->path[0]));
		filter->constrain = (filter->constrain + 1) % PARTITIONS;
	}
}

void echo_filter_process(struct echo_filter *filter, const float *reference, float *samples)
{
	const float *echo = filter->spectrum.time + SOUND_PERIOD_FRAMES;

	take_reference(filter, reference);
	predict(filter);
	for (int i = 0; i < SOUND_PERIOD_FRAMES; i++)
		samples[i] -= echo[i];
	transform_error(filter, samples);
	expect_error(filter);
	adapt(filter);
	constrain(filter);
}
