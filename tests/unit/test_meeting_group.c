/* meeting/meeting: what the group says, out and in, against a hub that follows a script. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base64url.h"
#include "meeting/call_state.h"
#include "tests/fake/call_bench.h"

#define EPOCH UINT64_C(12345678901)

struct bench {
	struct call_script script;
	struct call_guest guest;
};

static void start(struct bench *bench, struct test_pki *pki)
{
	call_bench_start_meeting(&bench->script, &bench->guest, pki);
}

static void stop(struct bench *bench)
{
	call_bench_stop_meeting(&bench->script, &bench->guest);
}

static struct call_bench_event expect(struct bench *bench, enum meeting_group_kind kind)
{
	struct call_bench_event event;

	do {
		event = call_bench_expect(&bench->guest, CALL_BENCH_GROUP);
	} while (event.group.kind != kind);
	return event;
}

static void expect_answer(struct bench *bench, enum meeting_order_kind order, int code)
{
	struct call_bench_event event = expect(bench, MEETING_GROUP_ANSWER);

	assert_int_equal(event.group.order, order);
	assert_int_equal(event.group.code, code);
}

/* Bytes that are told by their first. */
static const uint8_t *bytes_of(uint8_t first)
{
	static uint8_t bytes[MESSAGE_WELCOME_BYTES_MAX + 1];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(first + i);
	return bytes;
}

static int order(struct bench *bench, enum meeting_order_kind kind, uint8_t first, size_t length)
{
	const struct meeting_group_order order = {
		.kind = kind,
		.epoch = EPOCH,
		.bytes = {.data = bytes_of(first), .length = length},
		.member = CALL_BENCH_FAR,
		.reason = MESSAGE_REASON_REVOKED,
	};

	return meeting_send_group(bench->guest.meeting, &order);
}

/* A text of the message that came last says these bytes. */
static void expect_text(const struct message_text *text, uint8_t first, size_t length)
{
	uint8_t *data = malloc(length);
	size_t decoded;

	assert_non_null(data);
	assert_int_equal(base64url_decode(text->text, text->length, data, length, &decoded), 0);
	assert_int_equal(decoded, length);
	assert_memory_equal(data, bytes_of(first), length);
	free(data);
}

static void test_orders(void **state)
{
	const struct message *seen;
	struct bench bench;

	start(&bench, *state);
	seen = &bench.script.message;
	assert_int_equal(order(&bench, MEETING_ORDER_OPEN, 1, MESSAGE_KEY_BYTES), 0);
	call_bench_until_request(&bench.script, MESSAGE_OPEN);
	assert_false(seen->open.clear);
	expect_text(&seen->open.key, 1, MESSAGE_KEY_BYTES);
	expect_answer(&bench, MEETING_ORDER_OPEN, 0);
	assert_int_equal(order(&bench, MEETING_ORDER_OPEN_CLEAR, 0, 0), 0);
	call_bench_until_request(&bench.script, MESSAGE_OPEN);
	assert_true(seen->open.clear);
	expect_answer(&bench, MEETING_ORDER_OPEN_CLEAR, 0);
	assert_int_equal(order(&bench, MEETING_ORDER_DOOR, 2, MESSAGE_KEY_BYTES), 0);
	call_bench_until_request(&bench.script, MESSAGE_DOOR);
	expect_text(&seen->key.key, 2, MESSAGE_KEY_BYTES);
	expect_answer(&bench, MEETING_ORDER_DOOR, 0);
	assert_int_equal(order(&bench, MEETING_ORDER_KNOCK, 3, MESSAGE_PACKAGE_BYTES_MAX), 0);
	call_bench_until_request(&bench.script, MESSAGE_KNOCK);
	expect_text(&seen->knock.package, 3, MESSAGE_PACKAGE_BYTES_MAX);
	expect_answer(&bench, MEETING_ORDER_KNOCK, 0);
	assert_int_equal(order(&bench, MEETING_ORDER_TELL, 4, 1), 0);
	call_bench_until_request(&bench.script, MESSAGE_TELL);
	expect_text(&seen->tell.message, 4, 1);
	expect_answer(&bench, MEETING_ORDER_TELL, 0);
	assert_int_equal(order(&bench, MEETING_ORDER_REFUSE, 0, 0), 0);
	call_bench_until_request(&bench.script, MESSAGE_REFUSE);
	assert_int_equal(seen->refuse.member, CALL_BENCH_FAR);
	assert_int_equal(seen->refuse.reason, MESSAGE_REASON_REVOKED);
	expect_answer(&bench, MEETING_ORDER_REFUSE, 0);
	stop(&bench);
}

