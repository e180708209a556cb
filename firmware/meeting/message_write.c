#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "meeting/message_write.h"

typedef json_t *(*writer)(const struct message *message);

json_t *message_append(json_t *array, json_t *value)
{
	if (array == NULL) {
		json_decref(value);
		return NULL;
	}
	if (json_array_append_new(array, value) == 0)
		return array;
	json_decref(array);
	return NULL;
}

json_t *message_set(json_t *object, const char *name, json_t *value)
{
	if (json_object_set_new(object, name, value) == 0)
		return object;
	json_decref(object);
	return NULL;
}

static json_t *write_nothing(const struct message *message)
{
	(void)message;
	return json_object();
}

static json_t *write_join(const struct message *message)
{
	const struct message_join *join = &message->join;
	json_t *json =
		json_pack("{s:i, s:s, s:s*}", "version", MESSAGE_VERSION, "meeting", join->meeting,
			  "resume", join->resume[0] != '\0' ? join->resume : NULL);

	if (!join->has_epoch)
		return json;
	return message_set(json, "epoch", json_integer((json_int_t)join->epoch));
}

static json_t *write_joined(const struct message *message)
{
	const struct message_joined *joined = &message->joined;

	return json_pack("{s:i, s:s, s:b, s:I}", "member", joined->member, "seat", joined->seat,
			 "resumed", joined->resumed, "clock_us", (json_int_t)joined->clock_us);
}

static json_t *write_attach(const struct message *message)
{
	return json_pack("{s:s}", "seat", message->attach.seat);
}

static json_t *write_attached(const struct message *message)
{
	return json_pack("{s:i}", "member", message->attached.member);
}

static json_t *write_layers(const struct message_track *track)
{
	json_t *layers = json_array();
	size_t i;

	for (i = 0; i < track->layer_count; i++)
		layers = message_append(layers, json_pack("{s:i, s:i, s:I}", "width",
							  track->layers[i].width, "height",
							  track->layers[i].height, "bitrate",
							  (json_int_t)track->layers[i].bitrate));
	return layers;
}

static json_t *write_track(const struct message_track *track)
{
	const char *kind = message_kind_text(track->kind);
	json_t *json;

	if (track->kind == MESSAGE_SOUND)
		json = json_pack("{s:s}", "kind", kind);
	else
		json = json_pack("{s:s, s:o}", "kind", kind, "layers", write_layers(track));
	return track->track == 0 ? json : message_set(json, "track", json_integer(track->track));
}

static json_t *write_tracks(const struct message_track *tracks, size_t count)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < count; i++)
		array = message_append(array, write_track(&tracks[i]));
	return array;
}

static json_t *write_publish(const struct message *message)
{
	return json_pack("{s:o}", "tracks",
			 write_tracks(message->publish.tracks, message->publish.count));
}

static json_t *write_published(const struct message *message)
{
	json_t *tracks = json_array();
	size_t i;

	for (i = 0; i < message->published.count; i++)
		tracks = message_append(tracks, json_integer(message->published.tracks[i]));
	return json_pack("{s:o}", "tracks", tracks);
}

static json_t *write_track_layer(const struct message_track_layer *layer)
{
	return json_pack("{s:i, s:i}", "track", layer->track, "layer", layer->layer);
}

static json_t *write_want(const struct message *message)
{
	json_t *wants = json_array();
	size_t i;

	for (i = 0; i < message->want.count; i++)
		wants = message_append(wants, write_track_layer(&message->want.wants[i]));
	return json_pack("{s:o}", "wants", wants);
}

static json_t *write_keyframe(const struct message *message)
{
	return write_track_layer(&message->layer);
}

static json_t *write_time(const struct message *message)
{
	return json_pack("{s:I}", "clock_us", (json_int_t)message->time.clock_us);
}

static json_t *write_report(const struct message *message)
{
	const struct message_delay *track;
	json_t *tracks = json_array();
	size_t i;

	for (i = 0; i < message->report.count; i++) {
		track = &message->report.tracks[i];
		tracks = message_append(tracks, json_pack("{s:i, s:I, s:I}", "track", track->track,
							  "delay_us", (json_int_t)track->delay_us,
							  "lost", (json_int_t)track->lost));
	}
	return json_pack("{s:o}", "tracks", tracks);
}

