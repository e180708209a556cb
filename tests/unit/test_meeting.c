#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libavcodec/packet.h>
#include <cmocka.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/queue.h"
#include "meeting/call.h"
#include "meeting/meeting.h"
#include "tests/fake/fake_alloc.h"
#include "tests/fake/fake_hub.h"
#include "tests/fake/test_pki.h"

#define PATIENCE_US (20 * CLOCK_US_PER_S)
#define SUBPROTOCOL "balai.1"
#define SEAT "AAAAAAAAAABBBBBBBBBBCCCCCCCCCCDDDDDDDDDD-_9"
#define BITRATE_MAX 2000000
#define BITRATE_MIN 200000
/* The hub's clock is so far ahead. */
#define HUB_CLOCK_US INT64_C(1000000000000)

#define YOU 3
#define OWN_CAMERA 17
#define OWN_SOUND 18
#define FAR_CAMERA 21
#define FAR_SOUND 22

static struct test_pki *pki;

/* The room's side */

enum kind {
	STATE,
	ROSTER,
	OBJECT,
	KEY,
	BITRATE,
};

struct event {
	enum kind kind;
	struct meeting_state state;
	size_t members;
	uint16_t you;
	struct object_header header;
	size_t length;
	uint8_t first; /* byte of the payload */
	int64_t arrival_us;
	int64_t capture_us;
	int64_t bitrate_bps;
};

struct guest {
	struct meeting *meeting;
	struct queue *events;
};

static void tell(void *context, struct event values)
{
	struct guest *guest = context;
	struct event *event = malloc(sizeof(*event));

	assert_non_null(event);
	*event = values;
	queue_push(guest->events, event, INT64_MAX);
}

static void on_state(void *context, const struct meeting_state *state)
{
	tell(context, (struct event){.kind = STATE, .state = *state});
}

static void on_roster(void *context, const struct message_roster *roster, uint16_t you)
{
	tell(context, (struct event){.kind = ROSTER, .members = roster->count, .you = you});
}

static void on_object(void *context, const struct object_header *header, const uint8_t *payload,
		      size_t length, int64_t arrival_us, int64_t capture_us)
{
	tell(context, (struct event){.kind = OBJECT,
				     .header = *header,
				     .length = length,
				     .first = payload[0],
				     .arrival_us = arrival_us,
				     .capture_us = capture_us});
}

static void on_keyframe_wanted(void *context)
{
	tell(context, (struct event){.kind = KEY});
}

static void on_bitrate(void *context, int64_t bitrate_bps)
{
	tell(context, (struct event){.kind = BITRATE, .bitrate_bps = bitrate_bps});
}

/* The next event of the kind; others are passed over. */
static struct event expect(struct guest *guest, enum kind kind)
{
	int64_t deadline_us = clock_now_us() + PATIENCE_US;
	struct event event;
	void *item;

	do {
		if (queue_pop(guest->events, deadline_us, &item) != 0)
			fail_msg("event %d does not come", kind);
		event = *(struct event *)item;
		free(item);
	} while (event.kind != kind);
	return event;
}

static struct meeting_state expect_phase(struct guest *guest, enum meeting_phase phase)
{
	struct event event;

	do {
		event = expect(guest, STATE);
		if (event.state.phase > MEETING_IN)
			print_message("# %s\n", event.state.fault.text);
	} while (event.state.phase != phase);
	return event.state;
}

static struct meeting_config make_config(struct guest *guest,
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
		.camera = {.width = 1280, .height = 720, .bitrate = BITRATE_MAX},
		.bitrate_min_bps = BITRATE_MIN,
		.events = {.state = on_state,
			   .roster = on_roster,
			   .object = on_object,
			   .keyframe_wanted = on_keyframe_wanted,
			   .bitrate = on_bitrate},
		.context = guest,
	};
}

static void start_with(struct guest *guest, const struct net_identity_files *files, uint16_t port)
{
	const struct meeting_config config = make_config(guest, files, port);

	assert_int_equal(queue_create(4096, QUEUE_WAIT, free, &guest->events), 0);
	assert_int_equal(meeting_create(&config, &guest->meeting), 0);
	assert_int_equal(meeting_start(guest->meeting), 0);
}

static void start(struct guest *guest, uint16_t port)
{
	const struct net_identity_files files = test_pki_identity(pki, "ca", "room");

	start_with(guest, &files, port);
}

static void stop(struct guest *guest)
{
	meeting_destroy(guest->meeting);
	queue_destroy(guest->events);
}

/* The hub's side: a script with a default for everything */

