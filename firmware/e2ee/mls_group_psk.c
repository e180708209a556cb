#include "e2ee/mls_group_private.h"

/* The key of an epoch of this group, if it is not too long ago. */
static bool find_resumption(const struct mls_group *group, const struct mls_psk_id *id,
			    struct mls_bytes *ret_psk)
{
	size_t n = group->n_resumptions < MLS_RESUMPTIONS_MAX ? group->n_resumptions
							      : MLS_RESUMPTIONS_MAX;

	if (id->usage != MLS_PSK_FOR_APPLICATION ||
	    !mls_bytes_equal(id->group_id, mls_group_id(group)))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (group->resumptions[i].epoch == id->epoch) {
			*ret_psk = (struct mls_bytes){group->resumptions[i].psk, MLS_HASH_BYTES};
			return true;
		}
	}
	return false;
}

int mls_psks_find(const struct mls_owner *owner, const struct mls_group *group,
		  struct mls_psks *psks)
{
	struct mls_psk found[MLS_PSKS_MAX];

	for (size_t i = 0; i < psks->n; i++) {
		const struct mls_psk_id *id = &psks->ids[i];
		bool is_found;

		found[i].id = *id;
		if (id->type == MLS_PSK_EXTERNAL)
			is_found = owner->ops->find_psk(owner->context, id->id, &found[i].secret);
		else
			is_found = group && find_resumption(group, id, &found[i].secret);
		if (!is_found)
			return -MLS_ERROR_PSK_UNKNOWN;
	}
	return mls_psk_secret(found, psks->n, psks->secret);
}

int mls_psks_collect(const struct mls_group *group, const struct mls_proposal_list *list,
		     struct mls_psks *ret_psks)
{
	ret_psks->n = 0;
	for (size_t i = 0; i < list->n; i++) {
		if (list->items[i].proposal->type != MLS_PROPOSAL_PSK)
			continue;
		if (ret_psks->n == MLS_PSKS_MAX)
			return -MLS_ERROR_LIMIT;
		ret_psks->ids[ret_psks->n++] = list->items[i].proposal->psk;
	}
	return mls_psks_find(&group->member.owner, group, ret_psks);
}
