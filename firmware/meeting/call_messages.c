#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "meeting/call_state.h"

#define TIME_EVERY_US (10 * CLOCK_US_PER_S)
#define REPORT_EVERY_US CLOCK_US_PER_S

/* Sending */

static int queue_text(struct call_socket *socket, const struct buffer *text)
{
	struct websocket_message *message;

	if (socket->text_count == CALL_TEXTS_MAX)
		return -ENOBUFS;
	message = websocket_message_create(WEBSOCKET_TEXT, text->length);
	if (message == NULL)
		return -ENOMEM;
	memcpy(message->data, text->data, text->length);
	socket->texts[socket->text_count++] = message;
	websocket_want_write(socket->websocket);
	return 0;
}

int64_t call_send_request(struct call *call, struct call_socket *socket, enum message_method method)
{
	struct buffer text;
	int64_t id = requests_add(&call->requests, method, clock_now_us());
	int r = (int)(id < 0 ? id : 0);

	buffer_init(&text, MESSAGE_MEMBER_BYTES_MAX);
	call->out.form = MESSAGE_REQUEST;
	call->out.method = method;
	call->out.has_id = true;
	call->out.id = id;
	if (r == 0)
		r = message_write(&call->out, &text);
	if (r == 0)
		r = queue_text(socket, &text);
	buffer_finish(&text);
	if (r == -ENOMEM)
		call_lose(call, net_fault_make(NET_FAULT_MEMORY, "out of memory"), 0);
	else if (r < 0)
		call_lose(call, net_fault_make(NET_FAULT_SILENT, "the hub does not answer"), 0);
	return r < 0 ? r : id;
}

void call_send_join(struct call *call)
{
	struct message_join *join = &call->out.join;

	snprintf(join->meeting, sizeof(join->meeting), "%s", call->config->meeting);
	memcpy(join->resume, call->seat, sizeof(join->resume));
	join->has_epoch = call->has_epoch && call->seat[0] != '\0';
	join->epoch = call->epoch;
	call_send_request(call, &call->control, MESSAGE_JOIN);
}

void call_send_attach(struct call *call)
{
	memcpy(call->out.attach.seat, call->seat, sizeof(call->out.attach.seat));
	call_send_request(call, &call->pictures, MESSAGE_ATTACH);
}

void call_send_want(struct call *call)
{
	call->out.want = call->want;
	call_send_request(call, &call->control, MESSAGE_WANT);
}

void call_send_leave(struct call *call)
{
	call_send_request(call, &call->control, MESSAGE_LEAVE);
}

static void send_publish(struct call *call)
{
	call->out.publish = (struct message_publish){
		.count = CALL_TRACKS,
		.tracks = {[CALL_CAMERA] = {.kind = MESSAGE_CAMERA,
					    .layer_count = 1,
					    .layers = {call->config->camera}},
			   [CALL_SOUND] = {.kind = MESSAGE_SOUND}},
	};
	call_send_request(call, &call->control, MESSAGE_PUBLISH);
}

static void send_time(struct call *call)
{
	call->time_us = clock_now_us();
	call_send_request(call, &call->control, MESSAGE_TIME);
}

void call_send_keyframes(struct call *call, int64_t now_us)
{
	struct message_track_layer layer;

	while (call->you != 0 && keyframes_next(&call->keyframes, now_us, &layer)) {
		call->out.layer = layer;
		call_send_request(call, &call->control, MESSAGE_KEYFRAME);
	}
}

void call_send_regular(struct call *call, int64_t now_us)
{
	if (call->you != 0 && now_us - call->time_us >= TIME_EVERY_US)
		send_time(call);
	if (call->you == 0 || now_us - call->report_us < REPORT_EVERY_US)
		return;
	call->report_us = now_us;
	incoming_report(call->incoming, &call->out.report);
	if (call->out.report.count > 0)
		call_send_request(call, &call->control, MESSAGE_REPORT);
}

/* Receiving */

static void on_joined(struct call *call, int64_t sent_us, int64_t arrival_us)
{
	const struct message_joined *joined = &call->in.joined;

	memcpy(call->seat, joined->seat, sizeof(call->seat));
	call->you = joined->member;
	if (joined->resumed) {
		call->resumes++;
	} else {
		call->roster.count = 0;
		incoming_expect(call->incoming, &call->want, &call->roster);
	}
	/* It may be another hub, whose clock is its own. */
	call->clock = (struct hub_clock){.count = 0};
	hub_clock_add(&call->clock, sent_us, arrival_us, joined->clock_us);
	call_tell_joined(call, joined->resumed);
	send_publish(call);
	if (call->you != 0 && call->has_want)
		call_send_want(call);
	if (call->you != 0 && call->pictures.is_open)
		call_send_attach(call);
	if (call->you != 0)
		send_time(call);
}

