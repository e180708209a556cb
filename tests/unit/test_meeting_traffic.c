/* meeting/meeting: pictures, sound and what goes with them, against a hub that follows a script. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "tests/fake/call_bench.h"

static void test_pictures_out(void **state)
{
	struct test_pki *pki = *state;
	struct object_header header;
	struct call_script script;
	struct call_guest guest;
	int64_t capture_us;

	call_bench_start_meeting(&script, &guest, pki);
	capture_us = clock_now_us();
	call_bench_send_picture(&guest, 1000, false, capture_us);
	call_bench_send_picture(&guest, 60000, true, capture_us);
	call_bench_until(&script, CALL_BENCH_SEEN_PICTURE);
	assert_int_equal(script.event.length, OBJECT_HEADER_BYTES + 60000);
	assert_int_equal(object_parse(script.event.data, script.event.length, &header), OBJECT_OK);
	assert_int_equal(header.flags, OBJECT_KEY);
	assert_int_equal(header.track, CALL_BENCH_OWN_CAMERA);
	assert_int_equal(header.priority, 1);
	call_bench_expect_near((int64_t)header.capture_us, CALL_BENCH_HUB_CLOCK_US + capture_us);
	assert_int_equal(script.event.data[OBJECT_HEADER_BYTES], 0x5a);
	assert_int_equal(script.event.data[script.event.length - 1], 0x5a);
	call_bench_send_picture(&guest, 1, false, capture_us);
	call_bench_until(&script, CALL_BENCH_SEEN_PICTURE);
	assert_int_equal(object_parse(script.event.data, script.event.length, &header), OBJECT_OK);
	assert_int_equal(header.flags, 0);
	assert_int_equal(header.object, 1);
	call_bench_stop_meeting(&script, &guest);
}

/* What does not fit an object is not sent, nor what refers to it. */
static void test_too_large_picture_out(void **state)
{
	struct test_pki *pki = *state;
	struct object_header header;
	struct call_script script;
	struct call_guest guest;

	call_bench_start_meeting(&script, &guest, pki);
	call_bench_expect(&guest, CALL_BENCH_KEY);
	call_bench_send_picture(&guest, OBJECT_PICTURE_BYTES_MAX, true, 1);
	call_bench_send_picture(&guest, 100, false, 1);
	call_bench_send_picture(&guest, 200, true, 1);
	call_bench_until(&script, CALL_BENCH_SEEN_PICTURE);
	assert_int_equal(script.event.length, OBJECT_HEADER_BYTES + 200);
	assert_int_equal(object_parse(script.event.data, script.event.length, &header), OBJECT_OK);
	assert_int_equal(header.object, 0);
	call_bench_stop_meeting(&script, &guest);
}

static void test_sound_out(void **state)
{
	struct test_pki *pki = *state;
	static const uint8_t opus[] = {0xfc, 1, 2, 3};
	struct object_header header;
	struct call_script script;
	struct call_guest guest;

	call_bench_start_meeting(&script, &guest, pki);
	meeting_send_sound(guest.meeting, 77, clock_now_us(), opus, sizeof(opus));
	call_bench_until(&script, CALL_BENCH_SEEN_SOUND);
	assert_int_equal(object_parse(script.event.data, script.event.length, &header), OBJECT_OK);
	assert_int_equal(header.flags, OBJECT_KEY);
	assert_int_equal(header.track, CALL_BENCH_OWN_SOUND);
	assert_int_equal(header.priority, 0);
	assert_int_equal(header.group, 77);
	assert_memory_equal(script.event.data + OBJECT_HEADER_BYTES, opus, sizeof(opus));
	call_bench_stop_meeting(&script, &guest);
}

static void test_objects_in(void **state)
{
	struct test_pki *pki = *state;
	struct call_script script;
	struct call_guest guest;
	struct call_bench_event object;

	call_bench_start_meeting(&script, &guest, pki);
	call_bench_want_far(&guest);
	call_bench_until_request(&script, MESSAGE_WANT);
	call_bench_send_object(&script, true, 5, 0, 0xaa);
	object = call_bench_expect(&guest, CALL_BENCH_OBJECT);
	assert_int_equal(object.header.track, CALL_BENCH_FAR_CAMERA);
	assert_int_equal(object.length, 1);
	assert_int_equal(object.first, 0xaa);
	call_bench_expect_near(object.capture_us, object.arrival_us);
	call_bench_send_object(&script, false, 9, 0, 0xbb);
	object = call_bench_expect(&guest, CALL_BENCH_OBJECT);
	assert_int_equal(object.header.track, CALL_BENCH_FAR_SOUND);
	assert_int_equal(object.first, 0xbb);
	call_bench_stop_meeting(&script, &guest);
}

