/*
 * A meeting's MLS group as one of its members takes part in it: opens it, knocks, keeps the door,
 * admits and removes others, joins anew after a commit that it missed.
 *
 *     joined ─► door none ─► order OPEN ─► answer ─────────────────────────────┐
 *          └──► door open ─► order KNOCK ─► welcome ─► epoch(), ENCRYPTED ◄────┘
 *                   ▲                                    │         ▲
 *                   └───── a commit is missed, or bad ◄──┴─ commit ┘
 *
 * Who admits: the door's member while the hub names one, else the lowest leaf whose member is here.
 * Others step in, one after the other, where it does not do what is to be done.
 *
 * Pure: what the hub says is handed in, what goes to it comes out as orders, and time comes from the
 * owner. One thread at a time, the operations on it too; they must not call back in. What happens to
 * go wrong is told as a state with a reason; nothing half-joined is left behind.
 */
#ifndef BALAI_E2EE_CALL_GROUP_H
#define BALAI_E2EE_CALL_GROUP_H

#include "e2ee/call_reason.h"
#include "e2ee/meeting_code.h"
#include "e2ee/mls_trust.h"
#include "e2ee/sframe_session.h"

#define CALL_MEETING_BYTES_MAX 64
#define CALL_SEATS_MAX 256
#define CALL_JOINERS_MAX 16 /* by one commit */

struct call_group;

enum call_policy {
	CALL_REQUIRE, /* no clear media, ever */
	CALL_ALLOW,   /* goes along with a meeting that is clear */
	CALL_OFF,     /* opens in clear, and takes no part in a sealed one */
};

enum call_state {
	CALL_WAITING,   /* for keys; the reason says what went wrong before, if anything did */
	CALL_ENCRYPTED, /* CALL_REASON_TOKEN and the like: but this member cannot admit others */
	CALL_CLEAR,
	CALL_REFUSED,
};

/* What goes to the hub. Bytes and members are lent for the call of send(). */
enum call_order_kind {
	CALL_ORDER_OPEN, /* bytes: the door's key */
	CALL_ORDER_OPEN_CLEAR,
	CALL_ORDER_DOOR,   /* bytes: the door's key */
	CALL_ORDER_KNOCK,  /* bytes: the sealed key package */
	CALL_ORDER_COMMIT, /* epoch, bytes, welcome and members if it has any */
	CALL_ORDER_TELL,   /* bytes */
	CALL_ORDER_REFUSE, /* members[0], reason */
};

struct call_order {
	enum call_order_kind kind;
	uint64_t epoch;
	struct mls_bytes bytes;
	struct mls_bytes welcome;
	uint16_t members[CALL_JOINERS_MAX];
	size_t n_members;
	enum call_reason reason;
};

/* How the hub answered an order: 0, or its error code. Others count as a refusal, too. */
enum call_answer {
	CALL_ANSWER_OK = 0,
	CALL_ANSWER_EXISTS = 7,   /* to OPEN: there is a group */
	CALL_ANSWER_NO_GROUP = 8, /* this member is not in it */
	CALL_ANSWER_EPOCH = 9,    /* another commit was first */
};

struct call_member {
	uint16_t number; /* of the hub */
	uint32_t leaf;
	struct mls_identity identity;
};

/* Lent for the call of epoch(). */
struct call_epoch {
	struct sframe_epoch keys;          /* secret */
	bool is_other_group;               /* than the last epoch's: its numbers begin anew */
	bool have_members_changed;         /* since the last epoch */
	const struct call_member *members; /* in rising order of leaves, this member too */
	size_t n_members;
	char code[MEETING_CODE_BYTES];
};

/* Someone who knocked and was not let in, or was in and was put out. */
struct call_refusal {
	uint16_t number;
	char name[MLS_NAME_BYTES_MAX +
		  1]; /* what it calls itself, vouched for by nobody; may be empty */
	enum call_reason reason;
	char by[MLS_NAME_BYTES_MAX + 1]; /* the member that refused it; empty: this one */
};

