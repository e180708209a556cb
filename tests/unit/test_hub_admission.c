#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tools/hub/admission.h"

enum {
	MAXIMUM = 6,
	PER_ADDRESS = 3,
};

/* Entry first: what admission knows of it. */
struct newcomer {
	struct admission_entry entry;
	bool speaks;
};

static bool is_silent(const struct admission_entry *entry)
{
	return !((const struct newcomer *)entry)->speaks;
}

static struct in6_addr address_of(uint8_t last)
{
	struct in6_addr address = {.s6_addr = {0x20, 0x01, 0x0d, 0xb8}};

	address.s6_addr[15] = last;
	return address;
}

static struct admission_entry *victim(const struct admission *admission, uint8_t last)
{
	struct in6_addr address = address_of(last);

	return admission_victim(admission, &address);
}

static void add(struct admission *admission, struct newcomer *newcomer, uint8_t last)
{
	struct in6_addr address = address_of(last);

	admission_add(admission, &newcomer->entry, &address);
}

static void of_one_address_the_oldest_silent_one_goes(void **state)
{
	struct newcomer newcomers[PER_ADDRESS] = {{.speaks = true}};
	struct admission admission;
	int i;

	(void)state;
	admission_init(&admission, MAXIMUM, PER_ADDRESS, is_silent);
	for (i = 0; i < PER_ADDRESS; i++) {
		assert_null(victim(&admission, 1));
		add(&admission, &newcomers[i], 1);
	}
	assert_ptr_equal(victim(&admission, 1), &newcomers[1].entry);
	assert_null(victim(&admission, 2));
	newcomers[1].speaks = newcomers[2].speaks = true;
	assert_ptr_equal(victim(&admission, 1), &newcomers[0].entry);
	admission_remove(&admission, &newcomers[0].entry);
	assert_null(victim(&admission, 1));
}

static void of_all_the_oldest_silent_one_goes(void **state)
{
	struct newcomer newcomers[MAXIMUM] = {{.speaks = true}, {.speaks = true}};
	struct admission admission;
	int i;

	(void)state;
	admission_init(&admission, MAXIMUM, PER_ADDRESS, is_silent);
	assert_null(admission_oldest(&admission));
	for (i = 0; i < MAXIMUM; i++)
		add(&admission, &newcomers[i], (uint8_t)i);
	assert_ptr_equal(victim(&admission, 99), &newcomers[2].entry);
	assert_ptr_equal(admission_oldest(&admission), &newcomers[2].entry);
	assert_int_equal(admission.count, MAXIMUM);
}

static void one_that_is_out_can_be_removed_again(void **state)
{
	struct newcomer newcomer = {0};
	struct admission admission;

	(void)state;
	admission_init(&admission, MAXIMUM, PER_ADDRESS, is_silent);
	add(&admission, &newcomer, 1);
	admission_remove(&admission, &newcomer.entry);
	admission_remove(&admission, &newcomer.entry);
	assert_int_equal(admission.count, 0);
	add(&admission, &newcomer, 1);
	assert_int_equal(admission.count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_one_address_the_oldest_silent_one_goes),
		cmocka_unit_test(of_all_the_oldest_silent_one_goes),
		cmocka_unit_test(one_that_is_out_can_be_removed_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
