#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <mbedtls/base64.h>
#include <mbedtls/sha1.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/queue.h"
#include "net/diagnose.h"
#include "net/websocket.h"
#include "tests/fake/fake_hub.h"
#include "tests/fake/test_pki.h"
#include "tests/fake/tls_peer.h"

#define PATIENCE_US (30 * CLOCK_US_PER_S)
#define TEXT_MAX 1000
#define BINARY_MAX 300000
#define SUBPROTOCOL "test.1"
#define SILENT_AFTER_US (15 * CLOCK_US_PER_S)
#define SOON_SILENT_AFTER_US (CLOCK_US_PER_S * 3 / 10)

enum kind {
	OPEN,
	TEXT,
	BINARY,
	CLOSED,
};

/* What the net thread tells the test. */
struct event {
	enum kind kind;
	size_t length;
	uint8_t *data; /* owned */
	struct net_fault fault;
};

struct client {
	struct net_loop *loop;
	struct net_identity_files files;
	struct net_tls *tls; /* of the net thread */
	struct websocket_config config;
	struct websocket *websocket; /* of the net thread */
	struct queue *events;
	struct websocket_message *next; /* of whichever thread has it in hand */
	struct websocket_message *out;  /* is sent in writable(); of the net thread */
	int result;
};

static struct test_pki *pki;

static void free_event(void *item)
{
	struct event *event = item;

	free(event->data);
	free(event);
}

static void tell(struct client *client, enum kind kind, const void *data, size_t length,
		 const struct net_fault *fault)
{
	struct event *event = calloc(1, sizeof(*event));

	assert_non_null(event);
	event->kind = kind;
	event->length = length;
	event->data = malloc(length + 1);
	assert_non_null(event->data);
	if (length > 0)
		memcpy(event->data, data, length);
	event->data[length] = '\0';
	if (fault != NULL)
		event->fault = *fault;
	queue_push(client->events, event, INT64_MAX);
}

static void on_open(void *context)
{
	tell(context, OPEN, NULL, 0, NULL);
}

static void on_message(void *context, enum websocket_kind kind, const uint8_t *data, size_t length,
		       int64_t arrival_us)
{
	assert_true(arrival_us > 0 && arrival_us <= clock_now_us());
	tell(context, kind == WEBSOCKET_TEXT ? TEXT : BINARY, data, length, NULL);
}

static void on_writable(void *context)
{
	struct client *client = context;
	struct websocket_message *message = client->out;

	client->out = NULL;
	if (message != NULL)
		assert_int_equal(websocket_send(client->websocket, message), 0);
}

static void on_closed(void *context, const struct net_fault *why)
{
	tell(context, CLOSED, NULL, 0, why);
}

static const struct websocket_events events = {
	.open = on_open,
	.message = on_message,
	.writable = on_writable,
	.closed = on_closed,
};

static struct event *wait_for(struct client *client)
{
	void *item;

	if (queue_pop(client->events, clock_now_us() + PATIENCE_US, &item) != 0)
		fail_msg("no event came");
	return item;
}

static void expect_open(struct client *client)
{
	struct event *event = wait_for(client);

	if (event->kind != OPEN)
		fail_msg("not open: %s", event->fault.text);
	free_event(event);
}

/* The fault of the next event, which is the end. */
static struct net_fault expect_closed(struct client *client)
{
	struct event *event = wait_for(client);
	struct net_fault fault = event->fault;

	assert_int_equal(event->kind, CLOSED);
	free_event(event);
	print_message("# %s: %s\n", net_fault_name(fault.kind), fault.text);
	return fault;
}

static void create_websocket(void *context)
{
	struct client *client = context;
	struct net_fault fault;

	client->result = net_tls_create(client->loop, &client->files, &client->tls, &fault);
	if (client->result < 0)
		return;
	client->config.tls = client->tls;
	client->result = websocket_create(client->loop, &client->config, &events, client,
					  &client->websocket);
}

static void destroy_websocket(void *context)
{
	struct client *client = context;

	websocket_destroy(client->websocket, WEBSOCKET_CLOSE_NORMAL);
	client->websocket = NULL;
	websocket_message_destroy(client->out);
	client->out = NULL;
}

