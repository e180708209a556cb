/* meeting/meeting: joining, being refused, and coming back, against a hub that follows a script. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "tests/fake/call_bench.h"
#include "tests/fake/fake_alloc.h"
#include "tests/fake/log_capture.h"

static void test_join(void **state)
{
	struct test_pki *pki = *state;
	struct call_script script;
	struct call_guest guest;
	struct call_bench_event roster;

	call_bench_start_script(&script, pki, 0);
	call_bench_start(&guest, pki, fake_hub_port(script.hub));
	call_bench_expect_phase(&guest, MEETING_CONNECTING);
	call_bench_until_request(&script, MESSAGE_JOIN);
	call_bench_expect_phase(&guest, MEETING_JOINING);
	roster = call_bench_expect(&guest, CALL_BENCH_ROSTER);
	assert_int_equal(roster.members, 2);
	assert_int_equal(roster.you, CALL_BENCH_YOU);
	call_bench_admit(&script);
	call_bench_expect_phase(&guest, MEETING_IN);
	call_bench_expect(&guest, CALL_BENCH_KEY);
	call_bench_stop_meeting(&script, &guest);
}

static void test_status(void **state)
{
	struct test_pki *pki = *state;
	struct call_script script;
	struct call_guest guest;
	const char *phase;
	json_t *status;
	int member;
	int clock_offset;

	call_bench_start_meeting(&script, &guest, pki);
	status = meeting_status(guest.meeting);
	assert_non_null(status);
	assert_int_equal(json_unpack(status, "{s:s, s:i, s:{s:i}, s:{s:i}, s:{s:i}}", "phase",
				     &phase, "member", &member, "pictures", "sent", &clock_offset,
				     "sound", "sent", &clock_offset, "received", "gaps",
				     &clock_offset),
			 0);
	assert_string_equal(phase, "in");
	assert_int_equal(member, CALL_BENCH_YOU);
	call_bench_expect_near(json_integer_value(json_object_get(status, "clock_offset_us")),
			       CALL_BENCH_HUB_CLOCK_US);
	json_decref(status);
	call_bench_stop_meeting(&script, &guest);
}

/* The connection breaks: the seat is asked for, and what was wanted is wanted again. */
static void test_resume(void **state)
{
	struct test_pki *pki = *state;
	struct meeting_state lost;
	struct call_script script;
	struct call_guest guest;
	json_t *status;

	call_bench_start_meeting(&script, &guest, pki);
	call_bench_want_far(&guest);
	call_bench_until_request(&script, MESSAGE_WANT);
	fake_hub_close(script.hub, script.control, 0, "");
	lost = call_bench_expect_phase(&guest, MEETING_LOST);
	assert_int_equal(lost.fault.kind, NET_FAULT_LOST);
	assert_in_range(lost.retry_us, 125000, 250000);
	script.is_resuming = true;
	call_bench_until_request(&script, MESSAGE_JOIN);
	assert_non_null(strstr((char *)script.event.data, "\"resume\":\"" CALL_BENCH_SEAT "\""));
	call_bench_admit(&script);
	while (script.wants < 2)
		call_bench_next(&script);
	call_bench_expect_phase(&guest, MEETING_IN);
	status = meeting_status(guest.meeting);
	assert_int_equal(json_integer_value(json_object_get(status, "resumes")), 1);
	json_decref(status);
	call_bench_send_object(&script, true, 8, 0, 1);
	call_bench_expect(&guest, CALL_BENCH_OBJECT);
	call_bench_stop_meeting(&script, &guest);
}

/* The hub itself is gone for a while, and remembers nothing. */
static void test_hub_comes_back(void **state)
{
	struct test_pki *pki = *state;
	struct call_script script;
	struct call_guest guest;
	uint16_t port;

	call_bench_start_meeting(&script, &guest, pki);
	port = fake_hub_port(script.hub);
	call_bench_stop_script(&script);
	call_bench_expect_phase(&guest, MEETING_LOST);
	call_bench_start_script(&script, pki, port);
	call_bench_admit(&script);
	call_bench_expect_phase(&guest, MEETING_IN);
	call_bench_stop_meeting(&script, &guest);
}

#define SAID "[meeting] it was so at "

