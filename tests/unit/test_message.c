#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <cmocka.h>

#include "meeting/message.h"

#define SEAT "AAAAAAAAAABBBBBBBBBBCCCCCCCCCCDDDDDDDDDD-_9"
#define REQUEST(method, params)                                                                    \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" method "\",\"params\":" params "}"
#define NOTIFICATION(method, params)                                                               \
	"{\"jsonrpc\":\"2.0\",\"method\":\"" method "\",\"params\":" params "}"
#define RESULT(result) "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":" result "}"
#define LAYER(width, height, bitrate)                                                              \
	"{\"width\":" #width ",\"height\":" #height ",\"bitrate\":" #bitrate "}"
#define CAMERA "{\"kind\":\"camera\",\"layers\":[" LAYER(1280, 720, 2500000) "]}"
#define SOUND "{\"kind\":\"sound\"}"

/* Request 1 of this side was `*context`. */
static int method_of(void *context, int64_t id)
{
	return id == 1 ? *(int *)context : -1;
}

static int parse(const char *text, int method, struct message *message, struct message_fault *fault)
{
	return message_parse(text, strlen(text), method >= 0 ? method_of : NULL, &method, message,
			     fault);
}

/* What a member and a hub say to each other; method: what request 1 was, for a result. */
static const struct {
	const char *text;
	int method;
} good[] = {
	{REQUEST("join", "{\"version\":1,\"meeting\":\"kabinet\"}"), -1},
	{REQUEST("join", "{\"version\":1,\"meeting\":\"a-9\",\"resume\":\"" SEAT "\"}"), -1},
	{REQUEST("attach", "{\"seat\":\"" SEAT "\"}"), -1},
	{REQUEST("publish", "{\"tracks\":[]}"), -1},
	{REQUEST("publish", "{\"tracks\":[" CAMERA "," SOUND "]}"), -1},
	{REQUEST("publish",
		 "{\"tracks\":[{\"kind\":\"share\",\"layers\":[" LAYER(1920, 1080, 9) "," LAYER(
			 640, 360, 9) "," LAYER(320, 180, 9) "," LAYER(16, 16, 1) "]}]}"),
	 -1},
	{REQUEST("want", "{\"wants\":[]}"), -1},
	{REQUEST("want", "{\"wants\":[{\"track\":17,\"layer\":0},{\"track\":65535,\"layer\":3}]}"),
	 -1},
	{REQUEST("keyframe", "{\"track\":17,\"layer\":3}"), -1},
	{REQUEST("time", "{}"), -1},
	{REQUEST("report", "{\"tracks\":[{\"track\":17,\"delay_us\":31000,\"lost\":4294967295}]}"),
	 -1},
	{REQUEST("leave", "{}"), -1},
	{RESULT("{\"member\":3,\"seat\":\"" SEAT
		"\",\"resumed\":false,\"clock_us\":9223372036854775807}"),
	 MESSAGE_JOIN},
	{RESULT("{\"member\":65535}"), MESSAGE_ATTACH},
	{RESULT("{\"tracks\":[17,18]}"), MESSAGE_PUBLISH},
	{RESULT("{}"), MESSAGE_WANT},
	{RESULT("{}"), MESSAGE_KEYFRAME},
	{RESULT("{\"clock_us\":0}"), MESSAGE_TIME},
	{RESULT("{}"), MESSAGE_REPORT},
	{RESULT("{}"), MESSAGE_LEAVE},
	{NOTIFICATION("roster", "{\"members\":[]}"), -1},
	{NOTIFICATION(
		 "roster",
		 "{\"members\":[{\"member\":1,\"name\":\"Ruang Rapat 1\",\"here\":true,"
		 "\"tracks\":[{\"kind\":\"camera\",\"layers\":[" LAYER(
			 1280, 720,
			 2500000) "],\"track\":17},{\"kind\":\"sound\",\"track\":18}]},"
				  "{\"member\":2,\"name\":\"Bappenas — lantai 2\",\"here\":false,"
				  "\"tracks\":[]}]}"),
	 -1},
	{NOTIFICATION("keyframe", "{\"track\":17,\"layer\":0}"), -1},
	{NOTIFICATION("report", "{\"track\":17,\"delay_us\":60000000}"), -1},
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":6,\"message\":\"257 wants\"}}",
	 MESSAGE_WANT},
	{"{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,\"message\":\"\"}}", -1},
};

