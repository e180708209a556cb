/*
 * The control messages of a meeting (PROTOCOL.md, sections 2 and 6) as typed structs: the one place
 * where their JSON is read and written, for the hub and for its members.
 *
 * Reading is strict: what passes message_parse() has the types, ranges and counts of PROTOCOL.md.
 * Bytes, such as an MLS message, stay the text that they are on the wire, base64url (RFC 4648,
 * section 5). Of a message that was read they belong to it: message_finish() lets them go. Of one
 * that is to be written they are the caller's. Any thread.
 */
#ifndef BALAI_MEETING_MESSAGE_H
#define BALAI_MEETING_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "meeting/object.h"

#define MESSAGE_VERSION 1
/* The text of a message from a member: the first one of a socket, any other; and from the hub. */
#define MESSAGE_FIRST_BYTES_MAX (4U << 10)
#define MESSAGE_MEMBER_BYTES_MAX (1U << 20)
#define MESSAGE_HUB_BYTES_MAX (1U << 20)

#define MESSAGE_MEETING_BYTES_MAX 64
#define MESSAGE_NAME_BYTES_MAX 64
#define MESSAGE_SEAT_BYTES 43
#define MESSAGE_MEMBERS_MAX 100
#define MESSAGE_TRACKS_MAX 4
#define MESSAGE_WANTS_MAX 256
#define MESSAGE_REPORTS_MAX 256
#define MESSAGE_ERROR_BYTES_MAX 255
#define MESSAGE_SIDE_MIN 16
#define MESSAGE_SIDE_MAX 8192
#define MESSAGE_BITRATE_MAX 1000000000
/* A delay beyond this is told as this. */
#define MESSAGE_DELAY_US_MAX INT64_C(60000000)
/* Of secrecy, in bytes before they are text. */
#define MESSAGE_KEY_BYTES 65
#define MESSAGE_PACKAGE_BYTES_MAX (16U << 10)
#define MESSAGE_COMMIT_BYTES_MAX (64U << 10)
#define MESSAGE_WELCOME_BYTES_MAX (640U << 10)
#define MESSAGE_TELL_BYTES_MAX (64U << 10)
/* Members that one commit lets in. */
#define MESSAGE_WELCOMED_MAX 16

enum message_form {
	MESSAGE_REQUEST,      /* has an id and wants a result or an error */
	MESSAGE_RESULT,       /* answers the request with the same id */
	MESSAGE_ERROR,        /* answers it, too; without id where the request could not be read */
	MESSAGE_NOTIFICATION, /* has no id and gets no answer */
};

enum message_method {
	MESSAGE_JOIN,
	MESSAGE_ATTACH,
	MESSAGE_PUBLISH,
	MESSAGE_WANT,
	MESSAGE_KEYFRAME,
	MESSAGE_TIME,
	MESSAGE_REPORT,
	MESSAGE_LEAVE,
	MESSAGE_OPEN,
	MESSAGE_DOOR, /* this, `knock`, `commit` and `tell`: the hub's notification, too */
	MESSAGE_KNOCK,
	MESSAGE_COMMIT,
	MESSAGE_TELL,
	MESSAGE_REFUSE,
	MESSAGE_ROSTER, /* from here on notifications alone */
	MESSAGE_WELCOME,
	MESSAGE_REFUSED,
	MESSAGE_METHODS, /* how many there are */
};

enum message_code {
	MESSAGE_CODE_PARSE = -32700,   /* not JSON */
	MESSAGE_CODE_INVALID = -32600, /* not JSON-RPC 2.0 */
	MESSAGE_CODE_METHOD = -32601,  /* unknown method */
	MESSAGE_CODE_PARAMS = -32602,  /* a member is missing, of another type or out of range */
	MESSAGE_CODE_MEETING_FULL = 1,
	MESSAGE_CODE_HUB_FULL = 2,
	MESSAGE_CODE_JOINED = 3, /* not joined yet, or joined already */
	MESSAGE_CODE_NO_TRACK = 4,
	MESSAGE_CODE_NO_SEAT = 5,
	MESSAGE_CODE_LIMIT = 6,
	MESSAGE_CODE_EXISTS = 7,   /* the meeting has a group, or is in clear */
	MESSAGE_CODE_NO_GROUP = 8, /* there is none, this member is not in it, or not at its door */
	MESSAGE_CODE_EPOCH = 9,    /* another commit was first */
};

