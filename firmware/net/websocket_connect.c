#include <netdb.h>
#include <string.h>

#include "net/websocket_private.h"

static void next_stage(struct websocket *websocket, enum websocket_stage stage)
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
	websocket->stage = WEBSOCKET_CONNECTING;
	if (lws_client_connect_via_info(&info) == NULL && websocket->stage == WEBSOCKET_CONNECTING)
		next_stage(websocket, WEBSOCKET_ADDRESS_FAILED);
}

static void on_looked_up(void *context, const struct net_connect *found)
{
	struct websocket *websocket = context;

	websocket->connect = NULL;
	if (found->fault.kind != NET_FAULT_NONE) {
		websocket_conclude(websocket, 0, found->fault);
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
		websocket_conclude(
			websocket, 0,
			net_fault_make(NET_FAULT_LOST,
				       "the hub ended the connection before it was open"));
	else
		websocket_conclude(websocket, 0, found->fault);
}

static void diagnose(struct websocket *websocket)
{
	websocket->stage = WEBSOCKET_DIAGNOSING;
	if (net_connect_diagnose(websocket->loop, websocket->host, net_tls_identity(websocket->tls),
				 &websocket->addresses[websocket->address], on_diagnosed, websocket,
				 &websocket->connect) != 0)
		websocket_conclude(websocket, 0, net_fault_make(NET_FAULT_MEMORY, "out of memory"));
}

void websocket_connect_timer(struct websocket *websocket)
{
	switch (websocket->stage) {
	case WEBSOCKET_ADDRESS_FAILED:
		if (websocket->address + 1 == websocket->address_count) {
			diagnose(websocket);
			return;
		}
		websocket->address++;
		connect_now(websocket);
		return;
	case WEBSOCKET_SERVER_FAILED:
		diagnose(websocket);
		return;
	case WEBSOCKET_UPGRADE_FAILED:
		websocket_conclude(websocket, 0, websocket->fault);
		return;
	case WEBSOCKET_LOOKING_UP:
	case WEBSOCKET_CONNECTING:
	case WEBSOCKET_DIAGNOSING:
	case WEBSOCKET_OPEN:
		return;
	}
}

int websocket_look_up(struct websocket *websocket)
{
	return net_connect_look_up(websocket->loop, websocket->host, websocket->port, on_looked_up,
				   websocket, &websocket->connect);
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

void websocket_not_connected(struct websocket *websocket, struct lws *wsi)
{
	unsigned int status = lws_http_client_http_response(wsi);
	struct sockaddr_storage peer;
	socklen_t length = sizeof(peer);
	int fd = lws_get_socket_fd(wsi);

	websocket->wsi = NULL;
	if (websocket->stage != WEBSOCKET_CONNECTING)
		return;
	if (status != 0) {
		if (websocket->fault.kind == NET_FAULT_NONE)
			websocket->fault = upgrade_fault(websocket, status);
		next_stage(websocket, WEBSOCKET_UPGRADE_FAILED);
	} else if (fd >= 0 && getpeername(fd, (struct sockaddr *)&peer, &length) == 0) {
		next_stage(websocket, WEBSOCKET_SERVER_FAILED);
	} else {
		next_stage(websocket, WEBSOCKET_ADDRESS_FAILED);
	}
}

/* A server that does not confirm the subprotocol is another kind of server. */
int websocket_upgraded(struct websocket *websocket, struct lws *wsi)
{
	if (lws_hdr_total_length(wsi, WSI_TOKEN_PROTOCOL) > 0)
		return 0;
	websocket->fault = net_fault_make(NET_FAULT_UPGRADE, "the hub does not speak %s",
					  websocket->subprotocol);
	return -1;
}
