#include "e2ee/mls_validate.h"

#include "e2ee/mls_signed.h"

/* Types that RFC 9420 defines itself need not be listed (section 7.2). */
static bool is_default_extension(uint16_t type)
{
	return type >= MLS_EXTENSION_APPLICATION_ID && type <= MLS_EXTENSION_EXTERNAL_SENDERS;
}

static bool is_default_proposal(uint16_t type)
{
	return type >= MLS_PROPOSAL_ADD && type <= MLS_PROPOSAL_CONTEXT_EXTENSIONS;
}

static bool supports_extensions(const struct mls_leaf_node *leaf, struct mls_bytes extensions)
{
	struct mls_bytes data;
	uint16_t type;

	while (mls_extension_next(&extensions, &type, &data)) {
		if (!is_default_extension(type) &&
		    !mls_u16_has(leaf->capabilities.extensions, type))
			return false;
	}
	return true;
}

int mls_leaf_check(const struct mls_leaf_node *node, enum mls_leaf_source source,
		   struct mls_bytes group_id, uint32_t leaf, const struct mls_owner *owner)
{
	int r;

	if (node->encoded.length > MLS_LEAF_BYTES_MAX)
		return -MLS_ERROR_LIMIT;
	if (node->source != source || node->encryption_key.length != MLS_PUBLIC_KEY_BYTES ||
	    node->signature_key.length != MLS_PUBLIC_KEY_BYTES)
		return -MLS_ERROR_LEAF;
	if (!mls_u16_has(node->capabilities.versions, MLS_VERSION) ||
	    !mls_u16_has(node->capabilities.cipher_suites, MLS_CIPHER_SUITE) ||
	    !mls_u16_has(node->capabilities.credentials, node->credential.type) ||
	    !supports_extensions(node, node->extensions))
		return -MLS_ERROR_LEAF;
	r = mls_leaf_node_verify(node, group_id, leaf);
	return r < 0 ? r : owner->ops->check_member(owner->context, node);
}

int mls_key_package_check(const struct mls_key_package *package, const struct mls_owner *owner)
{
	const struct mls_leaf_node *leaf = &package->leaf;
	uint64_t now_s = owner->ops->now_s(owner->context);
	int r;

	if (package->version != MLS_VERSION)
		return -MLS_ERROR_VERSION;
	if (package->cipher_suite != MLS_CIPHER_SUITE)
		return -MLS_ERROR_SUITE;
	if (package->init_key.length != MLS_PUBLIC_KEY_BYTES ||
	    mls_bytes_equal(package->init_key, leaf->encryption_key) ||
	    !supports_extensions(leaf, package->extensions))
		return -MLS_ERROR_KEY_PACKAGE;
	if (leaf->source == MLS_LEAF_KEY_PACKAGE &&
	    (now_s < leaf->not_before_s || now_s > leaf->not_after_s))
		return -MLS_ERROR_EXPIRED;
	r = mls_key_package_verify(package);
	if (r < 0)
		return r;
	return mls_leaf_check(leaf, MLS_LEAF_KEY_PACKAGE, (struct mls_bytes){0}, 0, owner);
}

/* RequiredCapabilities (section 11.1); all empty where the group has none. */
static int read_required(struct mls_bytes extensions, struct mls_capabilities *ret_required)
{
	struct mls_reader reader;
	struct mls_bytes data;

	*ret_required = (struct mls_capabilities){0};
	if (!mls_extension_find(extensions, MLS_EXTENSION_REQUIRED_CAPABILITIES, &data))
		return 0;
	mls_reader_init(&reader, data);
	ret_required->extensions = mls_u16s_read(&reader);
	ret_required->proposals = mls_u16s_read(&reader);
	ret_required->credentials = mls_u16s_read(&reader);
	return mls_reader_close(&reader);
}

/* `has` lists all that `wants` does, but for defaults. */
static bool covers(struct mls_bytes has, struct mls_bytes wants, bool (*is_default)(uint16_t type))
{
	struct mls_reader reader;

	mls_reader_init(&reader, wants);
	while (mls_reader_more(&reader)) {
		uint16_t type = mls_read_u16(&reader);

		if (!(is_default && is_default(type)) && !mls_u16_has(has, type))
			return false;
	}
	return true;
}

static bool supports(const struct mls_leaf_node *leaf, const struct mls_capabilities *required)
{
	const struct mls_capabilities *own = &leaf->capabilities;

	return covers(own->extensions, required->extensions, is_default_extension) &&
	       covers(own->proposals, required->proposals, is_default_proposal) &&
	       covers(own->credentials, required->credentials, NULL);
}

/* Whether a member has a credential of that type. */
static bool is_in_use(const struct mls_tree *tree, uint16_t credential_type)
{
	for (uint32_t i = 0; i < mls_tree_n_leaves(tree); i++) {
		const struct mls_leaf_node *leaf = mls_tree_leaf(tree, i);

		if (leaf && leaf->credential.type == credential_type)
			return true;
	}
	return false;
}

int mls_members_check(const struct mls_tree *tree, struct mls_bytes group_extensions)
{
	bool has_basic = is_in_use(tree, MLS_CREDENTIAL_BASIC);
	bool has_x509 = is_in_use(tree, MLS_CREDENTIAL_X509);
	struct mls_capabilities required;
	int r = read_required(group_extensions, &required);

	for (uint32_t i = 0; r == 0 && i < mls_tree_n_leaves(tree); i++) {
		const struct mls_leaf_node *leaf = mls_tree_leaf(tree, i);

		if (!leaf)
			continue;
		if (!supports(leaf, &required) || !supports_extensions(leaf, group_extensions) ||
		    (has_basic &&
		     !mls_u16_has(leaf->capabilities.credentials, MLS_CREDENTIAL_BASIC)) ||
		    (has_x509 && !mls_u16_has(leaf->capabilities.credentials, MLS_CREDENTIAL_X509)))
			r = -MLS_ERROR_LEAF;
	}
	return r < 0 ? r : mls_tree_check_keys(tree);
}
