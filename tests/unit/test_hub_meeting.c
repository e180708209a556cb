#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "tests/fake/fake_alloc.h"
#include "tools/hub/session.h"

#define MIB ((size_t)1 << 20)

enum {
	TEXT_BYTES_MAX = 256 << 10,
	START_US = 5000,
};

struct fixture {
	int64_t now_us;
	struct clock clock;
	struct shared shared;
	struct meetings *meetings;
};

/* One websocket. */
struct socket {
	struct outbox *outbox;
	struct session *session;
};

struct seat {
	char text[MESSAGE_SEAT_BYTES + 1];
};

static int64_t read_clock(void *context)
{
	return *(int64_t *)context;
}

static void wake_nobody(void *context)
{
	(void)context;
}

static int set_up_with(void **state, size_t meetings_max, size_t members_max)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->now_us = START_US;
	f->clock = (struct clock){read_clock, &f->now_us};
	shared_init(&f->shared, &f->clock, 64 * MIB);
	assert_int_equal(meetings_create(&f->shared, meetings_max, members_max, &f->meetings), 0);
	*state = f;
	return 0;
}

static int set_up(void **state)
{
	return set_up_with(state, 1000, 100);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	meetings_destroy(f->meetings);
	assert_int_equal(f->shared.pool.bytes, 0);
	shared_finish(&f->shared);
	free(f);
	return 0;
}

static struct socket open_socket(struct fixture *f, const char *room)
{
	struct socket socket;

	assert_int_equal(outbox_create(&f->clock, &f->shared.metrics, wake_nobody, NULL,
				       &socket.outbox),
			 0);
	assert_int_equal(session_create(&f->shared, f->meetings, socket.outbox, room, "192.0.2.1",
					&socket.session),
			 0);
	return socket;
}

static void close_socket(struct socket *socket)
{
	session_destroy(socket->session);
	outbox_destroy(socket->outbox);
}

static void say(struct socket *socket, const char *text)
{
	session_text(socket->session, text, strlen(text));
}

/* The next text that waits has `part` in it; the text itself goes to `ret_text`. */
static void hear(struct socket *socket, const char *part, char *ret_text)
{
	struct packet *packet = outbox_take(socket->outbox);

	assert_non_null(packet);
	assert_true(packet->is_text && packet->length < TEXT_BYTES_MAX);
	memcpy(ret_text, packet_message(packet), packet->length);
	ret_text[packet->length] = '\0';
	packet_unref(packet);
	if (!strstr(ret_text, part))
		fail_msg("no %s in %s", part, ret_text);
}

static void expect(struct socket *socket, const char *part)
{
	static char text[TEXT_BYTES_MAX];

	hear(socket, part, text);
}

static void expect_nothing(struct socket *socket)
{
	assert_null(outbox_take(socket->outbox));
}

static void expect_end(struct socket *socket, int code)
{
	const char *reason;

	assert_int_equal(outbox_ending(socket->outbox, &reason), code);
}

static void say_join(struct socket *socket, const char *meeting, const char *seat)
{
	char text[256];

	snprintf(text, sizeof(text),
		 "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"join\",\"params\":"
		 "{\"version\":1,\"meeting\":\"%s\"%s%s%s}}",
		 meeting, seat ? ",\"resume\":\"" : "", seat ? seat : "", seat ? "\"" : "");
	say(socket, text);
}

/* Joins and takes the answer; the roster still waits. */
static struct seat join(struct socket *socket, const char *meeting, const char *resume,
			const char *expected)
{
	static char text[TEXT_BYTES_MAX];
	struct seat seat = {""};
	const char *place;

	say_join(socket, meeting, resume);
	hear(socket, expected, text);
	place = strstr(text, "\"seat\":\"");
	assert_non_null(place);
	assert_int_equal(sscanf(place, "\"seat\":\"%43[A-Za-z0-9_-]\"", seat.text), 1);
	assert_true(message_is_seat(seat.text));
	return seat;
}

