#include "microphone/intake.h"

#include <math.h>

#include "base/sound.h"

/* 1 - 2π · 20 Hz / 48 kHz: one pole that puts the -3 dB point of the high-pass at 20 Hz. */
static const float POLE = 0.997382f;

enum { TOLD_PERIODS = 100 };

#define FULL_SCALE 0.999f

void intake_run(struct intake *intake, float *samples)
{
	bool spoiled = false, clipped = false;

	for (int i = 0; i < SOUND_PERIOD_FRAMES; i++) {
		float sample = samples[i];

		/* One NaN, which a float file may hold, would stay in the filter for ever. */
		if (!isfinite(sample)) {
			spoiled = true;
			sample = 0;
		}
		clipped |= fabsf(sample) >= FULL_SCALE;
		sample = fminf(fmaxf(sample, -1), 1);
		intake->last_out = sample - intake->last_in + POLE * intake->last_out;
		intake->last_in = sample;
		samples[i] = intake->last_out;
	}
	intake->spoiled_periods -= intake->spoiled_periods > 0;
	intake->clipped_periods -= intake->clipped_periods > 0;
	if (spoiled)
		intake->spoiled_periods = TOLD_PERIODS;
	if (clipped)
		intake->clipped_periods = TOLD_PERIODS;
}

bool intake_was_spoiled(const struct intake *intake)
{
	return intake->spoiled_periods > 0;
}

bool intake_was_clipped(const struct intake *intake)
{
	return intake->clipped_periods > 0;
}
