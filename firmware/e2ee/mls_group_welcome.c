#include <errno.h>
#include <string.h>

#include "e2ee/mls_group_private.h"
#include "e2ee/mls_signed.h"

static const char welcome_label[] = "Welcome";

/* The new epoch's GroupInfo with its ratchet tree, signed. */
static int write_info(struct mls_writer *writer, const struct mls_group *group,
		      const struct mls_epoch *epoch)
{
	struct mls_group_info info = {
		.confirmation_tag = {epoch->tag, sizeof(epoch->tag)},
		.signer = epoch->leaf,
	};
	struct mls_writer context, tree, extensions;
	struct mls_reader reader;
	int r;

	mls_writer_init(&context, MLS_MESSAGE_BYTES_MAX);
	mls_writer_init(&tree, MLS_TREE_BYTES_MAX);
	mls_writer_init(&extensions, MLS_WELCOME_BYTES_MAX);
	mls_epoch_write_context(&context, group, epoch);
	mls_reader_init(&reader, mls_writer_bytes(&context));
	mls_group_context_read(&reader, &info.context);
	mls_tree_write(&tree, epoch->tree);
	mls_extension_write(&extensions, MLS_EXTENSION_RATCHET_TREE, mls_writer_bytes(&tree));
	info.extensions = mls_writer_bytes(&extensions);
	r = context.fault;
	if (r == 0)
		r = tree.fault;
	if (r == 0)
		r = extensions.fault;
	if (r == 0)
		r = mls_group_info_sign(writer, &info, group->member.signer);
	mls_writer_finish(&context);
	mls_writer_finish(&tree);
	mls_writer_finish(&extensions);
	return r;
}

static int seal_info(struct mls_writer *writer, const struct mls_group *group,
		     const struct mls_invitation *invitation)
{
	uint8_t key[MLS_KEY_BYTES], nonce[MLS_NONCE_BYTES];
	struct mls_writer info;
	uint8_t *room;
	int r = mls_welcome_key(invitation->joiner_secret, invitation->psks->secret, key, nonce);

	if (r < 0)
		return r;
	mls_writer_init(&info, MLS_WELCOME_BYTES_MAX);
	r = write_info(&info, group, invitation->epoch);
	room = mls_write_room(writer, info.length + MLS_TAG_BYTES);
	if (r == 0)
		r = writer->fault;
	if (r == 0)
		r = mls_aead_seal(key, nonce, NULL, 0, info.data, info.length, room);
	mls_writer_finish(&info);
	mls_wipe(key, sizeof(key));
	mls_wipe(nonce, sizeof(nonce));
	return r;
}

/* The path secret of the lowest node above the committer and the one who joins. */
static void put_path_secret(const struct mls_path_secrets *path, uint32_t joiner,
			    struct mls_group_secrets *secrets)
{
	for (size_t i = 0; i < path->n && !secrets->has_path_secret; i++) {
		if (!mls_node_is_under(mls_node_of_leaf(joiner), path->steps[i].node))
			continue;
		secrets->has_path_secret = true;
		secrets->path_secret = (struct mls_bytes){path->secrets[i], MLS_HASH_BYTES};
	}
}

/* EncryptedGroupSecrets */
static int seal_secrets(struct mls_writer *writer, const struct mls_key_package *package,
			uint32_t joiner, const struct mls_invitation *invitation,
			struct mls_bytes sealed_info)
{
	struct mls_group_secrets secrets = {
		.joiner_secret = {invitation->joiner_secret, MLS_HASH_BYTES},
		.n_psks = invitation->psks->n,
	};
	uint8_t kem_output[MLS_PUBLIC_KEY_BYTES];
	struct mls_encrypted_secrets sealed;
	struct mls_writer plaintext, ciphertext;
	uint8_t ref[MLS_HASH_BYTES];
	uint8_t *room;
	int r;

	mls_writer_init(&plaintext, MLS_MESSAGE_BYTES_MAX);
	mls_writer_init(&ciphertext, MLS_MESSAGE_BYTES_MAX);
	memcpy(secrets.psks, invitation->psks->ids, sizeof(secrets.psks));
	put_path_secret(invitation->path, joiner, &secrets);
	mls_group_secrets_write(&plaintext, &secrets);
	room = mls_write_room(&ciphertext, plaintext.length + MLS_TAG_BYTES);
	r = plaintext.fault != 0 ? plaintext.fault : ciphertext.fault;
	if (r == 0)
		r = mls_encrypt_with_label(package->init_key.data, welcome_label, sealed_info.data,
					   sealed_info.length, plaintext.data, plaintext.length,
					   kem_output, room);
	if (r == 0)
		r = mls_key_package_ref(package, ref);
	if (r == 0) {
		sealed.new_member = (struct mls_bytes){ref, sizeof(ref)};
		sealed.secrets.kem_output = (struct mls_bytes){kem_output, sizeof(kem_output)};
		sealed.secrets.ciphertext = mls_writer_bytes(&ciphertext);
		mls_encrypted_secrets_write(writer, &sealed);
	}
	mls_writer_finish(&plaintext);
	mls_writer_finish(&ciphertext);
	return r == -EINVAL ? -MLS_ERROR_KEY_PACKAGE : r;
}

static int seal_all_secrets(struct mls_writer *writer, const struct mls_invitation *invitation,
			    struct mls_bytes sealed_info)
{
	size_t joiner = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < invitation->list->n; i++) {
		const struct mls_proposal *proposal = invitation->list->items[i].proposal;

		if (proposal->type == MLS_PROPOSAL_ADD)
			r = seal_secrets(writer, &proposal->add,
					 invitation->applied->joiner_leaves[joiner++], invitation,
					 sealed_info);
	}
	return r;
}

int mls_welcome_seal(struct mls_writer *writer, const struct mls_group *group,
		     const struct mls_invitation *invitation)
{
	struct mls_welcome welcome = {.cipher_suite = MLS_CIPHER_SUITE};
	struct mls_writer info, secrets;
	int r;

	mls_writer_init(&info, MLS_WELCOME_BYTES_MAX);
	mls_writer_init(&secrets, MLS_MESSAGE_BYTES_MAX);
	r = seal_info(&info, group, invitation);
	if (r == 0)
		r = seal_all_secrets(&secrets, invitation, mls_writer_bytes(&info));
	if (r == 0)
		r = secrets.fault;
	if (r == 0) {
		welcome.secrets = mls_writer_bytes(&secrets);
		welcome.encrypted_group_info = mls_writer_bytes(&info);
		mls_message_write_head(writer, MLS_WELCOME);
		mls_welcome_write(writer, &welcome);
		r = writer->fault;
	}
	mls_writer_finish(&info);
	mls_writer_finish(&secrets);
	return r;
}
