#include "microphone/doa.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	BIN_FIRST = 8, /* 400 Hz */
	BIN_STEP = 2,
	BINS = 64, /* up to 6.7 kHz */
	AZIMUTH_STEP_DEG = 5,
	AZIMUTHS = 360 / AZIMUTH_STEP_DEG,
	ELEVATIONS = 2,
	BINS_LEAST = 8,     /* that stand out of the noise, for a period to count */
	APART_DEG = 25,     /* nearer directions are one talker */
	HEARD_PERIODS = 15, /* as the strongest one, to be a talker */
	TRIAL_PERIODS = 50, /* of silence, after which that begins anew */
};

/* A table on which the array stands, or a ceiling under which it hangs; sound comes slantwise. */
static const float elevations_deg[ELEVATIONS] = {10, 40};

#define NOISE_RISE 1.003f /* a period, of the noise floor: 1.3 dB/s */
#define OVER_NOISE 6.0f   /* of power: 8 dB */
#define POWER_KEPT 0.93f  /* of the response, a period */
/* Of the way from what noise gives (1 / microphones) to what a plane wave gives (1). */
#define THRESHOLD 0.25f
#define FOLLOW 0.15f /* of the way to a new peak, a period */

struct candidate {
	struct doa_talker talker;
	unsigned int heard_periods;
};

struct doa {
	unsigned int count; /* of microphones */
	bool is_line;
	float noise[BINS];
	float response[ELEVATIONS][AZIMUTHS];                 /* sums over recent bins, each 0..1 */
	float response_bins;                                  /* how many these are of */
	struct candidate candidates[DOA_TALKERS_MAX + 1];     /* the last one is on trial */
	AVComplexFloat phases[BINS][SOUND_CHANNELS_MAX];      /* of this period, whitened */
	AVComplexFloat (*steering)[BINS][SOUND_CHANNELS_MAX]; /* conjugated, of each direction */
};

static void steer(struct doa *doa, const struct geometry *geometry, int elevation, int azimuth)
{
	AVComplexFloat(*steering)[SOUND_CHANNELS_MAX] =
		doa->steering[elevation * AZIMUTHS + azimuth];
	struct geometry_point direction =
		geometry_direction((float)(azimuth * AZIMUTH_STEP_DEG), elevations_deg[elevation]);

	for (int b = 0; b < BINS; b++) {
		float w = 2 * (float)M_PI * SPECTRUM_BIN_HZ * (float)(BIN_FIRST + b * BIN_STEP);

		for (unsigned int m = 0; m < doa->count; m++) {
			float phase = -w * geometry_lead_s(geometry, m, direction);

			steering[b][m] = (AVComplexFloat){cosf(phase), sinf(phase)};
		}
	}
}

int doa_create(const struct geometry *geometry, struct doa **ret_doa)
{
	struct doa *doa = calloc(1, sizeof(*doa));

	if (!doa)
		return -ENOMEM;
	doa->count = geometry->count;
	doa->is_line = geometry->is_line;
	doa->steering = calloc((size_t)ELEVATIONS * AZIMUTHS, sizeof(*doa->steering));
	if (!doa->steering) {
		doa_destroy(doa);
		return -ENOMEM;
	}
	for (int e = 0; e < ELEVATIONS; e++)
		for (int a = 0; a < AZIMUTHS; a++)
			steer(doa, geometry, e, a);
	doa_reset(doa);
	*ret_doa = doa;
	return 0;
}

void doa_destroy(struct doa *doa)
{
	if (!doa)
		return;
	free(doa->steering);
	free(doa);
}

void doa_reset(struct doa *doa)
{
	memset(doa->response, 0, sizeof(doa->response));
	doa->response_bins = 0;
	memset(doa->candidates, 0, sizeof(doa->candidates));
	for (int b = 0; b < BINS; b++)
		doa->noise[b] = HUGE_VALF;
}

