/* What RFC 9420 hashes, expands, signs and encrypts with a label. Private to firmware/e2ee. */
#ifndef BALAI_E2EE_MLS_LABEL_H
#define BALAI_E2EE_MLS_LABEL_H

#include <stddef.h>

#include "base/buffer.h"

/* Room for the largest content, which is a message of 64 KiB, and its label. */
#define MLS_LABELLED_BYTES_MAX ((64U << 10) + 1024)

/*
 * Appends { opaque label<V> = prefix + label; opaque content<V>; }. Returns 0, -EMSGSIZE (the
 * buffer's maximum) or -ENOMEM.
 */
int mls_labelled(struct buffer *buffer, const char *prefix, const char *label, const void *content,
		 size_t length) __attribute__((warn_unused_result));

#endif
