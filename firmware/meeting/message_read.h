/*
 * How message_parse() reads the params or the result of each method: the meeting's (message_read.c)
 * and those of its secrecy (message_read_group.c). PROTOCOL.md, sections 2 and 6.
 *
 * Each sets its member of `message` and returns true, or sets the node's fault and returns false.
 * What is read of a text of bytes is lent by the node's value.
 */
#ifndef BALAI_MEETING_MESSAGE_READ_H
#define BALAI_MEETING_MESSAGE_READ_H

#include "meeting/message.h"
#include "meeting/node.h"

/* A track's or a member's number. */
bool message_read_number(const struct node *object, const char *name, uint16_t *ret_number);

bool message_read_join(const struct node *object, struct message *message);
bool message_read_joined(const struct node *object, struct message *message);
bool message_read_attach(const struct node *object, struct message *message);
bool message_read_attached(const struct node *object, struct message *message);
bool message_read_publish(const struct node *object, struct message *message);
bool message_read_published(const struct node *object, struct message *message);
bool message_read_want(const struct node *object, struct message *message);
bool message_read_keyframe(const struct node *object, struct message *message);
bool message_read_time(const struct node *object, struct message *message);
bool message_read_report(const struct node *object, struct message *message);
bool message_read_delay(const struct node *object, struct message *message);
bool message_read_roster(const struct node *object, struct message *message);

/* A request's, and the notification's of the same name. */
bool message_read_open(const struct node *object, struct message *message);
bool message_read_key(const struct node *object, struct message *message);
bool message_read_door(const struct node *object, struct message *message);
bool message_read_package(const struct node *object, struct message *message);
bool message_read_knock(const struct node *object, struct message *message);
bool message_read_commit(const struct node *object, struct message *message);
bool message_read_committed(const struct node *object, struct message *message);
bool message_read_tell(const struct node *object, struct message *message);
bool message_read_told(const struct node *object, struct message *message);
bool message_read_refuse(const struct node *object, struct message *message);
bool message_read_refused(const struct node *object, struct message *message);
bool message_read_welcome(const struct node *object, struct message *message);

#endif
