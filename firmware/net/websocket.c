#include "net/websocket.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "net/connect.h"
#include "net/loop_lws.h"

#define PATH_BYTES 256
#define PROTOCOL_BYTES 64
/* A piece and its header (RFC 6455, section 5.2) fill one TLS record. */
#define FRAME_HEADER_BYTES 8
#define PIECE_BYTES (NET_RECORD_BYTES - FRAME_HEADER_BYTES)

/* Looks at the time a side is idle so many times until it is time for a ping. */
#define TICKS 5
#define CLOSE_TIMEOUT_S 2

enum stage {
	LOOKING_UP,
	CONNECTING,
	ADDRESS_FAILED, /* the next one may do better */
	SERVER_FAILED,  /* it was reached: what is wrong with it is to be found out */
	UPGRADE_FAILED, /* `fault` says it */
	DIAGNOSING,
	OPEN,
};

struct websocket {
	struct net_loop *loop;
	struct net_tls *tls;
	const struct websocket_events *events;
	void *context;

	char host[NET_HOST_BYTES];
	char authority[NET_HOST_BYTES + 8]; /* host:port */
	char path[PATH_BYTES];
	char subprotocol[PROTOCOL_BYTES];
	uint16_t port;
	size_t text_max;
	size_t binary_max;
	uint32_t unsent_max;
	int64_t ping_after_us;
	int64_t silent_after_us;

	enum stage stage;
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

/* Behind LWS_PRE bytes of room comes the payload. */
struct message_memory {
	struct websocket_message message;
	uint8_t bytes[];
};

struct websocket_message *websocket_message_create(enum websocket_kind kind, size_t length)
{
	struct message_memory *memory = malloc(sizeof(*memory) + LWS_PRE + length);

