#include "meeting/object.h"

#include "base/buffer.h"

enum object_error object_parse(const uint8_t *message, size_t length,
			       struct object_header *ret_header)
{
	struct object_header header;

	if (length <= OBJECT_HEADER_BYTES)
		return OBJECT_TRUNCATED;
	if (message[0] != OBJECT_VERSION)
		return OBJECT_BAD_VERSION;
	header.flags = message[1];
	header.track = buffer_get_u16(message + 2);
	header.layer = message[4];
	header.priority = message[5];
	header.group = buffer_get_u32(message + 8);
	header.object = buffer_get_u32(message + 12);
	header.capture_us = buffer_get_u64(message + 16);
	if ((header.flags & ~OBJECT_FLAGS_KNOWN) != 0 || buffer_get_u16(message + 6) != 0)
		return OBJECT_BAD_FIELD;
	if (header.track == 0 || header.layer >= OBJECT_LAYERS_MAX)
		return OBJECT_BAD_FIELD;
	if (header.priority != 0 && header.priority != 1 + header.layer)
		return OBJECT_BAD_FIELD;
	if (((header.flags & OBJECT_KEY) != 0) != (header.object == 0))
		return OBJECT_BAD_FIELD;
	if (header.capture_us > INT64_MAX)
		return OBJECT_BAD_FIELD;
	*ret_header = header;
	return OBJECT_OK;
}

void object_write(const struct object_header *header, uint8_t *message)
{
	message[0] = OBJECT_VERSION;
	message[1] = header->flags;
	buffer_put_u16(message + 2, header->track);
	message[4] = header->layer;
	message[5] = header->priority;
	buffer_put_u16(message + 6, 0);
	buffer_put_u32(message + 8, header->group);
	buffer_put_u32(message + 12, header->object);
	buffer_put_u64(message + 16, header->capture_us);
}

const char *object_error_text(enum object_error error)
{
	switch (error) {
	case OBJECT_OK:
		return "no error";
	case OBJECT_TRUNCATED:
		return "truncated header";
	case OBJECT_BAD_VERSION:
		return "unknown version";
	case OBJECT_BAD_FIELD:
		return "header field out of range";
	}
	return "unknown error";
}
