#include "meeting/incoming.h"

#include <errno.h>
#include <stdlib.h>

struct record {
	struct message_track_layer layer;
	struct incoming_origin origin;
	bool is_started; /* group and object are known */
	bool is_waiting; /* for a key */
	uint32_t group;
	uint32_t object; /* the next */
	uint32_t lost;   /* groups given up since the last report */
	size_t delay_count;
	int64_t delays_us[INCOMING_DELAYS_MAX];
};

struct incoming {
	size_t count;
	struct record records[MESSAGE_WANTS_MAX];
	struct record before[MESSAGE_WANTS_MAX]; /* while they are made anew */
	struct incoming_stats stats;
};

int incoming_create(struct incoming **ret_incoming)
{
	struct incoming *incoming = calloc(1, sizeof(*incoming));

	if (incoming == NULL)
		return -ENOMEM;
	*ret_incoming = incoming;
	return 0;
}

void incoming_destroy(struct incoming *incoming)
{
	free(incoming);
}

static const struct message_track *find_track(const struct message_roster *roster, uint16_t track,
					      uint16_t *ret_member)
{
	const struct message_member *member;
	size_t i;
	size_t j;

	for (i = 0; i < roster->count; i++) {
		member = &roster->members[i];
		for (j = 0; j < member->track_count; j++) {
			if (member->tracks[j].track != track)
				continue;
			*ret_member = member->member;
			return &member->tracks[j];
		}
	}
	return NULL;
}

static struct record *find_record(struct record *records, size_t count,
				  const struct message_track_layer *layer)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (records[i].layer.track == layer->track &&
		    records[i].layer.layer == layer->layer)
			return &records[i];
	return NULL;
}

static bool has_layer(const struct message_track *track, uint8_t layer)
{
	return track->kind == MESSAGE_SOUND ? layer == 0 : layer < track->layer_count;
}

static bool is_same_origin(const struct incoming_origin *a, const struct incoming_origin *b)
{
	return a->member == b->member && a->kind == b->kind;
}

void incoming_expect(struct incoming *incoming, const struct message_want *want,
		     const struct message_roster *roster)
{
	size_t count_before = incoming->count;
	const struct message_track *track;
	struct incoming_origin origin = {0};
	const struct record *before;
	size_t i;

	for (i = 0; i < count_before; i++)
		incoming->before[i] = incoming->records[i];
	incoming->count = 0;
	for (i = 0; i < want->count; i++) {
		track = find_track(roster, want->wants[i].track, &origin.member);
		if (track == NULL || !has_layer(track, want->wants[i].layer))
			continue;
		origin.kind = track->kind;
		before = find_record(incoming->before, count_before, &want->wants[i]);
		if (before != NULL && is_same_origin(&before->origin, &origin))
			incoming->records[incoming->count++] = *before;
		else
			incoming->records[incoming->count++] =
				(struct record){.layer = want->wants[i], .origin = origin};
	}
}

/* Serial numbers (RFC 1982): the newer of two is less than half the circle ahead. */
static bool is_newer(uint32_t group, uint32_t than)
{
	return (int32_t)(group - than) > 0;
}

/* Each sound stands alone: what is missing is missing, and what follows is good. */
static enum incoming_verdict judge_sound(struct incoming *incoming, struct record *record,
					 const struct object_header *header)
{
	if (record->is_started && !is_newer(header->group, record->group))
		return INCOMING_AGAIN;
	if (record->is_started && header->group != record->group + 1)
		incoming->stats.gaps++;
	record->is_started = true;
	record->group = header->group;
	return INCOMING_TAKE;
}

static enum incoming_verdict lose_group(struct incoming *incoming, struct record *record)
{
	if (!record->is_waiting) {
		record->is_waiting = true;
		record->lost++;
		incoming->stats.gaps++;
	}
	return INCOMING_GAP;
}

static enum incoming_verdict judge_picture(struct incoming *incoming, struct record *record,
					   const struct object_header *header)
{
	bool is_same = record->is_started && header->group == record->group;

	if (is_same && header->object < record->object)
		return INCOMING_AGAIN;
	if ((header->flags & OBJECT_KEY) != 0) {
		record->is_started = true;
		record->is_waiting = false;
		record->group = header->group;
		record->object = 1;
		return INCOMING_TAKE;
	}
	if (!is_same || record->is_waiting || header->object != record->object)
		return lose_group(incoming, record);
	record->object++;
	return INCOMING_TAKE;
}

static void note_delay(struct record *record, int64_t delay_us)
{
	if (delay_us < 0 || record->delay_count == INCOMING_DELAYS_MAX)
		return;
	record->delays_us[record->delay_count++] = delay_us;
}

enum incoming_verdict incoming_admit(struct incoming *incoming, const struct object_header *header,
				     bool is_picture, struct incoming_origin *ret_origin)
{
	const struct message_track_layer layer = {.track = header->track, .layer = header->layer};
	const struct record *record = find_record(incoming->records, incoming->count, &layer);

	if (record != NULL && (record->origin.kind == MESSAGE_SOUND) != is_picture) {
		*ret_origin = record->origin;
		ret_origin->is_started = record->is_started;
		return INCOMING_TAKE;
	}
	incoming->stats.refused++;
	return record == NULL ? INCOMING_UNWANTED : INCOMING_MISPLACED;
}

enum incoming_verdict incoming_object(struct incoming *incoming, const struct object_header *header,
				      size_t length, int64_t delay_us)
{
	const struct message_track_layer layer = {.track = header->track, .layer = header->layer};
	struct record *record = find_record(incoming->records, incoming->count, &layer);
	bool is_sound = record->origin.kind == MESSAGE_SOUND;
	enum incoming_verdict verdict = is_sound ? judge_sound(incoming, record, header)
						 : judge_picture(incoming, record, header);

	if (verdict == INCOMING_TAKE) {
		note_delay(record, delay_us);
		incoming->stats.bytes += length;
		if (is_sound)
			incoming->stats.sounds++;
		else
			incoming->stats.pictures++;
	} else if (verdict == INCOMING_AGAIN) {
		incoming->stats.refused++;
	}
	return verdict;
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a;
	int64_t y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static int64_t median_delay_us(struct record *record)
{
	int64_t delay_us;

	qsort(record->delays_us, record->delay_count, sizeof(record->delays_us[0]), compare);
	delay_us = record->delays_us[record->delay_count / 2];
	return delay_us < MESSAGE_DELAY_US_MAX ? delay_us : MESSAGE_DELAY_US_MAX;
}

void incoming_report(struct incoming *incoming, struct message_report *ret_report)
{
	struct record *record;
	size_t i;

	ret_report->count = 0;
	for (i = 0; i < incoming->count; i++) {
		record = &incoming->records[i];
		if (record->origin.kind == MESSAGE_SOUND || record->delay_count == 0)
			continue;
		ret_report->tracks[ret_report->count++] =
			(struct message_delay){.track = record->layer.track,
					       .delay_us = median_delay_us(record),
					       .lost = record->lost};
		record->delay_count = 0;
		record->lost = 0;
	}
}

struct incoming_stats incoming_get_stats(const struct incoming *incoming)
{
	return incoming->stats;
}
