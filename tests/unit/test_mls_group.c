/*
 * Groups of our own members: random scripts in which all must agree at every step. The seed is
 * printed, and BALAI_SEED sets it; with BALAI_LONG there are 3000 steps.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/fake/mls_party.h"

#define PARTIES 9

struct crowd {
	struct mls_party parties[PARTIES];
	unsigned int n_made;
};

static size_t pick(size_t n)
{
	return (size_t)random() % n;
}

static size_t count_in(const struct crowd *crowd)
{
	size_t n = 0;

	for (size_t i = 0; i < PARTIES; i++)
		n += crowd->parties[i].group != NULL;
	return n;
}

/* A member of the group other than that one, or NULL. */
static struct mls_party *pick_in(struct crowd *crowd, const struct mls_party *other)
{
	size_t from = pick(PARTIES);

	for (size_t i = 0; i < PARTIES; i++) {
		struct mls_party *party = &crowd->parties[(from + i) % PARTIES];

		if (party->group && party != other)
			return party;
	}
	return NULL;
}

static void assert_agreed(const struct crowd *crowd)
{
	const struct mls_group *first = NULL;
	uint8_t exported[16], also[16];

	for (size_t i = 0; i < PARTIES; i++) {
		const struct mls_group *group = crowd->parties[i].group;

		if (!group)
			continue;
		if (!first) {
			first = group;
			assert_int_equal(mls_group_export(group, "test", (struct mls_bytes){0},
							  exported, sizeof(exported)),
					 0);
		}
		assert_int_equal(mls_group_export(group, "test", (struct mls_bytes){0}, also,
						  sizeof(also)),
				 0);
		assert_memory_equal(also, exported, sizeof(also));
		assert_true(mls_group_epoch(group) == mls_group_epoch(first));
		assert_memory_equal(mls_group_authenticator(group), mls_group_authenticator(first),
				    MLS_HASH_BYTES);
		assert_int_equal(mls_tree_n_members(mls_group_tree(group)), count_in(crowd));
	}
}

/* Out of the group, with another name, key and key package. */
static void renew(struct crowd *crowd, struct mls_party *party)
{
	mls_party_finish(party);
	mls_party_init(party, crowd->n_made++);
}

static void take(struct crowd *crowd, struct mls_party *party, struct mls_bytes message,
		 enum mls_received_kind kind)
{
	struct mls_received received;

	assert_int_equal(mls_group_process(party->group, message, &received), 0);
	mls_received_finish(&received);
	if (received.kind == MLS_RECEIVED_REMOVED)
		renew(crowd, party);
	else
		assert_int_equal(received.kind, kind);
}

/* To all members but its sender. */
static void deliver(struct crowd *crowd, const struct mls_party *sender, struct mls_bytes message,
		    enum mls_received_kind kind)
{
	for (size_t i = 0; i < PARTIES; i++) {
		struct mls_party *party = &crowd->parties[i];

		if (party->group && party != sender)
			take(crowd, party, message, kind);
	}
}

/* Everyone takes a commit; those that it adds join. */
static void commit(struct crowd *crowd, struct mls_party *committer,
		   const struct mls_proposal *proposals, size_t n, struct mls_party **joiners,
		   size_t n_joiners)
{
	struct mls_writer message, welcome;

	mls_writer_init(&message, MLS_MESSAGE_BYTES_MAX);
	mls_writer_init(&welcome, MLS_WELCOME_BYTES_MAX);
	assert_int_equal(mls_group_commit(committer->group, proposals, n, &message, &welcome), 0);
	assert_int_equal(mls_group_commit(committer->group, NULL, 0, &message, &welcome), -EBUSY);
	deliver(crowd, committer, mls_writer_bytes(&message), MLS_RECEIVED_COMMIT);
	assert_int_equal(mls_group_advance(committer->group), 0);
	for (size_t i = 0; i < n_joiners; i++)
		assert_int_equal(mls_group_join(&joiners[i]->member, joiners[i]->package,
						mls_writer_bytes(&welcome), (struct mls_bytes){0},
						&joiners[i]->group),
				 0);
	mls_writer_finish(&message);
	mls_writer_finish(&welcome);
}

