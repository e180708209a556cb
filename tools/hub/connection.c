#include "tools/hub/connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "tools/hub/listener.h"
#include "tools/hub/session.h"
#include "tools/hub/tls.h"

_Static_assert(PACKET_HEADROOM >= LWS_PRE, "lws writes the frame header before the message");

enum {
	/* With its frame header it fills one TLS record and so goes out by one system call. */
	FRAGMENT_BYTES = 16384 - 4,
	/* Written in one go before others have their turn. */
	FRAGMENTS_MAX = 8,
	UNSENT_PICTURES_BYTES = 16384,
	UNSENT_CONTROL_BYTES = 2048,
};

struct connection {
	struct admission_entry admission; /* while it has not joined */
	struct connection *next;
	struct connection **place; /* in the list */
	struct connection_owner *owner;
	struct lws *wsi;
	char address[INET6_ADDRSTRLEN];
	int64_t since_us; /* begin of the handshake, then of the websocket */
	int64_t heard_us;
	int64_t sent_us;
	int64_t pinged_us;
	int64_t ending_us; /* when the end was seen; 0: not yet */
	bool ping_due;
	bool cut;
	/* Once the websocket stands. */
	struct outbox *outbox;
	struct session *session;
	struct packet *incoming; /* what is here of the message that comes in */
	bool skipping;           /* the rest of a message that there was no memory for */
	struct packet *outgoing;
	size_t written; /* of outgoing */
};

static int64_t now_us(const struct connection *connection)
{
	return shared_now_us(connection->owner->shared);
}

int connection_create(struct connection_owner *owner, const struct in6_addr *address,
		      struct connection **ret_connection)
{
	struct connection *connection = calloc(1, sizeof(*connection));

	if (!connection)
		return -ENOMEM;
	connection->owner = owner;
	connection->since_us = now_us(connection);
	listener_address_text(address, connection->address);
	connection->next = owner->list;
	connection->place = &owner->list;
	if (owner->list)
		owner->list->place = &connection->next;
	owner->list = connection;
	admission_add(&owner->admission, &connection->admission, address);
	owner->shared->metrics.connections++;
	owner->shared->metrics.accepted++;
	*ret_connection = connection;
	return 0;
}

void connection_destroy(struct connection *connection)
{
	if (!connection)
		return;
	session_destroy(connection->session);
	outbox_destroy(connection->outbox);
	packet_unref(connection->incoming);
	packet_unref(connection->outgoing);
	admission_remove(&connection->owner->admission, &connection->admission);
	if (connection->cut)
		connection->owner->cut_count--;
	connection->owner->shared->metrics.connections--;
	*connection->place = connection->next;
	if (connection->next)
		connection->next->place = connection->place;
	free(connection);
}

void connection_bind(struct connection *connection, struct lws *wsi)
{
	connection->wsi = wsi;
}

static void wake(void *context)
{
	const struct connection *connection = context;

	lws_callback_on_writable(connection->wsi);
}

int connection_open(struct connection *connection)
{
	struct connection_owner *owner = connection->owner;
	char room[MESSAGE_NAME_BYTES_MAX + 1] = "a room without a name";
	bool is_named = tls_room_name(lws_get_ssl(connection->wsi), room);
	int r;

	connection->since_us = connection->heard_us = now_us(connection);
	connection->sent_us = connection->pinged_us = connection->since_us;
	if (outbox_create(owner->shared->clock, &owner->shared->metrics, wake, connection,
			  &connection->outbox) < 0)
		return -ENOMEM;
	r = session_create(owner->shared, owner->meetings, connection->outbox, room,
			   connection->address, &connection->session);
	if (r < 0)
		return r;
	listener_set_unsent_max(lws_get_socket_fd(connection->wsi), UNSENT_PICTURES_BYTES);
	if (!is_named)
		session_refuse(connection->session, METRICS_REFUSED_TLS, 1008,
			       "its certificate has no usable name");
	return 0;
}

static bool is_ending(const struct connection *connection)
{
	const char *reason;

	return outbox_ending(connection->outbox, &reason) != 0;
}

