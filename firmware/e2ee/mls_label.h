/* What RFC 9420 hashes, expands, signs and encrypts with a label. Private to firmware/e2ee. */
#ifndef BALAI_E2EE_MLS_LABEL_H
#define BALAI_E2EE_MLS_LABEL_H

#include "e2ee/mls_codec.h"
#include "e2ee/mls_types.h"

/* Room for the largest content, which is a Welcome's, and its label. */
#define MLS_LABELLED_BYTES_MAX (MLS_WELCOME_BYTES_MAX + 1024)

/* { opaque label<V> = prefix + label; opaque content<V>; } */
void mls_label_write(struct mls_writer *writer, const char *prefix, const char *label,
		     const void *content, size_t length);

#endif