	if (memory == NULL)
		return NULL;
	memory->message = (struct websocket_message){.kind = kind,
						     .length = length,
						     .data = memory->bytes + LWS_PRE};
	return &memory->message;
}

void websocket_message_destroy(struct websocket_message *message)
{
	free(message);
}

/* The connection closes by itself and is heard of no more. */
static void let_go(struct websocket *websocket, uint16_t code)
{
	struct lws *wsi = websocket->wsi;
	uint8_t nothing;

	if (wsi == NULL)
		return;
	websocket->wsi = NULL;
	lws_set_opaque_user_data(wsi, NULL);
	if (code == 0 || websocket->stage != OPEN) {
		lws_set_timeout(wsi, PENDING_TIMEOUT_CLOSE_SEND, LWS_TO_KILL_ASYNC);
		return;
	}
	lws_close_reason(wsi, (enum lws_close_status)code, &nothing, 0);
	lws_callback_on_writable(wsi);
	lws_set_timeout(wsi, PENDING_TIMEOUT_CLOSE_SEND, CLOSE_TIMEOUT_S);
}

/* The last event; the owner may destroy the websocket in it. code: 0 closes without a word. */
static void conclude(struct websocket *websocket, uint16_t code, struct net_fault fault)
{
	let_go(websocket, code);
	net_timer_clear(websocket->timer);
	websocket->events->closed(websocket->context, &fault);
}

static void next_stage(struct websocket *websocket, enum stage stage)
{
	websocket->stage = stage;
	net_timer_set(websocket->timer, 0);
}

/* What fails at once is mostly, not always, told by on_connection_error() too. */
static void connect_now(struct websocket *websocket)
{
	struct lws_client_connect_info info = {
		.context = net_loop_context(websocket->loop),
		.vhost = net_tls_vhost(websocket->tls),
		.port = websocket->port,
		.path = websocket->path,
		.host = websocket->authority,
		.protocol = websocket->subprotocol,
		.local_protocol_name = NET_PROTOCOL,
		.ssl_connection = LCCSCF_USE_SSL | LCCSCF_HTTP_NO_FOLLOW_REDIRECT,
		.opaque_user_data = websocket,
		.pwsi = &websocket->wsi,
	};
	const struct net_address *address = &websocket->addresses[websocket->address];
	char host[INET6_ADDRSTRLEN];

	getnameinfo((const struct sockaddr *)&address->storage, address->length, host, sizeof(host),
		    NULL, 0, NI_NUMERICHOST);
	info.address = host;
	websocket->stage = CONNECTING;
	if (lws_client_connect_via_info(&info) == NULL && websocket->stage == CONNECTING)
		next_stage(websocket, ADDRESS_FAILED);
}

static void on_looked_up(void *context, const struct net_connect *found)
{
	struct websocket *websocket = context;

	websocket->connect = NULL;
	if (found->fault.kind != NET_FAULT_NONE) {
		conclude(websocket, 0, found->fault);
		return;
	}
	memcpy(websocket->addresses, found->addresses, sizeof(found->addresses));
	websocket->address_count = found->address_count;
	connect_now(websocket);
}

static void on_diagnosed(void *context, const struct net_connect *found)
{
	struct websocket *websocket = context;

	websocket->connect = NULL;
	if (found->fault.kind == NET_FAULT_NONE)
		conclude(websocket, 0,
			 net_fault_make(NET_FAULT_LOST,
					"the hub ended the connection before it was open"));
	else
		conclude(websocket, 0, found->fault);
}

static void diagnose(struct websocket *websocket)
{
	websocket->stage = DIAGNOSING;
	if (net_connect_diagnose(websocket->loop, websocket->host, net_tls_identity(websocket->tls),
				 &websocket->addresses[websocket->address], on_diagnosed, websocket,
				 &websocket->connect) != 0)
		conclude(websocket, 0, net_fault_make(NET_FAULT_MEMORY, "out of memory"));
}

/* Whoever sent nothing for a while shows that he lives; who is not heard, does not. */
static void tick(struct websocket *websocket)
{
	int64_t now_us = clock_now_us();

	if (now_us - websocket->heard_us >= websocket->silent_after_us) {
		conclude(websocket, 0,
			 net_fault_make(NET_FAULT_SILENT, "nothing was heard of the hub for %d s",
					(int)(websocket->silent_after_us / CLOCK_US_PER_S)));
		return;
	}
	/* lws answers the other side's pings by itself and tells nobody; a pong is told. */
	if (now_us - websocket->sent_us >= websocket->ping_after_us ||
	    now_us - websocket->heard_us >= websocket->ping_after_us) {
		websocket->wants_ping = true;
		lws_callback_on_writable(websocket->wsi);
	}
	net_timer_set(websocket->timer, websocket->ping_after_us / TICKS);
}

static void on_timer(void *context)
{
	struct websocket *websocket = context;

	switch (websocket->stage) {
	case ADDRESS_FAILED:
		if (websocket->address + 1 == websocket->address_count) {
			diagnose(websocket);
			return;
		}
		websocket->address++;
		connect_now(websocket);
		return;
	case SERVER_FAILED:
		diagnose(websocket);
		return;
	case UPGRADE_FAILED:
		conclude(websocket, 0, websocket->fault);
		return;
	case OPEN:
		tick(websocket);
		return;
	case LOOKING_UP:
	case CONNECTING:
	case DIAGNOSING:
		return;
	}
}

static struct net_fault upgrade_fault(const struct websocket *websocket, unsigned int status)
{
	if (status == 101)
		return net_fault_make(NET_FAULT_UPGRADE,
				      "the hub's answer for %s is no websocket's", websocket->path);
	return net_fault_make(NET_FAULT_UPGRADE,
			      "the hub answers HTTP %u for %s: is the path right?", status,
			      websocket->path);
}

static void on_connection_error(struct websocket *websocket, struct lws *wsi)
{
	unsigned int status = lws_http_client_http_response(wsi);
	struct sockaddr_storage peer;
	socklen_t length = sizeof(peer);
	int fd = lws_get_socket_fd(wsi);

	websocket->wsi = NULL;
	if (websocket->stage != CONNECTING)
		return;
	if (status != 0) {
		if (websocket->fault.kind == NET_FAULT_NONE)
			websocket->fault = upgrade_fault(websocket, status);
		next_stage(websocket, UPGRADE_FAILED);
	} else if (fd >= 0 && getpeername(fd, (struct sockaddr *)&peer, &length) == 0) {
		next_stage(websocket, SERVER_FAILED);
	} else {
		next_stage(websocket, ADDRESS_FAILED);
	}
}

/* A server that does not confirm the subprotocol is another kind of server. */
static int on_upgrade(struct websocket *websocket, struct lws *wsi)
{
	if (lws_hdr_total_length(wsi, WSI_TOKEN_PROTOCOL) > 0)
		return 0;
	websocket->fault = net_fault_make(NET_FAULT_UPGRADE, "the hub does not speak %s",
					  websocket->subprotocol);
	return -1;
}

static void on_open(struct websocket *websocket)
{
	websocket->stage = OPEN;
	websocket->heard_us = websocket->sent_us = clock_now_us();
	net_timer_set(websocket->timer, websocket->ping_after_us / TICKS);
	websocket->events->open(websocket->context);
}

static void refuse_piece(struct websocket *websocket, uint16_t code, enum net_fault_kind kind,
			 const char *what)
{
	conclude(websocket, code, net_fault_make(kind, "the hub sent %s", what));
}

static void on_piece(struct websocket *websocket, struct lws *wsi, const uint8_t *data,
		     size_t length)
{
	int64_t now_us = clock_now_us();
	bool is_binary = lws_frame_is_binary(wsi);
	size_t maximum = is_binary ? websocket->binary_max : websocket->text_max;
	size_t left = lws_remaining_packet_payload(wsi);
	bool is_last = left == 0 && lws_is_final_fragment(wsi);

	websocket->heard_us = now_us;
	if (maximum == 0) {
		refuse_piece(websocket, WEBSOCKET_CLOSE_PROTOCOL, NET_FAULT_PROTOCOL,
			     is_binary ? "binary where text belongs" : "text where binary belongs");
		return;
	}
	/* Told by the length that the frame announces, before the rest of it is read. */
	if (left > maximum || websocket->in.length + length > maximum - left) {
		refuse_piece(websocket, WEBSOCKET_CLOSE_TOO_LARGE, NET_FAULT_TOO_LARGE,
			     "a message larger than allowed");
		return;
	}
	if (!is_last || websocket->in.length > 0) {
		if (buffer_append(&websocket->in, data, length) != 0) {
			conclude(websocket, WEBSOCKET_CLOSE_GOING,
				 net_fault_make(NET_FAULT_MEMORY, "out of memory"));
			return;
		}
		data = websocket->in.data;
		length = websocket->in.length;
	}
	if (is_last) {
		buffer_clear(&websocket->in);
		websocket->events->message(websocket->context,
					   is_binary ? WEBSOCKET_BINARY : WEBSOCKET_TEXT, data,
					   length, now_us);
	}
}

static int send_ping(struct websocket *websocket, struct lws *wsi)
{
	websocket->wants_ping = false;
	websocket->sent_us = clock_now_us();
	lws_callback_on_writable(wsi);
	return lws_write(wsi, websocket->ping + LWS_PRE, 0, LWS_WRITE_PING) < 0 ? -1 : 0;
}

/* What one TLS record holds, so that the kernel takes all of it or nothing. */
static int send_piece(struct websocket *websocket, struct lws *wsi)
{
	struct websocket_message *message = websocket->out;
	size_t left = message->length - websocket->out_sent;
	size_t length = left < PIECE_BYTES ? left : PIECE_BYTES;
	int flags = message->kind == WEBSOCKET_TEXT ? LWS_WRITE_TEXT : LWS_WRITE_BINARY;

	if (websocket->out_sent > 0)
		flags = LWS_WRITE_CONTINUATION;
	if (length < left)
		flags |= LWS_WRITE_NO_FIN;
	if (lws_write(wsi, message->data + websocket->out_sent, length,
		      (enum lws_write_protocol)flags) < 0)
		return -1;
	websocket->out_sent += length;
	websocket->sent_us = clock_now_us();
	if (length == left) {
		websocket->out = NULL;
		websocket_message_destroy(message);
	}
	if (websocket->out != NULL || websocket->wants_write)
		lws_callback_on_writable(wsi);
	return 0;
}

static int on_writable(struct websocket *websocket, struct lws *wsi)
{
	if (websocket->wants_ping)
		return send_ping(websocket, wsi);
	if (websocket->out == NULL && websocket->wants_write) {
		websocket->wants_write = false;
		websocket->may_send = true;
		websocket->events->writable(websocket->context);
		if (lws_get_opaque_user_data(wsi) == NULL)
			return -1;
		websocket->may_send = false;
	}
	return websocket->out != NULL ? send_piece(websocket, wsi) : 0;
}

static int on_peer_close(struct websocket *websocket, const uint8_t *data, size_t length)
{
	struct net_fault fault;
	uint16_t code = length >= 2 ? buffer_get_u16(data) : 0;

	fault = net_fault_make(NET_FAULT_CLOSED, "the hub closed with %u: %.*s", code,
			       length > 2 ? (int)length - 2 : 0, (const char *)data + 2);
	fault.close_code = code;
	conclude(websocket, code, fault);
	return 0;
}

/*
 * Of a connection that was let go: let libwebsockets close it, but never by refusing a piece. It reads
 * on until the hub has answered the close, and empties its buffer only of what was taken: behind a
 * piece that was refused it would write past the end.
 */
static int on_orphan_event(enum lws_callback_reasons reason)
{
	switch (reason) {
	case LWS_CALLBACK_CLIENT_WRITEABLE:
	case LWS_CALLBACK_CLIENT_ESTABLISHED:
	case LWS_CALLBACK_CLIENT_FILTER_PRE_ESTABLISH:
		return -1;
	default:
		return 0;
	}
}

static int on_event(struct websocket *websocket, struct lws *wsi, enum lws_callback_reasons reason,
		    void *in, size_t length)
{
	switch (reason) {
	case LWS_CALLBACK_CONNECTING:
		return net_tcp_prepare((int)(intptr_t)in, websocket->unsent_max);
	case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
		on_connection_error(websocket, wsi);
		return 0;
	case LWS_CALLBACK_CLIENT_FILTER_PRE_ESTABLISH:
		return on_upgrade(websocket, wsi);
	case LWS_CALLBACK_CLIENT_ESTABLISHED:
		on_open(websocket);
		return lws_get_opaque_user_data(wsi) != NULL ? 0 : -1;
	case LWS_CALLBACK_CLIENT_RECEIVE_PONG:
		websocket->heard_us = clock_now_us();
		return 0;
	case LWS_CALLBACK_CLIENT_RECEIVE:
		on_piece(websocket, wsi, in, length);
		return 0;
	case LWS_CALLBACK_CLIENT_WRITEABLE:
		return on_writable(websocket, wsi);
	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
		return on_peer_close(websocket, in, length);
	case LWS_CALLBACK_CLIENT_CLOSED:
		websocket->wsi = NULL;
		conclude(websocket, 0,
			 net_fault_make(NET_FAULT_LOST, "the connection to the hub broke"));
		return 0;
	default:
		return 0;
	}
}

int net_websocket_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
			size_t length)
{
	struct websocket *websocket;

	(void)user;
	switch (reason) {
	case LWS_CALLBACK_CONNECTING:
	case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
	case LWS_CALLBACK_CLIENT_FILTER_PRE_ESTABLISH:
	case LWS_CALLBACK_CLIENT_ESTABLISHED:
	case LWS_CALLBACK_CLIENT_RECEIVE_PONG:
	case LWS_CALLBACK_CLIENT_RECEIVE:
	case LWS_CALLBACK_CLIENT_WRITEABLE:
	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
	case LWS_CALLBACK_CLIENT_CLOSED:
		break;
	default:
		/* Others come without a connection of ours. */
		return 0;
	}
	websocket = lws_get_opaque_user_data(wsi);
	if (websocket == NULL)
		return on_orphan_event(reason);
	return on_event(websocket, wsi, reason, in, length);
}