/* Reading and writing again gives the same text: no member is lost or invented. */
static void test_good(void **state)
{
	struct message *message = calloc(1, sizeof(*message));
	struct message_fault fault;
	struct buffer buffer;
	size_t i;

	(void)state;
	buffer_init(&buffer, MESSAGE_HUB_BYTES_MAX);
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		fault.text[0] = '\0';
		if (parse(good[i].text, good[i].method, message, &fault) != 0)
			fail_msg("%s: %s", good[i].text, fault.text);
		buffer_clear(&buffer);
		assert_int_equal(message_write(message, &buffer), 0);
		assert_int_equal(buffer_append(&buffer, "", 1), 0);
		assert_string_equal((char *)buffer.data, good[i].text);
	}
	buffer_finish(&buffer);
	free(message);
}

static const struct {
	const char *text;
	int method;
	int code;
	const char *fault;
} bad[] = {
	{"", -1, -32700, "not JSON"},
	{"{", -1, -32700, "not JSON"},
	{"\xff", -1, -32700, "not JSON"},
	{"{\"a\":1,\"a\":2}", -1, -32700, "not JSON"},
	{"{} x", -1, -32700, "not JSON"},
	{"[]", -1, -32600, "not JSON-RPC 2.0"},
	{"[{\"jsonrpc\":\"2.0\"}]", -1, -32600, "not JSON-RPC 2.0"},
	{"{}", -1, -32600, "not JSON-RPC 2.0"},
	{"{\"jsonrpc\":2.0}", -1, -32600, "not JSON-RPC 2.0"},
	{"{\"jsonrpc\":\"1.0\",\"id\":1}", -1, -32600, "not JSON-RPC 2.0"},
	{"{\"jsonrpc\":\"2.0\",\"id\":\"1\"}", -1, -32600, "not JSON-RPC 2.0"},
	{"{\"jsonrpc\":\"2.0\",\"id\":-1}", -1, -32600, "not JSON-RPC 2.0"},
	{"{\"jsonrpc\":\"2.0\",\"id\":null}", -1, -32600, "not JSON-RPC 2.0"},
	{"{\"jsonrpc\":\"2.0\",\"id\":1}", -1, -32600, "not JSON-RPC 2.0"},
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{},\"error\":{}}", MESSAGE_WANT, -32600,
	 "not JSON-RPC 2.0"},
	{"{\"jsonrpc\":\"2.0\",\"result\":{}}", MESSAGE_WANT, -32600, "not JSON-RPC 2.0"},
	{RESULT("{}"), -1, -32600, "an answer to nothing that was asked"},
	{"{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}", MESSAGE_WANT, -32600,
	 "an answer to nothing that was asked"},
	{"{\"jsonrpc\":\"2.0\",\"id\":2,\"error\":{\"code\":1,\"message\":\"\"}}", MESSAGE_WANT,
	 -32600, "an answer to nothing that was asked"},
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":1}", MESSAGE_WANT, -32600, "not JSON-RPC 2.0"},
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":1}}", MESSAGE_WANT, -32600,
	 "not JSON-RPC 2.0"},
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":2147483648,\"message\":\"\"}}",
	 MESSAGE_WANT, -32602, "error.code: 2147483648 is not in -2147483648..2147483647"},
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":7}", -1, -32600, "not JSON-RPC 2.0"},
	{REQUEST("dance", "{}"), -1, -32601, "method: not known"},
	{REQUEST("roster", "{\"members\":[]}"), -1, -32601, "method: not known"},
	{NOTIFICATION("join", "{}"), -1, -32601, "method: not known"},
	{REQUEST("time", "[]"), -1, -32600, "not JSON-RPC 2.0"},
	{REQUEST("time", "null"), -1, -32600, "not JSON-RPC 2.0"},
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"join\"}", -1, -32602,
	 "params.version: missing"},
	{REQUEST("join", "{\"version\":2,\"meeting\":\"a\"}"), -1, -32602,
	 "params.version: 2 is not in 1..1"},
	{REQUEST("join", "{\"version\":1.0,\"meeting\":\"a\"}"), -1, -32602,
	 "params.version: not an integer"},
	{REQUEST("join", "{\"version\":1}"), -1, -32602, "params.meeting: missing"},
	{REQUEST("join", "{\"version\":1,\"meeting\":\"\"}"), -1, -32602,
	 "params.meeting: not a meeting: 1 to 64 characters of a-z 0-9 -"},
	{REQUEST("join", "{\"version\":1,\"meeting\":\"Kabinet\"}"), -1, -32602,
	 "params.meeting: not a meeting: 1 to 64 characters of a-z 0-9 -"},
	{REQUEST("join", "{\"version\":1,\"meeting\":\"a\",\"resume\":\"short\"}"), -1, -32602,
	 "params.resume: not a seat: 43 characters of base64url"},
	{REQUEST("join", "{\"version\":1,\"meeting\":\"a\",\"resume\":null}"), -1, -32602,
	 "params.resume: not a string"},
	{REQUEST("attach", "{}"), -1, -32602, "params.seat: missing"},
	{REQUEST("publish", "{\"tracks\":{}}"), -1, -32602, "params.tracks: not an array"},
	{REQUEST("publish", "{\"tracks\":[7]}"), -1, -32602, "params.tracks[0]: not an object"},
	{REQUEST("publish", "{\"tracks\":[" SOUND "," SOUND "," SOUND "," SOUND "," SOUND "]}"), -1,
	 6, "params.tracks: 5 elements, at most 4 are allowed"},
	{REQUEST("publish", "{\"tracks\":[{\"kind\":\"smell\"}]}"), -1, -32602,
	 "params.tracks[0].kind: not camera, share or sound"},
	{REQUEST("publish", "{\"tracks\":[{\"kind\":\"camera\"}]}"), -1, -32602,
	 "params.tracks[0].layers: missing"},
	{REQUEST("publish", "{\"tracks\":[{\"kind\":\"camera\",\"layers\":[]}]}"), -1, -32602,
	 "params.tracks[0].layers: no layer"},
	{REQUEST("publish", "{\"tracks\":[{\"kind\":\"camera\",\"layers\":[1,2,3,4,5]}]}"), -1, 6,
	 "params.tracks[0].layers: 5 elements, at most 4 are allowed"},
	{REQUEST("publish",
		 "{\"tracks\":[{\"kind\":\"camera\",\"layers\":[" LAYER(15, 16, 1) "]}]}"),
	 -1, -32602, "params.tracks[0].layers[0].width: 15 is not in 16..8192"},
	{REQUEST("publish",
		 "{\"tracks\":[{\"kind\":\"camera\",\"layers\":[" LAYER(16, 8193, 1) "]}]}"),
	 -1, -32602, "params.tracks[0].layers[0].height: 8193 is not in 16..8192"},
	{REQUEST("publish",
		 "{\"tracks\":[{\"kind\":\"camera\",\"layers\":[" LAYER(16, 16, 0) "]}]}"),
	 -1, -32602, "params.tracks[0].layers[0].bitrate: 0 is not in 1..1000000000"},
	{REQUEST("publish", "{\"tracks\":[{\"kind\":\"camera\",\"layers\":[" LAYER(
				    16, 16, 1) "," LAYER(16, 17, 1) "]}]}"),
	 -1, -32602, "params.tracks[0].layers[1]: larger than the one before"},
	{REQUEST("want", "{\"wants\":[{\"track\":0,\"layer\":0}]}"), -1, -32602,
	 "params.wants[0].track: 0 is not in 1..65535"},
	{REQUEST("want", "{\"wants\":[{\"track\":1,\"layer\":0},{\"track\":1,\"layer\":9}]}"), -1,
	 -32602, "params.wants[1].layer: 9 is not in 0..3"},
	{REQUEST("keyframe", "{\"track\":65536,\"layer\":0}"), -1, -32602,
	 "params.track: 65536 is not in 1..65535"},
	{REQUEST("keyframe", "{\"track\":99999999999999999999,\"layer\":0}"), -1, -32700,
	 "not JSON"},
	{REQUEST("report", "{\"tracks\":[{\"track\":1,\"delay_us\":-1,\"lost\":0}]}"), -1, -32602,
	 "params.tracks[0].delay_us: -1 is not in 0..60000000"},
	{REQUEST("report", "{\"tracks\":[{\"track\":1,\"delay_us\":1}]}"), -1, -32602,
	 "params.tracks[0].lost: missing"},
	{RESULT("{}"), MESSAGE_JOIN, -32602, "result.member: missing"},
	{RESULT("{\"member\":1,\"seat\":\"" SEAT "\",\"resumed\":0,\"clock_us\":0}"), MESSAGE_JOIN,
	 -32602, "result.resumed: not true or false"},
	{RESULT("{\"member\":1,\"seat\":\"" SEAT "\"}"), MESSAGE_JOIN, -32602,
	 "result.resumed: missing"},
	{RESULT("{\"member\":1,\"seat\":\"" SEAT "\",\"resumed\":true,\"clock_us\":-1}"),
	 MESSAGE_JOIN, -32602, "result.clock_us: -1 is not in 0..9223372036854775807"},
	{RESULT("[]"), MESSAGE_TIME, -32602, "result: not an object"},
	{RESULT("{\"tracks\":[17,17]}"), MESSAGE_PUBLISH, -32602, "result.tracks[1]: told twice"},
	{RESULT("{\"tracks\":[0]}"), MESSAGE_PUBLISH, -32602,
	 "result.tracks[0]: 0 is not in 1..65535"},
	{NOTIFICATION("roster", "{\"members\":[{\"member\":2,\"name\":\"a\",\"here\":true,"
				"\"tracks\":[]},{\"member\":2,\"name\":\"b\",\"here\":true,"
				"\"tracks\":[]}]}"),
	 -1, -32602, "params.members[1]: not in order of `member`"},
	{NOTIFICATION("roster", "{\"members\":[{\"member\":2,\"name\":\"a\",\"here\":true,"
				"\"tracks\":[{\"track\":5,\"kind\":\"sound\"}]},{\"member\":3,"
				"\"name\":\"b\",\"here\":true,"
				"\"tracks\":[{\"track\":5,\"kind\":\"sound\"}]}]}"),
	 -1, -32602, "params.members[1]: a track is told twice"},
	{NOTIFICATION("roster", "{\"members\":[{\"member\":2,\"name\":\"a\",\"here\":true,"
				"\"tracks\":[{\"kind\":\"sound\"}]}]}"),
	 -1, -32602, "params.members[0].tracks[0].track: missing"},
	{NOTIFICATION("roster", "{\"members\":[{\"member\":2,\"name\":\"\",\"here\":true,"
				"\"tracks\":[]}]}"),
	 -1, -32602, "params.members[0].name: not a name: 1 to 64 bytes of printable text"},
	{NOTIFICATION("roster", "{\"members\":[{\"member\":2,\"name\":\"a\\nb\",\"here\":true,"
				"\"tracks\":[]}]}"),
	 -1, -32602, "params.members[0].name: not a name: 1 to 64 bytes of printable text"},
	{NOTIFICATION("report", "{\"track\":1,\"delay_us\":60000001}"), -1, -32602,
	 "params.delay_us: 60000001 is not in 0..60000000"},
};