enum message_kind {
	MESSAGE_CAMERA,
	MESSAGE_SHARE,
	MESSAGE_SOUND,
	MESSAGE_KINDS, /* how many there are */
};

struct message_layer {
	uint16_t width;   /* pixels, MESSAGE_SIDE_MIN..MAX */
	uint16_t height;  /* pixels, MESSAGE_SIDE_MIN..MAX */
	uint32_t bitrate; /* bit/s, 1..MESSAGE_BITRATE_MAX */
};

struct message_track {
	uint16_t track; /* 1..65535 in a roster; 0 in `publish`: the hub gives the number */
	enum message_kind kind;
	uint8_t layer_count; /* 0 for sound, else 1..OBJECT_LAYERS_MAX */
	struct message_layer layers[OBJECT_LAYERS_MAX];
};

struct message_join {
	char meeting[MESSAGE_MEETING_BYTES_MAX + 1];
	char resume[MESSAGE_SEAT_BYTES + 1]; /* empty: none */
	bool has_epoch;                      /* with `resume` alone */
	uint64_t epoch;                      /* 0..INT64_MAX, as all epochs: of the own group */
};

struct message_joined {
	uint16_t member; /* 1..65535 */
	char seat[MESSAGE_SEAT_BYTES + 1];
	bool resumed;
	int64_t clock_us;
};

struct message_attach {
	char seat[MESSAGE_SEAT_BYTES + 1];
};

struct message_attached {
	uint16_t member; /* 1..65535 */
};

struct message_publish {
	size_t count; /* 0..MESSAGE_TRACKS_MAX */
	struct message_track tracks[MESSAGE_TRACKS_MAX];
};

struct message_published {
	size_t count;
	uint16_t tracks[MESSAGE_TRACKS_MAX]; /* all different, in the order of `publish` */
};

/* Also what `keyframe` names, as a request and as a notification. */
struct message_track_layer {
	uint16_t track; /* 1..65535 */
	uint8_t layer;  /* < OBJECT_LAYERS_MAX */
};

struct message_want {
	size_t count;
	struct message_track_layer wants[MESSAGE_WANTS_MAX];
};

struct message_time {
	int64_t clock_us; /* 0..INT64_MAX */
};

struct message_delay {
	uint16_t track;   /* 1..65535 */
	int64_t delay_us; /* 0..MESSAGE_DELAY_US_MAX */
	uint32_t lost;    /* groups given up; 0 in the notification */
};

struct message_report {
	size_t count;
	struct message_delay tracks[MESSAGE_REPORTS_MAX];
};

struct message_member {
	uint16_t member; /* 1..65535 */
	char name[MESSAGE_NAME_BYTES_MAX + 1];
	bool here;
	uint8_t track_count;
	struct message_track tracks[MESSAGE_TRACKS_MAX];
};

struct message_roster {
	size_t count;
	struct message_member members[MESSAGE_MEMBERS_MAX]; /* in rising order of `member` */
};

enum message_reason {
	MESSAGE_REASON_CERTIFICATE, /* not of the meetings' authority, or not for meetings */
	MESSAGE_REASON_EXPIRED,     /* or not valid yet */
	MESSAGE_REASON_REVOKED,
	MESSAGE_REASON_GUESTS, /* without a certificate, where guests are not let in */
	MESSAGE_REASON_BROKEN, /* the key package cannot be read or does not hold */
	MESSAGE_REASON_FULL,
	MESSAGE_REASONS, /* how many there are */
};

enum message_door_state {
	MESSAGE_DOOR_NONE,  /* the meeting has no group */
	MESSAGE_DOOR_CLEAR, /* and shall have none */
	MESSAGE_DOOR_OPEN,
	MESSAGE_DOOR_STATES, /* how many there are */
};

/* Bytes as base64url. */
struct message_text {
	const char *text; /* NUL-terminated where it was read */
	size_t length;    /* in characters; 0: none */
};

struct message_open {
	bool clear;
	struct message_text key; /* none with `clear` */
};

struct message_key {
	struct message_text key;
};

