/*
 * JSON at the edge: bounded getters for members of an object, and the envelope of JSON-RPC 2.0
 * (https://www.jsonrpc.org/specification) as the control API speaks it: single messages without
 * batches, ids that are whole numbers, params, if any, an object.
 *
 * Bytes that are not UTF-8, a member that is given twice, and nesting deeper than 2048 are refused
 * by the parser. For a reference that ends with its scope there is jansson's own json_auto_t.
 * Any thread.
 */
#ifndef BALAI_BASE_JSON_H
#define BALAI_BASE_JSON_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Each getter returns 0 and sets its ret_ parameter; -ENOENT, there is no such member; -EINVAL, it
 * is of another type; and as told.
 */

/* -ERANGE: less than minimum or more than maximum. */
int json_get_int(const json_t *object, const char *key, int64_t minimum, int64_t maximum,
		 int64_t *ret_value) __attribute__((warn_unused_result));

/* -ERANGE: longer than bytes_max. The text lives as long as the object is unchanged. */
int json_get_string(const json_t *object, const char *key, size_t bytes_max, const char **ret_text)
	__attribute__((warn_unused_result));

enum jsonrpc_code {
	JSONRPC_PARSE_ERROR = -32700,
	JSONRPC_INVALID_REQUEST = -32600,
	JSONRPC_METHOD_NOT_FOUND = -32601,
	JSONRPC_INVALID_PARAMS = -32602,
	JSONRPC_INTERNAL_ERROR = -32603,
};

enum jsonrpc_kind {
	JSONRPC_REQUEST,
	JSONRPC_NOTIFICATION, /* a request without id: it gets no answer */
	JSONRPC_RESULT,
	JSONRPC_ERROR,
};

/* The id of an answer to what could not be read; `null` on the wire. */
#define JSONRPC_NO_ID INT64_C(-1)

struct jsonrpc_message {
	enum jsonrpc_kind kind;
	int64_t id;          /* 0..INT64_MAX; JSONRPC_NO_ID: notification, some errors */
	const char *method;  /* requests and notifications, else NULL */
	json_t *params;      /* requests and notifications: an object, NULL when left out */
	json_t *result;      /* results: anything but NULL */
	int64_t code;        /* errors: enum jsonrpc_code or the application's own */
	const char *message; /* errors: for people */
	json_t *root;        /* owned; the pointers above point into it */
};

/*
 * Returns 0, *ret_message to be given to jsonrpc_finish(); -EBADMSG, not JSON
 * (JSONRPC_PARSE_ERROR); -EPROTO, not JSON-RPC 2.0 (JSONRPC_INVALID_REQUEST); -ENOMEM.
 */
int jsonrpc_parse(const char *text, size_t length, struct jsonrpc_message *ret_message)
	__attribute__((warn_unused_result));

void jsonrpc_finish(struct jsonrpc_message *message);

/*
 * The builders take `params` or `result` even when they fail, and fail when it is NULL, so that a
 * json_pack() may stand in the call. They return one line of text without line end, to be freed
 * with free(), or NULL without memory. Names and texts must be UTF-8.
 */
char *jsonrpc_request(int64_t id, const char *method, json_t *params);
char *jsonrpc_notification(const char *method, json_t *params);
char *jsonrpc_result(int64_t id, json_t *result);
char *jsonrpc_error(int64_t id, enum jsonrpc_code code, const char *message);

#endif
