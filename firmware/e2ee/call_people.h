/*
 * Who the members of a meeting are: what mls_trust says of each leaf, remembered for a while, since
 * the same leaves are asked about in each epoch and a chain takes milliseconds to check.
 *
 * One thread at a time. Functions return as mls_trust_check() does.
 */
#ifndef BALAI_E2EE_CALL_PEOPLE_H
#define BALAI_E2EE_CALL_PEOPLE_H

#include "e2ee/mls_tree.h"
#include "e2ee/mls_trust.h"

/* So long a certificate that was revoked or has expired since may pass. */
#define CALL_PEOPLE_RECHECK_S 60

struct call_people;

/* trust is lent for the life of it. NULL without memory. */
struct call_people *call_people_create(struct mls_trust *trust) __attribute__((warn_unused_result));

/* NULL is allowed. */
void call_people_destroy(struct call_people *people);

int call_people_check(struct call_people *people, const struct mls_leaf_node *leaf, uint64_t now_s,
		      struct mls_identity *ret_identity) __attribute__((warn_unused_result));

/*
 * Whether the members in `next` may be an epoch's together: each has a number of its own, and who was
 * in `now` (or NULL) still has the number and the credential it came with. -MLS_ERROR_LEAF
 */
int call_people_check_tree(const struct mls_tree *now, const struct mls_tree *next)
	__attribute__((warn_unused_result));

#endif
