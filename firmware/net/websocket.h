/*
 * One client connection of RFC 6455 over TLS 1.3: from looking up a name to its end. To connect
 * again is to make another.
 *
 *     create ─► look up ─► connect ─► TLS ─► upgrade ─► open() ─► message()… ─► closed()
 *                  └──────────┴────────┴────────┴── diagnosis ────────────────────┘
 *
 * The server's certificate is checked against the CA of `tls` and against the host's name. All
 * functions and all events are of the net thread.
 */
#ifndef BALAI_NET_WEBSOCKET_H
#define BALAI_NET_WEBSOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/fault.h"
#include "net/loop.h"
#include "net/tcp.h"
#include "net/tls.h"

struct websocket;

enum websocket_kind {
	WEBSOCKET_TEXT,
	WEBSOCKET_BINARY,
};

enum websocket_close {
	WEBSOCKET_CLOSE_NORMAL = 1000,
	WEBSOCKET_CLOSE_GOING = 1001,
	WEBSOCKET_CLOSE_PROTOCOL = 1002,
	WEBSOCKET_CLOSE_TOO_LARGE = 1009,
};

struct websocket_config {
	struct net_tls *tls; /* outlives the websocket */
	const char *host;    /* a DNS name or an IPv4 address, as in the server's certificate */
	uint16_t port;
	const char *path;        /* begins with a slash */
	const char *subprotocol; /* that the server has to confirm */
	size_t text_max;         /* bytes of a text message; 0: none may come */
	size_t binary_max;       /* bytes of a binary message; 0: none may come */
	uint32_t unsent_max;     /* TCP_NOTSENT_LOWAT, bytes */
	int64_t ping_after_us;   /* a ping is sent when nothing was sent or heard for so long */
	int64_t silent_after_us; /* the connection ends when nothing was heard for so long */
};

/*
 * In an event the websocket may be destroyed, but for that nothing is called back into.
 */
struct websocket_events {
	void (*open)(void *context);
	/* A whole message; `data` is lent for the call. arrival_us: CLOCK_MONOTONIC. */
	void (*message)(void *context, enum websocket_kind kind, const uint8_t *data, size_t length,
			int64_t arrival_us);
	/* Once after websocket_want_write(), when websocket_send() would be of use. */
	void (*writable)(void *context);
	/* Exactly once, and the last event: it did not open, or it ended. */
	void (*closed)(void *context, const struct net_fault *why);
};

/*
 * A message to be sent: made in any thread, filled in, handed over once. Its bytes are changed on
 * the way out (RFC 6455, section 5.3: a client masks what it sends).
 */
struct websocket_message {
	enum websocket_kind kind;
	size_t length; /* 1.. */
	uint8_t *data; /* points behind the room that the framing needs */
};

/* NULL without memory. */
struct websocket_message *websocket_message_create(enum websocket_kind kind, size_t length)
	__attribute__((warn_unused_result));

void websocket_message_destroy(struct websocket_message *message);

/*
 * Begins to connect; config is copied, events and context have to last until closed() or
 * websocket_destroy(). Returns 0 and hands over *ret_websocket, or -ENOMEM or -EAGAIN (too many are
 * being connected).
 */
int websocket_create(struct net_loop *loop, const struct websocket_config *config,
		     const struct websocket_events *events, void *context,
		     struct websocket **ret_websocket) __attribute__((warn_unused_result));

/* Closes with `code` if it is open. No event comes any more. NULL is allowed. */
void websocket_destroy(struct websocket *websocket, enum websocket_close code);

/* Asks for one writable(); in one, for another after what is sent in it. */
void websocket_want_write(struct websocket *websocket);

/*
 * Takes `message`, and sends it in pieces as the socket allows. Only in writable(), once in each;
 * elsewhere it is refused with -EBUSY and freed.
 */
int websocket_send(struct websocket *websocket, struct websocket_message *message)
	__attribute__((warn_unused_result));

/* Bytes of the message that is on its way out that the kernel has not taken yet. */
size_t websocket_unsent(const struct websocket *websocket);

/* Returns 0, or -ENOTCONN or -errno. */
int websocket_path(const struct websocket *websocket, struct net_path *ret_path)
	__attribute__((warn_unused_result));

#endif
