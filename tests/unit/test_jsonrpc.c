/* base/json: getters, what is and is not JSON-RPC 2.0, written messages read back. */
#include "base/json.h"
#include "tests/fake/fake_alloc.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static json_t *parse(const char *text)
{
	json_t *json = json_loads(text, 0, NULL);

	assert_non_null(json);
	return json;
}

static void getters_check_type_and_range(void **state)
{
	json_t *object = parse("{\"n\":5, \"r\":5.0, \"s\":\"four\", \"z\":null}");
	const char *text = NULL;
	int64_t number = 99;

	(void)state;
	assert_int_equal(json_get_int(object, "n", 6, 9, &number), -ERANGE);
	assert_int_equal(json_get_int(object, "n", 1, 4, &number), -ERANGE);
	assert_int_equal(json_get_int(object, "r", 1, 9, &number), -EINVAL);
	assert_int_equal(json_get_int(object, "s", 1, 9, &number), -EINVAL);
	assert_int_equal(json_get_int(object, "z", 1, 9, &number), -EINVAL);
	assert_int_equal(json_get_int(object, "x", 1, 9, &number), -ENOENT);
	assert_int_equal(json_get_int(NULL, "n", 1, 9, &number), -ENOENT);
	assert_int_equal(number, 99);
	assert_int_equal(json_get_int(object, "n", 5, 5, &number), 0);
	assert_int_equal(number, 5);

	assert_int_equal(json_get_string(object, "s", 3, &text), -ERANGE);
	assert_int_equal(json_get_string(object, "n", 3, &text), -EINVAL);
	assert_int_equal(json_get_string(object, "x", 3, &text), -ENOENT);
	assert_null(text);
	assert_int_equal(json_get_string(object, "s", 4, &text), 0);
	assert_string_equal(text, "four");
	json_decref(object);
}

static void reads_each_kind(void **state)
{
	static const struct {
		const char *text;
		enum jsonrpc_kind kind;
		int64_t id;
		const char *method;
		int64_t code;
		const char *message;
	} cases[] = {
		{"{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"get\",\"params\":{}}", JSONRPC_REQUEST,
		 0, "get", 0, NULL},
		{" {\"id\":9223372036854775807,\"method\":\"\",\"jsonrpc\":\"2.0\",\"more\":1}\r\n",
		 JSONRPC_REQUEST, INT64_MAX, "", 0, NULL},
		{"{\"jsonrpc\":\"2.0\",\"method\":\"event\"}", JSONRPC_NOTIFICATION, JSONRPC_NO_ID,
		 "event", 0, NULL},
		{"{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":null}", JSONRPC_RESULT, 3, NULL, 0,
		 NULL},
		{"{\"jsonrpc\":\"2.0\",\"id\":4,\"error\":{\"code\":-5,\"message\":\"no\"}}",
		 JSONRPC_ERROR, 4, NULL, -5, "no"},
		{"{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":1,\"message\":\"\"}}",
		 JSONRPC_ERROR, JSONRPC_NO_ID, NULL, 1, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct jsonrpc_message message;

		assert_int_equal(jsonrpc_parse(cases[i].text, strlen(cases[i].text), &message), 0);
		assert_int_equal(message.kind, cases[i].kind);
		assert_true(message.id == cases[i].id);
		if (cases[i].method)
			assert_string_equal(message.method, cases[i].method);
		else
			assert_null(message.method);
		assert_int_equal(message.code, cases[i].code);
		if (cases[i].message)
			assert_string_equal(message.message, cases[i].message);
		else
			assert_null(message.message);
		jsonrpc_finish(&message);
	}
}

static void refuses_what_is_not_json(void **state)
{
	static const char *const texts[] = {
		"",
		" ",
		"x",
		"{",
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"method\":\"get\"}",
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"get\"} x",
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\\u0000b\"}",
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}",
		"{\"jsonrpc\":\"2.0\",\"id\":99999999999999999999,\"method\":\"get\"}",
	};
	struct jsonrpc_message message;
	char deep[5000];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(jsonrpc_parse(texts[i], strlen(texts[i]), &message), -EBADMSG);
	memset(deep, '[', sizeof(deep));
	assert_int_equal(jsonrpc_parse(deep, sizeof(deep), &message), -EBADMSG);
}