static void test_bad(void **state)
{
	struct message *message = calloc(1, sizeof(*message));
	struct message_fault fault;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(&fault, 0, sizeof(fault));
		if (parse(bad[i].text, bad[i].method, message, &fault) != -EBADMSG)
			fail_msg("%s was taken", bad[i].text);
		assert_int_equal(fault.code, bad[i].code);
		assert_string_equal(fault.text, bad[i].fault);
	}
	free(message);
}

/* So that the hub can answer a request that it refuses. */
static void test_fault_has_id(void **state)
{
	struct message *message = calloc(1, sizeof(*message));
	struct message_fault fault;

	(void)state;
	assert_int_equal(parse("{\"jsonrpc\":\"2.0\",\"id\":77,\"method\":\"dance\"}", -1, message,
			       &fault),
			 -EBADMSG);
	assert_true(fault.has_id);
	assert_int_equal(fault.id, 77);
	assert_int_equal(parse("{\"jsonrpc\":\"2.0\",\"method\":\"dance\"}", -1, message, &fault),
			 -EBADMSG);
	assert_false(fault.has_id);
	free(message);
}

static void test_unknown_members_are_passed_over(void **state)
{
	struct message *message = calloc(1, sizeof(*message));
	struct message_fault fault;

	(void)state;
	assert_int_equal(parse(REQUEST("keyframe", "{\"track\":5,\"layer\":1,\"why\":[{}]}"), -1,
			       message, &fault),
			 0);
	assert_int_equal(message->layer.track, 5);
	assert_int_equal(message->layer.layer, 1);
	free(message);
}