static void attach(struct socket *socket, const char *seat)
{
	char text[256];

	snprintf(
		text, sizeof(text),
		"{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"attach\",\"params\":{\"seat\":\"%s\"}}",
		seat);
	say(socket, text);
}

static void send_object(struct fixture *f, struct socket *socket, const void *bytes, size_t length)
{
	struct packet *packet;

	assert_int_equal(packet_create(&f->shared.pool, false, length, &packet), 0);
	assert_int_equal(packet_append(&packet, bytes, length), 0);
	session_object(socket->session, packet);
	packet_unref(packet);
}

static void send_picture(struct fixture *f, struct socket *socket, uint16_t track)
{
	const struct object_header header = {.flags = OBJECT_KEY, .track = track, .priority = 1};
	uint8_t bytes[OBJECT_HEADER_BYTES + 1] = {0};

	object_write(&header, bytes);
	send_object(f, socket, bytes, sizeof(bytes));
}

static void the_first_member_opens_a_meeting_and_the_last_ends_it(void **state)
{
	struct fixture *f = *state;
	struct socket a = open_socket(f, "Ruang 1"), b = open_socket(f, "Ruang 2");

	join(&a, "kabinet", NULL, "\"member\":1,");
	assert_int_equal(f->shared.metrics.meetings, 1);
	expect(&a, "\"members\":[{\"member\":1,\"name\":\"Ruang 1\",\"here\":true,\"tracks\":[]}]");
	join(&b, "kabinet", NULL, "\"member\":2,");
	assert_int_equal(f->shared.metrics.members, 2);
	say(&a, "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"leave\",\"params\":{}}");
	expect(&a, "{\"jsonrpc\":\"2.0\",\"id\":9,\"result\":{}}");
	expect_end(&a, 1000);
	assert_int_equal(f->shared.metrics.meetings, 1);
	say(&b, "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"leave\",\"params\":{}}");
	assert_int_equal(f->shared.metrics.meetings, 0);
	assert_int_equal(f->shared.metrics.members, 0);
	close_socket(&a);
	close_socket(&b);
}

static void the_roster_is_in_the_order_of_members(void **state)
{
	struct fixture *f = *state;
	struct socket sockets[3];
	static char text[TEXT_BYTES_MAX];
	const char *one, *two, *three;
	int i;

	for (i = 0; i < 3; i++) {
		sockets[i] = open_socket(f, "Ruang");
		join(&sockets[i], "kabinet", NULL, "\"resumed\":false");
	}
	hear(&sockets[2], "\"roster\"", text);
	one = strstr(text, "\"member\":1,");
	two = strstr(text, "\"member\":2,");
	three = strstr(text, "\"member\":3,");
	assert_true(one && one < two && two < three);
	for (i = 0; i < 3; i++)
		close_socket(&sockets[i]);
}

/* Many join at once after a hub's start: each must not cost a roster to all. */
static void rosters_are_told_together(void **state)
{
	struct fixture *f = *state;
	struct socket sockets[4];
	int i;

	for (i = 0; i < 4; i++) {
		sockets[i] = open_socket(f, "Ruang");
		join(&sockets[i], "kabinet", NULL, "\"resumed\":false");
		expect(&sockets[i], "\"roster\"");
	}
	expect_nothing(&sockets[0]);
	f->now_us += MEETING_ROSTER_EVERY_US;
	meetings_run(f->meetings);
	for (i = 0; i < 4; i++) {
		expect(&sockets[i], "\"member\":4,");
		expect_nothing(&sockets[i]);
		close_socket(&sockets[i]);
	}
}

