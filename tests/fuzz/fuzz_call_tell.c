/* What a member tells the others: what is taken is written again as it came. */
#include <assert.h>
#include <string.h>

#include "e2ee/call_tell.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct call_refusal refusal;
	struct mls_writer writer;

	if (call_tell_read((struct mls_bytes){data, size}, &refusal) < 0)
		return 0;
	mls_writer_init(&writer, MLS_MESSAGE_BYTES_MAX);
	call_tell_write(&writer, &refusal);
	assert(mls_bytes_equal(mls_writer_bytes(&writer), (struct mls_bytes){data, size}));
	mls_writer_finish(&writer);
	return 0;
}