enum seen {
	SEEN_OPEN,
	SEEN_CLOSED,
	SEEN_PICTURE,
	SEEN_SOUND,
	SEEN_REQUEST, /* and the method */
};

struct script {
	struct fake_hub *hub;
	int control;  /* connections, of which each first message tells what it is for */
	int pictures; /* -1: none */
	bool is_resuming;
	int refuse_code; /* for `join`; 0: it is taken */
	int wants;       /* `want` requests that came */
	struct message message;
	struct fake_hub_event event; /* the last one */
};

static void say(struct script *script, int connection, const char *text)
{
	fake_hub_send(script->hub, connection, FAKE_HUB_SEND_TEXT, text, strlen(text));
}

static void send_message(struct script *script, int connection)
{
	struct buffer text;

	buffer_init(&text, MESSAGE_HUB_BYTES_MAX);
	assert_int_equal(message_write(&script->message, &text), 0);
	fake_hub_send(script->hub, connection, FAKE_HUB_SEND_TEXT, text.data, text.length);
	buffer_finish(&text);
}

static void send_roster(struct script *script)
{
	struct message *message = &script->message;

	message->form = MESSAGE_NOTIFICATION;
	message->method = MESSAGE_ROSTER;
	message->roster = (struct message_roster){
		.count = 2,
		.members = {{.member = YOU, .name = "Ruang Rapat 1", .here = true},
			    {.member = 4,
			     .name = "Ruang Rapat 2",
			     .here = true,
			     .track_count = 2,
			     .tracks = {{.track = FAR_CAMERA,
					 .kind = MESSAGE_CAMERA,
					 .layer_count = 1,
					 .layers = {{320, 180, 100000}}},
					{.track = FAR_SOUND, .kind = MESSAGE_SOUND}}}},
	};
	send_message(script, script->control);
}

static void fill_result(struct script *script)
{
	struct message *message = &script->message;

	message->form = MESSAGE_RESULT;
	switch (message->method) {
	case MESSAGE_JOIN:
		message->joined =
			(struct message_joined){.member = YOU,
						.seat = SEAT,
						.resumed = script->is_resuming,
						.clock_us = HUB_CLOCK_US + clock_now_us()};
		break;
	case MESSAGE_ATTACH:
		message->attached.member = YOU;
		break;
	case MESSAGE_PUBLISH:
		message->published =
			(struct message_published){.count = 2, .tracks = {OWN_CAMERA, OWN_SOUND}};
		break;
	case MESSAGE_TIME:
		message->time.clock_us = HUB_CLOCK_US + clock_now_us();
		break;
	default:
		break;
	}
}

static void answer(struct script *script, int connection)
{
	struct message *message = &script->message;

	if (message->method == MESSAGE_JOIN && script->refuse_code != 0) {
		message->form = MESSAGE_ERROR;
		message->error = (struct message_error){.code = script->refuse_code, .text = "no"};
		send_message(script, connection);
		return;
	}
	fill_result(script);
	send_message(script, connection);
	if (message->method == MESSAGE_JOIN)
		send_roster(script);
	if (message->method != MESSAGE_LEAVE)
		return;
	fake_hub_close(script->hub, script->control, 1000, "left");
	fake_hub_close(script->hub, script->pictures, 1000, "left");
}

static int take_text(struct script *script)
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
	return SEEN_REQUEST + method;
}

/* One event, answered as a hub does: enum seen, for requests plus the method. */
static int next(struct script *script)
{
	fake_hub_event_finish(&script->event);
	if (!fake_hub_wait(script->hub, clock_now_us() + PATIENCE_US, &script->event))
		fail_msg("nothing comes to the hub");
	switch (script->event.kind) {
	case FAKE_HUB_TEXT:
		return take_text(script);
	case FAKE_HUB_BINARY:
		return script->event.connection == script->pictures ? SEEN_PICTURE : SEEN_SOUND;
	case FAKE_HUB_CLOSED:
		return SEEN_CLOSED;
	case FAKE_HUB_OPEN:
		break;
	}
	return SEEN_OPEN;
}

static void until(struct script *script, int seen)
{
	int64_t deadline_us = clock_now_us() + PATIENCE_US;

	while (next(script) != seen)
		if (clock_now_us() > deadline_us)
			fail_msg("%d does not come to the hub", seen);
}

static void until_request(struct script *script, enum message_method method)
{
	until(script, SEEN_REQUEST + (int)method);
}

/* Answers until the room is attached and has published. */
static void admit(struct script *script)
{
	bool is_attached = false;
	bool is_published = false;
	int seen;

	while (!is_attached || !is_published) {
		seen = next(script);
		is_attached = is_attached || seen == SEEN_REQUEST + MESSAGE_ATTACH;
		is_published = is_published || seen == SEEN_REQUEST + MESSAGE_PUBLISH;
	}
}

