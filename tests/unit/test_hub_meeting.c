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
#include "tests/fake/hub_bench.h"

static void send_object(struct hub_bench *f, struct hub_bench_socket *socket, const void *bytes,
			size_t length)
{
	struct packet *packet;

	assert_int_equal(packet_create(&f->shared.pool, false, length, &packet), 0);
	assert_int_equal(packet_append(&packet, bytes, length), 0);
	session_object(socket->session, packet);
	packet_unref(packet);
}

static void send_picture(struct hub_bench *f, struct hub_bench_socket *socket, uint16_t track)
{
	const struct object_header header = {.flags = OBJECT_KEY, .track = track, .priority = 1};
	uint8_t bytes[OBJECT_HEADER_BYTES + 1] = {0};

	object_write(&header, bytes);
	send_object(f, socket, bytes, sizeof(bytes));
}

static void the_first_member_opens_a_meeting_and_the_last_ends_it(void **state)
{
	struct hub_bench *f = *state;
	struct hub_bench_socket a = hub_bench_open(f, "Ruang 1"), b = hub_bench_open(f, "Ruang 2");

	hub_bench_join(&a, "kabinet", NULL, "\"member\":1,");
	assert_int_equal(f->shared.metrics.meetings, 1);
	hub_bench_expect(
		&a,
		"\"members\":[{\"member\":1,\"name\":\"Ruang 1\",\"here\":true,\"tracks\":[]}]");
	hub_bench_drain(&a);
	hub_bench_join(&b, "kabinet", NULL, "\"member\":2,");
	assert_int_equal(f->shared.metrics.members, 2);
	hub_bench_say(&a, "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"leave\",\"params\":{}}");
	hub_bench_expect(&a, "{\"jsonrpc\":\"2.0\",\"id\":9,\"result\":{}}");
	hub_bench_expect_end(&a, 1000);
	assert_int_equal(f->shared.metrics.meetings, 1);
	hub_bench_say(&b, "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"leave\",\"params\":{}}");
	assert_int_equal(f->shared.metrics.meetings, 0);
	assert_int_equal(f->shared.metrics.members, 0);
	hub_bench_close(&a);
	hub_bench_close(&b);
}

static void the_roster_is_in_the_order_of_members(void **state)
{
	struct hub_bench *f = *state;
	struct hub_bench_socket sockets[3];
	static char text[HUB_BENCH_TEXT_BYTES_MAX];
	const char *one, *two, *three;
	int i;

	for (i = 0; i < 3; i++) {
		sockets[i] = hub_bench_open(f, "Ruang");
		hub_bench_join(&sockets[i], "kabinet", NULL, "\"resumed\":false");
	}
	hub_bench_hear(&sockets[2], "\"roster\"", text);
	one = strstr(text, "\"member\":1,");
	two = strstr(text, "\"member\":2,");
	three = strstr(text, "\"member\":3,");
	assert_true(one && one < two && two < three);
	for (i = 0; i < 3; i++)
		hub_bench_close(&sockets[i]);
}

/* Many join at once after a hub's start: each must not cost a roster to all. */
static void rosters_are_told_together(void **state)
{
	struct hub_bench *f = *state;
	struct hub_bench_socket sockets[4];
	int i;

	for (i = 0; i < 4; i++) {
		sockets[i] = hub_bench_open(f, "Ruang");
		hub_bench_join(&sockets[i], "kabinet", NULL, "\"resumed\":false");
		hub_bench_expect(&sockets[i], "\"roster\"");
		hub_bench_drain(&sockets[i]);
	}
	hub_bench_expect_nothing(&sockets[0]);
	f->now_us += MEETING_ROSTER_EVERY_US;
	meetings_run(f->meetings);
	for (i = 0; i < 4; i++) {
		hub_bench_expect(&sockets[i], "\"member\":4,");
		hub_bench_expect_nothing(&sockets[i]);
		hub_bench_close(&sockets[i]);
	}
}

