#include "meeting/outgoing.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* A ring. */
struct line {
	struct outgoing_item items[OUTGOING_PICTURES_MAX];
	size_t capacity;
	size_t first;
	size_t count;
	uint64_t dropped;
};

struct outgoing {
	pthread_mutex_t lock;
	bool is_open;
	bool is_held;
	bool needs_key; /* what was dropped makes all but an IDR useless */
	bool wants_key; /* … and nobody was told yet */
	struct line pictures;
	struct line sounds;
};

void outgoing_item_finish(struct outgoing_item *item)
{
	explicit_bzero(item->payload, item->length);
	free(item->payload);
	item->payload = NULL;
}

static struct outgoing_item *front(struct line *line)
{
	return &line->items[line->first];
}

static struct outgoing_item take(struct line *line)
{
	struct outgoing_item item = *front(line);

	line->first = (line->first + 1) % line->capacity;
	line->count--;
	return item;
}

static void put(struct line *line, const struct outgoing_item *item)
{
	line->items[(line->first + line->count++) % line->capacity] = *item;
}

static void drop_front(struct line *line)
{
	struct outgoing_item item = take(line);

	outgoing_item_finish(&item);
	line->dropped++;
}

static void drop_item(struct line *line, struct outgoing_item *item)
{
	outgoing_item_finish(item);
	line->dropped++;
}

static void drop_all(struct line *line)
{
	while (line->count > 0)
		drop_front(line);
}

/* What is forgotten was not too late: it is not counted. */
static void clear(struct line *line)
{
	uint64_t dropped = line->dropped;

	drop_all(line);
	line->dropped = dropped;
}

int outgoing_create(struct outgoing **ret_outgoing)
{
	struct outgoing *outgoing = calloc(1, sizeof(*outgoing));

	if (outgoing == NULL)
		return -ENOMEM;
	pthread_mutex_init(&outgoing->lock, NULL);
	outgoing->pictures.capacity = OUTGOING_PICTURES_MAX;
	outgoing->sounds.capacity = OUTGOING_SOUNDS_MAX;
	*ret_outgoing = outgoing;
	return 0;
}

void outgoing_destroy(struct outgoing *outgoing)
{
	if (outgoing == NULL)
		return;
	clear(&outgoing->pictures);
	clear(&outgoing->sounds);
	pthread_mutex_destroy(&outgoing->lock);
	free(outgoing);
}

static bool is_taking(const struct outgoing *outgoing)
{
	return outgoing->is_open && !outgoing->is_held;
}

/* Under the lock: whatever comes next begins anew. */
static void begin(struct outgoing *outgoing)
{
	clear(&outgoing->pictures);
	clear(&outgoing->sounds);
	outgoing->needs_key = outgoing->wants_key = is_taking(outgoing);
}

static void set_open(struct outgoing *outgoing, bool is_open)
{
	pthread_mutex_lock(&outgoing->lock);
	outgoing->is_open = is_open;
	begin(outgoing);
	pthread_mutex_unlock(&outgoing->lock);
}

void outgoing_open(struct outgoing *outgoing)
{
	set_open(outgoing, true);
}

void outgoing_shut(struct outgoing *outgoing)
{
	set_open(outgoing, false);
}

void outgoing_hold(struct outgoing *outgoing, bool is_held)
{
	pthread_mutex_lock(&outgoing->lock);
	if (is_held != outgoing->is_held) {
		outgoing->is_held = is_held;
		begin(outgoing);
	}
	pthread_mutex_unlock(&outgoing->lock);
}

/* Once one picture is too late, all are, up to the next IDR that is not. */
static void drop_late(struct outgoing *outgoing, int64_t now_us)
{
	struct line *pictures = &outgoing->pictures;

	if (pictures->count == 0 || now_us - front(pictures)->queued_us <= OUTGOING_WAIT_US)
		return;
	do {
		drop_front(pictures);
	} while (pictures->count > 0 && (!front(pictures)->is_key ||
					 now_us - front(pictures)->queued_us > OUTGOING_WAIT_US));
	outgoing->needs_key = outgoing->wants_key = pictures->count == 0;
}