static void start_script(struct script *script, uint16_t port)
{
	*script = (struct script){.control = -1, .pictures = -1};
	script->hub = fake_hub_create(pki, "hub", SUBPROTOCOL, port);
}

static void stop_script(struct script *script)
{
	fake_hub_event_finish(&script->event);
	fake_hub_destroy(script->hub);
}

/* Both, and in the meeting. */
static void start_meeting(struct script *script, struct guest *guest)
{
	start_script(script, 0);
	start(guest, fake_hub_port(script->hub));
	admit(script);
	expect_phase(guest, MEETING_IN);
}

static void stop_meeting(struct script *script, struct guest *guest)
{
	/* Nobody answers `leave`, so that it does not wait for this thread. */
	fake_hub_destroy(script->hub);
	script->hub = NULL;
	stop(guest);
	fake_hub_event_finish(&script->event);
}

static void send_object(struct script *script, bool is_picture, uint32_t group, uint32_t object,
			uint8_t byte)
{
	const struct object_header header = {
		.flags = object == 0 ? OBJECT_KEY : 0,
		.track = is_picture ? FAR_CAMERA : FAR_SOUND,
		.priority = is_picture ? 1 : 0,
		.group = group,
		.object = object,
		.capture_us = (uint64_t)(HUB_CLOCK_US + clock_now_us()),
	};
	uint8_t data[OBJECT_HEADER_BYTES + 1];

	object_write(&header, data);
	data[OBJECT_HEADER_BYTES] = byte;
	fake_hub_send(script->hub, is_picture ? script->pictures : script->control,
		      FAKE_HUB_SEND_BINARY, data, sizeof(data));
}

static void want_far(struct guest *guest)
{
	const struct message_want want = {
		.count = 2,
		.wants = {{.track = FAR_CAMERA}, {.track = FAR_SOUND}},
	};

	meeting_want(guest->meeting, &want);
}

static void send_picture(struct guest *guest, size_t length, bool is_key, int64_t capture_us)
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

static void expect_near(int64_t value_us, int64_t expected_us)
{
	if (value_us < expected_us - CLOCK_US_PER_S || value_us > expected_us + CLOCK_US_PER_S)
		fail_msg("%lld is not near %lld", (long long)value_us, (long long)expected_us);
}

/* Tests */

static void test_join(void **state)
{
	struct script script;
	struct guest guest;
	struct event roster;

	(void)state;
	start_script(&script, 0);
	start(&guest, fake_hub_port(script.hub));
	expect_phase(&guest, MEETING_CONNECTING);
	until_request(&script, MESSAGE_JOIN);
	expect_phase(&guest, MEETING_JOINING);
	roster = expect(&guest, ROSTER);
	assert_int_equal(roster.members, 2);
	assert_int_equal(roster.you, YOU);
	admit(&script);
	expect_phase(&guest, MEETING_IN);
	expect(&guest, KEY);
	stop_meeting(&script, &guest);
}

static void test_status(void **state)
{
	struct script script;
	struct guest guest;
	const char *phase;
	json_t *status;
	int member;
	int clock_offset;

	(void)state;
	start_meeting(&script, &guest);
	status = meeting_status(guest.meeting);
	assert_non_null(status);
	assert_int_equal(json_unpack(status, "{s:s, s:i, s:{s:i}, s:{s:i}, s:{s:i}}", "phase",
				     &phase, "member", &member, "pictures", "sent", &clock_offset,
				     "sound", "sent", &clock_offset, "received", "gaps",
				     &clock_offset),
			 0);
	assert_string_equal(phase, "in");
	assert_int_equal(member, YOU);
	expect_near(json_integer_value(json_object_get(status, "clock_offset_us")), HUB_CLOCK_US);
	json_decref(status);
	stop_meeting(&script, &guest);
}

static void test_pictures_out(void **state)
{
	struct object_header header;
	struct script script;
	struct guest guest;
	int64_t capture_us;

	(void)state;
	start_meeting(&script, &guest);
	capture_us = clock_now_us();
	send_picture(&guest, 1000, false, capture_us);
	send_picture(&guest, 60000, true, capture_us);
	until(&script, SEEN_PICTURE);
	assert_int_equal(script.event.length, OBJECT_HEADER_BYTES + 60000);
	assert_int_equal(object_parse(script.event.data, script.event.length, &header), OBJECT_OK);
	assert_int_equal(header.flags, OBJECT_KEY);
	assert_int_equal(header.track, OWN_CAMERA);
	assert_int_equal(header.priority, 1);
	expect_near((int64_t)header.capture_us, HUB_CLOCK_US + capture_us);
	assert_int_equal(script.event.data[OBJECT_HEADER_BYTES], 0x5a);
	assert_int_equal(script.event.data[script.event.length - 1], 0x5a);
	send_picture(&guest, 1, false, capture_us);
	until(&script, SEEN_PICTURE);
	assert_int_equal(object_parse(script.event.data, script.event.length, &header), OBJECT_OK);
	assert_int_equal(header.flags, 0);
	assert_int_equal(header.object, 1);
	stop_meeting(&script, &guest);
}

