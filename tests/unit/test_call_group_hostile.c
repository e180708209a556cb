/*
 * A meeting's group on a hub that lies. Whatever it does, nobody is a member under another's name or
 * number, and who sees the same code sees the same members; once it stops, all find together again. The
 * seed of the random walks is printed, and BALAI_SEED sets it; with BALAI_LONG there are more.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "e2ee/knock.h"
#include "tests/fake/call_meeting.h"
#include "tests/fake/mls_party.h"

#define SECOND_US INT64_C(1000000)
#define EARLIER 16

/* Events that went by, for another day. */
struct mischief {
	struct delivery_sim *sim;
	unsigned int seed;
	bool is_at_work;
	struct delivery_event earlier[EARLIER]; /* their bytes are owned */
	size_t n_earlier;                       /* ever */
};

static size_t pick(struct mischief *mischief, size_t n)
{
	return (size_t)rand_r(&mischief->seed) % n;
}

static void keep(struct mischief *mischief, const struct delivery_event *event)
{
	struct delivery_event *kept = &mischief->earlier[mischief->n_earlier++ % EARLIER];

	free(kept->bytes);
	*kept = *event;
	kept->bytes = malloc(event->length + 1);
	assert_non_null(kept->bytes);
	if (event->length > 0)
		memcpy(kept->bytes, event->bytes, event->length);
}

static void damage(struct mischief *mischief, struct delivery_event *event)
{
	switch (pick(mischief, 6)) {
	case 0:
		event->epoch += pick(mischief, 3) - 1;
		event->door.epoch += pick(mischief, 3) - 1;
		break;
	case 1:
		event->member = (uint16_t)(1 + pick(mischief, 12));
		event->door.member = (uint16_t)(1 + pick(mischief, 12));
		break;
	case 2:
		event->length = event->length > 0 ? pick(mischief, event->length) : 0;
		break;
	case 3:
		if (event->length > 0)
			event->bytes[pick(mischief, event->length)] ^= 1 << pick(mischief, 8);
		event->door.key[pick(mischief, sizeof(event->door.key))] ^= 1;
		break;
	case 4:
		event->code = (int)pick(mischief, 10);
		event->reason = (enum call_reason)(1 + pick(mischief, CALL_REASON_FULL));
		break;
	default:
		event->n_seats = event->n_seats > 0 ? pick(mischief, event->n_seats) : 0;
	}
}

/* Of ten events one is lost, one comes changed, and behind one another one comes again. */
static bool meddle(void *context, size_t box, struct delivery_event *event)
{
	struct mischief *mischief = context;

	if (!mischief->is_at_work || event->kind == DELIVERY_JOINED)
		return true;
	keep(mischief, event);
	switch (pick(mischief, 10)) {
	case 0:
		return false;
	case 1:
		damage(mischief, event);
		return true;
	case 2:
		delivery_sim_inject(mischief->sim, box,
				    &mischief->earlier[pick(mischief, mischief->n_earlier < EARLIER
									      ? mischief->n_earlier
									      : EARLIER)]);
		return true;
	default:
		return true;
	}
}

/* Everyone is who it says, wherever it is seen, and the same code means the same members. */
static void assert_nobody_is_deceived(const struct call_meeting *meeting)
{
	for (size_t box = 0; box < meeting->n_people; box++) {
		const struct delivery_view *view = delivery_sim_view(meeting->sim, box);

		for (size_t i = 0; i < view->epoch.n_members; i++) {
			const struct call_member *member = &view->members[i];
			size_t owner = delivery_sim_owner(meeting->sim, member->number);

			assert_true(owner < meeting->n_people);
			assert_string_equal(member->identity.name, meeting->people[owner].name);
		}
		for (size_t other = 0; other < box; other++) {
			const struct delivery_view *seen = delivery_sim_view(meeting->sim, other);

			if (view->n_epochs == 0 || seen->n_epochs == 0 ||
			    strcmp(seen->epoch.code, view->epoch.code) != 0)
				continue;
			assert_int_equal(seen->epoch.n_members, view->epoch.n_members);
			for (size_t i = 0; i < view->epoch.n_members; i++)
				assert_string_equal(seen->members[i].identity.name,
						    view->members[i].identity.name);
		}
	}
}

