#include "drivers/speaker_alsa.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "drivers/alsa_pcm.h"
#include "drivers/alsa_pick.h"
#include "drivers/pcm_rate.h"

/*
 *   write() ──► pcm_rate, if the card is not at 48 kHz ──► each channel of the card
 */
struct speaker_alsa {
	struct speaker base;
	struct alsa_pcm *pcm;
	struct pcm_rate *rate; /* NULL: the card is at 48 kHz */
	unsigned int channels;
	float *mono; /* at the card's rate */
	float *interleaved;
	char name[];
};

static struct speaker_alsa *alsa_of(struct speaker *speaker)
{
	return (struct speaker_alsa *)speaker;
}

static void release(struct speaker_alsa *speaker)
{
	alsa_pcm_close(speaker->pcm);
	speaker->pcm = NULL;
	pcm_rate_destroy(speaker->rate);
	speaker->rate = NULL;
	free(speaker->mono);
	speaker->mono = NULL;
	free(speaker->interleaved);
	speaker->interleaved = NULL;
}

static enum sound_result set_up(struct speaker_alsa *speaker, const struct sound_device_info *info)
{
	size_t frames_max = PCM_RATE_OUT_MAX(info->rate_hz);

	speaker->channels = info->channels;
	speaker->mono = calloc(frames_max, sizeof(*speaker->mono));
	speaker->interleaved =
		calloc(frames_max * speaker->channels, sizeof(*speaker->interleaved));
	if (!speaker->mono || !speaker->interleaved)
		return SOUND_FAILED;
	if (info->rate_hz == SOUND_RATE_HZ)
		return SOUND_OK;
	return pcm_rate_create(1, SOUND_RATE_HZ, info->rate_hz, &speaker->rate) < 0 ? SOUND_FAILED
										    : SOUND_OK;
}

static enum sound_result speaker_open(struct speaker *base, struct sound_device_info *ret_info)
{
	struct speaker_alsa *speaker = alsa_of(base);
	char picked[ALSA_PICK_NAME_BYTES];
	const char *name = speaker->name;
	enum sound_result result;

	if (!strcmp(name, "auto")) {
		if (!alsa_pick(SND_PCM_STREAM_PLAYBACK, picked))
			return SOUND_ABSENT;
		name = picked;
	}
	result = alsa_pcm_open(name, SND_PCM_STREAM_PLAYBACK, &speaker->base.xruns, &speaker->pcm,
			       ret_info);
	if (result == SOUND_OK)
		result = set_up(speaker, ret_info);
	if (result != SOUND_OK)
		release(speaker);
	return result;
}

static enum sound_result speaker_write(struct speaker *base, const float *samples)
{
	struct speaker_alsa *speaker = alsa_of(base);
	const float *mono = samples;
	float *to = speaker->interleaved;
	int frames = SOUND_PERIOD_FRAMES;

	if (speaker->rate) {
		frames = pcm_rate_convert(speaker->rate, samples, SOUND_PERIOD_FRAMES,
					  speaker->mono);
		mono = speaker->mono;
	}
	if (frames < 0)
		return SOUND_FAILED;
	for (int i = 0; i < frames; i++)
		for (unsigned int c = 0; c < speaker->channels; c++)
			*to++ = !base->only || base->only >> c & 1 ? mono[i] : 0;
	return alsa_pcm_write(speaker->pcm, speaker->interleaved, (size_t)frames);
}

static int64_t speaker_queued_us(struct speaker *base)
{
	return alsa_pcm_queued_us(alsa_of(base)->pcm);
}

static int64_t speaker_delay_us(struct speaker *base)
{
	struct speaker_alsa *speaker = alsa_of(base);

	return alsa_pcm_delay_us(speaker->pcm) +
	       (speaker->rate ? pcm_rate_delay_us(speaker->rate) : 0);
}

static void speaker_close(struct speaker *base)
{
	release(alsa_of(base));
}

static void speaker_destroy(struct speaker *base)
{
	free(alsa_of(base));
}

int speaker_alsa_create(const char *name, struct speaker **ret_speaker)
{
	static const struct speaker_ops ops = {
		.open = speaker_open,
		.write = speaker_write,
		.queued_us = speaker_queued_us,
		.delay_us = speaker_delay_us,
		.close = speaker_close,
		.destroy = speaker_destroy,
	};
	size_t name_bytes = strlen(name) + 1;
	struct speaker_alsa *speaker;

	if (!name[0])
		return -EINVAL;
	speaker = calloc(1, sizeof(*speaker) + name_bytes);
	if (!speaker)
		return -ENOMEM;
	speaker->base.ops = &ops;
	memcpy(speaker->name, name, name_bytes);
	*ret_speaker = &speaker->base;
	return 0;
}