static void on_published(struct call *call)
{
	const struct message_published *published = &call->in.published;

	if (published->count != CALL_TRACKS) {
		call_lose_for_protocol(call, "another number of tracks than were published");
		return;
	}
	memcpy(call->sender.tracks, published->tracks, sizeof(call->sender.tracks));
	call->is_published = true;
	call_check_in(call);
}

static void on_result(struct call *call, int64_t sent_us, int64_t arrival_us)
{
	switch (call->in.method) {
	case MESSAGE_JOIN:
		on_joined(call, sent_us, arrival_us);
		break;
	case MESSAGE_PUBLISH:
		on_published(call);
		break;
	case MESSAGE_TIME:
		hub_clock_add(&call->clock, sent_us, arrival_us, call->in.time.clock_us);
		break;
	default:
		call_tell_answer(call, call->in.id, 0);
		break;
	}
}

/* Without joining, publishing and attaching there is no meeting; the rest can fail alone. */
static void on_error(struct call *call)
{
	const struct message_error *error = &call->in.error;

	if (!call->in.has_id) {
		call_lose_for_protocol(call, error->text);
		return;
	}
	switch (call->in.method) {
	case MESSAGE_ATTACH:
	case MESSAGE_JOIN:
	case MESSAGE_PUBLISH:
		if (error->code == MESSAGE_CODE_NO_SEAT)
			call->seat[0] = '\0';
		call_lose(call,
			  net_fault_make(NET_FAULT_NONE, "the hub refuses: %s",
					 message_code_text(error->code)),
			  error->code);
		break;
	case MESSAGE_WANT:
		log_warning("meeting", "the hub refuses what is wanted: %s", error->text);
		break;
	default:
		log_debug("meeting", "the hub refuses `%s`: %s",
			  message_method_text(call->in.method), error->text);
		call_tell_answer(call, call->in.id, error->code);
		break;
	}
}

static void on_roster(struct call *call)
{
	if (call->you == 0) {
		call_lose_for_protocol(call, "a roster before the answer to `join`");
		return;
	}
	call->roster = call->in.roster;
	incoming_expect(call->incoming, &call->want, &call->roster);
	call->config->events.roster(call->config->context, &call->roster, call->you);
}

static void on_notification(struct call *call, int64_t now_us)
{
	uint16_t camera = call->is_published ? call->sender.tracks[CALL_CAMERA] : 0;

	switch (call->in.method) {
	case MESSAGE_ROSTER:
		on_roster(call);
		break;
	case MESSAGE_KEYFRAME:
		if (call->in.layer.track == camera)
			call_need_own_key(call, now_us, KEYFRAMES_EVERY_US);
		break;
	case MESSAGE_REPORT:
		if (call->in.delay.track == camera) {
			call->sender.far_delay_us = call->in.delay.delay_us;
			call->sender.far_report_us = now_us;
		}
		break;
	default:
		call_tell_delivery(call);
		break;
	}
}

/* Reads a text into call->in. False when there is nothing more to do with it. */
static bool read_text(struct call *call, const uint8_t *data, size_t length)
{
	struct message_fault fault;
	int r = message_parse((const char *)data, length, requests_method_of, &call->requests,
			      &call->in, &fault);

	if (r == 0)
		return true;
	if (r == -ENOMEM)
		call_lose(call, net_fault_make(NET_FAULT_MEMORY, "out of memory"), 0);
	else if (fault.code == MESSAGE_CODE_METHOD && !fault.has_id)
		log_debug("meeting", "a notification that this version does not know");
	else
		call_lose_for_protocol(call, fault.text);
	return false;
}

void call_control_text(struct call *call, const uint8_t *data, size_t length, int64_t arrival_us)
{
	int64_t sent_us;

	if (!read_text(call, data, length))
		return;
	switch (call->in.form) {
	case MESSAGE_REQUEST:
		call_lose_for_protocol(call, "a request");
		break;
	case MESSAGE_RESULT:
		sent_us = requests_finish(&call->requests, call->in.id);
		on_result(call, sent_us, arrival_us);
		break;
	case MESSAGE_ERROR:
		requests_finish(&call->requests, call->in.id);
		on_error(call);
		break;
	case MESSAGE_NOTIFICATION:
		on_notification(call, arrival_us);
		break;
	}
}

void call_pictures_text(struct call *call, const uint8_t *data, size_t length)
{
	if (!read_text(call, data, length))
		return;
	if (call->in.method != MESSAGE_ATTACH || call->is_attached) {
		call_lose_for_protocol(call, "text on the socket for pictures");
		return;
	}
	requests_finish(&call->requests, call->in.id);
	if (call->in.form == MESSAGE_ERROR) {
		on_error(call);
		return;
	}
	call->is_attached = true;
	call_check_in(call);
}
