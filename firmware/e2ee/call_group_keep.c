#include <errno.h>
#include <string.h>

#include "e2ee/call_group_private.h"
#include "e2ee/knock.h"

/* What key packages of one commit have together, so that it stays below MLS_MESSAGE_BYTES_MAX. */
#define PACKAGES_BYTES_MAX (24U << 10)

/* A commit as it is put together. */
struct plan {
	struct mls_proposal proposals[MLS_PROPOSALS_MAX];
	size_t n;
	size_t limit; /* of them */
	struct mls_leaf_set removed;
	struct call_knocker *joiners[CALL_JOINERS_MAX];
	size_t n_joiners;
	size_t package_bytes;
};

void call_keeping_init(struct call_keeping *keeping)
{
	mls_writer_init(&keeping->commit, MLS_MESSAGE_BYTES_MAX);
	keeping->behind_us = CALL_NEVER;
	keeping->since_us = CALL_NEVER;
	keeping->batch = CALL_JOINERS_MAX;
}

static void drop_knocker(struct call_keeping *keeping, size_t i)
{
	mls_writer_finish(&keeping->knockers[i].package);
	keeping->n_knockers--;
	memmove(&keeping->knockers[i], &keeping->knockers[i + 1],
		(keeping->n_knockers - i) * sizeof(keeping->knockers[0]));
}

static void drop_knockers(struct call_keeping *keeping)
{
	while (keeping->n_knockers > 0)
		drop_knocker(keeping, keeping->n_knockers - 1);
}

void call_keeping_finish(struct call_keeping *keeping)
{
	drop_knockers(keeping);
	mls_writer_finish(&keeping->commit);
	mls_wipe(keeping, sizeof(*keeping));
	call_keeping_init(keeping);
}

/* This member is the one that admits, by the key that it has. */
static bool has_door(const struct call_group *group)
{
	const struct call_door *door = &group->hub.door;

	return door->state == CALL_DOOR_OPEN && door->member == group->hub.number &&
	       group->keeping.has_pair &&
	       memcmp(door->key, group->keeping.pair.public_key, sizeof(door->key)) == 0;
}

void call_keep_door(struct call_group *group)
{
	drop_knockers(&group->keeping);
	if (!group->keeping.is_door_asked) {
		mls_wipe(&group->keeping.pair, sizeof(group->keeping.pair));
		group->keeping.has_pair = false;
	}
}

void call_keep_roster(struct call_group *group)
{
	struct call_keeping *keeping = &group->keeping;

	for (size_t i = keeping->n_knockers; i-- > 0;) {
		if (!call_seat_of(group, keeping->knockers[i].number))
			drop_knocker(keeping, i);
	}
}

static bool has_passed(const struct call_door *door, uint16_t number)
{
	for (size_t i = 0; i < door->n_passed; i++) {
		if (door->passed[i] == number)
			return true;
	}
	return false;
}

/* How many come before this member where something is to be done. */
static int64_t rank(const struct call_group *group)
{
	const struct call_door *door = &group->hub.door;
	bool is_last = door->state == CALL_DOOR_VACANT && has_passed(door, group->hub.number);
	uint32_t own_leaf = mls_group_own_leaf(group->group);
	int64_t n = 0;

	if (has_door(group))
		return 0;
	for (size_t i = 0; i < group->n_members; i++) {
		const struct call_member *member = &group->members[i];
		const struct call_seat *seat = call_seat_of(group, member->number);
		bool is_before = member->leaf < own_leaf || (is_last && member->leaf != own_leaf);

		if (seat && seat->is_here && is_before && !has_passed(door, member->number))
			n++;
	}
	/* The door's member has time to do it itself. */
	return door->state == CALL_DOOR_OPEN && door->member != group->hub.number ? n + 2 : n;
}