bool outgoing_put_picture(struct outgoing *outgoing, struct outgoing_item *item)
{
	bool is_taken = false;

	pthread_mutex_lock(&outgoing->lock);
	if (!is_taking(outgoing)) {
		outgoing_item_finish(item);
	} else {
		drop_late(outgoing, item->queued_us);
		if (outgoing->pictures.count == outgoing->pictures.capacity) {
			drop_all(&outgoing->pictures);
			outgoing->needs_key = outgoing->wants_key = true;
		}
		is_taken = item->is_key || !outgoing->needs_key;
		if (is_taken) {
			outgoing->needs_key = outgoing->wants_key = false;
			put(&outgoing->pictures, item);
		} else {
			drop_item(&outgoing->pictures, item);
		}
	}
	pthread_mutex_unlock(&outgoing->lock);
	return is_taken;
}

void outgoing_miss_picture(struct outgoing *outgoing)
{
	pthread_mutex_lock(&outgoing->lock);
	if (is_taking(outgoing)) {
		outgoing->pictures.dropped++;
		outgoing->needs_key = outgoing->wants_key = true;
	}
	pthread_mutex_unlock(&outgoing->lock);
}

bool outgoing_put_sound(struct outgoing *outgoing, struct outgoing_item *item)
{
	bool is_taken;

	pthread_mutex_lock(&outgoing->lock);
	is_taken = is_taking(outgoing);
	if (is_taken) {
		if (outgoing->sounds.count == outgoing->sounds.capacity)
			drop_front(&outgoing->sounds);
		put(&outgoing->sounds, item);
	} else {
		outgoing_item_finish(item);
	}
	pthread_mutex_unlock(&outgoing->lock);
	return is_taken;
}

bool outgoing_take_picture(struct outgoing *outgoing, int64_t now_us,
			   struct outgoing_item *ret_item)
{
	bool is_there;

	pthread_mutex_lock(&outgoing->lock);
	drop_late(outgoing, now_us);
	is_there = outgoing->pictures.count > 0;
	if (is_there)
		*ret_item = take(&outgoing->pictures);
	pthread_mutex_unlock(&outgoing->lock);
	return is_there;
}

bool outgoing_take_sound(struct outgoing *outgoing, struct outgoing_item *ret_item)
{
	bool is_there;

	pthread_mutex_lock(&outgoing->lock);
	is_there = outgoing->sounds.count > 0;
	if (is_there)
		*ret_item = take(&outgoing->sounds);
	pthread_mutex_unlock(&outgoing->lock);
	return is_there;
}

bool outgoing_wants_key(struct outgoing *outgoing)
{
	bool wants_key;

	pthread_mutex_lock(&outgoing->lock);
	wants_key = outgoing->wants_key;
	outgoing->wants_key = false;
	pthread_mutex_unlock(&outgoing->lock);
	return wants_key;
}

int64_t outgoing_oldest_us(struct outgoing *outgoing)
{
	int64_t oldest_us;

	pthread_mutex_lock(&outgoing->lock);
	oldest_us = outgoing->pictures.count > 0 ? front(&outgoing->pictures)->queued_us : 0;
	pthread_mutex_unlock(&outgoing->lock);
	return oldest_us;
}

struct outgoing_stats outgoing_get_stats(struct outgoing *outgoing)
{
	struct outgoing_stats stats;

	pthread_mutex_lock(&outgoing->lock);
	stats = (struct outgoing_stats){
		.pictures_dropped = outgoing->pictures.dropped,
		.sounds_dropped = outgoing->sounds.dropped,
		.pictures = outgoing->pictures.count,
		.sounds = outgoing->sounds.count,
		.wants_key = outgoing->wants_key,
		.is_held = outgoing->is_held,
	};
	pthread_mutex_unlock(&outgoing->lock);
	return stats;
}
