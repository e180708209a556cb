#include "panel/live.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libwebsockets.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "panel/live_body.h"
#include "panel/live_page.h"

#define INTERVAL_US (CLOCK_US_PER_S / 10)
/* The compositor answers within a refresh of its display. */
#define COPY_DEADLINE_US (CLOCK_US_PER_S / 2)
#define CHUNK_BYTES 65536
#define HEADER_BYTES 1024
/* Connections that have no request yet, are told 503, or are libwebsockets' own descriptors. */
#define FDS_MAX (LIVE_CLIENTS_MAX + 24)
#define REQUEST_TIMEOUT_S 5
/* A reader that takes nothing for so long is gone. */
#define STALLED_TIMEOUT_S 30

/* One request; all zero while there is none. libwebsockets keeps it with the connection. */
struct client {
	struct lws *wsi;
	bool is_live;
	struct live_body *body; /* being sent; NULL: none */
	size_t sent;            /* of it */
	struct live_body *next; /* the newest picture after it; NULL: none */
};

/*
 *     compositor ◄──copy── tick, ten times a second ──► JPEG ──► next of each live client
 *                                                                 └─ writable ──► socket
 */
struct live {
	int (*copy)(void *context, uint64_t *serial, int64_t deadline_us, AVFrame **ret_picture);
	void *copy_context;
	char *room;
	uint16_t port;
	struct lws_context *context;
	struct thread *thread;
	atomic_bool stop;

	/* The thread's own. */
	struct client *clients[LIVE_CLIENTS_MAX];
	size_t n_live; /* of them */
	lws_sorted_usec_list_t tick;
	struct live_body *newest; /* picture, while there are live clients */
	uint64_t serial;          /* of it */
};

/* Takes a slot; false when all are taken. */
static bool add_client(struct live *live, struct client *client, struct lws *wsi)
{
	for (size_t i = 0; i < LIVE_CLIENTS_MAX; i++) {
		if (live->clients[i])
			continue;
		live->clients[i] = client;
		*client = (struct client){.wsi = wsi};
		return true;
	}
	return false;
}

static void remove_client(struct live *live, struct client *client)
{
	for (size_t i = 0; i < LIVE_CLIENTS_MAX; i++) {
		if (live->clients[i] == client)
			live->clients[i] = NULL;
	}
	if (client->is_live && --live->n_live == 0) {
		lws_sul_cancel(&live->tick);
		live_body_unref(live->newest);
		live->newest = NULL;
		live->serial = 0;
	}
	live_body_unref(client->body);
	live_body_unref(client->next);
	*client = (struct client){0};
}

/* What is on the screen, if it is newer than `serial`, made into a body. */
static struct live_body *take_screen(struct live *live, uint64_t *serial,
				     struct live_body *(*make)(const AVFrame *picture))
{
	struct live_body *body;
	AVFrame *picture;

	if (live->copy(live->copy_context, serial, clock_now_us() + COPY_DEADLINE_US, &picture) < 0)
		return NULL;
	body = make(picture);
	av_frame_free(&picture);
	return body;
}

/*
 * Asks to write what there is. libwebsockets would end every answer after the time for a request:
 * a stream has none, but what is there must be read.
 */
static void go_on(struct client *client)
{
	if (client->body || client->next) {
		lws_set_timeout(client->wsi, PENDING_TIMEOUT_HTTP_CONTENT, STALLED_TIMEOUT_S);
		lws_callback_on_writable(client->wsi);
	} else {
		lws_set_timeout(client->wsi, NO_PENDING_TIMEOUT, 0);
	}
}

/* Who is still at an older picture goes on with this one: those between are skipped. */
static void show_newest(struct live *live, struct client *client)
{
	bool was_idle = !client->body && !client->next;

	if (!live->newest)
		return;
	live_body_unref(client->next);
	client->next = live_body_ref(live->newest);
	if (was_idle)
		go_on(client);
}

/* False while all readers still have a picture before them: another would only be skipped. */
static bool is_awaited(const struct live *live)
{
	for (size_t i = 0; i < LIVE_CLIENTS_MAX; i++) {
		const struct client *client = live->clients[i];

		if (client && client->is_live && !client->next)
			return true;
	}
	return false;
}

static void show_to_all(struct live *live, struct live_body *take)
{
	live_body_unref(live->newest);
	live->newest = take;
	for (size_t i = 0; i < LIVE_CLIENTS_MAX; i++) {
		if (live->clients[i] && live->clients[i]->is_live)
			show_newest(live, live->clients[i]);
	}
}

