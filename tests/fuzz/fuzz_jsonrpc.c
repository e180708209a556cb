/* What parses as JSON-RPC has the shape that base/json.h promises, and is written back as it was. */
#include "base/json.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static char *write_back(const struct jsonrpc_message *message)
{
	switch (message->kind) {
	case JSONRPC_REQUEST:
		return jsonrpc_request(message->id, message->method, json_incref(message->params));
	case JSONRPC_NOTIFICATION:
		return jsonrpc_notification(message->method, json_incref(message->params));
	case JSONRPC_RESULT:
		return jsonrpc_result(message->id, json_incref(message->result));
	case JSONRPC_ERROR:
		break;
	}
	return jsonrpc_error(message->id, (enum jsonrpc_code)message->code, message->message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct jsonrpc_message message, again;
	bool is_call;
	char *text;

	if (jsonrpc_parse((const char *)data, size, &message) < 0)
		return 0;
	is_call = message.kind == JSONRPC_REQUEST || message.kind == JSONRPC_NOTIFICATION;
	require(is_call == (message.method != NULL));
	require((message.kind == JSONRPC_RESULT) == (message.result != NULL));
	require((message.kind == JSONRPC_ERROR) == (message.message != NULL));
	require(message.id >= JSONRPC_NO_ID);
	if (is_call && !message.params) {
		jsonrpc_finish(&message);
		return 0;
	}
	text = write_back(&message);
	require(text && jsonrpc_parse(text, strlen(text), &again) == 0);
	require(again.kind == message.kind && again.id == message.id);
	require(!is_call || strcmp(again.method, message.method) == 0);
	require(!message.params || json_equal(again.params, message.params));
	require(!message.result || json_equal(again.result, message.result));
	jsonrpc_finish(&again);
	jsonrpc_finish(&message);
	free(text);
	return 0;
}
