#include "e2ee/call_tell.h"

#include <string.h>

#include "base/text.h"

#define KIND_REFUSED 1

void call_tell_write(struct mls_writer *writer, const struct call_refusal *refusal)
{
	mls_write_u8(writer, KIND_REFUSED);
	mls_write_u16(writer, refusal->number);
	mls_write_u8(writer, (uint8_t)refusal->reason);
	mls_write_vector(writer, refusal->name, strlen(refusal->name));
}

int call_tell_read(struct mls_bytes told, struct call_refusal *ret_refusal)
{
	struct call_refusal refusal = {0};
	struct mls_reader reader;
	struct mls_bytes name;
	uint8_t kind, reason;
	int r;

	mls_reader_init(&reader, told);
	kind = mls_read_u8(&reader);
	refusal.number = mls_read_u16(&reader);
	reason = mls_read_u8(&reader);
	name = mls_read_vector(&reader);
	r = mls_reader_close(&reader);
	if (r < 0)
		return r;
	if (kind != KIND_REFUSED || reason == CALL_REASON_NONE || reason > CALL_REASON_FULL)
		return -MLS_ERROR_VALUE;
	if (name.length > MLS_NAME_BYTES_MAX ||
	    (name.length > 0 && !text_is_plain((const char *)name.data, name.length)))
		return -MLS_ERROR_VALUE;
	refusal.reason = (enum call_reason)reason;
	if (name.length > 0)
		memcpy(refusal.name, name.data, name.length);
	*ret_refusal = refusal;
	return 0;
}
