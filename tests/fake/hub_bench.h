/*
 * A hub without sockets, for tests of its protocol: its meetings, sessions and outboxes, with a
 * clock that stands until the test moves it. What does not come as expected fails the test
 * (cmocka). One thread.
 */
#ifndef BALAI_TESTS_HUB_BENCH_H
#define BALAI_TESTS_HUB_BENCH_H

#include <stddef.h>
#include <stdint.h>

#include "tools/hub/session.h"

#define HUB_BENCH_START_US 5000
/* The largest text, and its NUL. */
#define HUB_BENCH_TEXT_BYTES_MAX (MESSAGE_HUB_BYTES_MAX + 1)

struct hub_bench {
	int64_t now_us;
	struct clock clock;
	struct shared shared;
	struct meetings *meetings;
};

/* One websocket. */
struct hub_bench_socket {
	struct outbox *outbox;
	struct session *session;
};

struct hub_bench_seat {
	char text[MESSAGE_SEAT_BYTES + 1];
};

/* For cmocka: *state is a struct hub_bench. That nothing is kept at the end is checked. */
int hub_bench_set_up(void **state);
int hub_bench_tear_down(void **state);

struct hub_bench_socket hub_bench_open(struct hub_bench *bench, const char *room);
void hub_bench_close(struct hub_bench_socket *socket);

void hub_bench_say(struct hub_bench_socket *socket, const char *text);

/* The next message that waits is a text with `part` in it; the text itself goes to `ret_text`. */
void hub_bench_hear(struct hub_bench_socket *socket, const char *part,
		    char ret_text[static HUB_BENCH_TEXT_BYTES_MAX]);
void hub_bench_expect(struct hub_bench_socket *socket, const char *part);
void hub_bench_expect_nothing(struct hub_bench_socket *socket);

/* Takes all that waits. */
void hub_bench_drain(struct hub_bench_socket *socket);

/* The code that the connection is closed with; 0: it goes on. */
void hub_bench_expect_end(const struct hub_bench_socket *socket, int code);

/* seat NULL: none. */
void hub_bench_say_join(struct hub_bench_socket *socket, const char *meeting, const char *seat);

/* Joins and takes the answer, which has `expected` in it; the roster and the door still wait. */
struct hub_bench_seat hub_bench_join(struct hub_bench_socket *socket, const char *meeting,
				     const char *resume, const char *expected);
void hub_bench_attach(struct hub_bench_socket *socket, const char *seat);

#endif
