/*
 * Every text that the room shows by itself, in Indonesian and English.
 */
#ifndef BALAI_SCREEN_WORDS_H
#define BALAI_SCREEN_WORDS_H

#include <stddef.h>

enum words_language {
	WORDS_INDONESIAN,
	WORDS_ENGLISH,
	WORDS_LANGUAGES,
};

/* {} in a text stands for the argument of words_format(). */
enum words_id {
	WORDS_STARTING,         /* Starting */
	WORDS_WAITING_HUB,      /* Waiting for the hub */
	WORDS_HUB_NOT_FOUND,    /* Hub {} cannot be found */
	WORDS_HUB_UNTRUSTED,    /* The hub's certificate is not accepted: {} */
	WORDS_ROOM_UNTRUSTED,   /* The hub does not accept this room's certificate */
	WORDS_CONNECTION_LOST,  /* Connection lost, trying again in {} s */
	WORDS_JOINING,          /* Joining {} */
	WORDS_MEETING_FULL,     /* The meeting is full */
	WORDS_HUB_FULL,         /* The hub is full */
	WORDS_WAITING_OTHERS,   /* Waiting for others to join */
	WORDS_AWAY,             /* Reconnecting (on the tile of a member that is away) */
	WORDS_NO_PICTURE,       /* No camera (on the tile of a member without picture) */
	WORDS_MORE_MEMBERS,     /* +{} more */
	WORDS_OWN,              /* You */
	WORDS_CAMERA_STARTING,  /* Camera starting */
	WORDS_CAMERA_ABSENT,    /* No camera is connected */
	WORDS_CAMERA_BUSY,      /* The camera is used by another program */
	WORDS_CAMERA_UNPLUGGED, /* The camera was unplugged */
	WORDS_CAMERA_NO_SIGNAL, /* The camera gives no picture */
	WORDS_CAMERA_FAILED,    /* The camera has a fault */
	WORDS_MICROPHONE_ABSENT,
	WORDS_SPEAKER_ABSENT,

	/* Beside the meeting's name. */
	WORDS_ENCRYPTED,
	WORDS_WAITING_KEYS, /* also on the tile of a member that has none yet */
	WORDS_NOT_ENCRYPTED,
	WORDS_REFUSED,
	/* In a line; where it says so, a reason follows behind a colon. */
	WORDS_MEMBERS_CHANGED,
	WORDS_HUB_DECEIVES,  /* The hub hands on what no member sent */
	WORDS_IN_CLEAR,      /* Whoever runs the hub can listen in */
	WORDS_OTHER_REFUSED, /* {} was not let in: */
	WORDS_OWN_REFUSED,   /* This room does not take part: */
	WORDS_CREDENTIALS,   /* This room's certificate for meetings cannot be used: {} */
	/* A name on a tile. */
	WORDS_GUEST, /* {} (guest, not verified) */
	/* Reasons, in the order of enum call_reason (e2ee/call_reason.h). */
	WORDS_REASON_CERTIFICATE,
	WORDS_REASON_EXPIRED,
	WORDS_REASON_REVOKED,
	WORDS_REASON_GUESTS,
	WORDS_REASON_BROKEN,
	WORDS_REASON_FULL,
	WORDS_REASON_NO_CERTIFICATE,
	WORDS_REASON_CLOCK,
	WORDS_REASON_TOKEN,
	WORDS_REASON_KEY_STORE,
	WORDS_REASON_MEMORY,
	WORDS_REASON_LIBRARY,
	WORDS_REASON_PSK,
	WORDS_REASON_MEMBER,
	WORDS_REASON_CLEAR,
	WORDS_REASON_SEALED,
	WORDS_REASON_MISSED,
	WORDS_IDS,
};

/* UTF-8, never NULL; lives as long as the program. Both arguments must be in range. */
const char *words_text(enum words_language language, enum words_id id);

/*
 * Writes the text with {} replaced by `argument` (NULL: by nothing) into `text`, shortened at a
 * character's border where it does not fit; always terminated. size: at least 1.
 */
void words_format(enum words_language language, enum words_id id, const char *argument, char *text,
		  size_t size);

/* "id" or "en", as in a settings file. Returns 0, or -EINVAL with *ret_language untouched. */
int words_language_parse(const char *name, enum words_language *ret_language)
	__attribute__((warn_unused_result));

#endif
