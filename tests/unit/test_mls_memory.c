/* Every allocation of a group's life fails once: clean errors, and the group goes on as if nothing was. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/fake/fake_alloc.h"
#include "tests/fake/mls_party.h"

/* A, who is in, adds B; what each step needs and makes. */
struct life {
	struct mls_party a, b;
	struct mls_proposal add;
	struct mls_writer commit, welcome, message;
	struct mls_received received;
};

static int create(struct life *life)
{
	return mls_group_create(&life->a.member, (struct mls_bytes){(const uint8_t *)"m", 1},
				life->a.package, &life->a.group);
}

static int make_commit(struct life *life)
{
	mls_writer_finish(&life->commit);
	mls_writer_finish(&life->welcome);
	return mls_group_commit(life->a.group, &life->add, 1, &life->commit, &life->welcome);
}

static int join(struct life *life)
{
	return mls_group_join(&life->b.member, life->b.package, mls_writer_bytes(&life->welcome),
			      (struct mls_bytes){0}, &life->b.group);
}

static int take_proposal(struct life *life)
{
	return mls_group_process(life->a.group, mls_writer_bytes(&life->message), &life->received);
}

static int send_commit(struct life *life)
{
	mls_group_withdraw(life->a.group);
	mls_writer_finish(&life->message);
	return mls_group_commit(life->a.group, NULL, 0, &life->message, &life->welcome);
}

static int take_commit(struct life *life)
{
	return mls_group_process(life->b.group, mls_writer_bytes(&life->message), &life->received);
}

/* In an epoch of its own, since an epoch keeps only so many proposals. */
static int send_proposal(struct life *life)
{
	assert_int_equal(send_commit(life), 0);
	assert_int_equal(take_commit(life), 0);
	mls_received_finish(&life->received);
	assert_int_equal(mls_group_advance(life->a.group), 0);
	mls_writer_finish(&life->message);
	return mls_group_propose_update(life->b.group, &life->message);
}

/* A step, over and over, with the nth allocation failing, until none does. */
static void torture(int (*step)(struct life *life), struct life *life)
{
	for (unsigned int n = 1;; n++) {
		int r;

		fake_alloc_arm(n);
		r = step(life);
		if (!fake_alloc_disarm()) {
			assert_int_equal(r, 0);
			return;
		}
		assert_int_equal(r, -ENOMEM);
	}
}

/* The same of a message that is taken, which has to be sent anew: its key is gone once it was opened. */
static void torture_taking(int (*send)(struct life *life), int (*take)(struct life *life),
			   struct life *life)
{
	for (unsigned int n = 1;; n++) {
		int r;

		assert_int_equal(send(life), 0);
		fake_alloc_arm(n);
		r = take(life);
		if (!fake_alloc_disarm()) {
			assert_int_equal(r, 0);
			mls_received_finish(&life->received);
			return;
		}
		assert_int_equal(r, -ENOMEM);
	}
}

static void test_life(void **state)
{
	struct life life = {0};

	(void)state;
	mls_party_init(&life.a, 1);
	mls_party_init(&life.b, 2);
	life.add = mls_party_add(&life.b);
	mls_writer_init(&life.commit, MLS_MESSAGE_BYTES_MAX);
	mls_writer_init(&life.welcome, MLS_WELCOME_BYTES_MAX);
	mls_writer_init(&life.message, MLS_MESSAGE_BYTES_MAX);
	torture(create, &life);
	torture(make_commit, &life);
	assert_int_equal(mls_group_advance(life.a.group), 0);
	torture(join, &life);
	torture_taking(send_proposal, take_proposal, &life);
	assert_int_equal(life.received.kind, MLS_RECEIVED_PROPOSAL);
	torture_taking(send_commit, take_commit, &life);
	assert_int_equal(life.received.kind, MLS_RECEIVED_COMMIT);
	assert_int_equal(mls_group_advance(life.a.group), 0);
	assert_memory_equal(mls_group_authenticator(life.a.group),
			    mls_group_authenticator(life.b.group), MLS_HASH_BYTES);
	mls_writer_finish(&life.commit);
	mls_writer_finish(&life.welcome);
	mls_writer_finish(&life.message);
	mls_party_finish(&life.a);
	mls_party_finish(&life.b);
}

static int set_up(void **state)
{
	(void)state;
	return mls_crypto_init();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
