/* net/websocket: messages both ways, and connections that end. */
#include <mbedtls/base64.h>
#include <mbedtls/sha1.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <cmocka.h>

#include "tests/fake/tls_peer.h"
#include "tests/fake/websocket_bench.h"

#define SOON_SILENT_AFTER_US (CLOCK_US_PER_S * 3 / 10)

static void test_both_ways(void **state)
{
	struct test_pki *pki = *state;
	struct fake_hub *hub = fake_hub_create(pki, "hub", WEBSOCKET_BENCH_SUBPROTOCOL, 0);
	struct fake_hub_event event;
	struct websocket_bench client;
	struct websocket_bench_event *answer;

	websocket_bench_start(&client, pki, fake_hub_port(hub));
	websocket_bench_expect_hub(hub, FAKE_HUB_OPEN);
	websocket_bench_expect_open(&client);
	websocket_bench_send_bytes(&client, WEBSOCKET_TEXT, "halo", 4);
	event = websocket_bench_hub_event(hub, FAKE_HUB_TEXT);
	assert_string_equal((char *)event.data, "halo");
	fake_hub_event_finish(&event);
	fake_hub_send(hub, 0, FAKE_HUB_SEND_TEXT, "salam", 5);
	answer = websocket_bench_wait_for(&client);
	assert_int_equal(answer->kind, WEBSOCKET_BENCH_TEXT);
	assert_string_equal((char *)answer->data, "salam");
	websocket_bench_free_event(answer);
	assert_int_equal(net_loop_call_wait(client.loop, websocket_bench_destroy_websocket,
					    &client),
			 0);
	event = websocket_bench_hub_event(hub, FAKE_HUB_CLOSED);
	assert_int_equal(event.close_code, WEBSOCKET_CLOSE_NORMAL);
	fake_hub_event_finish(&event);
	websocket_bench_stop(&client);
	fake_hub_destroy(hub);
}

/* Around the sizes at which frames and TLS records change. */
static void test_sizes(void **state)
{
	struct test_pki *pki = *state;
	static const size_t sizes[] = {1,     125,   126,   16375,  16376,
				       16377, 32752, 65536, 299999, WEBSOCKET_BENCH_BINARY_MAX};
	struct fake_hub *hub = fake_hub_create(pki, "hub", WEBSOCKET_BENCH_SUBPROTOCOL, 0);
	uint8_t *data = websocket_bench_pattern(WEBSOCKET_BENCH_BINARY_MAX);
	struct fake_hub_event event;
	struct websocket_bench client;
	struct websocket_bench_event *answer;
	size_t i;

	websocket_bench_start(&client, pki, fake_hub_port(hub));
	websocket_bench_expect_hub(hub, FAKE_HUB_OPEN);
	websocket_bench_expect_open(&client);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		websocket_bench_send_bytes(&client, WEBSOCKET_BINARY, data, sizes[i]);
		event = websocket_bench_hub_event(hub, FAKE_HUB_BINARY);
		assert_int_equal(event.length, sizes[i]);
		assert_memory_equal(event.data, data, sizes[i]);
		fake_hub_event_finish(&event);
		fake_hub_send(hub, 0, FAKE_HUB_SEND_BINARY, data, sizes[i]);
		answer = websocket_bench_wait_for(&client);
		assert_int_equal(answer->kind, WEBSOCKET_BENCH_BINARY);
		assert_int_equal(answer->length, sizes[i]);
		assert_memory_equal(answer->data, data, sizes[i]);
		websocket_bench_free_event(answer);
	}
	websocket_bench_stop(&client);
	fake_hub_destroy(hub);
	free(data);
}