static json_t *write_delay(const struct message *message)
{
	return json_pack("{s:i, s:I}", "track", message->delay.track, "delay_us",
			 (json_int_t)message->delay.delay_us);
}

static json_t *write_roster(const struct message *message)
{
	const struct message_member *member;
	json_t *members = json_array();
	size_t i;

	for (i = 0; i < message->roster.count; i++) {
		member = &message->roster.members[i];
		members = message_append(
			members, json_pack("{s:i, s:s, s:b, s:o}", "member", member->member, "name",
					   member->name, "here", member->here, "tracks",
					   write_tracks(member->tracks, member->track_count)));
	}
	return json_pack("{s:o}", "members", members);
}

static const writer request_writers[MESSAGE_METHODS] = {
	[MESSAGE_JOIN] = write_join,           [MESSAGE_ATTACH] = write_attach,
	[MESSAGE_PUBLISH] = write_publish,     [MESSAGE_WANT] = write_want,
	[MESSAGE_KEYFRAME] = write_keyframe,   [MESSAGE_TIME] = write_nothing,
	[MESSAGE_REPORT] = write_report,       [MESSAGE_LEAVE] = write_nothing,
	[MESSAGE_OPEN] = message_write_open,   [MESSAGE_DOOR] = message_write_key,
	[MESSAGE_KNOCK] = message_write_knock, [MESSAGE_COMMIT] = message_write_commit,
	[MESSAGE_TELL] = message_write_tell,   [MESSAGE_REFUSE] = message_write_refuse,
};

static const writer result_writers[MESSAGE_METHODS] = {
	[MESSAGE_JOIN] = write_joined,       [MESSAGE_ATTACH] = write_attached,
	[MESSAGE_PUBLISH] = write_published, [MESSAGE_WANT] = write_nothing,
	[MESSAGE_KEYFRAME] = write_nothing,  [MESSAGE_TIME] = write_time,
	[MESSAGE_REPORT] = write_nothing,    [MESSAGE_LEAVE] = write_nothing,
	[MESSAGE_OPEN] = write_nothing,      [MESSAGE_DOOR] = write_nothing,
	[MESSAGE_KNOCK] = write_nothing,     [MESSAGE_COMMIT] = write_nothing,
	[MESSAGE_TELL] = write_nothing,      [MESSAGE_REFUSE] = write_nothing,
};

static const writer notification_writers[MESSAGE_METHODS] = {
	[MESSAGE_KEYFRAME] = write_keyframe,      [MESSAGE_REPORT] = write_delay,
	[MESSAGE_ROSTER] = write_roster,          [MESSAGE_DOOR] = message_write_door,
	[MESSAGE_KNOCK] = message_write_knock,    [MESSAGE_COMMIT] = message_write_commit,
	[MESSAGE_TELL] = message_write_tell,      [MESSAGE_WELCOME] = message_write_welcome,
	[MESSAGE_REFUSED] = message_write_refuse,
};

static char *write_text(const struct message *message)
{
	const char *method = message_method_text(message->method);

	switch (message->form) {
	case MESSAGE_REQUEST:
		return jsonrpc_request(message->id, method,
				       request_writers[message->method](message));
	case MESSAGE_RESULT:
		return jsonrpc_result(message->id, result_writers[message->method](message));
	case MESSAGE_NOTIFICATION:
		return jsonrpc_notification(method, notification_writers[message->method](message));
	case MESSAGE_ERROR:
		break;
	}
	return jsonrpc_error(message->has_id ? message->id : JSONRPC_NO_ID,
			     (enum jsonrpc_code)message->error.code, message->error.text);
}

int message_write(const struct message *message, struct buffer *buffer)
{
	char *text = write_text(message);
	int r;

	if (text == NULL)
		return -ENOMEM;
	r = buffer_append(buffer, text, strlen(text));
	free(text);
	return r;
}