/* All are required. */
struct call_group_ops {
	int64_t (*now_us)(void *context); /* of a clock that does not jump */
	uint64_t (*now_s)(void *context); /* since 1970 */
	/* Returns 0, or a negative errno: it did not go out, and is tried again later. */
	int (*send)(void *context, const struct call_order *order);
	/* A new epoch, before its first message: media are sealed with it from now on. */
	void (*epoch)(void *context, const struct call_epoch *epoch);
	void (*state)(void *context, enum call_state state, enum call_reason reason);
	void (*refused)(void *context, const struct call_refusal *refusal);
};

struct call_psk {
	struct mls_bytes id;
	struct mls_bytes secret;
};

/* What is pointed to is lent for the life of the group, but for the meeting's name. */
struct call_group_config {
	const char *meeting; /* 1 to CALL_MEETING_BYTES_MAX bytes */
	enum call_policy policy;
	enum sframe_suite suite;
	const struct mls_credential *credential; /* NULL: there is none */
	const struct mls_signer *signer;         /* NULL: likewise */
	struct mls_trust *trust;
	const struct call_psk *psk; /* NULL: none */
	uint64_t built_s;           /* no right clock shows less */
	const struct call_group_ops *ops;
	void *context;
};

/* Outside of any meeting. Returns 0, -EINVAL (the meeting's name) or -ENOMEM. */
int call_group_create(const struct call_group_config *config, struct call_group **ret_group)
	__attribute__((warn_unused_result));

/* Wipes all keys. NULL is allowed. */
void call_group_destroy(struct call_group *group);

/* The hub took this member in; resumed: to the seat it had. The roster, commits and the door follow. */
void call_group_joined(struct call_group *group, uint16_t number, bool resumed);

/* The connection is gone; what was ordered has no answer. */
void call_group_lost(struct call_group *group);

struct call_seat {
	uint16_t number;
	bool is_here; /* false: its seat is kept for it */
};

/* At most CALL_SEATS_MAX; more are passed over. */
void call_group_roster(struct call_group *group, const struct call_seat *seats, size_t n);

enum call_door_state {
	CALL_DOOR_NONE,  /* there is no group */
	CALL_DOOR_CLEAR, /* the meeting is not encrypted */
	CALL_DOOR_OPEN,
	CALL_DOOR_VACANT, /* there is a group, and nobody at its door */
};

struct call_door {
	enum call_door_state state;
	uint64_t epoch;                    /* open, vacant */
	uint16_t member;                   /* open */
	uint8_t key[MLS_PUBLIC_KEY_BYTES]; /* open */
	uint16_t passed[CALL_JOINERS_MAX]; /* vacant: who is not asked to take it */
	size_t n_passed;
};

void call_group_door(struct call_group *group, const struct call_door *door);

void call_group_knock(struct call_group *group, uint16_t member, struct mls_bytes sealed);
void call_group_commit(struct call_group *group, uint64_t epoch, struct mls_bytes commit);
void call_group_welcome(struct call_group *group, uint64_t epoch, struct mls_bytes welcome);
void call_group_tell(struct call_group *group, uint16_t member, struct mls_bytes message);
void call_group_refused(struct call_group *group, enum call_reason reason);

/* The hub's answer to the oldest order of that kind that has none; code: enum call_answer. */
void call_group_answer(struct call_group *group, enum call_order_kind kind, int code);

/* Media of this meeting cannot be opened for long: joins anew. Passed over outside of the group. */
void call_group_rejoin(struct call_group *group);

/* Does what is due. Returns when it wants to be called again at the latest; INT64_MAX: not by itself. */
int64_t call_group_tick(struct call_group *group);

/* The epoch this member's group is at, for resuming. False: it is in none. */
bool call_group_epoch(const struct call_group *group, uint64_t *ret_epoch);

/* Since the group was created. */
struct call_counters {
	uint64_t epochs;
	uint64_t rejoins;      /* a commit was missed or bad */
	uint64_t lost_commits; /* another was first */
	uint64_t replayed;     /* commits of an epoch gone by, and knocks */
	uint64_t
		forged; /* messages and Welcomes that cannot be opened, or lie about who sent them */
	uint64_t refused; /* knocks that were answered with no */
};

struct call_counters call_group_counters(const struct call_group *group);

#endif