static void step_add(struct crowd *crowd)
{
	struct mls_party *committer = pick_in(crowd, NULL);
	struct mls_proposal proposals[3];
	struct mls_party *joiners[3];
	size_t wanted = 1 + pick(3);
	size_t n = 0;

	for (size_t i = 0; i < PARTIES && n < wanted; i++) {
		if (crowd->parties[i].group)
			continue;
		joiners[n] = &crowd->parties[i];
		proposals[n++] = mls_party_add(&crowd->parties[i]);
	}
	commit(crowd, committer, proposals, n, joiners, n);
}

static void step_remove(struct crowd *crowd)
{
	struct mls_party *committer = pick_in(crowd, NULL);
	struct mls_party *leaver = pick_in(crowd, committer);
	struct mls_proposal proposal = {.type = MLS_PROPOSAL_REMOVE};

	if (!leaver)
		return;
	proposal.removed = mls_group_own_leaf(leaver->group);
	commit(crowd, committer, &proposal, 1, NULL, 0);
	assert_null(leaver->group);
}

static void step_psk(struct crowd *crowd)
{
	struct mls_proposal proposal = {
		.type = MLS_PROPOSAL_PSK,
		.psk = {.type = MLS_PSK_EXTERNAL, .id = {(const uint8_t *)"office", 6}},
	};

	commit(crowd, pick_in(crowd, NULL), &proposal, 1, NULL, 0);
}

/* One proposes new keys, or that another is removed; a third commits it. */
static void step_propose(struct crowd *crowd)
{
	struct mls_party *proposer = pick_in(crowd, NULL);
	struct mls_party *committer = pick_in(crowd, proposer);
	struct mls_proposal proposal = {.type = MLS_PROPOSAL_REMOVE};
	struct mls_party *leaver = NULL;
	struct mls_writer message;

	if (!committer)
		return;
	mls_writer_init(&message, MLS_MESSAGE_BYTES_MAX);
	if (pick(3) == 0)
		leaver = pick_in(crowd, committer);
	if (leaver) {
		proposal.removed = mls_group_own_leaf(leaver->group);
		assert_int_equal(mls_group_propose(proposer->group, &proposal, &message), 0);
	} else {
		assert_int_equal(mls_group_propose_update(proposer->group, &message), 0);
		assert_int_equal(mls_group_propose_update(proposer->group, &message), -EBUSY);
	}
	deliver(crowd, proposer, mls_writer_bytes(&message), MLS_RECEIVED_PROPOSAL);
	commit(crowd, committer, NULL, 0, NULL, 0);
	assert_true(!leaver || !leaver->group);
	mls_writer_finish(&message);
}

/* Two commit at once: one wins, the other takes that commit and tries again. */
static void step_race(struct crowd *crowd)
{
	struct mls_party *winner = pick_in(crowd, NULL);
	struct mls_party *loser = pick_in(crowd, winner);
	struct mls_writer lost, welcome;

	if (!loser)
		return;
	mls_writer_init(&lost, MLS_MESSAGE_BYTES_MAX);
	mls_writer_init(&welcome, MLS_WELCOME_BYTES_MAX);
	assert_int_equal(mls_group_commit(loser->group, NULL, 0, &lost, &welcome), 0);
	assert_int_equal(welcome.length, 0);
	commit(crowd, winner, NULL, 0, NULL, 0);
	assert_int_equal(mls_group_advance(loser->group), -EINVAL);
	commit(crowd, loser, NULL, 0, NULL, 0);
	mls_writer_finish(&lost);
	mls_writer_finish(&welcome);
}

static void assert_opens(struct mls_party *party, const struct mls_party *sender,
			 struct mls_bytes message, const char *text)
{
	struct mls_received received;

	assert_int_equal(mls_group_process(party->group, message, &received), 0);
	assert_int_equal(received.kind, MLS_RECEIVED_APPLICATION);
	assert_int_equal(received.sender, mls_group_own_leaf(sender->group));
	assert_int_equal(received.plaintext.length, strlen(text));
	assert_memory_equal(received.plaintext.data, text, strlen(text));
	mls_received_finish(&received);
	assert_int_equal(mls_group_process(party->group, message, &received),
			 -MLS_ERROR_GENERATION);
}