static bool is_unwanted(const struct call_group *group, size_t i)
{
	const struct call_member *member = &group->members[i];

	if (member->leaf == mls_group_own_leaf(group->group))
		return false;
	return group->unwanted[i] != CALL_REASON_NONE || !call_seat_of(group, member->number);
}

static bool is_door_to_take(const struct call_group *group)
{
	const struct call_door *door = &group->hub.door;

	return door->state == CALL_DOOR_VACANT ||
	       (door->member == group->hub.number && !group->keeping.has_pair);
}

static bool has_work(const struct call_group *group)
{
	if (group->keeping.n_knockers > 0 || is_door_to_take(group))
		return true;
	for (size_t i = 0; i < group->n_members; i++) {
		if (is_unwanted(group, i))
			return true;
	}
	return false;
}

static void take_door(struct call_group *group)
{
	struct call_order order = {.kind = CALL_ORDER_DOOR};
	struct call_keeping *keeping = &group->keeping;

	if (mls_key_pair_generate(&keeping->pair) == 0) {
		order.bytes = (struct mls_bytes){keeping->pair.public_key, MLS_PUBLIC_KEY_BYTES};
		keeping->has_pair = call_send(group, &order) == 0;
		keeping->is_door_asked = keeping->has_pair;
	}
	if (!keeping->has_pair)
		keeping->pause_us = call_now_us(group) + CALL_SECOND_US;
}

void call_door_answered(struct call_group *group, int code)
{
	struct call_keeping *keeping = &group->keeping;

	if (!group->group || !keeping->is_door_asked)
		return;
	keeping->is_door_asked = false;
	if (code != CALL_ANSWER_OK) {
		keeping->has_pair = false;
		keeping->pause_us = call_now_us(group) + CALL_SECOND_US;
	}
	if (code == CALL_ANSWER_NO_GROUP)
		call_leave(group, CALL_REASON_MISSED);
}

static void refuse(struct call_group *group, uint16_t number, const struct mls_leaf_node *leaf,
		   enum call_reason reason)
{
	struct call_refusal refusal = {.number = number, .reason = reason};
	struct call_order order = {
		.kind = CALL_ORDER_REFUSE,
		.members = {number},
		.n_members = 1,
		.reason = reason,
	};

	if (leaf && !mls_trust_claim(leaf, refusal.name))
		refusal.name[0] = '\0';
	group->counters.refused++;
	/* Where it does not go out, the hub gives the door to another in time. */
	(void)!call_send(group, &order);
	call_tell_refusal(group, &refusal);
}

/* Whether a key package may be added: right in itself, and of who knocks by it. */
static int check_knock(const struct call_group *group, uint16_t number, struct mls_bytes encoded,
		       struct mls_key_package *package)
{
	struct mls_reader reader;
	uint16_t said;
	int r;

	mls_reader_init(&reader, encoded);
	mls_key_package_read(&reader, package);
	r = mls_reader_close(&reader);
	if (r < 0) {
		package->leaf = (struct mls_leaf_node){0};
		return r;
	}
	r = mls_key_package_check(package, &group->member.owner);
	if (r < 0)
		return r;
	if (!mls_leaf_node_number(&package->leaf, &said) || said != number ||
	    number == group->hub.number || !call_seat_of(group, number) ||
	    mls_bytes_equal(package->leaf.signature_key,
			    (struct mls_bytes){group->config.signer->public_key,
					       MLS_PUBLIC_KEY_BYTES}))
		return -MLS_ERROR_KEY_PACKAGE;
	return 0;
}

static void queue_knocker(struct call_group *group, uint16_t number, struct mls_writer *package)
{
	struct call_keeping *keeping = &group->keeping;

	for (size_t i = 0; i < keeping->n_knockers; i++) {
		/* What is in a commit stays there; the newer one follows. */
		if (keeping->knockers[i].number == number && !keeping->knockers[i].is_in_commit)
			drop_knocker(keeping, i);
	}
	if (keeping->n_knockers == CALL_KNOCKERS_MAX) {
		mls_writer_finish(package);
		refuse(group, number, NULL, CALL_REASON_FULL);
		return;
	}
	keeping->knockers[keeping->n_knockers++] =
		(struct call_knocker){.number = number, .package = *package};
}