static void test_pieces(void **state)
{
	struct test_pki *pki = *state;
	struct fake_hub *hub = fake_hub_create(pki, "hub", WEBSOCKET_BENCH_SUBPROTOCOL, 0);
	struct websocket_bench client;
	struct websocket_bench_event *message;

	websocket_bench_start(&client, pki, fake_hub_port(hub));
	websocket_bench_expect_open(&client);
	fake_hub_send(hub, 0, FAKE_HUB_SEND_BINARY_PIECE, "one ", 4);
	fake_hub_send(hub, 0, FAKE_HUB_SEND_BINARY_PIECE, "two ", 4);
	fake_hub_send(hub, 0, FAKE_HUB_SEND_BINARY_END, "three", 5);
	message = websocket_bench_wait_for(&client);
	assert_int_equal(message->kind, WEBSOCKET_BENCH_BINARY);
	assert_string_equal((char *)message->data, "one two three");
	websocket_bench_free_event(message);
	websocket_bench_stop(&client);
	fake_hub_destroy(hub);
}

/* The frame announces 1 GiB; a few bytes of it are enough. */
static void test_announced_too_large(void **state)
{
	struct test_pki *pki = *state;
	static const uint8_t frame[] = {0x82, 127, 0, 0, 0, 0, 0x40, 0, 0, 0};
	struct fake_hub *hub = fake_hub_create(pki, "hub", WEBSOCKET_BENCH_SUBPROTOCOL, 0);
	uint8_t *data = websocket_bench_pattern(65536);
	struct fake_hub_event event;
	struct websocket_bench client;

	memcpy(data, frame, sizeof(frame));
	websocket_bench_start(&client, pki, fake_hub_port(hub));
	websocket_bench_expect_hub(hub, FAKE_HUB_OPEN);
	websocket_bench_expect_open(&client);
	fake_hub_send(hub, 0, FAKE_HUB_SEND_RAW, data, 65536);
	assert_int_equal(websocket_bench_expect_closed(&client).kind, NET_FAULT_TOO_LARGE);
	event = websocket_bench_hub_event(hub, FAKE_HUB_CLOSED);
	assert_int_equal(event.close_code, WEBSOCKET_CLOSE_TOO_LARGE);
	fake_hub_event_finish(&event);
	websocket_bench_stop(&client);
	fake_hub_destroy(hub);
	free(data);
}

static void test_pieces_too_large(void **state)
{
	struct test_pki *pki = *state;
	struct fake_hub *hub = fake_hub_create(pki, "hub", WEBSOCKET_BENCH_SUBPROTOCOL, 0);
	uint8_t *data = websocket_bench_pattern(100000);
	struct websocket_bench client;
	int i;

	websocket_bench_start(&client, pki, fake_hub_port(hub));
	websocket_bench_expect_open(&client);
	for (i = 0; i < 4; i++)
		fake_hub_send(hub, 0, FAKE_HUB_SEND_BINARY_PIECE, data, 100000);
	assert_int_equal(websocket_bench_expect_closed(&client).kind, NET_FAULT_TOO_LARGE);
	websocket_bench_stop(&client);
	fake_hub_destroy(hub);
	free(data);
}

static void test_text_too_large(void **state)
{
	struct test_pki *pki = *state;
	struct fake_hub *hub = fake_hub_create(pki, "hub", WEBSOCKET_BENCH_SUBPROTOCOL, 0);
	char text[WEBSOCKET_BENCH_TEXT_MAX + 1];
	struct websocket_bench client;

	memset(text, 'a', sizeof(text));
	websocket_bench_start(&client, pki, fake_hub_port(hub));
	websocket_bench_expect_open(&client);
	fake_hub_send(hub, 0, FAKE_HUB_SEND_TEXT, text, sizeof(text));
	assert_int_equal(websocket_bench_expect_closed(&client).kind, NET_FAULT_TOO_LARGE);
	websocket_bench_stop(&client);
	fake_hub_destroy(hub);
}

static void test_closed_with_code(void **state)
{
	struct test_pki *pki = *state;
	struct fake_hub *hub = fake_hub_create(pki, "hub", WEBSOCKET_BENCH_SUBPROTOCOL, 0);
	struct net_fault fault;
	struct websocket_bench client;

	websocket_bench_start(&client, pki, fake_hub_port(hub));
	websocket_bench_expect_open(&client);
	fake_hub_close(hub, 0, 4001, "newer connection");
	fault = websocket_bench_expect_closed(&client);
	assert_int_equal(fault.kind, NET_FAULT_CLOSED);
	assert_int_equal(fault.close_code, 4001);
	assert_string_equal(fault.text, "the hub closed with 4001: newer connection");
	websocket_bench_stop(&client);
	fake_hub_destroy(hub);
}

