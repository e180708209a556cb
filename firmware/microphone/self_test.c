#include "microphone/self_test.h"

#include <errno.h>
#include <libavutil/mem.h>
#include <libavutil/tx.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "microphone/self_test_places.h"

enum {
	TRANSFORM = 1 << 16, /* more than SELF_TEST_FRAMES */
	BINS = TRANSFORM / 2 + 1,
	SWEEP_FRAMES = 40 * SOUND_PERIOD_FRAMES,
	FADE_FRAMES = SOUND_PERIOD_FRAMES,
	CLIPPED_FRAMES = 8, /* at full scale, that are no chance */
};

#define SWEEP_FIRST_HZ 150.0
#define SWEEP_LAST_HZ 8000.0
#define SWEEP_PEAK 0.1
/* Of the sweep's loudest bin, below which a bin is left out. */
#define BIN_LEAST 1e-3f
#define FULL_SCALE 0.999f
/* Of a response's peak over its mean, in power: noise alone has 22 of 65536 samples. */
#define HEARD_LEAST 100.0f
/* Of the peaks' median, in power: 20 dB. */
#define SOFT 0.01f
/* Of the peak: where the direct sound begins. */
#define DIRECT 0.5f

struct analysis {
	const struct self_test_heard *heard;
	AVTXContext *forward, *backward;
	av_tx_fn forward_fn, backward_fn;
	float *time;
	AVComplexFloat *sweep;
	AVComplexFloat *bins;
	float (*responses)[TRANSFORM];  /* of each microphone to one loudspeaker */
	float peak[SOUND_CHANNELS_MAX]; /* their power */
	bool hears[SOUND_CHANNELS_MAX];
	uint32_t heard_any; /* microphones that heard a loudspeaker */
	uint32_t soft;
	struct self_test_places places;
};

static float sweep_frame(unsigned int i)
{
	const double length_s = (double)SWEEP_FRAMES / SOUND_RATE_HZ;
	const double rise_s = length_s / log(SWEEP_LAST_HZ / SWEEP_FIRST_HZ);
	double fade = fmin(1, fmin(i, SWEEP_FRAMES - i) / (double)FADE_FRAMES);
	double turns = SWEEP_FIRST_HZ * rise_s * (exp(i / (rise_s * SOUND_RATE_HZ)) - 1);

	return (float)(SWEEP_PEAK * fade * sin(2 * M_PI * turns));
}

void self_test_play(unsigned int period, float *samples)
{
	for (unsigned int i = 0; i < SOUND_PERIOD_FRAMES; i++) {
		unsigned int at = period * SOUND_PERIOD_FRAMES + i;

		samples[i] = at < SWEEP_FRAMES ? sweep_frame(at) : 0;
	}
}

static void transform(struct analysis *a, const float *samples, AVComplexFloat *ret_bins)
{
	memcpy(a->time, samples, SELF_TEST_FRAMES * sizeof(*samples));
	memset(a->time + SELF_TEST_FRAMES, 0, (TRANSFORM - SELF_TEST_FRAMES) * sizeof(*samples));
	a->forward_fn(a->forward, ret_bins, a->time, sizeof(float));
}

static int begin(struct analysis *a)
{
	const float one = 1, scale = 1.0f / TRANSFORM;

	a->time = av_calloc(TRANSFORM + 2, sizeof(*a->time));
	a->sweep = av_calloc(BINS, sizeof(*a->sweep));
	a->bins = av_calloc(BINS, sizeof(*a->bins));
	a->responses = calloc(a->heard->microphones, sizeof(*a->responses));
	if (!a->time || !a->sweep || !a->bins || !a->responses ||
	    av_tx_init(&a->forward, &a->forward_fn, AV_TX_FLOAT_RDFT, 0, TRANSFORM, &one, 0) < 0 ||
	    av_tx_init(&a->backward, &a->backward_fn, AV_TX_FLOAT_RDFT, 1, TRANSFORM, &scale, 0) <
		    0)
		return -ENOMEM;
	for (unsigned int p = 0; p < SELF_TEST_PERIODS; p++)
		self_test_play(p, a->responses[0] + (size_t)p * SOUND_PERIOD_FRAMES);
	transform(a, a->responses[0], a->sweep);
	return 0;
}

static void end(struct analysis *a)
{
	av_tx_uninit(&a->forward);
	av_tx_uninit(&a->backward);
	av_freep(&a->time);
	av_freep(&a->sweep);
	av_freep(&a->bins);
	free(a->responses);
}

static float square(AVComplexFloat bin)
{
	return bin.re * bin.re + bin.im * bin.im;
}

/* The recording over the sweep, where the sweep has something. */
static void find_response(struct analysis *a, const float *recording, float *response)
{
	float most = 0;

	transform(a, recording, a->bins);
	for (int k = 0; k < BINS; k++)
		most = fmaxf(most, square(a->sweep[k]));
	for (int k = 0; k < BINS; k++) {
		AVComplexFloat y = a->bins[k], x = a->sweep[k];
		float power = square(x) + BIN_LEAST * most;

		a->bins[k].re = (y.re * x.re + y.im * x.im) / power;
		a->bins[k].im = (y.im * x.re - y.re * x.im) / power;
	}
	a->backward_fn(a->backward, a->time, a->bins, sizeof(AVComplexFloat));
	memcpy(response, a->time, TRANSFORM * sizeof(*response));
}