static void numbers_of_members_are_never_used_again(void **state)
{
	struct fixture *f = *state;
	struct socket stays = open_socket(f, "Ruang 1"), comes;
	char expected[32];
	int i;

	join(&stays, "kabinet", NULL, "\"member\":1,");
	for (i = 2; i < 10; i++) {
		comes = open_socket(f, "Ruang 2");
		snprintf(expected, sizeof(expected), "\"member\":%d,", i);
		join(&comes, "kabinet", NULL, expected);
		say(&comes, "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"leave\",\"params\":{}}");
		close_socket(&comes);
	}
	close_socket(&stays);
}

static void a_full_meeting_takes_nobody(void **state)
{
	struct fixture *f = *state;
	struct socket sockets[101];
	int i;

	for (i = 0; i < 100; i++) {
		sockets[i] = open_socket(f, "Ruang");
		join(&sockets[i], "kabinet", NULL, "\"resumed\":false");
	}
	sockets[100] = open_socket(f, "Ruang");
	say_join(&sockets[100], "kabinet", NULL);
	expect(&sockets[100], "\"error\":{\"code\":1,");
	expect_end(&sockets[100], 1013);
	for (i = 0; i < 101; i++)
		close_socket(&sockets[i]);
}

static void a_full_hub_takes_no_other_meeting(void **state)
{
	struct fixture *f = *state;
	struct socket *sockets = calloc(1002, sizeof(*sockets));
	char meeting[32];
	int i;

	assert_non_null(sockets);
	for (i = 0; i < 1001; i++) {
		sockets[i] = open_socket(f, "Ruang");
		snprintf(meeting, sizeof(meeting), "meeting-%d", i);
		say_join(&sockets[i], meeting, NULL);
		expect(&sockets[i], i < 1000 ? "\"member\":1," : "\"error\":{\"code\":2,");
	}
	assert_int_equal(f->shared.metrics.meetings, 1000);
	expect_end(&sockets[1000], 1013);
	sockets[1001] = open_socket(f, "Ruang");
	join(&sockets[1001], "meeting-999", NULL, "\"member\":2,");
	for (i = 0; i < 1002; i++)
		close_socket(&sockets[i]);
	free(sockets);
}

static void a_lost_member_keeps_its_seat_for_30_s(void **state)
{
	struct fixture *f = *state;
	struct socket a = open_socket(f, "Ruang 1"), b = open_socket(f, "Ruang 2");
	struct seat seat = join(&a, "kabinet", NULL, "\"member\":1,"), again;

	join(&b, "kabinet", NULL, "\"member\":2,");
	close_socket(&a);
	f->now_us += MEETING_SEAT_KEPT_US - 1;
	meetings_run(f->meetings);
	expect(&b, "\"name\":\"Ruang 1\",\"here\":false");
	a = open_socket(f, "Ruang 1");
	again = join(&a, "kabinet", seat.text, "\"member\":1,\"");
	assert_string_equal(again.text, seat.text);
	expect(&a, "\"name\":\"Ruang 1\",\"here\":true");
	close_socket(&a);
	f->now_us += MEETING_SEAT_KEPT_US;
	meetings_run(f->meetings);
	assert_int_equal(f->shared.metrics.members, 1);
	a = open_socket(f, "Ruang 1");
	join(&a, "kabinet", seat.text, "\"resumed\":false");
	close_socket(&a);
	close_socket(&b);
}

