#include "tests/fake/call_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavcodec/packet.h>
#include <cmocka.h>

#include "base/buffer.h"
#include "base/clock.h"

/* The room's side */

static void tell(void *context, struct call_bench_event values)
{
	struct call_guest *guest = context;
	struct call_bench_event *event = malloc(sizeof(*event));

	assert_non_null(event);
	*event = values;
	queue_push(guest->events, event, INT64_MAX);
}

static void on_state(void *context, const struct meeting_state *state)
{
	tell(context, (struct call_bench_event){.kind = CALL_BENCH_STATE, .state = *state});
}

static void on_roster(void *context, const struct message_roster *roster, uint16_t you)
{
	tell(context, (struct call_bench_event){.kind = CALL_BENCH_ROSTER,
						.members = roster->count,
						.you = you});
}

static void on_object(void *context, const struct object_header *header, const uint8_t *payload,
		      size_t length, int64_t arrival_us, int64_t capture_us)
{
	tell(context, (struct call_bench_event){.kind = CALL_BENCH_OBJECT,
						.header = *header,
						.length = length,
						.first = payload[0],
						.arrival_us = arrival_us,
						.capture_us = capture_us});
}

static void on_keyframe_wanted(void *context)
{
	tell(context, (struct call_bench_event){.kind = CALL_BENCH_KEY});
}

static void on_bitrate(void *context, int64_t bitrate_bps)
{
	tell(context,
	     (struct call_bench_event){.kind = CALL_BENCH_BITRATE, .bitrate_bps = bitrate_bps});
}

static void on_misdeed(void *context, enum meeting_misdeed misdeed, uint16_t member)
{
	tell(context, (struct call_bench_event){.kind = CALL_BENCH_MISDEED,
						.misdeed = misdeed,
						.member = member});
}

static void on_group(void *context, const struct meeting_group_event *group)
{
	size_t length = group->bytes.length;
	struct call_bench_event event = {.kind = CALL_BENCH_GROUP, .group = *group};

	if (length > 0)
		memcpy(event.bytes, group->bytes.data,
		       length < CALL_BENCH_BYTES ? length : CALL_BENCH_BYTES);
	if (group->passed_count > 0)
		event.passed = group->passed[0];
	tell(context, event);
}

struct call_bench_event call_bench_expect(struct call_guest *guest, enum call_bench_kind kind)
{
	int64_t deadline_us = clock_now_us() + CALL_BENCH_PATIENCE_US;
	struct call_bench_event event;
	void *item;

	do {
		if (queue_pop(guest->events, deadline_us, &item) != 0)
			fail_msg("event %d does not come", kind);
		event = *(struct call_bench_event *)item;
		free(item);
	} while (event.kind != kind);
	return event;
}

struct meeting_state call_bench_expect_phase(struct call_guest *guest, enum meeting_phase phase)
{
	struct call_bench_event event;

	do {
		event = call_bench_expect(guest, CALL_BENCH_STATE);
		if (event.state.phase > MEETING_IN)
			print_message("# %s\n", event.state.fault.text);
	} while (event.state.phase != phase);
	return event.state;
}

struct meeting_config call_bench_make_config(struct call_guest *guest,
					     const struct net_identity_files *files, uint16_t port)
{
	return (struct meeting_config){
		.host = "127.0.0.1",
		.port = port,
		.path = "/meet",
		.meeting = "kabinet",
		.ca = files->ca,
		.certificate = files->certificate,
		.key = files->key,
		.camera = {.width = 1280, .height = 720, .bitrate = CALL_BENCH_BITRATE_MAX},
		.bitrate_min_bps = CALL_BENCH_BITRATE_MIN,
		.events = {.state = on_state,
			   .roster = on_roster,
			   .object = on_object,
			   .keyframe_wanted = on_keyframe_wanted,
			   .bitrate = on_bitrate,
			   .misdeed = on_misdeed,
			   .group = on_group},
		.context = guest,
	};
}

void call_bench_start_config(struct call_guest *guest, const struct meeting_config *config)
{
	assert_int_equal(queue_create(4096, QUEUE_WAIT, free, &guest->events), 0);
	assert_int_equal(meeting_create(config, &guest->meeting), 0);
	assert_int_equal(meeting_start(guest->meeting), 0);
}

void call_bench_start_with(struct call_guest *guest, const struct net_identity_files *files,
			   uint16_t port)
{
	const struct meeting_config config = call_bench_make_config(guest, files, port);

	call_bench_start_config(guest, &config);
}

void call_bench_start(struct call_guest *guest, struct test_pki *pki, uint16_t port)
{
	const struct net_identity_files files = test_pki_identity(pki, "ca", "room");

	call_bench_start_with(guest, &files, port);
}