/* A cause is said once however long it lasts, and how often it was when it is over. */
static void test_tries_are_counted(void **state)
{
	enum { TRIES = 3 };
	struct test_pki *pki = *state;
	struct log_capture capture;
	struct call_script script;
	struct call_guest guest;
	const char *first, *count;
	uint16_t port;

	call_bench_start_script(&script, pki, 0);
	port = fake_hub_port(script.hub);
	call_bench_stop_script(&script);
	log_capture_begin(&capture);
	call_bench_start(&guest, pki, port);
	for (int i = 0; i < TRIES; i++)
		call_bench_expect_phase(&guest, MEETING_LOST);
	call_bench_start_script(&script, pki, port);
	call_bench_admit(&script);
	call_bench_expect_phase(&guest, MEETING_IN);
	first = strstr(log_capture_end(&capture), "nothing listens at 127.0.0.1 port");
	call_bench_stop_meeting(&script, &guest);
	assert_non_null(first);
	assert_null(strstr(first + 1, "nothing listens"));
	count = strstr(first, SAID);
	assert_non_null(count);
	assert_true(strtoul(count + strlen(SAID), NULL, 10) >= TRIES);
}

static void test_refused(void **state)
{
	struct test_pki *pki = *state;
	struct meeting_state refused;
	struct call_script script;
	struct call_guest guest;

	call_bench_start_script(&script, pki, 0);
	script.refuse_code = MESSAGE_CODE_MEETING_FULL;
	call_bench_start(&guest, pki, fake_hub_port(script.hub));
	call_bench_until_request(&script, MESSAGE_JOIN);
	refused = call_bench_expect_phase(&guest, MEETING_REFUSED);
	assert_int_equal(refused.code, MESSAGE_CODE_MEETING_FULL);
	assert_string_equal(refused.fault.text, "the hub refuses: the meeting is full");
	script.refuse_code = 0;
	call_bench_admit(&script);
	call_bench_expect_phase(&guest, MEETING_IN);
	call_bench_stop_meeting(&script, &guest);
}

/* Unusable files are a state that ends when they are mended. */
static void test_certificate_mended(void **state)
{
	struct test_pki *pki = *state;
	const struct net_identity_files files = test_pki_identity(pki, "ca", "late");
	struct meeting_state refused;
	struct call_script script;
	struct call_guest guest;

	call_bench_start_script(&script, pki, 0);
	call_bench_start_with(&guest, &files, fake_hub_port(script.hub));
	refused = call_bench_expect_phase(&guest, MEETING_REFUSED);
	assert_int_equal(refused.fault.kind, NET_FAULT_IDENTITY);
	test_pki_make(pki, &(struct test_certificate){.file = "late",
						      .issuer = "ca",
						      .name = "Ruang Terlambat",
						      .from_days = -1,
						      .to_days = 1});
	call_bench_admit(&script);
	call_bench_expect_phase(&guest, MEETING_IN);
	call_bench_stop_meeting(&script, &guest);
}

/* Closed as soon as it is in, over and over: each wait is longer than the one before. */
static void test_close_storm(void **state)
{
	struct test_pki *pki = *state;
	static const int64_t least_us[] = {125000, 250000, 500000};
	struct meeting_state lost;
	struct call_script script;
	struct call_guest guest;
	size_t i;

	call_bench_start_script(&script, pki, 0);
	call_bench_start(&guest, pki, fake_hub_port(script.hub));
	for (i = 0; i < sizeof(least_us) / sizeof(least_us[0]); i++) {
		call_bench_admit(&script);
		call_bench_expect_phase(&guest, MEETING_IN);
		fake_hub_close(script.hub, script.control, 1001, "going");
		lost = call_bench_expect_phase(&guest, MEETING_LOST);
		assert_int_equal(lost.fault.close_code, 1001);
		assert_in_range(lost.retry_us, least_us[i], 2 * least_us[i]);
	}
	call_bench_stop_meeting(&script, &guest);
}

static void test_closed_for_good_reason(void **state)
{
	struct test_pki *pki = *state;
	struct call_script script;
	struct call_guest guest;

	call_bench_start_meeting(&script, &guest, pki);
	fake_hub_close(script.hub, script.control, 1008, "no usable name");
	assert_int_equal(call_bench_expect_phase(&guest, MEETING_REFUSED).fault.close_code, 1008);
	call_bench_stop_meeting(&script, &guest);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_resume),
		cmocka_unit_test(test_hub_comes_back),
		cmocka_unit_test(test_tries_are_counted),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_certificate_mended),
		cmocka_unit_test(test_close_storm),
		cmocka_unit_test(test_closed_for_good_reason),
		cmocka_unit_test(test_bad_config),
		cmocka_unit_test(test_create_without_memory),
	};

	return cmocka_run_group_tests(tests, test_pki_set_up, test_pki_tear_down);
}