static void a_seat_is_that_of_one_room_and_one_meeting(void **state)
{
	struct fixture *f = *state;
	struct socket a = open_socket(f, "Ruang 1"), b = open_socket(f, "Ruang 2"),
		      c = open_socket(f, "Ruang 1");
	struct seat seat = join(&a, "kabinet", NULL, "\"member\":1,");

	join(&b, "kabinet", seat.text, "\"member\":2,");
	join(&c, "sidang", seat.text, "\"member\":1,");
	expect_end(&a, 0);
	close_socket(&c);
	c = open_socket(f, "Ruang 2");
	attach(&c, seat.text);
	expect(&c, "\"error\":{\"code\":5,");
	attach(&c, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
	expect(&c, "\"error\":{\"code\":5,");
	close_socket(&a);
	close_socket(&b);
	close_socket(&c);
}

static void a_newer_connection_takes_the_seat(void **state)
{
	struct fixture *f = *state;
	struct socket control = open_socket(f, "Ruang 1"), pictures = open_socket(f, "Ruang 1"),
		      newer = open_socket(f, "Ruang 1"), newer_pictures = open_socket(f, "Ruang 1");
	struct seat seat = join(&control, "kabinet", NULL, "\"member\":1,");

	attach(&pictures, seat.text);
	expect(&pictures, "\"result\":{\"member\":1}");
	attach(&newer_pictures, seat.text);
	expect(&newer_pictures, "\"result\":{\"member\":1}");
	expect_end(&pictures, 4001);
	join(&newer, "kabinet", seat.text, "\"resumed\":true");
	expect_end(&control, 4001);
	expect_end(&newer_pictures, 4001);
	/* The older ones go without harm to the seat. */
	close_socket(&control);
	close_socket(&pictures);
	close_socket(&newer_pictures);
	meetings_run(f->meetings);
	assert_int_equal(f->shared.metrics.members, 1);
	say(&newer, "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"time\",\"params\":{}}");
	expect(&newer, "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{\"clock_us\":5000}}");
	close_socket(&newer);
}

static void tracks_outlive_a_lost_connection(void **state)
{
	struct fixture *f = *state;
	struct socket a = open_socket(f, "Ruang 1");
	struct seat seat = join(&a, "kabinet", NULL, "\"member\":1,");

	say(&a, "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"publish\",\"params\":{\"tracks\":"
		"[{\"kind\":\"sound\"}]}}");
	expect(&a, "\"result\":{\"tracks\":[1]}");
	close_socket(&a);
	a = open_socket(f, "Ruang 1");
	join(&a, "kabinet", seat.text, "\"resumed\":true");
	expect(&a, "\"track\":1");
	close_socket(&a);
}

static void nothing_is_done_before_join(void **state)
{
	struct fixture *f = *state;
	struct socket a = open_socket(f, "Ruang 1");

	say(&a, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"time\",\"params\":{}}");
	expect(&a, "\"error\":{\"code\":3,");
	assert_int_equal(session_message_max(a.session, false), 0);
	join(&a, "kabinet", NULL, "\"member\":1,");
	expect(&a, "\"roster\"");
	say_join(&a, "kabinet", NULL);
	expect(&a, "\"error\":{\"code\":3,");
	expect_end(&a, 0);
	close_socket(&a);
}

static void what_is_no_request_is_answered_or_ignored(void **state)
{
	static const struct {
		const char *text;
		const char *answer;
	} cases[] = {
		{"{", "\"id\":null,\"error\":{\"code\":-32700,"},
		{"\xff\xfe", "\"id\":null,\"error\":{\"code\":-32700,"},
		{"{\"jsonrpc\":\"1.0\",\"id\":4,\"method\":\"time\"}",
		 "\"error\":{\"code\":-32600,"},
		{"{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"fly\",\"params\":{}}",
		 "\"id\":4,\"error\":{\"code\":-32601,"},
		{"{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"want\",\"params\":{}}",
		 "\"id\":4,\"error\":{\"code\":-32602,"},
		{"{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"keyframe\",\"params\":"
		 "{\"track\":9,\"layer\":0}}",
		 "\"id\":4,\"error\":{\"code\":4,"},
		{"{\"jsonrpc\":\"2.0\",\"method\":\"fly\",\"params\":{}}", NULL},
	};
	struct fixture *f = *state;
	struct socket a = open_socket(f, "Ruang 1");
	size_t i;

	join(&a, "kabinet", NULL, "\"member\":1,");
	expect(&a, "\"roster\"");
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		say(&a, cases[i].text);
		if (cases[i].answer)
			expect(&a, cases[i].answer);
		expect_nothing(&a);
	}
	expect_end(&a, 0);
	close_socket(&a);
}