static void test_dropped(void **state)
{
	struct test_pki *pki = *state;
	struct fake_hub *hub = fake_hub_create(pki, "hub", WEBSOCKET_BENCH_SUBPROTOCOL, 0);
	struct websocket_bench client;

	websocket_bench_start(&client, pki, fake_hub_port(hub));
	websocket_bench_expect_open(&client);
	fake_hub_close(hub, 0, 0, "");
	assert_int_equal(websocket_bench_expect_closed(&client).kind, NET_FAULT_LOST);
	websocket_bench_stop(&client);
	fake_hub_destroy(hub);
}

/* A reserved bit is set: no frame of RFC 6455. */
static void test_bad_frame(void **state)
{
	struct test_pki *pki = *state;
	static const uint8_t frame[] = {0xf2, 1, 'x'};
	struct fake_hub *hub = fake_hub_create(pki, "hub", WEBSOCKET_BENCH_SUBPROTOCOL, 0);
	struct websocket_bench client;

	websocket_bench_start(&client, pki, fake_hub_port(hub));
	websocket_bench_expect_open(&client);
	fake_hub_send(hub, 0, FAKE_HUB_SEND_RAW, frame, sizeof(frame));
	assert_int_equal(websocket_bench_expect_closed(&client).kind, NET_FAULT_LOST);
	websocket_bench_stop(&client);
	fake_hub_destroy(hub);
}

/* Nothing of a message is lost to a hub that does not read for a while. */
static void test_slow_reader(void **state)
{
	struct test_pki *pki = *state;
	struct fake_hub *hub = fake_hub_create(pki, "hub", WEBSOCKET_BENCH_SUBPROTOCOL, 0);
	size_t length = 6U << 20;
	uint8_t *data = websocket_bench_pattern(length);
	struct fake_hub_event event;
	struct websocket_bench client;

	websocket_bench_start(&client, pki, fake_hub_port(hub));
	websocket_bench_expect_hub(hub, FAKE_HUB_OPEN);
	websocket_bench_expect_open(&client);
	fake_hub_read(hub, 0, false);
	websocket_bench_send_bytes(&client, WEBSOCKET_BINARY, data, length);
	assert_false(fake_hub_wait(hub, clock_now_us() + CLOCK_US_PER_S / 5, &event));
	fake_hub_read(hub, 0, true);
	event = websocket_bench_hub_event(hub, FAKE_HUB_BINARY);
	assert_int_equal(event.length, length);
	assert_memory_equal(event.data, data, length);
	fake_hub_event_finish(&event);
	websocket_bench_stop(&client);
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
	struct test_pki *pki = *state;
	static const char *const arguments[] = {NULL};
	struct tls_peer *peer = tls_peer_create(pki, arguments);
	struct net_fault fault;
	struct websocket_bench client;

	websocket_bench_start(&client, pki, tls_peer_port(peer));
	upgrade(peer, "");
	fault = websocket_bench_expect_closed(&client);
	assert_int_equal(fault.kind, NET_FAULT_UPGRADE);
	assert_string_equal(fault.text, "the hub does not speak test.1");
	websocket_bench_stop(&client);
	tls_peer_destroy(peer);
}

/* It pings, is not answered, and gives up. */
static void test_silent_hub(void **state)
{
	struct test_pki *pki = *state;
	static const char *const arguments[] = {NULL};
	struct tls_peer *peer = tls_peer_create(pki, arguments);
	struct websocket_bench client;

	websocket_bench_start_with(&client, pki, "ca", "room", "127.0.0.1", tls_peer_port(peer),
				   SOON_SILENT_AFTER_US);
	upgrade(peer, "Sec-WebSocket-Protocol: " WEBSOCKET_BENCH_SUBPROTOCOL "\r\n");
	websocket_bench_expect_open(&client);
	assert_int_equal(websocket_bench_expect_closed(&client).kind, NET_FAULT_SILENT);
	websocket_bench_stop(&client);
	tls_peer_destroy(peer);
}

