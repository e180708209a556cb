#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "microphone/mic_stage.h"

/* 1 - 2π · 20 Hz / 48 kHz: one pole that puts the -3 dB point of the high-pass at 20 Hz. */
static const float POLE = 0.997382f;

struct mic_pick {
	struct mic_stage base;
	unsigned int channel;
	float last_in;
	float last_out;
};

static struct mic_pick *pick_of(struct mic_stage *stage)
{
	return (struct mic_pick *)stage;
}

static unsigned int pick_process(struct mic_stage *stage, float *const *channels,
				 unsigned int channel_count, const float *speaker_reference)
{
	struct mic_pick *pick = pick_of(stage);
	const float *in =
		channels[pick->channel < channel_count ? pick->channel : channel_count - 1];
	float *out = channels[0];

	(void)speaker_reference;
	for (int i = 0; i < SOUND_PERIOD_FRAMES; i++) {
		/* One NaN, which a float file may hold, would stay in the filter for ever. */
		float sample = isfinite(in[i]) ? in[i] : 0;

		pick->last_out = sample - pick->last_in + POLE * pick->last_out;
		pick->last_in = sample;
		out[i] = pick->last_out;
	}
	return 1;
}

static void pick_reset(struct mic_stage *stage)
{
	struct mic_pick *pick = pick_of(stage);

	pick->last_in = 0;
	pick->last_out = 0;
}

static void pick_destroy(struct mic_stage *stage)
{
	free(pick_of(stage));
}

int mic_pick_create(unsigned int channel, struct mic_stage **ret_stage)
{
	static const struct mic_stage_ops ops = {
		.process = pick_process,
		.reset = pick_reset,
		.destroy = pick_destroy,
	};
	struct mic_pick *pick = calloc(1, sizeof(*pick));

	if (!pick)
		return -ENOMEM;
	pick->base.ops = &ops;
	pick->channel = channel;
	*ret_stage = &pick->base;
	return 0;
}
