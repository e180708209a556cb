#include "tests/fake/fake_mic.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"

struct fake_mic {
	struct mic base;
	struct fake_mic_config config;
	_Atomic enum sound_result open_result;
	_Atomic enum sound_result read_result;
	int64_t started_us;
	int64_t frame;

	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t changed;
	unsigned int opens;
	uint64_t periods;
	bool is_open;
};

static struct fake_mic *fake_of(struct mic *mic)
{
	return (struct fake_mic *)mic;
}

static int64_t now_us(const struct fake_mic *fake)
{
	return fake->config.time_us ? atomic_load(fake->config.time_us) : clock_now_us();
}

static void wait_until(struct fake_mic *fake, int64_t due_us)
{
	struct timespec due = clock_timespec(due_us);

	if (!fake->config.time_us)
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
	else if (due_us > atomic_load(fake->config.time_us))
		atomic_store(fake->config.time_us, due_us);
}

static enum sound_result fake_open(struct mic *mic, struct sound_device_info *ret_info)
{
	struct fake_mic *fake = fake_of(mic);
	enum sound_result result = atomic_load(&fake->open_result);

	if (result == SOUND_OK) {
		fake->started_us = now_us(fake);
		fake->frame = 0;
		atomic_store(&fake->read_result, SOUND_OK);
		*ret_info = (struct sound_device_info){
			.rate_hz = SOUND_RATE_HZ,
			.channels = fake->config.channels,
			.text = "fake microphone",
		};
	}
	pthread_mutex_lock(&fake->lock);
	fake->opens++;
	fake->is_open = result == SOUND_OK;
	pthread_cond_broadcast(&fake->changed);
	pthread_mutex_unlock(&fake->lock);
	return result;
}

static enum sound_result fake_read(struct mic *mic, float *interleaved, int64_t deadline_us,
				   int64_t *ret_capture_us)
{
	struct fake_mic *fake = fake_of(mic);
	enum sound_result result = atomic_load(&fake->read_result);
	int64_t capture_us = fake->started_us + fake->frame / SOUND_PERIOD_FRAMES * SOUND_PERIOD_US;

	if (result == SOUND_OK && capture_us + SOUND_PERIOD_US > deadline_us)
		result = SOUND_TIMEOUT;
	if (result == SOUND_TIMEOUT)
		wait_until(fake, deadline_us);
	if (result != SOUND_OK)
		return result;
	wait_until(fake, capture_us + SOUND_PERIOD_US);
	if (fake->config.begin)
		fake->config.begin(fake->config.context, capture_us);
	for (int i = 0; i < SOUND_PERIOD_FRAMES; i++, fake->frame++)
		for (unsigned int c = 0; c < fake->config.channels; c++)
			*interleaved++ = fake->config.hear ? fake->config.hear(fake->config.context,
									       c, fake->frame)
							   : 0;
	*ret_capture_us = capture_us;
	pthread_mutex_lock(&fake->lock);
	fake->periods++;
	pthread_cond_broadcast(&fake->changed);
	pthread_mutex_unlock(&fake->lock);
	return SOUND_OK;
}

static void fake_close(struct mic *mic)
{
	struct fake_mic *fake = fake_of(mic);

	pthread_mutex_lock(&fake->lock);
	fake->is_open = false;
	pthread_mutex_unlock(&fake->lock);
}

static void fake_destroy(struct mic *mic)
{
	struct fake_mic *fake = fake_of(mic);

	pthread_cond_destroy(&fake->changed);
	pthread_mutex_destroy(&fake->lock);
	free(fake);
}

int fake_mic_create(const struct fake_mic_config *config, struct mic **ret_mic)
{
	static const struct mic_ops ops = {
		.open = fake_open,
		.read = fake_read,
		.close = fake_close,
		.destroy = fake_destroy,
	};
	struct fake_mic *fake = calloc(1, sizeof(*fake));

	if (!fake)
		return -ENOMEM;
	fake->base.ops = &ops;
	fake->config = *config;
	pthread_mutex_init(&fake->lock, NULL);
	pthread_cond_init(&fake->changed, NULL);
	*ret_mic = &fake->base;
	return 0;
}

void fake_mic_set_open(struct mic *mic, enum sound_result result)
{
	atomic_store(&fake_of(mic)->open_result, result);
}

void fake_mic_set_read(struct mic *mic, enum sound_result result)
{
	atomic_store(&fake_of(mic)->read_result, result);
}

bool fake_mic_is_open(struct mic *mic)
{
	struct fake_mic *fake = fake_of(mic);
	bool is_open;

	pthread_mutex_lock(&fake->lock);
	is_open = fake->is_open;
	pthread_mutex_unlock(&fake->lock);
	return is_open;
}

bool fake_mic_wait_opens(struct mic *mic, unsigned int opens, int64_t deadline_us)
{
	struct fake_mic *fake = fake_of(mic);
	struct timespec deadline = clock_timespec(deadline_us);
	int r = 0;

	pthread_mutex_lock(&fake->lock);
	while (fake->opens < opens && r == 0)
		r = pthread_cond_clockwait(&fake->changed, &fake->lock, CLOCK_MONOTONIC, &deadline);
	pthread_mutex_unlock(&fake->lock);
	return r == 0;
}

bool fake_mic_wait_periods(struct mic *mic, uint64_t periods, int64_t deadline_us)
{
	struct fake_mic *fake = fake_of(mic);
	struct timespec deadline = clock_timespec(deadline_us);
	int r = 0;

	pthread_mutex_lock(&fake->lock);
	while (fake->periods < periods && r == 0)
		r = pthread_cond_clockwait(&fake->changed, &fake->lock, CLOCK_MONOTONIC, &deadline);
	pthread_mutex_unlock(&fake->lock);
	return r == 0;
}

uint64_t fake_mic_periods(struct mic *mic)
{
	struct fake_mic *fake = fake_of(mic);
	uint64_t periods;

	pthread_mutex_lock(&fake->lock);
	periods = fake->periods;
	pthread_mutex_unlock(&fake->lock);
	return periods;
}
