#include "microphone/beam_design.h"

#include <complex.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	STEP_BINS = 4,
	AZIMUTH_STEP_DEG = 15, /* of the directions in which the white-noise gain is looked at */
	FILTER_FRAMES = 4 * BEAM_DESIGN_DELAY_FRAMES,
};

/* Loading begins here and grows by as much until the white-noise gain is enough. */
#define LOADING_FIRST 1e-4f
#define LOADING_STEP 3.0f
#define LOADING_MOST 1e4f
/* How near two look directions may come to being one before they are treated as one. */
#define TWO_LOOKS_LEAST 0.1f

struct beam_design {
	struct geometry geometry;
	enum beam_kind kind;
	uint32_t microphones;
	unsigned int done; /* bins */
	struct spectrum spectrum;
	float (*inverse)[SOUND_CHANNELS_MAX][SOUND_CHANNELS_MAX]; /* of each bin */
	float complex weights[2][SOUND_CHANNELS_MAX];
};

static bool is_used(const struct beam_design *design, unsigned int m)
{
	return design->microphones >> m & 1;
}

static float complex steer(const struct beam_design *design, unsigned int m, unsigned int bin,
			   struct geometry_point direction)
{
	float phase = 2 * (float)M_PI * SPECTRUM_BIN_HZ * (float)bin *
		      geometry_lead_s(&design->geometry, m, direction);

	return CMPLXF(cosf(phase), sinf(phase));
}

static float coherence(const struct beam_design *design, unsigned int bin, unsigned int m,
		       unsigned int n)
{
	struct geometry_point a = design->geometry.at[m], b = design->geometry.at[n];
	float apart = hypotf(hypotf(a.x - b.x, a.y - b.y), a.z - b.z);
	float x = 2 * (float)M_PI * SPECTRUM_BIN_HZ * (float)bin * apart / GEOMETRY_SOUND_M_S;

	return x > 0 ? sinf(x) / x : 1;
}

/* Gauss-Jordan without pivoting: the matrix is positive definite, and loaded. */
static void invert(float (*matrix)[SOUND_CHANNELS_MAX], unsigned int count)
{
	for (unsigned int p = 0; p < count; p++) {
		float pivot = 1 / matrix[p][p];

		matrix[p][p] = 1;
		for (unsigned int n = 0; n < count; n++)
			matrix[p][n] *= pivot;
		for (unsigned int m = 0; m < count; m++) {
			float factor = matrix[m][p];

			if (m == p)
				continue;
			matrix[m][p] = 0;
			for (unsigned int n = 0; n < count; n++)
				matrix[m][n] -= factor * matrix[p][n];
		}
	}
}

/* Unused microphones are rows and columns of zeros. */
static void fill_inverse(struct beam_design *design, unsigned int bin, float loading)
{
	float(*inverse)[SOUND_CHANNELS_MAX] = design->inverse[bin];
	unsigned int count = design->geometry.count;

	for (unsigned int m = 0; m < count; m++)
		for (unsigned int n = 0; n < count; n++)
			inverse[m][n] = m == n ? 1 + loading
					: is_used(design, m) && is_used(design, n)
						? coherence(design, bin, m, n)
						: 0;
	invert(inverse, count);
	for (unsigned int m = 0; m < count; m++)
		if (!is_used(design, m))
			inverse[m][m] = 0;
}

/* Those of one look direction. */
static void weigh(const struct beam_design *design, unsigned int bin,
		  struct geometry_point direction, float complex *weights)
{
	float complex toward[SOUND_CHANNELS_MAX];
	unsigned int count = design->geometry.count;
	float gain = 0;

	for (unsigned int m = 0; m < count; m++)
		toward[m] = steer(design, m, bin, direction);
	for (unsigned int m = 0; m < count; m++) {
		weights[m] = 0;
		for (unsigned int n = 0; n < count; n++)
			weights[m] += design->inverse[bin][m][n] * toward[n];
		gain += crealf(conjf(toward[m]) * weights[m]);
	}
	for (unsigned int m = 0; m < count; m++)
		weights[m] /= gain;
}

static float white_noise_gain(const struct beam_design *design, unsigned int bin,
			      struct geometry_point direction)
{
	float complex weights[SOUND_CHANNELS_MAX];
	float power = 0;

	weigh(design, bin, direction, weights);
	for (unsigned int m = 0; m < design->geometry.count; m++)
		power += crealf(weights[m] * conjf(weights[m]));
	return 1 / power;
}

static bool is_robust(const struct beam_design *design, unsigned int bin)
{
	unsigned int used = (unsigned int)__builtin_popcount(design->microphones);
	float least = (float)used * powf(10, -BEAM_DESIGN_WHITE_LOSS_DB / 10);

	for (int azimuth = 0; azimuth < 360; azimuth += AZIMUTH_STEP_DEG)
		if (white_noise_gain(design, bin, geometry_direction((float)azimuth, 0)) < least)
			return false;
	return true;
}

