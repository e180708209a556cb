#include <jansson.h>

#include "meeting/message_read.h"

bool message_read_number(const struct node *object, const char *name, uint16_t *ret_number)
{
	int64_t value = 0;

	if (!node_read_integer(object, name, 1, UINT16_MAX, &value))
		return false;
	*ret_number = (uint16_t)value;
	return true;
}

static bool read_seat(const struct node *object, const char *name, char *ret_seat)
{
	return node_read_string(object, name, message_is_seat, "a seat: 43 characters of base64url",
				ret_seat, MESSAGE_SEAT_BYTES + 1);
}

bool message_read_join(const struct node *object, struct message *message)
{
	struct message_join *join = &message->join;
	int64_t version;
	int64_t epoch = 0;

	join->resume[0] = '\0';
	join->has_epoch = false;
	if (json_object_get(object->value, "resume") != NULL) {
		join->has_epoch = json_object_get(object->value, "epoch") != NULL;
		if (!read_seat(object, "resume", join->resume) ||
		    (join->has_epoch && !node_read_integer(object, "epoch", 0, INT64_MAX, &epoch)))
			return false;
	}
	join->epoch = (uint64_t)epoch;
	return node_read_integer(object, "version", MESSAGE_VERSION, MESSAGE_VERSION, &version) &&
	       node_read_string(object, "meeting", message_is_meeting,
				"a meeting: 1 to 64 characters of a-z 0-9 -", join->meeting,
				sizeof(join->meeting));
}

bool message_read_joined(const struct node *object, struct message *message)
{
	struct message_joined *joined = &message->joined;

	return message_read_number(object, "member", &joined->member) &&
	       read_seat(object, "seat", joined->seat) &&
	       node_read_bool(object, "resumed", &joined->resumed) &&
	       node_read_integer(object, "clock_us", 0, INT64_MAX, &joined->clock_us);
}

bool message_read_attach(const struct node *object, struct message *message)
{
	return read_seat(object, "seat", message->attach.seat);
}

bool message_read_attached(const struct node *object, struct message *message)
{
	return message_read_number(object, "member", &message->attached.member);
}

static bool read_layer(const struct node *object, struct message_layer *layer)
{
	int64_t width;
	int64_t height;
	int64_t bitrate;

	if (!node_expect(object, JSON_OBJECT, "an object") ||
	    !node_read_integer(object, "width", MESSAGE_SIDE_MIN, MESSAGE_SIDE_MAX, &width) ||
	    !node_read_integer(object, "height", MESSAGE_SIDE_MIN, MESSAGE_SIDE_MAX, &height) ||
	    !node_read_integer(object, "bitrate", 1, MESSAGE_BITRATE_MAX, &bitrate))
		return false;
	*layer = (struct message_layer){.width = (uint16_t)width,
					.height = (uint16_t)height,
					.bitrate = (uint32_t)bitrate};
	return true;
}

static bool read_layers(const struct node *object, struct message_track *track)
{
	struct message_layer *layer;
	struct node array;
	struct node node;
	size_t i;

	if (!node_read_array(object, "layers", OBJECT_LAYERS_MAX, &array))
		return false;
	track->layer_count = (uint8_t)json_array_size(array.value);
	if (track->layer_count == 0)
		return node_refuse(&array, MESSAGE_CODE_PARAMS, "no layer");
	for (i = 0; i < track->layer_count; i++) {
		layer = &track->layers[i];
		node = node_element(&array, i);
		if (!read_layer(&node, layer))
			return false;
		if (i > 0 && layer->width * layer->height > layer[-1].width * layer[-1].height)
			return node_refuse(&node, MESSAGE_CODE_PARAMS,
					   "larger than the one before");
	}
	return true;
}

static const char *kind_text(int kind)
{
	return message_kind_text((enum message_kind)kind);
}

/* The number is read by the caller: `publish` has none. */
static bool read_track(const struct node *object, struct message_track *track)
{
	int kind;

	if (!node_expect(object, JSON_OBJECT, "an object") ||
	    !node_read_choice(object, "kind", kind_text, MESSAGE_KINDS, "camera, share or sound",
			      &kind))
		return false;
	track->kind = (enum message_kind)kind;
	track->track = 0;
	track->layer_count = 0;
	return track->kind == MESSAGE_SOUND || read_layers(object, track);
}

bool message_read_publish(const struct node *object, struct message *message)
{
	struct message_publish *publish = &message->publish;
	struct node array;
	struct node node;
	size_t i;

	if (!node_read_array(object, "tracks", MESSAGE_TRACKS_MAX, &array))
		return false;
	publish->count = json_array_size(array.value);
	for (i = 0; i < publish->count; i++) {
		node = node_element(&array, i);
		if (!read_track(&node, &publish->tracks[i]))
			return false;
	}
	return true;
}

