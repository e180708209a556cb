#include "tools/hub/meeting.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "tools/hub/member.h"
#include "tools/hub/seat.h"

enum { MEMBER_NUMBER_MAX = 65535 };

/* FNV-1a. Seats are random, names are few: neither can be made to collide at a cost worth it. */
static size_t bucket_of(const char *text)
{
	uint32_t hash = 2166136261U;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 16777619U;
	return hash % MEETING_BUCKETS;
}

int meetings_create(struct shared *shared, size_t meetings_max, size_t members_max,
		    struct meetings **ret_meetings)
{
	struct meetings *meetings = calloc(1, sizeof(*meetings));

	if (!meetings)
		return -ENOMEM;
	meetings->shared = shared;
	meetings->meetings_max = meetings_max;
	meetings->members_max = members_max;
	*ret_meetings = meetings;
	return 0;
}

static void end_sockets(struct member *member, int code, const char *reason)
{
	int i;

	for (i = 0; i < RELAY_SOCKETS; i++) {
		if (!member->outboxes[i])
			continue;
		relay_connect(member->peer, (enum relay_socket)i, NULL);
		outbox_end(member->outboxes[i], code, reason);
		member->outboxes[i] = NULL;
		if (i == RELAY_CONTROL)
			delivery_connect(member->group_peer, NULL);
	}
}

static struct meeting *find_meeting(const struct meetings *meetings, const char *name)
{
	struct meeting *meeting = meetings->buckets[bucket_of(name)];

	while (meeting && strcmp(meeting->name, name) != 0)
		meeting = meeting->next;
	return meeting;
}

static void introduce(void *context, struct outbox *keeper)
{
	struct meeting *meeting = context;

	if (meeting->tell)
		roster_send(meeting, keeper);
}

static void free_meeting(struct meeting *meeting)
{
	delivery_destroy(meeting->delivery);
	relay_destroy(meeting->relay);
	packet_unref(meeting->roster);
	free(meeting);
}

static int create_meeting(struct meetings *meetings, const char *name, struct meeting **ret_meeting)
{
	struct meeting *meeting = calloc(1, sizeof(*meeting));
	struct delivery_owner owner = {.introduce = introduce, .context = meeting};

	if (!meeting)
		return -ENOMEM;
	snprintf(meeting->name, sizeof(meeting->name), "%s", name);
	owner.meeting = meeting->name;
	meeting->all = meetings;
	if (relay_create(meetings->shared, &meeting->relay) < 0 ||
	    delivery_create(meetings->shared, &owner, &meeting->delivery) < 0) {
		free_meeting(meeting);
		return -ENOMEM;
	}
	*ret_meeting = meeting;
	return 0;
}

static int open_meeting(struct meetings *meetings, const char *name, struct meeting **ret_meeting)
{
	struct meeting **bucket = &meetings->buckets[bucket_of(name)];
	int r;

	if (meetings->shared->metrics.meetings == meetings->meetings_max)
		return -ENFILE;
	r = create_meeting(meetings, name, ret_meeting);
	if (r < 0)
		return r;
	(*ret_meeting)->next = *bucket;
	*bucket = *ret_meeting;
	meetings->shared->metrics.meetings++;
	return 0;
}

static void close_if_empty(struct meeting *meeting)
{
	struct meeting **place = &meeting->all->buckets[bucket_of(meeting->name)];

	if (meeting->member_count > 0)
		return;
	while (*place != meeting)
		place = &(*place)->next;
	*place = meeting->next;
	meeting->all->shared->metrics.meetings--;
	free_meeting(meeting);
}

static struct member *find_seat(const struct meetings *meetings, const char *seat, const char *room)
{
	struct member *member;

	for (member = meetings->seats[bucket_of(seat)]; member; member = member->next_seat)
		if (seat_is_same(member->seat, seat))
			return strcmp(member->room, room) == 0 ? member : NULL;
	return NULL;
}

static void link_member(struct member *member)
{
	struct meeting *meeting = member->meeting;
	struct member **seat = &meeting->all->seats[bucket_of(member->seat)];
	struct member **last = &meeting->members;

	while (*last)
		last = &(*last)->next;
	*last = member;
	member->next_seat = *seat;
	*seat = member;
	meeting->member_count++;
	meeting->all->shared->metrics.members++;
}

