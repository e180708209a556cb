/*
 * A meeting of up to four members on a hub without sockets, for tests of its delivery service
 * (PROTOCOL.md, section 6). What does not come as expected fails the test (cmocka). One thread.
 */
#ifndef BALAI_TESTS_HUB_PLAY_H
#define BALAI_TESTS_HUB_PLAY_H

#include "tests/fake/hub_bench.h"

#define HUB_PLAY_MEMBERS_MAX 4

/* 65 bytes each. */
#define HUB_PLAY_KEY_A                                                                             \
	"BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"                                               \
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define HUB_PLAY_KEY_B                                                                             \
	"BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"                                               \
	"BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA"
#define HUB_PLAY_NO_GROUP "\"error\":{\"code\":8,"
#define HUB_PLAY_DONE "\"id\":9,\"result\":{}"

struct hub_play {
	struct hub_bench *bench; /* borrowed */
	struct hub_bench_socket members[HUB_PLAY_MEMBERS_MAX];
	struct hub_bench_seat seats[HUB_PLAY_MEMBERS_MAX];
	size_t count;
};

/*
 * The state is what hub_bench_set_up() made; members 1 to `count` have joined. Nothing waits in
 * their outboxes afterwards.
 */
struct hub_play hub_play_begin(void **state, size_t count);

/* Member 1 has opened a group and let the first `in_group` in: it is at epoch in_group - 1. */
struct hub_play hub_play_begin_group(void **state, size_t count, unsigned int in_group);

/* Closes the sockets: the seats are kept. */
void hub_play_end(struct hub_play *play);

/* Its control socket. */
struct hub_bench_socket *hub_play_member(struct hub_play *play, int number);

/* A request with id 9; the second one with a text of `length` bytes (a multiple of 3) at its end. */
void hub_play_ask(struct hub_bench_socket *socket, const char *method, const char *params);
void hub_play_ask_large(struct hub_bench_socket *socket, const char *method, const char *params,
			size_t length);

/* `number` knocks and is let in by member 1, the keeper, who ends `epoch`; all is taken. */
void hub_play_let_in(struct hub_play *play, int number, unsigned int epoch);

/* It leaves; its socket is lost and there is a new one. */
void hub_play_leave(struct hub_play *play, int number);
void hub_play_lose(struct hub_play *play, int number);

/*
 * The lost member takes its seat again and has been told the roster; `epoch` is what it says of its
 * group, as ",\"epoch\":1", "" nothing.
 */
void hub_play_resume(struct hub_play *play, int number, const char *epoch);

void hub_play_expect_silence(struct hub_play *play);
void hub_play_drain(struct hub_play *play);

/* Time passes, and the hub does what is due. */
void hub_play_wait(struct hub_play *play, int64_t us);

#endif
