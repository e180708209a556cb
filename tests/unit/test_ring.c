/* base/ring: empty, one, full, wrapped, two threads. */
#include "base/clock.h"
#include "base/ring.h"
#include "base/thread.h"
#include "tests/fake/fake_alloc.h"

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct element {
	uint32_t number;
	uint8_t rest[12]; /* all number % 256: a torn copy shows */
};

static struct element element_of(uint32_t number)
{
	struct element element = {.number = number};

	for (size_t i = 0; i < sizeof(element.rest); i++)
		element.rest[i] = (uint8_t)number;
	return element;
}

static bool push_number(struct ring *ring, uint32_t number)
{
	struct element element = element_of(number);

	return ring_push(ring, &element);
}

static void assert_pops(struct ring *ring, uint32_t number)
{
	struct element expected = element_of(number), element;

	assert_true(ring_pop(ring, &element));
	assert_memory_equal(&element, &expected, sizeof(element));
}

static void refuses_bad_arguments(void **state)
{
	struct ring *ring = NULL;

	(void)state;
	assert_int_equal(ring_create(0, 4, &ring), -EINVAL);
	assert_int_equal(ring_create(4, 0, &ring), -EINVAL);
	assert_int_equal(ring_create(4, 1, &ring), -EINVAL);
	assert_int_equal(ring_create(4, 6, &ring), -EINVAL);
	assert_int_equal(ring_create(4, 131072, &ring), -EINVAL);
	assert_int_equal(ring_create(SIZE_MAX / 2, 4, &ring), -ENOMEM);
	assert_null(ring);
	ring_destroy(NULL);
}

static void keeps_order_empty_one_full_wrapped(void **state)
{
	struct element element = element_of(7);
	uint32_t in = 0, out = 0;
	struct ring *ring;

	(void)state;
	assert_int_equal(ring_create(sizeof(struct element), 4, &ring), 0);
	for (int round = 0; round < 5; round++) {
		assert_false(ring_pop(ring, &element));
		assert_int_equal(element.number, 7);
		assert_true(push_number(ring, in++));
		assert_int_equal(ring_count(ring), 1);
		assert_pops(ring, out++);
		for (int i = 0; i < 4; i++)
			assert_true(push_number(ring, in++));
		assert_false(push_number(ring, 99));
		assert_int_equal(ring_count(ring), 4);
		for (int i = 0; i < 4; i++)
			assert_pops(ring, out++);
		assert_int_equal(ring_count(ring), 0);
	}
	ring_destroy(ring);
}

enum { NUMBERS = 100000 };

static void push_numbers(void *context)
{
	for (uint32_t i = 0; i < NUMBERS; i++)
		while (!push_number(context, i))
			sched_yield();
}

static void two_threads_lose_nothing(void **state)
{
	int64_t deadline = clock_now_us() + 60 * CLOCK_US_PER_S;
	struct thread *producer;
	struct ring *ring;

	(void)state;
	assert_int_equal(ring_create(sizeof(struct element), 8, &ring), 0);
	assert_int_equal(thread_start("producer", push_numbers, ring, &producer), 0);
	for (uint32_t i = 0; i < NUMBERS; i++) {
		while (ring_count(ring) == 0) {
			assert_true(clock_now_us() < deadline);
			sched_yield();
		}
		assert_true(ring_count(ring) <= 8);
		assert_pops(ring, i);
	}
	thread_join(producer);
	assert_int_equal(ring_count(ring), 0);
	ring_destroy(ring);
}

static void out_of_memory_is_told(void **state)
{
	struct ring *ring = NULL;

	(void)state;
	fake_alloc_arm(1);
	assert_int_equal(ring_create(4, 4, &ring), -ENOMEM);
	assert_true(fake_alloc_disarm());
	assert_null(ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_bad_arguments),
		cmocka_unit_test(keeps_order_empty_one_full_wrapped),
		cmocka_unit_test(two_threads_lose_nothing),
		cmocka_unit_test(out_of_memory_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