static void on_tick(lws_sorted_usec_list_t *tick)
{
	struct live *live = lws_container_of(tick, struct live, tick);
	int64_t started_us = clock_now_us(), rest_us;
	struct live_body *picture =
		is_awaited(live) ? take_screen(live, &live->serial, live_body_part) : NULL;

	if (picture)
		show_to_all(live, picture);
	/* Where encoding is slow, there is still time to send. */
	rest_us = started_us + INTERVAL_US - clock_now_us();
	if (rest_us < INTERVAL_US / 4)
		rest_us = INTERVAL_US / 4;
	lws_sul_schedule(live->context, 0, &live->tick, on_tick, rest_us);
}

static int refuse(struct lws *wsi, unsigned int status)
{
	if (lws_return_http_status(wsi, status, NULL) < 0 || lws_http_transaction_completed(wsi))
		return -1;
	return 0;
}

static int add_headers(struct lws *wsi, unsigned char **at, unsigned char *end)
{
	static const struct {
		const char *name, *value;
	} headers[] = {
		{"cache-control:", "no-store"},
		{"content-security-policy:",
		 "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; "
		 "frame-ancestors 'none'"},
		/* Another site's page shows none of it either. */
		{"cross-origin-resource-policy:", "same-origin"},
		{"referrer-policy:", "no-referrer"},
		{"x-content-type-options:", "nosniff"},
	};

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		if (lws_add_http_header_by_name(wsi, (const unsigned char *)headers[i].name,
						(const unsigned char *)headers[i].value,
						(int)strlen(headers[i].value), at, end))
			return -1;
	}
	return 0;
}

/* The header of an answer, and then the body, which is taken. length: of all that follows. */
static int answer(struct client *client, const char *type, lws_filepos_t length,
		  struct live_body *take)
{
	unsigned char header[LWS_PRE + HEADER_BYTES];
	unsigned char *start = header + LWS_PRE, *at = start, *end = header + sizeof(header) - 1;

	client->body = take;
	client->sent = 0;
	if (lws_add_http_common_headers(client->wsi, HTTP_STATUS_OK, type, length, &at, end) ||
	    add_headers(client->wsi, &at, end) ||
	    lws_finalize_write_http_header(client->wsi, start, &at, end))
		return -1;
	go_on(client);
	return 0;
}

static int begin_live(struct live *live, struct client *client)
{
	struct live_body *body = live_body_begin();

	if (!body)
		return -1;
	client->is_live = true;
	if (live->n_live++ == 0)
		lws_sul_schedule(live->context, 0, &live->tick, on_tick, 1);
	show_newest(live, client);
	return answer(client, "multipart/x-mixed-replace; boundary=" LIVE_BODY_BOUNDARY,
		      LWS_ILLEGAL_HTTP_CONTENT_LEN, body);
}

/* An answer that ends; `take` is NULL where there is no screen or no memory. */
static int begin_whole(struct live *live, struct client *client, const char *type,
		       struct live_body *take)
{
	struct lws *wsi = client->wsi;

	if (take)
		return answer(client, type, take->length, take);
	remove_client(live, client);
	return refuse(wsi, HTTP_STATUS_SERVICE_UNAVAILABLE);
}

static int on_request(struct live *live, struct lws *wsi, struct client *client, const char *path)
{
	uint64_t any = 0; /* the screen that is, however old */
	char host[80];
	char *uri;
	int uri_length;

	if (lws_hdr_copy(wsi, host, sizeof(host), WSI_TOKEN_HOST) <= 0 ||
	    !live_host_is_loopback(host))
		return refuse(wsi, HTTP_STATUS_FORBIDDEN);
	if (lws_http_get_uri_and_method(wsi, &uri, &uri_length) != LWSHUMETH_GET)
		return refuse(wsi, HTTP_STATUS_METHOD_NOT_ALLOWED);
	if (strcmp(path, "/") != 0 && strcmp(path, "/live") != 0 &&
	    strcmp(path, "/screen.png") != 0)
		return refuse(wsi, HTTP_STATUS_NOT_FOUND);
	if (!add_client(live, client, wsi))
		return refuse(wsi, HTTP_STATUS_SERVICE_UNAVAILABLE);
	if (strcmp(path, "/live") == 0)
		return begin_live(live, client);
	if (strcmp(path, "/screen.png") == 0)
		return begin_whole(live, client, "image/png",
				   take_screen(live, &any, live_body_png));
	return begin_whole(live, client, "text/html; charset=utf-8", live_body_page(live->room));
}

