#include "drivers/alsa_pcm.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "drivers/pcm_format.h"

enum {
	BUFFER_MS = 40,
	/* Half a period of the room: many cards know their position only at period ends. */
	CARD_PERIOD_MS = 5,
	START_MS = 20,
	BYTES_PER_SAMPLE_MAX = 4,
};

struct alsa_pcm {
	snd_pcm_t *handle;
	snd_pcm_stream_t stream;
	_Atomic uint64_t *xruns;
	const struct pcm_format *format;
	bool mmap;
	unsigned int rate_hz;
	unsigned int channels;
	snd_pcm_uframes_t buffer_frames;
	uint8_t *staging; /* one buffer, for cards without mmap */
};

static enum sound_result open_result(int error)
{
	switch (error) {
	case -ENOENT:
	case -ENODEV:
	case -ENXIO:
		return SOUND_ABSENT;
	case -EBUSY:
	case -EAGAIN:
		return SOUND_BUSY;
	default:
		return SOUND_FAILED;
	}
}

/* What it says on standard error says nothing that the result does not. */
static void ignore_error_line(const char *file, int line, const char *function, int error,
			      const char *format, ...)
{
	(void)file;
	(void)line;
	(void)function;
	(void)error;
	(void)format;
}

static int choose_access(struct alsa_pcm *pcm, snd_pcm_hw_params_t *params)
{
	pcm->mmap =
		!snd_pcm_hw_params_set_access(pcm->handle, params, SND_PCM_ACCESS_MMAP_INTERLEAVED);
	if (pcm->mmap)
		return 0;
	return snd_pcm_hw_params_set_access(pcm->handle, params, SND_PCM_ACCESS_RW_INTERLEAVED);
}

static int choose_format(struct alsa_pcm *pcm, snd_pcm_hw_params_t *params)
{
	for (size_t i = 0; i < PCM_FORMATS; i++) {
		pcm->format = &pcm_formats[i];
		if (!snd_pcm_hw_params_set_format(pcm->handle, params, pcm->format->alsa))
			return 0;
	}
	return -EINVAL;
}

static int choose_channels(struct alsa_pcm *pcm, snd_pcm_hw_params_t *params)
{
	int r = snd_pcm_hw_params_get_channels_max(params, &pcm->channels);

	if (r < 0)
		return r;
	if (pcm->stream == SND_PCM_STREAM_PLAYBACK || pcm->channels > SOUND_CHANNELS_MAX)
		pcm->channels = 2;
	r = snd_pcm_hw_params_set_channels_near(pcm->handle, params, &pcm->channels);
	return r < 0 || pcm->channels <= SOUND_CHANNELS_MAX ? r : -EINVAL;
}

static int choose_rate(struct alsa_pcm *pcm, snd_pcm_hw_params_t *params)
{
	int r;

	pcm->rate_hz = SOUND_RATE_HZ;
	/* Refused by a PCM without a converter to leave out. */
	(void)snd_pcm_hw_params_set_rate_resample(pcm->handle, params, 0);
	r = snd_pcm_hw_params_set_rate_near(pcm->handle, params, &pcm->rate_hz, NULL);
	if (r < 0)
		return r;
	return pcm->rate_hz >= 8000 && pcm->rate_hz <= 192000 ? 0 : -EINVAL;
}

static int choose_buffer(struct alsa_pcm *pcm, snd_pcm_hw_params_t *params)
{
	snd_pcm_uframes_t period = pcm->rate_hz * CARD_PERIOD_MS / 1000;
	int r;

	pcm->buffer_frames = pcm->rate_hz * BUFFER_MS / 1000;
	r = snd_pcm_hw_params_set_period_size_near(pcm->handle, params, &period, NULL);
	if (r < 0)
		return r;
	return snd_pcm_hw_params_set_buffer_size_near(pcm->handle, params, &pcm->buffer_frames);
}

static int set_hardware(struct alsa_pcm *pcm)
{
	snd_pcm_hw_params_t *params;
	int r;

	snd_pcm_hw_params_alloca(&params);
	r = snd_pcm_hw_params_any(pcm->handle, params);
	if (r >= 0)
		r = choose_access(pcm, params);
	if (r >= 0)
		r = choose_format(pcm, params);
	if (r >= 0)
		r = choose_channels(pcm, params);
	if (r >= 0)
		r = choose_rate(pcm, params);
	if (r >= 0)
		r = choose_buffer(pcm, params);
	if (r >= 0)
		r = snd_pcm_hw_params(pcm->handle, params);
	/* A period of the room must fit in beside what is queued. */
	if (r >= 0 && pcm->buffer_frames < pcm->rate_hz * (START_MS + 10) / 1000)
		r = -EINVAL;
	return r;
}

