/*
 * `openssl s_server` as a server that somebody else wrote: other versions of TLS, demands on the
 * client's certificate. What cannot be started ends the program.
 */
#ifndef BALAI_TESTS_TLS_PEER_H
#define BALAI_TESTS_TLS_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/fake/test_pki.h"

struct tls_peer;

/*
 * Listens on a free loopback port with hub.crt and, beyond that, `arguments` of openssl-s_server(1),
 * of which the last is NULL.
 */
struct tls_peer *tls_peer_create(struct test_pki *pki, const char *const *arguments);

/* NULL is allowed. */
void tls_peer_destroy(struct tls_peer *peer);

uint16_t tls_peer_port(const struct tls_peer *peer);

/*
 * The next line that the client sent or s_server has to say, without its end. False when the
 * connection is over.
 */
bool tls_peer_read_line(struct tls_peer *peer, char *line, size_t size);

/* To the client. The first byte is not one of s_server's letters of command. */
void tls_peer_write(struct tls_peer *peer, const void *data, size_t length);

#endif
