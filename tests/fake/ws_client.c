#include "tests/fake/ws_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"

enum {
	MESSAGE_BYTES_MAX = 4 << 20,
	HEADERS_BYTES_MAX = 4096,
	FRAME_HEADER_BYTES_MAX = 14,
};

struct ws_client {
	int socket;
	SSL_CTX *context;
	SSL *ssl;
	struct buffer message; /* what is here of it */
	enum ws_opcode opcode; /* its first frame's */
	uint8_t control[126];
};

/* 0 when the socket is ready for what OpenSSL wants, -ETIMEDOUT. */
static int wait_for(const struct ws_client *client, int want, int64_t deadline_us)
{
	struct pollfd fd = {
		.fd = client->socket,
		.events = want == SSL_ERROR_WANT_WRITE ? POLLOUT : POLLIN,
	};
	int64_t left_us = deadline_us - clock_now_us();

	if (left_us <= 0)
		return -ETIMEDOUT;
	return poll(&fd, 1, (int)(left_us / CLOCK_US_PER_MS) + 1) == 0 ? -ETIMEDOUT : 0;
}

/* What to do after an OpenSSL call returned `result` <= 0: 0 is "again". */
static int wait_or_fail(const struct ws_client *client, int result, int64_t deadline_us)
{
	int want = SSL_get_error(client->ssl, result);

	ERR_clear_error();
	if (want == SSL_ERROR_WANT_READ || want == SSL_ERROR_WANT_WRITE)
		return wait_for(client, want, deadline_us);
	return -ECONNRESET;
}

static socklen_t loopback_address(const struct ws_client_settings *settings,
				  struct sockaddr_storage *ret_address)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret_address;
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret_address;

	memset(ret_address, 0, sizeof(*ret_address));
	if (settings->is_ipv6) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(settings->port);
		v6->sin6_addr = in6addr_loopback;
		return sizeof(*v6);
	}
	v4->sin_family = AF_INET;
	v4->sin_port = htons(settings->port);
	v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return sizeof(*v4);
}