static void destroy_tls(void *context)
{
	net_tls_destroy(((struct client *)context)->tls);
}

static void want_write(void *context)
{
	struct client *client = context;

	client->out = client->next;
	websocket_want_write(client->websocket);
}

static void start_with(struct client *client, const char *authority, const char *file,
		       const char *host, uint16_t port, int64_t silent_after_us)
{
	*client = (struct client){
		.files = test_pki_identity(pki, authority, file),
		.config = {.host = host,
			   .port = port,
			   .path = "/meet",
			   .subprotocol = SUBPROTOCOL,
			   .text_max = TEXT_MAX,
			   .binary_max = BINARY_MAX,
			   .unsent_max = 16384,
			   .ping_after_us = silent_after_us / 4,
			   .silent_after_us = silent_after_us},
	};
	assert_int_equal(queue_create(256, QUEUE_WAIT, free_event, &client->events), 0);
	assert_int_equal(net_loop_create(&client->loop), 0);
	assert_int_equal(net_loop_call_wait(client->loop, create_websocket, client), 0);
	assert_int_equal(client->result, 0);
}

static void start_as(struct client *client, const char *authority, const char *file,
		     const char *host, uint16_t port)
{
	start_with(client, authority, file, host, port, SILENT_AFTER_US);
}

static void start(struct client *client, uint16_t port)
{
	start_as(client, "ca", "room", "127.0.0.1", port);
}

static void stop(struct client *client)
{
	assert_int_equal(net_loop_call_wait(client->loop, destroy_websocket, client), 0);
	assert_int_equal(net_loop_call_wait(client->loop, destroy_tls, client), 0);
	net_loop_destroy(client->loop);
	queue_destroy(client->events);
}

static void send_bytes(struct client *client, enum websocket_kind kind, const void *data,
		       size_t length)
{
	struct websocket_message *message = websocket_message_create(kind, length);

	assert_non_null(message);
	memcpy(message->data, data, length);
	client->next = message;
	assert_int_equal(net_loop_call_wait(client->loop, want_write, client), 0);
}

static struct fake_hub_event hub_event(struct fake_hub *hub, enum fake_hub_kind kind)
{
	struct fake_hub_event event;

	if (!fake_hub_wait(hub, clock_now_us() + PATIENCE_US, &event))
		fail_msg("nothing came to the hub");
	assert_int_equal(event.kind, kind);
	return event;
}

static void expect_hub(struct fake_hub *hub, enum fake_hub_kind kind)
{
	struct fake_hub_event event = hub_event(hub, kind);

	fake_hub_event_finish(&event);
}

static uint8_t *pattern(size_t length)
{
	uint8_t *data = malloc(length);
	size_t i;

	assert_non_null(data);
	for (i = 0; i < length; i++)
		data[i] = (uint8_t)(i * 31 + (i >> 8));
	return data;
}

static void test_both_ways(void **state)
{
	struct fake_hub *hub = fake_hub_create(pki, "hub", SUBPROTOCOL, 0);
	struct fake_hub_event event;
	struct client client;
	struct event *answer;

	(void)state;
	start(&client, fake_hub_port(hub));
	expect_hub(hub, FAKE_HUB_OPEN);
	expect_open(&client);
	send_bytes(&client, WEBSOCKET_TEXT, "halo", 4);
	event = hub_event(hub, FAKE_HUB_TEXT);
	assert_string_equal((char *)event.data, "halo");
	fake_hub_event_finish(&event);
	fake_hub_send(hub, 0, FAKE_HUB_SEND_TEXT, "salam", 5);
	answer = wait_for(&client);
	assert_int_equal(answer->kind, TEXT);
	assert_string_equal((char *)answer->data, "salam");
	free_event(answer);
	assert_int_equal(net_loop_call_wait(client.loop, destroy_websocket, &client), 0);
	event = hub_event(hub, FAKE_HUB_CLOSED);
	assert_int_equal(event.close_code, WEBSOCKET_CLOSE_NORMAL);
	fake_hub_event_finish(&event);
	stop(&client);
	fake_hub_destroy(hub);
}

