/*
 * MLSMessage, which holds every struct of MLS: whatever is taken is written back as the same bytes,
 * and a fault has a name and an offset.
 */
#include <assert.h>
#include <string.h>

#include "e2ee/mls_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mls_message message;
	struct mls_reader reader;
	struct mls_writer writer;

	mls_reader_init(&reader, (struct mls_bytes){data, size});
	mls_message_read(&reader, &message);
	if (mls_reader_close(&reader) < 0) {
		assert(reader.fault_at <= size);
		assert(!strstr(mls_error_text(reader.fault), "Unknown error"));
		return 0;
	}
	mls_writer_init(&writer, MLS_WELCOME_BYTES_MAX);
	mls_message_write(&writer, &message);
	assert(writer.fault != 0 || writer.length == size);
	assert(writer.fault != 0 || memcmp(writer.data, data, size) == 0);
	mls_writer_finish(&writer);
	return 0;
}