/* A Hann window on what the transform was taken of, as a sum over neighbouring bins. */
static AVComplexFloat windowed(const AVComplexFloat *spectrum, int bin)
{
	const AVComplexFloat *x = spectrum + bin;

	return (AVComplexFloat){0.5f * x[0].re - 0.25f * (x[-1].re + x[1].re),
				0.5f * x[0].im - 0.25f * (x[-1].im + x[1].im)};
}

/* Whitens one bin of all microphones. False where it does not stand out of the noise. */
static bool take_bin(struct doa *doa, AVComplexFloat (*const spectra)[SPECTRUM_BINS],
		     uint32_t microphones, int b)
{
	float power = 0;

	for (unsigned int m = 0; m < doa->count; m++) {
		AVComplexFloat x = windowed(spectra[m], BIN_FIRST + b * BIN_STEP);
		float magnitude = hypotf(x.re, x.im);
		float scale = (microphones >> m & 1) && magnitude > 0 ? 1 / magnitude : 0;

		doa->phases[b][m] = (AVComplexFloat){x.re * scale, x.im * scale};
		power += scale > 0 ? magnitude * magnitude : 0;
	}
	doa->noise[b] = fminf(doa->noise[b] * NOISE_RISE, power + 1e-9f);
	return power > OVER_NOISE * doa->noise[b];
}

/* The sum over bins of how much of the whitened power, 0..1, comes from one direction. */
static float respond(const struct doa *doa, AVComplexFloat (*steering)[SOUND_CHANNELS_MAX],
		     const int *bins, int bin_count, unsigned int used)
{
	float power = 0;

	for (int i = 0; i < bin_count; i++) {
		const AVComplexFloat *x = doa->phases[bins[i]], *s = steering[bins[i]];
		float re = 0, im = 0;

		for (unsigned int m = 0; m < doa->count; m++) {
			re += x[m].re * s[m].re - x[m].im * s[m].im;
			im += x[m].re * s[m].im + x[m].im * s[m].re;
		}
		power += re * re + im * im;
	}
	return power / (float)(used * used);
}

static float *response_at(struct doa *doa, int elevation, int azimuth)
{
	return &doa->response[elevation][(azimuth + AZIMUTHS) % AZIMUTHS];
}

/* Where the parabola through three neighbouring directions has its peak: -0.5..0.5 of a step. */
static float refine(struct doa *doa, int elevation, int azimuth)
{
	float before = *response_at(doa, elevation, azimuth - 1);
	float peak = *response_at(doa, elevation, azimuth);
	float after = *response_at(doa, elevation, azimuth + 1);
	float curve = before - 2 * peak + after;

	return curve < 0 ? fmaxf(-0.5f, fminf(0.5f, 0.5f * (before - after) / curve)) : 0;
}

static float apart_deg(const struct doa *doa, float a, float b)
{
	float apart = fabsf(remainderf(a - b, 360));

	/* Behind a line is as before it. */
	return doa->is_line ? fminf(apart, fabsf(remainderf(a + b, 360))) : apart;
}

/* The strongest direction. Returns its response, 0..1. */
static float find_peak(struct doa *doa, struct beam_look *ret_look)
{
	int azimuths = doa->is_line ? AZIMUTHS / 2 + 1 : AZIMUTHS;
	/* A line hears only the angle to itself. */
	int elevations = doa->is_line ? 1 : ELEVATIONS;
	int best_e = 0, best_a = 0;

	for (int e = 0; e < elevations; e++) {
		for (int a = 0; a < azimuths; a++) {
			if (doa->response[e][a] > doa->response[best_e][best_a]) {
				best_e = e;
				best_a = a;
			}
		}
	}
	ret_look->azimuth_deg = ((float)best_a + refine(doa, best_e, best_a)) * AZIMUTH_STEP_DEG;
	ret_look->elevation_deg = elevations_deg[best_e];
	return doa->response[best_e][best_a] / doa->response_bins;
}

