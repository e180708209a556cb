#include "microphone/echo_delay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "microphone/spectrum.h"

enum {
	PERIOD_MS = 10,
	LAGS_MAX = ECHO_DELAY_MAX_MS / PERIOD_MS, /* that are followed */
	LAGS = LAGS_MAX * 3 / 2,
	BIN_FIRST = 400 / SPECTRUM_BIN_HZ,
	BIN_STEP = 2,
	BINS = 32,         /* up to 3.5 kHz */
	WITHIN = 20,       /* lags of the filter that an echo may be in */
	BEFORE = 2,        /* lags that are left before one that is moved there */
	SURE_PERIODS = 30, /* in a row with the same highest lag */
};

#define FAR_LEAST 1e-7f /* mean square of a reference that is looked at */
#define KEPT 0.985f     /* of the spectra, a period of far voice: 0.7 s */
#define COHERENT 0.15f  /* of 1, for an echo */

struct echo_delay {
	struct spectrum spectrum;
	float past_reference[SOUND_PERIOD_FRAMES];
	float past_heard[SOUND_PERIOD_FRAMES];
	float ring[LAGS][SOUND_PERIOD_FRAMES]; /* of the reference; the newest is at `newest` */
	AVComplexFloat spectra[LAGS][BINS];
	float reference_power[LAGS][BINS];
	int newest;
	AVComplexFloat cross[LAGS][BINS]; /* of the reference so long ago, and what is heard */
	float heard_power[BINS];
	int highest, sure; /* lag, and periods that it has been so */
	int delay;         /* lags */
	bool beyond;
};

int echo_delay_create(struct echo_delay **ret_delay)
{
	struct echo_delay *delay = calloc(1, sizeof(*delay));

	if (!delay)
		return -ENOMEM;
	if (spectrum_init(&delay->spectrum) < 0) {
		echo_delay_destroy(delay);
		return -ENOMEM;
	}
	*ret_delay = delay;
	return 0;
}

void echo_delay_destroy(struct echo_delay *delay)
{
	if (!delay)
		return;
	spectrum_finish(&delay->spectrum);
	free(delay);
}

void echo_delay_reset(struct echo_delay *delay)
{
	struct spectrum spectrum = delay->spectrum;

	memset(delay, 0, sizeof(*delay));
	delay->spectrum = spectrum;
}

static int at(const struct echo_delay *delay, int lag)
{
	return (delay->newest + lag) % LAGS;
}

static void transform(struct echo_delay *delay, float *past, const float *samples,
		      AVComplexFloat *ret_bins)
{
	float *time = delay->spectrum.time;

	memcpy(time, past, SOUND_PERIOD_FRAMES * sizeof(*time));
	memcpy(time + SOUND_PERIOD_FRAMES, samples, SOUND_PERIOD_FRAMES * sizeof(*time));
	memcpy(past, samples, SOUND_PERIOD_FRAMES * sizeof(*time));
	spectrum_forward(&delay->spectrum);
	for (int k = 0; k < BINS; k++)
		ret_bins[k] = delay->spectrum.bins[BIN_FIRST + k * BIN_STEP];
}

static float square(AVComplexFloat bin)
{
	return bin.re * bin.re + bin.im * bin.im;
}

static void keep(float *mean, float now)
{
	*mean = KEPT * *mean + (1 - KEPT) * now;
}

static bool is_far(const struct echo_delay *delay, int lag)
{
	const float *reference = delay->ring[at(delay, lag)];
	float sum = 0;

	for (int i = 0; i < SOUND_PERIOD_FRAMES; i++)
		sum += reference[i] * reference[i];
	return sum > FAR_LEAST * SOUND_PERIOD_FRAMES;
}

static void correlate(struct echo_delay *delay, const AVComplexFloat *heard)
{
	for (int k = 0; k < BINS; k++)
		keep(&delay->heard_power[k], square(heard[k]));
	for (int lag = 0; lag < LAGS; lag++) {
		const AVComplexFloat *x = delay->spectra[at(delay, lag)];
		AVComplexFloat *cross = delay->cross[lag];

		for (int k = 0; k < BINS; k++) {
			keep(&delay->reference_power[lag][k], square(x[k]));
			keep(&cross[k].re, heard[k].re * x[k].re + heard[k].im * x[k].im);
			keep(&cross[k].im, heard[k].im * x[k].re - heard[k].re * x[k].im);
		}
	}
}

static float coherence(const struct echo_delay *delay, int lag)
{
	float sum = 0;

	for (int k = 0; k < BINS; k++)
		sum += square(delay->cross[lag][k]) /
		       (delay->reference_power[lag][k] * delay->heard_power[k] + 1e-20f);
	return sum / BINS;
}

static void find_highest(struct echo_delay *delay)
{
	float most = COHERENT;
	int highest = -1;

	for (int lag = 0; lag < LAGS; lag++) {
		float now = coherence(delay, lag);

		if (now <= most)
			continue;
		most = now;
		highest = lag;
	}
	delay->sure = highest >= 0 && abs(highest - delay->highest) <= 1 ? delay->sure + 1 : 0;
	delay->highest = highest;
}

/* Returns whether the delay becomes another. */
static bool follow(struct echo_delay *delay)
{
	int before = delay->delay;

	if (delay->sure < SURE_PERIODS)
		return false;
	delay->beyond = delay->highest > LAGS_MAX;
	if (delay->beyond || (delay->highest >= before && delay->highest <= before + WITHIN))
		return false;
	delay->delay = delay->highest > BEFORE ? delay->highest - BEFORE : 0;
	return delay->delay != before;
}

bool echo_delay_process(struct echo_delay *delay, const float *heard, float *reference)
{
	AVComplexFloat bins[BINS];
	bool moves = false;

	delay->newest = (delay->newest + LAGS - 1) % LAGS;
	memcpy(delay->ring[delay->newest], reference, sizeof(delay->ring[0]));
	transform(delay, delay->past_reference, reference, delay->spectra[delay->newest]);
	transform(delay, delay->past_heard, heard, bins);
	if (is_far(delay, 0) || is_far(delay, delay->delay)) {
		correlate(delay, bins);
		find_highest(delay);
		moves = follow(delay);
	}
	memcpy(reference, delay->ring[at(delay, delay->delay)], sizeof(delay->ring[0]));
	return moves;
}

unsigned int echo_delay_ms(const struct echo_delay *delay)
{
	return (unsigned int)delay->delay * PERIOD_MS;
}

bool echo_delay_is_beyond(const struct echo_delay *delay)
{
	return delay->beyond;
}
