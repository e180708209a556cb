/* secret-tree and message-protection: RFC 9420, sections 6 and 9. */
#include "e2ee/mls_protect.h"

#include <string.h>

#include "tests/vectors/vectors.h"

static void check_sender_data(struct vector_case *test, const json_t *json)
{
	uint8_t key[MLS_KEY_BYTES];
	uint8_t nonce[MLS_NONCE_BYTES];

	if (!vector_done(test, "the sender data's key",
			 mls_sender_data_key(vector_fixed(test, json, "sender_data_secret",
							  MLS_HASH_BYTES),
					     vector_bytes(test, json, "ciphertext"), key, nonce)))
		return;
	vector_same(test, "key", key, sizeof(key), vector_bytes(test, json, "key"));
	vector_same(test, "nonce", nonce, sizeof(nonce), vector_bytes(test, json, "nonce"));
}

static void check_message_key(struct vector_case *test, const json_t *json,
			      struct mls_secret_tree *tree, uint32_t leaf, enum mls_ratchet ratchet)
{
	bool handshake = ratchet == MLS_RATCHET_HANDSHAKE;
	uint32_t generation = (uint32_t)vector_number(test, json, "generation");
	struct mls_message_key key;

	if (!vector_done(test, "a message's key",
			 mls_secret_tree_find(tree, leaf, ratchet, generation, &key)))
		return;
	vector_same(test, "key", key.key, sizeof(key.key),
		    vector_bytes(test, json, handshake ? "handshake_key" : "application_key"));
	vector_same(test, "nonce", key.nonce, sizeof(key.nonce),
		    vector_bytes(test, json, handshake ? "handshake_nonce" : "application_nonce"));
	mls_secret_tree_erase(tree, leaf, ratchet, generation);
	if (mls_secret_tree_find(tree, leaf, ratchet, generation, &key) != -MLS_ERROR_GENERATION)
		vector_fail(test, "a key that was erased is there");
}

static void check_leaf(struct vector_case *test, const json_t *generations,
		       struct mls_secret_tree *tree, uint32_t leaf)
{
	for (size_t i = 0; i < json_array_size(generations); i++) {
		const json_t *json = json_array_get(generations, i);

		check_message_key(test, json, tree, leaf, MLS_RATCHET_HANDSHAKE);
		check_message_key(test, json, tree, leaf, MLS_RATCHET_APPLICATION);
	}
}

static void check_secret_tree(struct vector_case *test, const json_t *json)
{
	const json_t *leaves = vector_array(test, json, "leaves");
	uint32_t n_leaves = 1;
	struct mls_secret_tree *tree;

	check_sender_data(test, vector_object(test, json, "sender_data"));
	while (n_leaves < json_array_size(leaves))
		n_leaves *= 2;
	if (!vector_done(test, "the secret tree",
			 mls_secret_tree_create(vector_fixed(test, json, "encryption_secret",
							     MLS_HASH_BYTES),
						n_leaves, &tree)))
		return;
	for (uint32_t leaf = 0; leaf < json_array_size(leaves); leaf++)
		check_leaf(test, json_array_get(leaves, leaf), tree, leaf);
	mls_secret_tree_destroy(tree);
}

/* A group of two: leaf 1 sends, leaf 0 receives. */
struct pair {
	struct mls_writer context;
	struct mls_epoch_secrets secrets;
	struct mls_key_pair signature;
	struct mls_signer signer;
	struct mls_protection sender;
	struct mls_protection receiver;
};

static void write_context(struct vector_case *test, const json_t *json, struct mls_writer *writer)
{
	struct mls_group_context context = {
		.version = MLS_VERSION,
		.cipher_suite = MLS_CIPHER_SUITE,
		.group_id = vector_bytes(test, json, "group_id"),
		.epoch = vector_number(test, json, "epoch"),
		.tree_hash = vector_bytes(test, json, "tree_hash"),
		.confirmed_transcript_hash = vector_bytes(test, json, "confirmed_transcript_hash"),
	};

	mls_writer_init(writer, MLS_MESSAGE_BYTES_MAX);
	mls_group_context_write(writer, &context);
	vector_done(test, "GroupContext", writer->fault);
}

static void pair_init(struct vector_case *test, const json_t *json, struct pair *pair)
{
	const uint8_t *encryption = vector_fixed(test, json, "encryption_secret", MLS_HASH_BYTES);

	*pair = (struct pair){0};
	write_context(test, json, &pair->context);
	memcpy(pair->secrets.sender_data,
	       vector_fixed(test, json, "sender_data_secret", MLS_HASH_BYTES), MLS_HASH_BYTES);
	memcpy(pair->secrets.membership_key,
	       vector_fixed(test, json, "membership_key", MLS_HASH_BYTES), MLS_HASH_BYTES);
	vector_done(test, "the signature key",
		    mls_key_pair_from_private(vector_fixed(test, json, "signature_priv",
							   MLS_PRIVATE_KEY_BYTES),
					      &pair->signature));
	mls_signer_init(&pair->signer, &pair->signature);
	pair->sender = (struct mls_protection){
		.group_id = vector_bytes(test, json, "group_id"),
		.epoch = vector_number(test, json, "epoch"),
		.context = mls_writer_bytes(&pair->context),
		.secrets = &pair->secrets,
		.own_leaf = 1,
	};
	pair->receiver = pair->sender;
	pair->receiver.own_leaf = 0;
	vector_done(test, "a secret tree",
		    mls_secret_tree_create(encryption, 2, &pair->sender.secret_tree));
	vector_done(test, "a secret tree",
		    mls_secret_tree_create(encryption, 2, &pair->receiver.secret_tree));
}