static void too_many_wants_are_refused_and_change_nothing(void **state)
{
	struct fixture *f = *state;
	struct socket a = open_socket(f, "Ruang 1"), b = open_socket(f, "Ruang 2"),
		      pictures = open_socket(f, "Ruang 2"), publisher = open_socket(f, "Ruang 1");
	struct seat of_a = join(&a, "kabinet", NULL, "\"member\":1,"),
		    of_b = join(&b, "kabinet", NULL, "\"member\":2,");
	char text[16384];
	size_t length;
	int i;

	attach(&publisher, of_a.text);
	attach(&pictures, of_b.text);
	expect(&pictures, "\"result\"");
	say(&a,
	    "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"publish\",\"params\":{\"tracks\":"
	    "[{\"kind\":\"camera\",\"layers\":[{\"width\":640,\"height\":360,\"bitrate\":1}]}]}}");
	expect(&a, "\"result\":{\"tracks\":[1]}");
	say(&b, "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"want\",\"params\":{\"wants\":"
		"[{\"track\":1,\"layer\":0}]}}");
	length = (size_t)snprintf(text, sizeof(text),
				  "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"want\",\"params\":"
				  "{\"wants\":[");
	for (i = 0; i < MESSAGE_WANTS_MAX + 1; i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length,
					   "%s{\"track\":%d,\"layer\":0}", i ? "," : "", i + 2);
	snprintf(text + length, sizeof(text) - length, "]}}");
	say(&b, text);
	expect(&b, "{\"jsonrpc\":\"2.0\",\"id\":4,\"result\":{}}");
	expect(&b, "\"id\":5,\"error\":{\"code\":6,");
	send_picture(f, &publisher, 1);
	packet_unref(outbox_take(pictures.outbox));
	assert_int_equal(f->shared.metrics.objects_in, 1);
	expect_nothing(&pictures);
	send_picture(f, &publisher, 1);
	assert_false(outbox_is_empty(pictures.outbox));
	close_socket(&a);
	close_socket(&b);
	close_socket(&pictures);
	close_socket(&publisher);
}

static void a_flood_of_messages_ends_the_connection(void **state)
{
	static const char time[] =
		"{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"time\",\"params\":{}}";
	struct fixture *f = *state;
	struct socket a = open_socket(f, "Ruang 1");
	int i;

	join(&a, "kabinet", NULL, "\"member\":1,");
	for (i = 1; i < SESSION_TEXTS_MAX; i++) {
		say(&a, time);
		packet_unref(outbox_take(a.outbox));
	}
	f->now_us += CLOCK_US_PER_S;
	for (i = 0; i < SESSION_TEXTS_MAX; i++) {
		say(&a, time);
		packet_unref(outbox_take(a.outbox));
	}
	expect_end(&a, 0);
	say(&a, time);
	expect_end(&a, 1008);
	close_socket(&a);
}

static void who_does_not_read_its_texts_is_closed(void **state)
{
	static const char time[] =
		"{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"time\",\"params\":{}}";
	struct fixture *f = *state;
	struct socket a = open_socket(f, "Ruang 1");
	int i;

	join(&a, "kabinet", NULL, "\"member\":1,");
	for (i = 0; i < OUTBOX_TEXTS_MAX; i++) {
		f->now_us += CLOCK_US_PER_S;
		say(&a, time);
	}
	expect_end(&a, 0);
	say(&a, time);
	expect_end(&a, 1008);
	expect_nothing(&a);
	close_socket(&a);
}

