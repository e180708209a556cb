/*
 * The structs that carry a signature of their own (RFC 9420, sections 7.2, 10 and 12.4.3): signing
 * them and checking it. Framed messages are mls_protect.h's.
 *
 * Signing writes the whole struct, all members but `signature` being filled in. Returns 0, the
 * writer's fault, or what the signer's callback returned. Checking is of what was read and returns
 * 0 or -MLS_ERROR_SIGNATURE, or -ENOMEM, -EIO.
 */
#ifndef BALAI_E2EE_MLS_SIGNED_H
#define BALAI_E2EE_MLS_SIGNED_H

#include "e2ee/mls_types.h"

/* group_id and leaf count for updates and commits only. */
int mls_leaf_node_sign(struct mls_writer *writer, const struct mls_leaf_node *node,
		       struct mls_bytes group_id, uint32_t leaf, const struct mls_signer *signer)
	__attribute__((warn_unused_result));
int mls_leaf_node_verify(const struct mls_leaf_node *node, struct mls_bytes group_id, uint32_t leaf)
	__attribute__((warn_unused_result));

int mls_key_package_sign(struct mls_writer *writer, const struct mls_key_package *package,
			 const struct mls_signer *signer) __attribute__((warn_unused_result));
int mls_key_package_verify(const struct mls_key_package *package)
	__attribute__((warn_unused_result));

/* KeyPackageRef (section 5.2), of what was read. */
int mls_key_package_ref(const struct mls_key_package *package, uint8_t ret_ref[MLS_HASH_BYTES])
	__attribute__((warn_unused_result));

int mls_group_info_sign(struct mls_writer *writer, const struct mls_group_info *info,
			const struct mls_signer *signer) __attribute__((warn_unused_result));
int mls_group_info_verify(const struct mls_group_info *info, struct mls_bytes signature_key)
	__attribute__((warn_unused_result));

#endif