static void numbers_of_members_are_never_used_again(void **state)
{
	struct hub_bench *f = *state;
	struct hub_bench_socket stays = hub_bench_open(f, "Ruang 1"), comes;
	char expected[32];
	int i;

	hub_bench_join(&stays, "kabinet", NULL, "\"member\":1,");
	for (i = 2; i < 10; i++) {
		comes = hub_bench_open(f, "Ruang 2");
		snprintf(expected, sizeof(expected), "\"member\":%d,", i);
		hub_bench_join(&comes, "kabinet", NULL, expected);
		hub_bench_say(&comes,
			      "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"leave\",\"params\":{}}");
		hub_bench_close(&comes);
	}
	hub_bench_close(&stays);
}

static void a_full_meeting_takes_nobody(void **state)
{
	struct hub_bench *f = *state;
	struct hub_bench_socket sockets[101];
	int i;

	for (i = 0; i < 100; i++) {
		sockets[i] = hub_bench_open(f, "Ruang");
		hub_bench_join(&sockets[i], "kabinet", NULL, "\"resumed\":false");
	}
	sockets[100] = hub_bench_open(f, "Ruang");
	hub_bench_say_join(&sockets[100], "kabinet", NULL);
	hub_bench_expect(&sockets[100], "\"error\":{\"code\":1,");
	hub_bench_expect_end(&sockets[100], 1013);
	for (i = 0; i < 101; i++)
		hub_bench_close(&sockets[i]);
}

static void a_full_hub_takes_no_other_meeting(void **state)
{
	struct hub_bench *f = *state;
	struct hub_bench_socket *sockets = calloc(1002, sizeof(*sockets));
	char meeting[32];
	int i;

	assert_non_null(sockets);
	for (i = 0; i < 1001; i++) {
		sockets[i] = hub_bench_open(f, "Ruang");
		snprintf(meeting, sizeof(meeting), "meeting-%d", i);
		hub_bench_say_join(&sockets[i], meeting, NULL);
		hub_bench_expect(&sockets[i],
				 i < 1000 ? "\"member\":1," : "\"error\":{\"code\":2,");
	}
	assert_int_equal(f->shared.metrics.meetings, 1000);
	hub_bench_expect_end(&sockets[1000], 1013);
	sockets[1001] = hub_bench_open(f, "Ruang");
	hub_bench_join(&sockets[1001], "meeting-999", NULL, "\"member\":2,");
	for (i = 0; i < 1002; i++)
		hub_bench_close(&sockets[i]);
	free(sockets);
}

static void a_lost_member_keeps_its_seat_for_30_s(void **state)
{
	struct hub_bench *f = *state;
	struct hub_bench_socket a = hub_bench_open(f, "Ruang 1"), b = hub_bench_open(f, "Ruang 2");
	struct hub_bench_seat seat = hub_bench_join(&a, "kabinet", NULL, "\"member\":1,"), again;

	hub_bench_join(&b, "kabinet", NULL, "\"member\":2,");
	hub_bench_close(&a);
	f->now_us += MEETING_SEAT_KEPT_US - 1;
	meetings_run(f->meetings);
	hub_bench_expect(&b, "\"name\":\"Ruang 1\",\"here\":false");
	a = hub_bench_open(f, "Ruang 1");
	again = hub_bench_join(&a, "kabinet", seat.text, "\"member\":1,\"");
	assert_string_equal(again.text, seat.text);
	hub_bench_expect(&a, "\"name\":\"Ruang 1\",\"here\":true");
	hub_bench_close(&a);
	f->now_us += MEETING_SEAT_KEPT_US;
	meetings_run(f->meetings);
	assert_int_equal(f->shared.metrics.members, 1);
	a = hub_bench_open(f, "Ruang 1");
	hub_bench_join(&a, "kabinet", seat.text, "\"resumed\":false");
	hub_bench_close(&a);
	hub_bench_close(&b);
}

