/*
 * What the files of the call share: call.c connects and ends, call_messages.c talks, call_objects.c
 * sends pictures and sound, call_arrivals.c takes them, call_delivery.c carries what the group says.
 * For no other file.
 */
#ifndef BALAI_MEETING_CALL_STATE_H
#define BALAI_MEETING_CALL_STATE_H

#include "meeting/backoff.h"
#include "meeting/call.h"
#include "meeting/held.h"
#include "meeting/hub_clock.h"
#include "meeting/keyframes.h"
#include "meeting/pacing.h"
#include "meeting/requests.h"
#include "net/tls.h"
#include "net/websocket.h"

#define CALL_TEXTS_MAX 64
/* Orders on their way: the others wait in `orders`. */
#define CALL_UNANSWERED_MAX 8
/* What is sealed with an object: its header and the meeting's name. */
#define CALL_METADATA_BYTES_MAX (OBJECT_HEADER_BYTES + MESSAGE_MEETING_BYTES_MAX)

/* The tracks of this side, in the order of `publish`. */
enum call_track {
	CALL_CAMERA,
	CALL_SOUND,
	CALL_TRACKS, /* how many there are */
};

struct call_socket {
	struct websocket *websocket; /* NULL: none */
	bool is_open;
	struct websocket_message *texts[CALL_TEXTS_MAX]; /* that wait for it, oldest first */
	size_t text_count;
};

/* Orders that were sent, oldest first. */
struct call_unanswered {
	size_t count;
	int64_t ids[CALL_UNANSWERED_MAX]; /* of the requests */
	enum meeting_order_kind kinds[CALL_UNANSWERED_MAX];
};

/* What goes out. */
struct call_sender {
	uint16_t tracks[CALL_TRACKS]; /* as the hub numbers them */
	uint32_t group;               /* of the camera, that is being sent */
	uint32_t object;              /* its next one */
	int64_t picture_us;           /* when the picture on its way was queued */
	struct pacing pacing;
	uint64_t dropped;      /* pictures, at the last look */
	int64_t key_due_us;    /* when the encoder is to be asked for an IDR; 0: not */
	int64_t key_us;        /* when it was asked last */
	int64_t far_delay_us;  /* of the newest report */
	int64_t far_report_us; /* when that came */
	uint64_t pictures_sent;
	uint64_t sounds_sent;
	uint64_t bytes_sent; /* of pictures, with headers */
};

struct call {
	struct net_loop *loop;
	struct outgoing *outgoing;
	const struct meeting_config *config;
	void (*changed)(void *context);
	void *context;

	struct net_tls *tls;
	struct call_socket control;
	struct call_socket pictures;
	struct net_timer *retry;
	struct backoff backoff;

	enum meeting_phase phase;
	int64_t phase_us;       /* since when */
	struct net_fault fault; /* the last one; none once it is in */
	int code;
	unsigned int failures;       /* of one cause on end, since it was in */
	void (*left)(void *context); /* not NULL: leaving */
	void *left_context;

	/* Membership: the seat lives on over connections, the rest is of one connection. */
	char seat[MESSAGE_SEAT_BYTES + 1]; /* empty: none */
	uint64_t resumes;
	uint16_t you; /* 0: not joined */
	bool is_attached;
	bool is_published;

	struct requests requests;
	struct message in;
	struct message out;
	struct message_roster roster;
	struct message_want want;
	bool has_want;
	struct hub_clock clock;
	int64_t time_us;   /* when `time` was asked for last */
	int64_t report_us; /* when `report` was sent last */

	struct incoming *incoming;
	struct keyframes keyframes;
	struct call_sender sender;

	struct held *held; /* what came before its key */
	uint8_t *opened;   /* OBJECT_PICTURE_BYTES_MAX bytes; NULL without a cipher */
	struct call_cipher_figures figures;

	struct group_orders *orders;
	struct call_unanswered unanswered;
	bool has_epoch; /* of the group, to be told with `join` */
	uint64_t epoch;
};

/* call.c */

/* Ends this connection for `fault`, or for an error of the hub with `code`, and tries again later. */
void call_lose(struct call *call, struct net_fault fault, int code);

/* The hub broke the protocol: as above. */
void call_lose_for_protocol(struct call *call, const char *what);

/* Joined, published and attached, or on the way there? Goes IN when it is all. */
void call_check_in(struct call *call);

/* call_messages.c */

/*
 * Sends the request whose params are in call->out. Returns its id, or -errno: a hub that takes no
 * more of them is lost.
 */
int64_t call_send_request(struct call *call, struct call_socket *socket,
			  enum message_method method);

void call_send_join(struct call *call);
void call_send_attach(struct call *call);
void call_send_want(struct call *call);
void call_send_keyframes(struct call *call, int64_t now_us);
void call_send_leave(struct call *call);

/* `time` and `report`, as often as they are due. */
void call_send_regular(struct call *call, int64_t now_us);

/* A text came on the control socket, or on that for pictures. */
void call_control_text(struct call *call, const uint8_t *data, size_t length, int64_t arrival_us);
void call_pictures_text(struct call *call, const uint8_t *data, size_t length);

/* call_delivery.c */

/* As many orders as may be on their way. */
void call_send_orders(struct call *call);

/* Events of the group: the membership, the answer to a request, which may be none of the group's
   (code 0: a result), and what the notification in call->in says. */
void call_tell_joined(struct call *call, bool is_resumed);
void call_tell_lost(struct call *call);
void call_tell_answer(struct call *call, int64_t id, int code);
void call_tell_delivery(struct call *call);

/* call_arrivals.c */

/* An object came. */
void call_object(struct call *call, bool is_picture, const uint8_t *data, size_t length,
		 int64_t arrival_us);

/* Drops what was held long enough. */
void call_expire_held(struct call *call, int64_t now_us);

/* call_objects.c */

/* `header` as it is on the wire; returns the length. */
size_t call_metadata(const struct call *call, const uint8_t *header,
		     uint8_t ret_metadata[CALL_METADATA_BYTES_MAX]);

/* Asks for room on the sockets that something waits for. */
void call_want_write(struct call *call);

/* The socket can take another text, else another object. */
void call_control_writable(struct call *call);
void call_pictures_writable(struct call *call);

/* An IDR of the camera is needed; asked of the encoder every_us after the last one at the soonest. */
void call_need_own_key(struct call *call, int64_t now_us, int64_t every_us);

/* Looks at the path: bit rate, IDRs that are due. */
void call_pace(struct call *call, int64_t now_us);

/* How long the oldest picture that is not wholly sent has waited. */
int64_t call_queue_us(struct call *call, int64_t now_us);

#endif
