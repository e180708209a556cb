#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "microphone/mic_input.h"
#include "microphone/mic_stage.h"

struct mic_pick {
	struct mic_stage base;
	unsigned int channel;
	struct mic_input input;
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
	if (out != in)
		memcpy(out, in, SOUND_PERIOD_FRAMES * sizeof(*out));
	mic_input_run(&pick->input, out);
	return 1;
}

static void pick_reset(struct mic_stage *stage)
{
	struct mic_pick *pick = pick_of(stage);

	pick->input = (struct mic_input){0};
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
