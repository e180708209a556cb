#include "meeting/message.h"

#include <string.h>

#include "base/text.h"

static const char *const kind_texts[MESSAGE_KINDS] = {
	[MESSAGE_CAMERA] = "camera",
	[MESSAGE_SHARE] = "share",
	[MESSAGE_SOUND] = "sound",
};

static const char *const method_texts[MESSAGE_METHODS] = {
	[MESSAGE_JOIN] = "join",         [MESSAGE_ATTACH] = "attach",
	[MESSAGE_PUBLISH] = "publish",   [MESSAGE_WANT] = "want",
	[MESSAGE_KEYFRAME] = "keyframe", [MESSAGE_TIME] = "time",
	[MESSAGE_REPORT] = "report",     [MESSAGE_LEAVE] = "leave",
	[MESSAGE_OPEN] = "open",         [MESSAGE_DOOR] = "door",
	[MESSAGE_KNOCK] = "knock",       [MESSAGE_COMMIT] = "commit",
	[MESSAGE_TELL] = "tell",         [MESSAGE_REFUSE] = "refuse",
	[MESSAGE_ROSTER] = "roster",     [MESSAGE_WELCOME] = "welcome",
	[MESSAGE_REFUSED] = "refused",
};

static const char *const reason_texts[MESSAGE_REASONS] = {
	[MESSAGE_REASON_CERTIFICATE] = "certificate", [MESSAGE_REASON_EXPIRED] = "expired",
	[MESSAGE_REASON_REVOKED] = "revoked",         [MESSAGE_REASON_GUESTS] = "guests",
	[MESSAGE_REASON_BROKEN] = "broken",           [MESSAGE_REASON_FULL] = "full",
};

static const char *const door_texts[MESSAGE_DOOR_STATES] = {
	[MESSAGE_DOOR_NONE] = "none",
	[MESSAGE_DOOR_CLEAR] = "clear",
	[MESSAGE_DOOR_OPEN] = "open",
};

const char *message_kind_text(enum message_kind kind)
{
	return kind_texts[kind];
}

const char *message_method_text(enum message_method method)
{
	return method_texts[method];
}

const char *message_reason_text(enum message_reason reason)
{
	return reason_texts[reason];
}

const char *message_door_text(enum message_door_state state)
{
	return door_texts[state];
}

const char *message_code_text(int code)
{
	switch (code) {
	case MESSAGE_CODE_PARSE:
		return "a message is not JSON";
	case MESSAGE_CODE_INVALID:
		return "a message is not JSON-RPC 2.0";
	case MESSAGE_CODE_METHOD:
		return "unknown method";
	case MESSAGE_CODE_PARAMS:
		return "a member of a message is missing or out of range";
	case MESSAGE_CODE_MEETING_FULL:
		return "the meeting is full";
	case MESSAGE_CODE_HUB_FULL:
		return "the hub has no room for another meeting";
	case MESSAGE_CODE_JOINED:
		return "not joined yet, or joined already";
	case MESSAGE_CODE_NO_TRACK:
		return "no such track";
	case MESSAGE_CODE_NO_SEAT:
		return "no such seat";
	case MESSAGE_CODE_LIMIT:
		return "over a limit of the protocol";
	case MESSAGE_CODE_EXISTS:
		return "the meeting has a group, or is in clear";
	case MESSAGE_CODE_NO_GROUP:
		return "no group, not in it, or not at its door";
	case MESSAGE_CODE_EPOCH:
		return "another commit was first";
	default:
		return "an error that this version does not know";
	}
}

bool message_is_meeting(const char *text)
{
	size_t length = strlen(text);

	return length >= 1 && length <= MESSAGE_MEETING_BYTES_MAX &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

bool message_is_name(const char *text)
{
	size_t length = strlen(text);

	return length >= 1 && length <= MESSAGE_NAME_BYTES_MAX && text_is_plain(text, length);
}

bool message_is_seat(const char *text)
{
	size_t length = strlen(text);

	return length == MESSAGE_SEAT_BYTES &&
	       strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
		       length;
}
