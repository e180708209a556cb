/*
 * How message_write() makes the params of the messages of a meeting's secrecy
 * (message_write_group.c), and what its writers share. PROTOCOL.md, section 6.
 *
 * Each returns a new value, or NULL without memory. jansson refuses a NULL value where one is set
 * or appended and fails then, so that one check at the end of a chain is enough.
 */
#ifndef BALAI_MEETING_MESSAGE_WRITE_H
#define BALAI_MEETING_MESSAGE_WRITE_H

#include <jansson.h>

#include "meeting/message.h"

/* Takes `value`, and `array` where it fails. */
json_t *message_append(json_t *array, json_t *value);

/* Takes `value`, and `object` where it fails. */
json_t *message_set(json_t *object, const char *name, json_t *value);

/* A request's, and the notification's of the same name. */
json_t *message_write_open(const struct message *message);
json_t *message_write_key(const struct message *message);
json_t *message_write_door(const struct message *message);
json_t *message_write_knock(const struct message *message);
json_t *message_write_commit(const struct message *message);
json_t *message_write_tell(const struct message *message);
json_t *message_write_refuse(const struct message *message);
json_t *message_write_welcome(const struct message *message);

#endif