/* The largest that may be, with a Welcome and without. */
static void test_commits(void **state)
{
	struct meeting_group_order commit = {
		.kind = MEETING_ORDER_COMMIT,
		.epoch = EPOCH,
		.bytes = {.data = bytes_of(5), .length = MESSAGE_COMMIT_BYTES_MAX},
		.welcome = {.data = bytes_of(5), .length = MESSAGE_WELCOME_BYTES_MAX},
		.members = {7, 8},
		.member_count = 2,
	};
	const struct message_commit *seen;
	struct bench bench;

	start(&bench, *state);
	seen = &bench.script.message.commit;
	assert_int_equal(meeting_send_group(bench.guest.meeting, &commit), 0);
	call_bench_until_request(&bench.script, MESSAGE_COMMIT);
	assert_true(seen->epoch == EPOCH);
	expect_text(&seen->commit, 5, MESSAGE_COMMIT_BYTES_MAX);
	expect_text(&seen->welcome, 5, MESSAGE_WELCOME_BYTES_MAX);
	assert_int_equal(seen->member_count, 2);
	assert_int_equal(seen->members[0], 7);
	assert_int_equal(seen->members[1], 8);
	expect_answer(&bench, MEETING_ORDER_COMMIT, 0);
	commit.welcome.length = commit.member_count = 0;
	assert_int_equal(meeting_send_group(bench.guest.meeting, &commit), 0);
	call_bench_until_request(&bench.script, MESSAGE_COMMIT);
	assert_int_equal(seen->welcome.length, 0);
	expect_answer(&bench, MEETING_ORDER_COMMIT, 0);
	stop(&bench);
}

static void test_errors(void **state)
{
	static const struct {
		enum meeting_order_kind kind;
		size_t length;
		int code;
	} rows[] = {
		{MEETING_ORDER_OPEN, MESSAGE_KEY_BYTES, MESSAGE_CODE_EXISTS},
		{MEETING_ORDER_KNOCK, 100, MESSAGE_CODE_NO_GROUP},
		{MEETING_ORDER_COMMIT, 100, MESSAGE_CODE_EPOCH},
		{MEETING_ORDER_TELL, 100, 4711},
	};
	struct bench bench;

	start(&bench, *state);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bench.script.order_code = rows[i].code;
		assert_int_equal(order(&bench, rows[i].kind, 0, rows[i].length), 0);
		while (call_bench_next(&bench.script) < CALL_BENCH_SEEN_REQUEST + MESSAGE_OPEN)
			continue;
		expect_answer(&bench, rows[i].kind, rows[i].code);
	}
	stop(&bench);
}

static void test_invalid_orders(void **state)
{
	const struct meeting_bytes one = {.data = bytes_of(0), .length = 1};
	const struct meeting_bytes key = {.data = bytes_of(0), .length = MESSAGE_KEY_BYTES};
	const struct meeting_bytes package = {.data = bytes_of(0),
					      .length = MESSAGE_PACKAGE_BYTES_MAX + 1};
	const struct meeting_bytes commit = {.data = bytes_of(0),
					     .length = MESSAGE_COMMIT_BYTES_MAX + 1};
	const struct meeting_bytes welcome = {.data = bytes_of(0),
					      .length = MESSAGE_WELCOME_BYTES_MAX + 1};
	const struct meeting_group_order rows[] = {
		{.kind = MEETING_ORDER_OPEN, .bytes = one},
		{.kind = MEETING_ORDER_DOOR, .bytes = {.data = key.data, .length = 66}},
		{.kind = MEETING_ORDER_KNOCK},
		{.kind = MEETING_ORDER_KNOCK, .bytes = package},
		{.kind = MEETING_ORDER_COMMIT},
		{.kind = MEETING_ORDER_COMMIT, .bytes = commit},
		{.kind = MEETING_ORDER_COMMIT, .bytes = one, .epoch = UINT64_MAX},
		{.kind = MEETING_ORDER_COMMIT, .bytes = one, .welcome = one},
		{.kind = MEETING_ORDER_COMMIT, .bytes = one, .member_count = 1},
		{.kind = MEETING_ORDER_COMMIT, .bytes = one, .welcome = welcome, .member_count = 1},
		{.kind = MEETING_ORDER_COMMIT,
		 .bytes = one,
		 .welcome = one,
		 .member_count = MESSAGE_WELCOMED_MAX + 1},
		{.kind = MEETING_ORDER_TELL},
		{.kind = MEETING_ORDER_TELL, .bytes = commit},
		{.kind = MEETING_ORDER_REFUSE},
	};
	struct bench bench;

	start(&bench, *state);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(meeting_send_group(bench.guest.meeting, &rows[i]), -EINVAL);
	assert_int_equal(order(&bench, MEETING_ORDER_TELL, 1, 1), 0);
	call_bench_until_request(&bench.script, MESSAGE_TELL);
	stop(&bench);
}

