#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base64url.h"
#include "meeting/message.h"
#include "tests/fake/hub_member.h"
#include "tests/fake/hub_process.h"
#include "tests/fake/ws_client.h"

/* 65 bytes. */
#define KEY                                                                                        \
	"BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"                                               \
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static int start_hub(void **state)
{
	*state = hub_process_create("connections_max = 2000\n");
	return 0;
}

static int stop_hub(void **state)
{
	hub_process_destroy(*state);
	return 0;
}

static void ask(struct ws_client *client, const char *method, const char *params)
{
	char text[1024];

	snprintf(text, sizeof(text),
		 "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"%s\",\"params\":{%s}}", method,
		 params);
	hub_member_say(client, text);
}

static struct ws_client *enter(struct hub_process *hub, const char *meeting)
{
	struct ws_client *client = hub_member_connect(hub, "ruang-1");

	hub_member_join(client, meeting);
	return client;
}

static struct ws_client *open_group(struct hub_process *hub, const char *meeting)
{
	struct ws_client *client = enter(hub, meeting);

	ask(client, "open", "\"key\":\"" KEY "\"");
	hub_member_hear(client, "\"id\":9,\"result\"");
	return client;
}

/* `member` has joined as `number`; the keeper ends `epoch` by letting it in. */
static void let_in(struct ws_client *keeper, struct ws_client *member, unsigned int number,
		   unsigned int epoch)
{
	char params[128];

	ask(member, "knock", "\"package\":\"Zg\"");
	hub_member_hear(keeper, "\"knock\"");
	snprintf(params, sizeof(params),
		 "\"epoch\":%u,\"commit\":\"Zg\",\"welcome\":\"Zg\",\"members\":[%u]", epoch,
		 number);
	ask(keeper, "commit", params);
	hub_member_hear(keeper, "\"id\":9,\"result\"");
	hub_member_hear(member, "\"welcome\"");
}

static void the_largest_welcome_comes_through(void **state)
{
	static const char head[] =
		"{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"commit\",\"params\":{\"epoch\":0,"
		"\"commit\":\"Zg\",\"members\":[2],\"welcome\":\"";
	size_t length = BASE64URL_TEXT_LENGTH(MESSAGE_WELCOME_BYTES_MAX);
	struct hub_process *hub = *state;
	struct ws_client *keeper = open_group(hub, "besar"), *member = enter(hub, "besar");
	char *text = malloc(sizeof(head) + length + 4);
	const char *heard;
	char *end;

	assert_non_null(text);
	end = stpcpy(text, head);
	memset(end, 'A', length);
	stpcpy(end + length, "\"}}");
	ask(member, "knock", "\"package\":\"Zg\"");
	hub_member_hear(keeper, "\"knock\"");
	hub_member_say(keeper, text);
	heard = strstr(hub_member_hear(member, "\"welcome\""), "AAAA");
	assert_non_null(heard);
	assert_int_equal(strspn(heard, "A"), length);
	free(text);
	ws_client_destroy(member);
	ws_client_destroy(keeper);
}

static void one_of_two_commits_at_once_wins(void **state)
{
	struct hub_process *hub = *state;
	struct ws_client *members[2] = {open_group(hub, "lomba"), enter(hub, "lomba")};
	bool has_won[2];
	int i;

	let_in(members[0], members[1], 2, 0);
	for (i = 0; i < 2; i++)
		ask(members[i], "commit", "\"epoch\":1,\"commit\":\"Zg\"");
	for (i = 0; i < 2; i++)
		has_won[i] = strstr(hub_member_hear(members[i], "\"id\":9"), "\"result\"");
	assert_int_equal(has_won[0] + has_won[1], 1);
	/* What the winner sent came before the answer; the next epoch is open to the loser. */
	ask(members[has_won[0]], "commit", "\"epoch\":2,\"commit\":\"Zg\"");
	hub_member_hear(members[has_won[0]], "\"id\":9,\"result\"");
	hub_member_hear(members[has_won[1]], "\"epoch\":2,\"commit\"");
	for (i = 0; i < 2; i++)
		ws_client_destroy(members[i]);
}

