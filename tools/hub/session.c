#include "tools/hub/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

struct session {
	struct shared *shared;
	struct meetings *meetings;
	struct outbox *outbox;
	enum session_state state;
	struct member *member; /* not while new */
	char room[MESSAGE_NAME_BYTES_MAX + 1];
	char address[64];
	int64_t texts_since_us; /* start of the second in which texts are counted */
	unsigned int texts;
	size_t text_bytes; /* of them */
};

int session_create(struct shared *shared, struct meetings *meetings, struct outbox *outbox,
		   const char *room, const char *address, struct session **ret_session)
{
	struct session *session = calloc(1, sizeof(*session));

	if (!session)
		return -ENOMEM;
	session->shared = shared;
	session->meetings = meetings;
	session->outbox = outbox;
	snprintf(session->room, sizeof(session->room), "%s", room);
	snprintf(session->address, sizeof(session->address), "%s", address);
	session->texts_since_us = shared_now_us(shared);
	*ret_session = session;
	return 0;
}

static bool has_seat(const struct session *session)
{
	return session->member && member_has(session->member, session->outbox);
}

void session_destroy(struct session *session)
{
	if (!session)
		return;
	if (has_seat(session)) {
		if (session->state == SESSION_CONTROL)
			log_info("hub", "%s lost its connection to %s", session->room,
				 member_meeting(session->member));
		meeting_lost(session->member, session->outbox);
	}
	member_unref(session->member);
	free(session);
}

void session_refuse(struct session *session, enum metrics_refusal refusal, int code,
		    const char *reason)
{
	char peer[sizeof(session->room) + sizeof(session->address) + 8];

	snprintf(peer, sizeof(peer), "%s (%s)", session->room, session->address);
	shared_refuse(session->shared, refusal, peer, reason);
	outbox_end(session->outbox, code, reason);
}

size_t session_message_max(const struct session *session, bool is_text)
{
	if (is_text)
		return session->state == SESSION_CONTROL ? MESSAGE_MEMBER_BYTES_MAX
							 : MESSAGE_FIRST_BYTES_MAX;
	switch (session->state) {
	case SESSION_NEW:
		break;
	case SESSION_CONTROL:
		return OBJECT_SOUND_BYTES_MAX;
	case SESSION_PICTURES:
		return OBJECT_PICTURE_BYTES_MAX;
	}
	return 0;
}

enum session_state session_state(const struct session *session)
{
	return session->state;
}

static void answer_error(struct session *session, bool has_id, int64_t id, int code,
			 const char *text)
{
	struct message *message = &session->shared->out;

	message->form = MESSAGE_ERROR;
	message->has_id = has_id;
	message->id = id;
	message->error.code = code;
	snprintf(message->error.text, sizeof(message->error.text), "%s", text);
	shared_send(session->shared, session->outbox, message);
}

static void refuse_request(struct session *session, int64_t id, int code)
{
	answer_error(session, true, id, code, message_code_text(code));
}

/* The result itself stands in shared->out already, where the method has one. */
static void answer(struct session *session, const struct message *request)
{
	struct message *message = &session->shared->out;

	message->form = MESSAGE_RESULT;
	message->method = request->method;
	message->has_id = true;
	message->id = request->id;
	shared_send(session->shared, session->outbox, message);
}

static void answer_joined(struct session *session, const struct message *request, bool resumed)
{
	struct message_joined *joined = &session->shared->out.joined;

	joined->member = member_number(session->member);
	snprintf(joined->seat, sizeof(joined->seat), "%s", member_seat(session->member));
	joined->resumed = resumed;
	joined->clock_us = shared_now_us(session->shared);
	answer(session, request);
}

static void join(struct session *session, const struct message *request)
{
	bool resumed;
	int r;

	r = meeting_join(session->meetings, &request->join, session->room, session->outbox,
			 &session->member, &resumed);
	if (r < 0) {
		refuse_request(session, request->id,
			       r == -ENOSPC ? MESSAGE_CODE_MEETING_FULL : MESSAGE_CODE_HUB_FULL);
		session_refuse(session, METRICS_REFUSED_FULL, 1013,
			       r == -ENOSPC ? "the meeting is full" : "too many meetings");
		return;
	}
	session->state = SESSION_CONTROL;
	answer_joined(session, request, resumed);
	meeting_announce(session->member, &request->join);
	log_info("hub", "%s %s %s from %s as member %u", session->room,
		 resumed ? "came back to" : "joined", request->join.meeting, session->address,
		 member_number(session->member));
}

static void attach(struct session *session, const struct message *request)
{
	int r;

	r = meeting_attach(session->meetings, request->attach.seat, session->room, session->outbox,
			   &session->member);
	if (r < 0) {
		refuse_request(session, request->id, MESSAGE_CODE_NO_SEAT);
		return;
	}
	session->state = SESSION_PICTURES;
	session->shared->out.attached.member = member_number(session->member);
	answer(session, request);
}

static void publish(struct session *session, const struct message *request)
{
	struct message_published published;

	if (relay_publish(member_peer(session->member), &request->publish, &published) < 0) {
		outbox_end(session->outbox, 1013, "no memory");
		return;
	}
	session->shared->out.published = published;
	answer(session, request);
	meeting_changed(session->member);
}

static void want(struct session *session, const struct message *request)
{
	if (relay_want(member_peer(session->member), &request->want) < 0)
		outbox_end(session->outbox, 1013, "no memory");
	else
		answer(session, request);
}

static void keyframe(struct session *session, const struct message *request)
{
	if (relay_keyframe(member_relay(session->member), &request->layer) < 0)
		refuse_request(session, request->id, MESSAGE_CODE_NO_TRACK);
	else
		answer(session, request);
}