static void walk_step(struct call_meeting *meeting, struct mischief *mischief)
{
	struct delivery_sim *sim = meeting->sim;
	size_t box = pick(mischief, meeting->n_people);

	if (delivery_sim_number(sim, box) == 0)
		delivery_sim_join(sim, box);
	else if (!delivery_sim_is_here(sim, box))
		delivery_sim_resume(sim, box);
	else if (pick(mischief, 8) == 0)
		delivery_sim_leave(sim, box);
	else if (pick(mischief, 8) == 0)
		delivery_sim_cut(sim, box);
	assert_true(delivery_sim_advance(sim, (int64_t)pick(mischief, 4) * SECOND_US / 2));
	assert_nobody_is_deceived(meeting);
}

/* The hub is another one from now on: what it said is said anew. */
static void end_mischief(struct call_meeting *meeting, struct mischief *mischief)
{
	mischief->is_at_work = false;
	for (size_t box = 0; box < meeting->n_people; box++) {
		if (delivery_sim_is_here(meeting->sim, box))
			delivery_sim_cut(meeting->sim, box);
		delivery_sim_resume(meeting->sim, box);
	}
}

static void test_walks(void **state)
{
	const char *given = getenv("BALAI_SEED");
	unsigned int seed = given ? (unsigned int)strtoul(given, NULL, 10) : 9180;
	unsigned int n_walks = getenv("BALAI_LONG") ? 200 : 4;

	print_message("# seed %u, %u walks\n", seed, n_walks);
	for (unsigned int i = 0; i < n_walks; i++) {
		struct mischief mischief = {.seed = seed + i, .is_at_work = true};
		struct call_meeting meeting;

		call_meeting_init(&meeting, *state, 6, seed + i);
		mischief.sim = meeting.sim;
		delivery_sim_meddle(meeting.sim, meddle, &mischief);
		for (int step = 0; step < 40; step++)
			walk_step(&meeting, &mischief);
		end_mischief(&meeting, &mischief);
		if (!call_meeting_settles(&meeting, 120 * SECOND_US))
			fail_msg("walk %u of seed %u", i, seed);
		assert_nobody_is_deceived(&meeting);
		for (size_t kept = 0; kept < EARLIER; kept++)
			free(mischief.earlier[kept].bytes);
		call_meeting_finish(&meeting);
	}
}

/* Keeps the last event of each kind to a box. */
struct spy {
	size_t box;
	struct delivery_event last[DELIVERY_ANSWER + 1];
};

static bool spy_on(void *context, size_t box, struct delivery_event *event)
{
	struct spy *spy = context;
	struct delivery_event *last = &spy->last[event->kind];

	if (box != spy->box)
		return true;
	free(last->bytes);
	*last = *event;
	last->bytes = malloc(event->length + 1);
	assert_non_null(last->bytes);
	if (event->length > 0)
		memcpy(last->bytes, event->bytes, event->length);
	return true;
}

static void spy_finish(struct spy *spy)
{
	for (size_t i = 0; i <= DELIVERY_ANSWER; i++)
		free(spy->last[i].bytes);
}

static struct call_counters counters_of(struct call_meeting *meeting, size_t box)
{
	return call_group_counters(delivery_sim_call(meeting->sim, box));
}

/* A commit that was taken, a Welcome that was taken and a knock that was answered come again. */
static void test_replay(void **state)
{
	struct call_meeting meeting;
	struct spy spy = {.box = 1};
	size_t n_epochs;

	call_meeting_begin(&meeting, *state, 4, 1);
	delivery_sim_meddle(meeting.sim, spy_on, &spy);
	for (size_t box = 1; box < 4; box++) {
		delivery_sim_join(meeting.sim, box);
		assert_true(delivery_sim_run(meeting.sim));
	}
	n_epochs = delivery_sim_view(meeting.sim, 1)->n_epochs;
	delivery_sim_inject(meeting.sim, 1, &spy.last[DELIVERY_COMMIT]);
	delivery_sim_inject(meeting.sim, 1, &spy.last[DELIVERY_WELCOME]);
	assert_true(delivery_sim_run(meeting.sim));
	assert_int_equal(counters_of(&meeting, 1).replayed, 1);
	assert_int_equal(delivery_sim_view(meeting.sim, 1)->n_epochs, n_epochs);
	assert_true(delivery_sim_agrees(meeting.sim));
	spy_finish(&spy);
	call_meeting_finish(&meeting);
}

