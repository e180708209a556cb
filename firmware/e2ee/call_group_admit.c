#include <errno.h>
#include <string.h>

#include "e2ee/call_group_private.h"

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
		if (call_is_unwanted(group, i))
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
		if (call_has_door(group) && !plan_joiner(group, plan, &keeping->knockers[i]))
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

		if (!call_is_unwanted(group, i) || refusal.reason == CALL_REASON_NONE)
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

		call_refuse(group, keeping->knockers[i].number, first_joiner(plan),
			    CALL_REASON_BROKEN);
		call_drop_knocker(keeping, i);
	} else {
		keeping->pause_us = call_now_us(group) + CALL_SECOND_US;
		call_say(group, CALL_ENCRYPTED, call_reason_of_own(error));
	}
}

/* Until one is on its way, nothing is left to commit, or something fails that takes time to pass. */
void call_admit(struct call_group *group)
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

void call_commit_won(struct call_group *group)
{
	struct call_keeping *keeping = &group->keeping;

	keeping->is_commit_asked = false;
	mls_writer_finish(&keeping->commit);
	for (size_t i = keeping->n_knockers; i-- > 0;) {
		if (keeping->knockers[i].is_in_commit)
			call_drop_knocker(keeping, i);
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