void call_group_knock(struct call_group *group, uint16_t member, struct mls_bytes sealed)
{
	struct mls_key_package package = {0};
	struct mls_writer opened;
	enum call_reason reason;
	int r;

	if (!group->hub.is_joined || !group->group || !has_door(group))
		return;
	mls_writer_init(&opened, KNOCK_BYTES_MAX);
	r = knock_open(&group->keeping.pair, call_meeting(group), sealed, &opened);
	if (r == 0)
		r = check_knock(group, member, mls_writer_bytes(&opened), &package);
	if (r == 0) {
		queue_knocker(group, member, &opened);
		call_keep(group);
		return;
	}
	reason = call_reason_of_other(r);
	refuse(group, member, package.leaf.encoded.length > 0 ? &package.leaf : NULL, reason);
	mls_writer_finish(&opened);
}

static void plan_removal(struct plan *plan, uint32_t leaf)
{
	if (mls_leaf_set_has(&plan->removed, leaf) || plan->n == plan->limit)
		return;
	mls_leaf_set_add(&plan->removed, leaf);
	plan->proposals[plan->n++] =
		(struct mls_proposal){.type = MLS_PROPOSAL_REMOVE, .removed = leaf};
}

static void plan_removals(struct call_group *group, struct plan *plan)
{
	for (size_t i = 0; i < group->n_members; i++) {
		if (is_unwanted(group, i))
			plan_removal(plan, group->members[i].leaf);
	}
}

/* An older leaf of who knocks: it is in no group any more, or has another number now. */
static bool is_older_leaf(const struct call_group *group, const struct call_member *member,
			  const struct call_knocker *knocker, const struct mls_key_package *package)
{
	const struct mls_tree *tree = mls_group_tree(group->group);

	return member->number == knocker->number ||
	       mls_bytes_equal(mls_tree_leaf(tree, member->leaf)->signature_key,
			       package->leaf.signature_key);
}

static bool is_planned(const struct plan *plan, const struct mls_key_package *package)
{
	for (size_t i = 0; i < plan->n; i++) {
		const struct mls_proposal *proposal = &plan->proposals[i];

		if (proposal->type == MLS_PROPOSAL_ADD &&
		    mls_bytes_equal(proposal->add.leaf.signature_key, package->leaf.signature_key))
			return true;
	}
	return false;
}

/* False: it has to wait for the next commit. */
static bool plan_joiner(const struct call_group *group, struct plan *plan,
			struct call_knocker *knocker)
{
	struct mls_proposal proposal = {.type = MLS_PROPOSAL_ADD};
	struct mls_reader reader;
	struct plan before = *plan;

	mls_reader_init(&reader, mls_writer_bytes(&knocker->package));
	mls_key_package_read(&reader, &proposal.add);
	for (size_t i = 0; i < group->n_members; i++) {
		if (is_older_leaf(group, &group->members[i], knocker, &proposal.add))
			plan_removal(plan, group->members[i].leaf);
	}
	if (plan->n == plan->limit || is_planned(plan, &proposal.add) ||
	    (plan->n_joiners > 0 &&
	     plan->package_bytes + knocker->package.length > PACKAGES_BYTES_MAX)) {
		*plan = before;
		return false;
	}
	plan->package_bytes += knocker->package.length;
	plan->proposals[plan->n++] = proposal;
	plan->joiners[plan->n_joiners++] = knocker;
	return true;
}

