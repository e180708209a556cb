/*
 * Between what the meeting says (meeting/meeting.h) and what the group hears (e2ee/call_group.h),
 * which know nothing of one another. Any thread; a group's own at a time.
 */
#ifndef BALAI_ROOM_SECRECY_WIRE_H
#define BALAI_ROOM_SECRECY_WIRE_H

#include "e2ee/call_group.h"
#include "meeting/meeting.h"

/* Something that the meeting said, until the group hears it. */
struct incident;

/* Copied. NULL without memory; given to free(). */
struct incident *incident_of_group(const struct meeting_group_event *event);
struct incident *incident_of_roster(const struct message_roster *roster);

/* Whether the hub has just taken this member in. */
bool incident_is_join(const struct incident *incident);

void incident_tell(const struct incident *incident, struct call_group *group);

/* Lends what `order` points to. */
struct meeting_group_order wire_order(const struct call_order *order);

#endif
