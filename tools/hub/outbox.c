#include "tools/hub/outbox.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum { FIFO_SIZE_FIRST = 16 };

struct entry {
	struct packet *packet;
	struct outbox_flow *flow; /* of a picture */
	int64_t since_us;
};

/* A ring that grows by doubling; size is a power of two or 0. */
struct fifo {
	struct entry *entries;
	size_t size;
	size_t head;
	size_t count;
	size_t bytes;
};

struct outbox {
	const struct clock *clock;
	struct metrics *metrics;
	void (*wake)(void *context);
	void *context;
	const struct outbox_source *source;
	void *source_context;
	struct fifo texts;
	struct packet *roster;
	size_t roster_place; /* texts that go before it */
	struct fifo sounds;
	struct fifo pictures;
	bool dropped; /* pictures, and the source does not know yet that the path is free */
	int end_code; /* 0: goes on */
	const char *end_reason;
};

static struct entry *fifo_at(const struct fifo *fifo, size_t i)
{
	return &fifo->entries[(fifo->head + i) & (fifo->size - 1)];
}

static int fifo_grow(struct fifo *fifo)
{
	size_t size = fifo->size ? fifo->size * 2 : FIFO_SIZE_FIRST, i;
	struct entry *entries = malloc(size * sizeof(*entries));

	if (!entries)
		return -ENOMEM;
	for (i = 0; i < fifo->count; i++)
		entries[i] = *fifo_at(fifo, i);
	free(fifo->entries);
	fifo->entries = entries;
	fifo->size = size;
	fifo->head = 0;
	return 0;
}

static int fifo_push(struct fifo *fifo, const struct entry *entry)
{
	if (fifo->count == fifo->size && fifo_grow(fifo) < 0)
		return -ENOMEM;
	*fifo_at(fifo, fifo->count++) = *entry;
	packet_ref(entry->packet);
	fifo->bytes += entry->packet->length;
	return 0;
}

/* The reference goes to the caller. */
static struct entry fifo_pop(struct fifo *fifo)
{
	struct entry entry = *fifo_at(fifo, 0);

	fifo->head = (fifo->head + 1) & (fifo->size - 1);
	fifo->count--;
	fifo->bytes -= entry.packet->length;
	return entry;
}

static void fifo_clear(struct fifo *fifo)
{
	struct entry entry;

	while (fifo->count > 0) {
		entry = fifo_pop(fifo);
		if (entry.flow)
			entry.flow->bytes -= entry.packet->length;
		packet_unref(entry.packet);
	}
}

static void fifo_finish(struct fifo *fifo)
{
	fifo_clear(fifo);
	free(fifo->entries);
}

int outbox_create(const struct clock *clock, struct metrics *metrics, void (*wake)(void *context),
		  void *context, struct outbox **ret_outbox)
{
	struct outbox *outbox = calloc(1, sizeof(*outbox));

	if (!outbox)
		return -ENOMEM;
	outbox->clock = clock;
	outbox->metrics = metrics;
	outbox->wake = wake;
	outbox->context = context;
	*ret_outbox = outbox;
	return 0;
}

void outbox_destroy(struct outbox *outbox)
{
	if (!outbox)
		return;
	fifo_finish(&outbox->texts);
	packet_unref(outbox->roster);
	fifo_finish(&outbox->sounds);
	fifo_finish(&outbox->pictures);
	free(outbox);
}

void outbox_set_source(struct outbox *outbox, const struct outbox_source *source, void *context)
{
	fifo_clear(&outbox->pictures);
	outbox->source = source;
	outbox->source_context = context;
	outbox->dropped = false;
}

void outbox_text(struct outbox *outbox, struct packet *packet)
{
	const struct entry entry = {.packet = packet};

	if (outbox->end_code != 0)
		return;
	if (outbox->texts.count == OUTBOX_TEXTS_MAX ||
	    outbox->texts.bytes + packet->length > OUTBOX_TEXT_BYTES_MAX) {
		fifo_clear(&outbox->texts);
		outbox_end(outbox, 1008, "does not read its control messages");
		return;
	}
	if (fifo_push(&outbox->texts, &entry) < 0)
		outbox_end(outbox, 1013, "no memory");
	else
		outbox->wake(outbox->context);
}

void outbox_roster(struct outbox *outbox, struct packet *packet)
{
	if (outbox->end_code != 0)
		return;
	packet_ref(packet);
	if (!outbox->roster)
		outbox->roster_place = outbox->texts.count;
	packet_unref(outbox->roster);
	outbox->roster = packet;
	outbox->wake(outbox->context);
}