/* Its key package is used up: the keeper refuses it, and the member stays in. */
static void test_replayed_knock(void **state)
{
	struct call_meeting meeting;
	struct spy spy = {.box = 0};

	call_meeting_begin(&meeting, *state, 3, 1);
	delivery_sim_meddle(meeting.sim, spy_on, &spy);
	delivery_sim_join(meeting.sim, 1);
	assert_true(delivery_sim_run(meeting.sim));
	delivery_sim_inject(meeting.sim, 0, &spy.last[DELIVERY_KNOCK]);
	assert_true(delivery_sim_run(meeting.sim));
	assert_int_equal(counters_of(&meeting, 0).replayed, 1);
	assert_int_equal(delivery_sim_view(meeting.sim, 0)->epoch.keys.number, 1);
	assert_true(delivery_sim_agrees(meeting.sim));
	spy_finish(&spy);
	call_meeting_finish(&meeting);
}

/* A knock under another's number, and a message as if another had sent it. */
static void test_wrong_numbers(void **state)
{
	struct call_meeting meeting;
	struct spy spy = {.box = 0};
	struct delivery_event *knock = &spy.last[DELIVERY_KNOCK];

	call_meeting_begin(&meeting, *state, 4, 3);
	delivery_sim_meddle(meeting.sim, spy_on, &spy);
	delivery_sim_join(meeting.sim, 3);
	assert_true(delivery_sim_run(meeting.sim));
	knock->member = 2;
	delivery_sim_inject(meeting.sim, 0, knock);
	assert_true(delivery_sim_run(meeting.sim));
	assert_int_equal(delivery_sim_view(meeting.sim, 0)->n_refusals, 1);
	assert_int_equal(delivery_sim_view(meeting.sim, 0)->refusal.reason, CALL_REASON_BROKEN);
	assert_int_equal(delivery_sim_view(meeting.sim, 0)->epoch.n_members, 4);
	assert_true(delivery_sim_agrees(meeting.sim));
	spy_finish(&spy);
	call_meeting_finish(&meeting);
}

static bool change_teller(void *context, size_t box, struct delivery_event *event)
{
	const size_t *victim = context;

	if (event->kind == DELIVERY_TELL && box == *victim)
		event->member = 3;
	return true;
}

/* What the keeper tells is not taken from the hub as if another member told it. */
static void test_wrong_teller(void **state)
{
	struct call_meeting meeting;
	struct spy spy = {.box = 0};
	size_t victim = 1;

	call_meeting_begin(&meeting, *state, 4, 3);
	delivery_sim_meddle(meeting.sim, spy_on, &spy);
	delivery_sim_join(meeting.sim, 3);
	assert_true(delivery_sim_run(meeting.sim));
	delivery_sim_meddle(meeting.sim, change_teller, &victim);
	spy.last[DELIVERY_KNOCK].member = 2;
	delivery_sim_inject(meeting.sim, 0, &spy.last[DELIVERY_KNOCK]);
	assert_true(delivery_sim_run(meeting.sim));
	assert_int_equal(delivery_sim_view(meeting.sim, 2)->n_refusals, 1);
	assert_string_equal(delivery_sim_view(meeting.sim, 2)->refusal.by, "guest 0");
	assert_int_equal(delivery_sim_view(meeting.sim, 1)->n_refusals, 0);
	assert_int_equal(counters_of(&meeting, 1).forged, 1);
	spy_finish(&spy);
	call_meeting_finish(&meeting);
}

static bool turn_commits_into_tells(void *context, size_t box, struct delivery_event *event)
{
	const size_t *victim = context;

	if (event->kind == DELIVERY_COMMIT && box == *victim) {
		event->kind = DELIVERY_TELL;
		event->member = 1;
	}
	return true;
}

/* A commit is one only in its place: by another way it changes nothing. */
static void test_commit_as_tell(void **state)
{
	struct call_meeting meeting;
	size_t victim = 1;
	uint64_t epoch;

	call_meeting_begin(&meeting, *state, 4, 3);
	delivery_sim_meddle(meeting.sim, turn_commits_into_tells, &victim);
	delivery_sim_join(meeting.sim, 3);
	assert_true(delivery_sim_run(meeting.sim));
	assert_true(call_group_epoch(delivery_sim_call(meeting.sim, 1), &epoch));
	assert_int_equal(epoch, 2);
	assert_int_equal(counters_of(&meeting, 1).forged, 1);
	call_meeting_finish(&meeting);
}

