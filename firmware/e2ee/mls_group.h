/*
 * An MLS group as one member knows it (RFC 9420, sections 8 to 12): bytes in, bytes out.
 *
 *     mls_group_create ─┐                ┌─► mls_group_commit ─► hub takes it ─► mls_group_advance
 *                       ├─► an epoch ────┤            └────────► another won ──► mls_group_withdraw
 *     mls_group_join ───┘        ▲       └─► mls_group_process ─► another's commit
 *                                └───────────────────────┴───────────── the next epoch
 *
 * After an epoch's end its application messages can still be opened, until mls_group_forget().
 *
 * One thread at a time, the owner's operations on it too. Unless told otherwise a function returns 0,
 * -ENOMEM, -EIO, a negative enum mls_error, or what an operation or the signer's callback returned;
 * after a failure the group is as before, but that a message once opened cannot be opened again.
 */
#ifndef BALAI_E2EE_MLS_GROUP_H
#define BALAI_E2EE_MLS_GROUP_H

#include "e2ee/mls_own_package.h"
#include "e2ee/mls_validate.h"

#define MLS_GROUP_ID_BYTES_MAX 64

struct mls_group;

/* Lent for the life of the group. */
struct mls_member {
	const struct mls_signer *signer;
	struct mls_owner owner;
};

/* A group of this member alone, at leaf 0. */
int mls_group_create(const struct mls_member *member, struct mls_bytes group_id,
		     const struct mls_own_package *package, struct mls_group **ret_group)
	__attribute__((warn_unused_result));

/*
 * Takes a Welcome (an MLSMessage) to `package`. `tree` is the ratchet tree where the Welcome does not
 * carry it, else empty. -MLS_ERROR_NOT_FOR_US: the package is not in it.
 */
int mls_group_join(const struct mls_member *member, const struct mls_own_package *package,
		   struct mls_bytes welcome, struct mls_bytes tree, struct mls_group **ret_group)
	__attribute__((warn_unused_result));

/* Wipes all keys. NULL is allowed. */
void mls_group_destroy(struct mls_group *group);

uint64_t mls_group_epoch(const struct mls_group *group);
struct mls_bytes mls_group_id(const struct mls_group *group);
uint32_t mls_group_own_leaf(const struct mls_group *group);
const struct mls_tree *mls_group_tree(const struct mls_group *group);
struct mls_bytes mls_group_extensions(const struct mls_group *group);

/* epoch_authenticator (section 8.7); lent until the epoch ends. */
const uint8_t *mls_group_authenticator(const struct mls_group *group);

/* MLS-Exporter (section 8.5). */
int mls_group_export(const struct mls_group *group, const char *label, struct mls_bytes context,
		     void *ret_bytes, size_t length) __attribute__((warn_unused_result));

/* Writes an application message (an MLSMessage). */
int mls_group_seal(struct mls_group *group, struct mls_bytes data, struct mls_writer *writer)
	__attribute__((warn_unused_result));

/* Writes a proposal, which a commit of this or another member may take up. */
int mls_group_propose(struct mls_group *group, const struct mls_proposal *proposal,
		      struct mls_writer *writer) __attribute__((warn_unused_result));

/* Writes the proposal of new keys for this member's leaf. -EBUSY: one was made in this epoch. */
int mls_group_propose_update(struct mls_group *group, struct mls_writer *writer)
	__attribute__((warn_unused_result));

/*
 * Writes a commit of the proposals that came, of these, and of new keys for this member; where
 * it adds members, also the Welcome to them. Of a PreSharedKey proposal here the nonce is made
 * here. The next epoch waits for mls_group_advance(); -EBUSY: one waits already.
 */
int mls_group_commit(struct mls_group *group, const struct mls_proposal *proposals, size_t n,
		     struct mls_writer *commit, struct mls_writer *welcome)
	__attribute__((warn_unused_result));

/* The own commit is the group's. -EINVAL: there is none. */
int mls_group_advance(struct mls_group *group) __attribute__((warn_unused_result));

/* The own commit is not; does no harm where there is none. */
void mls_group_withdraw(struct mls_group *group);

enum mls_received_kind {
	MLS_RECEIVED_APPLICATION,
	MLS_RECEIVED_PROPOSAL, /* kept for the next commit */
	MLS_RECEIVED_COMMIT,   /* the next epoch has begun; an own commit is withdrawn */
	MLS_RECEIVED_REMOVED,  /* a commit that removes this member: the group is over for it */
};

struct mls_received {
	enum mls_received_kind kind;
	uint64_t epoch;              /* of the message */
	uint32_t sender;             /* leaf in that epoch */
	struct mls_writer plaintext; /* application data; owned, given to mls_received_finish() */
};

/*
 * Takes an MLSMessage from the hub. -MLS_ERROR_EPOCH: of an epoch that is gone or not yet here;
 * -MLS_ERROR_SENDER: this member's own.
 */
int mls_group_process(struct mls_group *group, struct mls_bytes message,
		      struct mls_received *ret_received) __attribute__((warn_unused_result));

void mls_received_finish(struct mls_received *received);

/* Wipes the keys of the epoch before. */
void mls_group_forget(struct mls_group *group);

#endif