/* head, `count` times element with commas between, tail. */
static char *repeat(const char *head, const char *element, size_t count, const char *tail)
{
	size_t size = strlen(head) + count * (strlen(element) + 1) + strlen(tail) + 1;
	char *text = malloc(size);
	char *end = stpcpy(text, head);
	size_t i;

	for (i = 0; i < count; i++)
		end = stpcpy(i > 0 ? stpcpy(end, ",") : end, element);
	stpcpy(end, tail);
	return text;
}

static void test_counts(void **state)
{
	static const char member[] = "{\"member\":1,\"name\":\"a\",\"here\":true,\"tracks\":[]}";
	static const struct {
		const char *head;
		const char *element;
		const char *tail;
		size_t count;
		const char *fault; /* NULL: taken */
	} rows[] = {
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"want\",\"params\":{\"wants\":[",
		 "{\"track\":1,\"layer\":0}", "]}}", 256, NULL},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"want\",\"params\":{\"wants\":[",
		 "{\"track\":1,\"layer\":0}", "]}}", 257,
		 "params.wants: 257 elements, at most 256 are allowed"},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"want\",\"params\":{\"wants\":[",
		 "{\"track\":1,\"layer\":0}", "]}}", 1000000,
		 "params.wants: 1000000 elements, at most 256 are allowed"},
		{"{\"jsonrpc\":\"2.0\",\"method\":\"roster\",\"params\":{\"members\":[", member,
		 "]}}", 10000, "params.members: 10000 elements, at most 100 are allowed"},
	};
	struct message *message = calloc(1, sizeof(*message));
	struct message_fault fault;
	char *text;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		text = repeat(rows[i].head, rows[i].element, rows[i].count, rows[i].tail);
		if (rows[i].fault == NULL) {
			assert_int_equal(parse(text, -1, message, &fault), 0);
		} else {
			assert_int_equal(parse(text, -1, message, &fault), -EBADMSG);
			assert_int_equal(fault.code, MESSAGE_CODE_LIMIT);
			assert_string_equal(fault.text, rows[i].fault);
		}
		free(text);
	}
	free(message);
}