/* Looks at what is announced before any of it is kept. */
static bool may_come(struct connection *connection, bool is_text, size_t length, size_t rest)
{
	size_t maximum = session_message_max(connection->session, is_text);
	size_t here = connection->incoming ? connection->incoming->length : 0;

	if (maximum == 0) {
		session_refuse(connection->session, METRICS_REFUSED_PROTOCOL, 1002,
			       "an object before join or attach");
		return false;
	}
	if (length > maximum - here || rest > maximum - here - length) {
		session_refuse(connection->session, METRICS_REFUSED_PROTOCOL, 1009,
			       "larger than allowed");
		return false;
	}
	return true;
}

static int collect(struct connection *connection, bool is_text, const void *data, size_t length,
		   size_t rest)
{
	struct packet_pool *pool = &connection->owner->shared->pool;
	int r;

	if (!connection->incoming) {
		r = packet_create(pool, is_text, length + rest, &connection->incoming);
		if (r < 0)
			return r;
	}
	return packet_append(&connection->incoming, data, length);
}

/* Where memory is short, what is kept for those yet to come goes first. */
static bool take_in(struct connection *connection, bool is_text, const void *data, size_t length,
		    size_t rest)
{
	if (collect(connection, is_text, data, length, rest) == 0)
		return true;
	meetings_forget_groups(connection->owner->meetings);
	if (collect(connection, is_text, data, length, rest) == 0)
		return true;
	connection->owner->shared->metrics.objects_no_memory++;
	packet_unref(connection->incoming);
	connection->incoming = NULL;
	return false;
}

static void hand_over(struct connection *connection)
{
	struct packet *packet = connection->incoming;

	connection->incoming = NULL;
	if (packet->is_text)
		session_text(connection->session, (const char *)packet_message(packet),
			     packet->length);
	else
		session_object(connection->session, packet);
	packet_unref(packet);
}

/* A member that has joined is no longer pushed out. */
static void look_at_state(struct connection *connection)
{
	enum session_state state = session_state(connection->session);

	if (state == SESSION_NEW)
		return;
	admission_remove(&connection->owner->admission, &connection->admission);
	if (state == SESSION_CONTROL)
		listener_set_unsent_max(lws_get_socket_fd(connection->wsi), UNSENT_CONTROL_BYTES);
}

void connection_receive(struct connection *connection, const void *data, size_t length)
{
	bool is_last = lws_is_final_fragment(connection->wsi);
	bool is_text = !lws_frame_is_binary(connection->wsi);
	size_t rest = lws_remaining_packet_payload(connection->wsi);
	bool was_new = session_state(connection->session) == SESSION_NEW;

	connection->heard_us = now_us(connection);
	if (is_ending(connection))
		return;
	if (!connection->skipping) {
		if (!may_come(connection, is_text, length, rest))
			return;
		connection->skipping = !take_in(connection, is_text, data, length, rest);
	}
	if (!is_last)
		return;
	if (!connection->skipping)
		hand_over(connection);
	connection->skipping = false;
	if (was_new)
		look_at_state(connection);
}

void connection_pong(struct connection *connection)
{
	connection->heard_us = now_us(connection);
}

static int write_ping(struct connection *connection)
{
	/* Not empty, as lws does not tell of an empty answer. */
	unsigned char bytes[LWS_PRE + 1] = {0};

	connection->ping_due = false;
	return lws_write(connection->wsi, bytes + LWS_PRE, 1, LWS_WRITE_PING) < 0 ? -EPIPE : 0;
}

static int write_kind(const struct connection *connection, bool is_last)
{
	int kind = LWS_WRITE_CONTINUATION;

	if (connection->written == 0)
		kind = connection->outgoing->is_text ? LWS_WRITE_TEXT : LWS_WRITE_BINARY;
	return is_last ? kind : kind | LWS_WRITE_NO_FIN;
}

/*
 * The packet is shared and lws puts the frame header into the bytes before the fragment, so these
 * are put back.
 */
static int write_fragment(struct connection *connection)
{
	struct packet *packet = connection->outgoing;
	uint8_t *start = packet_message(packet) + connection->written, before[PACKET_HEADROOM];
	size_t length = packet->length - connection->written;
	bool is_last = length <= FRAGMENT_BYTES;
	int written;

	if (!is_last)
		length = FRAGMENT_BYTES;
	memcpy(before, start - sizeof(before), sizeof(before));
	written = lws_write(connection->wsi, start, length,
			    (enum lws_write_protocol)write_kind(connection, is_last));
	memcpy(start - sizeof(before), before, sizeof(before));
	if (written < (int)length)
		return -EPIPE;
	connection->written += length;
	return 0;
}

