#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "base/json.h"
#include "meeting/message.h"
#include "meeting/node.h"

/* Every reader is false once it has set the fault. */
typedef bool (*reader)(const struct node *object, struct message *message);

/* Track and member numbers. */
static bool read_number(const struct node *object, const char *name, uint16_t *ret_number)
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

static bool read_nothing(const struct node *object, struct message *message)
{
	(void)object;
	(void)message;
	return true;
}

static bool read_join(const struct node *object, struct message *message)
{
	struct message_join *join = &message->join;
	int64_t version;

	join->resume[0] = '\0';
	if (json_object_get(object->value, "resume") != NULL &&
	    !read_seat(object, "resume", join->resume))
		return false;
	return node_read_integer(object, "version", MESSAGE_VERSION, MESSAGE_VERSION, &version) &&
	       node_read_string(object, "meeting", message_is_meeting,
				"a meeting: 1 to 64 characters of a-z 0-9 -", join->meeting,
				sizeof(join->meeting));
}

static bool read_joined(const struct node *object, struct message *message)
{
	struct message_joined *joined = &message->joined;

	return read_number(object, "member", &joined->member) &&
	       read_seat(object, "seat", joined->seat) &&
	       node_read_bool(object, "resumed", &joined->resumed) &&
	       node_read_integer(object, "clock_us", 0, INT64_MAX, &joined->clock_us);
}

static bool read_attach(const struct node *object, struct message *message)
{
	return read_seat(object, "seat", message->attach.seat);
}

static bool read_attached(const struct node *object, struct message *message)
{
	return read_number(object, "member", &message->attached.member);
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

static bool read_kind(const struct node *object, enum message_kind *ret_kind)
{
	struct node node = node_member(object, "kind");
	int kind;

	if (!node_expect(&node, JSON_STRING, "a string"))
		return false;
	for (kind = 0; kind < MESSAGE_KINDS; kind++) {
		if (strcmp(json_string_value(node.value), message_kind_text(kind)) == 0) {
			*ret_kind = kind;
			return true;
		}
	}
	return node_refuse(&node, MESSAGE_CODE_PARAMS, "not camera, share or sound");
}

/* The number is read by the caller: `publish` has none. */
static bool read_track(const struct node *object, struct message_track *track)
{
	if (!node_expect(object, JSON_OBJECT, "an object") || !read_kind(object, &track->kind))
		return false;
	track->track = 0;
	track->layer_count = 0;
	return track->kind == MESSAGE_SOUND || read_layers(object, track);
}

static bool read_publish(const struct node *object, struct message *message)
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

static bool read_published(const struct node *object, struct message *message)
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
	    !read_number(object, "track", &ret_layer->track) ||
	    !node_read_integer(object, "layer", 0, OBJECT_LAYERS_MAX - 1, &layer))
		return false;
	ret_layer->layer = (uint8_t)layer;
	return true;
}

static bool read_want(const struct node *object, struct message *message)
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

static bool read_keyframe(const struct node *object, struct message *message)
{
	return read_track_layer(object, &message->layer);
}

static bool read_time(const struct node *object, struct message *message)
{
	return node_read_integer(object, "clock_us", 0, INT64_MAX, &message->time.clock_us);
}

static bool read_track_delay(const struct node *object, struct message_delay *delay)
{
	delay->lost = 0;
	return node_expect(object, JSON_OBJECT, "an object") &&
	       read_number(object, "track", &delay->track) &&
	       node_read_integer(object, "delay_us", 0, MESSAGE_DELAY_US_MAX, &delay->delay_us);
}

static bool read_report(const struct node *object, struct message *message)
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

static bool read_delay(const struct node *object, struct message *message)
{
	return read_track_delay(object, &message->delay);
}