/* A hub that does not answer gets few at a time; the others wait, and keep their order. */
static void test_many_orders(void **state)
{
	struct bench bench;
	size_t answered = 0;
	char text[100];
	size_t seen = 0;
	size_t sent = 0;

	start(&bench, *state);
	bench.script.is_silent = true;
	/* Those on their way have left their places to others. */
	while (order(&bench, MEETING_ORDER_TELL, (uint8_t)sent, 1) == 0)
		assert_in_range(++sent, 0, GROUP_ORDERS_MAX + CALL_UNANSWERED_MAX);
	assert_in_range(sent, GROUP_ORDERS_MAX, GROUP_ORDERS_MAX + CALL_UNANSWERED_MAX);
	while (answered < sent) {
		for (; seen < sent && seen < answered + CALL_UNANSWERED_MAX; seen++) {
			call_bench_until_request(&bench.script, MESSAGE_TELL);
			expect_text(&bench.script.message.tell.message, (uint8_t)seen, 1);
		}
		snprintf(text, sizeof(text), "{\"jsonrpc\":\"2.0\",\"id\":%lld,\"result\":{}}",
			 (long long)bench.script.message.id - (long long)(seen - answered) + 1);
		call_bench_say(&bench.script, bench.script.control, text);
		expect_answer(&bench, MEETING_ORDER_TELL, 0);
		answered++;
	}
	stop(&bench);
}

static void test_large_orders_are_bounded(void **state)
{
	struct bench bench;
	int count = 0;

	start(&bench, *state);
	bench.script.is_silent = true;
	while (order(&bench, MEETING_ORDER_TELL, 0, MESSAGE_TELL_BYTES_MAX) == 0)
		count++;
	assert_in_range(count, 40, 40 + 2 * CALL_UNANSWERED_MAX);
	stop(&bench);
}

/* Notifications */

static void notify(struct bench *bench, enum message_method method)
{
	bench->script.message.form = MESSAGE_NOTIFICATION;
	bench->script.message.method = method;
	call_bench_send_message(&bench->script, bench->script.control);
}

/* The text of bytes as bytes_of() has them; of one at a time. */
static struct message_text text_of(uint8_t first, size_t length)
{
	static char text[BASE64URL_TEXT_LENGTH(MESSAGE_WELCOME_BYTES_MAX) + 1];

	base64url_encode(bytes_of(first), length, text);
	return (struct message_text){.text = text, .length = BASE64URL_TEXT_LENGTH(length)};
}

static void expect_bytes(const struct call_bench_event *event, uint8_t first, size_t length)
{
	assert_int_equal(event->group.bytes.length, length);
	assert_memory_equal(event->bytes, bytes_of(first),
			    length < CALL_BENCH_BYTES ? length : CALL_BENCH_BYTES);
}

static void test_door(void **state)
{
	struct message_door *door;
	struct call_bench_event event;
	struct bench bench;

	start(&bench, *state);
	door = &bench.script.message.door;
	*door = (struct message_door){.state = MESSAGE_DOOR_NONE};
	notify(&bench, MESSAGE_DOOR);
	assert_int_equal(expect(&bench, MEETING_GROUP_DOOR).group.door, MESSAGE_DOOR_NONE);
	*door = (struct message_door){.state = MESSAGE_DOOR_CLEAR};
	notify(&bench, MESSAGE_DOOR);
	assert_int_equal(expect(&bench, MEETING_GROUP_DOOR).group.door, MESSAGE_DOOR_CLEAR);
	*door = (struct message_door){.state = MESSAGE_DOOR_OPEN,
				      .epoch = EPOCH,
				      .member = CALL_BENCH_FAR,
				      .key = text_of(9, MESSAGE_KEY_BYTES)};
	notify(&bench, MESSAGE_DOOR);
	event = expect(&bench, MEETING_GROUP_DOOR);
	assert_int_equal(event.group.door, MESSAGE_DOOR_OPEN);
	assert_true(event.group.epoch == EPOCH);
	assert_int_equal(event.group.member, CALL_BENCH_FAR);
	assert_memory_equal(event.group.key, bytes_of(9), MESSAGE_KEY_BYTES);
	assert_int_equal(event.group.passed_count, 0);
	*door = (struct message_door){.state = MESSAGE_DOOR_OPEN,
				      .epoch = EPOCH,
				      .passed = {CALL_BENCH_FAR, 7},
				      .passed_count = 2};
	notify(&bench, MESSAGE_DOOR);
	event = expect(&bench, MEETING_GROUP_DOOR);
	assert_int_equal(event.group.member, 0);
	assert_int_equal(event.group.passed_count, 2);
	assert_int_equal(event.passed, CALL_BENCH_FAR);
	stop(&bench);
}