/* What does not fit an object is not sent, nor what refers to it. */
static void test_too_large_picture_out(void **state)
{
	struct object_header header;
	struct script script;
	struct guest guest;

	(void)state;
	start_meeting(&script, &guest);
	expect(&guest, KEY);
	send_picture(&guest, OBJECT_PICTURE_BYTES_MAX, true, 1);
	send_picture(&guest, 100, false, 1);
	send_picture(&guest, 200, true, 1);
	until(&script, SEEN_PICTURE);
	assert_int_equal(script.event.length, OBJECT_HEADER_BYTES + 200);
	assert_int_equal(object_parse(script.event.data, script.event.length, &header), OBJECT_OK);
	assert_int_equal(header.object, 0);
	stop_meeting(&script, &guest);
}

static void test_sound_out(void **state)
{
	static const uint8_t opus[] = {0xfc, 1, 2, 3};
	struct object_header header;
	struct script script;
	struct guest guest;

	(void)state;
	start_meeting(&script, &guest);
	meeting_send_sound(guest.meeting, 77, clock_now_us(), opus, sizeof(opus));
	until(&script, SEEN_SOUND);
	assert_int_equal(object_parse(script.event.data, script.event.length, &header), OBJECT_OK);
	assert_int_equal(header.flags, OBJECT_KEY);
	assert_int_equal(header.track, OWN_SOUND);
	assert_int_equal(header.priority, 0);
	assert_int_equal(header.group, 77);
	assert_memory_equal(script.event.data + OBJECT_HEADER_BYTES, opus, sizeof(opus));
	stop_meeting(&script, &guest);
}

static void test_objects_in(void **state)
{
	struct script script;
	struct guest guest;
	struct event object;

	(void)state;
	start_meeting(&script, &guest);
	want_far(&guest);
	until_request(&script, MESSAGE_WANT);
	send_object(&script, true, 5, 0, 0xaa);
	object = expect(&guest, OBJECT);
	assert_int_equal(object.header.track, FAR_CAMERA);
	assert_int_equal(object.length, 1);
	assert_int_equal(object.first, 0xaa);
	expect_near(object.capture_us, object.arrival_us);
	send_object(&script, false, 9, 0, 0xbb);
	object = expect(&guest, OBJECT);
	assert_int_equal(object.header.track, FAR_SOUND);
	assert_int_equal(object.first, 0xbb);
	stop_meeting(&script, &guest);
}

/* Three objects are missing; the hub is asked once, and it goes on at the next key. */
static void test_gap_in(void **state)
{
	struct script script;
	struct guest guest;
	uint32_t i;

	(void)state;
	start_meeting(&script, &guest);
	want_far(&guest);
	until_request(&script, MESSAGE_WANT);
	send_object(&script, true, 5, 0, 1);
	expect(&guest, OBJECT);
	for (i = 4; i < 9; i++)
		send_object(&script, true, 5, i, 2);
	send_object(&script, true, 6, 0, 3);
	assert_int_equal(expect(&guest, OBJECT).first, 3);
	until_request(&script, MESSAGE_KEYFRAME);
	meeting_send_sound(guest.meeting, 1, 1, (const uint8_t *)"x", 1);
	for (i = 0; i == 0;) {
		int seen = next(&script);

		assert_int_not_equal(seen, SEEN_REQUEST + MESSAGE_KEYFRAME);
		i = seen == SEEN_SOUND;
	}
	stop_meeting(&script, &guest);
}

static void test_report_goes_out(void **state)
{
	struct script script;
	struct guest guest;

	(void)state;
	start_meeting(&script, &guest);
	want_far(&guest);
	until_request(&script, MESSAGE_WANT);
	send_object(&script, true, 5, 0, 1);
	expect(&guest, OBJECT);
	until_request(&script, MESSAGE_REPORT);
	stop_meeting(&script, &guest);
}

static void test_keyframe_requested(void **state)
{
	struct script script;
	struct guest guest;

	(void)state;
	start_meeting(&script, &guest);
	meeting_request_keyframe(guest.meeting, (struct message_track_layer){.track = FAR_CAMERA});
	until_request(&script, MESSAGE_KEYFRAME);
	stop_meeting(&script, &guest);
}

