/* crypto-basics: the labelled functions of RFC 9420, sections 5 and 8. */
#include "e2ee/mls_crypto.h"
#include "tests/vectors/vectors.h"

static void check_kdf(struct vector_case *test, const json_t *json)
{
	const json_t *expand = vector_object(test, json, "expand_with_label");
	const json_t *derive = vector_object(test, json, "derive_secret");
	const json_t *tree = vector_object(test, json, "derive_tree_secret");
	struct mls_bytes context = vector_bytes(test, expand, "context");
	struct mls_bytes out = vector_bytes(test, expand, "out");
	uint8_t *bytes = vector_block(test, out.length);

	vector_done(test, "ExpandWithLabel",
		    mls_expand_with_label(vector_fixed(test, expand, "secret", MLS_HASH_BYTES),
					  vector_text(test, expand, "label"), context.data,
					  context.length, bytes, out.length));
	vector_same(test, "ExpandWithLabel", bytes, out.length, out);

	bytes = vector_block(test, MLS_HASH_BYTES);
	vector_done(test, "DeriveSecret",
		    mls_derive_secret(vector_fixed(test, derive, "secret", MLS_HASH_BYTES),
				      vector_text(test, derive, "label"), bytes));
	vector_same(test, "DeriveSecret", bytes, MLS_HASH_BYTES, vector_bytes(test, derive, "out"));

	out = vector_bytes(test, tree, "out");
	bytes = vector_block(test, out.length);
	vector_done(test, "DeriveTreeSecret",
		    mls_derive_tree_secret(vector_fixed(test, tree, "secret", MLS_HASH_BYTES),
					   vector_text(test, tree, "label"),
					   (uint32_t)vector_number(test, tree, "generation"), bytes,
					   out.length));
	vector_same(test, "DeriveTreeSecret", bytes, out.length, out);
}

static void check_ref_hash(struct vector_case *test, const json_t *json)
{
	struct mls_bytes value = vector_bytes(test, json, "value");
	uint8_t hash[MLS_HASH_BYTES];

	if (vector_done(test, "RefHash",
			mls_ref_hash(vector_text(test, json, "label"), value.data, value.length,
				     hash)))
		vector_same(test, "RefHash", hash, sizeof(hash), vector_bytes(test, json, "out"));
}

static void check_sign(struct vector_case *test, const json_t *json)
{
	const uint8_t *public_key = vector_fixed(test, json, "pub", MLS_PUBLIC_KEY_BYTES);
	struct mls_bytes content = vector_bytes(test, json, "content");
	struct mls_bytes published = vector_bytes(test, json, "signature");
	const char *label = vector_text(test, json, "label");
	uint8_t signature[MLS_SIGNATURE_BYTES];
	struct mls_key_pair pair;
	struct mls_signer signer;
	size_t length;

	vector_done(test, "the published signature",
		    mls_verify_with_label(public_key, label, content.data, content.length,
					  published.data, published.length));
	if (!vector_done(test, "the private key",
			 mls_key_pair_from_private(
				 vector_fixed(test, json, "priv", MLS_PRIVATE_KEY_BYTES), &pair)))
		return;
	mls_signer_init(&signer, &pair);
	if (vector_done(test, "SignWithLabel",
			mls_sign_with_label(&signer, label, content.data, content.length, signature,
					    &length)))
		vector_done(test, "a signature of one's own",
			    mls_verify_with_label(public_key, label, content.data, content.length,
						  signature, length));
}

static void check_encrypt(struct vector_case *test, const json_t *json)
{
	struct mls_bytes context = vector_bytes(test, json, "context");
	struct mls_bytes plaintext = vector_bytes(test, json, "plaintext");
	struct mls_bytes published = vector_bytes(test, json, "ciphertext");
	const char *label = vector_text(test, json, "label");
	uint8_t *ciphertext = vector_block(test, plaintext.length + MLS_TAG_BYTES);
	uint8_t *opened = vector_block(test, plaintext.length);
	uint8_t kem_output[MLS_PUBLIC_KEY_BYTES];
	struct mls_key_pair pair;

	if (published.length != plaintext.length + MLS_TAG_BYTES ||
	    !vector_done(test, "the private key",
			 mls_key_pair_from_private(
				 vector_fixed(test, json, "priv", MLS_PRIVATE_KEY_BYTES), &pair)))
		return;
	vector_done(test, "DecryptWithLabel",
		    mls_decrypt_with_label(&pair, label, context.data, context.length,
					   vector_fixed(test, json, "kem_output",
							MLS_PUBLIC_KEY_BYTES),
					   published.data, published.length, opened));
	vector_same(test, "plaintext", opened, plaintext.length, plaintext);
	if (vector_done(test, "EncryptWithLabel",
			mls_encrypt_with_label(vector_fixed(test, json, "pub",
							    MLS_PUBLIC_KEY_BYTES),
					       label, context.data, context.length, plaintext.data,
					       plaintext.length, kem_output, ciphertext)))
		vector_done(test, "a ciphertext of one's own",
			    mls_decrypt_with_label(&pair, label, context.data, context.length,
						   kem_output, ciphertext, published.length,
						   opened));
}

static void check_basics(struct vector_case *test, const json_t *json)
{
	check_kdf(test, json);
	check_ref_hash(test, vector_object(test, json, "ref_hash"));
	check_sign(test, vector_object(test, json, "sign_with_label"));
	check_encrypt(test, vector_object(test, json, "encrypt_with_label"));
}

const struct vector_format vector_formats_crypto[] = {
	{"crypto-basics", "ref_hash", check_basics},
	{0},
};