static bool hide_member(void *context, size_t box, struct delivery_event *event)
{
	const uint16_t *hidden = context;

	(void)box;
	for (size_t i = 0; event->kind == DELIVERY_ROSTER && i < event->n_seats; i++) {
		if (event->seats[i].number == *hidden)
			event->seats[i] = event->seats[--event->n_seats];
	}
	return true;
}

/* The hub says that a member left, who is there: it is put out, which all see, and comes back. */
static void test_claims_that_one_left(void **state)
{
	struct call_meeting meeting;
	uint16_t hidden = 3;

	call_meeting_begin(&meeting, *state, 4, 3);
	delivery_sim_meddle(meeting.sim, hide_member, &hidden);
	delivery_sim_join(meeting.sim, 3);
	assert_true(delivery_sim_run(meeting.sim));
	assert_int_equal(delivery_sim_view(meeting.sim, 0)->epoch.n_members, 3);
	assert_int_not_equal(delivery_sim_view(meeting.sim, 2)->state, CALL_ENCRYPTED);
	hidden = 0;
	delivery_sim_cut(meeting.sim, 1);
	delivery_sim_resume(meeting.sim, 1);
	assert_true(call_meeting_settles(&meeting, 60 * SECOND_US));
	assert_int_equal(delivery_sim_view(meeting.sim, 2)->epoch.n_members, 4);
	call_meeting_finish(&meeting);
}

/* Two halves are kept apart: neither sees the other's epochs, their codes tell, and they find together. */
static void test_fork(void **state)
{
	static const bool sides[DELIVERY_BOXES_MAX] = {false, true, false, true, false, true};
	struct call_meeting meeting;
	const struct delivery_view *a, *b;

	call_meeting_begin(&meeting, *state, 6, 4);
	delivery_sim_fork(meeting.sim, sides);
	delivery_sim_join(meeting.sim, 4);
	assert_true(delivery_sim_run(meeting.sim));
	a = delivery_sim_view(meeting.sim, 0);
	b = delivery_sim_view(meeting.sim, 1);
	assert_int_equal(a->epoch.n_members, 5);
	assert_int_equal(b->epoch.n_members, 4);
	assert_string_not_equal(a->epoch.code, b->epoch.code);
	assert_nobody_is_deceived(&meeting);
	delivery_sim_fork(meeting.sim, NULL);
	delivery_sim_join(meeting.sim, 5);
	assert_true(call_meeting_settles(&meeting, 60 * SECOND_US));
	assert_int_equal(a->epoch.n_members, 6);
	assert_string_equal(a->epoch.code, b->epoch.code);
	call_meeting_finish(&meeting);
}

/* The hub as the door: it has a key of its own, and a group of its own to let others in. */
struct rogue {
	struct delivery_sim *sim;
	struct mls_key_pair door;
	struct mls_party party;
	struct mls_owner_ops ops; /* of the party */
	struct mls_writer package;
	uint8_t id[MLS_GROUP_ID_BYTES_MAX];
	size_t id_length;
};

static bool pose_as_door(void *context, size_t box, struct delivery_event *event)
{
	const struct rogue *rogue = context;

	if (box == 1 && event->kind == DELIVERY_DOOR)
		memcpy(event->door.key, rogue->door.public_key, MLS_PUBLIC_KEY_BYTES);
	/* The keeper is handed what it cannot open, and its answer must not reach who knocks. */
	return !(box == 1 && event->kind == DELIVERY_REFUSED);
}

static bool open_knock(void *context, const struct call_order *order)
{
	struct rogue *rogue = context;

	if (order->kind != CALL_ORDER_KNOCK)
		return true;
	mls_writer_finish(&rogue->package);
	assert_int_equal(knock_open(&rogue->door, (struct mls_bytes){(const uint8_t *)"meeting", 7},
				    order->bytes, &rogue->package),
			 0);
	return false;
}

static uint64_t real_now_s(void *context)
{
	(void)context;
	return (uint64_t)time(NULL);
}

