/*
 * What loop.c, tls.c and the files of the websocket share of libwebsockets; for no other file.
 */
#ifndef BALAI_NET_LOOP_LWS_H
#define BALAI_NET_LOOP_LWS_H

#include <libwebsockets.h>

#include "net/loop.h"
#include "net/tls.h"

/* How many bytes of a message arrive in one piece at most. */
#define NET_RECEIVE_BYTES (32U << 10)
/* A TLS record holds as much (RFC 8446, section 5.1). */
#define NET_RECORD_BYTES (16U << 10)
#define NET_CONNECT_TIMEOUT_S 5
#define NET_PROTOCOL "balai"

struct lws_context *net_loop_context(struct net_loop *loop);

struct lws_vhost *net_tls_vhost(const struct net_tls *tls);

/* websocket.c: the callback of all its connections. */
int net_websocket_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
			size_t length);

#endif
