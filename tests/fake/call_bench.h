/*
 * A meeting on a bench, for tests alone: a room's side that notes what it is told, against a hub
 * (tests/fake/fake_hub.h) that follows a script with a default for everything. All functions are for
 * the test's thread; what must not happen, or does not come in CALL_BENCH_PATIENCE_US, fails the test.
 */
#ifndef BALAI_TESTS_CALL_BENCH_H
#define BALAI_TESTS_CALL_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/queue.h"
#include "meeting/meeting.h"
#include "tests/fake/fake_hub.h"
#include "tests/fake/test_pki.h"

#define CALL_BENCH_PATIENCE_US (20 * CLOCK_US_PER_S)
#define CALL_BENCH_SEAT "AAAAAAAAAABBBBBBBBBBCCCCCCCCCCDDDDDDDDDD-_9"
#define CALL_BENCH_BITRATE_MAX 2000000
#define CALL_BENCH_BITRATE_MIN 200000
/* The hub's clock is so far ahead. */
#define CALL_BENCH_HUB_CLOCK_US INT64_C(1000000000000)

#define CALL_BENCH_YOU 3 /* the room's member */
#define CALL_BENCH_OWN_CAMERA 17
#define CALL_BENCH_OWN_SOUND 18
#define CALL_BENCH_FAR 4 /* another room's member */
#define CALL_BENCH_FAR_CAMERA 21
#define CALL_BENCH_FAR_SOUND 22

/* The room's side */

#define CALL_BENCH_BYTES 80 /* of the group's messages that are noted */

enum call_bench_kind {
	CALL_BENCH_STATE,
	CALL_BENCH_ROSTER,
	CALL_BENCH_OBJECT,
	CALL_BENCH_KEY,
	CALL_BENCH_BITRATE,
	CALL_BENCH_MISDEED,
	CALL_BENCH_GROUP,
};

struct call_bench_event {
	enum call_bench_kind kind;
	struct meeting_state state;
	size_t members;
	uint16_t you;
	struct object_header header;
	size_t length;
	uint8_t first; /* byte of the payload */
	int64_t arrival_us;
	int64_t capture_us;
	int64_t bitrate_bps;
	enum meeting_misdeed misdeed;
	uint16_t member;
	struct meeting_group_event group; /* what it lends is not there any more */
	uint8_t bytes[CALL_BENCH_BYTES];  /* but its first bytes, */
	uint16_t passed;                  /* and the first of those passed */
};

struct call_guest {
	struct meeting *meeting;
	struct queue *events;
};

/* Settings that tell `guest`, whose events the caller makes. */
struct meeting_config call_bench_make_config(struct call_guest *guest,
					     const struct net_identity_files *files, uint16_t port);

/* A room as `config` says; one that goes to the hub at `port`, with files of its own or of "room". */
void call_bench_start_config(struct call_guest *guest, const struct meeting_config *config);
void call_bench_start_with(struct call_guest *guest, const struct net_identity_files *files,
			   uint16_t port);
void call_bench_start(struct call_guest *guest, struct test_pki *pki, uint16_t port);
void call_bench_stop(struct call_guest *guest);

/* The next event of the kind; others are passed over. */
struct call_bench_event call_bench_expect(struct call_guest *guest, enum call_bench_kind kind);
struct meeting_state call_bench_expect_phase(struct call_guest *guest, enum meeting_phase phase);

/* Wants camera and sound of the far room. */
void call_bench_want_far(struct call_guest *guest);

void call_bench_send_picture(struct call_guest *guest, size_t length, bool is_key,
			     int64_t capture_us);

/* The hub's side */

enum call_bench_seen {
	CALL_BENCH_SEEN_OPEN,
	CALL_BENCH_SEEN_CLOSED,
	CALL_BENCH_SEEN_PICTURE,
	CALL_BENCH_SEEN_SOUND,
	CALL_BENCH_SEEN_REQUEST, /* and the method */
};

struct call_script {
	struct fake_hub *hub;
	int control;  /* connections, of which each first message tells what it is for */
	int pictures; /* -1: none */
	bool is_resuming;
	int refuse_code; /* for `join`; 0: it is taken */
	int wants;       /* `want` requests that came */
	int order_code;  /* for the group's requests; 0: they are taken */
	bool is_silent;  /* they are not answered */
	struct message message;
	struct fake_hub_event event; /* the last one */
};

/* A hub at `port`, or at one that is free. */
void call_bench_start_script(struct call_script *script, struct test_pki *pki, uint16_t port);
void call_bench_stop_script(struct call_script *script);

/* One event, answered as a hub does: enum call_bench_seen, for requests plus the method. */
int call_bench_next(struct call_script *script);

/* Answers until that was seen. */
void call_bench_until(struct call_script *script, int seen);
void call_bench_until_request(struct call_script *script, enum message_method method);

/* Answers until the room is attached and has published. */
void call_bench_admit(struct call_script *script);

/* A text; script->message; and an object of the far room with one byte of payload. */
void call_bench_say(struct call_script *script, int connection, const char *text);
void call_bench_send_message(struct call_script *script, int connection);
void call_bench_send_object(struct call_script *script, bool is_picture, uint32_t group,
			    uint32_t object, uint8_t byte);

/* The header of the far room's next object, captured now. */
struct object_header call_bench_far_header(bool is_picture, uint32_t group, uint32_t object);
void call_bench_send_bytes(struct call_script *script, bool is_picture, const uint8_t *data,
			   size_t length);

/* Both sides, and in the meeting. */
void call_bench_start_meeting(struct call_script *script, struct call_guest *guest,
			      struct test_pki *pki);
void call_bench_stop_meeting(struct call_script *script, struct call_guest *guest);

/* Within a second. */
void call_bench_expect_near(int64_t value_us, int64_t expected_us);

#endif
