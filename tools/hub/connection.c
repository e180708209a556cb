#include "tools/hub/connection.h"

#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "tools/hub/listener.h"
#include "tools/hub/sender.h"
#include "tools/hub/session.h"
#include "tools/hub/tls.h"

enum {
	UNSENT_PICTURES_BYTES = 16384,
	UNSENT_CONTROL_BYTES = 2048,
	BLIND_BYTES_MAX = 65536,
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
	int64_t pinged_us;
	int64_t ending_us; /* when the end was seen; 0: not yet */
	bool cut;
	/* Once the websocket stands. */
	struct sender sender;
	struct session *session;
	struct packet *incoming; /* what is here of the message that comes in */
	bool skipping;           /* the rest of a message that there was no memory for */
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
	sender_finish(&connection->sender);
	packet_unref(connection->incoming);
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

int connection_open(struct connection *connection)
{
	struct connection_owner *owner = connection->owner;
	char room[MESSAGE_NAME_BYTES_MAX + 1] = "a room without a name";
	bool is_named = tls_room_name(lws_get_ssl(connection->wsi), room);
	int r;

	connection->since_us = connection->heard_us = connection->pinged_us = now_us(connection);
	r = sender_init(&connection->sender, owner->shared, connection->wsi);
	if (r == 0)
		r = session_create(owner->shared, owner->meetings, connection->sender.outbox, room,
				   connection->address, &connection->session);
	if (r < 0)
		return r;
	listener_set_unsent_max(lws_get_socket_fd(connection->wsi), UNSENT_PICTURES_BYTES);
	if (!is_named)
		session_refuse(connection->session, METRICS_REFUSED_TLS, 1008,
			       "its certificate has no usable name");
	return 0;
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

/* Room for all that is announced is made only when some of it is here. */
static int collect(struct connection *connection, bool is_text, const void *data, size_t length,
		   size_t rest)
{
	struct packet **packet = &connection->incoming;
	size_t total = length + rest;
	int r;

	if (!*packet)
		r = packet_create(&connection->owner->shared->pool, is_text,
				  total < BLIND_BYTES_MAX ? total : BLIND_BYTES_MAX, packet);
	else if ((*packet)->length + length > (*packet)->size)
		r = packet_reserve(packet, (*packet)->length + total);
	else
		r = 0;
	return r < 0 ? r : packet_append(packet, data, length);
}

/* Where memory is short, what is kept for those yet to come goes first. */
static bool take_in(struct connection *connection, bool is_text, const void *data, size_t length,
		    size_t rest)
{
	if (collect(connection, is_text, data, length, rest) == 0)
		return true;
	meetings_forget_kept(connection->owner->meetings);
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
	if (sender_is_ending(&connection->sender))
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

int connection_write(struct connection *connection)
{
	return connection->session ? sender_write(&connection->sender) : -ENOMEM;
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
	/* lws keeps pings to itself, and empty pongs. */
	if (now - connection->heard_us >= CONNECTION_PING_US)
		connection->heard_us =
			now - listener_silence_us(lws_get_socket_fd(connection->wsi));
	if (now - connection->heard_us >= CONNECTION_SILENCE_US) {
		log_info("hub", "%s is silent", connection->address);
		connection_cut(connection);
	} else if (now - connection->sender.sent_us >= CONNECTION_PING_US ||
		   (now - connection->heard_us >= CONNECTION_PING_US &&
		    now - connection->pinged_us >= CONNECTION_PING_US)) {
		connection->pinged_us = now;
		sender_ping(&connection->sender);
	}
}

void connection_check(struct connection *connection)
{
	int64_t now = now_us(connection);

	if (connection->session && sender_is_ending(&connection->sender)) {
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

void connection_closed_by_peer(struct connection *connection)
{
	outbox_end(connection->sender.outbox, 1000, "closed by the peer");
}

void connection_stop(struct connection *connection)
{
	if (connection->session)
		outbox_end(connection->sender.outbox, 1001, "the hub stops");
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
