#include "tools/hub/server.h"

#include <errno.h>
#include <libwebsockets.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/log.h"
#include "tools/hub/connection.h"
#include "tools/hub/listener.h"
#include "tools/hub/loop.h"
#include "tools/hub/metrics_page.h"
#include "tools/hub/tls.h"

enum {
	/* Taken from the listener in one go, before those that are here have their turn. */
	ACCEPTS_MAX = 32,
	/* So long it has files again before that is said: not at each one that goes and comes. */
	RECOVERED_US = 1000000,
	/* Besides connections: listeners, the metrics page's clients, logs, those being cut. */
	FILES_RESERVED = 128,
	TICK_US = 100000,
	STOP_US = 1500000,
	/* What lws reads at a time: a TLS record. */
	RX_BYTES = 16384,
	SERVICE_BYTES = 32768,
};

struct server {
	struct config config;
	struct shared shared;
	struct connection_owner connections;
	struct loop *loop;
	struct lws_context *context;
	struct lws_vhost *vhost;
	struct lws *listener;
	struct metrics_page *page;
	SSL_CTX *tls; /* the vhost's */
	struct connection *adopting;
	lws_sorted_usec_list_t tick;
	bool ticking;
	bool accepting;     /* false: out of files, until the next tick */
	int64_t starved_us; /* when it was out of files last; 0: not, or long ago */
	bool stopping;
};

size_t server_files(const struct config *config)
{
	return (size_t)config->connections_max + FILES_RESERVED;
}

static struct server *server_of(struct lws *wsi)
{
	return lws_vhost_user(lws_get_vhost(wsi));
}

static void on_tick(lws_sorted_usec_list_t *tick);

static void keep_ticking(struct server *server)
{
	lws_sul_schedule(server->context, 0, &server->tick, on_tick, TICK_US);
	server->ticking = true;
}

static void look_whether_recovered(struct server *server)
{
	if (server->starved_us == 0 ||
	    shared_now_us(&server->shared) - server->starved_us < RECOVERED_US)
		return;
	log_info("hub", "takes connections again");
	server->starved_us = 0;
}

/* Runs while there is anything to run for. */
static void on_tick(lws_sorted_usec_list_t *tick)
{
	struct server *server = lws_container_of(tick, struct server, tick);
	struct connection *connection;

	if (server->accepting) {
		look_whether_recovered(server);
	} else {
		server->accepting = true;
		lws_rx_flow_control(server->listener, 1);
	}
	meetings_run(server->connections.meetings);
	for (connection = server->connections.list; connection;
	     connection = connection_next(connection))
		connection_check(connection);
	server->shared.metrics.handshakes = server->connections.admission.count;
	server->ticking = false;
	if (server->connections.list || server->shared.metrics.meetings > 0 ||
	    server->starved_us != 0)
		keep_ticking(server);
}

static void push_out(struct server *server, struct admission_entry *entry)
{
	char address[INET6_ADDRSTRLEN];

	listener_address_text(&entry->address, address);
	shared_refuse(&server->shared, METRICS_REFUSED_ROOM, address,
		      "pushed out by a newer connection");
	connection_cut(connection_of_entry(entry));
}

/* False: there is no room for a connection from `address`. */
static bool make_room(struct server *server, const struct in6_addr *address)
{
	const struct connection_owner *connections = &server->connections;
	struct admission_entry *victim = admission_victim(&connections->admission, address);
	char text[INET6_ADDRSTRLEN];

	if (!victim && server->shared.metrics.connections - connections->cut_count >=
			       (uint64_t)server->config.connections_max) {
		victim = admission_oldest(&connections->admission);
		if (!victim) {
			listener_address_text(address, text);
			shared_refuse(&server->shared, METRICS_REFUSED_ROOM, text,
				      "too many connections");
			return false;
		}
	}
	if (victim)
		push_out(server, victim);
	return true;
}

static void adopt(struct server *server, int socket, const struct in6_addr *address)
{
	lws_adopt_desc_t desc = {
		.vh = server->vhost,
		.type = LWS_ADOPT_SOCKET | LWS_ADOPT_HTTP | LWS_ADOPT_ALLOW_SSL,
		.fd.sockfd = socket,
	};
	struct lws *wsi;

	if (!make_room(server, address) ||
	    connection_create(&server->connections, address, &server->adopting) < 0) {
		close(socket);
		return;
	}
	desc.opaque = server->adopting;
	wsi = lws_adopt_descriptor_vhost_via_info(&desc);
	if (wsi)
		connection_bind(server->adopting, wsi);
	else
		connection_destroy(server->adopting);
	server->adopting = NULL;
	if (!server->ticking)
		keep_ticking(server);
}

