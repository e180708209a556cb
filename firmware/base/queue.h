/*
 * A bounded queue of pointers between threads, with a policy for when it is full and counters of
 * what was lost to it.
 *
 *     producers ──push──► [ capacity items ] ──pop──► consumers
 *
 * Any thread may push and pop, a real-time one must not (base/ring.h is for those).
 */
#ifndef BALAI_BASE_QUEUE_H
#define BALAI_BASE_QUEUE_H

#include <stddef.h>
#include <stdint.h>

struct queue;

enum queue_policy {
	QUEUE_DROP_OLDEST, /* the new item goes in, the one that waited longest is dropped */
	QUEUE_DROP_NEWEST, /* the new item is dropped */
	QUEUE_NEWEST_WINS, /* the new item goes in, all that waited are dropped */
	QUEUE_WAIT,        /* push waits for room until its deadline */
};

struct queue_stats {
	uint64_t pushed;  /* accepted since creation */
	uint64_t dropped; /* given to `item_free` because of the policy */
	size_t depth;     /* waiting now */
	size_t capacity;
};

/*
 * capacity: 1..65536 items. item_free frees a dropped or left-over item; it is called without the
 * queue's lock held. Returns 0 and hands over *ret_queue, or -EINVAL, -ENOMEM.
 */
int queue_create(size_t capacity, enum queue_policy policy, void (*item_free)(void *item),
		 struct queue **ret_queue) __attribute__((warn_unused_result));

/* Frees the left-over items too. No thread may be inside push or pop any more; NULL is allowed. */
void queue_destroy(struct queue *queue);

/*
 * Takes `item` in every case: it is queued, or freed. deadline_us (CLOCK_MONOTONIC) matters to
 * QUEUE_WAIT alone. Returns 0; -ENOBUFS when an item (this one or an older) was dropped;
 * -ETIMEDOUT when QUEUE_WAIT found no room; -ESHUTDOWN after queue_close().
 */
int queue_push(struct queue *queue, void *item, int64_t deadline_us);

/*
 * Waits for an item until deadline_us; a deadline in the past polls. Returns 0 and hands over
 * *ret_item; -ETIMEDOUT; -ESHUTDOWN once the queue is closed and empty.
 */
int queue_pop(struct queue *queue, int64_t deadline_us, void **ret_item)
	__attribute__((warn_unused_result));

/* Wakes all waiters; later pushes are refused, what is queued may still be popped. */
void queue_close(struct queue *queue);

/* Frees what waits, as when a stream starts anew. Not counted as dropped. */
void queue_flush(struct queue *queue);

struct queue_stats queue_get_stats(struct queue *queue);

#endif
