/*
 * The insides of meetings: meeting.c keeps them, roster.c tells of them.
 */
#ifndef BALAI_HUB_MEMBER_H
#define BALAI_HUB_MEMBER_H

#include "tools/hub/meeting.h"

#define MEETING_BUCKETS 1024

struct member {
	unsigned int references; /* the meeting's until it leaves, and its sockets' */
	uint16_t number;
	char room[MESSAGE_NAME_BYTES_MAX + 1];
	char seat[MESSAGE_SEAT_BYTES + 1];
	struct meeting *meeting;  /* NULL: it has left */
	struct member *next;      /* in the meeting, rising numbers */
	struct member *next_seat; /* in the bucket of its seat */
	struct outbox *outboxes[RELAY_SOCKETS];
	struct relay_peer *peer;
	struct delivery_peer *group_peer;
	int64_t lost_us; /* when the control socket was lost; matters while there is none */
};

struct meeting {
	char name[MESSAGE_MEETING_BYTES_MAX + 1];
	struct meetings *all;
	struct meeting *next; /* in its bucket */
	struct relay *relay;
	struct delivery *delivery;
	struct member *members;
	size_t member_count;
	uint16_t newest;       /* member number given last */
	struct packet *roster; /* NULL: to be written anew */
	bool tell;             /* it changed, not all have been told */
	int64_t tell_again_us; /* not before */
};

struct meetings {
	struct shared *shared;
	size_t meetings_max;
	size_t members_max;
	struct meeting *buckets[MEETING_BUCKETS]; /* by name */
	struct member *seats[MEETING_BUCKETS];
};

/* Members, or what they offer, changed: all of the meeting are told, now or soon. */
void roster_changed(struct meeting *meeting);

/* Tells all that are yet to be told, where it is time. */
void roster_tell(struct meeting *meeting);

/* The roster as it is now. */
void roster_send(struct meeting *meeting, struct outbox *outbox);

#endif