/* Those who come wait in the listener's queue meanwhile. */
static void pause_accepting(struct server *server, int error)
{
	if (server->starved_us == 0)
		log_error("hub", "takes no connections: %s", strerror(error));
	server->starved_us = shared_now_us(&server->shared);
	server->accepting = false;
	lws_rx_flow_control(server->listener, 0);
	if (!server->ticking)
		keep_ticking(server);
}

static void accept_some(struct server *server, int listener)
{
	struct in6_addr address;
	int i, socket, r;

	for (i = 0; i < ACCEPTS_MAX; i++) {
		r = listener_accept(listener, &socket, &address);
		if (r == 0) {
			adopt(server, socket, &address);
		} else if (r == -EMFILE || r == -ENFILE || r == -ENOBUFS || r == -ENOMEM) {
			pause_accepting(server, -r);
			return;
		} else if (r == -EAGAIN) {
			return;
		}
	}
}

static int on_listener(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
		       size_t length)
{
	(void)user;
	(void)in;
	(void)length;
	if (reason == LWS_CALLBACK_RAW_RX_FILE)
		accept_some(server_of(wsi), lws_get_socket_fd(wsi));
	return 0;
}

static void stop(struct server *server)
{
	struct connection *connection;

	log_info("hub", "stops");
	server->stopping = true;
	lws_set_timeout(server->listener, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
	for (connection = server->connections.list; connection;
	     connection = connection_next(connection))
		connection_stop(connection);
}

static void reload(struct server *server)
{
	char fault[256];

	if (tls_load(server->tls, &server->config, fault, sizeof(fault)) < 0)
		log_error("hub", "certificates stay as they were: %s", fault);
	else
		log_info("hub", "certificates are read anew");
}

static int on_signal(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
		     size_t length)
{
	struct signalfd_siginfo info;

	(void)user;
	(void)in;
	(void)length;
	if (reason != LWS_CALLBACK_RAW_RX_FILE ||
	    read(lws_get_socket_fd(wsi), &info, sizeof(info)) != sizeof(info))
		return 0;
	if (info.ssi_signo == SIGHUP)
		reload(server_of(wsi));
	else if (!server_of(wsi)->stopping)
		stop(server_of(wsi));
	return 0;
}

static bool is_meet(struct lws *wsi)
{
	char path[16];

	return strcmp(lws_get_protocol(wsi)->name, "balai.1") == 0 &&
	       lws_hdr_copy(wsi, path, sizeof(path), WSI_TOKEN_GET_URI) > 0 &&
	       strcmp(path, "/meet") == 0;
}

static void gone(struct server *server, struct connection *connection)
{
	/* adopt() itself sees to the one that it is about. */
	if (connection != server->adopting)
		connection_destroy(connection);
}

static int on_room(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
		   size_t length)
{
	struct connection *connection = lws_get_opaque_user_data(wsi);

	(void)user;
	switch (reason) {
	case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
		return connection && is_meet(wsi) ? 0 : -1;
	case LWS_CALLBACK_HTTP:
		lws_return_http_status(wsi, HTTP_STATUS_NOT_FOUND, NULL);
		return -1;
	case LWS_CALLBACK_ESTABLISHED:
		return connection_open(connection);
	case LWS_CALLBACK_RECEIVE:
		connection_receive(connection, in, length);
		return 0;
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return connection_write(connection);
	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
		connection_closed_by_peer(connection);
		return 0;
	case LWS_CALLBACK_WSI_DESTROY:
		gone(server_of(wsi), connection);
		return 0;
	default:
		return 0;
	}
}

/* The first protocol of a vhost is told of what is no websocket (yet), too. */
static int on_vhost(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
		    size_t length)
{
	struct server *server;
	char fault[256];

	if (reason != LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS)
		return on_room(wsi, reason, user, in, length);
	server = server_of(wsi);
	server->tls = user;
	tls_watch(server->tls, &server->shared);
	if (tls_load(server->tls, &server->config, fault, sizeof(fault)) == 0)
		return 0;
	log_error("hub", "%s", fault);
	return -1;
}

static const struct lws_protocols protocols[] = {
	{.name = "http", .callback = on_vhost},
	{.name = "balai.1",
	 .callback = on_room,
	 .rx_buffer_size = RX_BYTES,
	 .tx_packet_size = SERVICE_BYTES},
	{.name = "listener", .callback = on_listener},
	{.name = "signal", .callback = on_signal},
	LWS_PROTOCOL_LIST_TERM,
};

static void on_lws_log(int level, const char *line)
{
	(void)level;
	log_debug("hub", "lws: %.*s", (int)strcspn(line, "\n"), line);
}

/* The descriptor becomes the context's in every case. */
static struct lws *watch(struct server *server, int fd, const char *protocol)
{
	const lws_adopt_desc_t desc = {
		.vh = server->vhost,
		.type = LWS_ADOPT_RAW_FILE_DESC,
		.fd.filefd = fd,
		.vh_prot_name = protocol,
	};
	struct lws *wsi = lws_adopt_descriptor_vhost_via_info(&desc);

	if (!wsi)
		close(fd);
	return wsi;
}

static int create_context(struct server *server)
{
	struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN_SERVER,
		.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
		.pt_serv_buf_size = SERVICE_BYTES,
		.timeout_secs = 5,
	};
	const struct lws_context_creation_info vhost_info = {
		.port = CONTEXT_PORT_NO_LISTEN_SERVER,
		.options = info.options | LWS_SERVER_OPTION_CREATE_VHOST_SSL_CTX,
		.protocols = protocols,
		.vhost_name = "meet",
		.alpn = "http/1.1",
		.keepalive_timeout = 5,
		.user = server,
	};

	int r;

	lws_set_log_level(LLL_ERR | LLL_WARN, on_lws_log);
	r = loop_create(server_files(&server->config), &server->loop);
	if (r < 0)
		return r;
	loop_serve(&server->loop, &info);
	server->context = lws_create_context(&info);
	if (!server->context)
		return -ENOMEM;
	server->vhost = lws_create_vhost(server->context, &vhost_info);
	return server->vhost ? 0 : -EINVAL;
}

