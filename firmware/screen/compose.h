/*
 * The compositor: puts the newest picture of each member, their names, the own picture and the
 * room's notices on the screen, in a thread of its own.
 *
 *     decode threads ──show──► [ newest of each ] ─┐
 *     camera ──show_own──► [ newest ] ─────────────┼──► draw what changed ──► present ──► shown()
 *     room ──set_members, set_notice──► [ words ] ─┘
 *
 * It draws when something new came, at most as often as the screen refreshes, and otherwise not at
 * all. A screen that is absent or unplugged is tried again by itself, every second.
 * All functions may be called by any thread; none waits for a drawing except where it says so.
 */
#ifndef BALAI_SCREEN_COMPOSE_H
#define BALAI_SCREEN_COMPOSE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "screen/screen.h"
#include "screen/words.h"

#define COMPOSE_MEMBERS_MAX 128
#define COMPOSE_NAME_BYTES 256

struct compose;

struct compose_settings {
	struct screen *screen; /* closed; the owner destroys it after the compositor */
	enum words_language language;
	/*
	 * Optional; in the compositor's thread, after a present(): the picture of `member` captured
	 * at capture_us was handed to the display at now_us. Once a picture, never of the own one.
	 */
	void (*shown)(void *context, uint32_t member, int64_t capture_us, int64_t now_us);
	void *context;
};

struct compose_member {
	uint32_t member;  /* any number but 0 */
	const char *name; /* UTF-8 from the network; copied, shortened to COMPOSE_NAME_BYTES */
	bool here;        /* false: the seat is kept, the picture is replaced by words */
	bool speaking;    /* the tile is highlighted */
	bool muted;       /* its name has a sign */
};

/* How the meeting is kept secret, beside its name. */
enum compose_secrecy {
	COMPOSE_SECRECY_UNKNOWN, /* nothing is said */
	COMPOSE_SECRECY_WAITING, /* for keys */
	COMPOSE_SECRECY_SEALED,  /* a lock, and the code */
	COMPOSE_SECRECY_CLEAR,   /* in red */
	COMPOSE_SECRECY_REFUSED, /* likewise */
};

#define COMPOSE_CODE_BYTES 40

enum compose_notice {
	COMPOSE_NOTICE_NONE,
	COMPOSE_NOTICE_INFO,
	COMPOSE_NOTICE_ALERT, /* somebody must mend it */
};

/* Starts the thread. Returns 0 and hands over *ret_compose, or -EINVAL, -ENOMEM, -EAGAIN. */
int compose_create(const struct compose_settings *settings, struct compose **ret_compose)
	__attribute__((warn_unused_result));

/* Ends and joins the thread and closes the screen. NULL is allowed. */
void compose_destroy(struct compose *compose);

/*
 * All other members in the order of their tiles; replaces those before. A member that stays keeps
 * its picture. Returns 0, -E2BIG beyond COMPOSE_MEMBERS_MAX, -EINVAL for a member 0 or twice, or
 * -ENOMEM; after a failure nothing has changed.
 */
int compose_set_members(struct compose *compose, const struct compose_member *members, size_t n)
	__attribute__((warn_unused_result));

/*
 * The newest picture of a member, handed over: any format that libswscale reads, pts its capture
 * time (µs). NULL: there is none any more. A member not known is passed over.
 */
void compose_show(struct compose *compose, uint32_t member, AVFrame *take);

/* The same for the room's own camera; shown at most 15 times a second. */
void compose_show_own(struct compose *compose, AVFrame *take);

/* A line across the bottom of the screen. `text` is copied; COMPOSE_NOTICE_NONE takes it away. */
void compose_set_notice(struct compose *compose, enum compose_notice kind, const char *text);

/* The meeting's name in the top left corner; NULL or "" takes it away. */
void compose_set_meeting(struct compose *compose, const char *name);

/* `code` is for people to compare, one line of digits; "": there is none. Copied. */
void compose_set_secrecy(struct compose *compose, enum compose_secrecy secrecy, const char *code);

/*
 * A copy of what is on the screen. *serial: the picture the caller has (0: none), set to that of
 * the copy. Waits for the compositor until deadline_us (CLOCK_MONOTONIC). Returns 0 and hands over
 * *ret_picture (YUV420P, av_frame_free); -EAGAIN, nothing changed since *serial; -ENODEV, there is
 * no screen now; -ETIMEDOUT; -ENOMEM.
 */
int compose_copy(struct compose *compose, uint64_t *serial, int64_t deadline_us,
		 AVFrame **ret_picture) __attribute__((warn_unused_result));

/* True when the thread moved within the last 5 s; it does so at least once a second. */
bool compose_healthy(struct compose *compose);

/*
 * {"screen": "ok" or why not, "width":…, "height":…, "refresh_hz":…, "fps":…, "composed":…,
 *  "compose":{stats}, "members":[{"member":…, "shown":…, "skipped":…, "latency":{stats},
 *  "interval":{stats}}]}; interval: between two of its pictures, its largest the longest that people
 * saw stand still. NULL without memory. Caller owns it.
 */
json_t *compose_status(struct compose *compose);

#endif
