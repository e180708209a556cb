#include "e2ee/mls_signed.h"

#include <errno.h>

/* Signs what stands in `content`, writes that and the signature. */
static int sign(struct mls_writer *writer, const char *label, const struct mls_writer *content,
		size_t length_written, const struct mls_signer *signer)
{
	uint8_t signature[MLS_SIGNATURE_BYTES];
	size_t length = 0;
	int r = content->fault;

	if (r == 0)
		r = mls_sign_with_label(signer, label, content->data, content->length, signature,
					&length);
	if (r < 0)
		return r;
	mls_write(writer, content->data, length_written);
	mls_write_vector(writer, signature, length);
	return writer->fault;
}

static int verify(struct mls_bytes key, const char *label, struct mls_bytes content,
		  struct mls_bytes signature)
{
	int r;

	if (key.length != MLS_PUBLIC_KEY_BYTES)
		return -MLS_ERROR_SIGNATURE;
	r = mls_verify_with_label(key.data, label, content.data, content.length, signature.data,
				  signature.length);
	return r == -EBADMSG ? -MLS_ERROR_SIGNATURE : r;
}

/* The end of LeafNodeTBS: where the leaf node is. */
static void write_place(struct mls_writer *content, const struct mls_leaf_node *node,
			struct mls_bytes group_id, uint32_t leaf)
{
	if (node->source == MLS_LEAF_KEY_PACKAGE)
		return;
	mls_write_bytes(content, group_id);
	mls_write_u32(content, leaf);
}

int mls_leaf_node_sign(struct mls_writer *writer, const struct mls_leaf_node *node,
		       struct mls_bytes group_id, uint32_t leaf, const struct mls_signer *signer)
{
	struct mls_writer content;
	size_t length;
	int r;

	mls_writer_init(&content, MLS_MESSAGE_BYTES_MAX);
	mls_leaf_node_write_content(&content, node);
	length = content.length;
	write_place(&content, node, group_id, leaf);
	r = sign(writer, "LeafNodeTBS", &content, length, signer);
	mls_writer_finish(&content);
	return r;
}

int mls_leaf_node_verify(const struct mls_leaf_node *node, struct mls_bytes group_id, uint32_t leaf)
{
	struct mls_writer content;
	int r;

	mls_writer_init(&content, MLS_TREE_BYTES_MAX);
	mls_write(&content, node->content.data, node->content.length);
	write_place(&content, node, group_id, leaf);
	r = content.fault;
	if (r == 0)
		r = verify(node->signature_key, "LeafNodeTBS", mls_writer_bytes(&content),
			   node->signature);
	mls_writer_finish(&content);
	return r;
}

int mls_key_package_sign(struct mls_writer *writer, const struct mls_key_package *package,
			 const struct mls_signer *signer)
{
	struct mls_writer content;
	int r;

	mls_writer_init(&content, MLS_MESSAGE_BYTES_MAX);
	mls_key_package_write_content(&content, package);
	r = sign(writer, "KeyPackageTBS", &content, content.length, signer);
	mls_writer_finish(&content);
	return r;
}

int mls_key_package_verify(const struct mls_key_package *package)
{
	return verify(package->leaf.signature_key, "KeyPackageTBS", package->content,
		      package->signature);
}

int mls_key_package_ref(const struct mls_key_package *package, uint8_t ret_ref[MLS_HASH_BYTES])
{
	return mls_ref_hash("MLS 1.0 KeyPackage Reference", package->encoded.data,
			    package->encoded.length, ret_ref);
}

int mls_group_info_sign(struct mls_writer *writer, const struct mls_group_info *info,
			const struct mls_signer *signer)
{
	struct mls_writer content;
	int r;

	mls_writer_init(&content, MLS_WELCOME_BYTES_MAX);
	mls_group_info_write_content(&content, info);
	r = sign(writer, "GroupInfoTBS", &content, content.length, signer);
	mls_writer_finish(&content);
	return r;
}

int mls_group_info_verify(const struct mls_group_info *info, struct mls_bytes signature_key)
{
	return verify(signature_key, "GroupInfoTBS", info->content, info->signature);
}