static void test_notifications(void **state)
{
	struct script script;
	struct guest guest;
	char text[200];

	(void)state;
	start_meeting(&script, &guest);
	expect(&guest, KEY);
	say(&script, script.control,
	    "{\"jsonrpc\":\"2.0\",\"method\":\"weather\",\"params\":{\"rain\":true}}");
	snprintf(text, sizeof(text),
		 "{\"jsonrpc\":\"2.0\",\"method\":\"keyframe\",\"params\":{\"track\":%d,"
		 "\"layer\":0}}",
		 OWN_CAMERA);
	say(&script, script.control, text);
	expect(&guest, KEY);
	snprintf(text, sizeof(text),
		 "{\"jsonrpc\":\"2.0\",\"method\":\"report\",\"params\":{\"track\":%d,"
		 "\"delay_us\":900000}}",
		 OWN_CAMERA);
	say(&script, script.control, text);
	assert_true(expect(&guest, BITRATE).bitrate_bps < BITRATE_MAX);
	stop_meeting(&script, &guest);
}

/* The hub reads no pictures: they do not pile up, the bit rate falls, and sound goes on. */
static void test_full_path(void **state)
{
	int64_t deadline_us = clock_now_us() + PATIENCE_US;
	struct script script;
	struct guest guest;
	struct event *event;
	bool is_slower = false;
	void *item;

	(void)state;
	start_meeting(&script, &guest);
	fake_hub_read(script.hub, script.pictures, false);
	while (!is_slower && clock_now_us() < deadline_us) {
		send_picture(&guest, 1000000, true, clock_now_us());
		if (queue_pop(guest.events, clock_now_us() + 20000, &item) != 0)
			continue;
		event = item;
		is_slower = event->kind == BITRATE && event->bitrate_bps < BITRATE_MAX;
		free(event);
	}
	assert_true(is_slower);
	meeting_send_sound(guest.meeting, 1, 1, (const uint8_t *)"x", 1);
	until(&script, SEEN_SOUND);
	stop_meeting(&script, &guest);
}

/* The connection breaks: the seat is asked for, and what was wanted is wanted again. */
static void test_resume(void **state)
{
	struct meeting_state lost;
	struct script script;
	struct guest guest;
	json_t *status;

	(void)state;
	start_meeting(&script, &guest);
	want_far(&guest);
	until_request(&script, MESSAGE_WANT);
	fake_hub_close(script.hub, script.control, 0, "");
	lost = expect_phase(&guest, MEETING_LOST);
	assert_int_equal(lost.fault.kind, NET_FAULT_LOST);
	assert_in_range(lost.retry_us, 125000, 250000);
	script.is_resuming = true;
	until_request(&script, MESSAGE_JOIN);
	assert_non_null(strstr((char *)script.event.data, "\"resume\":\"" SEAT "\""));
	admit(&script);
	while (script.wants < 2)
		next(&script);
	expect_phase(&guest, MEETING_IN);
	status = meeting_status(guest.meeting);
	assert_int_equal(json_integer_value(json_object_get(status, "resumes")), 1);
	json_decref(status);
	send_object(&script, true, 8, 0, 1);
	expect(&guest, OBJECT);
	stop_meeting(&script, &guest);
}

/* The hub itself is gone for a while, and remembers nothing. */
static void test_hub_comes_back(void **state)
{
	struct script script;
	struct guest guest;
	uint16_t port;

	(void)state;
	start_meeting(&script, &guest);
	port = fake_hub_port(script.hub);
	stop_script(&script);
	expect_phase(&guest, MEETING_LOST);
	start_script(&script, port);
	admit(&script);
	expect_phase(&guest, MEETING_IN);
	stop_meeting(&script, &guest);
}

static void test_refused(void **state)
{
	struct meeting_state refused;
	struct script script;
	struct guest guest;

	(void)state;
	start_script(&script, 0);
	script.refuse_code = MESSAGE_CODE_MEETING_FULL;
	start(&guest, fake_hub_port(script.hub));
	until_request(&script, MESSAGE_JOIN);
	refused = expect_phase(&guest, MEETING_REFUSED);
	assert_int_equal(refused.code, MESSAGE_CODE_MEETING_FULL);
	assert_string_equal(refused.fault.text, "the hub refuses: the meeting is full");
	script.refuse_code = 0;
	admit(&script);
	expect_phase(&guest, MEETING_IN);
	stop_meeting(&script, &guest);
}

