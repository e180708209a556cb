#include "panel/control_answer.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

enum { NAME_BYTES_MAX = 256 };

/* What a method gives: a result, or a fault in words. */
struct outcome {
	json_t *result; /* owned */
	enum jsonrpc_code code;
	const char *fault;
	json_t *fault_text; /* owned; `fault` may point into it */
};

static void refuse(struct outcome *outcome, enum jsonrpc_code code, const char *fault)
{
	outcome->code = code;
	outcome->fault = fault;
}

static json_t *find_step(json_t *tree, const char *step, size_t length)
{
	size_t index = 0;

	if (json_is_object(tree))
		return json_object_getn(tree, step, length);
	if (!json_is_array(tree) || length > 9)
		return NULL;
	for (size_t i = 0; i < length; i++) {
		if (step[i] < '0' || step[i] > '9')
			return NULL;
		index = index * 10 + (size_t)(step[i] - '0');
	}
	return json_array_get(tree, index);
}

/* Follows "cameras/0/fps" and "/cameras/0/fps"; empty steps are passed over. Borrowed, or NULL. */
static json_t *find_path(json_t *tree, const char *path)
{
	while (tree && *path) {
		size_t length = strcspn(path, "/");

		if (length > 0)
			tree = find_step(tree, path, length);
		path += length + (path[length] == '/');
	}
	return tree;
}

static void get(const struct control_ops *ops, const json_t *params, struct outcome *outcome)
{
	const char *path = "";
	json_t *tree;
	int r;

	r = json_get_string(params, "path", NAME_BYTES_MAX, &path);
	if (r < 0 && r != -ENOENT) {
		refuse(outcome, JSONRPC_INVALID_PARAMS, "path: not a string of at most 256 bytes");
		return;
	}
	tree = ops->status(ops->context);
	if (!tree)
		return;
	outcome->result = json_incref(find_path(tree, path));
	json_decref(tree);
	if (!outcome->result)
		refuse(outcome, JSONRPC_INVALID_PARAMS, "path: there is nothing there in Status");
}

static bool is_clients_fault(int error)
{
	return error == -ENOENT || error == -EINVAL || error == -ERANGE;
}

static void command(const struct control_ops *ops, const json_t *params, struct outcome *outcome)
{
	const json_t *arguments = json_object_get(params, "params");
	json_t *none = NULL, *result = NULL;
	const char *name;
	int r;

	if (json_get_string(params, "name", NAME_BYTES_MAX, &name) < 0) {
		refuse(outcome, JSONRPC_INVALID_PARAMS, "name: not a string of at most 256 bytes");
		return;
	}
	if (arguments && !json_is_object(arguments)) {
		refuse(outcome, JSONRPC_INVALID_PARAMS, "params: not an object");
		return;
	}
	if (!arguments)
		arguments = none = json_object();
	if (!arguments)
		return;
	r = ops->command(ops->context, name, arguments, &result);
	json_decref(none);
	if (r == 0) {
		outcome->result = result;
		return;
	}
	outcome->fault_text = result;
	refuse(outcome, is_clients_fault(r) ? JSONRPC_INVALID_PARAMS : JSONRPC_INTERNAL_ERROR,
	       json_is_string(result) ? json_string_value(result) : strerror(-r));
}

static void describe(const struct control_ops *ops, const json_t *params, struct outcome *outcome);

static const struct method {
	struct control_command about;
	void (*run)(const struct control_ops *ops, const json_t *params, struct outcome *outcome);
} methods[] = {
	{{"get", "path", "gives Status, or the part of it at path"}, get},
	{{"command", "name, params", "carries out a command"}, command},
	{{"describe", "", "tells the methods and the commands"}, describe},
};

enum { METHODS = sizeof(methods) / sizeof(methods[0]) };

static int append_about(json_t *array, const struct control_command *about)
{
	return json_array_append_new(array,
				     json_pack("{s:s, s:s, s:s}", "name", about->name, "params",
					       about->params, "help", about->help));
}

static void describe(const struct control_ops *ops, const json_t *params, struct outcome *outcome)
{
	json_auto_t *about_methods = json_array(), *about_commands = json_array();
	int r = 0;

	(void)params;
	for (size_t i = 0; i < METHODS && r == 0; i++)
		r = append_about(about_methods, &methods[i].about);
	for (size_t i = 0; i < ops->n_commands && r == 0; i++)
		r = append_about(about_commands, &ops->commands[i]);
	if (r == 0)
		outcome->result = json_pack("{s:O, s:O}", "methods", about_methods, "commands",
					    about_commands);
}

static void run_method(const struct control_ops *ops, const struct jsonrpc_message *request,
		       struct outcome *outcome)
{
	for (size_t i = 0; i < METHODS; i++) {
		if (strcmp(request->method, methods[i].about.name) == 0) {
			methods[i].run(ops, request->params, outcome);
			return;
		}
	}
	refuse(outcome, JSONRPC_METHOD_NOT_FOUND,
	       "there is no such method; there are get, command and describe");
}

static char *answer_request(const struct control_ops *ops, const struct jsonrpc_message *request)
{
	struct outcome outcome = {.code = JSONRPC_INTERNAL_ERROR,
				  .fault = "the room is out of memory"};
	char *text;

	run_method(ops, request, &outcome);
	if (outcome.result)
		text = jsonrpc_result(request->id, outcome.result);
	else
		text = jsonrpc_error(request->id, outcome.code, outcome.fault);
	json_decref(outcome.fault_text);
	if (text && strlen(text) > CONTROL_ANSWER_BYTES_MAX) {
		free(text);
		text = jsonrpc_error(request->id, JSONRPC_INTERNAL_ERROR,
				     "the answer is larger than 8 MiB");
	}
	return text;
}

int control_answer(const struct control_ops *ops, const char *line, size_t length,
		   char **ret_answer)
{
	struct jsonrpc_message request = {0};
	bool wants_answer = true;
	char *answer = NULL;
	int r;

	r = jsonrpc_parse(line, length, &request);
	if (r == -ENOMEM)
		return r;
	if (r == -EBADMSG)
		answer = jsonrpc_error(JSONRPC_NO_ID, JSONRPC_PARSE_ERROR, "not JSON");
	else if (r < 0)
		answer = jsonrpc_error(JSONRPC_NO_ID, JSONRPC_INVALID_REQUEST, "not JSON-RPC 2.0");
	else if (request.kind == JSONRPC_REQUEST)
		answer = answer_request(ops, &request);
	else if (request.kind == JSONRPC_NOTIFICATION)
		wants_answer = false;
	else
		answer = jsonrpc_error(JSONRPC_NO_ID, JSONRPC_INVALID_REQUEST, "not a request");
	jsonrpc_finish(&request);
	if (wants_answer && !answer)
		return -ENOMEM;
	*ret_answer = answer;
	return 0;
}