static void send_own_welcome(struct rogue *rogue)
{
	struct mls_proposal proposal = {.type = MLS_PROPOSAL_ADD};
	struct mls_writer commit, welcome;
	struct mls_reader reader;

	mls_writer_init(&commit, MLS_MESSAGE_BYTES_MAX);
	mls_writer_init(&welcome, MLS_WELCOME_BYTES_MAX);
	mls_reader_init(&reader, mls_writer_bytes(&rogue->package));
	mls_key_package_read(&reader, &proposal.add);
	assert_int_equal(mls_group_create(&rogue->party.member,
					  (struct mls_bytes){rogue->id, rogue->id_length},
					  rogue->party.package, &rogue->party.group),
			 0);
	rogue->ops.now_s = real_now_s;
	assert_int_equal(mls_group_commit(rogue->party.group, &proposal, 1, &commit, &welcome), 0);
	delivery_sim_inject(rogue->sim, 1,
			    &(struct delivery_event){
				    .kind = DELIVERY_WELCOME,
				    .epoch = 1,
				    .bytes = welcome.data,
				    .length = welcome.length,
			    });
	mls_writer_finish(&commit);
	mls_writer_finish(&welcome);
}

/*
 * Who knocks at it shows it its name, and no more: the hub has no certificate, so that its group is not
 * one to be in; and one that is not of this meeting is not either, whoever is in it.
 */
static void test_hub_as_door(void **state)
{
	static const struct {
		bool takes_guests;
		size_t id_length;
		enum call_reason reason;
	} rows[] = {
		{false, 32, CALL_REASON_MEMBER},
		{true, 32, CALL_REASON_BROKEN},
		{true, 7, CALL_REASON_BROKEN},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rogue rogue = {.id_length = rows[i].id_length};
		struct mls_trust *trust =
			call_trust(*state, "ca", rows[i].takes_guests, (struct mls_bytes){0});
		struct call_person keeper, victim;
		struct delivery_person person;
		uint64_t epoch;

		rogue.sim = delivery_sim_create(1);
		delivery_sim_set_clock(rogue.sim, (uint64_t)time(NULL));
		mls_writer_init(&rogue.package, MLS_MESSAGE_BYTES_MAX);
		mls_party_init(&rogue.party, 9);
		rogue.ops = *mls_party_ops();
		rogue.party.member.owner.ops = &rogue.ops;
		assert_int_equal(mls_key_pair_generate(&rogue.door), 0);
		call_person_room(&keeper, *state, "room");
		call_person_room(&victim, *state, "hub");
		person = call_person_at(&keeper, trust);
		delivery_sim_add(rogue.sim, &person);
		person = call_person_at(&victim, trust);
		delivery_sim_add(rogue.sim, &person);
		delivery_sim_join(rogue.sim, 0);
		assert_true(delivery_sim_run(rogue.sim));
		delivery_sim_meddle(rogue.sim, pose_as_door, &rogue);
		delivery_sim_intercept(rogue.sim, open_knock, &rogue);
		delivery_sim_join(rogue.sim, 1);
		assert_true(delivery_sim_run(rogue.sim));
		assert_true(rogue.package.length > 0);
		send_own_welcome(&rogue);
		assert_true(delivery_sim_run(rogue.sim));
		assert_int_equal(delivery_sim_view(rogue.sim, 1)->state, CALL_REFUSED);
		assert_int_equal(delivery_sim_view(rogue.sim, 1)->reason, rows[i].reason);
		assert_false(call_group_epoch(delivery_sim_call(rogue.sim, 1), &epoch));
		assert_int_equal(delivery_sim_view(rogue.sim, 1)->n_epochs, 0);
		mls_writer_finish(&rogue.package);
		mls_party_finish(&rogue.party);
		delivery_sim_destroy(rogue.sim);
		call_person_finish(&keeper);
		call_person_finish(&victim);
		mls_trust_destroy(trust);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_walks),
		cmocka_unit_test(test_replay),
		cmocka_unit_test(test_replayed_knock),
		cmocka_unit_test(test_wrong_numbers),
		cmocka_unit_test(test_wrong_teller),
		cmocka_unit_test(test_commit_as_tell),
		cmocka_unit_test(test_claims_that_one_left),
		cmocka_unit_test(test_fork),
		cmocka_unit_test(test_hub_as_door),
	};

	return cmocka_run_group_tests(tests, test_pki_set_up, test_pki_tear_down);
}
