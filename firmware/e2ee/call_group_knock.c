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
	/* What cannot be opened has no name, and may come from the hub itself. */
	if (leaf || reason != CALL_REASON_BROKEN)
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

/* The hub hands each knock over once; what comes again is by it, and nobody waits for an answer. */
static bool is_new(struct call_keeping *keeping, const uint8_t hash[MLS_HASH_BYTES])
{
	size_t n = keeping->n_seen < CALL_SEEN_MAX ? keeping->n_seen : CALL_SEEN_MAX;

	for (size_t i = 0; i < n; i++) {
		if (memcmp(keeping->seen[i], hash, MLS_HASH_BYTES) == 0)
			return false;
	}
	memcpy(keeping->seen[keeping->n_seen++ % CALL_SEEN_MAX], hash, MLS_HASH_BYTES);
	return true;
}

/* Takes over what was opened, on success. */
static int take_knock(struct call_group *group, uint16_t number, struct mls_writer *opened,
		      struct mls_key_package *package)
{
	struct mls_bytes encoded = mls_writer_bytes(opened);
	uint8_t hash[MLS_HASH_BYTES];
	int r = mls_hash(encoded.data, encoded.length, hash);

	if (r == 0)
		r = check_knock(group, number, encoded, package);
	if (r < 0)
		return r;
	if (is_new(&group->keeping, hash)) {
		queue_knocker(group, number, opened);
	} else {
		group->counters.replayed++;
		mls_writer_finish(opened);
	}
	return 0;
}

void call_group_knock(struct call_group *group, uint16_t member, struct mls_bytes sealed)
{
	struct mls_key_package package = {0};
	struct mls_writer opened;
	int r;

	if (!group->hub.is_joined || !group->group || !call_has_door(group))
		return;
	mls_writer_init(&opened, KNOCK_BYTES_MAX);
	r = knock_open(&group->keeping.pair, call_meeting(group), sealed, &opened);
	if (r == 0)
		r = take_knock(group, member, &opened, &package);
	if (r < 0)
		call_refuse(group, member, package.leaf.encoded.length > 0 ? &package.leaf : NULL,
			    call_reason_of_other(r));
	else
		call_keep(group);
	if (r < 0)
		mls_writer_finish(&opened);
}
