#include <string.h>

#include "e2ee/call_group_private.h"
#include "e2ee/knock.h"

void call_drop_knocker(struct call_keeping *keeping, size_t i)
{
	mls_writer_finish(&keeping->knockers[i].package);
	keeping->n_knockers--;
	memmove(&keeping->knockers[i], &keeping->knockers[i + 1],
		(keeping->n_knockers - i) * sizeof(keeping->knockers[0]));
}

void call_drop_knockers(struct call_keeping *keeping)
{
	while (keeping->n_knockers > 0)
		call_drop_knocker(keeping, keeping->n_knockers - 1);
}

void call_keep_roster(struct call_group *group)
{
	struct call_keeping *keeping = &group->keeping;

	for (size_t i = keeping->n_knockers; i-- > 0;) {
		if (!call_seat_of(group, keeping->knockers[i].number))
			call_drop_knocker(keeping, i);
	}
}

void call_refuse(struct call_group *group, uint16_t number, const struct mls_leaf_node *leaf,
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
			call_drop_knocker(keeping, i);
	}
	if (keeping->n_knockers == CALL_KNOCKERS_MAX) {
		mls_writer_finish(package);
		call_refuse(group, number, NULL, CALL_REASON_FULL);
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

	if (!group->hub.is_joined || !group->group || !call_has_door(group))
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
	call_refuse(group, member, package.leaf.encoded.length > 0 ? &package.leaf : NULL, reason);
	mls_writer_finish(&opened);
}
