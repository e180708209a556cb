#include "microphone/mic_input.h"

#include <math.h>

#include "base/sound.h"

/* 1 - 2π · 20 Hz / 48 kHz: one pole that puts the -3 dB point of the high-pass at 20 Hz. */
static const float POLE = 0.997382f;

enum { TOLD_PERIODS = 100 };

#define FULL_SCALE 0.999f

void mic_input_run(struct mic_input *input, float *samples)
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
		input->last_out = sample - input->last_in + POLE * input->last_out;
		input->last_in = sample;
		samples[i] = input->last_out;
	}
	input->spoiled_periods -= input->spoiled_periods > 0;
	input->clipped_periods -= input->clipped_periods > 0;
	if (spoiled)
		input->spoiled_periods = TOLD_PERIODS;
	if (clipped)
		input->clipped_periods = TOLD_PERIODS;
}

bool mic_input_was_spoiled(const struct mic_input *input)
{
	return input->spoiled_periods > 0;
}

bool mic_input_was_clipped(const struct mic_input *input)
{
	return input->clipped_periods > 0;
}
