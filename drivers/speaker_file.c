#include "drivers/speaker_file.h"

#include <errno.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ring.h"
#include "base/thread.h"
#include "drivers/pace.h"
#include "drivers/wav.h"

enum { RING_PERIODS = 128 }; /* what a slow disk may hold up */

struct played {
	int64_t heard_us;
	float samples[SOUND_PERIOD_FRAMES];
};

/*
 *   write() ──► ring ──► writer_main(): silence for gaps, 16 bits ──► WAV file
 *          └─ semaphore ─┘
 */
struct speaker_file {
	struct speaker base;
	char *path; /* NULL: plays to nobody */
	uint64_t bytes_max;
	struct play_pace pace;

	struct ring *ring;
	sem_t ready; /* one for each period in the ring, and one to stop */
	_Atomic bool stopping;
	struct thread *writer;
	struct wav *wav;  /* the writer's from open() to close() */
	int64_t start_us; /* the writer's: when the first sample was heard */
};

static struct speaker_file *file_of(struct speaker *speaker)
{
	return (struct speaker_file *)speaker;
}

static void note_fault(struct speaker_file *file, int error)
{
	const char *fault = "the recording cannot be written";

	if (error == -ENOSPC || error == -EDQUOT)
		fault = "the disk is full: recording ended, playing goes on";
	else if (error == -EFBIG)
		fault = "the recording is as long as allowed; playing goes on";
	atomic_store(&file->base.fault, fault);
}

static int write_period(struct speaker_file *file, const struct played *played)
{
	int64_t expected_us;
	int r;

	if (!file->start_us) {
		file->start_us = played->heard_us;
		r = wav_begin(file->wav, file->start_us);
		if (r < 0)
			return r;
	}
	expected_us = file->start_us + wav_frames(file->wav) * CLOCK_US_PER_S / SOUND_RATE_HZ;
	if (played->heard_us > expected_us) {
		r = wav_write_silence(file->wav, (played->heard_us - expected_us) * SOUND_RATE_HZ /
							 CLOCK_US_PER_S);
		if (r < 0)
			return r;
	}
	return wav_write(file->wav, played->samples, SOUND_PERIOD_FRAMES);
}

static void writer_main(void *context)
{
	struct speaker_file *file = context;
	struct played played;
	int r = 0;

	while (true) {
		while (sem_wait(&file->ready) < 0)
			;
		if (!ring_pop(file->ring, &played)) {
			if (atomic_load(&file->stopping))
				break;
			continue;
		}
		if (r < 0)
			continue;
		r = write_period(file, &played);
		if (r < 0)
			note_fault(file, r);
	}
}

static enum sound_result start_writer(struct speaker_file *file)
{
	int r = wav_create(file->path, file->bytes_max, &file->wav);

	if (r < 0) {
		note_fault(file, r);
		return SOUND_FAILED;
	}
	atomic_store(&file->stopping, false);
	file->start_us = 0;
	if (!thread_start("speaker file", writer_main, file, &file->writer))
		return SOUND_OK;
	wav_close(file->wav);
	return SOUND_FAILED;
}

static enum sound_result file_open(struct speaker *speaker, struct sound_device_info *ret_info)
{
	struct speaker_file *file = file_of(speaker);
	enum sound_result result = SOUND_OK;

	atomic_store(&file->base.fault, NULL);
	file->pace = (struct play_pace){0};
	if (file->path)
		result = start_writer(file);
	if (result != SOUND_OK)
		return result;
	ret_info->rate_hz = SOUND_RATE_HZ;
	ret_info->channels = 1;
	if (file->path)
		snprintf(ret_info->text, sizeof(ret_info->text), "file %s", file->path);
	else
		snprintf(ret_info->text, sizeof(ret_info->text), "nobody listens");
	return SOUND_OK;
}

static int64_t file_queued_us(struct speaker *speaker)
{
	return play_pace_queued_us(&file_of(speaker)->pace, clock_now_us());
}

static enum sound_result file_write(struct speaker *speaker, const float *samples)
{
	struct speaker_file *file = file_of(speaker);
	struct played played;
	bool ran_dry;
	enum sound_result result =
		play_pace_write(&file->pace, clock_now_us(), &played.heard_us, &ran_dry);

	if (result != SOUND_OK)
		return result;
	if (ran_dry)
		atomic_fetch_add(&file->base.xruns, 1);
	if (!file->path)
		return SOUND_OK;
	memcpy(played.samples, samples, sizeof(played.samples));
	/* What finds no room is silence in the file: the writer fills gaps in time. */
	if (ring_push(file->ring, &played))
		sem_post(&file->ready);
	return SOUND_OK;
}

static void file_close(struct speaker *speaker)
{
	struct speaker_file *file = file_of(speaker);

	if (!file->path)
		return;
	atomic_store(&file->stopping, true);
	sem_post(&file->ready);
	thread_join(file->writer);
	wav_close(file->wav);
}

static void file_destroy(struct speaker *speaker)
{
	struct speaker_file *file = file_of(speaker);

	ring_destroy(file->ring);
	sem_destroy(&file->ready);
	free(file->path);
	free(file);
}

static struct speaker_file *new_speaker(void)
{
	static const struct speaker_ops ops = {
		.open = file_open,
		.write = file_write,
		.queued_us = file_queued_us,
		.delay_us = file_queued_us,
		.close = file_close,
		.destroy = file_destroy,
	};
	struct speaker_file *file = calloc(1, sizeof(*file));

	if (!file)
		return NULL;
	file->base.ops = &ops;
	sem_init(&file->ready, 0, 0);
	return file;
}

int speaker_file_create(const char *path, uint64_t bytes_max, struct speaker **ret_speaker)
{
	struct speaker_file *file = new_speaker();

	if (!file)
		return -ENOMEM;
	file->path = strdup(path);
	if (!file->path || ring_create(sizeof(struct played), RING_PERIODS, &file->ring)) {
		file_destroy(&file->base);
		return -ENOMEM;
	}
	file->bytes_max = bytes_max;
	*ret_speaker = &file->base;
	return 0;
}

int speaker_none_create(struct speaker **ret_speaker)
{
	struct speaker_file *file = new_speaker();

	if (!file)
		return -ENOMEM;
	*ret_speaker = &file->base;
	return 0;
}