static void follow(struct doa_talker *talker, struct beam_look look)
{
	float turn = remainderf(look.azimuth_deg - talker->look.azimuth_deg, 360);
	float azimuth = talker->look.azimuth_deg + FOLLOW * turn;

	talker->look.azimuth_deg = azimuth < 0 ? azimuth + 360 : fmodf(azimuth, 360);
	talker->look.elevation_deg = look.elevation_deg;
	talker->silent_periods = 0;
}

/* One on trial that was heard often enough takes the place of who was silent longest. */
static void promote(struct doa *doa)
{
	struct candidate *trial = &doa->candidates[DOA_TALKERS_MAX];
	struct candidate *place = &doa->candidates[0];

	if (trial->heard_periods < HEARD_PERIODS)
		return;
	for (int i = 1; i < DOA_TALKERS_MAX; i++)
		if (place->heard_periods &&
		    (!doa->candidates[i].heard_periods ||
		     doa->candidates[i].talker.silent_periods > place->talker.silent_periods))
			place = &doa->candidates[i];
	*place = *trial;
	*trial = (struct candidate){0};
}

static void hear(struct doa *doa, struct beam_look look)
{
	struct candidate *trial = &doa->candidates[DOA_TALKERS_MAX];

	for (int i = 0; i <= DOA_TALKERS_MAX; i++) {
		struct candidate *candidate = &doa->candidates[i];

		if (!candidate->heard_periods || apart_deg(doa, candidate->talker.look.azimuth_deg,
							   look.azimuth_deg) >= APART_DEG)
			continue;
		follow(&candidate->talker, look);
		candidate->heard_periods++;
		promote(doa);
		return;
	}
	*trial = (struct candidate){.talker.look = look, .heard_periods = 1};
}

static void grow_older(struct doa *doa)
{
	for (int i = 0; i <= DOA_TALKERS_MAX; i++) {
		struct candidate *candidate = &doa->candidates[i];

		if (candidate->talker.silent_periods < UINT32_MAX)
			candidate->talker.silent_periods++;
	}
	if (doa->candidates[DOA_TALKERS_MAX].talker.silent_periods > TRIAL_PERIODS)
		doa->candidates[DOA_TALKERS_MAX] = (struct candidate){0};
}

static void take_response(struct doa *doa, const int *bins, int bin_count, unsigned int used)
{
	doa->response_bins = POWER_KEPT * doa->response_bins + (float)bin_count;
	for (int e = 0; e < ELEVATIONS; e++)
		for (int a = 0; a < AZIMUTHS; a++)
			doa->response[e][a] = POWER_KEPT * doa->response[e][a] +
					      respond(doa, doa->steering[e * AZIMUTHS + a], bins,
						      bin_count, used);
}

void doa_process(struct doa *doa, AVComplexFloat (*const spectra)[SPECTRUM_BINS],
		 uint32_t microphones)
{
	unsigned int used = (unsigned int)__builtin_popcount(microphones);
	float noise = 1 / (float)used;
	float threshold = noise + THRESHOLD * (1 - noise);
	struct beam_look look;
	int bins[BINS], bin_count = 0;

	for (int b = 0; b < BINS; b++)
		if (take_bin(doa, spectra, microphones, b))
			bins[bin_count++] = b;
	grow_older(doa);
	if (bin_count < BINS_LEAST || used < 2)
		return;
	take_response(doa, bins, bin_count, used);
	if (find_peak(doa, &look) >= threshold)
		hear(doa, look);
}

unsigned int doa_talkers(const struct doa *doa, struct doa_talker talkers[DOA_TALKERS_MAX])
{
	unsigned int count = 0;

	for (int i = 0; i < DOA_TALKERS_MAX; i++) {
		const struct candidate *candidate = &doa->candidates[i];
		bool is_first =
			count == 1 && candidate->talker.silent_periods < talkers[0].silent_periods;

		if (!candidate->heard_periods)
			continue;
		if (is_first)
			talkers[1] = talkers[0];
		talkers[is_first ? 0 : count] = candidate->talker;
		count++;
	}
	return count;
}
