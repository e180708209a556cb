/*
 * Waits of a generated camera: until a picture is due, by absolute times so that nothing drifts, and
 * no longer than until somebody wakes it.
 */
#ifndef BALAI_DRIVERS_PACER_H
#define BALAI_DRIVERS_PACER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* All members are private to pacer.c. */
struct pacer {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool woken;
	int64_t due_us;
	int64_t period_us;
};

void pacer_init(struct pacer *pacer);
void pacer_finish(struct pacer *pacer);

/* The first picture is due now, then one every period_us > 0. */
void pacer_start(struct pacer *pacer, int64_t period_us);

/*
 * Waits for the next due time. Returns 0, that time, and how many were missed before it because the
 * caller came late; -ETIMEDOUT when deadline_us comes first; -EINTR when it was woken.
 */
int pacer_wait(struct pacer *pacer, int64_t deadline_us, int64_t *ret_due_us,
	       uint32_t *ret_missed) __attribute__((warn_unused_result));

/* Makes the running, or else the coming, wait return -EINTR. Any thread. */
void pacer_wake(struct pacer *pacer);

#endif
