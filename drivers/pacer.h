/*
 * Waits of a camera that has no device to wait for: until a picture is due, by absolute times so
 * that nothing drifts, and no longer than until somebody wakes it.
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
};

void pacer_init(struct pacer *pacer);
void pacer_finish(struct pacer *pacer);

/*
 * Waits until due_us (CLOCK_MONOTONIC). Returns 0; -ETIMEDOUT when deadline_us comes first; -EINTR
 * when it was woken.
 */
int pacer_wait(struct pacer *pacer, int64_t due_us, int64_t deadline_us)
	__attribute__((warn_unused_result));

/* Makes the running, or else the coming, wait return -EINTR. Any thread. */
void pacer_wake(struct pacer *pacer);

#endif