static int listen_for_rooms(struct server *server)
{
	char name[LISTENER_TEXT_BYTES];
	int fd, r;

	r = listener_open(server->config.listen, &fd);
	if (r < 0) {
		log_error("hub", "cannot listen on %s: %s", server->config.listen, strerror(-r));
		return r;
	}
	listener_name(fd, name);
	server->listener = watch(server, fd, "listener");
	if (!server->listener)
		return -ENOMEM;
	server->accepting = true;
	log_info("hub", "listening on %s", name);
	return 0;
}

static int serve_metrics(struct server *server)
{
	const struct settings_address *metrics = &server->config.metrics;
	int r;

	if (metrics->host[0] == '\0')
		return 0;
	r = metrics_page_create(server->context, &server->shared, metrics, &server->page);
	if (r < 0)
		log_error("hub", "cannot listen on %s, port %u for metrics", metrics->host,
			  metrics->port);
	return r;
}

static int start(struct server *server, int signals)
{
	const struct config *config = &server->config;
	int r;

	r = meetings_create(&server->shared, (size_t)config->meetings_max,
			    (size_t)config->members_max, &server->connections.meetings);
	if (r == 0)
		r = create_context(server);
	if (r < 0) {
		close(signals);
		return r;
	}
	if (!watch(server, signals, "signal"))
		return -ENOMEM;
	r = serve_metrics(server);
	return r < 0 ? r : listen_for_rooms(server);
}

int server_create(const struct config *config, const struct clock *clock, int signals,
		  struct server **ret_server)
{
	struct server *server = calloc(1, sizeof(*server));
	int r;

	if (!server) {
		close(signals);
		return -ENOMEM;
	}
	server->config = *config;
	shared_init(&server->shared, clock, (size_t)config->memory_max_mib << 20);
	server->connections.shared = &server->shared;
	admission_init(&server->connections.admission, (size_t)config->handshakes_max,
		       (size_t)config->handshakes_per_address_max, connection_is_silent);
	r = start(server, signals);
	if (r < 0) {
		server_destroy(server);
		return r;
	}
	*ret_server = server;
	return 0;
}

void server_destroy(struct server *server)
{
	if (!server)
		return;
	lws_sul_cancel(&server->tick);
	if (server->context)
		lws_context_destroy(server->context);
	loop_destroy(server->loop);
	metrics_page_destroy(server->page);
	meetings_destroy(server->connections.meetings);
	shared_finish(&server->shared);
	free(server);
}

void server_run(struct server *server)
{
	int64_t until_us;

	while (!server->stopping)
		loop_run(server->loop, server->context);
	until_us = shared_now_us(&server->shared) + STOP_US;
	while (server->connections.list && shared_now_us(&server->shared) < until_us)
		loop_run(server->loop, server->context);
}