static void unlink_member(struct member *member)
{
	struct meeting *meeting = member->meeting;
	struct member **seat = &meeting->all->seats[bucket_of(member->seat)];
	struct member **place = &meeting->members;

	while (*place != member)
		place = &(*place)->next;
	*place = member->next;
	while (*seat != member)
		seat = &(*seat)->next_seat;
	*seat = member->next_seat;
	meeting->member_count--;
	meeting->all->shared->metrics.members--;
}

static int add_member(struct meeting *meeting, const char *room, struct member **ret_member)
{
	struct member *member;

	if (meeting->member_count == meeting->all->members_max ||
	    meeting->newest == MEMBER_NUMBER_MAX)
		return -ENOSPC;
	member = calloc(1, sizeof(*member));
	if (!member)
		return -ENOMEM;
	member->number = meeting->newest + 1;
	if (seat_make(member->seat) < 0 || relay_add(meeting->relay, &member->peer) < 0 ||
	    delivery_add(meeting->delivery, member->number, &member->group_peer) < 0) {
		relay_remove(member->peer);
		free(member);
		return -ENOMEM;
	}
	meeting->newest = member->number;
	member->references = 1;
	snprintf(member->room, sizeof(member->room), "%s", room);
	member->meeting = meeting;
	link_member(member);
	*ret_member = member;
	return 0;
}

static int join_anew(struct meetings *meetings, const char *name, const char *room,
		     struct member **ret_member)
{
	struct meeting *meeting = find_meeting(meetings, name);
	int r;

	if (!meeting) {
		r = open_meeting(meetings, name, &meeting);
		if (r < 0)
			return r;
	}
	r = add_member(meeting, room, ret_member);
	if (r < 0)
		close_if_empty(meeting);
	return r;
}

static struct member *take_seat(struct meetings *meetings, const struct message_join *join,
				const char *room)
{
	struct member *member;

	if (join->resume[0] == '\0')
		return NULL;
	member = find_seat(meetings, join->resume, room);
	if (!member || strcmp(member->meeting->name, join->meeting) != 0)
		return NULL;
	end_sockets(member, 4001, "taken up by a newer connection");
	return member;
}

static void connect_socket(struct member *member, enum relay_socket socket, struct outbox *outbox)
{
	member->references++;
	member->outboxes[socket] = outbox;
	relay_connect(member->peer, socket, outbox);
	if (socket == RELAY_CONTROL)
		delivery_connect(member->group_peer, outbox);
}

int meeting_join(struct meetings *meetings, const struct message_join *join, const char *room,
		 struct outbox *control, struct member **ret_member, bool *ret_resumed)
{
	struct member *member = take_seat(meetings, join, room);
	bool resumed = member;
	int r;

	if (!member) {
		r = join_anew(meetings, join->meeting, room, &member);
		if (r < 0)
			return r;
	}
	connect_socket(member, RELAY_CONTROL, control);
	*ret_member = member;
	*ret_resumed = resumed;
	return 0;
}

void meeting_announce(struct member *member, const struct message_join *join)
{
	roster_changed(member->meeting);
	if (member->meeting->tell)
		roster_send(member->meeting, member->outboxes[RELAY_CONTROL]);
	delivery_greet(member->group_peer, join->has_epoch, join->epoch);
}

int meeting_attach(struct meetings *meetings, const char *seat, const char *room,
		   struct outbox *pictures, struct member **ret_member)
{
	struct member *member = find_seat(meetings, seat, room);
	struct outbox *before;

	if (!member)
		return -ENOENT;
	before = member->outboxes[RELAY_PICTURES];
	if (before) {
		relay_connect(member->peer, RELAY_PICTURES, NULL);
		outbox_end(before, 4001, "taken up by a newer connection");
	}
	connect_socket(member, RELAY_PICTURES, pictures);
	*ret_member = member;
	return 0;
}

void meeting_changed(struct member *member)
{
	roster_changed(member->meeting);
}

