/* room/media_keys: whose objects open, as whose, and when they pass in clear. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "room/media_keys.h"

#define SUITE SFRAME_AES_128_GCM_SHA256_128
#define MEMBERS 2

static const char plain[] = "a picture";
static const char metadata[] = "header and meeting";

/* Two members of a group, numbered 7 and 9 by the hub, at leaves 0 and 1. */
struct bench {
	struct media_keys *keys[MEMBERS];
	uint8_t sealed[sizeof(plain) + SFRAME_ADDED_BYTES_MAX];
	size_t length;
};

static int set_up(void **state)
{
	static struct bench bench;

	if (mls_crypto_init() < 0)
		return -1;
	bench = (struct bench){0};
	for (size_t i = 0; i < MEMBERS; i++) {
		if (media_keys_create(SUITE, &bench.keys[i]) < 0)
			return -1;
	}
	*state = &bench;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;

	for (size_t i = 0; i < MEMBERS; i++)
		media_keys_destroy(bench->keys[i]);
	media_keys_destroy(NULL);
	return 0;
}

/* Both are in the epoch, or the first alone. */
static void begin(struct bench *bench, uint64_t number, size_t n, bool is_other_group)
{
	static const struct call_member members[MEMBERS] = {{.number = 7, .leaf = 0},
							    {.number = 9, .leaf = 1}};
	struct call_epoch epoch = {
		.keys = {.number = number, .n_leaves = 2},
		.is_other_group = is_other_group,
		.members = members,
		.n_members = n,
	};

	memset(epoch.keys.base_key, (int)number + is_other_group, sizeof(epoch.keys.base_key));
	for (size_t i = 0; i < n; i++) {
		epoch.keys.own_leaf = (uint32_t)i;
		assert_int_equal(media_keys_begin(bench->keys[i], &epoch), 0);
	}
}

static int seal(struct bench *bench, enum message_kind kind)
{
	return media_keys_cipher()->seal(bench->keys[0], kind, metadata, sizeof(metadata),
					 (const uint8_t *)plain, sizeof(plain), bench->sealed,
					 &bench->length);
}

static int open_by(struct bench *bench, size_t reader, struct meeting_sealer *ret_sealer)
{
	uint8_t opened[sizeof(bench->sealed)];
	size_t length;
	int r = media_keys_cipher()->open(bench->keys[reader], metadata, sizeof(metadata),
					  bench->sealed, bench->length, opened, &length,
					  ret_sealer);

	if (r == 0) {
		assert_int_equal(length, sizeof(plain));
		assert_memory_equal(opened, plain, length);
	}
	return r;
}

static void test_nothing_passes_without_keys(void **state)
{
	struct bench *bench = *state;
	struct meeting_sealer sealer;

	assert_int_equal(seal(bench, MESSAGE_CAMERA), -ENOKEY);
	begin(bench, 1, 1, true);
	assert_int_equal(seal(bench, MESSAGE_CAMERA), 0);
	assert_int_equal(open_by(bench, 1, &sealer), -ENOKEY);
}

static void test_who_sealed_what_is_known(void **state)
{
	struct bench *bench = *state;
	struct meeting_sealer sealer;

	begin(bench, 1, MEMBERS, true);
	for (int kind = 0; kind < MESSAGE_KINDS; kind++) {
		assert_int_equal(seal(bench, (enum message_kind)kind), 0);
		assert_true(bench->length > sizeof(plain));
		assert_null(memmem(bench->sealed, bench->length, plain, sizeof(plain)));
		assert_int_equal(open_by(bench, 1, &sealer), 0);
		assert_int_equal(sealer.member, 7);
		assert_int_equal(sealer.kind, kind);
		assert_int_equal(open_by(bench, 1, &sealer), -EALREADY);
	}
	assert_int_equal(seal(bench, MESSAGE_SOUND), 0);
	bench->sealed[bench->length - 1] ^= 1;
	assert_int_equal(open_by(bench, 1, &sealer), -EBADMSG);
}

/* The reader is a commit ahead: what was sealed before it still opens, under the old seating. */
static void test_the_epoch_before_opens(void **state)
{
	struct bench *bench = *state;
	struct meeting_sealer sealer;

	begin(bench, 1, MEMBERS, true);
	assert_int_equal(seal(bench, MESSAGE_SOUND), 0);
	begin(bench, 2, MEMBERS, false);
	assert_int_equal(open_by(bench, 1, &sealer), 0);
	assert_int_equal(sealer.member, 7);
	assert_int_equal(seal(bench, MESSAGE_SOUND), 0);
	assert_int_equal(open_by(bench, 1, &sealer), 0);
}

static void test_another_group_has_other_keys(void **state)
{
	struct bench *bench = *state;
	struct meeting_sealer sealer;

	begin(bench, 5, MEMBERS, true);
	assert_int_equal(seal(bench, MESSAGE_SOUND), 0);
	/* Its epochs count from the beginning. */
	begin(bench, 0, MEMBERS, true);
	assert_int_not_equal(open_by(bench, 1, &sealer), 0);
	assert_int_equal(seal(bench, MESSAGE_SOUND), 0);
	assert_int_equal(open_by(bench, 1, &sealer), 0);
}

static void test_clear_is_clear_and_forgets_keys(void **state)
{
	struct bench *bench = *state;
	struct meeting_sealer sealer = {.member = 1};

	begin(bench, 1, MEMBERS, true);
	media_keys_set_clear(bench->keys[0]);
	media_keys_set_clear(bench->keys[1]);
	assert_int_equal(seal(bench, MESSAGE_CAMERA), 0);
	assert_int_equal(bench->length, sizeof(plain));
	assert_int_equal(open_by(bench, 1, &sealer), 0);
	assert_int_equal(sealer.member, 0);
	media_keys_set_sealed(bench->keys[0]);
	assert_int_equal(seal(bench, MESSAGE_CAMERA), -ENOKEY);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_passes_without_keys),     TEST(test_who_sealed_what_is_known),
		TEST(test_the_epoch_before_opens),          TEST(test_another_group_has_other_keys),
		TEST(test_clear_is_clear_and_forgets_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
