#include "meeting/held.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A ring in order of arrival; it owns the data of its objects. */
struct held {
	struct held_object objects[HELD_OBJECTS_MAX];
	size_t first;
	size_t count;
	size_t bytes;
	const uint8_t *lent; /* owned: of the object taken last */
	uint64_t dropped;
};

int held_create(struct held **ret_held)
{
	struct held *held = calloc(1, sizeof(*held));

	if (held == NULL)
		return -ENOMEM;
	*ret_held = held;
	return 0;
}

void held_destroy(struct held *held)
{
	if (held == NULL)
		return;
	held_clear(held);
	free((uint8_t *)held->lent);
	free(held);
}

static struct held_object take_first(struct held *held)
{
	struct held_object object = held->objects[held->first];

	held->first = (held->first + 1) % HELD_OBJECTS_MAX;
	held->count--;
	held->bytes -= object.length;
	return object;
}

static void drop_first(struct held *held)
{
	free((uint8_t *)take_first(held).data);
	held->dropped++;
}

void held_put(struct held *held, const struct held_object *object)
{
	uint8_t *data = object->length <= HELD_BYTES_MAX ? malloc(object->length) : NULL;
	struct held_object *copy;

	if (data == NULL) {
		held->dropped++;
		return;
	}
	memcpy(data, object->data, object->length);
	while (held->count == HELD_OBJECTS_MAX || held->bytes > HELD_BYTES_MAX - object->length)
		drop_first(held);
	copy = &held->objects[(held->first + held->count++) % HELD_OBJECTS_MAX];
	*copy = *object;
	copy->data = data;
	held->bytes += object->length;
}

bool held_take(struct held *held, struct held_object *ret_object)
{
	free((uint8_t *)held->lent);
	held->lent = NULL;
	if (held->count == 0)
		return false;
	*ret_object = take_first(held);
	held->lent = ret_object->data;
	return true;
}

void held_expire(struct held *held, int64_t now_us)
{
	while (held->count > 0 && now_us - held->objects[held->first].arrival_us > HELD_LIFE_US)
		drop_first(held);
}

void held_clear(struct held *held)
{
	while (held != NULL && held->count > 0)
		free((uint8_t *)take_first(held).data);
}

size_t held_count(const struct held *held)
{
	return held->count;
}

uint64_t held_dropped(const struct held *held)
{
	return held->dropped;
}