/* Around the sizes at which frames and TLS records change. */
static void test_sizes(void **state)
{
	static const size_t sizes[] = {1,     125,   126,   16375,  16376,
				       16377, 32752, 65536, 299999, BINARY_MAX};
	struct fake_hub *hub = fake_hub_create(pki, "hub", SUBPROTOCOL, 0);
	uint8_t *data = pattern(BINARY_MAX);
	struct fake_hub_event event;
	struct client client;
	struct event *answer;
	size_t i;

	(void)state;
	start(&client, fake_hub_port(hub));
	expect_hub(hub, FAKE_HUB_OPEN);
	expect_open(&client);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		send_bytes(&client, WEBSOCKET_BINARY, data, sizes[i]);
		event = hub_event(hub, FAKE_HUB_BINARY);
		assert_int_equal(event.length, sizes[i]);
		assert_memory_equal(event.data, data, sizes[i]);
		fake_hub_event_finish(&event);
		fake_hub_send(hub, 0, FAKE_HUB_SEND_BINARY, data, sizes[i]);
		answer = wait_for(&client);
		assert_int_equal(answer->kind, BINARY);
		assert_int_equal(answer->length, sizes[i]);
		assert_memory_equal(answer->data, data, sizes[i]);
		free_event(answer);
	}
	stop(&client);
	fake_hub_destroy(hub);
	free(data);
}

static void test_pieces(void **state)
{
	struct fake_hub *hub = fake_hub_create(pki, "hub", SUBPROTOCOL, 0);
	struct client client;
	struct event *message;

	(void)state;
	start(&client, fake_hub_port(hub));
	expect_open(&client);
	fake_hub_send(hub, 0, FAKE_HUB_SEND_BINARY_PIECE, "one ", 4);
	fake_hub_send(hub, 0, FAKE_HUB_SEND_BINARY_PIECE, "two ", 4);
	fake_hub_send(hub, 0, FAKE_HUB_SEND_BINARY_END, "three", 5);
	message = wait_for(&client);
	assert_int_equal(message->kind, BINARY);
	assert_string_equal((char *)message->data, "one two three");
	free_event(message);
	stop(&client);
	fake_hub_destroy(hub);
}

/* The frame announces 1 GiB; a few bytes of it are enough. */
static void test_announced_too_large(void **state)
{
	static const uint8_t frame[] = {0x82, 127, 0, 0, 0, 0, 0x40, 0, 0, 0};
	struct fake_hub *hub = fake_hub_create(pki, "hub", SUBPROTOCOL, 0);
	uint8_t *data = pattern(65536);
	struct fake_hub_event event;
	struct client client;

	(void)state;
	memcpy(data, frame, sizeof(frame));
	start(&client, fake_hub_port(hub));
	expect_hub(hub, FAKE_HUB_OPEN);
	expect_open(&client);
	fake_hub_send(hub, 0, FAKE_HUB_SEND_RAW, data, 65536);
	assert_int_equal(expect_closed(&client).kind, NET_FAULT_TOO_LARGE);
	event = hub_event(hub, FAKE_HUB_CLOSED);
	assert_int_equal(event.close_code, WEBSOCKET_CLOSE_TOO_LARGE);
	fake_hub_event_finish(&event);
	stop(&client);
	fake_hub_destroy(hub);
	free(data);
}

static void test_pieces_too_large(void **state)
{
	struct fake_hub *hub = fake_hub_create(pki, "hub", SUBPROTOCOL, 0);
	uint8_t *data = pattern(100000);
	struct client client;
	int i;

	(void)state;
	start(&client, fake_hub_port(hub));
	expect_open(&client);
	for (i = 0; i < 4; i++)
		fake_hub_send(hub, 0, FAKE_HUB_SEND_BINARY_PIECE, data, 100000);
	assert_int_equal(expect_closed(&client).kind, NET_FAULT_TOO_LARGE);
	stop(&client);
	fake_hub_destroy(hub);
	free(data);
}

