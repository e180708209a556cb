#include "tests/fake/sound_marks.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/sound.h"
#include "drivers/mic_test.h"

enum {
	MARKS_MAX = 256,
	/* The correlation's envelope is 1.6 ms wide. */
	COARSE_FRAMES = 12,
	APART_FRAMES = SOUND_RATE_HZ / 2,
};

/* With a few rooms heard at once each still has this share; speech and noise do not come near. */
static const double STRENGTH_MIN = 0.45;
static const double POWER_MIN = 1e-6; /* -60 dBFS */

struct chirp {
	float sine[MIC_TEST_CHIRP_FRAMES];
	float cosine[MIC_TEST_CHIRP_FRAMES];
};

static void make_chirp(unsigned int room, struct chirp *chirp)
{
	for (unsigned int i = 0; i < MIC_TEST_CHIRP_FRAMES; i++) {
		double phase = mic_test_chirp_phase(room, i);

		chirp->sine[i] = (float)sin(phase);
		chirp->cosine[i] = (float)cos(phase);
	}
}

/* 1: nothing but the chirp, in whatever phase, is heard in these frames. */
static double strength_at(const float *samples, const struct chirp *chirp)
{
	double sine = 0, cosine = 0, energy = 0;

	for (int i = 0; i < MIC_TEST_CHIRP_FRAMES; i++) {
		sine += samples[i] * chirp->sine[i];
		cosine += samples[i] * chirp->cosine[i];
		energy += samples[i] * samples[i];
	}
	if (energy < POWER_MIN * MIC_TEST_CHIRP_FRAMES)
		return 0;
	return sqrt((sine * sine + cosine * cosine) / (energy * MIC_TEST_CHIRP_FRAMES / 2));
}

struct peak {
	size_t at;
	double strength;
};

/* The strongest within a coarse step of `coarse`. */
static struct peak refine(const float *samples, size_t count, const struct chirp *chirp,
			  struct peak coarse)
{
	size_t from = coarse.at > COARSE_FRAMES ? coarse.at - COARSE_FRAMES : 0;
	struct peak best = coarse;

	for (size_t at = from; at <= coarse.at + COARSE_FRAMES; at++) {
		double strength;

		if (at + MIC_TEST_CHIRP_FRAMES > count)
			break;
		strength = strength_at(samples + at, chirp);
		if (strength > best.strength)
			best = (struct peak){.at = at, .strength = strength};
	}
	return best;
}

static struct sound_mark mark_of(struct peak peak, int64_t start_us)
{
	return (struct sound_mark){
		.time_us = start_us + (int64_t)peak.at * CLOCK_US_PER_S / SOUND_RATE_HZ,
		.strength = peak.strength,
	};
}

size_t sound_marks_find(const float *samples, size_t count, int64_t start_us, unsigned int room,
			struct sound_mark *marks, size_t max)
{
	struct peak best = {0};
	struct chirp chirp;
	size_t found = 0;

	make_chirp(room, &chirp);
	for (size_t at = 0; found < max; at += COARSE_FRAMES) {
		bool end = at + MIC_TEST_CHIRP_FRAMES > count;
		double strength = end ? 0 : strength_at(samples + at, &chirp);

		if (best.strength > 0 && (end || at - best.at > APART_FRAMES)) {
			best = refine(samples, count, &chirp, best);
			marks[found++] = mark_of(best, start_us);
			best = (struct peak){0};
		}
		if (end)
			break;
		if (strength > STRENGTH_MIN && strength > best.strength)
			best = (struct peak){.at = at, .strength = strength};
	}
	return found;
}

static int compare(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

bool sound_marks_delay(const float *samples, size_t count, int64_t start_us, unsigned int room,
		       int64_t *ret_delay_us)
{
	struct sound_mark marks[MARKS_MAX];
	int64_t delays_us[MARKS_MAX];
	size_t found = sound_marks_find(samples, count, start_us, room, marks, MARKS_MAX);

	if (found == 0)
		return false;
	for (size_t i = 0; i < found; i++)
		delays_us[i] = marks[i].time_us % CLOCK_US_PER_S;
	qsort(delays_us, found, sizeof(delays_us[0]), compare);
	*ret_delay_us = delays_us[found / 2];
	return true;
}

double sound_marks_tone_dbfs(const float *samples, size_t count, unsigned int room)
{
	double step = 2 * M_PI * mic_test_tone_hz(room) / SOUND_RATE_HZ;
	double sine = 0, cosine = 0;

	for (size_t i = 0; i < count; i++) {
		sine += samples[i] * sin(step * (double)i);
		cosine += samples[i] * cos(step * (double)i);
	}
	if (count == 0)
		return -120;
	return fmax(20 * log10(2 * hypot(sine, cosine) / (double)count), -120);
}
