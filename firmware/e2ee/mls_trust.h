/*
 * Who a member is (RFC 9420, section 5.3): the name in its certificate, once the chain to one of the
 * meeting's own authorities is checked; or a guest's word for it.
 *
 * The system's clock and the system's authorities are never asked. One thread at a time.
 */
#ifndef BALAI_E2EE_MLS_TRUST_H
#define BALAI_E2EE_MLS_TRUST_H

#include "e2ee/mls_types.h"

#define MLS_NAME_BYTES_MAX 64

struct mls_trust;

struct mls_identity {
	bool is_verified;                    /* false: a guest, whose name nobody vouches for */
	char name[MLS_NAME_BYTES_MAX + 1];   /* plain UTF-8 */
	char issuer[MLS_NAME_BYTES_MAX + 1]; /* of the certificate; empty of a guest */
};

/*
 * authorities: certificates; revoked: their lists of revoked ones, or empty; DER, or PEM with the
 * zero byte behind it. Returns 0 and hands over *ret_trust; -EINVAL: they cannot be read; -ENOMEM.
 */
int mls_trust_create(struct mls_bytes authorities, struct mls_bytes revoked, bool takes_guests,
		     struct mls_trust **ret_trust) __attribute__((warn_unused_result));

/*
 * From now on it is these that count. Returns as mls_trust_create() does; after a failure all is as
 * before.
 */
int mls_trust_replace(struct mls_trust *trust, struct mls_bytes authorities,
		      struct mls_bytes revoked) __attribute__((warn_unused_result));

/* NULL is allowed. */
void mls_trust_destroy(struct mls_trust *trust);

/*
 * now_s: since 1970. Returns 0; -MLS_ERROR_CREDENTIAL: from no authority of ours, for another key, or
 * without a name to show; -MLS_ERROR_EXPIRED: it or a list is over or not valid yet;
 * -MLS_ERROR_REVOKED; -MLS_ERROR_UNSUPPORTED: a guest, and none is taken; -MLS_ERROR_LIMIT: more
 * than MLS_CHAIN_MAX certificates; -ENOMEM.
 */
int mls_trust_check(struct mls_trust *trust, const struct mls_leaf_node *leaf, uint64_t now_s,
		    struct mls_identity *ret_identity) __attribute__((warn_unused_result));

/*
 * The name that a leaf gives itself, vouched for by nobody, to say who was refused. False: none that
 * could be shown.
 */
bool mls_trust_claim(const struct mls_leaf_node *leaf, char ret_name[MLS_NAME_BYTES_MAX + 1]);

#endif
