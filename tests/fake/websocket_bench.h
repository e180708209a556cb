/*
 * A websocket on a bench, for tests alone: a client with a net thread of its own, which notes what it
 * is told. All functions are for the test's thread; what must not happen, or does not come in
 * WEBSOCKET_BENCH_PATIENCE_US, fails the test.
 */
#ifndef BALAI_TESTS_WEBSOCKET_BENCH_H
#define BALAI_TESTS_WEBSOCKET_BENCH_H

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/queue.h"
#include "net/websocket.h"
#include "tests/fake/fake_hub.h"
#include "tests/fake/test_pki.h"

#define WEBSOCKET_BENCH_PATIENCE_US (30 * CLOCK_US_PER_S)
#define WEBSOCKET_BENCH_TEXT_MAX 1000
#define WEBSOCKET_BENCH_BINARY_MAX 300000
#define WEBSOCKET_BENCH_SUBPROTOCOL "test.1"
#define WEBSOCKET_BENCH_SILENT_AFTER_US (15 * CLOCK_US_PER_S)

enum websocket_bench_kind {
	WEBSOCKET_BENCH_OPEN,
	WEBSOCKET_BENCH_TEXT,
	WEBSOCKET_BENCH_BINARY,
	WEBSOCKET_BENCH_CLOSED,
};

/* What the net thread tells the test. */
struct websocket_bench_event {
	enum websocket_bench_kind kind;
	size_t length;
	uint8_t *data; /* owned */
	struct net_fault fault;
};

struct websocket_bench {
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

/* A client that goes to HOST:PORT and knows itself as FILE, trusting AUTHORITY. */
void websocket_bench_start_with(struct websocket_bench *client, struct test_pki *pki,
				const char *authority, const char *file, const char *host,
				uint16_t port, int64_t silent_after_us);
void websocket_bench_start_as(struct websocket_bench *client, struct test_pki *pki,
			      const char *authority, const char *file, const char *host,
			      uint16_t port);

/* The room "room" that goes to loopback. */
void websocket_bench_start(struct websocket_bench *client, struct test_pki *pki, uint16_t port);
void websocket_bench_stop(struct websocket_bench *client);

/* In the net thread, for net_loop_call_wait() with the bench as context: parts of stop. */
void websocket_bench_destroy_websocket(void *context);
void websocket_bench_destroy_tls(void *context);

/* The next event; to be freed. */
struct websocket_bench_event *websocket_bench_wait_for(struct websocket_bench *client);
void websocket_bench_free_event(void *item);

void websocket_bench_expect_open(struct websocket_bench *client);

/* The fault of the next event, which is the end. */
struct net_fault websocket_bench_expect_closed(struct websocket_bench *client);

void websocket_bench_send_bytes(struct websocket_bench *client, enum websocket_kind kind,
				const void *data, size_t length);

/* The hub's next event, of that kind; to be finished, or already. */
struct fake_hub_event websocket_bench_hub_event(struct fake_hub *hub, enum fake_hub_kind kind);
void websocket_bench_expect_hub(struct fake_hub *hub, enum fake_hub_kind kind);

/* Bytes that differ from place to place; to be freed. */
uint8_t *websocket_bench_pattern(size_t length);

#endif
