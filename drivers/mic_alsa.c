#include "drivers/mic_alsa.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "drivers/alsa_pcm.h"
#include "drivers/alsa_pick.h"
#include "drivers/pcm_rate.h"

enum { READY_MAX = SOUND_PERIOD_FRAMES + PCM_RATE_OUT_MAX(SOUND_RATE_HZ) };

/*
 *   card ──► read, 10 ms ──► pcm_rate, if the card is not at 48 kHz ──► ready ──► read()
 */
struct mic_alsa {
	struct mic base;
	struct alsa_pcm *pcm;
	struct pcm_rate *rate; /* NULL: the card is at 48 kHz */
	unsigned int channels;
	size_t chunk_frames; /* 10 ms of the card */
	float *chunk;
	float ready[READY_MAX * SOUND_CHANNELS_MAX];
	size_t ready_frames;
	char name[];
};

static struct mic_alsa *alsa_of(struct mic *mic)
{
	return (struct mic_alsa *)mic;
}

static void release(struct mic_alsa *mic)
{
	alsa_pcm_close(mic->pcm);
	mic->pcm = NULL;
	pcm_rate_destroy(mic->rate);
	mic->rate = NULL;
	free(mic->chunk);
	mic->chunk = NULL;
}

static enum sound_result set_up(struct mic_alsa *mic, const struct sound_device_info *info)
{
	mic->channels = info->channels;
	mic->chunk_frames = info->rate_hz / 100;
	mic->ready_frames = 0;
	mic->chunk = calloc(mic->chunk_frames * mic->channels, sizeof(*mic->chunk));
	if (!mic->chunk)
		return SOUND_FAILED;
	if (info->rate_hz == SOUND_RATE_HZ)
		return SOUND_OK;
	return pcm_rate_create(info->channels, info->rate_hz, SOUND_RATE_HZ, &mic->rate) < 0
		       ? SOUND_FAILED
		       : SOUND_OK;
}

static enum sound_result mic_open(struct mic *base, struct sound_device_info *ret_info)
{
	struct mic_alsa *mic = alsa_of(base);
	char picked[ALSA_PICK_NAME_BYTES];
	const char *name = mic->name;
	enum sound_result result;

	if (!strcmp(name, "auto")) {
		if (!alsa_pick(SND_PCM_STREAM_CAPTURE, picked))
			return SOUND_ABSENT;
		name = picked;
	}
	result = alsa_pcm_open(name, SND_PCM_STREAM_CAPTURE, &mic->base.xruns, &mic->pcm, ret_info);
	if (result == SOUND_OK)
		result = set_up(mic, ret_info);
	if (result != SOUND_OK)
		release(mic);
	return result;
}

/* 10 ms of the card into what is ready. */
static enum sound_result read_chunk(struct mic_alsa *mic, int64_t deadline_us)
{
	float *to = mic->ready + mic->ready_frames * mic->channels;
	enum sound_result result = alsa_pcm_wait(mic->pcm, mic->chunk_frames, deadline_us);
	int frames = (int)mic->chunk_frames;

	if (result == SOUND_OK)
		result = alsa_pcm_read(mic->pcm, mic->chunk, mic->chunk_frames);
	if (result != SOUND_OK)
		return result;
	if (mic->rate)
		frames = pcm_rate_convert(mic->rate, mic->chunk, mic->chunk_frames, to);
	else
		memcpy(to, mic->chunk, mic->chunk_frames * mic->channels * sizeof(*to));
	if (frames < 0)
		return SOUND_FAILED;
	mic->ready_frames += (size_t)frames;
	return SOUND_OK;
}

/* How long ago the first frame that is ready was heard. */
static int64_t age_us(const struct mic_alsa *mic)
{
	int64_t ready_us = (int64_t)mic->ready_frames * CLOCK_US_PER_S / SOUND_RATE_HZ;

	return alsa_pcm_delay_us(mic->pcm) + ready_us +
	       (mic->rate ? pcm_rate_delay_us(mic->rate) : 0);
}

static enum sound_result mic_read(struct mic *base, float *interleaved, int64_t deadline_us,
				  int64_t *ret_capture_us)
{
	struct mic_alsa *mic = alsa_of(base);
	size_t taken = (size_t)SOUND_PERIOD_FRAMES * mic->channels;

	while (mic->ready_frames < SOUND_PERIOD_FRAMES) {
		enum sound_result result = read_chunk(mic, deadline_us);

		if (result != SOUND_OK)
			return result;
	}
	*ret_capture_us = clock_now_us() - age_us(mic);
	memcpy(interleaved, mic->ready, taken * sizeof(*interleaved));
	mic->ready_frames -= SOUND_PERIOD_FRAMES;
	memmove(mic->ready, mic->ready + taken,
		mic->ready_frames * mic->channels * sizeof(*mic->ready));
	return SOUND_OK;
}

static void mic_close(struct mic *base)
{
	release(alsa_of(base));
}

static void mic_destroy(struct mic *base)
{
	free(alsa_of(base));
}

int mic_alsa_create(const char *name, struct mic **ret_mic)
{
	static const struct mic_ops ops = {
		.open = mic_open,
		.read = mic_read,
		.close = mic_close,
		.destroy = mic_destroy,
	};
	size_t name_bytes = strlen(name) + 1;
	struct mic_alsa *mic;

	if (!name[0])
		return -EINVAL;
	mic = calloc(1, sizeof(*mic) + name_bytes);
	if (!mic)
		return -ENOMEM;
	mic->base.ops = &ops;
	memcpy(mic->name, name, name_bytes);
	*ret_mic = &mic->base;
	return 0;
}
