#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "net/websocket_private.h"

/* Looks at the time a side is idle so many times until it is time for a ping. */
#define TICKS 5
#define CLOSE_TIMEOUT_S 2

/* The connection closes by itself and is heard of no more. */
static void let_go(struct websocket *websocket, uint16_t code)
{
	struct lws *wsi = websocket->wsi;
	uint8_t nothing;

	if (wsi == NULL)
		return;
	websocket->wsi = NULL;
	lws_set_opaque_user_data(wsi, NULL);
	if (code == 0 || websocket->stage != WEBSOCKET_OPEN) {
		lws_set_timeout(wsi, PENDING_TIMEOUT_CLOSE_SEND, LWS_TO_KILL_ASYNC);
		return;
	}
	lws_close_reason(wsi, (enum lws_close_status)code, &nothing, 0);
	lws_callback_on_writable(wsi);
	lws_set_timeout(wsi, PENDING_TIMEOUT_CLOSE_SEND, CLOSE_TIMEOUT_S);
}

void websocket_conclude(struct websocket *websocket, uint16_t code, struct net_fault fault)
{
	let_go(websocket, code);
	net_timer_clear(websocket->timer);
	websocket->events->closed(websocket->context, &fault);
}

/* Whoever sent nothing for a while shows that he lives; who is not heard, does not. */
static void tick(struct websocket *websocket)
{
	int64_t now_us = clock_now_us();

	if (now_us - websocket->heard_us >= websocket->silent_after_us) {
		websocket_conclude(
			websocket, 0,
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

	if (websocket->stage == WEBSOCKET_OPEN)
		tick(websocket);
	else
		websocket_connect_timer(websocket);
}

static void on_open(struct websocket *websocket)
{
	websocket->stage = WEBSOCKET_OPEN;
	websocket->heard_us = websocket->sent_us = clock_now_us();
	net_timer_set(websocket->timer, websocket->ping_after_us / TICKS);
	websocket->events->open(websocket->context);
}

static int on_peer_close(struct websocket *websocket, const uint8_t *data, size_t length)
{
	struct net_fault fault;
	uint16_t code = length >= 2 ? buffer_get_u16(data) : 0;

	fault = net_fault_make(NET_FAULT_CLOSED, "the hub closed with %u: %.*s", code,
			       length > 2 ? (int)length - 2 : 0, (const char *)data + 2);
	fault.close_code = code;
	websocket_conclude(websocket, code, fault);
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
		websocket_not_connected(websocket, wsi);
		return 0;
	case LWS_CALLBACK_CLIENT_FILTER_PRE_ESTABLISH:
		return websocket_upgraded(websocket, wsi);
	case LWS_CALLBACK_CLIENT_ESTABLISHED:
		on_open(websocket);
		return lws_get_opaque_user_data(wsi) != NULL ? 0 : -1;
	case LWS_CALLBACK_CLIENT_RECEIVE_PONG:
		websocket->heard_us = clock_now_us();
		return 0;
	case LWS_CALLBACK_CLIENT_RECEIVE:
		websocket_piece(websocket, wsi, in, length);
		return 0;
	case LWS_CALLBACK_CLIENT_WRITEABLE:
		return websocket_writable(websocket, wsi);
	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
		return on_peer_close(websocket, in, length);
	case LWS_CALLBACK_CLIENT_CLOSED:
		websocket->wsi = NULL;
		websocket_conclude(websocket, 0,
				   net_fault_make(NET_FAULT_LOST,
						  "the connection to the hub broke"));
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
	snprintf(websocket->authority, sizeof(websocket->authority),
		 strchr(websocket->host, ':') ? "[%s]:%u" : "%s:%u", websocket->host, config->port);
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
		r = websocket_look_up(websocket);
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

int websocket_path(const struct websocket *websocket, struct net_path *ret_path)
{
	if (websocket->wsi == NULL)
		return -ENOTCONN;
	return net_tcp_path(lws_get_socket_fd(websocket->wsi), ret_path);
}
