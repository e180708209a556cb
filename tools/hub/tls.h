/*
 * TLS of the hub: version 1.3, its own certificate, and clients that prove themselves by one of the
 * configured authorities.
 */
#ifndef BALAI_HUB_TLS_H
#define BALAI_HUB_TLS_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

#include "tools/hub/config.h"
#include "tools/hub/shared.h"

/*
 * Fills `context` anew from the files. Returns 0; or -EINVAL with *ret_fault, up to `size` bytes,
 * and then a context in use is as it was.
 */
int tls_load(SSL_CTX *context, const struct config *config, char *ret_fault, size_t size)
	__attribute__((warn_unused_result));

/* As tls_load() without a context: are the files good? */
int tls_check(const struct config *config, char *ret_fault, size_t size)
	__attribute__((warn_unused_result));

/* Handshakes that fail are counted and logged with their reason. `shared` outlives the context. */
void tls_watch(SSL_CTX *context, struct shared *shared);

/* The room's name in the peer's certificate: the one CN. False: there is no usable one. */
bool tls_room_name(SSL *ssl, char name[static MESSAGE_NAME_BYTES_MAX + 1]);

/* The peer has sent nothing yet. */
bool tls_is_silent(SSL *ssl);

#endif
