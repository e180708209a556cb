#include "base/ring.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { CAPACITY_MAX = 65536 };

/*
 * `pushed` and `popped` count for ever and wrap; their difference is what waits. Each is written by
 * one side alone. The release of a counter hands the element's bytes to the other side's acquire.
 */
struct ring {
	atomic_size_t pushed;
	atomic_size_t popped;
	size_t element_bytes;
	size_t capacity;
	unsigned char elements[];
};

int ring_create(size_t element_bytes, size_t capacity, struct ring **ret_ring)
{
	struct ring *ring;

	if (capacity < 2 || capacity > CAPACITY_MAX || (capacity & (capacity - 1)) != 0 ||
	    element_bytes < 1)
		return -EINVAL;
	if (element_bytes > (SIZE_MAX - sizeof(*ring)) / capacity)
		return -ENOMEM;
	ring = malloc(sizeof(*ring) + element_bytes * capacity);
	if (!ring)
		return -ENOMEM;
	atomic_init(&ring->pushed, 0);
	atomic_init(&ring->popped, 0);
	ring->element_bytes = element_bytes;
	ring->capacity = capacity;
	/* Touched now, so that no page fault meets the real-time side. */
	memset(ring->elements, 0, element_bytes * capacity);
	*ret_ring = ring;
	return 0;
}

void ring_destroy(struct ring *ring)
{
	free(ring);
}

static unsigned char *element_at(struct ring *ring, size_t position)
{
	return ring->elements + (position & (ring->capacity - 1)) * ring->element_bytes;
}

bool ring_push(struct ring *ring, const void *element)
{
	size_t pushed = atomic_load_explicit(&ring->pushed, memory_order_relaxed);
	size_t popped = atomic_load_explicit(&ring->popped, memory_order_acquire);

	if (pushed - popped == ring->capacity)
		return false;
	memcpy(element_at(ring, pushed), element, ring->element_bytes);
	atomic_store_explicit(&ring->pushed, pushed + 1, memory_order_release);
	return true;
}

bool ring_pop(struct ring *ring, void *element)
{
	size_t popped = atomic_load_explicit(&ring->popped, memory_order_relaxed);
	size_t pushed = atomic_load_explicit(&ring->pushed, memory_order_acquire);

	if (pushed == popped)
		return false;
	memcpy(element, element_at(ring, popped), ring->element_bytes);
	atomic_store_explicit(&ring->popped, popped + 1, memory_order_release);
	return true;
}

size_t ring_count(const struct ring *ring)
{
	/* In this order: what is popped between the two reads cannot make the count negative. */
	size_t popped = atomic_load_explicit(&ring->popped, memory_order_acquire);
	size_t pushed = atomic_load_explicit(&ring->pushed, memory_order_acquire);

	return pushed - popped;
}
