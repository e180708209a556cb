#include <string.h>

#include "base/clock.h"
#include "meeting/call_state.h"

/* A report says nothing of what came later. */
#define FAR_DELAY_LIFE_US (2 * CLOCK_US_PER_S)

static bool send_text(struct call_socket *socket)
{
	struct websocket_message *message;

	if (socket->text_count == 0)
		return false;
	message = socket->texts[0];
	memmove(socket->texts, socket->texts + 1, --socket->text_count * sizeof(socket->texts[0]));
	return websocket_send(socket->websocket, message) == 0;
}

size_t call_metadata(const struct call *call, const uint8_t *header,
		     uint8_t ret_metadata[CALL_METADATA_BYTES_MAX])
{
	size_t length = strlen(call->config->meeting);

	memcpy(ret_metadata, header, OBJECT_HEADER_BYTES);
	memcpy(ret_metadata + OBJECT_HEADER_BYTES, call->config->meeting, length);
	return OBJECT_HEADER_BYTES + length;
}

/* The payload, behind the header that is in the message already. */
static int seal(struct call *call, enum message_kind kind, const struct outgoing_item *item,
		struct websocket_message *message)
{
	const struct meeting_cipher_ops *cipher = call->config->cipher;
	uint8_t metadata[CALL_METADATA_BYTES_MAX];
	size_t metadata_length = call_metadata(call, message->data, metadata);
	uint8_t *sealed = message->data + OBJECT_HEADER_BYTES;
	size_t length = item->length;
	int r;

	if (cipher == NULL) {
		memcpy(sealed, item->payload, length);
		return 0;
	}
	r = cipher->seal(call->config->cipher_context, kind, metadata, metadata_length,
			 item->payload, item->length, sealed, &length);
	if (r < 0) {
		call->figures.unsealed++;
		return r;
	}
	call->figures.sealed++;
	message->length = OBJECT_HEADER_BYTES + length;
	return 0;
}

/* Finishes the item. Returns the length of what went out; 0: nothing did. */
static size_t send_object(struct call *call, struct call_socket *socket, enum message_kind kind,
			  struct outgoing_item *item, const struct object_header *header)
{
	const struct meeting_cipher_ops *cipher = call->config->cipher;
	size_t added = cipher != NULL ? cipher->added_max : 0;
	struct websocket_message *message =
		websocket_message_create(WEBSOCKET_BINARY,
					 OBJECT_HEADER_BYTES + item->length + added);
	size_t length = 0;

	if (message != NULL) {
		object_write(header, message->data);
		if (seal(call, kind, item, message) == 0)
			length = message->length;
		else
			websocket_message_destroy(message);
	}
	outgoing_item_finish(item);
	return length > 0 && websocket_send(socket->websocket, message) == 0 ? length : 0;
}

static uint64_t capture_time(const struct call *call, const struct outgoing_item *item)
{
	return (uint64_t)hub_clock_to_hub(&call->clock, item->capture_us);
}

static void send_picture(struct call *call, struct outgoing_item *item)
{
	struct call_sender *sender = &call->sender;
	struct object_header header = {
		.flags = item->is_key ? OBJECT_KEY : 0,
		.track = sender->tracks[CALL_CAMERA],
		.priority = 1,
		.group = item->is_key ? sender->group + 1 : sender->group,
		.object = item->is_key ? 0 : sender->object,
		.capture_us = capture_time(call, item),
	};
	size_t length = send_object(call, &call->pictures, MESSAGE_CAMERA, item, &header);

	if (length == 0) {
		outgoing_miss_picture(call->outgoing);
		return;
	}
	sender->group = header.group;
	sender->object = header.object + 1;
	sender->picture_us = item->queued_us;
	sender->pictures_sent++;
	sender->bytes_sent += length;
}

static void send_sound(struct call *call, struct outgoing_item *item)
{
	const struct object_header header = {
		.flags = OBJECT_KEY,
		.track = call->sender.tracks[CALL_SOUND],
		.group = item->sequence,
		.capture_us = capture_time(call, item),
	};

	if (send_object(call, &call->control, MESSAGE_SOUND, item, &header) > 0)
		call->sender.sounds_sent++;
}

void call_want_write(struct call *call)
{
	struct outgoing_stats waiting = outgoing_get_stats(call->outgoing);
	bool is_in = call->phase == MEETING_IN;

	if (call->control.text_count > 0 || (is_in && waiting.sounds > 0))
		websocket_want_write(call->control.websocket);
	/* A key frame is asked for when there is room for it. */
	if (call->pictures.text_count > 0 || (is_in && (waiting.pictures > 0 || waiting.wants_key)))
		websocket_want_write(call->pictures.websocket);
}

void call_control_writable(struct call *call)
{
	struct outgoing_item item;

	if (!send_text(&call->control) && call->phase == MEETING_IN &&
	    outgoing_take_sound(call->outgoing, &item))
		send_sound(call, &item);
	call_want_write(call);
}

void call_pictures_writable(struct call *call)
{
	int64_t now_us = clock_now_us();
	struct outgoing_item item;

	if (!send_text(&call->pictures) && call->phase == MEETING_IN) {
		if (outgoing_take_picture(call->outgoing, now_us, &item))
			send_picture(call, &item);
		else if (outgoing_wants_key(call->outgoing))
			call_need_own_key(call, now_us, KEYFRAMES_EVERY_US);
	}
	call_want_write(call);
}

static void ask_for_key(struct call *call, int64_t now_us)
{
	struct call_sender *sender = &call->sender;

	if (sender->key_due_us == 0 || now_us < sender->key_due_us)
		return;
	sender->key_due_us = 0;
	sender->key_us = now_us;
	call->config->events.keyframe_wanted(call->config->context);
}

void call_need_own_key(struct call *call, int64_t now_us, int64_t every_us)
{
	struct call_sender *sender = &call->sender;
	int64_t due_us = sender->key_us + every_us;

	if (sender->key_due_us == 0 || due_us < sender->key_due_us)
		sender->key_due_us = due_us;
	ask_for_key(call, now_us);
}

int64_t call_queue_us(struct call *call, int64_t now_us)
{
	int64_t since_us;

	if (call->phase != MEETING_IN)
		return 0;
	since_us = websocket_unsent(call->pictures.websocket) > 0
			   ? call->sender.picture_us
			   : outgoing_oldest_us(call->outgoing);
	return since_us > 0 && since_us < now_us ? now_us - since_us : 0;
}

static int64_t delivery_rate(const struct call *call)
{
	struct net_path path;

	if (websocket_path(call->pictures.websocket, &path) != 0 || path.is_app_limited)
		return 0;
	return (int64_t)path.delivery_rate_bps;
}

void call_pace(struct call *call, int64_t now_us)
{
	struct call_sender *sender = &call->sender;
	uint64_t dropped = outgoing_get_stats(call->outgoing).pictures_dropped;
	bool is_reported = now_us - sender->far_report_us < FAR_DELAY_LIFE_US;
	const struct pacing_view view = {
		.now_us = now_us,
		.queue_us = call_queue_us(call, now_us),
		.has_dropped = dropped != sender->dropped,
		.far_delay_us = is_reported ? sender->far_delay_us : 0,
		.delivery_rate_bps = delivery_rate(call),
	};
	int64_t before_bps = sender->pacing.target_bps;

	sender->dropped = dropped;
	if (pacing_update(&sender->pacing, &view) != before_bps)
		call->config->events.bitrate(call->config->context, sender->pacing.target_bps);
	ask_for_key(call, now_us);
}