/* The meeting is left as it is. */
static void retire(struct member *member, int code, const char *reason)
{
	end_sockets(member, code, reason);
	delivery_remove(member->group_peer);
	relay_remove(member->peer);
	member->group_peer = NULL;
	member->peer = NULL;
	member->meeting = NULL;
	member_unref(member);
}

void meeting_leave(struct member *member, int code, const char *reason)
{
	struct meeting *meeting = member->meeting;

	if (!meeting)
		return;
	unlink_member(member);
	retire(member, code, reason);
	roster_changed(meeting);
	close_if_empty(meeting);
}

bool member_has(const struct member *member, const struct outbox *outbox)
{
	return member->outboxes[RELAY_CONTROL] == outbox ||
	       member->outboxes[RELAY_PICTURES] == outbox;
}

void meeting_lost(struct member *member, const struct outbox *outbox)
{
	enum relay_socket socket;

	if (!member_has(member, outbox))
		return;
	socket = member->outboxes[RELAY_CONTROL] == outbox ? RELAY_CONTROL : RELAY_PICTURES;
	relay_connect(member->peer, socket, NULL);
	member->outboxes[socket] = NULL;
	if (socket == RELAY_CONTROL) {
		member->lost_us = shared_now_us(member->meeting->all->shared);
		delivery_connect(member->group_peer, NULL);
		roster_changed(member->meeting);
	}
}

uint16_t member_number(const struct member *member)
{
	return member->number;
}

const char *member_seat(const struct member *member)
{
	return member->seat;
}

const char *member_meeting(const struct member *member)
{
	return member->meeting->name;
}

struct relay_peer *member_peer(const struct member *member)
{
	return member->peer;
}

struct relay *member_relay(const struct member *member)
{
	return member->meeting->relay;
}

struct delivery_peer *member_group_peer(const struct member *member)
{
	return member->group_peer;
}

void member_unref(struct member *member)
{
	if (member && --member->references == 0)
		free(member);
}

static int64_t seat_kept_us(const struct member *member)
{
	return delivery_is_stuck(member->meeting->delivery) && delivery_has(member->group_peer)
		       ? MEETING_GROUP_SEAT_KEPT_US
		       : MEETING_SEAT_KEPT_US;
}

/* The meeting may be gone after this. */
static void run_meeting(struct meeting *meeting, int64_t now_us)
{
	struct member *member, *next;

	relay_run(meeting->relay);
	delivery_run(meeting->delivery);
	roster_tell(meeting);
	for (member = meeting->members; member; member = next) {
		next = member->next;
		if (!member->outboxes[RELAY_CONTROL] &&
		    now_us - member->lost_us >= seat_kept_us(member)) {
			log_info("hub", "%s did not come back to %s", member->room, meeting->name);
			meeting_leave(member, 1000, "the seat was not taken up again");
		}
	}
}

void meetings_run(struct meetings *meetings)
{
	int64_t now_us = shared_now_us(meetings->shared);
	struct meeting *meeting, *next;
	size_t i;

	for (i = 0; i < MEETING_BUCKETS; i++)
		for (meeting = meetings->buckets[i]; meeting; meeting = next) {
			next = meeting->next;
			run_meeting(meeting, now_us);
		}
}

void meetings_forget_kept(struct meetings *meetings)
{
	struct meeting *meeting;
	size_t i;

	for (i = 0; i < MEETING_BUCKETS; i++)
		for (meeting = meetings->buckets[i]; meeting; meeting = meeting->next) {
			relay_forget_groups(meeting->relay);
			delivery_forget_commits(meeting->delivery);
		}
}

static void end_meeting(struct meeting *meeting)
{
	struct member *member, *next;

	for (member = meeting->members; member; member = next) {
		next = member->next;
		retire(member, 1001, "the hub stops");
	}
	free_meeting(meeting);
}

void meetings_destroy(struct meetings *meetings)
{
	struct meeting *meeting, *next;
	size_t i;

	if (!meetings)
		return;
	for (i = 0; i < MEETING_BUCKETS; i++)
		for (meeting = meetings->buckets[i]; meeting; meeting = next) {
			next = meeting->next;
			end_meeting(meeting);
		}
	free(meetings);
}
