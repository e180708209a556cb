/*
 * Objects that came before their key: held for a moment, since a commit and the media sealed after
 * it take different ways here. Bounded in number, bytes and time; the oldest gives way.
 *
 * Pure: the caller tells the time. One thread.
 */
#ifndef BALAI_MEETING_HELD_H
#define BALAI_MEETING_HELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A room sends 80 objects a second: a quarter of a second of 25 rooms. */
#define HELD_OBJECTS_MAX 512
#define HELD_BYTES_MAX (4U << 20)
#define HELD_LIFE_US INT64_C(1000000)

struct held;

struct held_object {
	bool is_picture; /* it came on the socket for pictures */
	int64_t arrival_us;
	const uint8_t *data; /* as it came */
	size_t length;
};

/* Empty. Returns 0 and hands over *ret_held, or -ENOMEM. */
int held_create(struct held **ret_held) __attribute__((warn_unused_result));

/* NULL is allowed. */
void held_destroy(struct held *held);

/* Copies it; without memory, or where it is too large, it counts as dropped. */
void held_put(struct held *held, const struct held_object *object);

/*
 * The oldest: *ret_object is lent until the next call with `held`. False when there is none. To try
 * them all, take as many as there are; those that are put back follow in the same order.
 */
bool held_take(struct held *held, struct held_object *ret_object);

/* Drops those that came more than HELD_LIFE_US before now_us. */
void held_expire(struct held *held, int64_t now_us);

/* Drops all; they do not count. NULL is allowed. */
void held_clear(struct held *held);

/* How many there are. */
size_t held_count(const struct held *held);

/* How many were dropped since it was created. */
uint64_t held_dropped(const struct held *held);

#endif
