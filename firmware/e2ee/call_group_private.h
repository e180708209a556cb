/* What the files of call_group.h share. */
#ifndef BALAI_E2EE_CALL_GROUP_PRIVATE_H
#define BALAI_E2EE_CALL_GROUP_PRIVATE_H

#include "e2ee/call_group.h"
#include "e2ee/call_people.h"
#include "e2ee/mls_group.h"

#define CALL_NEVER INT64_MAX
#define CALL_SECOND_US INT64_C(1000000)

/* Each member that is to step in for another waits so much longer than the one before it. */
#define CALL_STEP_US (2 * CALL_SECOND_US)
/* An answer, a Welcome or the winner's commit that takes longer will not come. */
#define CALL_PATIENCE_US (10 * CALL_SECOND_US)
#define CALL_BACKOFF_US_MAX (30 * CALL_SECOND_US)

#define CALL_KNOCKERS_MAX 128
#define CALL_SEEN_MAX 256
#define CALL_GROUP_ID_BYTES 32
#define CALL_GROUP_ID_MEETING_BYTES 16 /* of them tell the meeting, the others are random */

/* What the hub said last. */
struct call_hub {
	bool is_joined;
	bool is_resuming; /* until the door follows; commits may be this member's own */
	bool has_roster;
	bool has_door;
	uint16_t number; /* this member's */
	struct call_seat seats[CALL_SEATS_MAX];
	size_t n_seats;
	struct call_door door;
};

/* On the way into the group. */
struct call_entry {
	struct mls_own_package *package;   /* of the group that is being opened, or of the knock */
	struct mls_group *opening;         /* waits for the hub's answer; or NULL */
	bool has_asked;                    /* to be let in, since it took its seat */
	uint8_t key[MLS_PUBLIC_KEY_BYTES]; /* of the door, to which it knocked last */
	bool is_at_new_door;               /* it knocked at another before that */
	bool is_to_tell;                   /* the hub believes this member to be in the group */
	enum call_reason why;              /* it left it */
	int64_t left_us;
	int64_t backoff_us;
	int64_t retry_us;
};

struct call_knocker {
	uint16_t number;
	bool is_in_commit; /* that waits for its answer */
	struct mls_writer package;
};

/* What a member of the group does for it. */
struct call_keeping {
	bool has_pair; /* this member has the door, or has asked for it */
	struct mls_key_pair pair;
	bool is_door_asked;
	bool is_commit_asked;
	struct mls_writer commit; /* that waits for its answer */
	uint64_t commit_epoch;    /* in which it was made */
	int64_t behind_us;        /* another's commit was first and has to come by then */
	int64_t since_us;         /* there is something to do */
	int64_t pause_us;         /* until then, since something failed */
	size_t batch;             /* joiners by one commit */
	struct call_knocker knockers[CALL_KNOCKERS_MAX]; /* the first has waited longest */
	size_t n_knockers;
	uint8_t seen[CALL_SEEN_MAX][MLS_HASH_BYTES]; /* of key packages that were admitted */
	size_t n_seen;                               /* ever; the oldest are overwritten */
};

struct call_group {
	struct call_group_config config;
	char meeting[CALL_MEETING_BYTES_MAX + 1];
	struct mls_member member;
	struct call_people *people;
	enum call_state state;
	enum call_reason reason;
	struct call_hub hub;
	struct call_entry entry;
	struct call_keeping keeping;
	struct mls_group *group; /* NULL: in none */
	struct call_member members[MLS_LEAVES_MAX];
	enum call_reason unwanted[MLS_LEAVES_MAX]; /* of each of them */
	size_t n_members;
	uint8_t last_id[CALL_GROUP_ID_BYTES]; /* of the last epoch that was told */
	uint64_t last_epoch;
	bool has_last;
	bool psk_was_used;
	int64_t forget_us;
	int64_t recheck_us;
	struct call_counters counters;
};

int64_t call_now_us(const struct call_group *group);
uint64_t call_now_s(const struct call_group *group);

/* Tells the state if it is another than before. */
void call_say(struct call_group *group, enum call_state state, enum call_reason reason);

int call_send(const struct call_group *group, const struct call_order *order)
	__attribute__((warn_unused_result));

struct mls_bytes call_meeting(const struct call_group *group);

/* The bytes that a group's id begins with. */
int call_group_id_begin(const struct call_group *group,
			uint8_t ret_begin[CALL_GROUP_ID_MEETING_BYTES])
	__attribute__((warn_unused_result));

/* NULL: nobody in the group has that number. */
const struct call_member *call_find(const struct call_group *group, uint16_t number);

/* On the roster, here or not. */
const struct call_seat *call_seat_of(const struct call_group *group, uint16_t number);

/* Opens, knocks, or goes along with a clear meeting, as the door says; nothing inside of a group. */
void call_enter(struct call_group *group);

/* Out of the group, and on the way in again. */
void call_leave(struct call_group *group, enum call_reason reason);

/* Wipes all of the group and of the way in. */
void call_drop(struct call_group *group);

/* The group that this member opens is the meeting's. */
void call_opened(struct call_group *group);
void call_open_failed(struct call_group *group, int code);
void call_enter_tick(struct call_group *group);

/* Tells the group's new epoch and goes on. */
void call_begin_epoch(struct call_group *group, struct mls_group *mls);

/* Looks whether those in the group may still be. */
void call_recheck(struct call_group *group);

/* Tells that someone is refused, here and to the group. */
void call_tell_refusal(struct call_group *group, const struct call_refusal *refusal);

/* Does what is to be done for the group, as far as it is this member's turn. */
void call_keep(struct call_group *group);
int64_t call_keep_due(const struct call_group *group);
void call_keep_door(struct call_group *group);
void call_keep_roster(struct call_group *group);
void call_door_answered(struct call_group *group, int code);
void call_commit_answered(struct call_group *group, int code);
void call_drop_knocker(struct call_keeping *keeping, size_t i);
void call_drop_knockers(struct call_keeping *keeping);

/* This member is the one that admits, by the key that it has. */
bool call_has_door(const struct call_group *group);

/* members[i] is to be put out: its certificate is bad by now, or it has left. */
bool call_is_unwanted(const struct call_group *group, size_t i);

/* Answers a knock with no, and tells all. leaf: who it says it is, or NULL. */
void call_refuse(struct call_group *group, uint16_t number, const struct mls_leaf_node *leaf,
		 enum call_reason reason);

/* Commits what is to be: removals, and who knocked. */
void call_admit(struct call_group *group);

/* The own commit is the epoch's. */
void call_commit_won(struct call_group *group);
/* It is not. */
void call_commit_lost(struct call_group *group);
void call_keeping_init(struct call_keeping *keeping);
void call_keeping_finish(struct call_keeping *keeping);

#endif
