/* base/queue: capacity, policies, deadlines, closing, two threads, lack of memory. */
#include "base/clock.h"
#include "base/queue.h"
#include "base/thread.h"
#include "tests/fake/fake_alloc.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define LONG_US (10 * CLOCK_US_PER_S)

/* Items are pointers into this; item_free() marks them. */
static struct {
	_Atomic int freed;
} items[8];

static void item_free(void *item)
{
	atomic_fetch_add((_Atomic int *)item, 1);
}

static int reset_items(void **state)
{
	(void)state;
	for (size_t i = 0; i < 8; i++)
		atomic_store(&items[i].freed, 0);
	return 0;
}

static struct queue *make_queue(size_t capacity, enum queue_policy policy)
{
	struct queue *queue;

	assert_int_equal(queue_create(capacity, policy, item_free, &queue), 0);
	return queue;
}

static void assert_pops(struct queue *queue, const void *item)
{
	void *popped;

	assert_int_equal(queue_pop(queue, 0, &popped), 0);
	assert_ptr_equal(popped, item);
}

static void assert_empty(struct queue *queue)
{
	void *popped = &popped;

	assert_int_equal(queue_pop(queue, 0, &popped), -ETIMEDOUT);
	assert_ptr_equal(popped, &popped);
}

static void refuses_bad_arguments(void **state)
{
	struct queue *queue = NULL;

	(void)state;
	assert_int_equal(queue_create(0, QUEUE_WAIT, item_free, &queue), -EINVAL);
	assert_int_equal(queue_create(65537, QUEUE_WAIT, item_free, &queue), -EINVAL);
	assert_int_equal(queue_create(1, QUEUE_WAIT, NULL, &queue), -EINVAL);
	assert_null(queue);
	queue_destroy(NULL);
}

static void keeps_order_empty_one_full_wrapped(void **state)
{
	struct queue *queue = make_queue(3, QUEUE_DROP_NEWEST);
	struct queue_stats stats;

	(void)state;
	assert_empty(queue);
	for (int round = 0; round < 5; round++) {
		assert_int_equal(queue_push(queue, &items[0], 0), 0);
		assert_pops(queue, &items[0]);
		assert_empty(queue);
		for (size_t i = 0; i < 3; i++)
			assert_int_equal(queue_push(queue, &items[i], 0), 0);
		assert_int_equal(queue_get_stats(queue).depth, 3);
		for (size_t i = 0; i < 3; i++)
			assert_pops(queue, &items[i]);
		assert_empty(queue);
	}
	stats = queue_get_stats(queue);
	assert_int_equal(stats.pushed, 20);
	assert_int_equal(stats.dropped, 0);
	assert_int_equal(stats.depth, 0);
	assert_int_equal(stats.capacity, 3);
	queue_destroy(queue);
}

/* Pushes 0..3 into a queue of three. */
static void full_queue_follows_policy(void **state)
{
	static const struct {
		enum queue_policy policy;
		int result;
		uint64_t pushed, dropped;
		size_t depth, kept[3];
		int freed[4];
	} cases[] = {
		{QUEUE_DROP_OLDEST, -ENOBUFS, 4, 1, 3, {1, 2, 3}, {1, 0, 0, 0}},
		{QUEUE_DROP_NEWEST, -ENOBUFS, 3, 1, 3, {0, 1, 2}, {0, 0, 0, 1}},
		{QUEUE_NEWEST_WINS, -ENOBUFS, 4, 3, 1, {3}, {1, 1, 1, 0}},
		{QUEUE_WAIT, -ETIMEDOUT, 3, 1, 3, {0, 1, 2}, {0, 0, 0, 1}},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct queue *queue = make_queue(3, cases[i].policy);
		struct queue_stats stats;

		reset_items(state);
		for (size_t j = 0; j < 3; j++)
			assert_int_equal(queue_push(queue, &items[j], 0), 0);
		assert_int_equal(queue_push(queue, &items[3], 0), cases[i].result);
		for (size_t j = 0; j < 4; j++)
			assert_int_equal(items[j].freed, cases[i].freed[j]);
		stats = queue_get_stats(queue);
		assert_int_equal(stats.pushed, cases[i].pushed);
		assert_int_equal(stats.dropped, cases[i].dropped);
		assert_int_equal(stats.depth, cases[i].depth);
		for (size_t j = 0; j < stats.depth; j++)
			assert_pops(queue, &items[cases[i].kept[j]]);
		assert_empty(queue);
		queue_destroy(queue);
	}
}

static void deadline_is_kept(void **state)
{
	struct queue *queue = make_queue(1, QUEUE_WAIT);
	int64_t before = clock_now_us();
	void *popped;

	(void)state;
	assert_int_equal(queue_pop(queue, before + 20000, &popped), -ETIMEDOUT);
	assert_true(clock_now_us() >= before + 20000);
	assert_int_equal(queue_pop(queue, -1, &popped), -ETIMEDOUT);

	assert_int_equal(queue_push(queue, &items[0], 0), 0);
	before = clock_now_us();
	assert_int_equal(queue_push(queue, &items[1], before + 20000), -ETIMEDOUT);
	assert_true(clock_now_us() >= before + 20000);
	assert_int_equal(items[1].freed, 1);
	queue_destroy(queue);
}

