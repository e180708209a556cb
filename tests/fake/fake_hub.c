#include "tests/fake/fake_hub.h"

#include <libwebsockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/queue.h"
#include "base/thread.h"

#define CONNECTIONS_MAX 256
#define EVENTS_MAX 4096
#define COMMANDS_MAX 1024
#define MESSAGE_BYTES_MAX (8U << 20)
#define REASON_BYTES 100
#define PROTOCOL_BYTES 64

enum action {
	SEND,
	CLOSE,
	READ,
	STOP,
};

struct command {
	struct command *next; /* of the same connection, in order */
	enum action action;
	int connection;
	enum fake_hub_form form;
	uint16_t code;
	bool is_reading;
	char reason[REASON_BYTES];
	size_t length;
	uint8_t bytes[]; /* LWS_PRE, then the payload */
};

struct connection {
	struct fake_hub *hub;
	struct lws *wsi;
	int number;
	uint16_t close_code;
	bool is_within; /* a message that goes out in pieces */
	struct buffer in;
	struct command *first;
	struct command **last;
};

struct fake_hub {
	struct lws_context *context;
	struct lws_protocols protocols[2];
	char subprotocol[PROTOCOL_BYTES];
	uint16_t port;
	struct thread *thread;
	struct queue *events;
	struct queue *commands;
	struct connection *connections[CONNECTIONS_MAX];
	int connection_count;
	bool is_stopping;
};

static void die(const char *what) __attribute__((noreturn));

static void die(const char *what)
{
	fprintf(stderr, "fake_hub: %s\n", what);
	exit(EXIT_FAILURE);
}

static void check(bool is_good, const char *what)
{
	if (!is_good)
		die(what);
}

static void free_event(void *item)
{
	fake_hub_event_finish(item);
	free(item);
}

void fake_hub_event_finish(struct fake_hub_event *event)
{
	free(event->data);
	event->data = NULL;
}

static void tell(const struct connection *connection, enum fake_hub_kind kind, const uint8_t *data,
		 size_t length)
{
	struct fake_hub_event *event = calloc(1, sizeof(*event));

	check(event != NULL, "memory");
	event->kind = kind;
	event->connection = connection->number;
	event->arrival_us = clock_now_us();
	event->close_code = connection->close_code;
	event->length = length;
	event->data = calloc(1, length + 1);
	check(event->data != NULL, "memory");
	if (length > 0)
		memcpy(event->data, data, length);
	check(queue_push(connection->hub->events, event, 0) == 0, "nobody waits for the events");
}

static void open_connection(struct connection *connection, struct fake_hub *hub, struct lws *wsi)
{
	check(hub->connection_count < CONNECTIONS_MAX, "too many connections");
	connection->hub = hub;
	connection->wsi = wsi;
	connection->number = hub->connection_count++;
	connection->last = &connection->first;
	hub->connections[connection->number] = connection;
	buffer_init(&connection->in, MESSAGE_BYTES_MAX);
	tell(connection, FAKE_HUB_OPEN, NULL, 0);
}

static void close_connection(struct connection *connection)
{
	struct command *command;

	if (connection->hub == NULL)
		return;
	while ((command = connection->first) != NULL) {
		connection->first = command->next;
		free(command);
	}
	buffer_finish(&connection->in);
	connection->hub->connections[connection->number] = NULL;
	tell(connection, FAKE_HUB_CLOSED, NULL, 0);
}

static void receive(struct connection *connection, const void *data, size_t length)
{
	struct lws *wsi = connection->wsi;

	check(buffer_append(&connection->in, data, length) == 0, "a message is too large");
	if (lws_remaining_packet_payload(wsi) > 0 || !lws_is_final_fragment(wsi))
		return;
	tell(connection, lws_frame_is_binary(wsi) ? FAKE_HUB_BINARY : FAKE_HUB_TEXT,
	     connection->in.data, connection->in.length);
	buffer_clear(&connection->in);
}

static enum lws_write_protocol write_flags(struct connection *connection, enum fake_hub_form form)
{
	int flags = LWS_WRITE_BINARY;

	if (form == FAKE_HUB_SEND_TEXT)
		return LWS_WRITE_TEXT;
	/* The one kind that libwebsockets writes without a frame around it. */
	if (form == FAKE_HUB_SEND_RAW)
		return LWS_WRITE_HTTP;
	if (connection->is_within)
		flags = LWS_WRITE_CONTINUATION;
	connection->is_within = form == FAKE_HUB_SEND_BINARY_PIECE;
	if (connection->is_within)
		flags |= LWS_WRITE_NO_FIN;
	return (enum lws_write_protocol)flags;
}

static int run_next(struct connection *connection)
{
	struct command *command = connection->first;
	int r = 0;

	if (command == NULL)
		return 0;
	connection->first = command->next;
	if (connection->first == NULL)
		connection->last = &connection->first;
	if (command->action == SEND) {
		r = lws_write(connection->wsi, command->bytes + LWS_PRE, command->length,
			      write_flags(connection, command->form));
		lws_callback_on_writable(connection->wsi);
	} else {
		if (command->code != 0)
			lws_close_reason(connection->wsi, (enum lws_close_status)command->code,
					 (uint8_t *)command->reason, strlen(command->reason));
		r = -1;
	}
	free(command);
	return r < 0 ? -1 : 0;
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
		    size_t length)
{
	struct connection *connection = user;

	switch (reason) {
	case LWS_CALLBACK_ESTABLISHED:
		open_connection(connection, lws_context_user(lws_get_context(wsi)), wsi);
		return 0;
	case LWS_CALLBACK_RECEIVE:
		receive(connection, in, length);
		return 0;
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return run_next(connection);
	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
		connection->close_code = length >= 2 ? buffer_get_u16(in) : 0;
		return 0;
	case LWS_CALLBACK_CLOSED:
		close_connection(connection);
		return 0;
	default:
		return 0;
	}
}