static void a_seat_is_that_of_one_room_and_one_meeting(void **state)
{
	struct hub_bench *f = *state;
	struct hub_bench_socket a = hub_bench_open(f, "Ruang 1"), b = hub_bench_open(f, "Ruang 2"),
				c = hub_bench_open(f, "Ruang 1");
	struct hub_bench_seat seat = hub_bench_join(&a, "kabinet", NULL, "\"member\":1,");

	hub_bench_join(&b, "kabinet", seat.text, "\"member\":2,");
	hub_bench_join(&c, "sidang", seat.text, "\"member\":1,");
	hub_bench_expect_end(&a, 0);
	hub_bench_close(&c);
	c = hub_bench_open(f, "Ruang 2");
	hub_bench_attach(&c, seat.text);
	hub_bench_expect(&c, "\"error\":{\"code\":5,");
	hub_bench_attach(&c, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
	hub_bench_expect(&c, "\"error\":{\"code\":5,");
	hub_bench_close(&a);
	hub_bench_close(&b);
	hub_bench_close(&c);
}

static void a_newer_connection_takes_the_seat(void **state)
{
	struct hub_bench *f = *state;
	struct hub_bench_socket control = hub_bench_open(f, "Ruang 1"),
				pictures = hub_bench_open(f, "Ruang 1"),
				newer = hub_bench_open(f, "Ruang 1"),
				newer_pictures = hub_bench_open(f, "Ruang 1");
	struct hub_bench_seat seat = hub_bench_join(&control, "kabinet", NULL, "\"member\":1,");

	hub_bench_attach(&pictures, seat.text);
	hub_bench_expect(&pictures, "\"result\":{\"member\":1}");
	hub_bench_attach(&newer_pictures, seat.text);
	hub_bench_expect(&newer_pictures, "\"result\":{\"member\":1}");
	hub_bench_expect_end(&pictures, 4001);
	hub_bench_join(&newer, "kabinet", seat.text, "\"resumed\":true");
	hub_bench_expect_end(&control, 4001);
	hub_bench_expect_end(&newer_pictures, 4001);
	/* The older ones go without harm to the seat. */
	hub_bench_close(&control);
	hub_bench_close(&pictures);
	hub_bench_close(&newer_pictures);
	meetings_run(f->meetings);
	assert_int_equal(f->shared.metrics.members, 1);
	hub_bench_drain(&newer);
	hub_bench_say(&newer, "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"time\",\"params\":{}}");
	hub_bench_expect(&newer, "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{\"clock_us\":5000}}");
	hub_bench_close(&newer);
}

static void tracks_outlive_a_lost_connection(void **state)
{
	struct hub_bench *f = *state;
	struct hub_bench_socket a = hub_bench_open(f, "Ruang 1");
	struct hub_bench_seat seat = hub_bench_join(&a, "kabinet", NULL, "\"member\":1,");

	hub_bench_drain(&a);
	hub_bench_say(&a,
		      "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"publish\",\"params\":{\"tracks\":"
		      "[{\"kind\":\"sound\"}]}}");
	hub_bench_expect(&a, "\"result\":{\"tracks\":[1]}");
	hub_bench_close(&a);
	a = hub_bench_open(f, "Ruang 1");
	hub_bench_join(&a, "kabinet", seat.text, "\"resumed\":true");
	hub_bench_expect(&a, "\"track\":1");
	hub_bench_close(&a);
}

static void nothing_is_done_before_join(void **state)
{
	struct hub_bench *f = *state;
	struct hub_bench_socket a = hub_bench_open(f, "Ruang 1");

	hub_bench_say(&a, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"time\",\"params\":{}}");
	hub_bench_expect(&a, "\"error\":{\"code\":3,");
	assert_int_equal(session_message_max(a.session, false), 0);
	hub_bench_join(&a, "kabinet", NULL, "\"member\":1,");
	hub_bench_drain(&a);
	hub_bench_say_join(&a, "kabinet", NULL);
	hub_bench_expect(&a, "\"error\":{\"code\":3,");
	hub_bench_expect_end(&a, 0);
	hub_bench_close(&a);
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
	struct hub_bench *f = *state;
	struct hub_bench_socket a = hub_bench_open(f, "Ruang 1");
	size_t i;

	hub_bench_join(&a, "kabinet", NULL, "\"member\":1,");
	hub_bench_drain(&a);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		hub_bench_say(&a, cases[i].text);
		if (cases[i].answer)
			hub_bench_expect(&a, cases[i].answer);
		hub_bench_expect_nothing(&a);
	}
	hub_bench_expect_end(&a, 0);
	hub_bench_close(&a);
}