static void test_deep_nesting(void **state)
{
	struct message *message = calloc(1, sizeof(*message));
	struct message_fault fault;
	char *text = malloc(100001);

	(void)state;
	memset(text, '[', 100000);
	text[100000] = '\0';
	assert_int_equal(parse(text, -1, message, &fault), -EBADMSG);
	assert_int_equal(fault.code, MESSAGE_CODE_PARSE);
	free(text);
	free(message);
}

/* The fullest roster of the longest names fits what a member takes. */
static void test_largest_roster_fits(void **state)
{
	struct message *message = calloc(1, sizeof(*message));
	struct message *read_back = calloc(1, sizeof(*read_back));
	struct message_layer layer = {8192, 8192, MESSAGE_BITRATE_MAX};
	struct message_fault fault;
	struct message_member *member;
	struct buffer buffer;
	size_t i;

	(void)state;
	message->form = MESSAGE_NOTIFICATION;
	message->method = MESSAGE_ROSTER;
	message->roster.count = MESSAGE_MEMBERS_MAX;
	for (i = 0; i < (size_t)MESSAGE_MEMBERS_MAX * MESSAGE_TRACKS_MAX; i++) {
		member = &message->roster.members[i / MESSAGE_TRACKS_MAX];
		member->member = (uint16_t)(60000 + i / MESSAGE_TRACKS_MAX);
		memset(member->name, '"', MESSAGE_NAME_BYTES_MAX);
		member->track_count = MESSAGE_TRACKS_MAX;
		member->tracks[i % MESSAGE_TRACKS_MAX] =
			(struct message_track){.track = (uint16_t)(60000 + i),
					       .kind = MESSAGE_CAMERA,
					       .layer_count = OBJECT_LAYERS_MAX,
					       .layers = {layer, layer, layer, layer}};
	}
	buffer_init(&buffer, MESSAGE_HUB_BYTES_MAX);
	assert_int_equal(message_write(message, &buffer), 0);
	assert_int_equal(message_parse((char *)buffer.data, buffer.length, NULL, NULL, read_back,
				       &fault),
			 0);
	assert_memory_equal(&message->roster.members[99].tracks[3],
			    &read_back->roster.members[99].tracks[3], sizeof(struct message_track));
	assert_string_equal(message->roster.members[99].name, read_back->roster.members[99].name);
	buffer_finish(&buffer);
	free(read_back);
	free(message);
}

