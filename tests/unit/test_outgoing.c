#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "meeting/outgoing.h"

#define MS INT64_C(1000)

static struct outgoing_item make(uint32_t sequence, int64_t queued_us, bool is_key)
{
	uint8_t *payload = malloc(1);

	assert_non_null(payload);
	return (struct outgoing_item){.payload = payload,
				      .length = 1,
				      .sequence = sequence,
				      .queued_us = queued_us,
				      .is_key = is_key};
}

static bool put(struct outgoing *outgoing, uint32_t sequence, int64_t queued_us, bool is_key)
{
	struct outgoing_item item = make(sequence, queued_us, is_key);

	return outgoing_put_picture(outgoing, &item);
}

static bool put_sound(struct outgoing *outgoing, uint32_t sequence)
{
	struct outgoing_item item = make(sequence, 1, true);

	return outgoing_put_sound(outgoing, &item);
}

/* The number of the next picture, 0 where there is none. */
static uint32_t take(struct outgoing *outgoing, int64_t now_us)
{
	struct outgoing_item item;

	if (!outgoing_take_picture(outgoing, now_us, &item))
		return 0;
	outgoing_item_finish(&item);
	return item.sequence;
}

static uint32_t take_sound(struct outgoing *outgoing)
{
	struct outgoing_item item;

	if (!outgoing_take_sound(outgoing, &item))
		return 0;
	outgoing_item_finish(&item);
	return item.sequence;
}

static int setup(void **state)
{
	return outgoing_create((struct outgoing **)state);
}

static int teardown(void **state)
{
	outgoing_destroy(*state);
	return 0;
}

static void test_shut(void **state)
{
	struct outgoing *outgoing = *state;

	assert_false(put(outgoing, 1, 1, true));
	assert_false(put_sound(outgoing, 1));
	outgoing_miss_picture(outgoing);
	assert_false(outgoing_wants_key(outgoing));
	assert_int_equal(outgoing_get_stats(outgoing).pictures_dropped, 0);
}

/* Held or shut: each alone keeps everything out, and what waited is forgotten. */
static void test_held(void **state)
{
	struct outgoing *outgoing = *state;

	outgoing_hold(outgoing, true);
	outgoing_open(outgoing);
	assert_false(outgoing_wants_key(outgoing));
	assert_false(put(outgoing, 1, 1, true));
	assert_false(put_sound(outgoing, 1));
	outgoing_hold(outgoing, false);
	assert_true(outgoing_wants_key(outgoing));
	assert_false(put(outgoing, 2, 2, false));
	assert_true(put(outgoing, 3, 3, true));
	assert_true(put_sound(outgoing, 3));
	outgoing_hold(outgoing, false);
	assert_int_equal(take(outgoing, 3), 3);
	assert_true(put(outgoing, 4, 4, false));
	outgoing_hold(outgoing, true);
	assert_int_equal(take(outgoing, 4), 0);
	assert_int_equal(take_sound(outgoing), 0);
	outgoing_shut(outgoing);
	outgoing_hold(outgoing, false);
	assert_false(outgoing_wants_key(outgoing));
	assert_false(put(outgoing, 5, 5, true));
}

static void test_begins_with_a_key(void **state)
{
	struct outgoing *outgoing = *state;

	outgoing_open(outgoing);
	assert_true(outgoing_wants_key(outgoing));
	assert_false(outgoing_wants_key(outgoing));
	assert_false(put(outgoing, 1, 1, false));
	assert_true(put(outgoing, 2, 2, true));
	assert_true(put(outgoing, 3, 3, false));
	assert_int_equal(take(outgoing, 4), 2);
	assert_int_equal(take(outgoing, 4), 3);
	assert_int_equal(take(outgoing, 4), 0);
}

/* 200 ms are not too long, 1 µs more is: all goes, up to the next IDR. */
static void test_late_pictures(void **state)
{
	struct outgoing *outgoing = *state;

	outgoing_open(outgoing);
	assert_true(put(outgoing, 1, 1, true));
	assert_true(put(outgoing, 2, 100 * MS, false));
	assert_true(put(outgoing, 3, 1 + OUTGOING_WAIT_US, false));
	assert_int_equal(outgoing_oldest_us(outgoing), 1);
	assert_false(outgoing_wants_key(outgoing));
	assert_false(put(outgoing, 4, 2 + OUTGOING_WAIT_US, false));
	assert_int_equal(outgoing_get_stats(outgoing).pictures, 0);
	assert_int_equal(outgoing_get_stats(outgoing).pictures_dropped, 4);
	assert_true(outgoing_wants_key(outgoing));
	assert_false(put(outgoing, 5, 300 * MS, false));
	assert_true(put(outgoing, 6, 310 * MS, true));
	assert_int_equal(take(outgoing, 311 * MS), 6);
}