/* Everyone reads a message, once; some of them after the next commit, nobody after that is over. */
static void step_message(struct crowd *crowd)
{
	struct mls_party *sender = pick_in(crowd, NULL);
	struct mls_party *late = pick_in(crowd, sender);
	struct mls_received received;
	struct mls_writer message;

	if (!late)
		return;
	mls_writer_init(&message, MLS_MESSAGE_BYTES_MAX);
	assert_int_equal(mls_group_seal(sender->group,
					(struct mls_bytes){(const uint8_t *)sender->name,
							   strlen(sender->name)},
					&message),
			 0);
	for (size_t i = 0; i < PARTIES; i++) {
		struct mls_party *party = &crowd->parties[i];

		if (party->group && party != sender && party != late)
			assert_opens(party, sender, mls_writer_bytes(&message), sender->name);
	}
	assert_int_equal(mls_group_process(sender->group, mls_writer_bytes(&message), &received),
			 -MLS_ERROR_SENDER);
	commit(crowd, sender, NULL, 0, NULL, 0);
	if (pick(2) == 0) {
		assert_opens(late, sender, mls_writer_bytes(&message), sender->name);
	} else {
		mls_group_forget(late->group);
		assert_int_equal(mls_group_process(late->group, mls_writer_bytes(&message),
						   &received),
				 -MLS_ERROR_EPOCH);
	}
	mls_writer_finish(&message);
}

/* A commit that is damaged anywhere is refused and changes nothing; the whole one is taken then. */
static void step_damage(struct crowd *crowd)
{
	struct mls_party *committer = pick_in(crowd, NULL);
	struct mls_party *victim = pick_in(crowd, committer);
	struct mls_received received;
	struct mls_writer message, welcome;
	size_t at;

	if (!victim)
		return;
	mls_writer_init(&message, MLS_MESSAGE_BYTES_MAX);
	mls_writer_init(&welcome, MLS_WELCOME_BYTES_MAX);
	assert_int_equal(mls_group_commit(committer->group, NULL, 0, &message, &welcome), 0);
	at = pick(message.length);
	message.data[at] ^= 0x10;
	assert_true(mls_group_process(victim->group, mls_writer_bytes(&message), &received) < 0);
	message.data[at] ^= 0x10;
	assert_true(mls_group_process(victim->group,
				      (struct mls_bytes){message.data, pick(message.length)},
				      &received) < 0);
	deliver(crowd, committer, mls_writer_bytes(&message), MLS_RECEIVED_COMMIT);
	assert_int_equal(mls_group_advance(committer->group), 0);
	assert_int_equal(mls_group_process(victim->group, mls_writer_bytes(&message), &received),
			 -MLS_ERROR_EPOCH);
	mls_writer_finish(&message);
	mls_writer_finish(&welcome);
}

static void crowd_finish(struct crowd *crowd)
{
	for (size_t i = 0; i < PARTIES; i++)
		mls_party_finish(&crowd->parties[i]);
}

static void test_scripts(void **state)
{
	static void (*const steps[])(struct crowd *crowd) = {
		step_add,     step_add,  step_remove,  step_psk,
		step_propose, step_race, step_message, step_damage,
	};
	const char *given = getenv("BALAI_SEED");
	unsigned int seed = given ? (unsigned int)strtoul(given, NULL, 10) : 9420;
	int n_steps = getenv("BALAI_LONG") ? 3000 : 100;
	struct crowd crowd;

	(void)state;
	print_message("# seed %u, %d steps\n", seed, n_steps);
	srandom(seed);
	for (crowd.n_made = 0; crowd.n_made < PARTIES; crowd.n_made++)
		mls_party_init(&crowd.parties[crowd.n_made], crowd.n_made);
	mls_party_create(&crowd.parties[0]);
	for (int i = 0; i < n_steps; i++) {
		steps[pick(sizeof(steps) / sizeof(steps[0]))](&crowd);
		assert_agreed(&crowd);
	}
	crowd_finish(&crowd);
}

/* The first three in a group, the others outside. */
static void crowd_of_three(struct crowd *crowd)
{
	struct mls_proposal adds[2];
	struct mls_party *joiners[2];

	for (crowd->n_made = 0; crowd->n_made < PARTIES; crowd->n_made++)
		mls_party_init(&crowd->parties[crowd->n_made], crowd->n_made);
	mls_party_create(&crowd->parties[0]);
	for (size_t i = 0; i < 2; i++) {
		joiners[i] = &crowd->parties[i + 1];
		adds[i] = mls_party_add(joiners[i]);
	}
	commit(crowd, &crowd->parties[0], adds, 2, joiners, 2);
}