static void test_text_too_large(void **state)
{
	struct fake_hub *hub = fake_hub_create(pki, "hub", SUBPROTOCOL, 0);
	char text[TEXT_MAX + 1];
	struct client client;

	(void)state;
	memset(text, 'a', sizeof(text));
	start(&client, fake_hub_port(hub));
	expect_open(&client);
	fake_hub_send(hub, 0, FAKE_HUB_SEND_TEXT, text, sizeof(text));
	assert_int_equal(expect_closed(&client).kind, NET_FAULT_TOO_LARGE);
	stop(&client);
	fake_hub_destroy(hub);
}

static void test_closed_with_code(void **state)
{
	struct fake_hub *hub = fake_hub_create(pki, "hub", SUBPROTOCOL, 0);
	struct net_fault fault;
	struct client client;

	(void)state;
	start(&client, fake_hub_port(hub));
	expect_open(&client);
	fake_hub_close(hub, 0, 4001, "newer connection");
	fault = expect_closed(&client);
	assert_int_equal(fault.kind, NET_FAULT_CLOSED);
	assert_int_equal(fault.close_code, 4001);
	assert_string_equal(fault.text, "the hub closed with 4001: newer connection");
	stop(&client);
	fake_hub_destroy(hub);
}

static void test_dropped(void **state)
{
	struct fake_hub *hub = fake_hub_create(pki, "hub", SUBPROTOCOL, 0);
	struct client client;

	(void)state;
	start(&client, fake_hub_port(hub));
	expect_open(&client);
	fake_hub_close(hub, 0, 0, "");
	assert_int_equal(expect_closed(&client).kind, NET_FAULT_LOST);
	stop(&client);
	fake_hub_destroy(hub);
}

/* A reserved bit is set: no frame of RFC 6455. */
static void test_bad_frame(void **state)
{
	static const uint8_t frame[] = {0xf2, 1, 'x'};
	struct fake_hub *hub = fake_hub_create(pki, "hub", SUBPROTOCOL, 0);
	struct client client;

	(void)state;
	start(&client, fake_hub_port(hub));
	expect_open(&client);
	fake_hub_send(hub, 0, FAKE_HUB_SEND_RAW, frame, sizeof(frame));
	assert_int_equal(expect_closed(&client).kind, NET_FAULT_LOST);
	stop(&client);
	fake_hub_destroy(hub);
}

/* Nothing of a message is lost to a hub that does not read for a while. */
static void test_slow_reader(void **state)
{
	struct fake_hub *hub = fake_hub_create(pki, "hub", SUBPROTOCOL, 0);
	size_t length = 6U << 20;
	uint8_t *data = pattern(length);
	struct fake_hub_event event;
	struct client client;

	(void)state;
	start(&client, fake_hub_port(hub));
	expect_hub(hub, FAKE_HUB_OPEN);
	expect_open(&client);
	fake_hub_read(hub, 0, false);
	send_bytes(&client, WEBSOCKET_BINARY, data, length);
	assert_false(fake_hub_wait(hub, clock_now_us() + CLOCK_US_PER_S / 5, &event));
	fake_hub_read(hub, 0, true);
	event = hub_event(hub, FAKE_HUB_BINARY);
	assert_int_equal(event.length, length);
	assert_memory_equal(event.data, data, length);
	fake_hub_event_finish(&event);
	stop(&client);
	fake_hub_destroy(hub);
	free(data);
}