struct message_door {
	enum message_door_state state;
	/* The rest where it is open. */
	uint64_t epoch;
	uint16_t member; /* who admits; 0: nobody for now */
	struct message_text key;
	size_t passed_count;
	uint16_t passed[MESSAGE_MEMBERS_MAX]; /* all different: who shall not admit */
};

struct message_knock {
	uint16_t member; /* 0 in the request */
	struct message_text package;
};

struct message_commit {
	uint64_t epoch; /* that it ends */
	struct message_text commit;
	/* The rest in the request alone, both or none. */
	struct message_text welcome;
	size_t member_count;
	uint16_t members[MESSAGE_WELCOMED_MAX]; /* all different */
};

struct message_welcome {
	uint64_t epoch; /* that it lets in to */
	struct message_text welcome;
};

struct message_tell {
	uint16_t member; /* 0 in the request */
	struct message_text message;
};

struct message_refuse {
	uint16_t member; /* 0 in the notification `refused` */
	enum message_reason reason;
};

struct message_error {
	int code; /* enum message_code, or one that this version does not know */
	char text[MESSAGE_ERROR_BYTES_MAX + 1];
};

struct json_t;

/* About 30 KiB: kept in the connection's owner, not on the stack. All zero at first. */
struct message {
	struct json_t *json; /* what was read; owns its texts */
	enum message_form form;
	enum message_method
		method; /* of an answer: what it answers; an error without id has none */
	bool has_id;
	int64_t id; /* 0..INT64_MAX */
	union {
		struct message_join join;           /* request */
		struct message_joined joined;       /* result of join */
		struct message_attach attach;       /* request */
		struct message_attached attached;   /* result of attach */
		struct message_publish publish;     /* request */
		struct message_published published; /* result of publish */
		struct message_want want;           /* request */
		struct message_track_layer layer;   /* keyframe: request and notification */
		struct message_time time;           /* result of time */
		struct message_report report;       /* request */
		struct message_delay delay;         /* report: notification */
		struct message_roster roster;       /* notification */
		struct message_open open;           /* request */
		struct message_key key;             /* door: request */
		struct message_door door;           /* notification */
		struct message_knock knock;         /* request and notification */
		struct message_commit commit;       /* request and notification */
		struct message_tell tell;           /* request and notification */
		struct message_refuse refuse;       /* request, and notification `refused` */
		struct message_welcome welcome;     /* notification */
		struct message_error error;
	};
};

/* Why a message was refused, ready to be answered by message_write() as an error. */
struct message_fault {
	bool has_id; /* the id could be read */
	int64_t id;
	int code;                               /* enum message_code */
	char text[MESSAGE_ERROR_BYTES_MAX + 1]; /* "params.wants[3].layer: 9 is not in 0..3" */
};

/*
 * What request `id` of this side is answered to; negative when it awaits none, which makes the
 * answer a fault. NULL where no answer is expected at all.
 */
typedef int (*message_method_of)(void *context, int64_t id);

/*
 * Finishes *message and reads the `length` bytes at `text` into it. Returns 0; -EBADMSG with
 * *ret_fault set; or -ENOMEM. *message is overwritten in every case.
 */
int message_parse(const char *text, size_t length, message_method_of method_of, void *context,
		  struct message *message, struct message_fault *ret_fault)
	__attribute__((warn_unused_result));

/* Lets go what was read; it may be used again. */
void message_finish(struct message *message);

/*
 * Appends the JSON text of a message to `buffer`. Its fields must be in range: they are this
 * program's own. Returns 0, or -EMSGSIZE or -ENOMEM, and then the buffer's length is as before.
 */
int message_write(const struct message *message, struct buffer *buffer)
	__attribute__((warn_unused_result));

/* 1..64 characters of a-z 0-9 - */
bool message_is_meeting(const char *text);

/* 1..64 bytes of UTF-8 without control characters. */
bool message_is_name(const char *text);

/* 43 characters of base64url (RFC 4648, section 5). */
bool message_is_seat(const char *text);

/* "camera", "share", "sound" */
const char *message_kind_text(enum message_kind kind);

/* "join" … "refused" */
const char *message_method_text(enum message_method method);

/* "certificate" … "full" */
const char *message_reason_text(enum message_reason reason);

/* "none", "clear", "open" */
const char *message_door_text(enum message_door_state state);

/* What an IT person can do with error `code`: "the meeting is full". */
const char *message_code_text(int code);

#endif
