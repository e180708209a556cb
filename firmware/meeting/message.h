/*
 * The control messages of a meeting (PROTOCOL.md, "Control messages") as typed structs: the one
 * place where their JSON is read and written, for the hub and for its members.
 *
 * Reading is strict: what passes message_parse() has the types, ranges and counts of PROTOCOL.md.
 * No function keeps or allocates anything beyond its call, except that message_write() grows the
 * caller's buffer. Any thread.
 */
#ifndef BALAI_MEETING_MESSAGE_H
#define BALAI_MEETING_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "meeting/object.h"

#define MESSAGE_VERSION 1
/* The text of a message from a member, and of one from the hub. */
#define MESSAGE_MEMBER_BYTES_MAX (64U << 10)
#define MESSAGE_HUB_BYTES_MAX (256U << 10)

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
	MESSAGE_ROSTER,
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

struct message_error {
	int code; /* enum message_code, or one that this version does not know */
	char text[MESSAGE_ERROR_BYTES_MAX + 1];
};

/* About 30 KiB: kept in the connection's owner, not on the stack. */
struct message {
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
 * Reads the `length` bytes at `text`. Returns 0; -EBADMSG with *ret_fault set; or -ENOMEM. *message
 * is overwritten in every case.
 */
int message_parse(const char *text, size_t length, message_method_of method_of, void *context,
		  struct message *message, struct message_fault *ret_fault)
	__attribute__((warn_unused_result));

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

/* "join" … "roster" */
const char *message_method_text(enum message_method method);

/* What an IT person can do with error `code`: "the meeting is full". */
const char *message_code_text(int code);

#endif