/* Notes the response's peak, and whether it stands out of noise. */
static void judge_response(struct analysis *a, unsigned int m)
{
	const float *response = a->responses[m];
	float sum = 0;

	a->peak[m] = 0;
	for (int i = 0; i < TRANSFORM; i++) {
		sum += response[i] * response[i];
		a->peak[m] = fmaxf(a->peak[m], response[i] * response[i]);
	}
	a->hears[m] = a->peak[m] > HEARD_LEAST * sum / TRANSFORM;
	a->heard_any |= (uint32_t)a->hears[m] << m;
}

static int compare_floats(const void *a, const void *b)
{
	const float *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

/* Microphones far softer than the others. */
static void judge_levels(struct analysis *a)
{
	float sorted[SOUND_CHANNELS_MAX] = {0};
	unsigned int count = 0;

	for (unsigned int m = 0; m < a->heard->microphones; m++)
		if (a->hears[m])
			sorted[count++] = a->peak[m];
	qsort(sorted, count, sizeof(*sorted), compare_floats);
	for (unsigned int m = 0; m < a->heard->microphones; m++)
		if (a->hears[m] && a->peak[m] < SOFT * sorted[count / 2])
			a->soft |= 1u << m;
}

/* The first place where the loudest response of all comes near its peak: the direct sound. */
static int find_direct(const struct analysis *a)
{
	unsigned int loudest = 0;

	for (unsigned int m = 1; m < a->heard->microphones; m++)
		if (a->peak[m] > a->peak[loudest])
			loudest = m;
	for (int i = 0; i < TRANSFORM; i++)
		if (fabsf(a->responses[loudest][i]) > DIRECT * sqrtf(a->peak[loudest]))
			return i;
	return 0;
}

/* Where the response is largest near `direct`, between frames by the parabola through three. */
static double find_arrival(const float *response, int direct, int reach)
{
	int best = direct;
	double before, here, after;

	for (int i = direct - reach; i <= direct + reach; i++)
		if (i > 0 && i < TRANSFORM - 1 && fabsf(response[i]) > fabsf(response[best]))
			best = i;
	if (best < 1 || best > TRANSFORM - 2)
		return best;
	before = fabsf(response[best - 1]);
	here = fabsf(response[best]);
	after = fabsf(response[best + 1]);
	return best + 0.5 * (before - after) / (before - 2 * here + after - 1e-30);
}

static void note_arrivals(struct analysis *a)
{
	const struct geometry *geometry = &a->heard->geometry;
	struct self_test_arrivals *arrivals = &a->places.loudspeakers[a->places.count];
	const double mm_per_frame = 1000 * GEOMETRY_SOUND_M_S / SOUND_RATE_HZ;
	int direct = find_direct(a);
	int reach = (int)(self_test_places_span_mm(geometry) / mm_per_frame) + 4;

	arrivals->known = 0;
	for (unsigned int m = 0; m < a->heard->microphones; m++) {
		if (!a->hears[m])
			continue;
		arrivals->known |= 1u << m;
		arrivals->mm[m] =
			(find_arrival(a->responses[m], direct, reach) - direct) * mm_per_frame;
	}
	a->places.count++;
}

static void listen(struct analysis *a, unsigned int loudspeaker, struct self_test_result *result)
{
	const struct self_test_heard *heard = a->heard;
	bool any = false;

	for (unsigned int m = 0; m < heard->microphones; m++) {
		find_response(a,
			      heard->recordings +
				      (loudspeaker * heard->microphones + m) * SELF_TEST_FRAMES,
			      a->responses[m]);
		judge_response(a, m);
		any |= a->hears[m];
	}
	if (!any) {
		result->quiet_loudspeakers |= 1u << loudspeaker;
		return;
	}
	judge_levels(a);
	if (heard->geometry.count == heard->microphones)
		note_arrivals(a);
}

/* What needs no response: nothing at all, or full scale. */
static void look_at_samples(const struct self_test_heard *heard, unsigned int m,
			    struct self_test_result *result)
{
	unsigned int full = 0;
	bool silent = true;

	for (unsigned int l = 0; l < heard->loudspeakers; l++) {
		const float *recording =
			heard->recordings + (l * heard->microphones + m) * SELF_TEST_FRAMES;

		for (size_t i = 0; i < SELF_TEST_FRAMES; i++) {
			silent &= recording[i] == 0;
			full += fabsf(recording[i]) >= FULL_SCALE;
		}
	}
	result->silent |= (uint32_t)silent << m;
	result->clipped |= (uint32_t)(full >= CLIPPED_FRAMES) << m;
}

int self_test_analyse(const struct self_test_heard *heard, struct self_test_result *ret_result)
{
	struct self_test_result result = {0};
	struct analysis a = {.heard = heard};
	int r = begin(&a);

	for (unsigned int m = 0; m < heard->microphones; m++)
		look_at_samples(heard, m, &result);
	for (unsigned int l = 0; l < heard->loudspeakers && r == 0; l++)
		listen(&a, l, &result);
	if (r == 0) {
		uint32_t all = (1u << heard->microphones) - 1;

		if (a.heard_any)
			result.deaf = ((all & ~a.heard_any) | a.soft) & ~result.silent;
		self_test_places_judge(&heard->geometry, &a.places, &result);
		*ret_result = result;
	}
	end(&a);
	return r;
}
