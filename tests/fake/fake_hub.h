/*
 * A websocket server over TLS in this process that does what a test tells it, also what no hub
 * would: it has no mind of its own. What happens to it is an event that the test waits for; its
 * connections are numbered from 0 as they open.
 */
#ifndef BALAI_TESTS_FAKE_HUB_H
#define BALAI_TESTS_FAKE_HUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/fake/test_pki.h"

struct fake_hub;

enum fake_hub_kind {
	FAKE_HUB_OPEN,
	FAKE_HUB_TEXT,   /* `data` is it, with a zero byte behind its length */
	FAKE_HUB_BINARY, /* `data` is it */
	FAKE_HUB_CLOSED, /* `close_code` is what the client closed with; 0: none */
};

struct fake_hub_event {
	enum fake_hub_kind kind;
	int connection;
	int64_t arrival_us; /* CLOCK_MONOTONIC */
	size_t length;
	uint16_t close_code;
	uint8_t *data; /* owned */
};

/* How a hub sends what it is told to. */
enum fake_hub_form {
	FAKE_HUB_SEND_TEXT,
	FAKE_HUB_SEND_BINARY,
	FAKE_HUB_SEND_BINARY_PIECE, /* begins or goes on with a message that is not at its end */
	FAKE_HUB_SEND_BINARY_END,   /* the last piece */
	FAKE_HUB_SEND_RAW,          /* as it is, in no frame */
};

/*
 * Listens on a loopback port with the certificate `file` of the pki. subprotocol: what it confirms.
 * port: 0 takes a free one. Ends the program when it cannot.
 */
struct fake_hub *fake_hub_create(struct test_pki *pki, const char *file, const char *subprotocol,
				 uint16_t port);

/* The same, on the loopback `address`. */
struct fake_hub *fake_hub_create_at(struct test_pki *pki, const char *file, const char *subprotocol,
				    const char *address, uint16_t port);

/* Drops all connections without a word. NULL is allowed. */
void fake_hub_destroy(struct fake_hub *hub);

uint16_t fake_hub_port(const struct fake_hub *hub);

/* Waits for the next event; false at the deadline (CLOCK_MONOTONIC). Free it with finish(). */
bool fake_hub_wait(struct fake_hub *hub, int64_t deadline_us, struct fake_hub_event *ret_event);

void fake_hub_event_finish(struct fake_hub_event *event);

/* In order of the calls; to a connection that is gone it goes nowhere. */
void fake_hub_send(struct fake_hub *hub, int connection, enum fake_hub_form form, const void *data,
		   size_t length);

/* code 0: drops the connection without a word. */
void fake_hub_close(struct fake_hub *hub, int connection, uint16_t code, const char *reason);

/* Stops reading from the connection, or goes on. */
void fake_hub_read(struct fake_hub *hub, int connection, bool is_reading);

#endif