void call_bench_stop(struct call_guest *guest)
{
	meeting_destroy(guest->meeting);
	queue_destroy(guest->events);
}

void call_bench_say(struct call_script *script, int connection, const char *text)
{
	fake_hub_send(script->hub, connection, FAKE_HUB_SEND_TEXT, text, strlen(text));
}

void call_bench_send_message(struct call_script *script, int connection)
{
	struct buffer text;

	buffer_init(&text, MESSAGE_HUB_BYTES_MAX);
	assert_int_equal(message_write(&script->message, &text), 0);
	fake_hub_send(script->hub, connection, FAKE_HUB_SEND_TEXT, text.data, text.length);
	buffer_finish(&text);
}

static void send_roster(struct call_script *script)
{
	struct message *message = &script->message;

	message->form = MESSAGE_NOTIFICATION;
	message->method = MESSAGE_ROSTER;
	message->roster = (struct message_roster){
		.count = 2,
		.members = {{.member = CALL_BENCH_YOU, .name = "Ruang Rapat 1", .here = true},
			    {.member = CALL_BENCH_FAR,
			     .name = "Ruang Rapat 2",
			     .here = true,
			     .track_count = 2,
			     .tracks = {{.track = CALL_BENCH_FAR_CAMERA,
					 .kind = MESSAGE_CAMERA,
					 .layer_count = 1,
					 .layers = {{320, 180, 100000}}},
					{.track = CALL_BENCH_FAR_SOUND, .kind = MESSAGE_SOUND}}}},
	};
	call_bench_send_message(script, script->control);
}

static void fill_result(struct call_script *script)
{
	struct message *message = &script->message;

	message->form = MESSAGE_RESULT;
	switch (message->method) {
	case MESSAGE_JOIN:
		message->joined = (struct message_joined){.member = CALL_BENCH_YOU,
							  .seat = CALL_BENCH_SEAT,
							  .resumed = script->is_resuming,
							  .clock_us = CALL_BENCH_HUB_CLOCK_US +
								      clock_now_us()};
		break;
	case MESSAGE_ATTACH:
		message->attached.member = CALL_BENCH_YOU;
		break;
	case MESSAGE_PUBLISH:
		message->published = (struct message_published){.count = 2,
								.tracks = {CALL_BENCH_OWN_CAMERA,
									   CALL_BENCH_OWN_SOUND}};
		break;
	case MESSAGE_TIME:
		message->time.clock_us = CALL_BENCH_HUB_CLOCK_US + clock_now_us();
		break;
	default:
		break;
	}
}

static bool is_order(enum message_method method)
{
	return method >= MESSAGE_OPEN && method <= MESSAGE_REFUSE;
}

static void answer(struct call_script *script, int connection)
{
	struct message *message = &script->message;
	int code = message->method == MESSAGE_JOIN ? script->refuse_code
		   : is_order(message->method)     ? script->order_code
						   : 0;

	if (is_order(message->method) && script->is_silent)
		return;
	if (code != 0) {
		message->form = MESSAGE_ERROR;
		message->error = (struct message_error){.code = code, .text = "no"};
		call_bench_send_message(script, connection);
		return;
	}
	fill_result(script);
	call_bench_send_message(script, connection);
	if (message->method == MESSAGE_JOIN)
		send_roster(script);
	if (message->method != MESSAGE_LEAVE)
		return;
	fake_hub_close(script->hub, script->control, 1000, "left");
	fake_hub_close(script->hub, script->pictures, 1000, "left");
}

static int take_text(struct call_script *script)
{
	struct fake_hub_event *event = &script->event;
	struct message_fault fault;
	int method;

	if (message_parse((char *)event->data, event->length, NULL, NULL, &script->message,
			  &fault) != 0)
		fail_msg("the room says %s: %s", (char *)event->data, fault.text);
	assert_int_equal(script->message.form, MESSAGE_REQUEST);
	method = (int)script->message.method;
	if (method == MESSAGE_JOIN)
		script->control = event->connection;
	if (method == MESSAGE_ATTACH)
		script->pictures = event->connection;
	if (method == MESSAGE_WANT)
		script->wants++;
	answer(script, event->connection);
	return CALL_BENCH_SEEN_REQUEST + method;
}

int call_bench_next(struct call_script *script)
{
	fake_hub_event_finish(&script->event);
	if (!fake_hub_wait(script->hub, clock_now_us() + CALL_BENCH_PATIENCE_US, &script->event))
		fail_msg("nothing comes to the hub");
	switch (script->event.kind) {
	case FAKE_HUB_TEXT:
		return take_text(script);
	case FAKE_HUB_BINARY:
		return script->event.connection == script->pictures ? CALL_BENCH_SEEN_PICTURE
								    : CALL_BENCH_SEEN_SOUND;
	case FAKE_HUB_CLOSED:
		return CALL_BENCH_SEEN_CLOSED;
	case FAKE_HUB_OPEN:
		break;
	}
	return CALL_BENCH_SEEN_OPEN;
}

