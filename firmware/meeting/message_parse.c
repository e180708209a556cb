#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "base/json.h"
#include "meeting/message_read.h"

/* Every reader is false once it has set the fault. */
typedef bool (*reader)(const struct node *object, struct message *message);

static bool read_nothing(const struct node *object, struct message *message)
{
	(void)object;
	(void)message;
	return true;
}

static bool any_text(const char *text)
{
	(void)text;
	return true;
}

static bool read_error(const struct node *object, struct message *message)
{
	int64_t code;

	if (!node_read_integer(object, "code", INT32_MIN, INT32_MAX, &code) ||
	    !node_read_string(object, "message", any_text, "at most 255 bytes", message->error.text,
			      sizeof(message->error.text)))
		return false;
	message->error.code = (int)code;
	return true;
}

static const reader request_readers[MESSAGE_METHODS] = {
	[MESSAGE_JOIN] = message_read_join,         [MESSAGE_ATTACH] = message_read_attach,
	[MESSAGE_PUBLISH] = message_read_publish,   [MESSAGE_WANT] = message_read_want,
	[MESSAGE_KEYFRAME] = message_read_keyframe, [MESSAGE_TIME] = read_nothing,
	[MESSAGE_REPORT] = message_read_report,     [MESSAGE_LEAVE] = read_nothing,
	[MESSAGE_OPEN] = message_read_open,         [MESSAGE_DOOR] = message_read_key,
	[MESSAGE_KNOCK] = message_read_package,     [MESSAGE_COMMIT] = message_read_commit,
	[MESSAGE_TELL] = message_read_tell,         [MESSAGE_REFUSE] = message_read_refuse,
};

static const reader result_readers[MESSAGE_METHODS] = {
	[MESSAGE_JOIN] = message_read_joined,
	[MESSAGE_ATTACH] = message_read_attached,
	[MESSAGE_PUBLISH] = message_read_published,
	[MESSAGE_WANT] = read_nothing,
	[MESSAGE_KEYFRAME] = read_nothing,
	[MESSAGE_TIME] = message_read_time,
	[MESSAGE_REPORT] = read_nothing,
	[MESSAGE_LEAVE] = read_nothing,
	[MESSAGE_OPEN] = read_nothing,
	[MESSAGE_DOOR] = read_nothing,
	[MESSAGE_KNOCK] = read_nothing,
	[MESSAGE_COMMIT] = read_nothing,
	[MESSAGE_TELL] = read_nothing,
	[MESSAGE_REFUSE] = read_nothing,
};

static const reader notification_readers[MESSAGE_METHODS] = {
	[MESSAGE_KEYFRAME] = message_read_keyframe, [MESSAGE_REPORT] = message_read_delay,
	[MESSAGE_ROSTER] = message_read_roster,     [MESSAGE_DOOR] = message_read_door,
	[MESSAGE_KNOCK] = message_read_knock,       [MESSAGE_COMMIT] = message_read_committed,
	[MESSAGE_WELCOME] = message_read_welcome,   [MESSAGE_TELL] = message_read_told,
	[MESSAGE_REFUSED] = message_read_refused,
};

static bool read_method(const struct node *root, const char *name, const reader *readers,
			enum message_method *ret_method)
{
	struct node node = node_member(root, "method");
	int method;

	for (method = 0; method < MESSAGE_METHODS; method++) {
		if (strcmp(name, message_method_text(method)) == 0 && readers[method] != NULL) {
			*ret_method = method;
			return true;
		}
	}
	return node_refuse(&node, MESSAGE_CODE_METHOD, "not known");
}

/* A request or a notification. Without `params` it is as with an empty object. */
static bool read_call(const struct node *root, const char *method, struct message *message)
{
	const reader *readers = message->has_id ? request_readers : notification_readers;
	struct node params = node_member(root, "params");
	json_t *empty = NULL;
	bool is_read;

	message->form = message->has_id ? MESSAGE_REQUEST : MESSAGE_NOTIFICATION;
	if (!read_method(root, method, readers, &message->method))
		return false;
	if (params.value == NULL)
		params.value = empty = json_object();
	is_read = node_expect(&params, JSON_OBJECT, "an object") &&
		  readers[message->method](&params, message);
	json_decref(empty);
	return is_read;
}

static bool read_answer(const struct node *root, message_method_of method_of, void *context,
			struct message *message)
{
	struct node answer = node_member(root, "error");
	int method;

	message->form = answer.value != NULL ? MESSAGE_ERROR : MESSAGE_RESULT;
	if (message->form == MESSAGE_ERROR && !read_error(&answer, message))
		return false;
	if (!message->has_id)
		return true;
	method = method_of != NULL ? method_of(context, message->id) : -1;
	if (method < 0)
		return node_refuse(root, MESSAGE_CODE_INVALID,
				   "an answer to nothing that was asked");
	message->method = method;
	if (message->form == MESSAGE_ERROR)
		return true;
	answer = node_member(root, "result");
	return node_expect(&answer, JSON_OBJECT, "an object") &&
	       result_readers[method](&answer, message);
}

static bool read_root(const struct node *root, const struct jsonrpc_message *rpc,
		      message_method_of method_of, void *context, struct message *message)
{
	message->has_id = rpc->id != JSONRPC_NO_ID;
	message->id = message->has_id ? rpc->id : 0;
	root->fault->has_id = message->has_id;
	root->fault->id = message->id;
	if (rpc->method != NULL)
		return read_call(root, rpc->method, message);
	return read_answer(root, method_of, context, message);
}

void message_finish(struct message *message)
{
	json_decref(message->json);
	message->json = NULL;
}

int message_parse(const char *text, size_t length, message_method_of method_of, void *context,
		  struct message *message, struct message_fault *ret_fault)
{
	struct message_fault fault = {.has_id = false};
	struct node root = {.fault = &fault};
	struct jsonrpc_message rpc;
	bool is_read;
	int r;

	message_finish(message);
	r = jsonrpc_parse(text, length, &rpc);
	if (r == -ENOMEM)
		return r;
	if (r == 0) {
		root.value = rpc.root;
		message->json = rpc.root;
		is_read = read_root(&root, &rpc, method_of, context, message);
	} else if (r == -EPROTO) {
		is_read = node_refuse(&root, MESSAGE_CODE_INVALID, "not JSON-RPC 2.0");
	} else {
		is_read = node_refuse(&root, MESSAGE_CODE_PARSE, "not JSON");
	}
	if (is_read)
		return 0;
	message_finish(message);
	*ret_fault = fault;
	return -EBADMSG;
}
