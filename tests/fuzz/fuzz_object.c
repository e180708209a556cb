/* The object header: whatever is taken is written back as the same bytes. */
#include <assert.h>
#include <string.h>

#include "meeting/object.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t written[OBJECT_HEADER_BYTES];
	struct object_header header;

	if (object_parse(data, size, &header) != OBJECT_OK)
		return 0;
	object_write(&header, written);
	assert(memcmp(written, data, sizeof(written)) == 0);
	return 0;
}