static void design_bin(struct beam_design *design, unsigned int bin)
{
	float loading = design->kind == BEAM_DELAY_AND_SUM ? LOADING_MOST : LOADING_FIRST;

	fill_inverse(design, bin, loading);
	while (loading < LOADING_MOST && !is_robust(design, bin)) {
		loading *= LOADING_STEP;
		fill_inverse(design, bin, loading);
	}
}

void beam_design_begin(struct beam_design *design, uint32_t microphones)
{
	design->microphones = microphones;
	design->done = 0;
}

bool beam_design_step(struct beam_design *design)
{
	for (int i = 0; i < STEP_BINS && design->done < SPECTRUM_BINS; i++)
		design_bin(design, design->done++);
	return design->done == SPECTRUM_BINS;
}

/*
 * Of weights a and b, each 1 in its own direction, the sum that is 1 in both: two equations, loaded
 * so that directions that are almost one give the mean.
 */
static void join_looks(const struct beam_design *design, unsigned int bin,
		       struct geometry_point direction_a, struct geometry_point direction_b,
		       float complex *a, const float complex *b)
{
	float complex a_at_b = 0, b_at_a = 0, share_a, share_b, determinant;

	for (unsigned int m = 0; m < design->geometry.count; m++) {
		a_at_b += conjf(a[m]) * steer(design, m, bin, direction_b);
		b_at_a += conjf(b[m]) * steer(design, m, bin, direction_a);
	}
	determinant = 1 - a_at_b * b_at_a + TWO_LOOKS_LEAST;
	share_a = conjf((1 - b_at_a + TWO_LOOKS_LEAST / 2) / determinant);
	share_b = conjf((1 - a_at_b + TWO_LOOKS_LEAST / 2) / determinant);
	for (unsigned int m = 0; m < design->geometry.count; m++)
		a[m] = share_a * a[m] + share_b * b[m];
}

/* The whole transform is circular; a filter shorter than a period is not, in overlap-save. */
static void shorten(struct spectrum *spectrum, AVComplexFloat *filter)
{
	const int fade = BEAM_DESIGN_DELAY_FRAMES / 2;

	memcpy(spectrum->bins, filter, SPECTRUM_BINS * sizeof(*filter));
	spectrum_backward(spectrum);
	for (int i = 0; i < fade; i++) {
		float gain = 0.5f - 0.5f * cosf((float)M_PI * ((float)i + 0.5f) / (float)fade);

		spectrum->time[i] *= gain;
		spectrum->time[FILTER_FRAMES - 1 - i] *= gain;
	}
	memset(spectrum->time + FILTER_FRAMES, 0,
	       (SPECTRUM_FRAMES - FILTER_FRAMES) * sizeof(float));
	spectrum_forward(spectrum);
	memcpy(filter, spectrum->bins, SPECTRUM_BINS * sizeof(*filter));
}

void beam_design_filters(struct beam_design *design, const struct beam_look *looks,
			 unsigned int look_count, AVComplexFloat (*filters)[SPECTRUM_BINS])
{
	struct geometry_point direction[2];
	float complex(*weights)[SOUND_CHANNELS_MAX] = design->weights;

	for (unsigned int i = 0; i < look_count; i++)
		direction[i] = geometry_direction(looks[i].azimuth_deg, looks[i].elevation_deg);
	for (unsigned int k = 0; k < SPECTRUM_BINS; k++) {
		float phase =
			-2 * (float)M_PI * (float)k * BEAM_DESIGN_DELAY_FRAMES / SPECTRUM_FRAMES;
		float complex delay = CMPLXF(cosf(phase), sinf(phase));

		for (unsigned int i = 0; i < look_count; i++)
			weigh(design, k, direction[i], weights[i]);
		if (look_count == 2)
			join_looks(design, k, direction[0], direction[1], weights[0], weights[1]);
		for (unsigned int m = 0; m < design->geometry.count; m++) {
			float complex filter = conjf(weights[0][m]) * delay;

			filters[m][k] = (AVComplexFloat){crealf(filter), cimagf(filter)};
		}
	}
	for (unsigned int m = 0; m < design->geometry.count; m++)
		shorten(&design->spectrum, filters[m]);
}

int beam_design_create(const struct geometry *geometry, enum beam_kind kind,
		       struct beam_design **ret_design)
{
	struct beam_design *design = calloc(1, sizeof(*design));

	if (!design)
		return -ENOMEM;
	design->geometry = *geometry;
	design->kind = kind;
	design->inverse = calloc(SPECTRUM_BINS, sizeof(*design->inverse));
	if (!design->inverse || spectrum_init(&design->spectrum) < 0) {
		beam_design_destroy(design);
		return -ENOMEM;
	}
	beam_design_begin(design, (1u << geometry->count) - 1);
	while (!beam_design_step(design))
		;
	*ret_design = design;
	return 0;
}

void beam_design_destroy(struct beam_design *design)
{
	if (!design)
		return;
	spectrum_finish(&design->spectrum);
	free(design->inverse);
	free(design);
}