/* Unusable files are a state that ends when they are mended. */
static void test_certificate_mended(void **state)
{
	const struct net_identity_files files = test_pki_identity(pki, "ca", "late");
	struct meeting_state refused;
	struct script script;
	struct guest guest;

	(void)state;
	start_script(&script, 0);
	start_with(&guest, &files, fake_hub_port(script.hub));
	refused = expect_phase(&guest, MEETING_REFUSED);
	assert_int_equal(refused.fault.kind, NET_FAULT_IDENTITY);
	test_pki_make(pki, &(struct test_certificate){.file = "late",
						      .issuer = "ca",
						      .name = "Ruang Terlambat",
						      .from_days = -1,
						      .to_days = 1});
	admit(&script);
	expect_phase(&guest, MEETING_IN);
	stop_meeting(&script, &guest);
}

/* Closed as soon as it is in, over and over: each wait is longer than the one before. */
static void test_close_storm(void **state)
{
	static const int64_t least_us[] = {125000, 250000, 500000};
	struct meeting_state lost;
	struct script script;
	struct guest guest;
	size_t i;

	(void)state;
	start_script(&script, 0);
	start(&guest, fake_hub_port(script.hub));
	for (i = 0; i < sizeof(least_us) / sizeof(least_us[0]); i++) {
		admit(&script);
		expect_phase(&guest, MEETING_IN);
		fake_hub_close(script.hub, script.control, 1001, "going");
		lost = expect_phase(&guest, MEETING_LOST);
		assert_int_equal(lost.fault.close_code, 1001);
		assert_in_range(lost.retry_us, least_us[i], 2 * least_us[i]);
	}
	stop_meeting(&script, &guest);
}

static void test_closed_for_good_reason(void **state)
{
	struct script script;
	struct guest guest;

	(void)state;
	start_meeting(&script, &guest);
	fake_hub_close(script.hub, script.control, 1008, "no usable name");
	assert_int_equal(expect_phase(&guest, MEETING_REFUSED).fault.close_code, 1008);
	stop_meeting(&script, &guest);
}

/* head, count times element, tail: to be freed. */
static char *repeat(const char *head, const char *element, size_t count, const char *tail)
{
	char *text = malloc(strlen(head) + count * strlen(element) + strlen(tail) + 1);
	char *end;
	size_t i;

	assert_non_null(text);
	end = stpcpy(text, head);
	for (i = 0; i < count; i++)
		end = stpcpy(end, element);
	stpcpy(end, tail);
	return text;
}

struct misdeed {
	bool is_pictures; /* on the socket for them */
	enum fake_hub_form form;
	const char *data;
	size_t length;
	enum net_fault_kind fault;
};

static void commit(struct script *script, struct guest *guest, const struct misdeed *misdeed)
{
	fake_hub_send(script->hub, misdeed->is_pictures ? script->pictures : script->control,
		      misdeed->form, misdeed->data, misdeed->length);
	assert_int_equal(expect_phase(guest, MEETING_LOST).fault.kind, misdeed->fault);
	admit(script);
	expect_phase(guest, MEETING_IN);
}

/* One a connection. The waits between them grow, so two are as many as a meeting sees. */
static void commit_all(struct script *script, struct guest *guest, const struct misdeed *misdeeds,
		       size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		commit(script, guest, &misdeeds[i]);
		if (i % 2 == 1) {
			stop_meeting(script, guest);
			start_meeting(script, guest);
		}
	}
}

#define TEXT(pictures, text)                                                                       \
	{pictures, FAKE_HUB_SEND_TEXT, text, sizeof(text) - 1, NET_FAULT_PROTOCOL}
#define BINARY(pictures, data)                                                                     \
	{pictures, FAKE_HUB_SEND_BINARY, data, sizeof(data) - 1, NET_FAULT_PROTOCOL}

/* Whatever a hub does, the room closes, says why, and is in the meeting again. */
static void test_misdeeds(void **state)
{
	static const struct misdeed misdeeds[] = {
		TEXT(true,
		     "{\"jsonrpc\":\"2.0\",\"method\":\"roster\",\"params\":{\"members\":[]}}"),
		TEXT(false, "{"),
		TEXT(false, "[]"),
		TEXT(false, "{\"jsonrpc\":\"2.0\",\"id\":99999,\"result\":{}}"),
		TEXT(false, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"time\"}"),
		TEXT(false, "{\"jsonrpc\":\"2.0\",\"method\":\"keyframe\",\"params\":{\"track\":0,"
			    "\"layer\":0}}"),
		TEXT(false, "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,"
			    "\"message\":\"what?\"}}"),
		BINARY(false, "short"),
		BINARY(true, "\2\1\0\21\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0version"),
		BINARY(true, "\1\1\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0track 0"),
	};
	struct script script;
	struct guest guest;

	(void)state;
	start_meeting(&script, &guest);
	commit_all(&script, &guest, misdeeds, sizeof(misdeeds) / sizeof(misdeeds[0]));
	stop_meeting(&script, &guest);
}