static int on_writable(struct live *live, struct client *client)
{
	unsigned char buffer[LWS_PRE + CHUNK_BYTES];
	struct lws *wsi = client->wsi;
	enum lws_write_protocol how = LWS_WRITE_HTTP;
	size_t n;

	if (!client->body) {
		client->body = client->next;
		client->next = NULL;
		client->sent = 0;
	}
	if (!client->body)
		return 0;
	n = client->body->length - client->sent;
	if (n > CHUNK_BYTES)
		n = CHUNK_BYTES;
	else if (!client->is_live)
		how = LWS_WRITE_HTTP_FINAL;
	memcpy(buffer + LWS_PRE, client->body->data + client->sent, n);
	if (lws_write(wsi, buffer + LWS_PRE, n, how) < (int)n)
		return -1;
	client->sent += n;
	if (how == LWS_WRITE_HTTP_FINAL) {
		remove_client(live, client);
		return lws_http_transaction_completed(wsi) ? -1 : 0;
	}
	if (client->sent == client->body->length) {
		live_body_unref(client->body);
		client->body = NULL;
	}
	go_on(client);
	return 0;
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
		    size_t length)
{
	struct live *live = lws_context_user(lws_get_context(wsi));
	struct client *client = user;

	switch (reason) {
	case LWS_CALLBACK_HTTP:
		return on_request(live, wsi, client, in);
	case LWS_CALLBACK_HTTP_WRITEABLE:
		return client->wsi ? on_writable(live, client) : 0;
	case LWS_CALLBACK_CLOSED_HTTP:
		if (client && client->wsi)
			remove_client(live, client);
		return 0;
	default:
		return lws_callback_http_dummy(wsi, reason, user, in, length);
	}
}

static const struct lws_protocols protocols[] = {
	{
		.name = "http",
		.callback = on_event,
		.per_session_data_size = sizeof(struct client),
	},
	LWS_PROTOCOL_LIST_TERM,
};

static void log_line(int level, const char *line)
{
	(void)level;
	log_debug("panel", "libwebsockets: %.*s", (int)strcspn(line, "\n"), line);
}

/* Why the address cannot be listened at, which libwebsockets does not tell. */
static int try_address(const char *address, int family, uint16_t port)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	bool is_v4 = family == AF_INET;
	const struct sockaddr *where = is_v4 ? (void *)&v4 : (void *)&v6;
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int ret = 0;

	if (fd < 0)
		return -errno;
	inet_pton(family, address, is_v4 ? (void *)&v4.sin_addr : (void *)&v6.sin6_addr);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
	if (bind(fd, where, is_v4 ? sizeof(v4) : sizeof(v6)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

static int listen_at(struct live *live, const char *address, int family, uint16_t port)
{
	struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN,
		.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
		.protocols = protocols,
		.fd_limit_per_thread = FDS_MAX,
		.timeout_secs = REQUEST_TIMEOUT_S,
		.user = live,
	};
	struct lws_vhost *vhost;

	lws_set_log_level(LLL_ERR | LLL_WARN, log_line);
	live->context = lws_create_context(&info);
	if (!live->context)
		return -ENOMEM;
	info.port = port;
	info.iface = address;
	info.keepalive_timeout = REQUEST_TIMEOUT_S;
	info.options = LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND;
	if (family == AF_INET)
		info.options |= LWS_SERVER_OPTION_DISABLE_IPV6;
	vhost = lws_create_vhost(live->context, &info);
	if (!vhost)
		return -EADDRINUSE;
	live->port = (uint16_t)lws_get_vhost_listen_port(vhost);
	return 0;
}

static void run(void *context)
{
	struct live *live = context;

	while (!atomic_load(&live->stop) && lws_service(live->context, 0) >= 0)
		;
}

static int init(struct live *live, const struct live_settings *settings, int family)
{
	int ret;

	live->room = strdup(settings->room);
	if (!live->room)
		return -ENOMEM;
	ret = try_address(settings->address, family, settings->port);
	if (ret == 0)
		ret = listen_at(live, settings->address, family, settings->port);
	if (ret == 0)
		ret = thread_start("live", run, live, &live->thread);
	return ret;
}

int live_create(const struct live_settings *settings, struct live **ret_live)
{
	struct live *live;
	int family = AF_UNSPEC, ret;

	if (!live_address_is_loopback(settings->address, &family))
		return family == AF_UNSPEC ? -EINVAL : -EPERM;
	live = calloc(1, sizeof(*live));
	if (!live)
		return -ENOMEM;
	live->copy = settings->copy;
	live->copy_context = settings->context;
	ret = init(live, settings, family);
	if (ret < 0) {
		live_destroy(live);
		return ret;
	}
	*ret_live = live;
	return 0;
}

void live_destroy(struct live *live)
{
	if (!live)
		return;
	atomic_store(&live->stop, true);
	if (live->thread)
		lws_cancel_service(live->context);
	thread_join(live->thread);
	if (live->context)
		lws_context_destroy(live->context);
	live_body_unref(live->newest);
	free(live->room);
	free(live);
}

uint16_t live_port(const struct live *live)
{
	return live->port;
}