static void test_late_when_taken(void **state)
{
	struct outgoing *outgoing = *state;

	outgoing_open(outgoing);
	assert_true(put(outgoing, 1, 1, true));
	assert_int_equal(take(outgoing, 2 + OUTGOING_WAIT_US), 0);
	assert_true(outgoing_wants_key(outgoing));
}

/* An IDR that waits in time is where it goes on. */
static void test_goes_on_at_a_waiting_key(void **state)
{
	struct outgoing *outgoing = *state;

	outgoing_open(outgoing);
	assert_true(put(outgoing, 1, 1, true));
	assert_true(put(outgoing, 2, 50 * MS, false));
	assert_true(put(outgoing, 3, 100 * MS, true));
	assert_true(put(outgoing, 4, 150 * MS, false));
	assert_int_equal(take(outgoing, 210 * MS), 3);
	assert_int_equal(take(outgoing, 210 * MS), 4);
	assert_false(outgoing_wants_key(outgoing));
	assert_int_equal(outgoing_get_stats(outgoing).pictures_dropped, 2);
}

static void test_full_of_pictures(void **state)
{
	struct outgoing *outgoing = *state;
	uint32_t i;

	outgoing_open(outgoing);
	for (i = 1; i <= OUTGOING_PICTURES_MAX; i++)
		assert_true(put(outgoing, i, i, i == 1));
	assert_false(put(outgoing, i, i, false));
	assert_int_equal(outgoing_get_stats(outgoing).pictures, 0);
	assert_int_equal(outgoing_get_stats(outgoing).pictures_dropped, OUTGOING_PICTURES_MAX + 1);
	assert_true(put(outgoing, 999, i, true));
	assert_int_equal(take(outgoing, i), 999);
}

static void test_missed_picture(void **state)
{
	struct outgoing *outgoing = *state;

	outgoing_open(outgoing);
	assert_true(put(outgoing, 1, 1, true));
	outgoing_miss_picture(outgoing);
	assert_true(outgoing_wants_key(outgoing));
	assert_false(put(outgoing, 2, 2, false));
	assert_int_equal(take(outgoing, 3), 1);
}

static void test_full_of_sound(void **state)
{
	struct outgoing *outgoing = *state;
	uint32_t i;

	outgoing_open(outgoing);
	for (i = 1; i <= OUTGOING_SOUNDS_MAX + 3; i++)
		assert_true(put_sound(outgoing, i));
	assert_int_equal(outgoing_get_stats(outgoing).sounds, OUTGOING_SOUNDS_MAX);
	assert_int_equal(outgoing_get_stats(outgoing).sounds_dropped, 3);
	for (i = 4; i <= OUTGOING_SOUNDS_MAX + 3; i++)
		assert_int_equal(take_sound(outgoing), i);
	assert_int_equal(take_sound(outgoing), 0);
}

/* What waited is forgotten, not counted as dropped. */
static void test_opened_again(void **state)
{
	struct outgoing *outgoing = *state;

	outgoing_open(outgoing);
	assert_true(put(outgoing, 1, 1, true));
	assert_true(put_sound(outgoing, 1));
	outgoing_shut(outgoing);
	outgoing_open(outgoing);
	assert_int_equal(take(outgoing, 2), 0);
	assert_int_equal(take_sound(outgoing), 0);
	assert_int_equal(outgoing_get_stats(outgoing).pictures_dropped, 0);
	assert_false(put(outgoing, 2, 2, false));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_shut),
		TEST(test_held),
		TEST(test_begins_with_a_key),
		TEST(test_late_pictures),
		TEST(test_late_when_taken),
		TEST(test_goes_on_at_a_waiting_key),
		TEST(test_full_of_pictures),
		TEST(test_missed_picture),
		TEST(test_full_of_sound),
		TEST(test_opened_again),
	};

	return cmocka_run_group_tests_name("outgoing", tests, NULL, NULL);
}