static void test_large_misdeeds(void **state)
{
	char *roster =
		repeat("{\"jsonrpc\":\"2.0\",\"method\":\"roster\",\"params\":{\"members\":[0",
		       ",{}", 10000, "]}}");
	char *deep = repeat("", "[", 100000, "");
	char *text = repeat("\"", "a", MESSAGE_HUB_BYTES_MAX, "\"");
	char *sound = repeat("", "a", OBJECT_SOUND_BYTES_MAX + 1, "");
	const struct misdeed misdeeds[] = {
		{false, FAKE_HUB_SEND_TEXT, roster, strlen(roster), NET_FAULT_PROTOCOL},
		{false, FAKE_HUB_SEND_TEXT, deep, strlen(deep), NET_FAULT_PROTOCOL},
		{false, FAKE_HUB_SEND_TEXT, text, strlen(text), NET_FAULT_TOO_LARGE},
		{false, FAKE_HUB_SEND_BINARY, sound, strlen(sound), NET_FAULT_TOO_LARGE},
	};
	struct script script;
	struct guest guest;

	(void)state;
	start_meeting(&script, &guest);
	commit_all(&script, &guest, misdeeds, sizeof(misdeeds) / sizeof(misdeeds[0]));
	stop_meeting(&script, &guest);
	free(sound);
	free(text);
	free(deep);
	free(roster);
}

static void *stop_in_thread(void *context)
{
	struct guest *guest = context;

	meeting_stop(guest->meeting);
	return NULL;
}

/* The hub hears of it, and both sockets end with 1000. */
static void test_leave(void **state)
{
	struct script script;
	struct guest guest;
	pthread_t thread;
	int closed = 0;

	(void)state;
	start_meeting(&script, &guest);
	assert_int_equal(pthread_create(&thread, NULL, stop_in_thread, &guest), 0);
	until_request(&script, MESSAGE_LEAVE);
	while (closed < 2)
		closed += next(&script) == SEEN_CLOSED;
	/* Camera and decoders go on meanwhile, and after it: nothing is sent, and nothing breaks. */
	do {
		send_picture(&guest, 10, true, clock_now_us());
		want_far(&guest);
	} while (pthread_tryjoin_np(thread, NULL) != 0);
	send_picture(&guest, 10, true, clock_now_us());
	want_far(&guest);
	stop(&guest);
	stop_script(&script);
}

/* A call alone, without the meeting around it. */
struct bare_call {
	struct call_config config;
	struct call *call;
	struct queue *left; /* one item: it has left */
};

static void start_bare_call(void *context)
{
	struct bare_call *bare = context;

	assert_int_equal(call_create(&bare->config, &bare->call), 0);
	call_start(bare->call);
}

static void on_bare_left(void *context)
{
	struct bare_call *bare = context;

	queue_push(bare->left, malloc(1), 0);
}

static void leave_bare_call(void *context)
{
	struct bare_call *bare = context;

	call_leave(bare->call, on_bare_left, bare);
}

/* Everything that may still come from outside. */
static void use_bare_call(void *context)
{
	const struct message_want want = {.count = 1, .wants = {{.track = FAR_CAMERA}}};
	struct bare_call *bare = context;
	struct call_figures figures;

	call_flush(bare->call);
	call_tick(bare->call);
	call_want(bare->call, &want);
	call_request_keyframe(bare->call, want.wants[0]);
	call_get_figures(bare->call, &figures);
	assert_int_equal(figures.you, 0);
}

static void destroy_bare_call(void *context)
{
	call_destroy(((struct bare_call *)context)->call);
}

static void on_nothing(void *context)
{
	(void)context;
}