static void pair_finish(struct pair *pair)
{
	mls_secret_tree_destroy(pair->sender.secret_tree);
	mls_secret_tree_destroy(pair->receiver.secret_tree);
	mls_writer_finish(&pair->context);
}

/* Opens an MLSMessage and compares its content's body, of which applications have no header. */
static void check_open(struct vector_case *test, const struct pair *pair, struct mls_bytes bytes,
		       struct mls_bytes published)
{
	struct mls_writer plaintext = {0};
	struct mls_writer body;
	struct mls_authenticated opened;
	struct mls_message message;
	struct mls_reader reader;
	int r;

	mls_reader_init(&reader, bytes);
	mls_message_read(&reader, &message);
	if (!vector_done(test, "MLSMessage", mls_reader_close(&reader)))
		return;
	r = message.wire_format == MLS_PRIVATE_MESSAGE
		    ? mls_private_open(&pair->receiver, &message.private_message, &plaintext,
				       &opened)
		    : mls_public_open(&pair->receiver, &message.public_message, &opened);
	if (!vector_done(test, "opening", r))
		return;
	vector_done(test, "the signature",
		    mls_content_verify(&pair->receiver, &opened,
				       (struct mls_bytes){pair->signature.public_key,
							  MLS_PUBLIC_KEY_BYTES}));
	mls_writer_init(&body, MLS_MESSAGE_BYTES_MAX);
	if (opened.content.type == MLS_CONTENT_APPLICATION)
		mls_write(&body, opened.content.application.data,
			  opened.content.application.length);
	else
		mls_content_write_body(&body, &opened.content);
	vector_same(test, "content", body.data, body.length, published);
	mls_writer_finish(&body);
	mls_writer_finish(&plaintext);
}

/* Seals that body as leaf 1 and opens it. */
static void check_seal(struct vector_case *test, const struct pair *pair, uint16_t wire_format,
		       uint8_t type, struct mls_bytes published)
{
	uint8_t signature[MLS_SIGNATURE_BYTES];
	uint8_t tag[MLS_HASH_BYTES] = {0};
	struct mls_authenticated message = {
		.wire_format = wire_format,
		.content = {.group_id = pair->sender.group_id,
			    .epoch = pair->sender.epoch,
			    .sender_type = MLS_SENDER_MEMBER,
			    .sender_index = pair->sender.own_leaf,
			    .type = type,
			    .application = published},
		.auth = {.signature = {signature, 0}},
	};
	struct mls_writer sealed;
	struct mls_reader reader;

	if (type == MLS_CONTENT_COMMIT)
		message.auth.confirmation_tag = (struct mls_bytes){tag, sizeof(tag)};
	if (type != MLS_CONTENT_APPLICATION) {
		mls_reader_init(&reader, published);
		mls_content_read_body(&reader, &message.content);
		vector_done(test, "content", mls_reader_close(&reader));
	}
	if (!vector_done(test, "signing",
			 mls_content_sign(&pair->sender, wire_format, &message.content,
					  &pair->signer, signature,
					  &message.auth.signature.length)))
		return;
	mls_writer_init(&sealed, MLS_MESSAGE_BYTES_MAX);
	if (vector_done(test, "sealing",
			wire_format == MLS_PRIVATE_MESSAGE
				? mls_private_seal(&pair->sender, &message, &sealed)
				: mls_public_seal(&pair->sender, &message, &sealed)))
		check_open(test, pair, mls_writer_bytes(&sealed), published);
	mls_writer_finish(&sealed);
}

static void check_protection(struct vector_case *test, const json_t *json)
{
	static const struct {
		const char *content;
		const char *sealed;
		uint16_t wire_format;
		uint8_t type;
	} rows[] = {
		{"proposal", "proposal_pub", MLS_PUBLIC_MESSAGE, MLS_CONTENT_PROPOSAL},
		{"proposal", "proposal_priv", MLS_PRIVATE_MESSAGE, MLS_CONTENT_PROPOSAL},
		{"commit", "commit_pub", MLS_PUBLIC_MESSAGE, MLS_CONTENT_COMMIT},
		{"commit", "commit_priv", MLS_PRIVATE_MESSAGE, MLS_CONTENT_COMMIT},
		{"application", "application_priv", MLS_PRIVATE_MESSAGE, MLS_CONTENT_APPLICATION},
	};
	struct pair pair;

	/* A published message and one's own may have the same generation: to each its secret tree. */
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mls_bytes content = vector_bytes(test, json, rows[i].content);

		pair_init(test, json, &pair);
		if (!vector_failed(test))
			check_open(test, &pair, vector_bytes(test, json, rows[i].sealed), content);
		pair_finish(&pair);
		pair_init(test, json, &pair);
		if (!vector_failed(test))
			check_seal(test, &pair, rows[i].wire_format, rows[i].type, content);
		pair_finish(&pair);
	}
}

const struct vector_format vector_formats_protection[] = {
	{"secret-tree", "sender_data", check_secret_tree},
	{"message-protection", "application_priv", check_protection},
	{0},
};