static void close_lets_the_rest_out(void **state)
{
	struct queue *queue = make_queue(2, QUEUE_DROP_OLDEST);
	void *popped;

	(void)state;
	assert_int_equal(queue_push(queue, &items[0], 0), 0);
	queue_close(queue);
	assert_int_equal(queue_push(queue, &items[1], 0), -ESHUTDOWN);
	assert_int_equal(items[1].freed, 1);
	assert_pops(queue, &items[0]);
	assert_int_equal(queue_pop(queue, clock_now_us() + LONG_US, &popped), -ESHUTDOWN);
	assert_int_equal(items[0].freed, 0);
	queue_destroy(queue);
}

static void flush_and_destroy_free_what_waits(void **state)
{
	struct queue *queue = make_queue(4, QUEUE_DROP_OLDEST);

	(void)state;
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(queue_push(queue, &items[i], 0), 0);
	queue_flush(queue);
	assert_empty(queue);
	assert_int_equal(queue_get_stats(queue).dropped, 0);
	assert_int_equal(queue_push(queue, &items[3], 0), 0);
	queue_destroy(queue);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(items[i].freed, 1);
}

struct peer {
	struct queue *queue;
	int result;
	uintptr_t sum;
};

enum { NUMBERS = 20000 };

static void number_free(void *item)
{
	(void)item;
}

static void push_numbers(void *context)
{
	struct peer *peer = context;

	for (uintptr_t i = 1; i <= NUMBERS && peer->result == 0; i++)
		peer->result = queue_push(peer->queue, (void *)i, INT64_MAX);
	queue_close(peer->queue);
}

static void two_threads_lose_nothing(void **state)
{
	struct peer peer = {0};
	struct thread *producer;
	uintptr_t expected = 1;
	void *popped;
	int r;

	(void)state;
	assert_int_equal(queue_create(4, QUEUE_WAIT, number_free, &peer.queue), 0);
	assert_int_equal(thread_start("producer", push_numbers, &peer, &producer), 0);
	while ((r = queue_pop(peer.queue, clock_now_us() + LONG_US, &popped)) == 0)
		assert_int_equal((uintptr_t)popped, expected++);
	thread_join(producer);
	assert_int_equal(r, -ESHUTDOWN);
	assert_int_equal(peer.result, 0);
	assert_int_equal(expected, NUMBERS + 1);
	queue_destroy(peer.queue);
}

static void pop_until_shut(void *context)
{
	struct peer *peer = context;
	void *popped;

	peer->result = queue_pop(peer->queue, INT64_MAX, &popped);
}

static void push_until_shut(void *context)
{
	struct peer *peer = context;

	peer->result = queue_push(peer->queue, &items[1], INT64_MAX);
}

static void close_wakes_waiters(void **state)
{
	struct peer reader = {.queue = make_queue(1, QUEUE_WAIT)};
	struct peer writer = {.queue = make_queue(1, QUEUE_WAIT)};
	struct thread *threads[2];

	(void)state;
	assert_int_equal(queue_push(writer.queue, &items[0], 0), 0);
	assert_int_equal(thread_start("reader", pop_until_shut, &reader, &threads[0]), 0);
	assert_int_equal(thread_start("writer", push_until_shut, &writer, &threads[1]), 0);
	queue_close(reader.queue);
	queue_close(writer.queue);
	thread_join(threads[0]);
	thread_join(threads[1]);
	assert_int_equal(reader.result, -ESHUTDOWN);
	assert_int_equal(writer.result, -ESHUTDOWN);
	assert_int_equal(items[1].freed, 1);
	queue_destroy(reader.queue);
	queue_destroy(writer.queue);
}

static void out_of_memory_is_told(void **state)
{
	struct queue *queue = NULL;
	int r;

	(void)state;
	for (unsigned int n = 1;; n++) {
		fake_alloc_arm(n);
		r = queue_create(4, QUEUE_WAIT, item_free, &queue);
		if (!fake_alloc_disarm())
			break;
		assert_int_equal(r, -ENOMEM);
		assert_null(queue);
	}
	assert_int_equal(r, 0);
	queue_destroy(queue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_bad_arguments),
		cmocka_unit_test_setup(keeps_order_empty_one_full_wrapped, reset_items),
		cmocka_unit_test_setup(full_queue_follows_policy, reset_items),
		cmocka_unit_test_setup(deadline_is_kept, reset_items),
		cmocka_unit_test_setup(close_lets_the_rest_out, reset_items),
		cmocka_unit_test_setup(flush_and_destroy_free_what_waits, reset_items),
		cmocka_unit_test(two_threads_lose_nothing),
		cmocka_unit_test_setup(close_wakes_waiters, reset_items),
		cmocka_unit_test(out_of_memory_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