static void who_comes_back_hears_what_it_missed(void **state)
{
	struct hub_process *hub = *state;
	struct ws_client *keeper = open_group(hub, "kembali"),
			 *member = hub_member_connect(hub, "ruang-2");
	struct hub_member_seat seat = hub_member_join(member, "kembali");
	char params[256];

	let_in(keeper, member, 2, 0);
	ws_client_destroy(member);
	hub_member_hear(keeper, "\"here\":false");
	ask(keeper, "commit", "\"epoch\":1,\"commit\":\"Zm9v\"");
	member = hub_member_connect(hub, "ruang-2");
	snprintf(params, sizeof(params),
		 "\"version\":1,\"meeting\":\"kembali\",\"resume\":\"%s\",\"epoch\":1", seat.text);
	ask(member, "join", params);
	hub_member_hear(member, "\"resumed\":true");
	hub_member_hear(member, "\"epoch\":1,\"commit\":\"Zm9v\"");
	hub_member_hear(member, "\"state\":\"open\",\"epoch\":2,");
	ws_client_destroy(member);
	ws_client_destroy(keeper);
}

static void a_first_message_is_small(void **state)
{
	struct hub_process *hub = *state;
	struct ws_client *client = hub_member_connect(hub, "ruang-1");
	char *text = malloc(MESSAGE_FIRST_BYTES_MAX + 2);

	assert_non_null(text);
	memset(text, ' ', MESSAGE_FIRST_BYTES_MAX + 1);
	text[MESSAGE_FIRST_BYTES_MAX] = '\0';
	hub_member_say(client, text);
	hub_member_hear(client, "-32700");
	text[MESSAGE_FIRST_BYTES_MAX] = ' ';
	text[MESSAGE_FIRST_BYTES_MAX + 1] = '\0';
	hub_member_say(client, text);
	hub_member_expect_close(client, 1009);
	free(text);
	ws_client_destroy(client);
}

static void a_hundred_members_are_let_in(void **state)
{
	struct hub_process *hub = hub_process_create("connections_max = 2000\n");
	struct ws_client *members[MESSAGE_MEMBERS_MAX] = {open_group(hub, "ramai")};
	char last[64];
	unsigned int i;

	(void)state;
	for (i = 1; i < MESSAGE_MEMBERS_MAX; i++) {
		members[i] = enter(hub, "ramai");
		let_in(members[0], members[i], i + 1, i - 1);
	}
	snprintf(last, sizeof(last), "\"commit\",\"params\":{\"epoch\":%d,",
		 MESSAGE_MEMBERS_MAX - 2);
	for (i = 1; i < MESSAGE_MEMBERS_MAX - 1; i++)
		hub_member_hear(members[i], last);
	assert_int_equal((int)hub_process_metric(hub, "groups"), 1);
	assert_int_equal((int)hub_process_metric(hub, "knocks_total"), 99);
	assert_int_equal((int)hub_process_metric(hub, "commits_total"), 99);
	assert_int_equal((int)hub_process_metric(hub, "welcomes_total"), 99);
	assert_int_equal((int)hub_process_metric(hub, "commits_late_total"), 0);
	for (i = 0; i < MESSAGE_MEMBERS_MAX; i++)
		ws_client_destroy(members[i]);
	hub_process_destroy(hub);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_largest_welcome_comes_through),
		cmocka_unit_test(one_of_two_commits_at_once_wins),
		cmocka_unit_test(who_comes_back_hears_what_it_missed),
		cmocka_unit_test(a_first_message_is_small),
		cmocka_unit_test(a_hundred_members_are_let_in),
	};

	return cmocka_run_group_tests(tests, start_hub, stop_hub);
}
