#include "tests/fake/websocket_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

void websocket_bench_free_event(void *item)
{
	struct websocket_bench_event *event = item;

	free(event->data);
	free(event);
}

static void tell(struct websocket_bench *client, enum websocket_bench_kind kind, const void *data,
		 size_t length, const struct net_fault *fault)
{
	struct websocket_bench_event *event = calloc(1, sizeof(*event));

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
	tell(context, WEBSOCKET_BENCH_OPEN, NULL, 0, NULL);
}

static void on_message(void *context, enum websocket_kind kind, const uint8_t *data, size_t length,
		       int64_t arrival_us)
{
	assert_true(arrival_us > 0 && arrival_us <= clock_now_us());
	tell(context, kind == WEBSOCKET_TEXT ? WEBSOCKET_BENCH_TEXT : WEBSOCKET_BENCH_BINARY, data,
	     length, NULL);
}

static void on_writable(void *context)
{
	struct websocket_bench *client = context;
	struct websocket_message *message = client->out;

	client->out = NULL;
	if (message != NULL)
		assert_int_equal(websocket_send(client->websocket, message), 0);
}

static void on_closed(void *context, const struct net_fault *why)
{
	tell(context, WEBSOCKET_BENCH_CLOSED, NULL, 0, why);
}

static const struct websocket_events events = {
	.open = on_open,
	.message = on_message,
	.writable = on_writable,
	.closed = on_closed,
};

struct websocket_bench_event *websocket_bench_wait_for(struct websocket_bench *client)
{
	void *item;

	if (queue_pop(client->events, clock_now_us() + WEBSOCKET_BENCH_PATIENCE_US, &item) != 0)
		fail_msg("no event came");
	return item;
}

void websocket_bench_expect_open(struct websocket_bench *client)
{
	struct websocket_bench_event *event = websocket_bench_wait_for(client);

	if (event->kind != WEBSOCKET_BENCH_OPEN)
		fail_msg("not open: %s", event->fault.text);
	websocket_bench_free_event(event);
}

struct net_fault websocket_bench_expect_closed(struct websocket_bench *client)
{
	struct websocket_bench_event *event = websocket_bench_wait_for(client);
	struct net_fault fault = event->fault;

	assert_int_equal(event->kind, WEBSOCKET_BENCH_CLOSED);
	websocket_bench_free_event(event);
	print_message("# %s: %s\n", net_fault_name(fault.kind), fault.text);
	return fault;
}

static void create_websocket(void *context)
{
	struct websocket_bench *client = context;
	struct net_fault fault;

	client->result = net_tls_create(client->loop, &client->files, &client->tls, &fault);
	if (client->result < 0)
		return;
	client->config.tls = client->tls;
	client->result = websocket_create(client->loop, &client->config, &events, client,
					  &client->websocket);
}

void websocket_bench_destroy_websocket(void *context)
{
	struct websocket_bench *client = context;

	websocket_destroy(client->websocket, WEBSOCKET_CLOSE_NORMAL);
	client->websocket = NULL;
	websocket_message_destroy(client->out);
	client->out = NULL;
}

void websocket_bench_destroy_tls(void *context)
{
	net_tls_destroy(((struct websocket_bench *)context)->tls);
}

static void want_write(void *context)
{
	struct websocket_bench *client = context;

	client->out = client->next;
	websocket_want_write(client->websocket);
}

void websocket_bench_start_with(struct websocket_bench *client, struct test_pki *pki,
				const char *authority, const char *file, const char *host,
				uint16_t port, int64_t silent_after_us)
{
	*client = (struct websocket_bench){
		.files = test_pki_identity(pki, authority, file),
		.config = {.host = host,
			   .port = port,
			   .path = "/meet",
			   .subprotocol = WEBSOCKET_BENCH_SUBPROTOCOL,
			   .text_max = WEBSOCKET_BENCH_TEXT_MAX,
			   .binary_max = WEBSOCKET_BENCH_BINARY_MAX,
			   .unsent_max = 16384,
			   .ping_after_us = silent_after_us / 4,
			   .silent_after_us = silent_after_us},
	};
	assert_int_equal(queue_create(256, QUEUE_WAIT, websocket_bench_free_event, &client->events),
			 0);
	assert_int_equal(net_loop_create(&client->loop), 0);
	assert_int_equal(net_loop_call_wait(client->loop, create_websocket, client), 0);
	assert_int_equal(client->result, 0);
}

void websocket_bench_start_as(struct websocket_bench *client, struct test_pki *pki,
			      const char *authority, const char *file, const char *host,
			      uint16_t port)
{
	websocket_bench_start_with(client, pki, authority, file, host, port,
				   WEBSOCKET_BENCH_SILENT_AFTER_US);
}

void websocket_bench_start(struct websocket_bench *client, struct test_pki *pki, uint16_t port)
{
	websocket_bench_start_as(client, pki, "ca", "room", "127.0.0.1", port);
}

void websocket_bench_stop(struct websocket_bench *client)
{
	assert_int_equal(net_loop_call_wait(client->loop, websocket_bench_destroy_websocket,
					    client),
			 0);
	assert_int_equal(net_loop_call_wait(client->loop, websocket_bench_destroy_tls, client), 0);
	net_loop_destroy(client->loop);
	queue_destroy(client->events);
}

void websocket_bench_send_bytes(struct websocket_bench *client, enum websocket_kind kind,
				const void *data, size_t length)
{
	struct websocket_message *message = websocket_message_create(kind, length);

	assert_non_null(message);
	memcpy(message->data, data, length);
	client->next = message;
	assert_int_equal(net_loop_call_wait(client->loop, want_write, client), 0);
}

struct fake_hub_event websocket_bench_hub_event(struct fake_hub *hub, enum fake_hub_kind kind)
{
	struct fake_hub_event event;

	if (!fake_hub_wait(hub, clock_now_us() + WEBSOCKET_BENCH_PATIENCE_US, &event))
		fail_msg("nothing came to the hub");
	assert_int_equal(event.kind, kind);
	return event;
}

void websocket_bench_expect_hub(struct fake_hub *hub, enum fake_hub_kind kind)
{
	struct fake_hub_event event = websocket_bench_hub_event(hub, kind);

	fake_hub_event_finish(&event);
}

uint8_t *websocket_bench_pattern(size_t length)
{
	uint8_t *data = malloc(length);
	size_t i;

	assert_non_null(data);
	for (i = 0; i < length; i++)
		data[i] = (uint8_t)(i * 31 + (i >> 8));
	return data;
}