static bool read_member(const struct node *object, struct message_member *member)
{
	struct node array;
	struct node node;
	size_t i;

	if (!node_expect(object, JSON_OBJECT, "an object") ||
	    !read_number(object, "member", &member->member) ||
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
		    !read_number(&node, "track", &member->tracks[i].track))
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

static bool read_roster(const struct node *object, struct message *message)
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

static bool any_text(const char *text)
{
	(void)text;
	return true;
}

static bool read_error(const struct node *object, struct message *message)
{
	int64_t code;

	if (!node_read_integer(object, "code", INT32_MIN, INT32_MAX, &code) ||
	    !node_read_string(object, "message", any_text, "at most 255 bytes", message->error.text,
			      sizeof(message->error.text)))
		return false;
	message->error.code = (int)code;
	return true;
}

static const reader request_readers[MESSAGE_METHODS] = {
	[MESSAGE_JOIN] = read_join,         [MESSAGE_ATTACH] = read_attach,
	[MESSAGE_PUBLISH] = read_publish,   [MESSAGE_WANT] = read_want,
	[MESSAGE_KEYFRAME] = read_keyframe, [MESSAGE_TIME] = read_nothing,
	[MESSAGE_REPORT] = read_report,     [MESSAGE_LEAVE] = read_nothing,
};

static const reader result_readers[MESSAGE_METHODS] = {
	[MESSAGE_JOIN] = read_joined,       [MESSAGE_ATTACH] = read_attached,
	[MESSAGE_PUBLISH] = read_published, [MESSAGE_WANT] = read_nothing,
	[MESSAGE_KEYFRAME] = read_nothing,  [MESSAGE_TIME] = read_time,
	[MESSAGE_REPORT] = read_nothing,    [MESSAGE_LEAVE] = read_nothing,
};

static const reader notification_readers[MESSAGE_METHODS] = {
	[MESSAGE_KEYFRAME] = read_keyframe,
	[MESSAGE_REPORT] = read_delay,
	[MESSAGE_ROSTER] = read_roster,
};

static bool read_method(const struct node *root, const char *name, const reader *readers,
			enum message_method *ret_method)
{
	struct node node = node_member(root, "method");
	int method;

	for (method = 0; method < MESSAGE_METHODS; method++) {
		if (strcmp(name, message_method_text(method)) == 0 && readers[method] != NULL) {
			*ret_method = method;
			return true;
		}
	}
	return node_refuse(&node, MESSAGE_CODE_METHOD, "not known");
}

/* A request or a notification. Without `params` it is as with an empty object. */
static bool read_call(const struct node *root, const char *method, struct message *message)
{
	const reader *readers = message->has_id ? request_readers : notification_readers;
	struct node params = node_member(root, "params");
	json_t *empty = NULL;
	bool is_read;

	message->form = message->has_id ? MESSAGE_REQUEST : MESSAGE_NOTIFICATION;
	if (!read_method(root, method, readers, &message->method))
		return false;
	if (params.value == NULL)
		params.value = empty = json_object();
	is_read = node_expect(&params, JSON_OBJECT, "an object") &&
		  readers[message->method](&params, message);
	json_decref(empty);
	return is_read;
}

static bool read_answer(const struct node *root, message_method_of method_of, void *context,
			struct message *message)
{
	struct node answer = node_member(root, "error");
	int method;

	message->form = answer.value != NULL ? MESSAGE_ERROR : MESSAGE_RESULT;
	if (message->form == MESSAGE_ERROR && !read_error(&answer, message))
		return false;
	if (!message->has_id)
		return true;
	method = method_of != NULL ? method_of(context, message->id) : -1;
	if (method < 0)
		return node_refuse(root, MESSAGE_CODE_INVALID,
				   "an answer to nothing that was asked");
	message->method = method;
	if (message->form == MESSAGE_ERROR)
		return true;
	answer = node_member(root, "result");
	return node_expect(&answer, JSON_OBJECT, "an object") &&
	       result_readers[method](&answer, message);
}

static bool read_root(const struct node *root, const struct jsonrpc_message *rpc,
		      message_method_of method_of, void *context, struct message *message)
{
	message->has_id = rpc->id != JSONRPC_NO_ID;
	message->id = message->has_id ? rpc->id : 0;
	root->fault->has_id = message->has_id;
	root->fault->id = message->id;
	if (rpc->method != NULL)
		return read_call(root, rpc->method, message);
	return read_answer(root, method_of, context, message);
}

int message_parse(const char *text, size_t length, message_method_of method_of, void *context,
		  struct message *message, struct message_fault *ret_fault)
{
	struct message_fault fault = {.has_id = false};
	struct node root = {.fault = &fault};
	struct jsonrpc_message rpc;
	bool is_read;
	int r;

	r = jsonrpc_parse(text, length, &rpc);
	if (r == -ENOMEM)
		return r;
	if (r == 0) {
		root.value = rpc.root;
		is_read = read_root(&root, &rpc, method_of, context, message);
		jsonrpc_finish(&rpc);
	} else if (r == -EPROTO) {
		is_read = node_refuse(&root, MESSAGE_CODE_INVALID, "not JSON-RPC 2.0");
	} else {
		is_read = node_refuse(&root, MESSAGE_CODE_PARSE, "not JSON");
	}
	if (is_read)
		return 0;
	*ret_fault = fault;
	return -EBADMSG;
}
