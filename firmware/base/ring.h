/*
 * A wait-free ring of fixed-size elements between exactly one producer thread and one consumer
 * thread, for the real-time side of sound: no lock, no heap after creation.
 */
#ifndef BALAI_BASE_RING_H
#define BALAI_BASE_RING_H

#include <stdbool.h>
#include <stddef.h>

struct ring;

/*
 * capacity: elements, a power of two, 2..65536. Returns 0 and hands over *ret_ring, or -EINVAL,
 * -ENOMEM.
 */
int ring_create(size_t element_bytes, size_t capacity, struct ring **ret_ring)
	__attribute__((warn_unused_result));

/* Neither side may use it any more; NULL is allowed. */
void ring_destroy(struct ring *ring);

/* Producer: copies one element in. False when full: the element is not taken. */
bool ring_push(struct ring *ring, const void *element);

/* Consumer: copies the oldest element out. False when empty. */
bool ring_pop(struct ring *ring, void *element);

/* Elements waiting, as either side sees it now. */
size_t ring_count(const struct ring *ring);

#endif