static void test_notifications(void **state)
{
	struct call_bench_event event;
	struct message *message;
	struct bench bench;

	start(&bench, *state);
	message = &bench.script.message;
	message->knock = (struct message_knock){.member = CALL_BENCH_FAR,
						.package = text_of(1, MESSAGE_PACKAGE_BYTES_MAX)};
	notify(&bench, MESSAGE_KNOCK);
	event = expect(&bench, MEETING_GROUP_KNOCK);
	assert_int_equal(event.group.member, CALL_BENCH_FAR);
	expect_bytes(&event, 1, MESSAGE_PACKAGE_BYTES_MAX);
	message->commit = (struct message_commit){.epoch = EPOCH,
						  .commit = text_of(2, MESSAGE_COMMIT_BYTES_MAX)};
	notify(&bench, MESSAGE_COMMIT);
	event = expect(&bench, MEETING_GROUP_COMMIT);
	assert_true(event.group.epoch == EPOCH);
	expect_bytes(&event, 2, MESSAGE_COMMIT_BYTES_MAX);
	message->welcome =
		(struct message_welcome){.epoch = EPOCH,
					 .welcome = text_of(3, MESSAGE_WELCOME_BYTES_MAX)};
	notify(&bench, MESSAGE_WELCOME);
	event = expect(&bench, MEETING_GROUP_WELCOME);
	assert_true(event.group.epoch == EPOCH);
	expect_bytes(&event, 3, MESSAGE_WELCOME_BYTES_MAX);
	message->tell = (struct message_tell){.member = CALL_BENCH_FAR, .message = text_of(4, 1)};
	notify(&bench, MESSAGE_TELL);
	event = expect(&bench, MEETING_GROUP_TELL);
	assert_int_equal(event.group.member, CALL_BENCH_FAR);
	expect_bytes(&event, 4, 1);
	message->refuse = (struct message_refuse){.reason = MESSAGE_REASON_FULL};
	notify(&bench, MESSAGE_REFUSED);
	assert_int_equal(expect(&bench, MEETING_GROUP_REFUSED).group.reason, MESSAGE_REASON_FULL);
	stop(&bench);
}

/* Coming and going */

static void test_joined(void **state)
{
	struct test_pki *pki = *state;
	struct call_bench_event event;
	struct bench bench;

	call_bench_start_script(&bench.script, pki, 0);
	call_bench_start(&bench.guest, pki, fake_hub_port(bench.script.hub));
	call_bench_until_request(&bench.script, MESSAGE_JOIN);
	assert_null(strstr((char *)bench.script.event.data, "epoch"));
	event = expect(&bench, MEETING_GROUP_JOINED);
	assert_int_equal(event.group.member, CALL_BENCH_YOU);
	assert_false(event.group.is_resumed);
	stop(&bench);
}

static void expect_join_again(struct bench *bench, bool is_resuming, const char *epoch)
{
	fake_hub_close(bench->script.hub, bench->script.control, 0, "");
	expect(bench, MEETING_GROUP_LOST);
	bench->script.is_resuming = is_resuming;
	call_bench_until_request(&bench->script, MESSAGE_JOIN);
	assert_non_null(strstr((char *)bench->script.event.data, "\"resume\""));
	if (epoch != NULL)
		assert_non_null(strstr((char *)bench->script.event.data, epoch));
	else
		assert_null(strstr((char *)bench->script.event.data, "epoch"));
	call_bench_admit(&bench->script);
	assert_int_equal(expect(bench, MEETING_GROUP_JOINED).group.is_resumed, is_resuming);
}