static void refuses_what_is_not_jsonrpc(void **state)
{
	static const char *const texts[] = {
		"[]",
		"{}",
		"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"get\"}]",
		"{\"id\":1,\"method\":\"get\"}",
		"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"get\"}",
		"{\"jsonrpc\":2.0,\"id\":1,\"method\":\"get\"}",
		"{\"jsonrpc\":\"2.0\",\"id\":1}",
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":5}",
		"{\"jsonrpc\":\"2.0\",\"id\":-1,\"method\":\"get\"}",
		"{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"get\"}",
		"{\"jsonrpc\":\"2.0\",\"id\":\"1\",\"method\":\"get\"}",
		"{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"get\"}",
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"get\",\"params\":[]}",
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"get\",\"params\":null}",
		"{\"jsonrpc\":\"2.0\",\"result\":1}",
		"{\"jsonrpc\":\"2.0\",\"id\":null,\"result\":1}",
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":1,\"error\":{}}",
		"{\"jsonrpc\":\"2.0\",\"error\":{\"code\":1,\"message\":\"\"}}",
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":5}",
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"message\":\"\"}}",
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":\"1\",\"message\":\"\"}}",
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":1}}",
	};
	struct jsonrpc_message message;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(jsonrpc_parse(texts[i], strlen(texts[i]), &message), -EPROTO);
}

static void assert_text(char *text, const char *expected)
{
	json_t *json, *wanted;

	assert_non_null(text);
	assert_null(strchr(text, '\n'));
	json = parse(text);
	wanted = parse(expected);
	assert_true(json_equal(json, wanted));
	json_decref(wanted);
	json_decref(json);
	free(text);
}

static void writes_each_kind(void **state)
{
	(void)state;
	assert_text(jsonrpc_request(1, "get", json_pack("{s:s}", "path", "a\nb")),
		    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"get\",\"params\":{\"path\":"
		    "\"a\\nb\"}}");
	assert_text(jsonrpc_notification("event", json_object()),
		    "{\"jsonrpc\":\"2.0\",\"method\":\"event\",\"params\":{}}");
	assert_text(jsonrpc_result(INT64_MAX, json_true()),
		    "{\"jsonrpc\":\"2.0\",\"id\":9223372036854775807,\"result\":true}");
	assert_text(jsonrpc_error(3, JSONRPC_INVALID_PARAMS, "é"),
		    "{\"jsonrpc\":\"2.0\",\"id\":3,\"error\":{\"code\":-32602,\"message\":\"é\"}}");
	assert_text(jsonrpc_error(JSONRPC_NO_ID, JSONRPC_PARSE_ERROR, "not JSON"),
		    "{\"jsonrpc\":\"2.0\",\"id\":null,"
		    "\"error\":{\"code\":-32700,\"message\":\"not JSON\"}}");
	assert_null(jsonrpc_request(1, "get", NULL));
	assert_null(jsonrpc_notification("event", NULL));
	assert_null(jsonrpc_result(1, NULL));
}

static void parse_without_memory_is_told(void **state)
{
	static const char text[] =
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"get\",\"params\":{\"path\":[1,\"x\"]}}";
	struct jsonrpc_message message;
	unsigned int n;
	int r;

	(void)state;
	for (n = 1;; n++) {
		fake_alloc_arm(n);
		r = jsonrpc_parse(text, sizeof(text) - 1, &message);
		if (!fake_alloc_disarm())
			break;
		assert_true(r == -ENOMEM || r == -EBADMSG);
	}
	assert_true(n > 5);
	assert_int_equal(r, 0);
	jsonrpc_finish(&message);
}

static char *write_request(void)
{
	return jsonrpc_request(1, "get", json_pack("{s:s}", "path", "camera"));
}

static char *write_notification(void)
{
	return jsonrpc_notification("event", json_object());
}

static char *write_result(void)
{
	return jsonrpc_result(1, json_pack("[i, i]", 1, 2));
}

static char *write_error(void)
{
	return jsonrpc_error(1, JSONRPC_INTERNAL_ERROR, "no");
}

static void write_without_memory_is_told(void **state)
{
	static char *(*const writers[])(void) = {write_request, write_notification, write_result,
						 write_error};

	(void)state;
	for (size_t i = 0; i < sizeof(writers) / sizeof(writers[0]); i++) {
		unsigned int n;
		char *text;

		for (n = 1;; n++) {
			fake_alloc_arm(n);
			text = writers[i]();
			if (!fake_alloc_disarm())
				break;
			assert_null(text);
		}
		assert_true(n > 5);
		assert_non_null(text);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(getters_check_type_and_range),
		cmocka_unit_test(reads_each_kind),
		cmocka_unit_test(refuses_what_is_not_json),
		cmocka_unit_test(refuses_what_is_not_jsonrpc),
		cmocka_unit_test(writes_each_kind),
		cmocka_unit_test(parse_without_memory_is_told),
		cmocka_unit_test(write_without_memory_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
