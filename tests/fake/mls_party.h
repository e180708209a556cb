/*
 * Members of an MLS group for tests, each with keys in memory and a basic credential. What cannot be
 * made fails the test.
 */
#ifndef BALAI_TESTS_MLS_PARTY_H
#define BALAI_TESTS_MLS_PARTY_H

#include "e2ee/mls_frame.h"
#include "e2ee/mls_group.h"

/* Inside the lifetime of all key packages made here. */
#define MLS_PARTY_NOW_S UINT64_C(1800000000)

struct mls_party {
	char name[16];
	struct mls_key_pair pair;
	struct mls_signer signer;
	struct mls_member member;
	struct mls_own_package *package; /* owned */
	struct mls_group *group;         /* owned; NULL: in none */
};

/* In place, with a new key package; finish before the next init. The party stays where it is. */
void mls_party_init(struct mls_party *party, unsigned int number);
void mls_party_finish(struct mls_party *party);

/* Begins a group of its own. */
void mls_party_create(struct mls_party *party);

/* A proposal that adds it. */
struct mls_proposal mls_party_add(const struct mls_party *party);

/*
 * Writes a message as this member, who means ill, may make it: type, proposal and commit are as told,
 * the signature and the membership tag are right, the confirmation tag of a commit is not.
 */
void mls_party_forge(const struct mls_party *party, const struct mls_content *content,
		     struct mls_writer *writer);

/* Takes everyone in; the only external pre-shared key is "office", "a secret". */
const struct mls_owner_ops *mls_party_ops(void);

#endif
