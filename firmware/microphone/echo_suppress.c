#include "microphone/echo_suppress.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "microphone/spectrum.h"

enum {
	SPREAD = 2, /* bins on each side that powers are averaged over */
	VOICE_FIRST = 400 / SPECTRUM_BIN_HZ,
	VOICE_LAST = 4000 / SPECTRUM_BIN_HZ,
};

#define POWER_KEPT 0.6f /* of powers, from one period to the next */
#define LEAK_FIRST 0.2f /* of the echo, before anything is known, and at most */
#define LEAK_LEAST 0.003f
#define LEAK_RISE 1.007f  /* a period in which there is echo: 3 dB/s */
#define LEAK_FALL 0.2f    /* of the way to a smaller one */
#define REVERB_KEPT 0.84f /* a period: RT60 0.8 s */
#define DISTORTION 0.01f  /* of the echo's mean power, that is in every bin beside its own */
#define ECHO_LEAST 1e-5f  /* of power in a bin, below which nothing is learned */
#define NOISE_RISE 1.003f /* a period: 1.3 dB/s */
#define GAIN_LEAST 0.003f
#define ALONE_GAIN 0.01f
/* What a near voice is louder than, in the mean of the bins: the least that the echo leaves, and noise. */
#define NEAR_OVER_ECHO 32.0f
#define NEAR_OVER_NOISE 8.0f
#define NEAR_PERIODS 15 /* that a near voice is held after it was heard */

/*
 *   heard, samples ─► window ─► spectra ─► echo = heard - samples ─► residue ─► gain ─► overlap-add
 */
struct echo_suppress {
	struct spectrum spectrum;
	float window[SPECTRUM_FRAMES];
	float past_heard[SOUND_PERIOD_FRAMES];
	float past_samples[SOUND_PERIOD_FRAMES];
	float overlap[SOUND_PERIOD_FRAMES];
	AVComplexFloat heard[SPECTRUM_BINS];
	AVComplexFloat left[SPECTRUM_BINS];
	float raw[SPECTRUM_BINS];
	float echo_power[SPECTRUM_BINS];
	float left_power[SPECTRUM_BINS];
	float leak[SPECTRUM_BINS]; /* left over echo, at least */
	float residue[SPECTRUM_BINS];
	float noise[SPECTRUM_BINS];
	float gain[SPECTRUM_BINS];
	int near_periods; /* that a near voice is held for */
};

int echo_suppress_create(struct echo_suppress **ret_suppress)
{
	struct echo_suppress *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	if (spectrum_init(&s->spectrum) < 0) {
		echo_suppress_destroy(s);
		return -ENOMEM;
	}
	for (int i = 0; i < SPECTRUM_FRAMES; i++)
		s->window[i] = sinf((float)M_PI * ((float)i + 0.5f) / SPECTRUM_FRAMES);
	echo_suppress_reset(s);
	*ret_suppress = s;
	return 0;
}

void echo_suppress_destroy(struct echo_suppress *suppress)
{
	if (!suppress)
		return;
	spectrum_finish(&suppress->spectrum);
	free(suppress);
}

void echo_suppress_forget_path(struct echo_suppress *suppress)
{
	for (int k = 0; k < SPECTRUM_BINS; k++)
		suppress->leak[k] = LEAK_FIRST;
}

void echo_suppress_reset(struct echo_suppress *s)
{
	memset(s->past_heard, 0, sizeof(s->past_heard));
	memset(s->past_samples, 0, sizeof(s->past_samples));
	memset(s->overlap, 0, sizeof(s->overlap));
	memset(s->echo_power, 0, sizeof(s->echo_power));
	memset(s->left_power, 0, sizeof(s->left_power));
	memset(s->residue, 0, sizeof(s->residue));
	s->near_periods = 0;
	echo_suppress_forget_path(s);
	for (int k = 0; k < SPECTRUM_BINS; k++)
		s->noise[k] = HUGE_VALF;
}

static void transform(struct echo_suppress *s, float *past, const float *samples,
		      AVComplexFloat *ret_bins)
{
	float *time = s->spectrum.time;

	for (int i = 0; i < SOUND_PERIOD_FRAMES; i++) {
		time[i] = past[i] * s->window[i];
		time[SOUND_PERIOD_FRAMES + i] = samples[i] * s->window[SOUND_PERIOD_FRAMES + i];
		past[i] = samples[i];
	}
	spectrum_forward(&s->spectrum);
	memcpy(ret_bins, s->spectrum.bins, SPECTRUM_BINS * sizeof(*ret_bins));
}

