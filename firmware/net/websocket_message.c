#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "net/websocket_private.h"

/* A piece and its header (RFC 6455, section 5.2) fill one TLS record. */
#define FRAME_HEADER_BYTES 8
#define PIECE_BYTES (NET_RECORD_BYTES - FRAME_HEADER_BYTES)

/* Behind LWS_PRE bytes of room comes the payload. */
struct message_memory {
	struct websocket_message message;
	uint8_t bytes[];
};

struct websocket_message *websocket_message_create(enum websocket_kind kind, size_t length)
{
	struct message_memory *memory = malloc(sizeof(*memory) + LWS_PRE + length);

	if (memory == NULL)
		return NULL;
	memory->message = (struct websocket_message){.kind = kind,
						     .length = length,
						     .data = memory->bytes + LWS_PRE};
	return &memory->message;
}

void websocket_message_destroy(struct websocket_message *message)
{
	free(message);
}

static void refuse_piece(struct websocket *websocket, uint16_t code, enum net_fault_kind kind,
			 const char *what)
{
	websocket_conclude(websocket, code, net_fault_make(kind, "the hub sent %s", what));
}

void websocket_piece(struct websocket *websocket, struct lws *wsi, const uint8_t *data,
		     size_t length)
{
	int64_t now_us = clock_now_us();
	bool is_binary = lws_frame_is_binary(wsi);
	size_t maximum = is_binary ? websocket->binary_max : websocket->text_max;
	size_t left = lws_remaining_packet_payload(wsi);
	bool is_last = left == 0 && lws_is_final_fragment(wsi);

	websocket->heard_us = now_us;
	if (maximum == 0) {
		refuse_piece(websocket, WEBSOCKET_CLOSE_PROTOCOL, NET_FAULT_PROTOCOL,
			     is_binary ? "binary where text belongs" : "text where binary belongs");
		return;
	}
	/* Told by the length that the frame announces, before the rest of it is read. */
	if (left > maximum || websocket->in.length + length > maximum - left) {
		refuse_piece(websocket, WEBSOCKET_CLOSE_TOO_LARGE, NET_FAULT_TOO_LARGE,
			     "a message larger than allowed");
		return;
	}
	if (!is_last || websocket->in.length > 0) {
		if (buffer_append(&websocket->in, data, length) != 0) {
			websocket_conclude(websocket, WEBSOCKET_CLOSE_GOING,
					   net_fault_make(NET_FAULT_MEMORY, "out of memory"));
			return;
		}
		data = websocket->in.data;
		length = websocket->in.length;
	}
	if (is_last) {
		buffer_clear(&websocket->in);
		websocket->events->message(websocket->context,
					   is_binary ? WEBSOCKET_BINARY : WEBSOCKET_TEXT, data,
					   length, now_us);
	}
}

static int send_ping(struct websocket *websocket, struct lws *wsi)
{
	websocket->wants_ping = false;
	websocket->sent_us = clock_now_us();
	lws_callback_on_writable(wsi);
	return lws_write(wsi, websocket->ping + LWS_PRE, 0, LWS_WRITE_PING) < 0 ? -1 : 0;
}

/* What one TLS record holds, so that the kernel takes all of it or nothing. */
static int send_piece(struct websocket *websocket, struct lws *wsi)
{
	struct websocket_message *message = websocket->out;
	size_t left = message->length - websocket->out_sent;
	size_t length = left < PIECE_BYTES ? left : PIECE_BYTES;
	int flags = message->kind == WEBSOCKET_TEXT ? LWS_WRITE_TEXT : LWS_WRITE_BINARY;

	if (websocket->out_sent > 0)
		flags = LWS_WRITE_CONTINUATION;
	if (length < left)
		flags |= LWS_WRITE_NO_FIN;
	if (lws_write(wsi, message->data + websocket->out_sent, length,
		      (enum lws_write_protocol)flags) < 0)
		return -1;
	websocket->out_sent += length;
	websocket->sent_us = clock_now_us();
	if (length == left) {
		websocket->out = NULL;
		websocket_message_destroy(message);
	}
	if (websocket->out != NULL || websocket->wants_write)
		lws_callback_on_writable(wsi);
	return 0;
}

int websocket_writable(struct websocket *websocket, struct lws *wsi)
{
	if (websocket->wants_ping)
		return send_ping(websocket, wsi);
	if (websocket->out == NULL && websocket->wants_write) {
		websocket->wants_write = false;
		websocket->may_send = true;
		websocket->events->writable(websocket->context);
		if (lws_get_opaque_user_data(wsi) == NULL)
			return -1;
		websocket->may_send = false;
	}
	return websocket->out != NULL ? send_piece(websocket, wsi) : 0;
}

void websocket_want_write(struct websocket *websocket)
{
	websocket->wants_write = true;
	if (websocket->wsi != NULL && websocket->stage == WEBSOCKET_OPEN)
		lws_callback_on_writable(websocket->wsi);
}

int websocket_send(struct websocket *websocket, struct websocket_message *message)
{
	if (!websocket->may_send || websocket->out != NULL) {
		websocket_message_destroy(message);
		return -EBUSY;
	}
	websocket->out = message;
	websocket->out_sent = 0;
	return 0;
}

size_t websocket_unsent(const struct websocket *websocket)
{
	return websocket->out != NULL ? websocket->out->length - websocket->out_sent : 0;
}
