/* meeting/group_orders: what waits to be said to the group. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "meeting/group_orders.h"
#include "tests/fake/fake_alloc.h"

static const uint8_t bytes[MESSAGE_WELCOME_BYTES_MAX];

static int put(struct group_orders *orders, uint64_t epoch, size_t welcome_length)
{
	const struct meeting_group_order order = {
		.kind = MEETING_ORDER_COMMIT,
		.epoch = epoch,
		.bytes = {.data = bytes, .length = 1},
		.welcome = {.data = bytes, .length = welcome_length},
		.members = {7},
		.member_count = welcome_length > 0 ? 1 : 0,
	};

	return group_orders_put(orders, &order);
}

static void expect(struct group_orders *orders, uint64_t epoch)
{
	struct group_order *order = group_orders_take(orders);

	assert_non_null(order);
	assert_int_equal(order->kind, MEETING_ORDER_COMMIT);
	assert_int_equal(order->epoch, epoch);
	assert_int_equal(order->bytes.length, 2);
	assert_string_equal(order->bytes.text, "AA");
	free(order);
}

static int set_up(void **state)
{
	return group_orders_create((struct group_orders **)state);
}

static int tear_down(void **state)
{
	group_orders_destroy(*state);
	return 0;
}

static void test_in_order(void **state)
{
	assert_null(group_orders_take(*state));
	for (uint64_t i = 0; i < 100; i++) {
		assert_int_equal(put(*state, 2 * i, 0), 0);
		assert_int_equal(put(*state, 2 * i + 1, 100), 0);
		expect(*state, i);
	}
	for (uint64_t i = 100; i < 200; i++)
		expect(*state, i);
	assert_null(group_orders_take(*state));
}

/* Nothing that was taken is dropped for what comes later. */
static void test_full(void **state)
{
	for (uint64_t i = 0; i < GROUP_ORDERS_MAX; i++)
		assert_int_equal(put(*state, i, 0), 0);
	assert_int_equal(put(*state, GROUP_ORDERS_MAX, 0), -ENOBUFS);
	expect(*state, 0);
	assert_int_equal(put(*state, GROUP_ORDERS_MAX, 0), 0);
	for (uint64_t i = 1; i <= GROUP_ORDERS_MAX; i++)
		expect(*state, i);
	assert_null(group_orders_take(*state));
}

static void test_full_of_bytes(void **state)
{
	uint64_t count = 0;

	while (put(*state, count, sizeof(bytes)) == 0)
		count++;
	/* As text they are a third longer. */
	assert_int_equal(count, GROUP_ORDERS_BYTES_MAX / (sizeof(bytes) / 3 * 4 + 2));
	expect(*state, 0);
	assert_int_equal(put(*state, count, sizeof(bytes)), 0);
	group_orders_clear(*state);
	assert_null(group_orders_take(*state));
	assert_int_equal(put(*state, 1, sizeof(bytes)), 0);
}

static void test_without_memory(void **state)
{
	struct group_orders *none = NULL;

	fake_alloc_arm(1);
	assert_int_equal(group_orders_create(&none), -ENOMEM);
	assert_true(fake_alloc_disarm());
	assert_null(none);
	fake_alloc_arm(1);
	assert_int_equal(put(*state, 1, 10), -ENOMEM);
	assert_true(fake_alloc_disarm());
	assert_null(group_orders_take(*state));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_in_order),
		TEST(test_full),
		TEST(test_full_of_bytes),
		TEST(test_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