static void plan_commit(struct call_group *group, struct plan *plan)
{
	struct call_keeping *keeping = &group->keeping;
	const struct call_psk *psk = group->config.psk;

	plan->limit = psk ? MLS_PROPOSALS_MAX - 1 : MLS_PROPOSALS_MAX;
	plan_removals(group, plan);
	for (size_t i = 0; i < keeping->n_knockers && plan->n_joiners < keeping->batch; i++) {
		if (has_door(group) && !plan_joiner(group, plan, &keeping->knockers[i]))
			break;
	}
	if (psk && plan->n > 0)
		plan->proposals[plan->n++] = (struct mls_proposal){
			.type = MLS_PROPOSAL_PSK,
			.psk = {.type = MLS_PSK_EXTERNAL, .id = psk->id},
		};
}

static int send_commit(struct call_group *group, const struct plan *plan, struct mls_bytes welcome)
{
	struct call_keeping *keeping = &group->keeping;
	struct call_order order = {
		.kind = CALL_ORDER_COMMIT,
		.epoch = mls_group_epoch(group->group),
		.bytes = mls_writer_bytes(&keeping->commit),
		.welcome = welcome,
		.n_members = plan->n_joiners,
	};

	for (size_t i = 0; i < plan->n_joiners; i++)
		order.members[i] = plan->joiners[i]->number;
	return call_send(group, &order);
}

/* Says who is put out, beyond those that left by themselves. */
static void tell_removals(struct call_group *group)
{
	for (size_t i = 0; i < group->n_members; i++) {
		const struct call_member *member = &group->members[i];
		struct call_refusal refusal = {
			.number = member->number,
			.reason = group->unwanted[i],
		};

		if (!is_unwanted(group, i) || refusal.reason == CALL_REASON_NONE)
			continue;
		memcpy(refusal.name, member->identity.name, sizeof(refusal.name));
		call_tell_refusal(group, &refusal);
	}
}

static int make_commit(struct call_group *group, const struct plan *plan)
{
	struct call_keeping *keeping = &group->keeping;
	struct mls_writer welcome;
	int r;

	mls_writer_finish(&keeping->commit);
	mls_writer_init(&welcome, MLS_WELCOME_BYTES_MAX);
	r = mls_group_commit(group->group, plan->proposals, plan->n, &keeping->commit, &welcome);
	if (r == 0)
		tell_removals(group);
	if (r == 0)
		r = send_commit(group, plan, mls_writer_bytes(&welcome));
	mls_writer_finish(&welcome);
	if (r < 0) {
		mls_group_withdraw(group->group);
		return r;
	}
	keeping->is_commit_asked = true;
	keeping->commit_epoch = mls_group_epoch(group->group);
	for (size_t i = 0; i < plan->n_joiners; i++)
		plan->joiners[i]->is_in_commit = true;
	return 0;
}

static const struct mls_leaf_node *first_joiner(const struct plan *plan)
{
	size_t i = 0;

	while (plan->proposals[i].type != MLS_PROPOSAL_ADD)
		i++;
	return &plan->proposals[i].add.leaf;
}

/* Finds out which joiner spoils a commit, and lets that one stay outside. */
static void commit_failed(struct call_group *group, const struct plan *plan, int error)
{
	struct call_keeping *keeping = &group->keeping;

	if (plan->n_joiners > 1) {
		keeping->batch = 1;
	} else if (plan->n_joiners == 1 && -error >= MLS_ERROR_TRUNCATED) {
		size_t i = (size_t)(plan->joiners[0] - keeping->knockers);

		refuse(group, keeping->knockers[i].number, first_joiner(plan), CALL_REASON_BROKEN);
		drop_knocker(keeping, i);
	} else {
		keeping->pause_us = call_now_us(group) + CALL_SECOND_US;
		call_say(group, CALL_ENCRYPTED, call_reason_of_own(error));
	}
}

