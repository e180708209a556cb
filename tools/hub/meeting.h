/*
 * The hub's meetings, their members and the members' seats (PROTOCOL.md, section 2, `join`).
 *
 * A meeting begins with its first member and ends with its last; a member whose control socket is
 * lost keeps its seat for 30 s. It knows no sockets: what goes out is put in outboxes, which are
 * borrowed until meeting_lost() or the member's end. Belongs to the hub's one thread.
 */
#ifndef BALAI_HUB_MEETING_H
#define BALAI_HUB_MEETING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/hub/delivery.h"
#include "tools/hub/relay.h"
#include "tools/hub/shared.h"

#define MEETING_SEAT_KEPT_US (30 * CLOCK_US_PER_S)
/* The same where others wait to be let in and nobody is here who could do that. */
#define MEETING_GROUP_SEAT_KEPT_US (5 * CLOCK_US_PER_S)
/* A roster goes to all of a meeting at most so often. */
#define MEETING_ROSTER_EVERY_US (100 * CLOCK_US_PER_MS)

struct meetings;

struct member;

/* members_max: a meeting, 1..MESSAGE_MEMBERS_MAX. 0 and *ret_meetings, or -ENOMEM. */
int meetings_create(struct shared *shared, size_t meetings_max, size_t members_max,
		    struct meetings **ret_meetings) __attribute__((warn_unused_result));

/* All members leave; NULL is allowed. */
void meetings_destroy(struct meetings *meetings);

/*
 * `room` (its certificate's name) joins, or takes its seat again where `join` names a seat that is
 * kept and that room's; earlier sockets of the seat end with 4001. Returns 0 and hands over a
 * reference to *ret_member; -ENOSPC when the meeting is full, -ENFILE when there are too many
 * meetings, -ENOMEM.
 */
int meeting_join(struct meetings *meetings, const struct message_join *join, const char *room,
		 struct outbox *control, struct member **ret_member, bool *ret_resumed)
	__attribute__((warn_unused_result));

/*
 * After the answer to its join: tells the roster to the member at once, to the others soon; then
 * the commits that it missed since the epoch in `join`, and the door.
 */
void meeting_announce(struct member *member, const struct message_join *join);

/*
 * The pictures socket of a seat; an earlier one ends with 4001. Returns 0 and hands over a
 * reference to *ret_member, or -ENOENT when `room` has no such seat.
 */
int meeting_attach(struct meetings *meetings, const char *seat, const char *room,
		   struct outbox *pictures, struct member **ret_member)
	__attribute__((warn_unused_result));

/* The tracks of the member changed: all are told. */
void meeting_changed(struct member *member);

/* Its sockets end with `code`, its seat is gone. */
void meeting_leave(struct member *member, int code, const char *reason);

/*
 * The socket of `outbox` is lost. Nothing happens where another socket has taken its place. The
 * outbox may be destroyed after this.
 */
void meeting_lost(struct member *member, const struct outbox *outbox);

/* False when the member has left or another socket has taken the place of `outbox`. */
bool member_has(const struct member *member, const struct outbox *outbox);

uint16_t member_number(const struct member *member);
const char *member_seat(const struct member *member);
const char *member_meeting(const struct member *member);
struct relay_peer *member_peer(const struct member *member);
struct relay *member_relay(const struct member *member);
struct delivery_peer *member_group_peer(const struct member *member);

/* NULL is allowed. */
void member_unref(struct member *member);

/* Does what is due in all meetings: to be called about every 100 ms. */
void meetings_run(struct meetings *meetings);

/* Lets go all that is kept for those who start to want it, or come back. */
void meetings_forget_kept(struct meetings *meetings);

#endif