void outbox_sound(struct outbox *outbox, struct packet *packet)
{
	const struct entry entry = {.packet = packet};

	if (outbox->end_code != 0)
		return;
	if (outbox->sounds.count == OUTBOX_SOUNDS_MAX) {
		packet_unref(fifo_pop(&outbox->sounds).packet);
		outbox->metrics->sounds_dropped++;
	}
	if (fifo_push(&outbox->sounds, &entry) < 0)
		outbox->metrics->sounds_dropped++;
	else
		outbox->wake(outbox->context);
}

void outbox_forget(struct outbox *outbox, struct outbox_flow *flow)
{
	struct fifo *fifo = &outbox->pictures;
	size_t kept = 0, i;
	struct entry *entry;

	for (i = 0; i < fifo->count; i++) {
		entry = fifo_at(fifo, i);
		if (entry->flow != flow) {
			*fifo_at(fifo, kept++) = *entry;
			continue;
		}
		fifo->bytes -= entry->packet->length;
		packet_unref(entry->packet);
	}
	fifo->count = kept;
	flow->bytes = 0;
}

/* Entries stand in the order of their age, so those that wait too long are the first ones. */
static struct outbox_flow *largest_flow(const struct outbox *outbox, int64_t since_us)
{
	struct outbox_flow *largest = NULL;
	const struct entry *entry;
	size_t i;

	for (i = 0; i < outbox->pictures.count; i++) {
		entry = fifo_at(&outbox->pictures, i);
		if (entry->since_us >= since_us)
			break;
		if (!largest || entry->flow->bytes > largest->bytes)
			largest = entry->flow;
	}
	return largest;
}

static void drop(struct outbox *outbox, struct outbox_flow *flow)
{
	outbox_forget(outbox, flow);
	outbox->metrics->layers_dropped++;
	outbox->dropped = true;
	/* The writer comes by when the socket takes data again, though nothing may wait by then. */
	outbox->wake(outbox->context);
	outbox->source->dropped(outbox->source_context, flow);
}

static bool is_full(const struct outbox *outbox, size_t length)
{
	const struct fifo *fifo = &outbox->pictures;

	return fifo->count == OUTBOX_PICTURES_MAX ||
	       (fifo->count > 0 && fifo->bytes + length > OUTBOX_PICTURE_BYTES_MAX);
}

void outbox_make_room(struct outbox *outbox, size_t length, int64_t now_us)
{
	struct outbox_flow *flow;

	while ((flow = largest_flow(outbox, now_us - OUTBOX_PICTURE_WAIT_US)) ||
	       (is_full(outbox, length) && (flow = largest_flow(outbox, INT64_MAX))))
		drop(outbox, flow);
}

void outbox_picture(struct outbox *outbox, struct packet *packet, struct outbox_flow *flow,
		    int64_t now_us)
{
	const struct entry entry = {.packet = packet, .flow = flow, .since_us = now_us};

	if (outbox->end_code != 0)
		return;
	if (fifo_push(&outbox->pictures, &entry) < 0) {
		drop(outbox, flow);
		return;
	}
	flow->bytes += packet->length;
	outbox->wake(outbox->context);
}

void outbox_end(struct outbox *outbox, int code, const char *reason)
{
	assert(code != 0);
	if (outbox->end_code != 0)
		return;
	outbox->end_code = code;
	outbox->end_reason = reason;
	packet_unref(outbox->roster);
	outbox->roster = NULL;
	fifo_clear(&outbox->sounds);
	fifo_clear(&outbox->pictures);
	outbox->dropped = false;
	outbox->wake(outbox->context);
}

int outbox_ending(const struct outbox *outbox, const char **ret_reason)
{
	if (outbox->end_code != 0)
		*ret_reason = outbox->end_reason;
	return outbox->end_code;
}

static struct packet *take_picture(struct outbox *outbox)
{
	struct entry entry;

	if (outbox->pictures.count > 0)
		outbox_make_room(outbox, 0, outbox->clock->now_us(outbox->clock->context));
	if (outbox->pictures.count == 0 && outbox->dropped) {
		outbox->dropped = false;
		outbox->source->freed(outbox->source_context);
	}
	if (outbox->pictures.count == 0)
		return NULL;
	entry = fifo_pop(&outbox->pictures);
	entry.flow->bytes -= entry.packet->length;
	return entry.packet;
}

struct packet *outbox_take(struct outbox *outbox)
{
	struct packet *packet;

	if (outbox->roster && outbox->roster_place == 0) {
		packet = outbox->roster;
		outbox->roster = NULL;
		return packet;
	}
	if (outbox->texts.count > 0) {
		if (outbox->roster)
			outbox->roster_place--;
		return fifo_pop(&outbox->texts).packet;
	}
	if (outbox->sounds.count > 0)
		return fifo_pop(&outbox->sounds).packet;
	return take_picture(outbox);
}

bool outbox_is_empty(const struct outbox *outbox)
{
	return outbox->texts.count == 0 && !outbox->roster && outbox->sounds.count == 0 &&
	       outbox->pictures.count == 0;
}