static struct websocket *allocate(struct net_loop *loop, const struct websocket_config *config,
				  const struct websocket_events *events, void *context)
{
	struct websocket *websocket = calloc(1, sizeof(*websocket));

	if (websocket == NULL)
		return NULL;
	websocket->loop = loop;
	websocket->events = events;
	websocket->context = context;
	websocket->tls = config->tls;
	websocket->port = config->port;
	websocket->text_max = config->text_max;
	websocket->binary_max = config->binary_max;
	websocket->unsent_max = config->unsent_max;
	websocket->ping_after_us = config->ping_after_us;
	websocket->silent_after_us = config->silent_after_us;
	snprintf(websocket->host, sizeof(websocket->host), "%s", config->host);
	snprintf(websocket->authority, sizeof(websocket->authority), "%s:%u", websocket->host,
		 config->port);
	snprintf(websocket->path, sizeof(websocket->path), "%s", config->path);
	snprintf(websocket->subprotocol, sizeof(websocket->subprotocol), "%s", config->subprotocol);
	buffer_init(&websocket->in,
		    config->text_max > config->binary_max ? config->text_max : config->binary_max);
	return websocket;
}

int websocket_create(struct net_loop *loop, const struct websocket_config *config,
		     const struct websocket_events *events, void *context,
		     struct websocket **ret_websocket)
{
	struct websocket *websocket = allocate(loop, config, events, context);
	int r;

