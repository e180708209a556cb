#include "base/buffer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE_FIRST = 256 };

void buffer_init(struct buffer *buffer, size_t maximum)
{
	*buffer = (struct buffer){.maximum = maximum};
}

void buffer_finish(struct buffer *buffer)
{
	free(buffer->data);
	buffer_init(buffer, buffer->maximum);
}

static int grow(struct buffer *buffer, size_t needed)
{
	size_t size = buffer->size ? buffer->size : SIZE_FIRST;
	uint8_t *data;

	while (size < needed && size <= buffer->maximum / 2)
		size *= 2;
	if (size < needed || size > buffer->maximum)
		size = buffer->maximum;
	data = realloc(buffer->data, size);
	if (!data)
		return -ENOMEM;
	buffer->data = data;
	buffer->size = size;
	return 0;
}

int buffer_append(struct buffer *buffer, const void *data, size_t length)
{
	int r;

	if (length > buffer->maximum - buffer->length)
		return -EMSGSIZE;
	if (length == 0)
		return 0;
	if (length > buffer->size - buffer->length) {
		r = grow(buffer, buffer->length + length);
		if (r < 0)
			return r;
	}
	memcpy(buffer->data + buffer->length, data, length);
	buffer->length += length;
	return 0;
}

void buffer_clear(struct buffer *buffer)
{
	buffer->length = 0;
}
