/*
 * Control messages: the first byte is the method that request 1 asked for, the rest is the text.
 * Whatever is taken can be written, is taken again, and is then written the same.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "meeting/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int method_of(void *context, int64_t id)
{
	int method = *(const uint8_t *)context;

	return id == 1 && method < MESSAGE_ROSTER ? method : -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct message message;
	struct message_fault fault;
	struct buffer once;
	struct buffer again;
	uint8_t method;

	if (size == 0)
		return 0;
	method = data[0];
	if (message_parse((const char *)data + 1, size - 1, method_of, &method, &message, &fault) !=
	    0)
		return 0;
	buffer_init(&once, MESSAGE_HUB_BYTES_MAX);
	buffer_init(&again, MESSAGE_HUB_BYTES_MAX);
	/* Only an error's text and a name can hold what JSON writes longer than it reads. */
	if (message_write(&message, &once) != 0)
		abort();
	if (message_parse((const char *)once.data, once.length, method_of, &method, &message,
			  &fault) != 0 ||
	    message_write(&message, &again) != 0)
		abort();
	message_finish(&message);
	assert(once.length == again.length && memcmp(once.data, again.data, once.length) == 0);
	buffer_finish(&again);
	buffer_finish(&once);
	return 0;
}
