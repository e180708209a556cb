#include "tests/fake/hub_play.h"

#include <stdio.h>
#include <string.h>

#include "base/base64url.h"

struct hub_bench_socket *hub_play_member(struct hub_play *play, int number)
{
	return &play->members[number - 1];
}

void hub_play_ask(struct hub_bench_socket *socket, const char *method, const char *params)
{
	/* And what stands around the params. */
	static char text[HUB_BENCH_TEXT_BYTES_MAX + 128];

	snprintf(text, sizeof(text),
		 "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"%s\",\"params\":{%s}}", method,
		 params);
	hub_bench_say(socket, text);
}

void hub_play_expect_silence(struct hub_play *play)
{
	size_t i;

	for (i = 0; i < play->count; i++)
		hub_bench_expect_nothing(&play->members[i]);
}

void hub_play_drain(struct hub_play *play)
{
	size_t i;

	for (i = 0; i < play->count; i++)
		hub_bench_drain(&play->members[i]);
}

void hub_play_wait(struct hub_play *play, int64_t us)
{
	play->bench->now_us += us;
	meetings_run(play->bench->meetings);
}

struct hub_play hub_play_begin(void **state, size_t count)
{
	struct hub_play play = {.bench = *state, .count = count};
	char expected[32];
	size_t i;

	for (i = 0; i < count; i++) {
		play.members[i] = hub_bench_open(play.bench, "box-0007");
		snprintf(expected, sizeof(expected), "\"member\":%zu,", i + 1);
		play.seats[i] = hub_bench_join(&play.members[i], "kabinet", NULL, expected);
	}
	hub_play_wait(&play, MEETING_ROSTER_EVERY_US);
	hub_play_drain(&play);
	return play;
}

void hub_play_end(struct hub_play *play)
{
	size_t i;

	for (i = 0; i < play->count; i++)
		hub_bench_close(&play->members[i]);
}

void hub_play_let_in(struct hub_play *play, int number, unsigned int epoch)
{
	char params[128];

	hub_play_ask(hub_play_member(play, number), "knock", "\"package\":\"Zg\"");
	snprintf(params, sizeof(params),
		 "\"epoch\":%u,\"commit\":\"Zg\",\"welcome\":\"Zg\",\"members\":[%d]", epoch,
		 number);
	hub_play_ask(hub_play_member(play, 1), "commit", params);
	hub_play_drain(play);
}

struct hub_play hub_play_begin_group(void **state, size_t count, unsigned int in_group)
{
	struct hub_play play = hub_play_begin(state, count);
	unsigned int i;

	hub_play_ask(hub_play_member(&play, 1), "open", "\"key\":\"" HUB_PLAY_KEY_A "\"");
	hub_play_drain(&play);
	for (i = 2; i <= in_group; i++)
		hub_play_let_in(&play, (int)i, i - 2);
	return play;
}

void hub_play_leave(struct hub_play *play, int number)
{
	hub_play_ask(hub_play_member(play, number), "leave", "");
}

void hub_play_lose(struct hub_play *play, int number)
{
	hub_bench_close(hub_play_member(play, number));
	*hub_play_member(play, number) = hub_bench_open(play->bench, "box-0007");
}

void hub_play_resume(struct hub_play *play, int number, const char *epoch)
{
	char params[256];

	snprintf(params, sizeof(params),
		 "\"version\":1,\"meeting\":\"kabinet\",\"resume\":\"%s\"%s",
		 play->seats[number - 1].text, epoch);
	hub_play_ask(hub_play_member(play, number), "join", params);
	hub_bench_expect(hub_play_member(play, number), "\"resumed\":true");
	hub_bench_expect(hub_play_member(play, number), "\"roster\"");
}

void hub_play_ask_large(struct hub_bench_socket *socket, const char *method, const char *params,
			size_t length)
{
	static char text[HUB_BENCH_TEXT_BYTES_MAX];
	size_t used = (size_t)snprintf(text, sizeof(text), "%s\"", params);

	memset(text + used, 'A', BASE64URL_TEXT_LENGTH(length));
	snprintf(text + used + BASE64URL_TEXT_LENGTH(length), 2, "\"");
	hub_play_ask(socket, method, text);
}