static void finish_packet(struct connection *connection)
{
	struct metrics *metrics = &connection->owner->shared->metrics;
	struct packet *packet = connection->outgoing;

	if (!packet->is_text) {
		metrics->objects_out++;
		metrics->bytes_out += packet->length;
		metrics_add_delay(metrics, connection->sent_us - packet->arrived_us);
	}
	packet_unref(packet);
	connection->outgoing = NULL;
}

static int write_next(struct connection *connection)
{
	int r;

	if (!connection->outgoing) {
		connection->outgoing = outbox_take(connection->outbox);
		connection->written = 0;
	}
	if (!connection->outgoing)
		return -ENODATA;
	r = write_fragment(connection);
	if (r < 0)
		return r;
	connection->sent_us = now_us(connection);
	if (connection->written == connection->outgoing->length)
		finish_packet(connection);
	return 0;
}

/* Nothing waits any more: was that the end? */
static int close_if_ending(struct connection *connection)
{
	const char *reason;
	int code = outbox_ending(connection->outbox, &reason);

	if (code == 0)
		return 0;
	lws_close_reason(connection->wsi, (enum lws_close_status)code, (unsigned char *)reason,
			 strlen(reason));
	return -ESHUTDOWN;
}

int connection_write(struct connection *connection)
{
	int i, r;

	if (!connection->session)
		return -ENOMEM;
	if (connection->ping_due) {
		r = write_ping(connection);
		if (r < 0)
			return r;
	}
	for (i = 0; i < FRAGMENTS_MAX && !lws_partial_buffered(connection->wsi); i++) {
		r = write_next(connection);
		if (r == -ENODATA)
			return close_if_ending(connection);
		if (r < 0)
			return r;
	}
	lws_callback_on_writable(connection->wsi);
	return 0;
}

void connection_cut(struct connection *connection)
{
	if (!connection->cut)
		connection->owner->cut_count++;
	connection->cut = true;
	admission_remove(&connection->owner->admission, &connection->admission);
	lws_set_timeout(connection->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
}

static void check_handshake(struct connection *connection, int64_t now)
{
	if (now - connection->since_us < CONNECTION_HANDSHAKE_US)
		return;
	if (connection->session) {
		session_refuse(connection->session, METRICS_REFUSED_SLOW, 1002,
			       "no join or attach in time");
		return;
	}
	shared_refuse(connection->owner->shared, METRICS_REFUSED_SLOW, connection->address,
		      "no handshake in time");
	connection_cut(connection);
}

static void check_silence(struct connection *connection, int64_t now)
{
	if (now - connection->heard_us >= CONNECTION_SILENCE_US) {
		log_info("hub", "%s is silent", connection->address);
		connection_cut(connection);
	} else if (now - connection->sent_us >= CONNECTION_PING_US ||
		   (now - connection->heard_us >= CONNECTION_PING_US &&
		    now - connection->pinged_us >= CONNECTION_PING_US)) {
		connection->sent_us = connection->pinged_us = now;
		connection->ping_due = true;
		lws_callback_on_writable(connection->wsi);
	}
}

void connection_check(struct connection *connection)
{
	int64_t now = now_us(connection);

	if (connection->session && is_ending(connection)) {
		if (connection->ending_us == 0)
			connection->ending_us = now;
		else if (now - connection->ending_us >= CONNECTION_CLOSING_US)
			connection_cut(connection);
	} else if (!connection->session || session_state(connection->session) == SESSION_NEW) {
		check_handshake(connection, now);
	} else {
		check_silence(connection, now);
	}
}

void connection_stop(struct connection *connection)
{
	if (connection->session)
		outbox_end(connection->outbox, 1001, "the hub stops");
	else
		connection_cut(connection);
}

struct connection *connection_of_entry(struct admission_entry *entry)
{
	return (struct connection *)entry;
}

struct connection *connection_next(const struct connection *connection)
{
	return connection->next;
}

bool connection_is_silent(const struct admission_entry *entry)
{
	const struct connection *connection = (const struct connection *)entry;
	SSL *ssl = lws_get_ssl(connection->wsi);

	return ssl && tls_is_silent(ssl);
}
