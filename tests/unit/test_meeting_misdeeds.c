/* meeting/meeting: whatever a hub does wrong, the room closes and comes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/fake/call_bench.h"

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

static void commit(struct call_script *script, struct call_guest *guest,
		   const struct misdeed *misdeed)
{
	fake_hub_send(script->hub, misdeed->is_pictures ? script->pictures : script->control,
		      misdeed->form, misdeed->data, misdeed->length);
	assert_int_equal(call_bench_expect_phase(guest, MEETING_LOST).fault.kind, misdeed->fault);
	call_bench_admit(script);
	call_bench_expect_phase(guest, MEETING_IN);
}

/* One a connection. The waits between them grow, so two are as many as a meeting sees. */
static void commit_all(struct call_script *script, struct call_guest *guest, struct test_pki *pki,
		       const struct misdeed *misdeeds, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		commit(script, guest, &misdeeds[i]);
		if (i % 2 == 1) {
			call_bench_stop_meeting(script, guest);
			call_bench_start_meeting(script, guest, pki);
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
	struct test_pki *pki = *state;
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
	struct call_script script;
	struct call_guest guest;

	call_bench_start_meeting(&script, &guest, pki);
	commit_all(&script, &guest, pki, misdeeds, sizeof(misdeeds) / sizeof(misdeeds[0]));
	call_bench_stop_meeting(&script, &guest);
}

static void test_large_misdeeds(void **state)
{
	struct test_pki *pki = *state;
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
	struct call_script script;
	struct call_guest guest;

	call_bench_start_meeting(&script, &guest, pki);
	commit_all(&script, &guest, pki, misdeeds, sizeof(misdeeds) / sizeof(misdeeds[0]));
	call_bench_stop_meeting(&script, &guest);
	free(sound);
	free(text);
	free(deep);
	free(roster);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_misdeeds),
		cmocka_unit_test(test_large_misdeeds),
	};

	return cmocka_run_group_tests(tests, test_pki_set_up, test_pki_tear_down);
}
