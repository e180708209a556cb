/* What the files of mls_group.h share. */
#ifndef BALAI_E2EE_MLS_GROUP_PRIVATE_H
#define BALAI_E2EE_MLS_GROUP_PRIVATE_H

#include "e2ee/mls_group.h"
#include "e2ee/mls_key_schedule.h"
#include "e2ee/mls_protect.h"
#include "e2ee/mls_treekem.h"

/* All that belongs to one epoch; secret. */
struct mls_epoch {
	uint64_t number;
	struct mls_tree *tree;
	uint32_t leaf; /* this member's */
	struct mls_path_keys keys;
	uint8_t tree_hash[MLS_HASH_BYTES];
	uint8_t confirmed[MLS_HASH_BYTES]; /* confirmed_transcript_hash */
	size_t confirmed_length;           /* 0 in a new group */
	uint8_t interim[MLS_HASH_BYTES];
	uint8_t tag[MLS_HASH_BYTES]; /* confirmation_tag */
	struct mls_writer extensions;
	struct mls_epoch_secrets secrets;
	struct mls_secret_tree *secret_tree;
};

/* A proposal that came as a message. */
struct mls_kept_proposal {
	uint8_t ref[MLS_HASH_BYTES];
	struct mls_writer encoded;
	struct mls_proposal proposal; /* lies in encoded */
	uint32_t sender;
};

/* Epochs whose resumption pre-shared key is kept (section 8.6). */
#define MLS_RESUMPTIONS_MAX 4

struct mls_resumption {
	uint64_t epoch;
	uint8_t psk[MLS_HASH_BYTES];
};

struct mls_group {
	struct mls_member member;
	uint8_t id[MLS_GROUP_ID_BYTES_MAX];
	size_t id_length;
	struct mls_epoch *now;
	struct mls_epoch *past;    /* or NULL */
	struct mls_epoch *pending; /* of an own commit, or NULL */
	struct mls_kept_proposal kept[MLS_PROPOSALS_MAX];
	size_t n_kept;
	bool has_update;
	struct mls_key_pair update; /* of an own Update that was proposed in this epoch */
	struct mls_resumption resumptions[MLS_RESUMPTIONS_MAX];
	size_t n_resumptions; /* since the group was entered; the oldest are overwritten */
};

/* A group without epoch, or NULL without memory. -MLS_ERROR_LIMIT: the id is too long. */
int mls_group_allocate(const struct mls_member *member, struct mls_bytes id,
		       struct mls_group **ret_group) __attribute__((warn_unused_result));

/* Moves on to an epoch, which it takes; what is kept for the old one is forgotten. */
void mls_group_enter(struct mls_group *group, struct mls_epoch *epoch);

/* An epoch without tree and secrets, or NULL without memory. */
struct mls_epoch *mls_epoch_create(uint64_t number) __attribute__((warn_unused_result));

/* Wipes it. NULL is allowed. */
void mls_epoch_destroy(struct mls_epoch *epoch);

/* Writes the GroupContext. */
void mls_epoch_write_context(struct mls_writer *writer, const struct mls_group *group,
			     const struct mls_epoch *epoch);

/*
 * The epoch after group->now once the proposals are applied: tree, keys, extensions. Its transcript
 * hash is still the old one, as update paths are sealed with it (section 12.4.1).
 */
int mls_epoch_follow(const struct mls_group *group, const struct mls_proposal_list *list,
		     struct mls_epoch **ret_epoch, struct mls_applied *ret_applied)
	__attribute__((warn_unused_result));

int mls_epoch_hash_tree(struct mls_epoch *epoch) __attribute__((warn_unused_result));

/* Pre-shared keys of a commit or Welcome and the secret they make together. */
struct mls_psks {
	struct mls_psk_id ids[MLS_PSKS_MAX];
	size_t n;
	uint8_t secret[MLS_HASH_BYTES];
};

/*
 * Finds those of psks->ids: external ones at the owner, resumption ones in the group, if there is
 * one. -MLS_ERROR_PSK_UNKNOWN
 */
int mls_psks_find(const struct mls_owner *owner, const struct mls_group *group,
		  struct mls_psks *psks) __attribute__((warn_unused_result));

/* Of the PreSharedKey proposals of a list. */
int mls_psks_collect(const struct mls_group *group, const struct mls_proposal_list *list,
		     struct mls_psks *ret_psks) __attribute__((warn_unused_result));

/* The rest of an epoch, from its tree, transcript hash and joiner secret. */
int mls_epoch_derive(const struct mls_group *group, struct mls_epoch *epoch,
		     const uint8_t joiner_secret[MLS_HASH_BYTES],
		     const uint8_t psk_secret[MLS_HASH_BYTES]) __attribute__((warn_unused_result));

/* The joiner secret of the epoch after group->now, and with it the rest of that epoch. */
int mls_epoch_conclude(const struct mls_group *group, struct mls_epoch *epoch,
		       const struct mls_content *commit, uint16_t wire_format,
		       struct mls_bytes signature, const uint8_t commit_secret[MLS_HASH_BYTES],
		       const uint8_t psk_secret[MLS_HASH_BYTES],
		       uint8_t ret_joiner_secret[MLS_HASH_BYTES])
	__attribute__((warn_unused_result));

/* What messages of an epoch are protected with; lies in *context, which is the caller's to finish. */
int mls_epoch_protection(const struct mls_group *group, const struct mls_epoch *epoch,
			 struct mls_writer *context, struct mls_protection *ret_protection)
	__attribute__((warn_unused_result));

/* The head of an own message. */
void mls_group_address(const struct mls_group *group, uint8_t type,
		       struct mls_authenticated *ret_message);

/* Keeps a proposal until the epoch ends. */
int mls_group_keep(struct mls_group *group, const struct mls_authenticated *message)
	__attribute__((warn_unused_result));

/* What a committer tells those it adds. */
struct mls_invitation {
	const struct mls_epoch *epoch; /* the one that the commit begins */
	const struct mls_proposal_list *list;
	const struct mls_applied *applied;
	const struct mls_path_secrets *path;
	const struct mls_psks *psks;
	const uint8_t *joiner_secret;
};

int mls_welcome_seal(struct mls_writer *writer, const struct mls_group *group,
		     const struct mls_invitation *invitation) __attribute__((warn_unused_result));

#endif
