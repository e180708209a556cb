/*
 * A key package of this member: what others add it to a group with, and the private keys that only
 * this member has. Each serves for one group; with its end or that of the join it is destroyed.
 *
 * One thread at a time. Functions return 0, -ENOMEM, -EIO or as told.
 */
#ifndef BALAI_E2EE_MLS_OWN_PACKAGE_H
#define BALAI_E2EE_MLS_OWN_PACKAGE_H

#include "e2ee/mls_types.h"

struct mls_own_package;

/*
 * Makes one that is valid from..to, seconds since 1970; `number` is what the hub calls the member by
 * (MLS_EXTENSION_BALAI_MEMBER). Also what the signer's callback returned, or -MLS_ERROR_LIMIT: the
 * credential is too large.
 */
int mls_own_package_create(const struct mls_credential *credential, uint16_t number,
			   uint64_t not_before_s, uint64_t not_after_s,
			   const struct mls_signer *signer, struct mls_own_package **ret_package)
	__attribute__((warn_unused_result));

/*
 * Takes the key package in `encoded`, whose private keys are these. -EINVAL: they are not, or a
 * negative enum mls_error.
 */
int mls_own_package_restore(struct mls_bytes encoded, const uint8_t init_key[MLS_PRIVATE_KEY_BYTES],
			    const uint8_t leaf_key[MLS_PRIVATE_KEY_BYTES],
			    struct mls_own_package **ret_package)
	__attribute__((warn_unused_result));

/* Wipes the keys. NULL is allowed. */
void mls_own_package_destroy(struct mls_own_package *package);

/* The KeyPackage; lent. */
const struct mls_key_package *mls_own_package_public(const struct mls_own_package *package);

/* The private keys; lent. */
const struct mls_key_pair *mls_own_package_init_pair(const struct mls_own_package *package);
const struct mls_key_pair *mls_own_package_leaf_pair(const struct mls_own_package *package);

/* KeyPackageRef (section 5.2). */
int mls_own_package_ref(const struct mls_own_package *package, uint8_t ret_ref[MLS_HASH_BYTES])
	__attribute__((warn_unused_result));

/* The capabilities of every member of this project; lent for ever. */
const struct mls_capabilities *mls_own_capabilities(void);

#endif