static void test_resume_with_epoch(void **state)
{
	struct bench bench;

	start(&bench, *state);
	meeting_set_epoch(bench.guest.meeting, EPOCH, true);
	expect_join_again(&bench, true, "\"epoch\":12345678901");
	meeting_set_epoch(bench.guest.meeting, 0, false);
	expect_join_again(&bench, false, NULL);
	stop(&bench);
}

/* What was ordered in a membership that is over is not sent in the next, nor is it answered. */
static void test_orders_end_with_the_seat(void **state)
{
	struct bench bench;

	start(&bench, *state);
	bench.script.is_silent = true;
	for (uint8_t i = 0; i < 20; i++)
		assert_int_equal(order(&bench, MEETING_ORDER_TELL, i, 1), 0);
	call_bench_until_request(&bench.script, MESSAGE_TELL);
	fake_hub_close(bench.script.hub, bench.script.control, 0, "");
	expect(&bench, MEETING_GROUP_LOST);
	assert_int_equal(order(&bench, MEETING_ORDER_TELL, 99, 1), 0);
	call_bench_until_request(&bench.script, MESSAGE_JOIN);
	bench.script.is_silent = false;
	expect(&bench, MEETING_GROUP_JOINED);
	assert_int_equal(order(&bench, MEETING_ORDER_KNOCK, 1, 1), 0);
	while (call_bench_next(&bench.script) != CALL_BENCH_SEEN_REQUEST + MESSAGE_KNOCK)
		assert_int_not_equal(bench.script.message.method, MESSAGE_TELL);
	expect_answer(&bench, MEETING_ORDER_KNOCK, 0);
	stop(&bench);
}

/* Misdeeds: the connection ends, as for any other of them, and is made anew. */

static void test_misdeeds(void **state)
{
	static const char *const texts[] = {
		"{\"jsonrpc\":\"2.0\",\"method\":\"welcome\",\"params\":{\"epoch\":1,\"welcome\":"
		"\"a+b/\"}}",
		"{\"jsonrpc\":\"2.0\",\"method\":\"commit\",\"params\":{\"epoch\":-1,\"commit\":"
		"\"AAAA\"}}",
		"{\"jsonrpc\":\"2.0\",\"method\":\"door\",\"params\":{\"state\":\"open\",\"epoch\":"
		"1,\"passed\":[],\"member\":3,\"key\":\"AAAA\"}}",
		"{\"jsonrpc\":\"2.0\",\"method\":\"refused\",\"params\":{\"reason\":\"why\"}}",
	};
	struct bench bench;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		start(&bench, *state);
		call_bench_say(&bench.script, bench.script.control, texts[i]);
		assert_int_equal(call_bench_expect_phase(&bench.guest, MEETING_LOST).fault.kind,
				 NET_FAULT_PROTOCOL);
		stop(&bench);
	}
}

/* An answer that was given already is to no request. */
static void test_answered_twice(void **state)
{
	struct bench bench;
	char text[100];

	start(&bench, *state);
	assert_int_equal(order(&bench, MEETING_ORDER_TELL, 1, 1), 0);
	call_bench_until_request(&bench.script, MESSAGE_TELL);
	expect_answer(&bench, MEETING_ORDER_TELL, 0);
	snprintf(text, sizeof(text), "{\"jsonrpc\":\"2.0\",\"id\":%lld,\"result\":{}}",
		 (long long)bench.script.message.id);
	call_bench_say(&bench.script, bench.script.control, text);
	expect(&bench, MEETING_GROUP_LOST);
	assert_int_equal(call_bench_expect_phase(&bench.guest, MEETING_LOST).fault.kind,
			 NET_FAULT_PROTOCOL);
	stop(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_orders),
		cmocka_unit_test(test_commits),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_invalid_orders),
		cmocka_unit_test(test_many_orders),
		cmocka_unit_test(test_large_orders_are_bounded),
		cmocka_unit_test(test_door),
		cmocka_unit_test(test_notifications),
		cmocka_unit_test(test_joined),
		cmocka_unit_test(test_resume_with_epoch),
		cmocka_unit_test(test_orders_end_with_the_seat),
		cmocka_unit_test(test_misdeeds),
		cmocka_unit_test(test_answered_twice),
	};

	return cmocka_run_group_tests(tests, test_pki_set_up, test_pki_tear_down);
}