/* Waits for the client's request and answers as RFC 6455, section 4.2.2 says, and with `more`. */
static void upgrade(struct tls_peer *peer, const char *more)
{
	static const char magic[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	char line[256];
	char key[128] = "";
	char answer[512];
	uint8_t hash[20];
	char accept[32];
	size_t length;

	do {
		assert_true(tls_peer_read_line(peer, line, sizeof(line)));
		if (strncasecmp(line, "Sec-WebSocket-Key: ", 19) == 0)
			snprintf(key, sizeof(key), "%.32s%s", line + 19, magic);
	} while (line[0] != '\0' || key[0] == '\0');
	assert_int_equal(mbedtls_sha1((uint8_t *)key, strlen(key), hash), 0);
	assert_int_equal(mbedtls_base64_encode((uint8_t *)accept, sizeof(accept), &length, hash,
					       sizeof(hash)),
			 0);
	snprintf(answer, sizeof(answer),
		 "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
		 "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n%s\r\n",
		 accept, more);
	tls_peer_write(peer, answer, strlen(answer));
}

static void test_no_subprotocol(void **state)
{
	static const char *const arguments[] = {NULL};
	struct tls_peer *peer = tls_peer_create(pki, arguments);
	struct net_fault fault;
	struct client client;

	(void)state;
	start(&client, tls_peer_port(peer));
	upgrade(peer, "");
	fault = expect_closed(&client);
	assert_int_equal(fault.kind, NET_FAULT_UPGRADE);
	assert_string_equal(fault.text, "the hub does not speak test.1");
	stop(&client);
	tls_peer_destroy(peer);
}

/* It pings, is not answered, and gives up. */
static void test_silent_hub(void **state)
{
	static const char *const arguments[] = {NULL};
	struct tls_peer *peer = tls_peer_create(pki, arguments);
	struct client client;

	(void)state;
	start_with(&client, "ca", "room", "127.0.0.1", tls_peer_port(peer), SOON_SILENT_AFTER_US);
	upgrade(peer, "Sec-WebSocket-Protocol: " SUBPROTOCOL "\r\n");
	expect_open(&client);
	assert_int_equal(expect_closed(&client).kind, NET_FAULT_SILENT);
	stop(&client);
	tls_peer_destroy(peer);
}

/* A hub that has nothing to say answers pings, so the connection outlives silent_after_us. */
static void test_idle_hub(void **state)
{
	struct fake_hub *hub = fake_hub_create(pki, "hub", SUBPROTOCOL, 0);
	struct client client;
	void *item;

	(void)state;
	start_with(&client, "ca", "room", "127.0.0.1", fake_hub_port(hub), SOON_SILENT_AFTER_US);
	expect_open(&client);
	assert_int_not_equal(queue_pop(client.events, clock_now_us() + 3 * SOON_SILENT_AFTER_US,
				       &item),
			     0);
	stop(&client);
	fake_hub_destroy(hub);
}

/* A client that speaks all the time, to a hub that has nothing to say, knows that it lives. */
static void test_one_way(void **state)
{
	struct fake_hub *hub = fake_hub_create(pki, "hub", SUBPROTOCOL, 0);
	int64_t end_us = clock_now_us() + 3 * SOON_SILENT_AFTER_US;
	struct client client;
	void *item;

	(void)state;
	start_with(&client, "ca", "room", "127.0.0.1", fake_hub_port(hub), SOON_SILENT_AFTER_US);
	expect_hub(hub, FAKE_HUB_OPEN);
	expect_open(&client);
	while (clock_now_us() < end_us) {
		send_bytes(&client, WEBSOCKET_BINARY, "x", 1);
		expect_hub(hub, FAKE_HUB_BINARY);
	}
	assert_int_not_equal(queue_pop(client.events, 0, &item), 0);
	stop(&client);
	fake_hub_destroy(hub);
}

static void test_no_listener(void **state)
{
	struct fake_hub *hub = fake_hub_create(pki, "hub", SUBPROTOCOL, 0);
	uint16_t port = fake_hub_port(hub);
	char expected[NET_FAULT_BYTES];
	struct net_fault fault;
	struct client client;

	(void)state;
	fake_hub_destroy(hub);
	start(&client, port);
	fault = expect_closed(&client);
	assert_int_equal(fault.kind, NET_FAULT_REFUSED);
	snprintf(expected, sizeof(expected),
		 "nothing listens at 127.0.0.1 port %u: does the hub run, is the port right?",
		 port);
	assert_string_equal(fault.text, expected);
	stop(&client);
}

static struct sockaddr_in loopback(uint16_t port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_port = htons(port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int make_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		abort();
	return fd;
}

/* A loopback socket that listens and never accepts, with room for `backlog` connections. */
static int listen_in_vain(int backlog, uint16_t *ret_port)
{
	struct sockaddr_in address = loopback(0);
	socklen_t length = sizeof(address);
	int fd = make_socket();

	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, backlog), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	*ret_port = ntohs(address.sin_port);
	return fd;
}

/* Takes the one place there is, so that the next to connect hears nothing. */
static int connect_first(uint16_t port)
{
	const struct sockaddr_in address = loopback(port);
	int fd = make_socket();

	assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* One server does not answer in TCP, another not in TLS. */
static void test_no_answer(void **state)
{
	struct client no_tcp;
	struct client no_tls;
	struct net_fault fault;
	uint16_t full;
	uint16_t mute;
	int listeners[] = {listen_in_vain(0, &full), listen_in_vain(8, &mute)};
	int first = connect_first(full);

	(void)state;
	start(&no_tcp, full);
	start(&no_tls, mute);
	fault = expect_closed(&no_tcp);
	assert_int_equal(fault.kind, NET_FAULT_TIMEOUT);
	assert_non_null(strstr(fault.text, "does a firewall block it?"));
	fault = expect_closed(&no_tls);
	assert_int_equal(fault.kind, NET_FAULT_TIMEOUT);
	assert_string_equal(fault.text, "the hub does not answer in TLS");
	stop(&no_tls);
	stop(&no_tcp);
	close(first);
	close(listeners[0]);
	close(listeners[1]);
}

static void test_connect_faults(void **state)
{
	static const struct {
		int error;
		enum net_fault_kind kind;
		const char *text;
	} rows[] = {
		{ECONNREFUSED, NET_FAULT_REFUSED,
		 "nothing listens at 192.0.2.7 port 8443: does the hub run, is the port right?"},
		{ETIMEDOUT, NET_FAULT_TIMEOUT,
		 "no answer from 192.0.2.7 port 8443: does a firewall block it?"},
		{ENETUNREACH, NET_FAULT_UNREACHABLE,
		 "no way to 192.0.2.7 port 8443: is the room's network connected?"},
		{EACCES, NET_FAULT_UNREACHABLE,
		 "cannot connect to 192.0.2.7 port 8443: Permission denied"},
	};
	struct net_address address = {.length = sizeof(struct sockaddr_in)};
	struct sockaddr_in *ipv4 = (struct sockaddr_in *)&address.storage;
	struct net_fault fault;
	size_t i;

	(void)state;
	ipv4->sin_family = AF_INET;
	ipv4->sin_port = htons(8443);
	assert_int_equal(inet_pton(AF_INET, "192.0.2.7", &ipv4->sin_addr), 1);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fault = net_connect_fault(&address, rows[i].error);
		assert_int_equal(fault.kind, rows[i].kind);
		assert_string_equal(fault.text, rows[i].text);
	}
}

/* A peer's words cannot forge a line or break a Status. */
static void test_fault_text_is_printable(void **state)
{
	struct net_fault fault = net_fault_make(NET_FAULT_LOST, "a%sb", "\n\x1b\xff\x7f");

	(void)state;
	assert_string_equal(fault.text, "a????b");
	assert_string_equal(net_fault_name(fault.kind), "lost");
}

static void test_unknown_name(void **state)
{
	struct client client;

	(void)state;
	start_as(&client, "ca", "room", "hub.invalid", 443);
	assert_int_equal(expect_closed(&client).kind, NET_FAULT_DNS);
	stop(&client);
}

static void test_ipv6_address(void **state)
{
	struct client client;

	(void)state;
	start_as(&client, "ca", "room", "::1", 443);
	assert_int_equal(expect_closed(&client).kind, NET_FAULT_ADDRESS);
	stop(&client);
}

/* A certificate of the hub that is no good, and what of the fault's text must be there. */
static void expect_certificate_fault(const struct test_certificate *certificate,
				     enum net_fault_kind kind, const char *part)
{
	struct fake_hub *hub;
	struct net_fault fault;
	struct client client;

	test_pki_make(pki, certificate);
	hub = fake_hub_create(pki, certificate->file, SUBPROTOCOL, 0);
	start(&client, fake_hub_port(hub));
	fault = expect_closed(&client);
	assert_int_equal(fault.kind, kind);
	if (strstr(fault.text, part) == NULL)
		fail_msg("no \"%s\" in \"%s\"", part, fault.text);
	stop(&client);
	fake_hub_destroy(hub);
}

static void test_wrong_name(void **state)
{
	(void)state;
	expect_certificate_fault(&(struct test_certificate){.file = "elsewhere",
							    .issuer = "ca",
							    .name = "elsewhere.example",
							    .dns = "elsewhere.example",
							    .from_days = -1,
							    .to_days = 1},
				 NET_FAULT_CERTIFICATE_NAME,
				 "for \"elsewhere.example\", not for \"127.0.0.1\"");
}

static void test_other_ca(void **state)
{
	(void)state;
	expect_certificate_fault(&(struct test_certificate){.file = "foreign",
							    .issuer = "other-ca",
							    .name = "hub.example",
							    .is_loopback = true,
							    .from_days = -1,
							    .to_days = 1},
				 NET_FAULT_CERTIFICATE_CA, "signed by \"CN=Other CA\"");
}

static void test_expired(void **state)
{
	(void)state;
	expect_certificate_fault(&(struct test_certificate){.file = "expired",
							    .issuer = "ca",
							    .name = "hub.example",
							    .is_loopback = true,
							    .from_days = -30,
							    .to_days = -10},
				 NET_FAULT_CERTIFICATE_EXPIRED, "this room's clock says");
}

static void test_not_yet_valid(void **state)
{
	(void)state;
	expect_certificate_fault(&(struct test_certificate){.file = "future",
							    .issuer = "ca",
							    .name = "hub.example",
							    .is_loopback = true,
							    .from_days = 10,
							    .to_days = 30},
				 NET_FAULT_CERTIFICATE_NOT_YET, "is it wrong?");
}

/* An OpenSSL server that behaves as the arguments say. */
static struct net_fault fault_of_peer(const char *const *arguments, const char *file)
{
	struct tls_peer *peer = tls_peer_create(pki, arguments);
	struct net_fault fault;
	struct client client;

	start_as(&client, "ca", file, "127.0.0.1", tls_peer_port(peer));
	fault = expect_closed(&client);
	stop(&client);
	tls_peer_destroy(peer);
	return fault;
}

static void test_old_tls(void **state)
{
	static const char *const tls12[] = {"-tls1_2", NULL};
	static const char *const tls11[] = {"-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0", NULL};

	(void)state;
	assert_int_equal(fault_of_peer(tls12, "room").kind, NET_FAULT_TLS_VERSION);
	assert_int_equal(fault_of_peer(tls11, "room").kind, NET_FAULT_TLS_VERSION);
}

/* The room's certificate is of an authority that the hub does not know. */
static void test_refused_certificate(void **state)
{
	const char *const arguments[] = {
		"-Verify", "1", "-verify_return_error", "-CAfile", test_pki_path(pki, "ca.crt"),
		NULL};
	struct net_fault fault;

	(void)state;
	test_pki_make(pki, &(struct test_certificate){.file = "stranger",
						      .issuer = "other-ca",
						      .name = "Orang Asing",
						      .from_days = -1,
						      .to_days = 1});
	fault = fault_of_peer(arguments, "stranger");
	assert_int_equal(fault.kind, NET_FAULT_TLS_REFUSED);
	assert_non_null(strstr(fault.text, "CN=Orang Asing"));
}

/* An HTTP server, but no websocket. */
static void test_no_websocket(void **state)
{
	static const char *const arguments[] = {"-www", NULL};
	struct net_fault fault;

	(void)state;
	fault = fault_of_peer(arguments, "room");
	assert_int_equal(fault.kind, NET_FAULT_UPGRADE);
	assert_non_null(strstr(fault.text, "HTTP 200"));
}

static void test_identity_faults(void **state)
{
	const struct {
		struct net_identity_files files;
		const char *part;
	} rows[] = {
		{{test_pki_path(pki, "no.crt"), test_pki_path(pki, "room.crt"),
		  test_pki_path(pki, "room.key")},
		 "no.crt: No such file"},
		{{test_pki_path(pki, "ca.crt"), test_pki_path(pki, "room.key"),
		  test_pki_path(pki, "room.key")},
		 "room.key is not a certificate"},
		{{test_pki_path(pki, "ca.crt"), test_pki_path(pki, "room.crt"),
		  test_pki_path(pki, "room.crt")},
		 "room.crt is not a private key"},
		{{test_pki_path(pki, "ca.crt"), test_pki_path(pki, "room.crt"),
		  test_pki_path(pki, "hub.key")},
		 "is not that of"},
		{{"/dev/zero", test_pki_path(pki, "room.crt"), test_pki_path(pki, "room.key")},
		 "/dev/zero: not a file"},
	};
	struct net_identity *identity;
	struct net_fault fault;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(net_identity_load(&rows[i].files, &identity, &fault), -EINVAL);
		assert_int_equal(fault.kind, NET_FAULT_IDENTITY);
		if (strstr(fault.text, rows[i].part) == NULL)
			fail_msg("no \"%s\" in \"%s\"", rows[i].part, fault.text);
	}
}

