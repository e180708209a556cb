/* SFrame: a header that is taken is written back as the same bytes, and no forged frame opens. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "e2ee/mls_crypto.h"
#include "e2ee/sframe_session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sframe_session *session_of_meeting(void)
{
	struct sframe_epoch epoch = {.number = 3, .n_leaves = 256, .own_leaf = 0};
	struct sframe_session *session;

	if (mls_crypto_init() < 0 ||
	    sframe_session_create(SFRAME_AES_128_GCM_SHA256_128, &session) < 0 ||
	    mls_random(epoch.base_key, sizeof(epoch.base_key)) < 0 ||
	    sframe_session_begin(session, &epoch, 0) < 0)
		abort();
	return session;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t written[SFRAME_HEADER_BYTES_MAX];
	struct sframe_session *session;
	struct sframe_header header;
	struct sframe_source source;
	uint8_t *plaintext;
	size_t length;

	if (sframe_header_read(data, size, &header) == 0) {
		assert(sframe_header_write(header.kid, header.counter, written) == header.length);
		assert(memcmp(written, data, header.length) == 0);
	}
	session = session_of_meeting();
	plaintext = malloc(size + 1);
	assert(plaintext);
	assert(sframe_session_open(session, 0, NULL, 0, data, size, plaintext, &length, &source) <
	       0);
	free(plaintext);
	sframe_session_destroy(session);
	return 0;
}