static int set_software(struct alsa_pcm *pcm)
{
	snd_pcm_sw_params_t *params;
	snd_pcm_uframes_t never;
	int r;

	snd_pcm_sw_params_alloca(&params);
	r = snd_pcm_sw_params_current(pcm->handle, params);
	if (r >= 0)
		r = snd_pcm_sw_params_get_boundary(params, &never);
	/* With mmap nothing starts by itself; without, it must not either, to be the same. */
	if (r >= 0)
		r = snd_pcm_sw_params_set_start_threshold(pcm->handle, params, never);
	if (r >= 0)
		r = snd_pcm_sw_params_set_avail_min(pcm->handle, params, pcm->rate_hz / 100);
	if (r >= 0)
		r = snd_pcm_sw_params(pcm->handle, params);
	return r;
}

static int set_up(struct alsa_pcm *pcm)
{
	int r = set_hardware(pcm);

	if (r >= 0)
		r = set_software(pcm);
	if (r < 0)
		return r;
	pcm->staging = malloc(pcm->buffer_frames * pcm->channels * BYTES_PER_SAMPLE_MAX);
	if (!pcm->staging)
		return -ENOMEM;
	return pcm->stream == SND_PCM_STREAM_CAPTURE ? snd_pcm_start(pcm->handle) : 0;
}

static void describe(const struct alsa_pcm *pcm, const char *name, struct sound_device_info *info)
{
	info->rate_hz = pcm->rate_hz;
	info->channels = pcm->channels;
	snprintf(info->text, sizeof(info->text), "%s: %u channel%s, %s, %u Hz%s%s", name,
		 pcm->channels, pcm->channels == 1 ? "" : "s",
		 snd_pcm_format_name(pcm->format->alsa), pcm->rate_hz,
		 pcm->rate_hz == SOUND_RATE_HZ ? "" : " converted to 48000 Hz",
		 pcm->mmap ? ", mmap" : "");
}

enum sound_result alsa_pcm_open(const char *name, snd_pcm_stream_t stream, _Atomic uint64_t *xruns,
				struct alsa_pcm **ret_pcm, struct sound_device_info *ret_info)
{
	struct alsa_pcm *pcm = calloc(1, sizeof(*pcm));
	int r;

	if (!pcm)
		return SOUND_FAILED;
	pcm->stream = stream;
	pcm->xruns = xruns;
	snd_lib_error_set_handler(ignore_error_line);
	r = snd_pcm_open(&pcm->handle, name, stream, SND_PCM_NONBLOCK);
	if (r >= 0)
		r = set_up(pcm);
	if (r < 0) {
		alsa_pcm_close(pcm);
		return open_result(r);
	}
	describe(pcm, name, ret_info);
	*ret_pcm = pcm;
	return SOUND_OK;
}

void alsa_pcm_close(struct alsa_pcm *pcm)
{
	if (!pcm)
		return;
	if (pcm->handle)
		snd_pcm_close(pcm->handle);
	free(pcm->staging);
	free(pcm);
}

/* SOUND_TIMEOUT: it goes on. */
static enum sound_result recover(struct alsa_pcm *pcm, int error)
{
	int r;

	if (error == -EAGAIN || error == -EINTR)
		return SOUND_TIMEOUT;
	if (error == -EPIPE || error == -ESTRPIPE) {
		atomic_fetch_add(pcm->xruns, 1);
		r = snd_pcm_prepare(pcm->handle);
		if (r >= 0 && pcm->stream == SND_PCM_STREAM_CAPTURE)
			r = snd_pcm_start(pcm->handle);
		if (r >= 0)
			return SOUND_TIMEOUT;
		error = r;
	}
	if (error == -ENODEV || snd_pcm_state(pcm->handle) == SND_PCM_STATE_DISCONNECTED)
		return SOUND_UNPLUGGED;
	return SOUND_FAILED;
}

static int wait_ms(int64_t deadline_us)
{
	int64_t left_us = deadline_us - clock_now_us();

	return left_us > 0 ? (int)((left_us + CLOCK_US_PER_MS - 1) / CLOCK_US_PER_MS) : 0;
}

enum sound_result alsa_pcm_wait(struct alsa_pcm *pcm, size_t frames, int64_t deadline_us)
{
	while (true) {
		snd_pcm_sframes_t avail = snd_pcm_avail(pcm->handle);
		enum sound_result result = SOUND_TIMEOUT;
		int left_ms = wait_ms(deadline_us);
		int r = (int)avail;

		if (avail >= (snd_pcm_sframes_t)frames)
			return SOUND_OK;
		if (r >= 0)
			r = snd_pcm_wait(pcm->handle, left_ms);
		if (r < 0)
			result = recover(pcm, r);
		if (result != SOUND_TIMEOUT || left_ms == 0)
			return result;
	}
}

