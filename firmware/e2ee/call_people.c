#include "e2ee/call_people.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct known {
	uint8_t hash[MLS_HASH_BYTES]; /* of what is judged */
	uint64_t checked_s;
	struct mls_identity identity;
};

struct call_people {
	struct mls_trust *trust;
	struct known known[MLS_LEAVES_MAX];
	size_t n_known; /* ever; the oldest are overwritten */
};

struct call_people *call_people_create(struct mls_trust *trust)
{
	struct call_people *people = calloc(1, sizeof(*people));

	if (people)
		people->trust = trust;
	return people;
}

void call_people_destroy(struct call_people *people)
{
	free(people);
}

/* All that mls_trust_check() looks at. */
static int hash_leaf(const struct mls_leaf_node *leaf, uint8_t ret_hash[MLS_HASH_BYTES])
{
	struct mls_writer writer;
	int r;

	mls_writer_init(&writer, MLS_MESSAGE_BYTES_MAX);
	mls_write_u16(&writer, leaf->credential.type);
	mls_write_bytes(&writer, leaf->credential.identity);
	mls_write_bytes(&writer, leaf->credential.chain);
	mls_write_bytes(&writer, leaf->signature_key);
	r = mls_writer_hash(&writer, ret_hash);
	mls_writer_finish(&writer);
	return r;
}

static struct known *find(struct call_people *people, const uint8_t hash[MLS_HASH_BYTES])
{
	size_t n = people->n_known < MLS_LEAVES_MAX ? people->n_known : MLS_LEAVES_MAX;

	for (size_t i = 0; i < n; i++) {
		if (memcmp(people->known[i].hash, hash, MLS_HASH_BYTES) == 0)
			return &people->known[i];
	}
	return NULL;
}

static bool is_fresh(const struct known *known, uint64_t now_s)
{
	return now_s >= known->checked_s && now_s - known->checked_s < CALL_PEOPLE_RECHECK_S;
}

int call_people_check(struct call_people *people, const struct mls_leaf_node *leaf, uint64_t now_s,
		      struct mls_identity *ret_identity)
{
	struct mls_identity identity;
	uint8_t hash[MLS_HASH_BYTES];
	struct known *known;
	int r = hash_leaf(leaf, hash);

	if (r < 0)
		return r;
	known = find(people, hash);
	if (!known || !is_fresh(known, now_s)) {
		r = mls_trust_check(people->trust, leaf, now_s, &identity);
		if (r < 0)
			return r;
		if (!known)
			known = &people->known[people->n_known++ % MLS_LEAVES_MAX];
		memcpy(known->hash, hash, sizeof(hash));
		known->checked_s = now_s;
		known->identity = identity;
	}
	*ret_identity = known->identity;
	return 0;
}

static bool is_same_person(const struct mls_leaf_node *a, const struct mls_leaf_node *b)
{
	uint16_t number_a, number_b;

	return mls_leaf_node_number(a, &number_a) && mls_leaf_node_number(b, &number_b) &&
	       number_a == number_b && a->credential.type == b->credential.type &&
	       mls_bytes_equal(a->credential.identity, b->credential.identity) &&
	       mls_bytes_equal(a->credential.chain, b->credential.chain) &&
	       mls_bytes_equal(a->signature_key, b->signature_key);
}

int call_people_check_tree(const struct mls_tree *now, const struct mls_tree *next)
{
	uint16_t numbers[MLS_LEAVES_MAX];
	size_t n = 0;

	for (uint32_t i = 0; i < mls_tree_n_leaves(next); i++) {
		const struct mls_leaf_node *leaf = mls_tree_leaf(next, i);
		const struct mls_leaf_node *before = now ? mls_tree_leaf(now, i) : NULL;

		if (!leaf)
			continue;
		if (!mls_leaf_node_number(leaf, &numbers[n]))
			return -MLS_ERROR_LEAF;
		for (size_t j = 0; j < n; j++) {
			if (numbers[j] == numbers[n])
				return -MLS_ERROR_LEAF;
		}
		n++;
		/* A leaf that comes by an Add may lie where another was. */
		if (before && leaf->source != MLS_LEAF_KEY_PACKAGE && !is_same_person(before, leaf))
			return -MLS_ERROR_LEAF;
	}
	return 0;
}