/* Until one is on its way, nothing is left to commit, or something fails that takes time to pass. */
static void commit_planned(struct call_group *group)
{
	struct call_keeping *keeping = &group->keeping;

	while (!keeping->is_commit_asked && call_now_us(group) >= keeping->pause_us) {
		struct plan plan = {0};
		int r;

		plan_commit(group, &plan);
		if (plan.n == 0)
			return;
		r = make_commit(group, &plan);
		if (r == 0)
			call_say(group, CALL_ENCRYPTED, CALL_REASON_NONE);
		else
			commit_failed(group, &plan, r);
	}
}

/* May do something now. */
static bool is_free(const struct call_group *group)
{
	const struct call_hub *hub = &group->hub;

	return group->group && hub->is_joined && hub->has_roster && hub->has_door &&
	       !hub->is_resuming && call_now_us(group) >= group->keeping.pause_us;
}

static int64_t turn_us(const struct call_group *group)
{
	return group->keeping.since_us + rank(group) * CALL_STEP_US;
}

void call_keep(struct call_group *group)
{
	struct call_keeping *keeping = &group->keeping;

	if (group->group && call_now_us(group) >= keeping->behind_us) {
		call_leave(group, CALL_REASON_MISSED);
		return;
	}
	if (!is_free(group))
		return;
	if (!has_work(group)) {
		keeping->since_us = CALL_NEVER;
		return;
	}
	if (keeping->since_us == CALL_NEVER)
		keeping->since_us = call_now_us(group);
	if (call_now_us(group) < turn_us(group))
		return;
	if (is_door_to_take(group) && !keeping->is_door_asked)
		take_door(group);
	if (keeping->behind_us == CALL_NEVER)
		commit_planned(group);
}

int64_t call_keep_due(const struct call_group *group)
{
	const struct call_keeping *keeping = &group->keeping;
	int64_t now_us = call_now_us(group);
	int64_t due_us = CALL_NEVER;

	if (!group->group || !group->hub.is_joined)
		return CALL_NEVER;
	if (keeping->pause_us > now_us)
		due_us = keeping->pause_us;
	else if (keeping->since_us != CALL_NEVER && turn_us(group) > now_us)
		due_us = turn_us(group);
	return keeping->behind_us < due_us ? keeping->behind_us : due_us;
}

void call_commit_won(struct call_group *group)
{
	struct call_keeping *keeping = &group->keeping;

	keeping->is_commit_asked = false;
	mls_writer_finish(&keeping->commit);
	for (size_t i = keeping->n_knockers; i-- > 0;) {
		if (keeping->knockers[i].is_in_commit)
			drop_knocker(keeping, i);
	}
	keeping->batch = CALL_JOINERS_MAX;
	if (mls_group_advance(group->group) < 0)
		call_leave(group, CALL_REASON_MISSED);
	else
		call_begin_epoch(group, group->group);
}

void call_commit_lost(struct call_group *group)
{
	struct call_keeping *keeping = &group->keeping;

	keeping->is_commit_asked = false;
	mls_writer_finish(&keeping->commit);
	mls_group_withdraw(group->group);
	for (size_t i = 0; i < keeping->n_knockers; i++)
		keeping->knockers[i].is_in_commit = false;
}

void call_commit_answered(struct call_group *group, int code)
{
	struct call_keeping *keeping = &group->keeping;
	bool was_of_now;

	if (!group->group || !keeping->is_commit_asked)
		return;
	if (code == CALL_ANSWER_OK) {
		call_commit_won(group);
		return;
	}
	if (code == CALL_ANSWER_NO_GROUP) {
		call_leave(group, CALL_REASON_MISSED);
		return;
	}
	was_of_now = keeping->commit_epoch == mls_group_epoch(group->group);
	call_commit_lost(group);
	if (code == CALL_ANSWER_EPOCH) {
		group->counters.lost_commits++;
		/* The winner's comes yet, if it has not come already. */
		if (was_of_now)
			keeping->behind_us = call_now_us(group) + CALL_PATIENCE_US;
	} else {
		keeping->pause_us = call_now_us(group) + CALL_SECOND_US;
	}
	call_keep(group);
}
