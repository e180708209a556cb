#include "tests/fake/hub_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
	MEMORY_BYTES_MAX = 64 << 20,
	MEETINGS_MAX = 1000,
};

static int64_t read_clock(void *context)
{
	return *(int64_t *)context;
}

static void wake_nobody(void *context)
{
	(void)context;
}

int hub_bench_set_up(void **state)
{
	struct hub_bench *bench = calloc(1, sizeof(*bench));

	assert_non_null(bench);
	bench->now_us = HUB_BENCH_START_US;
	bench->clock = (struct clock){read_clock, &bench->now_us};
	shared_init(&bench->shared, &bench->clock, MEMORY_BYTES_MAX);
	assert_int_equal(meetings_create(&bench->shared, MEETINGS_MAX, MESSAGE_MEMBERS_MAX,
					 &bench->meetings),
			 0);
	*state = bench;
	return 0;
}

int hub_bench_tear_down(void **state)
{
	struct hub_bench *bench = *state;

	meetings_destroy(bench->meetings);
	assert_int_equal(bench->shared.pool.bytes, 0);
	assert_int_equal(bench->shared.metrics.groups, 0);
	shared_finish(&bench->shared);
	free(bench);
	return 0;
}

struct hub_bench_socket hub_bench_open(struct hub_bench *bench, const char *room)
{
	struct hub_bench_socket socket;

	assert_int_equal(outbox_create(&bench->clock, &bench->shared.metrics, wake_nobody, NULL,
				       &socket.outbox),
			 0);
	assert_int_equal(session_create(&bench->shared, bench->meetings, socket.outbox, room,
					"192.0.2.1", &socket.session),
			 0);
	return socket;
}

void hub_bench_close(struct hub_bench_socket *socket)
{
	session_destroy(socket->session);
	outbox_destroy(socket->outbox);
}

void hub_bench_say(struct hub_bench_socket *socket, const char *text)
{
	session_text(socket->session, text, strlen(text));
}

void hub_bench_hear(struct hub_bench_socket *socket, const char *part,
		    char ret_text[static HUB_BENCH_TEXT_BYTES_MAX])
{
	struct packet *packet = outbox_take(socket->outbox);

	if (!packet)
		fail_msg("nothing waits where %s is expected", part);
	assert_true(packet->is_text && packet->length < HUB_BENCH_TEXT_BYTES_MAX);
	memcpy(ret_text, packet_message(packet), packet->length);
	ret_text[packet->length] = '\0';
	packet_unref(packet);
	if (!strstr(ret_text, part))
		fail_msg("no %s in %.1000s", part, ret_text);
}

void hub_bench_expect(struct hub_bench_socket *socket, const char *part)
{
	static char text[HUB_BENCH_TEXT_BYTES_MAX];

	hub_bench_hear(socket, part, text);
}

void hub_bench_expect_nothing(struct hub_bench_socket *socket)
{
	struct packet *packet = outbox_take(socket->outbox);

	if (packet)
		fail_msg("where nothing is expected: %.*s",
			 packet->is_text ? (int)packet->length : 0, packet_message(packet));
}

void hub_bench_drain(struct hub_bench_socket *socket)
{
	struct packet *packet;

	while ((packet = outbox_take(socket->outbox)))
		packet_unref(packet);
}

void hub_bench_expect_end(const struct hub_bench_socket *socket, int code)
{
	const char *reason;

	assert_int_equal(outbox_ending(socket->outbox, &reason), code);
}

void hub_bench_say_join(struct hub_bench_socket *socket, const char *meeting, const char *seat)
{
	char text[256];

	snprintf(text, sizeof(text),
		 "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"join\",\"params\":"
		 "{\"version\":1,\"meeting\":\"%s\"%s%s%s}}",
		 meeting, seat ? ",\"resume\":\"" : "", seat ? seat : "", seat ? "\"" : "");
	hub_bench_say(socket, text);
}

struct hub_bench_seat hub_bench_join(struct hub_bench_socket *socket, const char *meeting,
				     const char *resume, const char *expected)
{
	static char text[HUB_BENCH_TEXT_BYTES_MAX];
	struct hub_bench_seat seat = {""};
	const char *place;

	hub_bench_say_join(socket, meeting, resume);
	hub_bench_hear(socket, expected, text);
	place = strstr(text, "\"seat\":\"");
	assert_non_null(place);
	assert_int_equal(sscanf(place, "\"seat\":\"%43[A-Za-z0-9_-]\"", seat.text), 1);
	assert_true(message_is_seat(seat.text));
	return seat;
}

void hub_bench_attach(struct hub_bench_socket *socket, const char *seat)
{
	char text[256];

	snprintf(
		text, sizeof(text),
		"{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"attach\",\"params\":{\"seat\":\"%s\"}}",
		seat);
	hub_bench_say(socket, text);
}
