/* RFC 9605, appendix C: headers, and the suites that this project has. */
#include "e2ee/sframe.h"

#include "tests/vectors/vectors.h"

static void check_header(struct vector_case *test, const json_t *json)
{
	uint64_t kid = vector_number(test, json, "kid");
	uint64_t counter = vector_number(test, json, "ctr");
	struct mls_bytes encoded = vector_bytes(test, json, "encoded");
	uint8_t written[SFRAME_HEADER_BYTES_MAX] = {0};
	struct sframe_header header;
	size_t length;

	length = sframe_header_write(kid, counter, written);
	vector_same(test, "header", written, length, encoded);
	if (vector_done(test, "reading",
			sframe_header_read(encoded.data, encoded.length, &header)) &&
	    (header.kid != kid || header.counter != counter || header.length != encoded.length))
		vector_fail(test, "other numbers than published");
}

static void check_frame(struct vector_case *test, const json_t *json)
{
	enum sframe_suite suite = (enum sframe_suite)vector_number(test, json, "cipher_suite");
	uint64_t counter = vector_number(test, json, "ctr");
	struct mls_bytes base_key = vector_bytes(test, json, "base_key");
	struct mls_bytes metadata = vector_bytes(test, json, "metadata");
	struct mls_bytes plaintext = vector_bytes(test, json, "pt");
	struct mls_bytes published = vector_bytes(test, json, "ct");
	uint8_t *sealed = vector_block(test, plaintext.length + SFRAME_ADDED_BYTES_MAX);
	uint8_t *opened = vector_block(test, published.length);
	struct sframe_header header;
	struct sframe_key key;
	size_t length;

	if (!vector_done(test, "the key schedule",
			 sframe_key_derive(suite, base_key.data, base_key.length,
					   vector_number(test, json, "kid"), &key)))
		return;
	vector_same(test, "key", key.key, sframe_key_bytes(suite),
		    vector_bytes(test, json, "sframe_key"));
	vector_same(test, "salt", key.salt, sizeof(key.salt),
		    vector_bytes(test, json, "sframe_salt"));
	if (vector_done(test, "sealing",
			sframe_seal(&key, counter, metadata.data, metadata.length, plaintext.data,
				    plaintext.length, sealed, &length)))
		vector_same(test, "message", sealed, length, published);
	if (vector_done(test, "the header",
			sframe_header_read(published.data, published.length, &header)) &&
	    vector_done(test, "opening",
			sframe_open(&key, &header, metadata.data, metadata.length, published.data,
				    published.length, opened, &length)))
		vector_same(test, "plaintext", opened, length, plaintext);
}

/* Suites 1 to 3 and 6 have their own construction, which none of ours uses. */
static void refuse(struct vector_case *test, const json_t *json)
{
	(void)json;
	vector_fail(test, "of a suite that has no AES-CTR with HMAC");
}

const struct vector_format vector_formats_sframe[] = {
	{"sframe-header", "encoded", check_header},
	{"sframe-ctr-hmac", "auth_key", refuse},
	{"sframe", "sframe_secret", check_frame},
	{0},
};