	if (websocket == NULL)
		return -ENOMEM;
	r = net_timer_create(loop, on_timer, websocket, &websocket->timer);
	if (r == 0)
		r = net_connect_look_up(loop, websocket->host, websocket->port, on_looked_up,
					websocket, &websocket->connect);
	if (r < 0) {
		websocket_destroy(websocket, WEBSOCKET_CLOSE_NORMAL);
		return r;
	}
	*ret_websocket = websocket;
	return 0;
}

void websocket_destroy(struct websocket *websocket, enum websocket_close code)
{
	if (websocket == NULL)
		return;
	let_go(websocket, (uint16_t)code);
	net_connect_abandon(websocket->connect);
	net_timer_destroy(websocket->timer);
	websocket_message_destroy(websocket->out);
	buffer_finish(&websocket->in);
	free(websocket);
}

void websocket_want_write(struct websocket *websocket)
{
	websocket->wants_write = true;
	if (websocket->wsi != NULL && websocket->stage == OPEN)
		lws_callback_on_writable(websocket->wsi);
}

int websocket_send(struct websocket *websocket, struct websocket_message *message)
{
	if (!websocket->may_send || websocket->out != NULL) {
		websocket_message_destroy(message);
		return -EBUSY;
	}
	websocket->out = message;
	websocket->out_sent = 0;
	return 0;
}

size_t websocket_unsent(const struct websocket *websocket)
{
	return websocket->out != NULL ? websocket->out->length - websocket->out_sent : 0;
}

int websocket_path(const struct websocket *websocket, struct net_path *ret_path)
{
	if (websocket->wsi == NULL)
		return -ENOTCONN;
	return net_tcp_path(lws_get_socket_fd(websocket->wsi), ret_path);
}