static void bad_objects_end_the_connection(void **state)
{
	static const uint8_t nothing[OBJECT_HEADER_BYTES + 1];
	struct fixture *f = *state;
	struct socket a = open_socket(f, "Ruang 1"), b = open_socket(f, "Ruang 2"), pictures[4];
	struct seat of_a = join(&a, "kabinet", NULL, "\"member\":1,"),
		    of_b = join(&b, "kabinet", NULL, "\"member\":2,");
	int i;

	say(&a,
	    "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"publish\",\"params\":{\"tracks\":"
	    "[{\"kind\":\"camera\",\"layers\":[{\"width\":640,\"height\":360,\"bitrate\":1}]}]}}");
	for (i = 0; i < 4; i++) {
		pictures[i] = open_socket(f, i == 0 ? "Ruang 2" : "Ruang 1");
		attach(&pictures[i], i == 0 ? of_b.text : of_a.text);
		expect(&pictures[i], "\"result\"");
		if (i == 0)
			send_picture(f, &pictures[i], 1); /* of another's track */
		else if (i == 1)
			send_object(f, &pictures[i], nothing, OBJECT_HEADER_BYTES); /* cut short */
		else if (i == 2)
			send_object(f, &pictures[i], nothing, sizeof(nothing)); /* version 0 */
		else
			say(&pictures[i], "{}");
		expect_end(&pictures[i], i == 0 ? 1008 : 1002);
	}
	send_picture(f, &a, 1); /* on the control socket */
	expect_end(&a, 1002);
	assert_int_equal(f->shared.metrics.refused[METRICS_REFUSED_PROTOCOL], 5);
	for (i = 0; i < 4; i++)
		close_socket(&pictures[i]);
	close_socket(&a);
	close_socket(&b);
}

static void messages_have_the_sizes_of_their_socket(void **state)
{
	struct fixture *f = *state;
	struct socket control = open_socket(f, "Ruang 1"), pictures = open_socket(f, "Ruang 1");
	struct seat seat = join(&control, "kabinet", NULL, "\"member\":1,");

	assert_int_equal(session_message_max(pictures.session, true), 4096);
	attach(&pictures, seat.text);
	assert_int_equal(session_message_max(control.session, true), MIB);
	assert_int_equal(session_message_max(control.session, false), 1536);
	assert_int_equal(session_message_max(pictures.session, false), 2 * MIB);
	close_socket(&control);
	close_socket(&pictures);
}

static void lack_of_memory_refuses_a_join_and_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	const struct message_join message = {.meeting = "kabinet"};
	struct socket a = open_socket(f, "Ruang 1");
	struct member *member = NULL;
	bool resumed;
	unsigned int n;
	int r;

	for (n = 1;; n++) {
		fake_alloc_arm(n);
		r = meeting_join(f->meetings, &message, "Ruang 1", a.outbox, &member, &resumed);
		if (!fake_alloc_disarm() || r == 0)
			break;
		assert_int_equal(r, -ENOMEM);
		assert_int_equal(f->shared.metrics.meetings, 0);
		assert_int_equal(f->shared.metrics.members, 0);
	}
	assert_int_equal(r, 0);
	assert_true(n > 3);
	meeting_lost(member, a.outbox);
	member_unref(member);
	close_socket(&a);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(the_first_member_opens_a_meeting_and_the_last_ends_it),
		TEST(the_roster_is_in_the_order_of_members),
		TEST(rosters_are_told_together),
		TEST(numbers_of_members_are_never_used_again),
		TEST(a_full_meeting_takes_nobody),
		TEST(a_full_hub_takes_no_other_meeting),
		TEST(a_lost_member_keeps_its_seat_for_30_s),
		TEST(a_seat_is_that_of_one_room_and_one_meeting),
		TEST(a_newer_connection_takes_the_seat),
		TEST(tracks_outlive_a_lost_connection),
		TEST(nothing_is_done_before_join),
		TEST(what_is_no_request_is_answered_or_ignored),
		TEST(too_many_wants_are_refused_and_change_nothing),
		TEST(a_flood_of_messages_ends_the_connection),
		TEST(who_does_not_read_its_texts_is_closed),
		TEST(bad_objects_end_the_connection),
		TEST(messages_have_the_sizes_of_their_socket),
		TEST(lack_of_memory_refuses_a_join_and_leaves_nothing),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