static void convert(struct alsa_pcm *pcm, uint8_t *bytes, float *samples, size_t frames)
{
	size_t count = frames * pcm->channels;

	if (pcm->stream == SND_PCM_STREAM_CAPTURE)
		pcm->format->to_float(bytes, samples, count);
	else
		pcm->format->from_float(samples, bytes, count);
}

/* Up to `frames` frames in either direction, as many as lie together. Returns them or -errno. */
static snd_pcm_sframes_t transfer_mapped(struct alsa_pcm *pcm, float *samples, size_t frames)
{
	const snd_pcm_channel_area_t *areas;
	snd_pcm_uframes_t offset, count = frames;
	int r = snd_pcm_mmap_begin(pcm->handle, &areas, &offset, &count);

	if (r < 0)
		return r;
	convert(pcm, (uint8_t *)areas[0].addr + (areas[0].first + offset * areas[0].step) / 8,
		samples, count);
	return snd_pcm_mmap_commit(pcm->handle, offset, count);
}

static snd_pcm_sframes_t transfer_copied(struct alsa_pcm *pcm, float *samples, size_t frames)
{
	snd_pcm_sframes_t count;

	if (pcm->stream == SND_PCM_STREAM_PLAYBACK) {
		convert(pcm, pcm->staging, samples, frames);
		return snd_pcm_writei(pcm->handle, pcm->staging, frames);
	}
	count = snd_pcm_readi(pcm->handle, pcm->staging, frames);
	if (count > 0)
		convert(pcm, pcm->staging, samples, (size_t)count);
	return count;
}

static enum sound_result transfer(struct alsa_pcm *pcm, float *samples, size_t frames)
{
	while (frames > 0) {
		snd_pcm_sframes_t count = pcm->mmap ? transfer_mapped(pcm, samples, frames)
						    : transfer_copied(pcm, samples, frames);

		if (count <= 0)
			return recover(pcm, count < 0 ? (int)count : -EAGAIN);
		samples += (size_t)count * pcm->channels;
		frames -= (size_t)count;
	}
	return SOUND_OK;
}

enum sound_result alsa_pcm_read(struct alsa_pcm *pcm, float *interleaved, size_t frames)
{
	return transfer(pcm, interleaved, frames);
}

static snd_pcm_sframes_t queued_frames(const struct alsa_pcm *pcm, snd_pcm_sframes_t avail)
{
	snd_pcm_sframes_t queued = (snd_pcm_sframes_t)pcm->buffer_frames - avail;

	return queued > 0 ? queued : 0;
}

static enum sound_result start_when_filled(struct alsa_pcm *pcm)
{
	snd_pcm_sframes_t avail;
	int r;

	if (snd_pcm_state(pcm->handle) != SND_PCM_STATE_PREPARED)
		return SOUND_OK;
	avail = snd_pcm_avail_update(pcm->handle);
	if (queued_frames(pcm, avail) < (snd_pcm_sframes_t)(pcm->rate_hz * START_MS / 1000))
		return SOUND_OK;
	r = snd_pcm_start(pcm->handle);
	return r < 0 ? recover(pcm, r) : SOUND_OK;
}

enum sound_result alsa_pcm_write(struct alsa_pcm *pcm, const float *interleaved, size_t frames)
{
	snd_pcm_sframes_t avail = snd_pcm_avail(pcm->handle);
	enum sound_result result = SOUND_OK;

	if (avail < 0) {
		result = recover(pcm, (int)avail);
		avail = snd_pcm_avail(pcm->handle);
	}
	if (result != SOUND_OK && result != SOUND_TIMEOUT)
		return result;
	if (avail < (snd_pcm_sframes_t)frames)
		return SOUND_TIMEOUT;
	/* Playback only reads from it. */
	result = transfer(pcm, (float *)interleaved, frames);
	return result == SOUND_OK ? start_when_filled(pcm) : result;
}

static int64_t frames_us(const struct alsa_pcm *pcm, snd_pcm_sframes_t frames)
{
	return (int64_t)frames * CLOCK_US_PER_S / pcm->rate_hz;
}

int64_t alsa_pcm_queued_us(struct alsa_pcm *pcm)
{
	snd_pcm_sframes_t avail = snd_pcm_avail(pcm->handle);

	return avail < 0 ? 0 : frames_us(pcm, queued_frames(pcm, avail));
}

int64_t alsa_pcm_delay_us(struct alsa_pcm *pcm)
{
	snd_pcm_sframes_t delay;

	if (snd_pcm_delay(pcm->handle, &delay) < 0 || delay < 0)
		return pcm->stream == SND_PCM_STREAM_PLAYBACK ? alsa_pcm_queued_us(pcm) : 0;
	return frames_us(pcm, delay);
}