/* New keys do not keep a member in that is to be removed, though they came later. */
static void test_removal_first(void **state)
{
	struct mls_proposal remove = {.type = MLS_PROPOSAL_REMOVE, .removed = 2};
	struct mls_writer message;
	struct crowd crowd;

	(void)state;
	crowd_of_three(&crowd);
	mls_writer_init(&message, MLS_MESSAGE_BYTES_MAX);
	assert_int_equal(mls_group_propose(crowd.parties[1].group, &remove, &message), 0);
	deliver(&crowd, &crowd.parties[1], mls_writer_bytes(&message), MLS_RECEIVED_PROPOSAL);
	mls_writer_finish(&message);
	assert_int_equal(mls_group_propose_update(crowd.parties[2].group, &message), 0);
	deliver(&crowd, &crowd.parties[2], mls_writer_bytes(&message), MLS_RECEIVED_PROPOSAL);
	mls_writer_finish(&message);
	commit(&crowd, &crowd.parties[0], NULL, 0, NULL, 0);
	assert_null(crowd.parties[2].group);
	assert_agreed(&crowd);
	crowd_finish(&crowd);
}

/* The group's extensions change for all, if all can have them. */
static void test_extensions(void **state)
{
	static const uint8_t unknown[] = {0xf0, 0x00, 0x01, 0x2a};
	static const uint8_t required[] = {0, 3, 7, 0, 0, 4, 0, 1, 0, 2};
	static const uint8_t too_much[] = {0, 3, 5, 2, 0xf0, 0, 0, 0};
	struct mls_proposal proposal = {.type = MLS_PROPOSAL_CONTEXT_EXTENSIONS};
	struct mls_writer message, welcome;
	struct crowd crowd;

	(void)state;
	crowd_of_three(&crowd);
	mls_writer_init(&message, MLS_MESSAGE_BYTES_MAX);
	mls_writer_init(&welcome, MLS_WELCOME_BYTES_MAX);
	proposal.extensions = (struct mls_bytes){unknown, sizeof(unknown)};
	assert_int_equal(mls_group_commit(crowd.parties[0].group, &proposal, 1, &message, &welcome),
			 -MLS_ERROR_LEAF);
	proposal.extensions = (struct mls_bytes){too_much, sizeof(too_much)};
	assert_int_equal(mls_group_commit(crowd.parties[0].group, &proposal, 1, &message, &welcome),
			 -MLS_ERROR_LEAF);
	proposal.extensions = (struct mls_bytes){required, sizeof(required)};
	commit(&crowd, &crowd.parties[0], &proposal, 1, NULL, 0);
	commit(&crowd, &crowd.parties[1], NULL, 0, NULL, 0);
	assert_agreed(&crowd);
	assert_true(
		mls_bytes_equal(mls_group_extensions(crowd.parties[2].group), proposal.extensions));
	mls_writer_finish(&message);
	mls_writer_finish(&welcome);
	crowd_finish(&crowd);
}

/* As many messages as may be skipped are skipped, in whatever order the rest comes. */
static void test_order(void **state)
{
	static const size_t order[] = {7, 0, 3, 6, 1};
	struct mls_writer messages[8];
	struct crowd crowd;

	(void)state;
	crowd_of_three(&crowd);
	for (size_t i = 0; i < 8; i++) {
		mls_writer_init(&messages[i], MLS_MESSAGE_BYTES_MAX);
		assert_int_equal(mls_group_seal(crowd.parties[1].group,
						(struct mls_bytes){(const uint8_t *)"12345678", i},
						&messages[i]),
				 0);
	}
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		char text[9] = "12345678";

		text[order[i]] = '\0';
		assert_opens(&crowd.parties[0], &crowd.parties[1],
			     mls_writer_bytes(&messages[order[i]]), text);
	}
	for (size_t i = 0; i < 8; i++)
		mls_writer_finish(&messages[i]);
	crowd_finish(&crowd);
}

static int set_up(void **state)
{
	(void)state;
	return mls_crypto_init();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scripts),
		cmocka_unit_test(test_removal_first),
		cmocka_unit_test(test_extensions),
		cmocka_unit_test(test_order),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