/* Adds s->raw, averaged over neighbouring bins, to the mean `power`. */
static void average(const struct echo_suppress *s, float *power)
{
	float sum = 0;

	for (int k = 0; k < SPREAD; k++)
		sum += s->raw[k];
	for (int k = 0; k < SPECTRUM_BINS; k++) {
		if (k + SPREAD < SPECTRUM_BINS)
			sum += s->raw[k + SPREAD];
		if (k > SPREAD)
			sum -= s->raw[k - SPREAD - 1];
		power[k] =
			POWER_KEPT * power[k] + (1 - POWER_KEPT) * fmaxf(sum, 0) / (2 * SPREAD + 1);
	}
}

/* A loudspeaker that distorts puts some of its loud bins into all others. */
static void spread_echo(struct echo_suppress *s)
{
	float sum = 0;

	for (int k = VOICE_FIRST; k <= VOICE_LAST; k++)
		sum += s->raw[k];
	sum *= DISTORTION / (VOICE_LAST - VOICE_FIRST + 1);
	for (int k = 0; k < SPECTRUM_BINS; k++)
		s->raw[k] += sum;
}

static void measure(struct echo_suppress *s)
{
	for (int k = 0; k < SPECTRUM_BINS; k++) {
		float re = s->heard[k].re - s->left[k].re, im = s->heard[k].im - s->left[k].im;

		s->raw[k] = re * re + im * im;
	}
	spread_echo(s);
	average(s, s->echo_power);
	for (int k = 0; k < SPECTRUM_BINS; k++)
		s->raw[k] = s->left[k].re * s->left[k].re + s->left[k].im * s->left[k].im;
	average(s, s->left_power);
}

/* What is left at least of the echo in a bin, and of the echo that still rings. */
static void learn(struct echo_suppress *s, int k)
{
	s->noise[k] = fminf(s->noise[k] * NOISE_RISE, s->left_power[k] + 1e-12f);
	if (s->echo_power[k] > ECHO_LEAST && s->echo_power[k] > 10 * s->noise[k]) {
		float now = fmaxf(s->left_power[k] / s->echo_power[k], LEAK_LEAST);

		if (now < s->leak[k])
			s->leak[k] += LEAK_FALL * (now - s->leak[k]);
		else
			s->leak[k] = fminf(s->leak[k] * LEAK_RISE, LEAK_FIRST);
	}
	s->residue[k] = fmaxf(s->leak[k] * s->echo_power[k], REVERB_KEPT * s->residue[k]);
}

/* Each bin against what is expected in it: a voice stands out in some, though the echo is louder. */
static void listen_for_near(struct echo_suppress *s)
{
	float over = 0;

	for (int k = VOICE_FIRST; k <= VOICE_LAST; k++)
		over += s->left_power[k] /
			(NEAR_OVER_ECHO * s->residue[k] + NEAR_OVER_NOISE * s->noise[k] + 1e-12f);
	if (over > VOICE_LAST - VOICE_FIRST + 1)
		s->near_periods = NEAR_PERIODS;
	else if (s->near_periods > 0)
		s->near_periods--;
}

static void set_gain(struct echo_suppress *s, int k)
{
	float left = s->left_power[k] + 1e-12f;
	float wanted = sqrtf(fmaxf(0, 1 - s->residue[k] / left));
	/* What is no louder than the noise hides in it. */
	float floor = fminf(1, sqrtf(s->noise[k] / left));

	if (s->near_periods == 0)
		wanted *= ALONE_GAIN;
	s->gain[k] = fmaxf(fmaxf(wanted, floor), GAIN_LEAST);
}

static void adjust(struct echo_suppress *s, bool knows_path)
{
	for (int k = 0; k < SPECTRUM_BINS; k++)
		learn(s, k);
	listen_for_near(s);
	if (!knows_path)
		s->near_periods = 0;
	for (int k = 0; k < SPECTRUM_BINS; k++)
		set_gain(s, k);
}

static void synthesize(struct echo_suppress *s, float *samples)
{
	const float *time = s->spectrum.time;

	for (int k = 0; k < SPECTRUM_BINS; k++) {
		s->spectrum.bins[k].re = s->left[k].re * s->gain[k];
		s->spectrum.bins[k].im = s->left[k].im * s->gain[k];
	}
	spectrum_backward(&s->spectrum);
	for (int i = 0; i < SOUND_PERIOD_FRAMES; i++) {
		samples[i] = s->overlap[i] + time[i] * s->window[i];
		s->overlap[i] = time[SOUND_PERIOD_FRAMES + i] * s->window[SOUND_PERIOD_FRAMES + i];
	}
}

void echo_suppress_process(struct echo_suppress *suppress, const float *heard, float *samples,
			   bool knows_path)
{
	transform(suppress, suppress->past_heard, heard, suppress->heard);
	transform(suppress, suppress->past_samples, samples, suppress->left);
	measure(suppress);
	adjust(suppress, knows_path);
	synthesize(suppress, samples);
}

bool echo_suppress_hears_near(const struct echo_suppress *suppress)
{
	return suppress->near_periods > 0;
}