/* At every stage a websocket can be given up, and nothing of it is heard any more. */
static void test_destroyed_while_connecting(void **state)
{
	struct fake_hub *hub = fake_hub_create(pki, "hub", SUBPROTOCOL, 0);
	struct client client;
	void *item;
	int i;

	(void)state;
	for (i = 0; i < 20; i++) {
		start(&client, fake_hub_port(hub));
		assert_int_equal(net_loop_call_wait(client.loop, destroy_websocket, &client), 0);
		while (queue_pop(client.events, 0, &item) == 0)
			free_event(item);
		assert_int_equal(net_loop_call_wait(client.loop, destroy_tls, &client), 0);
		net_loop_destroy(client.loop);
		assert_int_not_equal(queue_pop(client.events, 0, &item), 0);
		queue_destroy(client.events);
	}
	fake_hub_destroy(hub);
}

struct path_question {
	struct client *client;
	struct net_path path;
	int result;
};

static void ask_path(void *context)
{
	struct path_question *question = context;

	question->result = websocket_path(question->client->websocket, &question->path);
}

static void test_path(void **state)
{
	struct fake_hub *hub = fake_hub_create(pki, "hub", SUBPROTOCOL, 0);
	struct path_question question = {.result = 1};
	struct client client;

	(void)state;
	start(&client, fake_hub_port(hub));
	expect_open(&client);
	question.client = &client;
	assert_int_equal(net_loop_call_wait(client.loop, ask_path, &question), 0);
	assert_int_equal(question.result, 0);
	assert_true(question.path.rtt_us > 0);
	stop(&client);
	fake_hub_destroy(hub);
}

