/*
 * A websocket client over TLS for tests of the hub, on OpenSSL, one connection, synchronous. It can
 * also do what a client must not.
 *
 * Deadlines are instants of CLOCK_MONOTONIC in µs. One thread a client.
 */
#ifndef BALAI_TESTS_WS_CLIENT_H
#define BALAI_TESTS_WS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ws_client;

/* RFC 6455, section 5.2. */
enum ws_opcode {
	WS_CONTINUATION = 0,
	WS_TEXT = 1,
	WS_BINARY = 2,
	WS_CLOSE = 8,
	WS_PING = 9,
	WS_PONG = 10,
};

struct ws_client_settings {
	uint16_t port; /* on 127.0.0.1, or on ::1 */
	bool is_ipv6;
	const char *ca;          /* PEM files */
	const char *certificate; /* NULL: none */
	const char *key;
	int tls_max;             /* TLS1_2_VERSION and the like; 0: whatever there is */
	int receive_bytes;       /* of the socket's buffer; 0: the system's */
	const char *path;        /* NULL: "/meet" */
	const char *subprotocol; /* NULL: "balai.1"; "": none */
};

struct ws_message {
	enum ws_opcode opcode; /* WS_TEXT, WS_BINARY or WS_CLOSE */
	uint16_t code;         /* of WS_CLOSE; 0: none was told */
	uint8_t *data;         /* lent until the next call; text ends with a NUL behind length */
	size_t length;
};

/*
 * Connects and does both handshakes. Returns 0 and hands over *ret_client; -ETIMEDOUT,
 * -ECONNREFUSED, -EPROTO when TLS fails or breaks off, -EACCES when it is no websocket then.
 */
int ws_client_connect(const struct ws_client_settings *settings, int64_t deadline_us,
		      struct ws_client **ret_client) __attribute__((warn_unused_result));

/* Without a word. NULL is allowed. */
void ws_client_destroy(struct ws_client *client);

/* The socket, for poll(2), and the TLS on it, for who reads by himself. */
int ws_client_socket(const struct ws_client *client);
struct ssl_st *ws_client_tls(const struct ws_client *client);

/* One whole message. Return 0 or -errno. */
int ws_client_send_text(struct ws_client *client, const char *text, int64_t deadline_us)
	__attribute__((warn_unused_result));
int ws_client_send_binary(struct ws_client *client, const void *data, size_t length,
			  int64_t deadline_us) __attribute__((warn_unused_result));

/*
 * A frame's header that announces `announced` bytes and then these `length` bytes, masked. Returns
 * 0 or -errno.
 */
int ws_client_send_frame(struct ws_client *client, enum ws_opcode opcode, bool is_final,
			 uint64_t announced, const void *data, size_t length, int64_t deadline_us)
	__attribute__((warn_unused_result));

/* Bytes inside TLS, as they are. */
int ws_client_send_raw(struct ws_client *client, const void *data, size_t length,
		       int64_t deadline_us) __attribute__((warn_unused_result));

/*
 * Waits for a whole message or a close; pings are answered meanwhile. Returns 0, -ETIMEDOUT, or
 * -ECONNRESET when the connection is gone.
 */
int ws_client_receive(struct ws_client *client, int64_t deadline_us, struct ws_message *ret_message)
	__attribute__((warn_unused_result));

#endif