static void tell_time(struct session *session, const struct message *request)
{
	session->shared->out.time.clock_us = shared_now_us(session->shared);
	answer(session, request);
}

static void report(struct session *session, const struct message *request)
{
	relay_report(member_relay(session->member), &request->report);
	answer(session, request);
}

static void leave(struct session *session, const struct message *request)
{
	log_info("hub", "%s left %s", session->room, member_meeting(session->member));
	answer(session, request);
	meeting_leave(session->member, 1000, "left");
}

static int code_of(int error)
{
	switch (error) {
	case -EEXIST:
		return MESSAGE_CODE_EXISTS;
	case -ENOENT:
		return MESSAGE_CODE_NO_GROUP;
	case -ESTALE:
		return MESSAGE_CODE_EPOCH;
	default:
		return MESSAGE_CODE_LIMIT;
	}
}

/* What concerns the meeting's group. */
static void deliver(struct session *session, const struct message *request)
{
	struct delivery_peer *peer = member_group_peer(session->member);
	int r = delivery_request(peer, request);

	if (r == -ENOMEM)
		outbox_end(session->outbox, 1013, "no memory");
	else if (r < 0)
		refuse_request(session, request->id, code_of(r));
	else
		answer(session, request);
	delivery_tell(delivery_of(peer));
}

static void carry_out(struct session *session, const struct message *request)
{
	switch (request->method) {
	case MESSAGE_PUBLISH:
		publish(session, request);
		return;
	case MESSAGE_WANT:
		want(session, request);
		return;
	case MESSAGE_KEYFRAME:
		keyframe(session, request);
		return;
	case MESSAGE_TIME:
		tell_time(session, request);
		return;
	case MESSAGE_REPORT:
		report(session, request);
		return;
	case MESSAGE_LEAVE:
		leave(session, request);
		return;
	case MESSAGE_OPEN:
	case MESSAGE_DOOR:
	case MESSAGE_KNOCK:
	case MESSAGE_COMMIT:
	case MESSAGE_TELL:
	case MESSAGE_REFUSE:
		deliver(session, request);
		return;
	case MESSAGE_JOIN:
	case MESSAGE_ATTACH:
	case MESSAGE_ROSTER:
	case MESSAGE_WELCOME:
	case MESSAGE_REFUSED:
	case MESSAGE_METHODS:
		break;
	}
	refuse_request(session, request->id, MESSAGE_CODE_JOINED);
}

static void handle_request(struct session *session, const struct message *request)
{
	if (session->state == SESSION_CONTROL)
		carry_out(session, request);
	else if (request->method == MESSAGE_JOIN)
		join(session, request);
	else if (request->method == MESSAGE_ATTACH)
		attach(session, request);
	else
		refuse_request(session, request->id, MESSAGE_CODE_JOINED);
}

static bool is_flood(struct session *session, size_t length)
{
	int64_t now_us = shared_now_us(session->shared);

	if (now_us - session->texts_since_us >= CLOCK_US_PER_S) {
		session->texts_since_us = now_us;
		session->texts = 0;
		session->text_bytes = 0;
	}
	session->text_bytes += length;
	return ++session->texts > SESSION_TEXTS_MAX || session->text_bytes > SESSION_TEXT_BYTES_MAX;
}

void session_text(struct session *session, const char *text, size_t length)
{
	struct message *message = &session->shared->in;
	struct message_fault fault;
	const char *reason;
	int r;

	if (outbox_ending(session->outbox, &reason) != 0)
		return;
	if (session->state == SESSION_PICTURES) {
		session_refuse(session, METRICS_REFUSED_PROTOCOL, 1002,
			       "text where pictures belong");
		return;
	}
	if (is_flood(session, length)) {
		session_refuse(session, METRICS_REFUSED_PROTOCOL, 1008, "too many messages");
		return;
	}
	r = message_parse(text, length, NULL, NULL, message, &fault);
	if (r == -ENOMEM)
		outbox_end(session->outbox, 1013, "no memory");
	else if (r == 0 && message->form == MESSAGE_REQUEST)
		handle_request(session, message);
	else if (r < 0 && (fault.has_id || fault.code != MESSAGE_CODE_METHOD))
		answer_error(session, fault.has_id, fault.id, fault.code, fault.text);
}

static void judge(struct session *session, enum relay_verdict verdict)
{
	switch (verdict) {
	case RELAY_OK:
	case RELAY_UNWANTED:
		return;
	case RELAY_FORGED:
		session_refuse(session, METRICS_REFUSED_PROTOCOL, 1008,
			       "an object of another's track");
		return;
	case RELAY_MISPLACED:
		session_refuse(session, METRICS_REFUSED_PROTOCOL, 1002,
			       "an object that its track does not have");
		return;
	}
}

void session_object(struct session *session, struct packet *packet)
{
	enum object_error error;
	const char *reason;

	if (outbox_ending(session->outbox, &reason) != 0 || !has_seat(session))
		return;
	error = object_parse(packet_message(packet), packet->length, &packet->header);
	if (error != OBJECT_OK) {
		session_refuse(session, METRICS_REFUSED_PROTOCOL, 1002, object_error_text(error));
		return;
	}
	session->shared->metrics.objects_in++;
	session->shared->metrics.bytes_in += packet->length;
	packet->arrived_us = shared_now_us(session->shared);
	judge(session,
	      relay_object(member_peer(session->member),
			   session->state == SESSION_CONTROL ? RELAY_CONTROL : RELAY_PICTURES,
			   packet));
}