static void dispatch(struct fake_hub *hub, struct command *command)
{
	struct connection *connection = NULL;

	if (command->action == STOP)
		hub->is_stopping = true;
	else if (command->connection < hub->connection_count)
		connection = hub->connections[command->connection];
	if (connection == NULL) {
		free(command);
	} else if (command->action == READ) {
		lws_rx_flow_control(connection->wsi, command->is_reading);
		free(command);
	} else if (command->action == CLOSE && command->code == 0) {
		lws_set_timeout(connection->wsi, PENDING_TIMEOUT_CLOSE_SEND, LWS_TO_KILL_ASYNC);
		free(command);
	} else {
		*connection->last = command;
		connection->last = &command->next;
		lws_callback_on_writable(connection->wsi);
	}
}

static void run(void *context)
{
	struct fake_hub *hub = context;
	void *item;

	while (!hub->is_stopping && lws_service(hub->context, 0) >= 0)
		while (queue_pop(hub->commands, 0, &item) == 0)
			dispatch(hub, item);
}

static void post(struct fake_hub *hub, enum action action, int connection, struct command values,
		 const void *data, size_t length)
{
	struct command *command = calloc(1, sizeof(*command) + LWS_PRE + length);

	check(command != NULL, "memory");
	*command = values;
	command->action = action;
	command->connection = connection;
	command->length = length;
	if (length > 0)
		memcpy(command->bytes + LWS_PRE, data, length);
	check(queue_push(hub->commands, command, INT64_MAX) == 0, "commands");
	lws_cancel_service(hub->context);
}

static void listen_on(struct fake_hub *hub, struct test_pki *pki, const char *file,
		      const char *address, uint16_t port)
{
	struct net_identity_files files = test_pki_identity(pki, "ca", file);
	struct lws_context_creation_info info = {
		.iface = address,
		.port = port,
		.protocols = hub->protocols,
		.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
		.ssl_cert_filepath = files.certificate,
		.ssl_private_key_filepath = files.key,
		.fd_limit_per_thread = CONNECTIONS_MAX + 16,
		.user = hub,
		.pt_serv_buf_size = 64 << 10,
	};

	hub->context = lws_create_context(&info);
	check(hub->context != NULL, "cannot listen");
	hub->port =
		(uint16_t)lws_get_vhost_listen_port(lws_get_vhost_by_name(hub->context, "default"));
}

struct fake_hub *fake_hub_create(struct test_pki *pki, const char *file, const char *subprotocol,
				 uint16_t port)
{
	return fake_hub_create_at(pki, file, subprotocol, "127.0.0.1", port);
}

struct fake_hub *fake_hub_create_at(struct test_pki *pki, const char *file, const char *subprotocol,
				    const char *address, uint16_t port)
{
	struct fake_hub *hub = calloc(1, sizeof(*hub));

	check(hub != NULL, "memory");
	snprintf(hub->subprotocol, sizeof(hub->subprotocol), "%s", subprotocol);
	hub->protocols[0] = (struct lws_protocols){
		.name = hub->subprotocol,
		.callback = on_event,
		.per_session_data_size = sizeof(struct connection),
		.tx_packet_size = MESSAGE_BYTES_MAX,
	};
	check(queue_create(EVENTS_MAX, QUEUE_DROP_NEWEST, free_event, &hub->events) == 0 &&
		      queue_create(COMMANDS_MAX, QUEUE_WAIT, free, &hub->commands) == 0,
	      "memory");
	lws_set_log_level(0, NULL);
	listen_on(hub, pki, file, address, port);
	check(thread_start("fake-hub", run, hub, &hub->thread) == 0, "thread");
	return hub;
}

void fake_hub_destroy(struct fake_hub *hub)
{
	if (hub == NULL)
		return;
	post(hub, STOP, 0, (struct command){.code = 0}, NULL, 0);
	thread_join(hub->thread);
	lws_context_destroy(hub->context);
	queue_destroy(hub->commands);
	queue_destroy(hub->events);
	free(hub);
}

uint16_t fake_hub_port(const struct fake_hub *hub)
{
	return hub->port;
}

bool fake_hub_wait(struct fake_hub *hub, int64_t deadline_us, struct fake_hub_event *ret_event)
{
	void *item;

	if (queue_pop(hub->events, deadline_us, &item) != 0)
		return false;
	*ret_event = *(struct fake_hub_event *)item;
	free(item);
	return true;
}

void fake_hub_send(struct fake_hub *hub, int connection, enum fake_hub_form form, const void *data,
		   size_t length)
{
	post(hub, SEND, connection, (struct command){.form = form}, data, length);
}

void fake_hub_close(struct fake_hub *hub, int connection, uint16_t code, const char *reason)
{
	struct command values = {.code = code};

	snprintf(values.reason, sizeof(values.reason), "%s", reason);
	post(hub, CLOSE, connection, values, NULL, 0);
}

void fake_hub_read(struct fake_hub *hub, int connection, bool is_reading)
{
	post(hub, READ, connection, (struct command){.is_reading = is_reading}, NULL, 0);
}
