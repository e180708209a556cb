#include "tests/fake/fake_speaker.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define ROOM_US (4 * SOUND_PERIOD_US)

struct fake_speaker {
	struct speaker base;
	struct fake_speaker_config config;
	_Atomic enum sound_result open_result;
	_Atomic enum sound_result write_result;
	int64_t dry_us; /* when what was written has been played; 0 before the first write */

	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t written;
	bool is_open;
	uint64_t periods;
	int64_t start_us;
	float *samples;
	size_t count;
};

static struct fake_speaker *fake_of(struct speaker *speaker)
{
	return (struct fake_speaker *)speaker;
}

static int64_t now_us(const struct fake_speaker *fake)
{
	return fake->config.time_us ? atomic_load(fake->config.time_us) : clock_now_us();
}

static enum sound_result fake_open(struct speaker *speaker, struct sound_device_info *ret_info)
{
	struct fake_speaker *fake = fake_of(speaker);
	enum sound_result result = atomic_load(&fake->open_result);

	if (result == SOUND_OK) {
		fake->dry_us = 0;
		atomic_store(&fake->write_result, SOUND_OK);
		*ret_info = (struct sound_device_info){
			.rate_hz = SOUND_RATE_HZ,
			.channels = 1,
			.text = "fake speaker",
		};
	}
	pthread_mutex_lock(&fake->lock);
	fake->is_open = result == SOUND_OK;
	pthread_mutex_unlock(&fake->lock);
	return result;
}

static void remember(struct fake_speaker *fake, const float *samples, size_t count)
{
	size_t room = fake->config.frames_max - fake->count;

	if (count > room)
		count = room;
	if (samples)
		memcpy(fake->samples + fake->count, samples, count * sizeof(*samples));
	fake->count += count;
}

/* gap_us: the silence before it, where the speaker had run dry. */
static void remember_period(struct fake_speaker *fake, const float *samples, int64_t heard_us,
			    int64_t gap_us)
{
	pthread_mutex_lock(&fake->lock);
	if (fake->count == 0)
		fake->start_us = heard_us;
	remember(fake, NULL, (size_t)(gap_us * SOUND_RATE_HZ / CLOCK_US_PER_S));
	remember(fake, samples, SOUND_PERIOD_FRAMES);
	fake->periods++;
	pthread_cond_broadcast(&fake->written);
	pthread_mutex_unlock(&fake->lock);
}

static int64_t fake_queued_us(struct speaker *speaker)
{
	struct fake_speaker *fake = fake_of(speaker);
	int64_t queued_us = fake->dry_us - now_us(fake);

	return queued_us > 0 ? queued_us : 0;
}

static enum sound_result fake_write(struct speaker *speaker, const float *samples)
{
	struct fake_speaker *fake = fake_of(speaker);
	enum sound_result result = atomic_load(&fake->write_result);
	int64_t heard_us = now_us(fake);
	int64_t gap_us = fake->dry_us ? heard_us - fake->dry_us : 0;

	if (result != SOUND_OK)
		return result;
	if (gap_us < -(ROOM_US - SOUND_PERIOD_US))
		return SOUND_TIMEOUT;
	if (gap_us > 0)
		atomic_fetch_add(&fake->base.xruns, 1);
	else if (fake->dry_us)
		heard_us = fake->dry_us;
	fake->dry_us =
		heard_us + (int64_t)((double)SOUND_PERIOD_US / (1 + fake->config.drift_ppm / 1e6));
	remember_period(fake, samples, heard_us, gap_us > 0 ? gap_us : 0);
	return SOUND_OK;
}

static void fake_close(struct speaker *speaker)
{
	struct fake_speaker *fake = fake_of(speaker);

	pthread_mutex_lock(&fake->lock);
	fake->is_open = false;
	pthread_mutex_unlock(&fake->lock);
}

static void fake_destroy(struct speaker *speaker)
{
	struct fake_speaker *fake = fake_of(speaker);

	pthread_cond_destroy(&fake->written);
	pthread_mutex_destroy(&fake->lock);
	free(fake->samples);
	free(fake);
}

int fake_speaker_create(const struct fake_speaker_config *config, struct speaker **ret_speaker)
{
	static const struct speaker_ops ops = {
		.open = fake_open,
		.write = fake_write,
		.queued_us = fake_queued_us,
		.delay_us = fake_queued_us,
		.close = fake_close,
		.destroy = fake_destroy,
	};
	struct fake_speaker *fake = calloc(1, sizeof(*fake));

	if (!fake)
		return -ENOMEM;
	fake->samples = calloc(config->frames_max + 1, sizeof(*fake->samples));
	if (!fake->samples) {
		free(fake);
		return -ENOMEM;
	}
	fake->base.ops = &ops;
	fake->config = *config;
	pthread_mutex_init(&fake->lock, NULL);
	pthread_cond_init(&fake->written, NULL);
	*ret_speaker = &fake->base;
	return 0;
}

void fake_speaker_set_open(struct speaker *speaker, enum sound_result result)
{
	atomic_store(&fake_of(speaker)->open_result, result);
}

void fake_speaker_set_write(struct speaker *speaker, enum sound_result result)
{
	atomic_store(&fake_of(speaker)->write_result, result);
}

size_t fake_speaker_played(struct speaker *speaker, const float **ret_samples,
			   int64_t *ret_start_us)
{
	struct fake_speaker *fake = fake_of(speaker);
	size_t count;

	pthread_mutex_lock(&fake->lock);
	count = fake->count;
	*ret_samples = fake->samples;
	*ret_start_us = fake->start_us;
	pthread_mutex_unlock(&fake->lock);
	return count;
}

uint64_t fake_speaker_periods(struct speaker *speaker)
{
	struct fake_speaker *fake = fake_of(speaker);
	uint64_t periods;

	pthread_mutex_lock(&fake->lock);
	periods = fake->periods;
	pthread_mutex_unlock(&fake->lock);
	return periods;
}

bool fake_speaker_is_open(struct speaker *speaker)
{
	struct fake_speaker *fake = fake_of(speaker);
	bool is_open;

	pthread_mutex_lock(&fake->lock);
	is_open = fake->is_open;
	pthread_mutex_unlock(&fake->lock);
	return is_open;
}

bool fake_speaker_wait_periods(struct speaker *speaker, uint64_t periods, int64_t deadline_us)
{
	struct fake_speaker *fake = fake_of(speaker);
	struct timespec deadline = clock_timespec(deadline_us);
	int r = 0;

	pthread_mutex_lock(&fake->lock);
	while (fake->periods < periods && r == 0)
		r = pthread_cond_clockwait(&fake->written, &fake->lock, CLOCK_MONOTONIC, &deadline);
	pthread_mutex_unlock(&fake->lock);
	return r == 0;
}
