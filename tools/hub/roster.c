#include <stdio.h>

#include "tools/hub/member.h"

static struct packet *current_roster(struct meeting *meeting)
{
	struct message *message = &meeting->all->shared->out;
	struct message_member *entry = message->roster.members;
	const struct member *member;

	if (meeting->roster)
		return meeting->roster;
	message->form = MESSAGE_NOTIFICATION;
	message->method = MESSAGE_ROSTER;
	message->roster.count = meeting->member_count;
	for (member = meeting->members; member; member = member->next, entry++) {
		entry->member = member->number;
		snprintf(entry->name, sizeof(entry->name), "%s", member->room);
		entry->here = member->outboxes[RELAY_CONTROL];
		relay_describe(member->peer, entry);
	}
	if (shared_text(meeting->all->shared, message, &meeting->roster) < 0)
		return NULL;
	return meeting->roster;
}

void roster_send(struct meeting *meeting, struct outbox *outbox)
{
	struct packet *roster = current_roster(meeting);

	if (roster)
		outbox_roster(outbox, roster);
	else
		outbox_end(outbox, 1013, "no memory");
}

void roster_tell(struct meeting *meeting)
{
	int64_t now_us = shared_now_us(meeting->all->shared);
	const struct member *member;

	if (!meeting->tell || now_us < meeting->tell_again_us)
		return;
	meeting->tell = false;
	meeting->tell_again_us = now_us + MEETING_ROSTER_EVERY_US;
	for (member = meeting->members; member; member = member->next)
		if (member->outboxes[RELAY_CONTROL])
			roster_send(meeting, member->outboxes[RELAY_CONTROL]);
}

void roster_changed(struct meeting *meeting)
{
	packet_unref(meeting->roster);
	meeting->roster = NULL;
	meeting->tell = true;
	roster_tell(meeting);
}