/* Three objects are missing; the hub is asked once, and it goes on at the next key. */
static void test_gap_in(void **state)
{
	struct test_pki *pki = *state;
	struct call_script script;
	struct call_guest guest;
	uint32_t i;

	call_bench_start_meeting(&script, &guest, pki);
	call_bench_want_far(&guest);
	call_bench_until_request(&script, MESSAGE_WANT);
	call_bench_send_object(&script, true, 5, 0, 1);
	call_bench_expect(&guest, CALL_BENCH_OBJECT);
	for (i = 4; i < 9; i++)
		call_bench_send_object(&script, true, 5, i, 2);
	call_bench_send_object(&script, true, 6, 0, 3);
	assert_int_equal(call_bench_expect(&guest, CALL_BENCH_OBJECT).first, 3);
	call_bench_until_request(&script, MESSAGE_KEYFRAME);
	meeting_send_sound(guest.meeting, 1, 1, (const uint8_t *)"x", 1);
	for (i = 0; i == 0;) {
		int seen = call_bench_next(&script);

		assert_int_not_equal(seen, CALL_BENCH_SEEN_REQUEST + MESSAGE_KEYFRAME);
		i = seen == CALL_BENCH_SEEN_SOUND;
	}
	call_bench_stop_meeting(&script, &guest);
}

static void test_report_goes_out(void **state)
{
	struct test_pki *pki = *state;
	struct call_script script;
	struct call_guest guest;

	call_bench_start_meeting(&script, &guest, pki);
	call_bench_want_far(&guest);
	call_bench_until_request(&script, MESSAGE_WANT);
	call_bench_send_object(&script, true, 5, 0, 1);
	call_bench_expect(&guest, CALL_BENCH_OBJECT);
	call_bench_until_request(&script, MESSAGE_REPORT);
	call_bench_stop_meeting(&script, &guest);
}

static void test_keyframe_requested(void **state)
{
	struct test_pki *pki = *state;
	struct call_script script;
	struct call_guest guest;

	call_bench_start_meeting(&script, &guest, pki);
	meeting_request_keyframe(guest.meeting,
				 (struct message_track_layer){.track = CALL_BENCH_FAR_CAMERA});
	call_bench_until_request(&script, MESSAGE_KEYFRAME);
	call_bench_stop_meeting(&script, &guest);
}

static void test_notifications(void **state)
{
	struct test_pki *pki = *state;
	struct call_script script;
	struct call_guest guest;
	char text[200];

	call_bench_start_meeting(&script, &guest, pki);
	call_bench_expect(&guest, CALL_BENCH_KEY);
	call_bench_say(&script, script.control,
		       "{\"jsonrpc\":\"2.0\",\"method\":\"weather\",\"params\":{\"rain\":true}}");
	snprintf(text, sizeof(text),
		 "{\"jsonrpc\":\"2.0\",\"method\":\"keyframe\",\"params\":{\"track\":%d,"
		 "\"layer\":0}}",
		 CALL_BENCH_OWN_CAMERA);
	call_bench_say(&script, script.control, text);
	call_bench_expect(&guest, CALL_BENCH_KEY);
	snprintf(text, sizeof(text),
		 "{\"jsonrpc\":\"2.0\",\"method\":\"report\",\"params\":{\"track\":%d,"
		 "\"delay_us\":900000}}",
		 CALL_BENCH_OWN_CAMERA);
	call_bench_say(&script, script.control, text);
	assert_true(call_bench_expect(&guest, CALL_BENCH_BITRATE).bitrate_bps <
		    CALL_BENCH_BITRATE_MAX);
	call_bench_stop_meeting(&script, &guest);
}

/* The hub reads no pictures: they do not pile up, the bit rate falls, and sound goes on. */
static void test_full_path(void **state)
{
	struct test_pki *pki = *state;
	int64_t deadline_us = clock_now_us() + CALL_BENCH_PATIENCE_US;
	struct call_script script;
	struct call_guest guest;
	struct call_bench_event *event;
	bool is_slower = false;
	void *item;

	call_bench_start_meeting(&script, &guest, pki);
	fake_hub_read(script.hub, script.pictures, false);
	while (!is_slower && clock_now_us() < deadline_us) {
		call_bench_send_picture(&guest, 1000000, true, clock_now_us());
		if (queue_pop(guest.events, clock_now_us() + 20000, &item) != 0)
			continue;
		event = item;
		is_slower = event->kind == CALL_BENCH_BITRATE &&
			    event->bitrate_bps < CALL_BENCH_BITRATE_MAX;
		free(event);
	}
	assert_true(is_slower);
	meeting_send_sound(guest.meeting, 1, 1, (const uint8_t *)"x", 1);
	call_bench_until(&script, CALL_BENCH_SEEN_SOUND);
	call_bench_stop_meeting(&script, &guest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pictures_out),
		cmocka_unit_test(test_too_large_picture_out),
		cmocka_unit_test(test_sound_out),
		cmocka_unit_test(test_objects_in),
		cmocka_unit_test(test_gap_in),
		cmocka_unit_test(test_report_goes_out),
		cmocka_unit_test(test_keyframe_requested),
		cmocka_unit_test(test_notifications),
		cmocka_unit_test(test_full_path),
	};

	return cmocka_run_group_tests(tests, test_pki_set_up, test_pki_tear_down);
}