static int setup(void **state)
{
	(void)state;
	pki = test_pki_create();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	test_pki_destroy(pki);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_announced_too_large),
		cmocka_unit_test(test_pieces_too_large),
		cmocka_unit_test(test_text_too_large),
		cmocka_unit_test(test_closed_with_code),
		cmocka_unit_test(test_dropped),
		cmocka_unit_test(test_bad_frame),
		cmocka_unit_test(test_slow_reader),
		cmocka_unit_test(test_no_subprotocol),
		cmocka_unit_test(test_silent_hub),
		cmocka_unit_test(test_idle_hub),
		cmocka_unit_test(test_one_way),
		cmocka_unit_test(test_no_listener),
		cmocka_unit_test(test_no_answer),
		cmocka_unit_test(test_connect_faults),
		cmocka_unit_test(test_fault_text_is_printable),
		cmocka_unit_test(test_unknown_name),
		cmocka_unit_test(test_ipv6_address),
		cmocka_unit_test(test_wrong_name),
		cmocka_unit_test(test_other_ca),
		cmocka_unit_test(test_expired),
		cmocka_unit_test(test_not_yet_valid),
		cmocka_unit_test(test_old_tls),
		cmocka_unit_test(test_refused_certificate),
		cmocka_unit_test(test_no_websocket),
		cmocka_unit_test(test_identity_faults),
		cmocka_unit_test(test_destroyed_while_connecting),
		cmocka_unit_test(test_path),
	};

	return cmocka_run_group_tests_name("websocket", tests, setup, teardown);
}
