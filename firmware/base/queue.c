#include "base/queue.h"

#include "base/clock.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

enum { CAPACITY_MAX = 65536 };

struct queue {
	pthread_mutex_t lock;
	pthread_cond_t item_came;
	pthread_cond_t room_came;
	enum queue_policy policy;
	void (*item_free)(void *item);
	bool closed;
	uint64_t pushed;
	uint64_t dropped;
	size_t capacity;
	size_t first; /* index of the oldest item */
	size_t count;
	void *items[];
};

int queue_create(size_t capacity, enum queue_policy policy, void (*item_free)(void *item),
		 struct queue **ret_queue)
{
	struct queue *queue;

	if (capacity < 1 || capacity > CAPACITY_MAX || !item_free)
		return -EINVAL;
	queue = calloc(1, sizeof(*queue) + capacity * sizeof(queue->items[0]));
	if (!queue)
		return -ENOMEM;
	pthread_mutex_init(&queue->lock, NULL);
	pthread_cond_init(&queue->item_came, NULL);
	pthread_cond_init(&queue->room_came, NULL);
	queue->policy = policy;
	queue->item_free = item_free;
	queue->capacity = capacity;
	*ret_queue = queue;
	return 0;
}

void queue_destroy(struct queue *queue)
{
	if (!queue)
		return;
	queue_flush(queue);
	pthread_cond_destroy(&queue->room_came);
	pthread_cond_destroy(&queue->item_came);
	pthread_mutex_destroy(&queue->lock);
	free(queue);
}

/* Under the lock, and only when count > 0. */
static void *take_oldest(struct queue *queue)
{
	void *item = queue->items[queue->first];

	queue->first = (queue->first + 1) % queue->capacity;
	queue->count--;
	pthread_cond_signal(&queue->room_came);
	return item;
}

/*
 * Under the lock, which is let go while an item is freed. Returns how many were, fewer than `count`
 * when a consumer was quicker.
 */
static size_t free_oldest(struct queue *queue, size_t count)
{
	size_t freed;

	for (freed = 0; freed < count && queue->count > 0; freed++) {
		void *item = take_oldest(queue);

		pthread_mutex_unlock(&queue->lock);
		queue->item_free(item);
		pthread_mutex_lock(&queue->lock);
	}
	return freed;
}

/*
 * Under the lock. Returns 0 when there is room, 1 when there is because older items were dropped, or
 * the error of queue_push() for the new item.
 */
static int make_room(struct queue *queue, int64_t deadline_us)
{
	const struct timespec deadline = clock_timespec(deadline_us);
	bool dropped = false, late = false;

	while (!queue->closed && queue->count == queue->capacity) {
		size_t surplus = queue->policy == QUEUE_NEWEST_WINS ? queue->count : 1;

		if (queue->policy == QUEUE_DROP_NEWEST)
			return -ENOBUFS;
		if (late)
			return -ETIMEDOUT;
		if (queue->policy == QUEUE_WAIT) {
			late = pthread_cond_clockwait(&queue->room_came, &queue->lock,
						      CLOCK_MONOTONIC, &deadline) != 0;
			continue;
		}
		dropped = true;
		queue->dropped += free_oldest(queue, surplus);
	}
	return queue->closed ? -ESHUTDOWN : dropped;
}

int queue_push(struct queue *queue, void *item, int64_t deadline_us)
{
	int r;

	pthread_mutex_lock(&queue->lock);
	r = make_room(queue, deadline_us);
	if (r >= 0) {
		queue->items[(queue->first + queue->count) % queue->capacity] = item;
		queue->count++;
		queue->pushed++;
		pthread_cond_signal(&queue->item_came);
	} else if (r != -ESHUTDOWN) {
		queue->dropped++;
	}
	pthread_mutex_unlock(&queue->lock);
	if (r < 0)
		queue->item_free(item);
	return r > 0 ? -ENOBUFS : r;
}

int queue_pop(struct queue *queue, int64_t deadline_us, void **ret_item)
{
	const struct timespec deadline = clock_timespec(deadline_us);
	bool late = deadline_us <= 0;
	int r = 0;

	pthread_mutex_lock(&queue->lock);
	while (!queue->closed && queue->count == 0 && !late)
		late = pthread_cond_clockwait(&queue->item_came, &queue->lock, CLOCK_MONOTONIC,
					      &deadline) != 0;
	if (queue->count > 0)
		*ret_item = take_oldest(queue);
	else
		r = queue->closed ? -ESHUTDOWN : -ETIMEDOUT;
	pthread_mutex_unlock(&queue->lock);
	return r;
}

void queue_close(struct queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->closed = true;
	pthread_cond_broadcast(&queue->item_came);
	pthread_cond_broadcast(&queue->room_came);
	pthread_mutex_unlock(&queue->lock);
}

void queue_flush(struct queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	free_oldest(queue, queue->count);
	pthread_mutex_unlock(&queue->lock);
}

struct queue_stats queue_get_stats(struct queue *queue)
{
	struct queue_stats stats;

	pthread_mutex_lock(&queue->lock);
	stats = (struct queue_stats){
		.pushed = queue->pushed,
		.dropped = queue->dropped,
		.depth = queue->count,
		.capacity = queue->capacity,
	};
	pthread_mutex_unlock(&queue->lock);
	return stats;
}
