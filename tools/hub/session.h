/*
 * The protocol on one websocket (PROTOCOL.md): what each message of it does.
 *
 *     new ──join──► control: requests and sound
 *      └──attach──► pictures
 *
 * It knows no sockets: messages are handed in, what goes out is put in the connection's outbox,
 * and so is its end. Belongs to the hub's one thread.
 */
#ifndef BALAI_HUB_SESSION_H
#define BALAI_HUB_SESSION_H

#include <stdbool.h>
#include <stddef.h>

#include "tools/hub/meeting.h"
#include "tools/hub/outbox.h"
#include "tools/hub/packet.h"
#include "tools/hub/shared.h"

/* Text messages a second of one websocket; beyond it ends. */
#define SESSION_TEXTS_MAX 200
#define SESSION_TEXT_BYTES_MAX ((size_t)4 << 20)

struct session;

enum session_state {
	SESSION_NEW,
	SESSION_CONTROL,
	SESSION_PICTURES,
};

/*
 * room: the name in its certificate; address: where it comes from, for the log; both are copied.
 * The rest must outlive it. Returns 0 and hands over *ret_session, or -ENOMEM.
 */
int session_create(struct shared *shared, struct meetings *meetings, struct outbox *outbox,
		   const char *room, const char *address, struct session **ret_session)
	__attribute__((warn_unused_result));

/* The socket is gone: the member's seat is kept for a while. NULL is allowed. */
void session_destroy(struct session *session);

/*
 * The largest message that may come in now, in bytes; 0: none of this type, which ends the
 * session where one does.
 */
size_t session_message_max(const struct session *session, bool is_text);

/* A whole text message. */
void session_text(struct session *session, const char *text, size_t length);

/* A whole binary message; the header is read into it. The caller keeps its reference. */
void session_object(struct session *session, struct packet *packet);

/* Ends it for what the peer did, with a line in the log. `reason` lives on. */
void session_refuse(struct session *session, enum metrics_refusal refusal, int code,
		    const char *reason);

enum session_state session_state(const struct session *session);

#endif
