/* meeting/held: objects that wait for their key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "meeting/held.h"
#include "tests/fake/fake_alloc.h"

/* An object that is told by its first byte. */
static void put(struct held *held, uint8_t tag, size_t length, int64_t arrival_us)
{
	uint8_t *data = calloc(1, length);
	const struct held_object object = {.is_picture = tag % 2 == 0,
					   .arrival_us = arrival_us,
					   .data = data,
					   .length = length};

	assert_non_null(data);
	data[0] = tag;
	held_put(held, &object);
	free(data);
}

static void expect(struct held *held, uint8_t tag, size_t length, int64_t arrival_us)
{
	struct held_object object;

	assert_true(held_take(held, &object));
	assert_int_equal(object.data[0], tag);
	assert_int_equal(object.is_picture, tag % 2 == 0);
	assert_int_equal(object.length, length);
	assert_int_equal(object.arrival_us, arrival_us);
}

static void expect_none(struct held *held)
{
	struct held_object object;

	assert_int_equal(held_count(held), 0);
	assert_false(held_take(held, &object));
}

static int set_up(void **state)
{
	return held_create((struct held **)state);
}

static int tear_down(void **state)
{
	held_destroy(*state);
	return 0;
}

static void test_in_order(void **state)
{
	struct held *held = *state;

	expect_none(held);
	for (int round = 0; round < 2 * HELD_OBJECTS_MAX; round++) {
		put(held, 1, 10, 5);
		put(held, 2, 20, 6);
		put(held, 3, 30, 7);
		assert_int_equal(held_count(held), 3);
		expect(held, 1, 10, 5);
		expect(held, 2, 20, 6);
		expect(held, 3, 30, 7);
		expect_none(held);
	}
	assert_int_equal(held_dropped(held), 0);
}

/* What is put back of those that are tried follows in the same order. */
static void test_put_back(void **state)
{
	struct held *held = *state;
	struct held_object object;

	for (uint8_t tag = 0; tag < 6; tag++)
		put(held, tag, 1, tag);
	for (size_t n = held_count(held); n > 0; n--) {
		assert_true(held_take(held, &object));
		if (object.is_picture)
			held_put(held, &object);
	}
	expect(held, 0, 1, 0);
	expect(held, 2, 1, 2);
	expect(held, 4, 1, 4);
	expect_none(held);
}

static void test_oldest_gives_way(void **state)
{
	struct held *held = *state;

	for (int i = 0; i < HELD_OBJECTS_MAX + 3; i++)
		put(held, (uint8_t)i, 1, i);
	assert_int_equal(held_count(held), HELD_OBJECTS_MAX);
	assert_int_equal(held_dropped(held), 3);
	expect(held, 3, 1, 3);
}

static void test_bytes_are_bounded(void **state)
{
	struct held *held = *state;

	put(held, 1, HELD_BYTES_MAX / 2, 1);
	put(held, 2, HELD_BYTES_MAX / 2, 2);
	put(held, 3, 1, 3);
	assert_int_equal(held_dropped(held), 1);
	put(held, 4, HELD_BYTES_MAX, 4);
	assert_int_equal(held_dropped(held), 3);
	put(held, 5, HELD_BYTES_MAX + 1, 5);
	assert_int_equal(held_dropped(held), 4);
	expect(held, 4, HELD_BYTES_MAX, 4);
	expect_none(held);
}

static void test_time_is_bounded(void **state)
{
	struct held *held = *state;

	put(held, 1, 1, 100);
	put(held, 2, 1, 200);
	held_expire(held, 100 + HELD_LIFE_US);
	assert_int_equal(held_dropped(held), 0);
	held_expire(held, 101 + HELD_LIFE_US);
	assert_int_equal(held_dropped(held), 1);
	expect(held, 2, 1, 200);
}

static void test_clear(void **state)
{
	struct held *held = *state;
	struct held_object object;

	put(held, 1, 1, 1);
	put(held, 2, 1, 2);
	assert_true(held_take(held, &object));
	held_clear(held);
	assert_int_equal(object.data[0], 1);
	expect_none(held);
	assert_int_equal(held_dropped(held), 0);
}

static void test_without_memory(void **state)
{
	static const uint8_t byte;
	const struct held_object object = {.data = &byte, .length = 1};
	struct held *held = *state;
	struct held *none = NULL;

	fake_alloc_arm(1);
	assert_int_not_equal(held_create(&none), 0);
	assert_true(fake_alloc_disarm());
	assert_null(none);
	fake_alloc_arm(1);
	held_put(held, &object);
	assert_true(fake_alloc_disarm());
	assert_int_equal(held_dropped(held), 1);
	expect_none(held);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_in_order),         TEST(test_put_back),
		TEST(test_oldest_gives_way), TEST(test_bytes_are_bounded),
		TEST(test_time_is_bounded),  TEST(test_clear),
		TEST(test_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
