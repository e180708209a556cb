#include <jansson.h>

#include "meeting/message_write.h"

static json_t *write_bytes(const struct message_text *text)
{
	return json_stringn(text->text, text->length);
}

static json_t *write_members(const uint16_t *members, size_t count)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < count; i++)
		array = message_append(array, json_integer(members[i]));
	return array;
}

/* A request has no member, and its object is as it was. */
static json_t *set_member(json_t *object, uint16_t member)
{
	return member == 0 ? object : message_set(object, "member", json_integer(member));
}

json_t *message_write_open(const struct message *message)
{
	if (message->open.clear)
		return json_pack("{s:b}", "clear", true);
	return json_pack("{s:o}", "key", write_bytes(&message->open.key));
}

json_t *message_write_key(const struct message *message)
{
	return json_pack("{s:o}", "key", write_bytes(&message->key.key));
}

json_t *message_write_door(const struct message *message)
{
	const struct message_door *door = &message->door;
	json_t *json = json_pack("{s:s}", "state", message_door_text(door->state));

	if (door->state != MESSAGE_DOOR_OPEN)
		return json;
	json = message_set(json, "epoch", json_integer((json_int_t)door->epoch));
	json = message_set(json, "passed", write_members(door->passed, door->passed_count));
	if (door->member == 0)
		return json;
	json = message_set(json, "key", write_bytes(&door->key));
	return set_member(json, door->member);
}

json_t *message_write_knock(const struct message *message)
{
	json_t *json = json_pack("{s:o}", "package", write_bytes(&message->knock.package));

	return set_member(json, message->knock.member);
}

json_t *message_write_commit(const struct message *message)
{
	const struct message_commit *commit = &message->commit;
	json_t *json = json_pack("{s:I, s:o}", "epoch", (json_int_t)commit->epoch, "commit",
				 write_bytes(&commit->commit));

	if (commit->welcome.length == 0)
		return json;
	json = message_set(json, "welcome", write_bytes(&commit->welcome));
	return message_set(json, "members", write_members(commit->members, commit->member_count));
}

json_t *message_write_tell(const struct message *message)
{
	json_t *json = json_pack("{s:o}", "message", write_bytes(&message->tell.message));

	return set_member(json, message->tell.member);
}

json_t *message_write_refuse(const struct message *message)
{
	json_t *json = json_pack("{s:s}", "reason", message_reason_text(message->refuse.reason));

	return set_member(json, message->refuse.member);
}

json_t *message_write_welcome(const struct message *message)
{
	return json_pack("{s:I, s:o}", "epoch", (json_int_t)message->welcome.epoch, "welcome",
			 write_bytes(&message->welcome.welcome));
}
