#include <string.h>

#include "base/clock.h"
#include "meeting/call_state.h"

/* A report says nothing of what came later. */
#define FAR_DELAY_LIFE_US (2 * CLOCK_US_PER_S)

/* In */

static void deliver(struct call *call, const struct object_header *header, const uint8_t *data,
		    size_t length, int64_t arrival_us, int64_t capture_us)
{
	call->config->events.object(call->config->context, header, data + OBJECT_HEADER_BYTES,
				    length - OBJECT_HEADER_BYTES, arrival_us, capture_us);
}

void call_object(struct call *call, bool is_picture, const uint8_t *data, size_t length,
		 int64_t arrival_us)
{
	struct object_header header;
	enum object_error error = object_parse(data, length, &header);
	int64_t capture_us;
	int64_t delay_us;

	if (call->you == 0) {
		call_lose_for_protocol(call, "an object before the answer to `join`");
		return;
	}
	if (error != OBJECT_OK) {
		call_lose_for_protocol(call, object_error_text(error));
		return;
	}
	capture_us = hub_clock_to_local(&call->clock, (int64_t)header.capture_us);
	/* Clocks agree to a fraction of a round trip only. */
	delay_us = arrival_us > capture_us ? arrival_us - capture_us : 0;
	switch (incoming_object(call->incoming, &header, length, is_picture, delay_us)) {
	case INCOMING_TAKE:
		deliver(call, &header, data, length, arrival_us, capture_us);
		break;
	case INCOMING_GAP:
		call_request_keyframe(call, (struct message_track_layer){.track = header.track,
									 .layer = header.layer});
		break;
	case INCOMING_MISPLACED:
		call_lose_for_protocol(call, "an object on the wrong socket");
		break;
	case INCOMING_UNWANTED:
	case INCOMING_AGAIN:
		break;
	}
}

/* Out */

static bool send_text(struct call_socket *socket)
{
	struct websocket_message *message;

	if (socket->text_count == 0)
		return false;
	message = socket->texts[0];
	memmove(socket->texts, socket->texts + 1, --socket->text_count * sizeof(socket->texts[0]));
	return websocket_send(socket->websocket, message) == 0;
}

static bool send_object(struct call_socket *socket, const struct outgoing_item *item,
			const struct object_header *header)
{
	struct websocket_message *message = item->message;
	object_write(header, message->data);
	return websocket_send(socket->websocket, message) == 0;
}

static uint64_t capture_time(const struct call *call, const struct outgoing_item *item)
{
	return (uint64_t)hub_clock_to_hub(&call->clock, item->capture_us);
}

static void send_picture(struct call *call, const struct outgoing_item *item)
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
	size_t length = item->message->length;

	if (!send_object(&call->pictures, item, &header))
		return;
	sender->group = header.group;
	sender->object = header.object + 1;
	sender->picture_us = item->queued_us;
	sender->pictures_sent++;
	sender->bytes_sent += length;
}

static void send_sound(struct call *call, const struct outgoing_item *item)
{
	const struct object_header header = {
		.flags = OBJECT_KEY,
		.track = call->sender.tracks[CALL_SOUND],
		.group = item->sequence,
		.capture_us = capture_time(call, item),
	};

	if (send_object(&call->control, item, &header))
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
			call_need_own_key(call, now_us);
	}
	call_want_write(call);
}

static void ask_for_key(struct call *call, int64_t now_us)
{
	struct call_sender *sender = &call->sender;

	if (!sender->is_key_due || now_us - sender->key_us < KEYFRAMES_EVERY_US)
		return;
	sender->is_key_due = false;
	sender->key_us = now_us;
	call->config->events.keyframe_wanted(call->config->context);
}

void call_need_own_key(struct call *call, int64_t now_us)
{
	call->sender.is_key_due = true;
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
