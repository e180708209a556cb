#include "sound/keeper.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"

#define BACKOFF_FIRST_US (250 * CLOCK_US_PER_MS)
#define BACKOFF_MAX_US (4 * CLOCK_US_PER_S)
/* A device that ran this long is not one that fails whenever it is opened. */
#define PROVEN_US (10 * CLOCK_US_PER_S)

struct kept {
	struct keeper_device device;
	struct keeper_status status; /* guarded by the keeper's lock */
	bool open;
	int64_t opened_us;
	int64_t next_try_us;
	int64_t backoff_us;

	enum sound_result told;  /* the state in the log; SOUND_TIMEOUT: none yet */
	unsigned int told_again; /* times that it would have been told again */
};

struct keeper {
	struct kept kept[KEEPER_DEVICES_MAX];
	size_t count;
	sem_t wake;
	atomic_bool stopping;
	pthread_mutex_t lock;
	struct thread *thread;
};

static void set_state(struct keeper *keeper, struct kept *kept, enum sound_result state)
{
	pthread_mutex_lock(&keeper->lock);
	kept->status.state = state;
	pthread_mutex_unlock(&keeper->lock);
}

static void tell_fault(struct kept *kept, enum sound_result state)
{
	if (kept->told == state) {
		kept->told_again++;
		return;
	}
	log_warning("sound", "the %s is %s", kept->device.name, sound_result_text(state));
	kept->told = state;
	kept->told_again = 0;
}

/* One that fails each time soon after it was opened is not called well until it is proven. */
static bool is_well(const struct kept *kept)
{
	return kept->told != SOUND_FAILED || clock_now_us() - kept->opened_us >= PROVEN_US;
}

static void tell_well(struct kept *kept)
{
	if (kept->told_again)
		log_info("sound", "the %s runs after %u more failures", kept->device.name,
			 kept->told_again);
	log_info("sound", "%s: %s", kept->device.name, kept->status.info.text);
	kept->told = SOUND_OK;
	kept->told_again = 0;
}

static void try_later(struct kept *kept, int64_t now_us)
{
	kept->next_try_us = now_us + kept->backoff_us;
	kept->backoff_us *= 2;
	if (kept->backoff_us > BACKOFF_MAX_US)
		kept->backoff_us = BACKOFF_MAX_US;
}

static void close_device(struct keeper *keeper, struct kept *kept, enum sound_result reason)
{
	int64_t now_us = clock_now_us();

	kept->device.close(kept->device.device);
	kept->open = false;
	if (now_us - kept->opened_us >= PROVEN_US)
		kept->backoff_us = BACKOFF_FIRST_US;
	set_state(keeper, kept, reason);
	tell_fault(kept, reason);
	try_later(kept, now_us);
}

static void open_device(struct keeper *keeper, struct kept *kept)
{
	struct sound_device_info info = {0};
	enum sound_result result = kept->device.open(kept->device.device, &info);

	if (result != SOUND_OK) {
		set_state(keeper, kept, result);
		tell_fault(kept, result);
		try_later(kept, clock_now_us());
		return;
	}
	kept->open = true;
	kept->opened_us = clock_now_us();
	pthread_mutex_lock(&keeper->lock);
	kept->status.info = info;
	kept->status.opens++;
	pthread_mutex_unlock(&keeper->lock);
	set_state(keeper, kept, SOUND_OK);
	handover_offer(kept->device.handover, kept->device.device, info.channels);
}

/* Returns when it wants to be called again at the latest. */
static int64_t tend(struct keeper *keeper, struct kept *kept)
{
	enum sound_result reason;

	if (handover_take_back(kept->device.handover, &reason))
		close_device(keeper, kept, reason);
	if (!kept->open && clock_now_us() >= kept->next_try_us)
		open_device(keeper, kept);
	if (!kept->open)
		return kept->next_try_us;
	if (kept->told == SOUND_OK)
		return INT64_MAX;
	if (!is_well(kept))
		return kept->opened_us + PROVEN_US;
	tell_well(kept);
	return INT64_MAX;
}

static void wait_until(struct keeper *keeper, int64_t deadline_us)
{
	struct timespec deadline;

	if (deadline_us == INT64_MAX) {
		sem_wait(&keeper->wake);
		return;
	}
	deadline = clock_timespec(deadline_us);
	sem_clockwait(&keeper->wake, CLOCK_MONOTONIC, &deadline);
}

static void keeper_main(void *context)
{
	struct keeper *keeper = context;

	while (!atomic_load(&keeper->stopping)) {
		int64_t next_us = INT64_MAX;

		for (size_t i = 0; i < keeper->count; i++) {
			int64_t wants_us = tend(keeper, &keeper->kept[i]);

			if (wants_us < next_us)
				next_us = wants_us;
		}
		wait_until(keeper, next_us);
	}
}

int keeper_create(const struct keeper_device *devices, size_t count, struct keeper **ret_keeper)
{
	struct keeper *keeper;
	int r;

	if (count > KEEPER_DEVICES_MAX)
		return -EINVAL;
	keeper = calloc(1, sizeof(*keeper));
	if (!keeper)
		return -ENOMEM;
	keeper->count = count;
	for (size_t i = 0; i < count; i++) {
		keeper->kept[i].device = devices[i];
		keeper->kept[i].backoff_us = BACKOFF_FIRST_US;
		keeper->kept[i].status.state = SOUND_TIMEOUT;
		keeper->kept[i].told = SOUND_TIMEOUT;
	}
	sem_init(&keeper->wake, 0, 0);
	pthread_mutex_init(&keeper->lock, NULL);
	r = thread_start("sound keeper", keeper_main, keeper, &keeper->thread);
	if (r) {
		keeper_destroy(keeper);
		return r;
	}
	*ret_keeper = keeper;
	return 0;
}

void keeper_destroy(struct keeper *keeper)
{
	if (!keeper)
		return;
	atomic_store(&keeper->stopping, true);
	sem_post(&keeper->wake);
	thread_join(keeper->thread);
	for (size_t i = 0; i < keeper->count; i++)
		if (keeper->kept[i].open)
			keeper->kept[i].device.close(keeper->kept[i].device.device);
	pthread_mutex_destroy(&keeper->lock);
	sem_destroy(&keeper->wake);
	free(keeper);
}

void keeper_wake(struct keeper *keeper)
{
	sem_post(&keeper->wake);
}

struct keeper_status keeper_get_status(struct keeper *keeper, size_t device)
{
	struct keeper_status status;

	pthread_mutex_lock(&keeper->lock);
	status = keeper->kept[device].status;
	pthread_mutex_unlock(&keeper->lock);
	return status;
}