static void too_many_wants_are_refused_and_change_nothing(void **state)
{
	struct hub_bench *f = *state;
	struct hub_bench_socket a = hub_bench_open(f, "Ruang 1"), b = hub_bench_open(f, "Ruang 2"),
				pictures = hub_bench_open(f, "Ruang 2"),
				publisher = hub_bench_open(f, "Ruang 1");
	struct hub_bench_seat of_a = hub_bench_join(&a, "kabinet", NULL, "\"member\":1,"),
			      of_b = hub_bench_join(&b, "kabinet", NULL, "\"member\":2,");
	char text[16384];
	size_t length;
	int i;

	hub_bench_drain(&a);
	hub_bench_drain(&b);
	hub_bench_attach(&publisher, of_a.text);
	hub_bench_attach(&pictures, of_b.text);
	hub_bench_expect(&pictures, "\"result\"");
	hub_bench_say(&a,
		      "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"publish\",\"params\":{\"tracks\":"
		      "[{\"kind\":\"camera\",\"layers\":[{\"width\":640,\"height\":360,\"bitrate\":"
		      "1}]}]}}");
	hub_bench_expect(&a, "\"result\":{\"tracks\":[1]}");
	hub_bench_say(&b, "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"want\",\"params\":{\"wants\":"
			  "[{\"track\":1,\"layer\":0}]}}");
	length = (size_t)snprintf(text, sizeof(text),
				  "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"want\",\"params\":"
				  "{\"wants\":[");
	for (i = 0; i < MESSAGE_WANTS_MAX + 1; i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length,
					   "%s{\"track\":%d,\"layer\":0}", i ? "," : "", i + 2);
	snprintf(text + length, sizeof(text) - length, "]}}");
	hub_bench_say(&b, text);
	hub_bench_expect(&b, "{\"jsonrpc\":\"2.0\",\"id\":4,\"result\":{}}");
	hub_bench_expect(&b, "\"id\":5,\"error\":{\"code\":6,");
	send_picture(f, &publisher, 1);
	packet_unref(outbox_take(pictures.outbox));
	assert_int_equal(f->shared.metrics.objects_in, 1);
	hub_bench_expect_nothing(&pictures);
	send_picture(f, &publisher, 1);
	assert_false(outbox_is_empty(pictures.outbox));
	hub_bench_close(&a);
	hub_bench_close(&b);
	hub_bench_close(&pictures);
	hub_bench_close(&publisher);
}

static void a_flood_of_messages_ends_the_connection(void **state)
{
	static const char time[] =
		"{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"time\",\"params\":{}}";
	struct hub_bench *f = *state;
	struct hub_bench_socket a = hub_bench_open(f, "Ruang 1");
	int i;

	hub_bench_join(&a, "kabinet", NULL, "\"member\":1,");
	for (i = 1; i < SESSION_TEXTS_MAX; i++) {
		hub_bench_say(&a, time);
		packet_unref(outbox_take(a.outbox));
	}
	f->now_us += CLOCK_US_PER_S;
	for (i = 0; i < SESSION_TEXTS_MAX; i++) {
		hub_bench_say(&a, time);
		packet_unref(outbox_take(a.outbox));
	}
	hub_bench_expect_end(&a, 0);
	hub_bench_say(&a, time);
	hub_bench_expect_end(&a, 1008);
	hub_bench_close(&a);
}

