#include <jansson.h>
#include <string.h>

#include "base/base64url.h"
#include "meeting/message_read.h"

static bool read_epoch(const struct node *object, uint64_t *ret_epoch)
{
	int64_t epoch = 0;

	if (!node_read_integer(object, "epoch", 0, INT64_MAX, &epoch))
		return false;
	*ret_epoch = (uint64_t)epoch;
	return true;
}

/* Lent by the node. */
static bool read_bytes(const struct node *object, const char *name, size_t maximum,
		       struct message_text *ret_text)
{
	struct node node = node_member(object, name);
	size_t length;

	if (!node_expect(&node, JSON_STRING, "a string"))
		return false;
	ret_text->text = json_string_value(node.value);
	ret_text->length = json_string_length(node.value);
	if (base64url_check(ret_text->text, ret_text->length, &length) < 0 || length == 0)
		return node_refuse(&node, MESSAGE_CODE_PARAMS, "not base64url");
	if (length > maximum)
		return node_refuse(&node, MESSAGE_CODE_LIMIT, "%zu bytes, at most %zu are allowed",
				   length, maximum);
	return true;
}

static bool read_key(const struct node *object, struct message_text *ret_key)
{
	struct node node = node_member(object, "key");

	if (!read_bytes(object, "key", MESSAGE_KEY_BYTES, ret_key))
		return false;
	if (ret_key->length != BASE64URL_TEXT_LENGTH(MESSAGE_KEY_BYTES))
		return node_refuse(&node, MESSAGE_CODE_PARAMS, "not a key: 65 bytes");
	return true;
}

/* Numbers of members, all different. */
static bool read_members(const struct node *object, const char *name, size_t maximum,
			 uint16_t *ret_members, size_t *ret_count)
{
	struct node array;
	struct node node;
	int64_t member;
	size_t count;
	size_t i;
	size_t j;

	if (!node_read_array(object, name, maximum, &array))
		return false;
	count = json_array_size(array.value);
	for (i = 0; i < count; i++) {
		node = node_element(&array, i);
		if (!node_integer(&node, 1, UINT16_MAX, &member))
			return false;
		for (j = 0; j < i; j++)
			if (ret_members[j] == member)
				return node_refuse(&node, MESSAGE_CODE_PARAMS, "told twice");
		ret_members[i] = (uint16_t)member;
	}
	*ret_count = count;
	return true;
}

bool message_read_open(const struct node *object, struct message *message)
{
	struct message_open *open = &message->open;
	struct node clear = node_member(object, "clear");

	*open = (struct message_open){.clear = json_is_true(clear.value)};
	if (clear.value == NULL)
		return read_key(object, &open->key);
	if (!open->clear)
		return node_refuse(&clear, MESSAGE_CODE_PARAMS, "not true");
	if (json_object_get(object->value, "key") != NULL)
		return node_refuse(&clear, MESSAGE_CODE_PARAMS, "with a key");
	return true;
}

bool message_read_key(const struct node *object, struct message *message)
{
	return read_key(object, &message->key.key);
}

static const char *door_text(int state)
{
	return message_door_text((enum message_door_state)state);
}

static bool read_open_door(const struct node *object, struct message_door *door)
{
	bool has_member = json_object_get(object->value, "member") != NULL;

	return read_epoch(object, &door->epoch) &&
	       read_members(object, "passed", MESSAGE_MEMBERS_MAX, door->passed,
			    &door->passed_count) &&
	       (!has_member || (message_read_number(object, "member", &door->member) &&
				read_key(object, &door->key)));
}

bool message_read_door(const struct node *object, struct message *message)
{
	struct message_door *door = &message->door;
	int state;

	*door = (struct message_door){.state = MESSAGE_DOOR_NONE};
	if (!node_read_choice(object, "state", door_text, MESSAGE_DOOR_STATES,
			      "none, clear or open", &state))
		return false;
	door->state = (enum message_door_state)state;
	return door->state != MESSAGE_DOOR_OPEN || read_open_door(object, door);
}

bool message_read_package(const struct node *object, struct message *message)
{
	message->knock.member = 0;
	return read_bytes(object, "package", MESSAGE_PACKAGE_BYTES_MAX, &message->knock.package);
}

bool message_read_knock(const struct node *object, struct message *message)
{
	return message_read_package(object, message) &&
	       message_read_number(object, "member", &message->knock.member);
}

bool message_read_committed(const struct node *object, struct message *message)
{
	struct message_commit *commit = &message->commit;

	*commit = (struct message_commit){.epoch = 0};
	return read_epoch(object, &commit->epoch) &&
	       read_bytes(object, "commit", MESSAGE_COMMIT_BYTES_MAX, &commit->commit);
}

bool message_read_commit(const struct node *object, struct message *message)
{
	struct message_commit *commit = &message->commit;
	struct node welcome = node_member(object, "welcome");

	if (!message_read_committed(object, message))
		return false;
	if (welcome.value == NULL && json_object_get(object->value, "members") == NULL)
		return true;
	if (!read_bytes(object, "welcome", MESSAGE_WELCOME_BYTES_MAX, &commit->welcome) ||
	    !read_members(object, "members", MESSAGE_WELCOMED_MAX, commit->members,
			  &commit->member_count))
		return false;
	return commit->member_count > 0 ||
	       node_refuse(&welcome, MESSAGE_CODE_PARAMS, "for no member");
}

bool message_read_tell(const struct node *object, struct message *message)
{
	message->tell.member = 0;
	return read_bytes(object, "message", MESSAGE_TELL_BYTES_MAX, &message->tell.message);
}

bool message_read_told(const struct node *object, struct message *message)
{
	return message_read_tell(object, message) &&
	       message_read_number(object, "member", &message->tell.member);
}

static const char *reason_text(int reason)
{
	return message_reason_text((enum message_reason)reason);
}

bool message_read_refused(const struct node *object, struct message *message)
{
	int reason;

	if (!node_read_choice(object, "reason", reason_text, MESSAGE_REASONS, "a reason", &reason))
		return false;
	message->refuse = (struct message_refuse){.reason = (enum message_reason)reason};
	return true;
}

bool message_read_refuse(const struct node *object, struct message *message)
{
	return message_read_refused(object, message) &&
	       message_read_number(object, "member", &message->refuse.member);
}

bool message_read_welcome(const struct node *object, struct message *message)
{
	struct message_welcome *welcome = &message->welcome;

	return read_epoch(object, &welcome->epoch) &&
	       read_bytes(object, "welcome", MESSAGE_WELCOME_BYTES_MAX, &welcome->welcome);
}
