#include "drivers/pacer.h"

#include "base/clock.h"

#include <errno.h>

void pacer_init(struct pacer *pacer)
{
	pthread_mutex_init(&pacer->lock, NULL);
	pthread_cond_init(&pacer->changed, NULL);
	pacer->woken = false;
}

void pacer_finish(struct pacer *pacer)
{
	pthread_cond_destroy(&pacer->changed);
	pthread_mutex_destroy(&pacer->lock);
}

int pacer_wait(struct pacer *pacer, int64_t due_us, int64_t deadline_us)
{
	const struct timespec until = clock_timespec(due_us < deadline_us ? due_us : deadline_us);
	bool late = false, woken;

	pthread_mutex_lock(&pacer->lock);
	while (!pacer->woken && !late)
		late = pthread_cond_clockwait(&pacer->changed, &pacer->lock, CLOCK_MONOTONIC,
					      &until) != 0;
	woken = pacer->woken;
	pacer->woken = false;
	pthread_mutex_unlock(&pacer->lock);
	if (woken)
		return -EINTR;
	return deadline_us < due_us ? -ETIMEDOUT : 0;
}

void pacer_wake(struct pacer *pacer)
{
	pthread_mutex_lock(&pacer->lock);
	pacer->woken = true;
	pthread_cond_signal(&pacer->changed);
	pthread_mutex_unlock(&pacer->lock);
}
