#include "microphone/beam.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	SETTLE_PERIODS = 10,  /* between two changes of the filters */
	HOLD_PERIODS = 150,   /* that a silent talker is held beside the one who speaks */
	JUDGE_PERIODS = 100,  /* over which microphones are compared */
	BROKEN_JUDGEMENTS = 2 /* in a row */
};

/* A beam is wider than this: it is not worth a change. */
#define TURN_DEG 3.0f
/* Of power, against the median of the microphones: 20 dB. */
#define BROKEN_RATIO 100.0f

struct beam {
	struct geometry geometry;
	struct beam_design *design;
	struct doa *doa;
	struct spectrum spectrum;

	AVComplexFloat (*spectra)[SPECTRUM_BINS]; /* of the microphones, this period */
	AVComplexFloat (*filters)[SPECTRUM_BINS];
	AVComplexFloat (*last_filters)[SPECTRUM_BINS]; /* of the period before */
	bool fades;                                    /* from last_filters */
	struct beam_side past;

	struct beam_look looks[DOA_TALKERS_MAX]; /* that the filters are for */
	unsigned int look_count;
	bool held;
	unsigned int settled; /* periods */

	float power[SOUND_CHANNELS_MAX]; /* since the last judgement */
	unsigned int judged_periods;
	unsigned int bad_judgements[SOUND_CHANNELS_MAX];
	uint32_t broken;
	bool designing;
};

static const struct beam_look FRONT = {.azimuth_deg = 90, .elevation_deg = 10};

static void make_filters(struct beam *beam)
{
	AVComplexFloat(*swap)[SPECTRUM_BINS] = beam->last_filters;

	beam->last_filters = beam->filters;
	beam->filters = swap;
	beam_design_filters(beam->design, beam->looks, beam->look_count, beam->filters);
	beam->fades = true;
	beam->settled = 0;
}

static int allocate(struct beam *beam)
{
	size_t count = beam->geometry.count;

	beam->spectra = calloc(count, sizeof(*beam->spectra));
	beam->filters = calloc(count, sizeof(*beam->filters));
	beam->last_filters = calloc(count, sizeof(*beam->last_filters));
	return beam->spectra && beam->filters && beam->last_filters ? 0 : -ENOMEM;
}

int beam_create(const struct geometry *geometry, enum beam_kind kind, struct beam **ret_beam)
{
	struct beam *beam = calloc(1, sizeof(*beam));
	int r;

	if (!beam)
		return -ENOMEM;
	beam->geometry = *geometry;
	r = allocate(beam);
	if (r == 0)
		r = spectrum_init(&beam->spectrum);
	if (r == 0)
		r = beam_design_create(geometry, kind, &beam->design);
	if (r == 0)
		r = doa_create(geometry, &beam->doa);
	if (r < 0) {
		beam_destroy(beam);
		return r;
	}
	beam_reset(beam);
	*ret_beam = beam;
	return 0;
}

void beam_destroy(struct beam *beam)
{
	if (!beam)
		return;
	doa_destroy(beam->doa);
	beam_design_destroy(beam->design);
	spectrum_finish(&beam->spectrum);
	free(beam->last_filters);
	free(beam->filters);
	free(beam->spectra);
	free(beam);
}

static uint32_t whole(const struct beam *beam)
{
	return ((1u << beam->geometry.count) - 1) & ~beam->broken;
}

void beam_reset(struct beam *beam)
{
	memset(&beam->past, 0, sizeof(beam->past));
	memset(beam->power, 0, sizeof(beam->power));
	memset(beam->bad_judgements, 0, sizeof(beam->bad_judgements));
	doa_reset(beam->doa);
	if (beam->broken) {
		beam->broken = 0;
		beam_design_begin(beam->design, whole(beam));
		beam->designing = true;
	}
	beam->judged_periods = 0;
	beam->held = false;
	beam->looks[0] = FRONT;
	beam->look_count = 1;
	make_filters(beam);
	beam->fades = false;
}

/* Which microphones are dead, or so loud that they are broken: far from the median. */
static uint32_t judge(struct beam *beam)
{
	unsigned int count = beam->geometry.count;
	uint32_t broken = 0;
	float median = 0;

	for (unsigned int m = 0; m < count; m++) {
		unsigned int louder = 0, softer = 0;

		for (unsigned int n = 0; n < count; n++) {
			louder += beam->power[n] > beam->power[m];
			softer += beam->power[n] < beam->power[m];
		}
		if (louder <= count / 2 && softer <= count / 2)
			median = beam->power[m];
	}
	for (unsigned int m = 0; m < count; m++) {
		bool bad = beam->power[m] * BROKEN_RATIO < median ||
			   beam->power[m] > BROKEN_RATIO * median;

		beam->bad_judgements[m] = bad ? beam->bad_judgements[m] + 1 : 0;
		if (beam->bad_judgements[m] >= BROKEN_JUDGEMENTS)
			broken |= 1u << m;
	}
	return broken;
}

