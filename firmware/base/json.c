#include "base/json.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

int json_get_int(const json_t *object, const char *key, int64_t minimum, int64_t maximum,
		 int64_t *ret_value)
{
	const json_t *value = json_object_get(object, key);
	int64_t number;

	if (!value)
		return -ENOENT;
	if (!json_is_integer(value))
		return -EINVAL;
	number = json_integer_value(value);
	if (number < minimum || number > maximum)
		return -ERANGE;
	*ret_value = number;
	return 0;
}

int json_get_string(const json_t *object, const char *key, size_t bytes_max, const char **ret_text)
{
	const json_t *value = json_object_get(object, key);

	if (!value)
		return -ENOENT;
	if (!json_is_string(value))
		return -EINVAL;
	if (json_string_length(value) > bytes_max)
		return -ERANGE;
	*ret_text = json_string_value(value);
	return 0;
}

/* Section 4. */
static int read_call(struct jsonrpc_message *message, bool has_id)
{
	message->kind = has_id ? JSONRPC_REQUEST : JSONRPC_NOTIFICATION;
	message->params = json_object_get(message->root, "params");
	if (message->params && !json_is_object(message->params))
		return -EPROTO;
	return json_get_string(message->root, "method", SIZE_MAX, &message->method);
}

/* Section 5: exactly one of result and error. */
static int read_answer(struct jsonrpc_message *message, bool has_id)
{
	const json_t *error = json_object_get(message->root, "error");

	message->result = json_object_get(message->root, "result");
	if (!has_id || !message->result == !error)
		return -EPROTO;
	if (message->result) {
		message->kind = JSONRPC_RESULT;
		return message->id == JSONRPC_NO_ID ? -EPROTO : 0;
	}
	message->kind = JSONRPC_ERROR;
	if (json_get_int(error, "code", INT64_MIN, INT64_MAX, &message->code) < 0)
		return -EPROTO;
	return json_get_string(error, "message", SIZE_MAX, &message->message);
}

static int read_envelope(struct jsonrpc_message *message)
{
	const json_t *id = json_object_get(message->root, "id");
	bool is_call = json_object_get(message->root, "method") != NULL;
	const char *version;

	if (json_get_string(message->root, "jsonrpc", SIZE_MAX, &version) < 0 ||
	    strcmp(version, "2.0") != 0)
		return -EPROTO;
	if (json_is_integer(id) && json_integer_value(id) >= 0)
		message->id = json_integer_value(id);
	else if (id && (is_call || !json_is_null(id)))
		return -EPROTO;
	return is_call ? read_call(message, id != NULL) : read_answer(message, id != NULL);
}

static int parse(const char *text, size_t length, json_t **ret_json)
{
	json_error_t error;
	json_t *json = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);

	if (!json)
		return json_error_code(&error) == json_error_out_of_memory ? -ENOMEM : -EBADMSG;
	*ret_json = json;
	return 0;
}

int jsonrpc_parse(const char *text, size_t length, struct jsonrpc_message *ret_message)
{
	struct jsonrpc_message message = {.id = JSONRPC_NO_ID};
	int r;

	r = parse(text, length, &message.root);
	if (r < 0)
		return r;
	if (read_envelope(&message) < 0) {
		jsonrpc_finish(&message);
		return -EPROTO;
	}
	*ret_message = message;
	return 0;
}

void jsonrpc_finish(struct jsonrpc_message *message)
{
	json_decref(message->root);
	*message = (struct jsonrpc_message){.id = JSONRPC_NO_ID};
}

/*
 * Takes `envelope`, which may be NULL. Not by json_dumps(): that goes on after a failed allocation
 * and returns text with a hole in it.
 */
static char *to_text(json_t *envelope)
{
	size_t size = json_dumpb(envelope, NULL, 0, JSON_COMPACT);
	char *text = size > 0 ? malloc(size + 1) : NULL;

	if (text && json_dumpb(envelope, text, size, JSON_COMPACT) != size) {
		free(text);
		text = NULL;
	}
	if (text)
		text[size] = '\0';
	json_decref(envelope);
	return text;
}

char *jsonrpc_request(int64_t id, const char *method, json_t *params)
{
	return to_text(json_pack("{s:s, s:I, s:s, s:o}", "jsonrpc", "2.0", "id", (json_int_t)id,
				 "method", method, "params", params));
}

char *jsonrpc_notification(const char *method, json_t *params)
{
	return to_text(
		json_pack("{s:s, s:s, s:o}", "jsonrpc", "2.0", "method", method, "params", params));
}

char *jsonrpc_result(int64_t id, json_t *result)
{
	return to_text(json_pack("{s:s, s:I, s:o}", "jsonrpc", "2.0", "id", (json_int_t)id,
				 "result", result));
}

char *jsonrpc_error(int64_t id, enum jsonrpc_code code, const char *message)
{
	json_t *wire_id = id == JSONRPC_NO_ID ? json_null() : json_integer(id);

	return to_text(json_pack("{s:s, s:o, s:{s:i, s:s}}", "jsonrpc", "2.0", "id", wire_id,
				 "error", "code", (int)code, "message", message));
}
