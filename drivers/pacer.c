#include "drivers/pacer.h"

#include "base/clock.h"

#include <errno.h>

void pacer_init(struct pacer *pacer)
{
	*pacer = (struct pacer){.period_us = 1};
	pthread_mutex_init(&pacer->lock, NULL);
	pthread_cond_init(&pacer->changed, NULL);
}

void pacer_finish(struct pacer *pacer)
{
	pthread_cond_destroy(&pacer->changed);
	pthread_mutex_destroy(&pacer->lock);
}

void pacer_start(struct pacer *pacer, int64_t period_us)
{
	pthread_mutex_lock(&pacer->lock);
	pacer->due_us = clock_now_us();
	pacer->period_us = period_us;
	pthread_mutex_unlock(&pacer->lock);
}

int pacer_wait(struct pacer *pacer, int64_t deadline_us, int64_t *ret_due_us, uint32_t *ret_missed)
{
	int64_t late_us = clock_now_us() - pacer->due_us;
	int64_t missed = late_us > 0 ? late_us / pacer->period_us : 0;
	int64_t due_us = pacer->due_us + missed * pacer->period_us;
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
	if (deadline_us < due_us)
		return -ETIMEDOUT;
	pacer->due_us = due_us + pacer->period_us;
	*ret_due_us = due_us;
	*ret_missed = (uint32_t)missed;
	return 0;
}

void pacer_wake(struct pacer *pacer)
{
	pthread_mutex_lock(&pacer->lock);
	pacer->woken = true;
	pthread_cond_signal(&pacer->changed);
	pthread_mutex_unlock(&pacer->lock);
}