/* Between the hub's good-bye and the end of the thread others do not know yet. */
static void test_used_after_leaving(void **state)
{
	const struct net_identity_files files = test_pki_identity(pki, "ca", "room");
	struct meeting_config config;
	struct bare_call bare = {.call = NULL};
	struct script script;
	struct guest guest;
	void *item;

	(void)state;
	start_script(&script, 0);
	config = make_config(&guest, &files, fake_hub_port(script.hub));
	assert_int_equal(queue_create(4096, QUEUE_WAIT, free, &guest.events), 0);
	assert_int_equal(queue_create(1, QUEUE_WAIT, free, &bare.left), 0);
	bare.config = (struct call_config){.meeting = &config, .changed = on_nothing};
	assert_int_equal(outgoing_create(&bare.config.outgoing), 0);
	assert_int_equal(net_loop_create(&bare.config.loop), 0);
	assert_int_equal(net_loop_call_wait(bare.config.loop, start_bare_call, &bare), 0);
	admit(&script);
	expect_phase(&guest, MEETING_IN);
	assert_int_equal(net_loop_call_wait(bare.config.loop, leave_bare_call, &bare), 0);
	until_request(&script, MESSAGE_LEAVE);
	assert_int_equal(queue_pop(bare.left, clock_now_us() + PATIENCE_US, &item), 0);
	free(item);
	assert_int_equal(net_loop_call_wait(bare.config.loop, use_bare_call, &bare), 0);
	assert_int_equal(net_loop_call_wait(bare.config.loop, destroy_bare_call, &bare), 0);
	net_loop_destroy(bare.config.loop);
	outgoing_destroy(bare.config.outgoing);
	queue_destroy(bare.left);
	queue_destroy(guest.events);
	stop_script(&script);
}

/* A hub that does not answer holds nobody. */
static void test_leave_without_answer(void **state)
{
	struct script script;
	struct guest guest;
	int64_t begun_us;

	(void)state;
	start_meeting(&script, &guest);
	fake_hub_read(script.hub, script.control, false);
	begun_us = clock_now_us();
	meeting_stop(guest.meeting);
	assert_true(clock_now_us() - begun_us < 10 * CLOCK_US_PER_S);
	stop(&guest);
	stop_script(&script);
}

static void test_stop_without_hub(void **state)
{
	struct script script;
	struct guest guest;
	uint16_t port;

	(void)state;
	start_script(&script, 0);
	port = fake_hub_port(script.hub);
	stop_script(&script);
	start(&guest, port);
	expect_phase(&guest, MEETING_LOST);
	stop(&guest);
}

static void test_bad_config(void **state)
{
	static const struct {
		const char *host;
		uint16_t port;
		const char *path;
		const char *meeting;
	} rows[] = {
		{"", 443, "/meet", "a"},   {"hub", 0, "/meet", "a"},     {"hub", 443, "meet", "a"},
		{"hub", 443, "/meet", ""}, {"hub", 443, "/meet", "A B"},
	};
	struct meeting *meeting;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct meeting_config config = {.host = rows[i].host,
						      .port = rows[i].port,
						      .path = rows[i].path,
						      .meeting = rows[i].meeting,
						      .ca = "ca",
						      .certificate = "certificate",
						      .key = "key"};

		assert_int_equal(meeting_create(&config, &meeting), -EINVAL);
	}
}

static void test_create_without_memory(void **state)
{
	static const struct meeting_config config = {.host = "hub",
						     .port = 443,
						     .path = "/meet",
						     .meeting = "a",
						     .ca = "ca",
						     .certificate = "certificate",
						     .key = "key"};
	struct meeting *meeting = NULL;
	unsigned int n;
	int r;

	(void)state;
	for (n = 1;; n++) {
		fake_alloc_arm(n);
		r = meeting_create(&config, &meeting);
		if (!fake_alloc_disarm())
			break;
		assert_int_equal(r, -ENOMEM);
		assert_null(meeting);
	}
	assert_int_equal(r, 0);
	assert_true(n > 7);
	meeting_destroy(meeting);
}

static int setup(void **state)
{
	(void)state;
	pki = test_pki_create();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	test_pki_destroy(pki);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_pictures_out),
		cmocka_unit_test(test_too_large_picture_out),
		cmocka_unit_test(test_sound_out),
		cmocka_unit_test(test_objects_in),
		cmocka_unit_test(test_gap_in),
		cmocka_unit_test(test_report_goes_out),
		cmocka_unit_test(test_keyframe_requested),
		cmocka_unit_test(test_notifications),
		cmocka_unit_test(test_full_path),
		cmocka_unit_test(test_resume),
		cmocka_unit_test(test_hub_comes_back),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_certificate_mended),
		cmocka_unit_test(test_close_storm),
		cmocka_unit_test(test_closed_for_good_reason),
		cmocka_unit_test(test_misdeeds),
		cmocka_unit_test(test_large_misdeeds),
		cmocka_unit_test(test_leave),
		cmocka_unit_test(test_used_after_leaving),
		cmocka_unit_test(test_leave_without_answer),
		cmocka_unit_test(test_stop_without_hub),
		cmocka_unit_test(test_bad_config),
		cmocka_unit_test(test_create_without_memory),
	};

	return cmocka_run_group_tests_name("meeting", tests, setup, teardown);
}
