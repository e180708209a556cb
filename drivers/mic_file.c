#include "drivers/mic_file.h"

#include <errno.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/ring.h"
#include "base/thread.h"
#include "drivers/pace.h"
#include "drivers/sound_file.h"

enum {
	RING_PERIODS = 64,
	DECODED_AT_OPEN = 8, /* so that the first reads find something */
};

/*
 *   sound_file ──► decode_main() ──► ring ──► read(), by the clock
 *                        └── semaphore ◄──┘
 */
struct mic_file {
	struct mic base;
	struct pace pace;
	unsigned int channels;
	struct sound_file *file; /* the decoding thread's */
	struct ring *ring;
	sem_t room; /* one for each free place in the ring, and one to stop */
	_Atomic bool stopping;
	_Atomic bool failed;
	struct thread *thread;
	char path[];
};

static struct mic_file *file_of(struct mic *mic)
{
	return (struct mic_file *)mic;
}

static size_t period_bytes(const struct mic_file *mic)
{
	return sizeof(float) * SOUND_PERIOD_FRAMES * mic->channels;
}

static bool decode_one(struct mic_file *mic)
{
	float period[SOUND_PERIOD_FRAMES * SOUND_CHANNELS_MAX];

	if (sound_file_read(mic->file, period) < 0) {
		atomic_store(&mic->failed, true);
		return false;
	}
	return ring_push(mic->ring, period);
}

static void decode_main(void *context)
{
	struct mic_file *mic = context;

	while (true) {
		while (sem_wait(&mic->room) < 0)
			;
		if (atomic_load(&mic->stopping) || !decode_one(mic))
			return;
	}
}

static void release(struct mic_file *mic)
{
	ring_destroy(mic->ring);
	mic->ring = NULL;
	sound_file_close(mic->file);
	mic->file = NULL;
}

static int start(struct mic_file *mic)
{
	int r;

	r = ring_create(period_bytes(mic), RING_PERIODS, &mic->ring);
	if (r < 0)
		return r;
	atomic_store(&mic->stopping, false);
	atomic_store(&mic->failed, false);
	for (int i = 0; i < DECODED_AT_OPEN; i++)
		if (!decode_one(mic))
			return -EINVAL;
	sem_init(&mic->room, 0, RING_PERIODS - DECODED_AT_OPEN);
	r = thread_start("mic file", decode_main, mic, &mic->thread);
	if (r < 0)
		sem_destroy(&mic->room);
	return r;
}

static enum sound_result file_open(struct mic *base, struct sound_device_info *ret_info)
{
	struct mic_file *mic = file_of(base);
	int r = sound_file_open(mic->path, &mic->file);

	if (r < 0)
		return r == -ENOENT ? SOUND_ABSENT : SOUND_FAILED;
	mic->channels = sound_file_channels(mic->file);
	if (start(mic) < 0) {
		release(mic);
		return SOUND_FAILED;
	}
	pace_start(&mic->pace, clock_now_us());
	ret_info->rate_hz = SOUND_RATE_HZ;
	ret_info->channels = mic->channels;
	snprintf(ret_info->text, sizeof(ret_info->text), "file %s: %u channels", mic->path,
		 mic->channels);
	return SOUND_OK;
}

static enum sound_result file_read(struct mic *base, float *interleaved, int64_t deadline_us,
				   int64_t *ret_capture_us)
{
	struct mic_file *mic = file_of(base);

	if (!pace_wait(&mic->pace, deadline_us, ret_capture_us))
		return SOUND_TIMEOUT;
	if (ring_pop(mic->ring, interleaved)) {
		sem_post(&mic->room);
		return SOUND_OK;
	}
	if (atomic_load(&mic->failed))
		return SOUND_FAILED;
	/* Decoding is behind: what is lost is the time, not the sound. */
	atomic_fetch_add(&mic->base.xruns, 1);
	memset(interleaved, 0, period_bytes(mic));
	return SOUND_OK;
}

static void file_close(struct mic *base)
{
	struct mic_file *mic = file_of(base);

	atomic_store(&mic->stopping, true);
	sem_post(&mic->room);
	thread_join(mic->thread);
	sem_destroy(&mic->room);
	release(mic);
}

static void file_destroy(struct mic *base)
{
	free(file_of(base));
}

int mic_file_create(const char *path, struct mic **ret_mic)
{
	static const struct mic_ops ops = {
		.open = file_open,
		.read = file_read,
		.close = file_close,
		.destroy = file_destroy,
	};
	size_t path_bytes = strlen(path) + 1;
	struct mic_file *mic = calloc(1, sizeof(*mic) + path_bytes);

	if (!mic)
		return -ENOMEM;
	mic->base.ops = &ops;
	memcpy(mic->path, path, path_bytes);
	*ret_mic = &mic->base;
	return 0;
}