static int connect_socket(struct ws_client *client, const struct ws_client_settings *settings,
			  int64_t deadline_us)
{
	struct sockaddr_storage address;
	socklen_t address_length = loopback_address(settings, &address), length = sizeof(int);
	const int on = 1;
	int error = 0, r;

	client->socket = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (client->socket < 0)
		return -errno;
	if (setsockopt(client->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0)
		return -errno;
	if (settings->receive_bytes > 0 &&
	    setsockopt(client->socket, SOL_SOCKET, SO_RCVBUF, &settings->receive_bytes,
		       sizeof(settings->receive_bytes)) < 0)
		return -errno;
	if (connect(client->socket, (const struct sockaddr *)&address, address_length) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return -errno;
	r = wait_for(client, SSL_ERROR_WANT_WRITE, deadline_us);
	if (r < 0)
		return r;
	if (getsockopt(client->socket, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
		return -errno;
	return -error;
}

static int prepare_tls(struct ws_client *client, const struct ws_client_settings *settings)
{
	client->context = SSL_CTX_new(TLS_client_method());
	if (!client->context)
		return -ENOMEM;
	SSL_CTX_set_verify(client->context, SSL_VERIFY_PEER, NULL);
	if (SSL_CTX_load_verify_file(client->context, settings->ca) != 1)
		return -EINVAL;
	if (settings->certificate &&
	    (SSL_CTX_use_certificate_chain_file(client->context, settings->certificate) != 1 ||
	     SSL_CTX_use_PrivateKey_file(client->context, settings->key, SSL_FILETYPE_PEM) != 1))
		return -EINVAL;
	/* TLS 1.1 is below what OpenSSL offers at its default security level. */
	if (settings->tls_max != 0) {
		SSL_CTX_set_security_level(client->context, 0);
		SSL_CTX_set_min_proto_version(client->context, 0);
		SSL_CTX_set_max_proto_version(client->context, settings->tls_max);
	}
	client->ssl = SSL_new(client->context);
	if (!client->ssl || SSL_set_fd(client->ssl, client->socket) != 1 ||
	    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(client->ssl),
					  settings->is_ipv6 ? "::1" : "127.0.0.1") != 1)
		return -ENOMEM;
	return 0;
}

static int shake_hands(struct ws_client *client, int64_t deadline_us)
{
	int r, result;

	while ((result = SSL_connect(client->ssl)) != 1) {
		r = wait_or_fail(client, result, deadline_us);
		if (r < 0)
			return r == -ECONNRESET ? -EPROTO : r;
	}
	return 0;
}

int ws_client_send_raw(struct ws_client *client, const void *data, size_t length,
		       int64_t deadline_us)
{
	int r, written;

	while (length > 0) {
		written = SSL_write(client->ssl, data, (int)length);
		if (written > 0) {
			data = (const uint8_t *)data + written;
			length -= (size_t)written;
			continue;
		}
		r = wait_or_fail(client, written, deadline_us);
		if (r < 0)
			return r;
	}
	return 0;
}

static int receive_bytes(struct ws_client *client, void *data, size_t length, int64_t deadline_us)
{
	int r, taken;

	while (length > 0) {
		taken = SSL_read(client->ssl, data, (int)length);
		if (taken > 0) {
			data = (uint8_t *)data + taken;
			length -= (size_t)taken;
			continue;
		}
		r = wait_or_fail(client, taken, deadline_us);
		if (r < 0)
			return r;
	}
	return 0;
}

static int upgrade(struct ws_client *client, const struct ws_client_settings *settings,
		   int64_t deadline_us)
{
	const char *path = settings->path ? settings->path : "/meet";
	const char *subprotocol = settings->subprotocol ? settings->subprotocol : "balai.1";
	char headers[HEADERS_BYTES_MAX];
	size_t length = 0;
	int r;

	snprintf(headers, sizeof(headers),
		 "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUpgrade: websocket\r\n"
		 "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
		 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s%s%s\r\n",
		 path, settings->port, *subprotocol ? "Sec-WebSocket-Protocol: " : "", subprotocol,
		 *subprotocol ? "\r\n" : "");
	r = ws_client_send_raw(client, headers, strlen(headers), deadline_us);
	if (r < 0)
		return r == -ECONNRESET ? -EPROTO : r;
	do {
		if (length == sizeof(headers) - 1)
			return -EACCES;
		/* A refused certificate shows only here: TLS 1.3 lets the client finish. */
		r = receive_bytes(client, headers + length++, 1, deadline_us);
		if (r < 0)
			return r == -ECONNRESET ? -EPROTO : r;
		headers[length] = '\0';
	} while (!strstr(headers, "\r\n\r\n"));
	/* RFC 6455, section 1.3, has the answer to this key. */
	return strstr(headers, " 101 ") && strstr(headers, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") &&
			       strstr(headers, "Sec-WebSocket-Protocol: balai.1\r\n")
		       ? 0
		       : -EACCES;
}

int ws_client_connect(const struct ws_client_settings *settings, int64_t deadline_us,
		      struct ws_client **ret_client)
{
	struct ws_client *client = calloc(1, sizeof(*client));
	int r;

	if (!client)
		return -ENOMEM;
	buffer_init(&client->message, MESSAGE_BYTES_MAX);
	r = connect_socket(client, settings, deadline_us);
	if (r == 0)
		r = prepare_tls(client, settings);
	if (r == 0)
		r = shake_hands(client, deadline_us);
	if (r == 0)
		r = upgrade(client, settings, deadline_us);
	if (r < 0) {
		ws_client_destroy(client);
		return r;
	}
	*ret_client = client;
	return 0;
}

void ws_client_destroy(struct ws_client *client)
{
	if (!client)
		return;
	SSL_free(client->ssl);
	SSL_CTX_free(client->context);
	if (client->socket >= 0)
		close(client->socket);
	buffer_finish(&client->message);
	free(client);
}

int ws_client_socket(const struct ws_client *client)
{
	return client->socket;
}

struct ssl_st *ws_client_tls(const struct ws_client *client)
{
	return client->ssl;
}

static size_t write_header(uint8_t *header, enum ws_opcode opcode, bool is_final,
			   uint64_t announced)
{
	size_t length = 2;

	header[0] = (uint8_t)(opcode | (is_final ? 0x80 : 0));
	if (announced < 126) {
		header[1] = (uint8_t)(0x80 | announced);
	} else if (announced <= UINT16_MAX) {
		header[1] = 0x80 | 126;
		buffer_put_u16(header + 2, (uint16_t)announced);
		length += 2;
	} else {
		header[1] = 0x80 | 127;
		buffer_put_u64(header + 2, announced);
		length += 8;
	}
	/* The masking key; any will do. */
	buffer_put_u32(header + length, 0x12345678);
	return length + 4;
}

int ws_client_send_frame(struct ws_client *client, enum ws_opcode opcode, bool is_final,
			 uint64_t announced, const void *data, size_t length, int64_t deadline_us)
{
	uint8_t *frame = malloc(FRAME_HEADER_BYTES_MAX + length);
	size_t header, i;
	int r;

	if (!frame)
		return -ENOMEM;
	header = write_header(frame, opcode, is_final, announced);
	for (i = 0; i < length; i++)
		frame[header + i] = ((const uint8_t *)data)[i] ^ frame[header - 4 + i % 4];
	r = ws_client_send_raw(client, frame, header + length, deadline_us);
	free(frame);
	return r;
}

int ws_client_send_text(struct ws_client *client, const char *text, int64_t deadline_us)
{
	return ws_client_send_frame(client, WS_TEXT, true, strlen(text), text, strlen(text),
				    deadline_us);
}

int ws_client_send_binary(struct ws_client *client, const void *data, size_t length,
			  int64_t deadline_us)
{
	return ws_client_send_frame(client, WS_BINARY, true, length, data, length, deadline_us);
}

/* A server's frame is not masked. */
static int receive_header(struct ws_client *client, int64_t deadline_us, uint8_t *ret_first,
			  uint64_t *ret_length)
{
	uint8_t header[10];
	int r;

	r = receive_bytes(client, header, 2, deadline_us);
	if (r < 0)
		return r;
	*ret_first = header[0];
	*ret_length = header[1] & 0x7f;
	if ((header[1] & 0x80) != 0)
		return -EPROTO;
	if (*ret_length < 126)
		return 0;
	r = receive_bytes(client, header + 2, *ret_length == 126 ? 2 : 8, deadline_us);
	if (r < 0)
		return r;
	*ret_length = *ret_length == 126 ? buffer_get_u16(header + 2) : buffer_get_u64(header + 2);
	return 0;
}

/* 1: a close, in *ret_message; 0: not for the caller. */
static int take_control(struct ws_client *client, enum ws_opcode opcode, size_t length,
			int64_t deadline_us, struct ws_message *ret_message)
{
	int r;

	if (length > 125)
		return -EPROTO;
	r = receive_bytes(client, client->control, length, deadline_us);
	if (r < 0)
		return r;
	client->control[length] = '\0';
	if (opcode == WS_PING)
		return ws_client_send_frame(client, WS_PONG, true, length, client->control, length,
					    deadline_us);
	if (opcode != WS_CLOSE)
		return 0;
	*ret_message = (struct ws_message){
		.opcode = WS_CLOSE,
		.code = length >= 2 ? buffer_get_u16(client->control) : 0,
		.data = client->control + (length >= 2 ? 2 : 0),
		.length = length >= 2 ? length - 2 : 0,
	};
	/* The answer may find nobody any more. */
	r = ws_client_send_frame(client, WS_CLOSE, true, length < 2 ? 0 : 2, client->control,
				 length < 2 ? 0 : 2, deadline_us);
	return r == -ENOMEM ? r : 1;
}

static int take_data(struct ws_client *client, enum ws_opcode opcode, size_t length,
		     int64_t deadline_us)
{
	uint8_t piece[16384];
	size_t part;
	int r = 0;

	if (opcode != WS_CONTINUATION) {
		client->opcode = opcode;
		buffer_clear(&client->message);
	}
	for (; length > 0 && r == 0; length -= part) {
		part = length < sizeof(piece) ? length : sizeof(piece);
		r = receive_bytes(client, piece, part, deadline_us);
		if (r == 0)
			r = buffer_append(&client->message, piece, part);
	}
	return r;
}

int ws_client_receive(struct ws_client *client, int64_t deadline_us, struct ws_message *ret_message)
{
	enum ws_opcode opcode;
	uint64_t length;
	uint8_t first;
	int r;

	for (;;) {
		r = receive_header(client, deadline_us, &first, &length);
		if (r < 0)
			return r;
		opcode = first & 0xf;
		r = opcode >= WS_CLOSE
			    ? take_control(client, opcode, length, deadline_us, ret_message)
			    : take_data(client, opcode, length, deadline_us);
		if (r != 0)
			return r < 0 ? r : 0;
		if (opcode < WS_CLOSE && (first & 0x80) != 0)
			break;
	}
	r = buffer_append(&client->message, "", 1);
	if (r < 0)
		return r;
	*ret_message = (struct ws_message){
		.opcode = client->opcode,
		.data = client->message.data,
		.length = client->message.length - 1,
	};
	return 0;
}
