#include "e2ee/mls_own_package.h"

#include <errno.h>
#include <stdlib.h>

#include "e2ee/mls_signed.h"

struct mls_own_package {
	struct mls_key_pair init;
	struct mls_key_pair leaf;
	struct mls_writer encoded;
	struct mls_key_package package; /* lies in encoded */
};

const struct mls_capabilities *mls_own_capabilities(void)
{
	static const uint8_t version[] = {0, MLS_VERSION};
	static const uint8_t cipher_suite[] = {0, MLS_CIPHER_SUITE};
	static const uint8_t extensions[] = {MLS_EXTENSION_BALAI_MEMBER >> 8,
					     MLS_EXTENSION_BALAI_MEMBER & 0xff};
	static const uint8_t credentials[] = {0, MLS_CREDENTIAL_BASIC, 0, MLS_CREDENTIAL_X509};
	static const struct mls_capabilities capabilities = {
		.versions = {version, sizeof(version)},
		.cipher_suites = {cipher_suite, sizeof(cipher_suite)},
		.extensions = {extensions, sizeof(extensions)},
		.credentials = {credentials, sizeof(credentials)},
	};

	return &capabilities;
}

static int parse(struct mls_own_package *own)
{
	struct mls_reader reader;

	mls_reader_init(&reader, mls_writer_bytes(&own->encoded));
	mls_key_package_read(&reader, &own->package);
	return mls_reader_close(&reader);
}

static int sign(struct mls_own_package *own, const struct mls_leaf_node *leaf,
		const struct mls_signer *signer)
{
	struct mls_key_package package = {
		.version = MLS_VERSION,
		.cipher_suite = MLS_CIPHER_SUITE,
		.init_key = {own->init.public_key, MLS_PUBLIC_KEY_BYTES},
	};
	struct mls_writer signed_leaf;
	struct mls_reader reader;
	int r;

	mls_writer_init(&signed_leaf, MLS_MESSAGE_BYTES_MAX);
	r = mls_leaf_node_sign(&signed_leaf, leaf, (struct mls_bytes){0}, 0, signer);
	if (r == 0) {
		mls_reader_init(&reader, mls_writer_bytes(&signed_leaf));
		mls_leaf_node_read(&reader, &package.leaf);
		r = mls_reader_close(&reader);
	}
	if (r == 0)
		r = mls_key_package_sign(&own->encoded, &package, signer);
	mls_writer_finish(&signed_leaf);
	return r;
}

static struct mls_own_package *allocate(void)
{
	struct mls_own_package *own = calloc(1, sizeof(*own));

	if (own)
		mls_writer_init(&own->encoded, MLS_MESSAGE_BYTES_MAX);
	return own;
}

static int make(struct mls_own_package *own, struct mls_leaf_node *leaf, uint16_t number,
		const struct mls_signer *signer)
{
	uint8_t data[] = {(uint8_t)(number >> 8), (uint8_t)number};
	struct mls_writer extensions;
	int r = mls_key_pair_generate(&own->init);

	if (r == 0)
		r = mls_key_pair_generate(&own->leaf);
	if (r < 0)
		return r;
	mls_writer_init(&extensions, MLS_LEAF_BYTES_MAX);
	mls_extension_write(&extensions, MLS_EXTENSION_BALAI_MEMBER,
			    (struct mls_bytes){data, sizeof(data)});
	r = extensions.fault;
	leaf->extensions = mls_writer_bytes(&extensions);
	if (r == 0)
		r = sign(own, leaf, signer);
	if (r == 0)
		r = parse(own);
	mls_writer_finish(&extensions);
	return r;
}

int mls_own_package_create(const struct mls_credential *credential, uint16_t number,
			   uint64_t not_before_s, uint64_t not_after_s,
			   const struct mls_signer *signer, struct mls_own_package **ret_package)
{
	struct mls_own_package *own = allocate();
	struct mls_leaf_node leaf;
	int r;

	if (!own)
		return -ENOMEM;
	leaf = (struct mls_leaf_node){
		.encryption_key = {own->leaf.public_key, MLS_PUBLIC_KEY_BYTES},
		.signature_key = {signer->public_key, MLS_PUBLIC_KEY_BYTES},
		.credential = *credential,
		.capabilities = *mls_own_capabilities(),
		.source = MLS_LEAF_KEY_PACKAGE,
		.not_before_s = not_before_s,
		.not_after_s = not_after_s,
	};
	r = make(own, &leaf, number, signer);
	if (r < 0) {
		mls_own_package_destroy(own);
		return r;
	}
	*ret_package = own;
	return 0;
}

static bool is_key(const struct mls_key_pair *pair, struct mls_bytes key)
{
	return mls_bytes_equal((struct mls_bytes){pair->public_key, MLS_PUBLIC_KEY_BYTES}, key);
}

int mls_own_package_restore(struct mls_bytes encoded, const uint8_t init_key[MLS_PRIVATE_KEY_BYTES],
			    const uint8_t leaf_key[MLS_PRIVATE_KEY_BYTES],
			    struct mls_own_package **ret_package)
{
	struct mls_own_package *own = allocate();
	int r;

	if (!own)
		return -ENOMEM;
	mls_write(&own->encoded, encoded.data, encoded.length);
	r = own->encoded.fault;
	if (r == 0)
		r = parse(own);
	if (r == 0)
		r = mls_key_pair_from_private(init_key, &own->init);
	if (r == 0)
		r = mls_key_pair_from_private(leaf_key, &own->leaf);
	if (r == 0 && (!is_key(&own->init, own->package.init_key) ||
		       !is_key(&own->leaf, own->package.leaf.encryption_key)))
		r = -EINVAL;
	if (r < 0) {
		mls_own_package_destroy(own);
		return r;
	}
	*ret_package = own;
	return 0;
}

void mls_own_package_destroy(struct mls_own_package *package)
{
	if (!package)
		return;
	mls_writer_finish(&package->encoded);
	mls_wipe(package, sizeof(*package));
	free(package);
}

const struct mls_key_package *mls_own_package_public(const struct mls_own_package *package)
{
	return &package->package;
}

const struct mls_key_pair *mls_own_package_init_pair(const struct mls_own_package *package)
{
	return &package->init;
}

const struct mls_key_pair *mls_own_package_leaf_pair(const struct mls_own_package *package)
{
	return &package->leaf;
}

int mls_own_package_ref(const struct mls_own_package *package, uint8_t ret_ref[MLS_HASH_BYTES])
{
	return mls_key_package_ref(&package->package, ret_ref);
}
