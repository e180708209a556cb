/*
 * What websocket.c, websocket_connect.c and websocket_message.c share; for no other file.
 */
#ifndef BALAI_NET_WEBSOCKET_PRIVATE_H
#define BALAI_NET_WEBSOCKET_PRIVATE_H

#include "base/buffer.h"
#include "net/connect.h"
#include "net/loop_lws.h"
#include "net/websocket.h"

#define WEBSOCKET_PATH_BYTES 256
#define WEBSOCKET_PROTOCOL_BYTES 64

enum websocket_stage {
	WEBSOCKET_LOOKING_UP,
	WEBSOCKET_CONNECTING,
	WEBSOCKET_ADDRESS_FAILED, /* the next one may do better */
	WEBSOCKET_SERVER_FAILED,  /* it was reached: what is wrong with it is to be found out */
	WEBSOCKET_UPGRADE_FAILED, /* `fault` says it */
	WEBSOCKET_DIAGNOSING,
	WEBSOCKET_OPEN,
};

struct websocket {
	struct net_loop *loop;
	struct net_tls *tls;
	const struct websocket_events *events;
	void *context;

	char host[NET_HOST_BYTES];
	char authority[NET_HOST_BYTES + 10]; /* host:port, [IPv6]:port */
	char path[WEBSOCKET_PATH_BYTES];
	char subprotocol[WEBSOCKET_PROTOCOL_BYTES];
	uint16_t port;
	size_t text_max;
	size_t binary_max;
	uint32_t unsent_max;
	int64_t ping_after_us;
	int64_t silent_after_us;

	enum websocket_stage stage;
	struct net_connect *connect; /* what net-wait does for it, or NULL */
	struct net_address addresses[NET_ADDRESSES_MAX];
	size_t address_count;
	size_t address;          /* that is tried */
	struct net_timer *timer; /* while connecting: the next step; then: a tick */
	struct net_fault fault;
	struct lws *wsi; /* NULL: none */

	struct buffer in; /* of a message that comes in pieces */
	struct websocket_message *out;
	size_t out_sent;
	bool wants_write;
	bool wants_ping;
	bool may_send; /* we are in writable() */
	int64_t heard_us;
	int64_t sent_us;
	uint8_t ping[LWS_PRE + 1];
};

/* The last event; the owner may destroy the websocket in it. code: 0 closes without a word. */
void websocket_conclude(struct websocket *websocket, uint16_t code, struct net_fault fault);

/* websocket_connect.c: from the look-up to the upgrade. */
int websocket_look_up(struct websocket *websocket);
void websocket_connect_timer(struct websocket *websocket);
int websocket_upgraded(struct websocket *websocket, struct lws *wsi);
void websocket_not_connected(struct websocket *websocket, struct lws *wsi);

/* websocket_message.c: what an open one carries. */
void websocket_piece(struct websocket *websocket, struct lws *wsi, const uint8_t *data,
		     size_t length);
int websocket_writable(struct websocket *websocket, struct lws *wsi);

#endif