void call_bench_until(struct call_script *script, int seen)
{
	int64_t deadline_us = clock_now_us() + CALL_BENCH_PATIENCE_US;

	while (call_bench_next(script) != seen)
		if (clock_now_us() > deadline_us)
			fail_msg("%d does not come to the hub", seen);
}

void call_bench_until_request(struct call_script *script, enum message_method method)
{
	call_bench_until(script, CALL_BENCH_SEEN_REQUEST + (int)method);
}

void call_bench_admit(struct call_script *script)
{
	bool is_attached = false;
	bool is_published = false;
	int seen;

	while (!is_attached || !is_published) {
		seen = call_bench_next(script);
		is_attached = is_attached || seen == CALL_BENCH_SEEN_REQUEST + MESSAGE_ATTACH;
		is_published = is_published || seen == CALL_BENCH_SEEN_REQUEST + MESSAGE_PUBLISH;
	}
}

void call_bench_start_script(struct call_script *script, struct test_pki *pki, uint16_t port)
{
	*script = (struct call_script){.control = -1, .pictures = -1};
	script->hub = fake_hub_create(pki, "hub", "balai.1", port);
}

void call_bench_stop_script(struct call_script *script)
{
	fake_hub_event_finish(&script->event);
	message_finish(&script->message);
	fake_hub_destroy(script->hub);
}

void call_bench_start_meeting(struct call_script *script, struct call_guest *guest,
			      struct test_pki *pki)
{
	call_bench_start_script(script, pki, 0);
	call_bench_start(guest, pki, fake_hub_port(script->hub));
	call_bench_admit(script);
	call_bench_expect_phase(guest, MEETING_IN);
}

void call_bench_stop_meeting(struct call_script *script, struct call_guest *guest)
{
	/* Nobody answers `leave`, so that it does not wait for this thread. */
	fake_hub_destroy(script->hub);
	script->hub = NULL;
	call_bench_stop(guest);
	call_bench_stop_script(script);
}

struct object_header call_bench_far_header(bool is_picture, uint32_t group, uint32_t object)
{
	return (struct object_header){
		.flags = object == 0 ? OBJECT_KEY : 0,
		.track = is_picture ? CALL_BENCH_FAR_CAMERA : CALL_BENCH_FAR_SOUND,
		.priority = is_picture ? 1 : 0,
		.group = group,
		.object = object,
		.capture_us = (uint64_t)(CALL_BENCH_HUB_CLOCK_US + clock_now_us()),
	};
}

void call_bench_send_bytes(struct call_script *script, bool is_picture, const uint8_t *data,
			   size_t length)
{
	fake_hub_send(script->hub, is_picture ? script->pictures : script->control,
		      FAKE_HUB_SEND_BINARY, data, length);
}

void call_bench_send_object(struct call_script *script, bool is_picture, uint32_t group,
			    uint32_t object, uint8_t byte)
{
	const struct object_header header = call_bench_far_header(is_picture, group, object);
	uint8_t data[OBJECT_HEADER_BYTES + 1];

	object_write(&header, data);
	data[OBJECT_HEADER_BYTES] = byte;
	call_bench_send_bytes(script, is_picture, data, sizeof(data));
}

void call_bench_want_far(struct call_guest *guest)
{
	const struct message_want want = {
		.count = 2,
		.wants = {{.track = CALL_BENCH_FAR_CAMERA}, {.track = CALL_BENCH_FAR_SOUND}},
	};

	meeting_want(guest->meeting, &want);
}

void call_bench_send_picture(struct call_guest *guest, size_t length, bool is_key,
			     int64_t capture_us)
{
	AVPacket *packet = av_packet_alloc();

	assert_non_null(packet);
	assert_int_equal(av_new_packet(packet, (int)length), 0);
	memset(packet->data, 0x5a, length);
	packet->pts = capture_us;
	packet->flags = is_key ? AV_PKT_FLAG_KEY : 0;
	meeting_send_picture(guest->meeting, packet);
	av_packet_free(&packet);
}

void call_bench_expect_near(int64_t value_us, int64_t expected_us)
{
	if (value_us < expected_us - CLOCK_US_PER_S || value_us > expected_us + CLOCK_US_PER_S)
		fail_msg("%lld is not near %lld", (long long)value_us, (long long)expected_us);
}