static void test_write_keeps_what_was_there(void **state)
{
	struct message *message = calloc(1, sizeof(*message));
	struct buffer buffer;

	(void)state;
	message->method = MESSAGE_LEAVE;
	buffer_init(&buffer, 20);
	assert_int_equal(buffer_append(&buffer, "before", 6), 0);
	assert_int_equal(message_write(message, &buffer), -EMSGSIZE);
	assert_int_equal(buffer.length, 6);
	assert_memory_equal(buffer.data, "before", 6);
	buffer_finish(&buffer);
	free(message);
}

static long allocations_left;

static void *failing_malloc(size_t size)
{
	return allocations_left-- > 0 ? malloc(size) : NULL;
}

/* The Nth allocation fails, for every N: a clean error, nothing leaked, nothing half-written. */
static void test_without_memory(void **state)
{
	struct message *message = calloc(1, sizeof(*message));
	struct message_fault fault;
	struct buffer buffer;
	size_t i;
	long n;
	int result;

	(void)state;
	buffer_init(&buffer, MESSAGE_HUB_BYTES_MAX);
	json_set_alloc_funcs(failing_malloc, free);
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		for (n = 0, result = -1; result != 0; n++) {
			allocations_left = n;
			result = parse(good[i].text, good[i].method, message, &fault);
			assert_true(result == 0 || result == -EBADMSG || result == -ENOMEM);
		}
		for (n = 0, result = -1; result != 0; n++) {
			buffer_clear(&buffer);
			allocations_left = n;
			result = message_write(message, &buffer);
			assert_true(result == 0 || result == -ENOMEM);
			assert_true(result == 0 || buffer.length == 0);
		}
		assert_int_equal(buffer.length, strlen(good[i].text));
	}
	json_set_alloc_funcs(malloc, free);
	buffer_finish(&buffer);
	free(message);
}

static void test_names(void **state)
{
	static const struct {
		const char *text;
		bool is_name;
	} rows[] = {
		{"Ruang Rapat 1", true},
		{"", false},
		{"tab\there", false},
		{"del\x7f", false},
		{"c1 \xc2\x85", false},
		{"nbsp\xc2\xa0", true},
		{"bad \xff utf-8", false},
		{"cut \xe2\x82", false},
		{"0123456789012345678901234567890123456789012345678901234567890123", true},
		{"01234567890123456789012345678901234567890123456789012345678901234", false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(message_is_name(rows[i].text), rows[i].is_name);
	assert_true(message_is_meeting(
		"0123456789012345678901234567890123456789012345678901234567890123"));
	assert_false(message_is_meeting(
		"01234567890123456789012345678901234567890123456789012345678901234"));
	assert_true(message_is_seat(SEAT));
	assert_false(message_is_seat(SEAT "A"));
	assert_false(message_is_seat("AAAAAAAAAABBBBBBBBBBCCCCCCCCCCDDDDDDDDDD-_+"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_fault_has_id),
		cmocka_unit_test(test_unknown_members_are_passed_over),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_deep_nesting),
		cmocka_unit_test(test_largest_roster_fits),
		cmocka_unit_test(test_write_keeps_what_was_there),
		cmocka_unit_test(test_without_memory),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}