/* A hub that has nothing to say answers pings, so the connection outlives silent_after_us. */
static void test_idle_hub(void **state)
{
	struct test_pki *pki = *state;
	struct fake_hub *hub = fake_hub_create(pki, "hub", WEBSOCKET_BENCH_SUBPROTOCOL, 0);
	struct websocket_bench client;
	void *item;

	websocket_bench_start_with(&client, pki, "ca", "room", "127.0.0.1", fake_hub_port(hub),
				   SOON_SILENT_AFTER_US);
	websocket_bench_expect_open(&client);
	assert_int_not_equal(queue_pop(client.events, clock_now_us() + 3 * SOON_SILENT_AFTER_US,
				       &item),
			     0);
	websocket_bench_stop(&client);
	fake_hub_destroy(hub);
}

/* A client that speaks all the time, to a hub that has nothing to say, knows that it lives. */
static void test_one_way(void **state)
{
	struct test_pki *pki = *state;
	struct fake_hub *hub = fake_hub_create(pki, "hub", WEBSOCKET_BENCH_SUBPROTOCOL, 0);
	int64_t end_us = clock_now_us() + 3 * SOON_SILENT_AFTER_US;
	struct websocket_bench client;
	void *item;

	websocket_bench_start_with(&client, pki, "ca", "room", "127.0.0.1", fake_hub_port(hub),
				   SOON_SILENT_AFTER_US);
	websocket_bench_expect_hub(hub, FAKE_HUB_OPEN);
	websocket_bench_expect_open(&client);
	while (clock_now_us() < end_us) {
		websocket_bench_send_bytes(&client, WEBSOCKET_BINARY, "x", 1);
		websocket_bench_expect_hub(hub, FAKE_HUB_BINARY);
	}
	assert_int_not_equal(queue_pop(client.events, 0, &item), 0);
	websocket_bench_stop(&client);
	fake_hub_destroy(hub);
}

/* At every stage a websocket can be given up, and nothing of it is heard any more. */
static void test_destroyed_while_connecting(void **state)
{
	struct test_pki *pki = *state;
	struct fake_hub *hub = fake_hub_create(pki, "hub", WEBSOCKET_BENCH_SUBPROTOCOL, 0);
	struct websocket_bench client;
	void *item;
	int i;

	for (i = 0; i < 20; i++) {
		websocket_bench_start(&client, pki, fake_hub_port(hub));
		assert_int_equal(net_loop_call_wait(client.loop, websocket_bench_destroy_websocket,
						    &client),
				 0);
		while (queue_pop(client.events, 0, &item) == 0)
			websocket_bench_free_event(item);
		assert_int_equal(net_loop_call_wait(client.loop, websocket_bench_destroy_tls,
						    &client),
				 0);
		net_loop_destroy(client.loop);
		assert_int_not_equal(queue_pop(client.events, 0, &item), 0);
		queue_destroy(client.events);
	}
	fake_hub_destroy(hub);
}

struct path_question {
	struct websocket_bench *client;
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
	struct test_pki *pki = *state;
	struct fake_hub *hub = fake_hub_create(pki, "hub", WEBSOCKET_BENCH_SUBPROTOCOL, 0);
	struct path_question question = {.result = 1};
	struct websocket_bench client;

	websocket_bench_start(&client, pki, fake_hub_port(hub));
	websocket_bench_expect_open(&client);
	question.client = &client;
	assert_int_equal(net_loop_call_wait(client.loop, ask_path, &question), 0);
	assert_int_equal(question.result, 0);
	assert_true(question.path.rtt_us > 0);
	websocket_bench_stop(&client);
	fake_hub_destroy(hub);
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
		cmocka_unit_test(test_destroyed_while_connecting),
		cmocka_unit_test(test_path),
	};

	return cmocka_run_group_tests(tests, test_pki_set_up, test_pki_tear_down);
}