static void watch_microphones(struct beam *beam, float *const *microphones)
{
	uint32_t broken;

	for (unsigned int m = 0; m < beam->geometry.count; m++)
		for (int i = 0; i < SOUND_PERIOD_FRAMES; i++)
			beam->power[m] += microphones[m][i] * microphones[m][i];
	if (++beam->judged_periods < JUDGE_PERIODS)
		return;
	broken = judge(beam);
	beam->judged_periods = 0;
	memset(beam->power, 0, sizeof(beam->power));
	if (broken == beam->broken || __builtin_popcount(broken) + 1 >= (int)beam->geometry.count)
		return;
	beam->broken = broken;
	beam_design_begin(beam->design, whole(beam));
	beam->designing = true;
}

/* Those to look at now: who speaks, and who spoke a moment ago. */
static unsigned int choose_looks(const struct beam *beam, struct beam_look *looks)
{
	struct doa_talker talkers[DOA_TALKERS_MAX];
	unsigned int count = doa_talkers(beam->doa, talkers), chosen = 0;

	for (unsigned int i = 0; i < count; i++)
		if (i == 0 || talkers[i].silent_periods < HOLD_PERIODS)
			looks[chosen++] = talkers[i].look;
	return chosen;
}

static bool is_same(const struct beam_look *a, const struct beam_look *b)
{
	return fabsf(remainderf(a->azimuth_deg - b->azimuth_deg, 360)) < TURN_DEG &&
	       a->elevation_deg == b->elevation_deg;
}

static bool is_new(const struct beam *beam, const struct beam_look *looks, unsigned int count)
{
	if (count != beam->look_count)
		return true;
	if (count == 1)
		return !is_same(&looks[0], &beam->looks[0]);
	/* In either order. */
	return !(is_same(&looks[0], &beam->looks[0]) && is_same(&looks[1], &beam->looks[1])) &&
	       !(is_same(&looks[0], &beam->looks[1]) && is_same(&looks[1], &beam->looks[0]));
}

static void turn(struct beam *beam)
{
	struct beam_look looks[DOA_TALKERS_MAX];
	unsigned int count = beam->held ? 0 : choose_looks(beam, looks);
	bool designed = beam->designing && beam_design_step(beam->design);

	beam->fades = false;
	if (++beam->settled < SETTLE_PERIODS && !designed)
		return;
	if (designed)
		beam->designing = false;
	if (count && is_new(beam, looks, count)) {
		memcpy(beam->looks, looks, count * sizeof(*looks));
		beam->look_count = count;
	} else if (!designed) {
		return;
	}
	make_filters(beam);
}

static void transform(struct beam *beam, struct beam_side *side, float *const *microphones)
{
	float *time = beam->spectrum.time;

	for (unsigned int m = 0; m < beam->geometry.count; m++) {
		memcpy(time, side->past[m], sizeof(side->past[m]));
		memcpy(time + SOUND_PERIOD_FRAMES, microphones[m], sizeof(side->past[m]));
		memcpy(side->past[m], microphones[m], sizeof(side->past[m]));
		spectrum_forward(&beam->spectrum);
		memcpy(beam->spectra[m], beam->spectrum.bins, sizeof(beam->spectra[m]));
	}
}

static void apply(struct beam *beam, AVComplexFloat (*const filters)[SPECTRUM_BINS], float *out)
{
	AVComplexFloat *sum = beam->spectrum.bins;

	memset(sum, 0, SPECTRUM_BINS * sizeof(*sum));
	for (unsigned int m = 0; m < beam->geometry.count; m++) {
		const AVComplexFloat *x = beam->spectra[m], *f = filters[m];

		for (int k = 0; k < SPECTRUM_BINS; k++) {
			sum[k].re += x[k].re * f[k].re - x[k].im * f[k].im;
			sum[k].im += x[k].re * f[k].im + x[k].im * f[k].re;
		}
	}
	spectrum_backward(&beam->spectrum);
	memcpy(out, beam->spectrum.time + SOUND_PERIOD_FRAMES, SOUND_PERIOD_FRAMES * sizeof(*out));
}

static void apply_faded(struct beam *beam, float *out)
{
	float before[SOUND_PERIOD_FRAMES];

	if (!beam->fades) {
		apply(beam, beam->filters, out);
		return;
	}
	apply(beam, beam->last_filters, before);
	apply(beam, beam->filters, out);
	for (int i = 0; i < SOUND_PERIOD_FRAMES; i++)
		out[i] += (before[i] - out[i]) * (float)(SOUND_PERIOD_FRAMES - i) /
			  SOUND_PERIOD_FRAMES;
}

void beam_process(struct beam *beam, float *const *microphones, bool listens, float *out)
{
	watch_microphones(beam, microphones);
	transform(beam, &beam->past, microphones);
	if (listens)
		doa_process(beam->doa, beam->spectra, whole(beam));
	turn(beam);
	apply_faded(beam, out);
}

void beam_process_side(struct beam *beam, struct beam_side *side, float *const *microphones,
		       float *out)
{
	transform(beam, side, microphones);
	apply_faded(beam, out);
}

void beam_look_at(struct beam *beam, struct beam_look look)
{
	beam->looks[0] = look;
	beam->look_count = 1;
	beam->held = true;
	make_filters(beam);
}

struct beam_status beam_get_status(const struct beam *beam)
{
	struct beam_status status = {.broken = beam->broken};

	status.talker_count = doa_talkers(beam->doa, status.talkers);
	return status;
}