static void who_does_not_read_its_texts_is_closed(void **state)
{
	static const char time[] =
		"{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"time\",\"params\":{}}";
	struct hub_bench *f = *state;
	struct hub_bench_socket a = hub_bench_open(f, "Ruang 1");
	int i;

	hub_bench_join(&a, "kabinet", NULL, "\"member\":1,");
	hub_bench_drain(&a);
	for (i = 0; i < OUTBOX_TEXTS_MAX; i++) {
		f->now_us += CLOCK_US_PER_S;
		hub_bench_say(&a, time);
	}
	hub_bench_expect_end(&a, 0);
	hub_bench_say(&a, time);
	hub_bench_expect_end(&a, 1008);
	hub_bench_expect_nothing(&a);
	hub_bench_close(&a);
}

static void bad_objects_end_the_connection(void **state)
{
	static const uint8_t nothing[OBJECT_HEADER_BYTES + 1];
	struct hub_bench *f = *state;
	struct hub_bench_socket a = hub_bench_open(f, "Ruang 1"), b = hub_bench_open(f, "Ruang 2"),
				pictures[4];
	struct hub_bench_seat of_a = hub_bench_join(&a, "kabinet", NULL, "\"member\":1,"),
			      of_b = hub_bench_join(&b, "kabinet", NULL, "\"member\":2,");
	int i;

	hub_bench_say(&a,
		      "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"publish\",\"params\":{\"tracks\":"
		      "[{\"kind\":\"camera\",\"layers\":[{\"width\":640,\"height\":360,\"bitrate\":"
		      "1}]}]}}");
	for (i = 0; i < 4; i++) {
		pictures[i] = hub_bench_open(f, i == 0 ? "Ruang 2" : "Ruang 1");
		hub_bench_attach(&pictures[i], i == 0 ? of_b.text : of_a.text);
		hub_bench_expect(&pictures[i], "\"result\"");
		if (i == 0)
			send_picture(f, &pictures[i], 1); /* of another's track */
		else if (i == 1)
			send_object(f, &pictures[i], nothing, OBJECT_HEADER_BYTES); /* cut short */
		else if (i == 2)
			send_object(f, &pictures[i], nothing, sizeof(nothing)); /* version 0 */
		else
			hub_bench_say(&pictures[i], "{}");
		hub_bench_expect_end(&pictures[i], i == 0 ? 1008 : 1002);
	}
	send_picture(f, &a, 1); /* on the control socket */
	hub_bench_expect_end(&a, 1002);
	assert_int_equal(f->shared.metrics.refused[METRICS_REFUSED_PROTOCOL], 5);
	for (i = 0; i < 4; i++)
		hub_bench_close(&pictures[i]);
	hub_bench_close(&a);
	hub_bench_close(&b);
}

static void messages_have_the_sizes_of_their_socket(void **state)
{
	struct hub_bench *f = *state;
	struct hub_bench_socket control = hub_bench_open(f, "Ruang 1"),
				pictures = hub_bench_open(f, "Ruang 1");
	struct hub_bench_seat seat = hub_bench_join(&control, "kabinet", NULL, "\"member\":1,");

	assert_int_equal(session_message_max(pictures.session, true), 4096);
	hub_bench_attach(&pictures, seat.text);
	assert_int_equal(session_message_max(control.session, true), (size_t)1 << 20);
	assert_int_equal(session_message_max(control.session, false), 1536);
	assert_int_equal(session_message_max(pictures.session, false), 2 << 20);
	hub_bench_close(&control);
	hub_bench_close(&pictures);
}

static void lack_of_memory_refuses_a_join_and_leaves_nothing(void **state)
{
	struct hub_bench *f = *state;
	const struct message_join message = {.meeting = "kabinet"};
	struct hub_bench_socket a = hub_bench_open(f, "Ruang 1");
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
	hub_bench_close(&a);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, hub_bench_set_up, hub_bench_tear_down)
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
