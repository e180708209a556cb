#include "sound/source.h"

#include <errno.h>
#include <stdlib.h>

#include "microphone/microphone.h"
#include "sound/reference.h"

enum {
	READS_MAX = 4,      /* in one period, after a late wake-up */
	STALL_PERIODS = 50, /* after which a device that gives nothing is given back */
};

struct source {
	struct source_config config;
	struct mic *mic; /* NULL: there is none now */
	unsigned int channels;
	unsigned int stalled;
	struct reference *pace;
	struct sound_level level;
	float interleaved[SOUND_PERIOD_FRAMES * SOUND_CHANNELS_MAX];
};

int source_create(const struct source_config *config, struct source **ret_source)
{
	struct source *source = calloc(1, sizeof(*source));

	if (!source)
		return -ENOMEM;
	source->config = *config;
	if (reference_create(&source->pace) < 0) {
		source_destroy(source);
		return -ENOMEM;
	}
	*ret_source = source;
	return 0;
}

void source_destroy(struct source *source)
{
	if (!source)
		return;
	reference_destroy(source->pace);
	free(source);
}

static void take_offered(struct source *source)
{
	if (source->mic)
		return;
	source->mic = handover_take(source->config.mic, &source->channels);
	if (!source->mic)
		return;
	source->stalled = 0;
	source->config.stage->ops->reset(source->config.stage);
}

static void keep(struct source *source, int64_t capture_us)
{
	unsigned int channel = source->config.channel < source->channels ? source->config.channel
									 : source->channels - 1;
	float picked[SOUND_PERIOD_FRAMES];

	for (unsigned int i = 0; i < SOUND_PERIOD_FRAMES; i++)
		picked[i] = source->interleaved[i * source->channels + channel];
	reference_write(source->pace, picked, capture_us);
	source->stalled = 0;
}

/* Returns how the last read went. */
static enum sound_result read_all(struct source *source, int64_t now_us)
{
	enum sound_result result = SOUND_OK;

	for (int i = 0; i < READS_MAX && result == SOUND_OK; i++) {
		int64_t capture_us;

		result = source->mic->ops->read(source->mic, source->interleaved, now_us,
						&capture_us);
		if (result == SOUND_OK)
			keep(source, capture_us);
	}
	return result;
}

/* False when it was given back. */
static bool read_device(struct source *source, int64_t now_us)
{
	enum sound_result result = read_all(source, now_us);

	if (++source->stalled >= STALL_PERIODS)
		result = SOUND_FAILED;
	if (result == SOUND_OK || result == SOUND_TIMEOUT)
		return true;
	handover_give_back(source->config.mic, source->mic, result);
	source->mic = NULL;
	return false;
}

bool source_add(struct source *source, int64_t now_us, int64_t capture_us, const float *reference,
		float *samples)
{
	float own[SOUND_PERIOD_FRAMES], *channels[1] = {own};
	struct mic_stage *stage = source->config.stage;
	bool keeps = true;

	take_offered(source);
	if (source->mic)
		keeps = read_device(source, now_us);
	reference_read(source->pace, capture_us - SOURCE_LATE_US, own);
	stage->ops->process(stage, channels, 1, reference);
	for (int i = 0; i < SOUND_PERIOD_FRAMES; i++)
		samples[i] += own[i];
	sound_level_add(&source->level, own);
	return keeps;
}

const struct sound_level *source_level(const struct source *source)
{
	return &source->level;
}
