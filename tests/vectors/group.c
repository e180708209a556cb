/* welcome, passive-client-*: RFC 9420, section 12, as one who joins and listens. */
#include "e2ee/mls_group.h"
#include "e2ee/mls_key_schedule.h"
#include "e2ee/mls_signed.h"
#include "tests/vectors/vectors.h"

static int check_member(void *context, const struct mls_leaf_node *leaf)
{
	(void)context;
	(void)leaf;
	return 0;
}

struct passive {
	struct vector_case *test;
	const json_t *json;
};

static int check_tree(void *context, const struct mls_tree *now, const struct mls_tree *next)
{
	(void)context;
	(void)now;
	(void)next;
	return 0;
}

static bool find_psk(void *context, struct mls_bytes id, struct mls_bytes *ret_psk)
{
	const struct passive *passive = context;
	const json_t *psk;
	size_t i;

	json_array_foreach (vector_array(passive->test, passive->json, "external_psks"), i, psk) {
		if (mls_bytes_equal(vector_bytes(passive->test, psk, "psk_id"), id)) {
			*ret_psk = vector_bytes(passive->test, psk, "psk");
			return true;
		}
	}
	return false;
}

/* The published key packages say no time that they are for. */
static uint64_t now_s(void *context)
{
	(void)context;
	return 0;
}

static const struct mls_owner_ops ops = {check_member, check_tree, find_psk, now_s};

static void check_authenticator(struct passive *passive, const struct mls_group *group,
				const json_t *json, const char *key)
{
	vector_same(passive->test, "epoch authenticator", mls_group_authenticator(group),
		    MLS_HASH_BYTES, vector_bytes(passive->test, json, key));
}

static void process(struct passive *passive, struct mls_group *group, struct mls_bytes message,
		    const char *what)
{
	struct mls_received received;

	if (vector_done(passive->test, what, mls_group_process(group, message, &received)))
		mls_received_finish(&received);
}

static void follow(struct passive *passive, struct mls_group *group)
{
	const json_t *epoch, *proposal;
	size_t i, j;

	check_authenticator(passive, group, passive->json, "initial_epoch_authenticator");
	json_array_foreach (vector_array(passive->test, passive->json, "epochs"), i, epoch) {
		json_array_foreach (vector_array(passive->test, epoch, "proposals"), j, proposal) {
			process(passive, group, vector_hex(passive->test, proposal), "proposal");
		}
		process(passive, group, vector_bytes(passive->test, epoch, "commit"), "commit");
		check_authenticator(passive, group, epoch, "epoch_authenticator");
	}
}

/* The KeyPackage in an MLSMessage. */
static struct mls_bytes key_package_of(struct vector_case *test, struct mls_bytes encoded)
{
	struct mls_message message = {0};
	struct mls_reader reader;

	mls_reader_init(&reader, encoded);
	mls_message_read(&reader, &message);
	vector_done(test, "key package", mls_reader_close(&reader));
	if (message.wire_format != MLS_KEY_PACKAGE) {
		vector_fail(test, "no key package");
		return (struct mls_bytes){0};
	}
	return message.key_package.encoded;
}

/* The tree that came beside the Welcome, if any. */
static struct mls_bytes tree_of(struct vector_case *test, const json_t *json)
{
	const json_t *tree = json_object_get(json, "ratchet_tree");

	if (json_is_null(tree))
		return (struct mls_bytes){0};
	return vector_hex(test, tree);
}

static void check_passive(struct vector_case *test, const json_t *json)
{
	struct passive passive = {test, json};
	struct mls_own_package *package;
	struct mls_key_pair pair;
	struct mls_signer signer;
	const struct mls_member member = {&signer, {&ops, &passive}};
	struct mls_group *group;

	vector_done(test, "signature key",
		    mls_key_pair_from_private(vector_fixed(test, json, "signature_priv",
							   MLS_PRIVATE_KEY_BYTES),
					      &pair));
	mls_signer_init(&signer, &pair);
	if (!vector_done(test, "key package",
			 mls_own_package_restore(
				 key_package_of(test, vector_bytes(test, json, "key_package")),
				 vector_fixed(test, json, "init_priv", MLS_PRIVATE_KEY_BYTES),
				 vector_fixed(test, json, "encryption_priv", MLS_PRIVATE_KEY_BYTES),
				 &package)))
		return;
	if (vector_done(test, "welcome",
			mls_group_join(&member, package, vector_bytes(test, json, "welcome"),
				       tree_of(test, json), &group))) {
		follow(&passive, group);
		mls_group_destroy(group);
	}
	mls_own_package_destroy(package);
}

/* The GroupSecrets of a Welcome to one member. */
static bool open_secrets(struct vector_case *test, const struct mls_key_package *package,
			 const struct mls_key_pair *pair, const struct mls_welcome *welcome,
			 struct mls_group_secrets *ret_secrets)
{
	struct mls_bytes context = welcome->encrypted_group_info;
	struct mls_encrypted_secrets part;
	uint8_t ref[MLS_HASH_BYTES];
	struct mls_reader reader;
	uint8_t *plaintext;

