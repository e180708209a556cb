/*
 * What members of a meeting tell one another inside their group, as application messages: so far,
 * that someone was refused.
 *
 *     uint8 kind (1) | uint16 number | uint8 reason | opaque name<V>
 */
#ifndef BALAI_E2EE_CALL_TELL_H
#define BALAI_E2EE_CALL_TELL_H

#include "e2ee/call_group.h"
#include "e2ee/mls_codec.h"

void call_tell_write(struct mls_writer *writer, const struct call_refusal *refusal);

/* Leaves `by` empty. Returns 0 or a negative enum mls_error. */
int call_tell_read(struct mls_bytes told, struct call_refusal *ret_refusal)
	__attribute__((warn_unused_result));

#endif