bool message_read_published(const struct node *object, struct message *message)
{
	struct message_published *published = &message->published;
	struct node array;
	struct node node;
	int64_t track;
	size_t i;
	size_t j;

	if (!node_read_array(object, "tracks", MESSAGE_TRACKS_MAX, &array))
		return false;
	published->count = json_array_size(array.value);
	for (i = 0; i < published->count; i++) {
		node = node_element(&array, i);
		if (!node_integer(&node, 1, UINT16_MAX, &track))
			return false;
		published->tracks[i] = (uint16_t)track;
		for (j = 0; j < i; j++)
			if (published->tracks[j] == track)
				return node_refuse(&node, MESSAGE_CODE_PARAMS, "told twice");
	}
	return true;
}

static bool read_track_layer(const struct node *object, struct message_track_layer *ret_layer)
{
	int64_t layer;

	if (!node_expect(object, JSON_OBJECT, "an object") ||
	    !message_read_number(object, "track", &ret_layer->track) ||
	    !node_read_integer(object, "layer", 0, OBJECT_LAYERS_MAX - 1, &layer))
		return false;
	ret_layer->layer = (uint8_t)layer;
	return true;
}

bool message_read_want(const struct node *object, struct message *message)
{
	struct message_want *want = &message->want;
	struct node array;
	struct node node;
	size_t i;

	if (!node_read_array(object, "wants", MESSAGE_WANTS_MAX, &array))
		return false;
	want->count = json_array_size(array.value);
	for (i = 0; i < want->count; i++) {
		node = node_element(&array, i);
		if (!read_track_layer(&node, &want->wants[i]))
			return false;
	}
	return true;
}

bool message_read_keyframe(const struct node *object, struct message *message)
{
	return read_track_layer(object, &message->layer);
}

bool message_read_time(const struct node *object, struct message *message)
{
	return node_read_integer(object, "clock_us", 0, INT64_MAX, &message->time.clock_us);
}

static bool read_track_delay(const struct node *object, struct message_delay *delay)
{
	delay->lost = 0;
	return node_expect(object, JSON_OBJECT, "an object") &&
	       message_read_number(object, "track", &delay->track) &&
	       node_read_integer(object, "delay_us", 0, MESSAGE_DELAY_US_MAX, &delay->delay_us);
}

bool message_read_report(const struct node *object, struct message *message)
{
	struct message_report *report = &message->report;
	struct node array;
	struct node node;
	int64_t lost;
	size_t i;

	if (!node_read_array(object, "tracks", MESSAGE_REPORTS_MAX, &array))
		return false;
	report->count = json_array_size(array.value);
	for (i = 0; i < report->count; i++) {
		node = node_element(&array, i);
		if (!read_track_delay(&node, &report->tracks[i]) ||
		    !node_read_integer(&node, "lost", 0, UINT32_MAX, &lost))
			return false;
		report->tracks[i].lost = (uint32_t)lost;
	}
	return true;
}

bool message_read_delay(const struct node *object, struct message *message)
{
	return read_track_delay(object, &message->delay);
}

static bool read_member(const struct node *object, struct message_member *member)
{
	struct node array;
	struct node node;
	size_t i;

	if (!node_expect(object, JSON_OBJECT, "an object") ||
	    !message_read_number(object, "member", &member->member) ||
	    !node_read_string(object, "name", message_is_name,
			      "a name: 1 to 64 bytes of printable text", member->name,
			      sizeof(member->name)) ||
	    !node_read_bool(object, "here", &member->here) ||
	    !node_read_array(object, "tracks", MESSAGE_TRACKS_MAX, &array))
		return false;
	member->track_count = (uint8_t)json_array_size(array.value);
	for (i = 0; i < member->track_count; i++) {
		node = node_element(&array, i);
		if (!read_track(&node, &member->tracks[i]) ||
		    !message_read_number(&node, "track", &member->tracks[i].track))
			return false;
	}
	return true;
}

/* Sets one bit a track; false when a track was there before. */
static bool mark_tracks(const struct message_member *member, uint8_t *seen)
{
	uint16_t track;
	uint8_t bit;
	size_t i;

	for (i = 0; i < member->track_count; i++) {
		track = member->tracks[i].track;
		bit = (uint8_t)(1U << (track % 8));
		if ((seen[track / 8] & bit) != 0)
			return false;
		seen[track / 8] |= bit;
	}
	return true;
}

bool message_read_roster(const struct node *object, struct message *message)
{
	struct message_roster *roster = &message->roster;
	uint8_t seen[(UINT16_MAX + 1) / 8] = {0};
	struct node array;
	struct node node;
	size_t i;

	if (!node_read_array(object, "members", MESSAGE_MEMBERS_MAX, &array))
		return false;
	roster->count = json_array_size(array.value);
	for (i = 0; i < roster->count; i++) {
		node = node_element(&array, i);
		if (!read_member(&node, &roster->members[i]))
			return false;
		if (i > 0 && roster->members[i].member <= roster->members[i - 1].member)
			return node_refuse(&node, MESSAGE_CODE_PARAMS, "not in order of `member`");
		if (!mark_tracks(&roster->members[i], seen))
			return node_refuse(&node, MESSAGE_CODE_PARAMS, "a track is told twice");
	}
	return true;
}