	mls_reader_init(&reader, welcome->secrets);
	mls_encrypted_secrets_read(&reader, &part);
	if (!vector_done(test, "secrets", mls_reader_close(&reader)) ||
	    !vector_done(test, "reference", mls_key_package_ref(package, ref)))
		return false;
	vector_same(test, "reference", ref, sizeof(ref), part.new_member);
	if (part.secrets.kem_output.length != MLS_PUBLIC_KEY_BYTES ||
	    part.secrets.ciphertext.length < MLS_TAG_BYTES) {
		vector_fail(test, "secrets too short");
		return false;
	}
	plaintext = vector_block(test, part.secrets.ciphertext.length);
	if (!vector_done(test, "opening the secrets",
			 mls_decrypt_with_label(pair, "Welcome", context.data, context.length,
						part.secrets.kem_output.data,
						part.secrets.ciphertext.data,
						part.secrets.ciphertext.length, plaintext)))
		return false;
	mls_reader_init(&reader, (struct mls_bytes){plaintext, part.secrets.ciphertext.length -
								       MLS_TAG_BYTES});
	mls_group_secrets_read(&reader, ret_secrets);
	return vector_done(test, "reading the secrets", mls_reader_close(&reader)) &&
	       ret_secrets->joiner_secret.length == MLS_HASH_BYTES;
}

static bool open_info(struct vector_case *test, struct mls_bytes sealed,
		      const uint8_t *joiner_secret, struct mls_group_info *ret_info)
{
	static const uint8_t no_psk[MLS_HASH_BYTES];
	uint8_t key[MLS_KEY_BYTES], nonce[MLS_NONCE_BYTES];
	uint8_t *plaintext = vector_block(test, sealed.length);
	struct mls_reader reader;

	if (sealed.length < MLS_TAG_BYTES ||
	    !vector_done(test, "welcome key", mls_welcome_key(joiner_secret, no_psk, key, nonce)) ||
	    !vector_done(test, "opening the group info",
			 mls_aead_open(key, nonce, NULL, 0, sealed.data, sealed.length, plaintext)))
		return false;
	mls_reader_init(&reader, (struct mls_bytes){plaintext, sealed.length - MLS_TAG_BYTES});
	mls_group_info_read(&reader, ret_info);
	return vector_done(test, "reading the group info", mls_reader_close(&reader));
}

/* The tag that the joiner works out is the one in the GroupInfo. */
static void check_tag(struct vector_case *test, const struct mls_group_info *info,
		      const uint8_t *joiner_secret)
{
	static const uint8_t no_psk[MLS_HASH_BYTES];
	struct mls_epoch_secrets secrets;
	uint8_t tag[MLS_HASH_BYTES];
	struct mls_writer context;

	mls_writer_init(&context, MLS_MESSAGE_BYTES_MAX);
	mls_group_context_write(&context, &info->context);
	vector_done(test, "context", context.fault);
	if (info->context.confirmed_transcript_hash.length != MLS_HASH_BYTES)
		vector_fail(test, "no transcript hash");
	else if (vector_done(test, "epoch secrets",
			     mls_epoch_secrets_derive(joiner_secret, no_psk,
						      mls_writer_bytes(&context), &secrets)) &&
		 vector_done(test, "tag",
			     mls_confirmation_tag(&secrets,
						  info->context.confirmed_transcript_hash.data,
						  tag)))
		vector_same(test, "tag", tag, sizeof(tag), info->confirmation_tag);
	mls_writer_finish(&context);
}

static void check_welcome(struct vector_case *test, const json_t *json)
{
	struct mls_bytes encoded = key_package_of(test, vector_bytes(test, json, "key_package"));
	struct mls_message message = {0};
	struct mls_key_package package;
	struct mls_group_secrets secrets;
	struct mls_group_info info;
	struct mls_key_pair pair;
	struct mls_reader reader;

	mls_reader_init(&reader, encoded);
	mls_key_package_read(&reader, &package);
	mls_reader_init(&reader, vector_bytes(test, json, "welcome"));
	mls_message_read(&reader, &message);
	if (!vector_done(test, "welcome", mls_reader_close(&reader)) ||
	    message.wire_format != MLS_WELCOME ||
	    !vector_done(test, "init key",
			 mls_key_pair_from_private(vector_fixed(test, json, "init_priv",
								MLS_PRIVATE_KEY_BYTES),
						   &pair)) ||
	    !open_secrets(test, &package, &pair, &message.welcome, &secrets) ||
	    !open_info(test, message.welcome.encrypted_group_info, secrets.joiner_secret.data,
		       &info)) {
		vector_fail(test, "cannot be opened");
		return;
	}
	vector_done(test, "signature",
		    mls_group_info_verify(&info, vector_bytes(test, json, "signer_pub")));
	check_tag(test, &info, secrets.joiner_secret.data);
}

const struct vector_format vector_formats_group[] = {
	{"welcome", "signer_pub", check_welcome},
	{"passive-client", "initial_epoch_authenticator", check_passive},
	{0},
};
