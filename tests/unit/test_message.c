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

#include "base/base64url.h"
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

/* 65 bytes. */
#define KEY                                                                                        \
	"BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"                                              \
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA_-8"

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

static struct message *create(void)
{
	struct message *message = calloc(1, sizeof(*message));

	assert_non_null(message);
	return message;
}

static void destroy(struct message *message)
{
	message_finish(message);
	free(message);
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
	{REQUEST("join", "{\"version\":1,\"meeting\":\"a\",\"resume\":\"" SEAT
			 "\",\"epoch\":9223372036854775807}"),
	 -1},
	{REQUEST("open", "{\"key\":\"" KEY "\"}"), -1},
	{REQUEST("open", "{\"clear\":true}"), -1},
	{REQUEST("door", "{\"key\":\"" KEY "\"}"), -1},
	{REQUEST("knock", "{\"package\":\"Zm9vYg\"}"), -1},
	{REQUEST("commit", "{\"epoch\":0,\"commit\":\"Zg\"}"), -1},
	{REQUEST("commit", "{\"epoch\":281474976710,\"commit\":\"Zg\",\"welcome\":"
			   "\"Zm8\",\"members\":[7,65535,1]}"),
	 -1},
	{REQUEST("tell", "{\"message\":\"Zg\"}"), -1},
	{REQUEST("refuse", "{\"reason\":\"certificate\",\"member\":7}"), -1},
	{REQUEST("refuse", "{\"reason\":\"expired\",\"member\":7}"), -1},
	{REQUEST("refuse", "{\"reason\":\"revoked\",\"member\":7}"), -1},
	{REQUEST("refuse", "{\"reason\":\"guests\",\"member\":7}"), -1},
	{REQUEST("refuse", "{\"reason\":\"broken\",\"member\":7}"), -1},
	{REQUEST("refuse", "{\"reason\":\"full\",\"member\":7}"), -1},
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
	{RESULT("{}"), MESSAGE_OPEN},
	{RESULT("{}"), MESSAGE_DOOR},
	{RESULT("{}"), MESSAGE_KNOCK},
	{RESULT("{}"), MESSAGE_COMMIT},
	{RESULT("{}"), MESSAGE_TELL},
	{RESULT("{}"), MESSAGE_REFUSE},
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
	{NOTIFICATION("door", "{\"state\":\"none\"}"), -1},
	{NOTIFICATION("door", "{\"state\":\"clear\"}"), -1},
	{NOTIFICATION("door", "{\"state\":\"open\",\"epoch\":5,\"passed\":[]}"), -1},
	{NOTIFICATION("door", "{\"state\":\"open\",\"epoch\":5,\"passed\":[4,2],\"key\":\"" KEY
			      "\",\"member\":3}"),
	 -1},
	{NOTIFICATION("knock", "{\"package\":\"Zg\",\"member\":7}"), -1},
	{NOTIFICATION("commit", "{\"epoch\":5,\"commit\":\"Zg\"}"), -1},
	{NOTIFICATION("welcome", "{\"epoch\":6,\"welcome\":\"Zg\"}"), -1},
	{NOTIFICATION("tell", "{\"message\":\"Zg\",\"member\":7}"), -1},
	{NOTIFICATION("refused", "{\"reason\":\"full\"}"), -1},
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":6,\"message\":\"257 wants\"}}",
	 MESSAGE_WANT},
	{"{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,\"message\":\"\"}}", -1},
};

/* Reading and writing again gives the same text: no member is lost or invented. */
static void test_good(void **state)
{
	struct message *message = create();
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
	destroy(message);
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
	{REQUEST("join", "{\"version\":1,\"meeting\":\"a\",\"resume\":\"" SEAT "\",\"epoch\":-1}"),
	 -1, -32602, "params.epoch: -1 is not in 0..9223372036854775807"},
	{REQUEST("welcome", "{}"), -1, -32601, "method: not known"},
	{REQUEST("refused", "{}"), -1, -32601, "method: not known"},
	{NOTIFICATION("open", "{}"), -1, -32601, "method: not known"},
	{NOTIFICATION("refuse", "{}"), -1, -32601, "method: not known"},
	{REQUEST("open", "{}"), -1, -32602, "params.key: missing"},
	{REQUEST("open", "{\"clear\":false}"), -1, -32602, "params.clear: not true"},
	{REQUEST("open", "{\"clear\":1}"), -1, -32602, "params.clear: not true"},
	{REQUEST("open", "{\"clear\":true,\"key\":\"" KEY "\"}"), -1, -32602,
	 "params.clear: with a key"},
	{REQUEST("open", "{\"key\":\"Zg\"}"), -1, -32602, "params.key: not a key: 65 bytes"},
	{REQUEST("open", "{\"key\":\"" KEY "A\"}"), -1, 6,
	 "params.key: 66 bytes, at most 65 are allowed"},
	{REQUEST("open", "{\"key\":7}"), -1, -32602, "params.key: not a string"},
	{REQUEST("door", "{\"clear\":true}"), -1, -32602, "params.key: missing"},
	{REQUEST("knock", "{\"package\":\"\"}"), -1, -32602, "params.package: not base64url"},
	{REQUEST("knock", "{\"package\":\"Zg==\"}"), -1, -32602, "params.package: not base64url"},
	{REQUEST("knock", "{\"package\":\"Zh\"}"), -1, -32602, "params.package: not base64url"},
	{REQUEST("knock", "{\"package\":\"Zg\\u0000\"}"), -1, -32700, "not JSON"},
	{REQUEST("commit", "{\"commit\":\"Zg\"}"), -1, -32602, "params.epoch: missing"},
	{REQUEST("commit", "{\"epoch\":1}"), -1, -32602, "params.commit: missing"},
	{REQUEST("commit", "{\"epoch\":1,\"commit\":\"Zg\",\"welcome\":\"Zg\"}"), -1, -32602,
	 "params.members: missing"},
	{REQUEST("commit", "{\"epoch\":1,\"commit\":\"Zg\",\"members\":[7]}"), -1, -32602,
	 "params.welcome: missing"},
	{REQUEST("commit", "{\"epoch\":1,\"commit\":\"Zg\",\"welcome\":\"Zg\",\"members\":[]}"), -1,
	 -32602, "params.welcome: for no member"},
	{REQUEST("commit", "{\"epoch\":1,\"commit\":\"Zg\",\"welcome\":\"Zg\",\"members\":[7,7]}"),
	 -1, -32602, "params.members[1]: told twice"},
	{REQUEST("commit", "{\"epoch\":1,\"commit\":\"Zg\",\"welcome\":\"Zg\",\"members\":[0]}"),
	 -1, -32602, "params.members[0]: 0 is not in 1..65535"},
	{REQUEST("commit", "{\"epoch\":1,\"commit\":\"Zg\",\"welcome\":\"Zg\",\"members\":"
			   "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]}"),
	 -1, 6, "params.members: 17 elements, at most 16 are allowed"},
	{REQUEST("tell", "{}"), -1, -32602, "params.message: missing"},
	{REQUEST("refuse", "{\"member\":7,\"reason\":\"ugly\"}"), -1, -32602,
	 "params.reason: not a reason"},
	{REQUEST("refuse", "{\"reason\":\"full\"}"), -1, -32602, "params.member: missing"},
	{NOTIFICATION("door", "{\"state\":\"ajar\"}"), -1, -32602,
	 "params.state: not none, clear or open"},
	{NOTIFICATION("door", "{\"state\":\"open\",\"passed\":[]}"), -1, -32602,
	 "params.epoch: missing"},
	{NOTIFICATION("door", "{\"state\":\"open\",\"epoch\":1}"), -1, -32602,
	 "params.passed: missing"},
	{NOTIFICATION("door", "{\"state\":\"open\",\"epoch\":1,\"passed\":[],\"member\":3}"), -1,
	 -32602, "params.key: missing"},
	{NOTIFICATION("knock", "{\"package\":\"Zg\"}"), -1, -32602, "params.member: missing"},
	{NOTIFICATION("tell", "{\"message\":\"Zg\"}"), -1, -32602, "params.member: missing"},
	{NOTIFICATION("welcome", "{\"welcome\":\"Zg\"}"), -1, -32602, "params.epoch: missing"},
	{NOTIFICATION("refused", "{}"), -1, -32602, "params.reason: missing"},
	{NOTIFICATION("report", "{\"track\":1,\"delay_us\":60000001}"), -1, -32602,
	 "params.delay_us: 60000001 is not in 0..60000000"},
};

static void test_bad(void **state)
{
	struct message *message = create();
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
	destroy(message);
}

/* So that the hub can answer a request that it refuses. */
static void test_fault_has_id(void **state)
{
	struct message *message = create();
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
	destroy(message);
}

static void test_unknown_members_are_passed_over(void **state)
{
	struct message *message = create();
	struct message_fault fault;

	(void)state;
	assert_int_equal(parse(REQUEST("keyframe", "{\"track\":5,\"layer\":1,\"why\":[{}]}"), -1,
			       message, &fault),
			 0);
	assert_int_equal(message->layer.track, 5);
	assert_int_equal(message->layer.layer, 1);
	destroy(message);
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

/* head, the text of `length` bytes (a multiple of 3), tail. */
static char *repeat_bytes(const char *head, size_t length, const char *tail)
{
	size_t text_length = length / 3 * 4;
	char *text = malloc(strlen(head) + text_length + strlen(tail) + 1);
	char *end = stpcpy(text, head);

	memset(end, 'A', text_length);
	stpcpy(end + text_length, tail);
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
	struct message *message = create();
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
	destroy(message);
}

static void test_deep_nesting(void **state)
{
	struct message *message = create();
	struct message_fault fault;
	char *text = malloc(100001);

	(void)state;
	memset(text, '[', 100000);
	text[100000] = '\0';
	assert_int_equal(parse(text, -1, message, &fault), -EBADMSG);
	assert_int_equal(fault.code, MESSAGE_CODE_PARSE);
	free(text);
	destroy(message);
}

/* The fullest roster of the longest names fits what a member takes. */
static void test_largest_roster_fits(void **state)
{
	struct message *message = create();
	struct message *read_back = create();
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
	destroy(read_back);
	destroy(message);
}

/* Each text of bytes just within its limit and just beyond. */
static void test_largest_bytes(void **state)
{
	static const struct {
		const char *head;
		const char *tail;
		size_t maximum;
		const char *fault;
	} rows[] = {
		{"\"knock\",\"params\":{\"package\":\"", "\"}}", 16 << 10,
		 "params.package: 16386 bytes, at most 16384 are allowed"},
		{"\"commit\",\"params\":{\"epoch\":1,\"commit\":\"", "\"}}", 64 << 10,
		 "params.commit: 65538 bytes, at most 65536 are allowed"},
		{"\"commit\",\"params\":{\"epoch\":1,\"commit\":\"Zg\",\"members\":[1],"
		 "\"welcome\":\"",
		 "\"}}", 640 << 10, "params.welcome: 655362 bytes, at most 655360 are allowed"},
		{"\"tell\",\"params\":{\"message\":\"", "\"}}", 64 << 10,
		 "params.message: 65538 bytes, at most 65536 are allowed"},
	};
	struct message *message = create();
	struct message_fault fault;
	char head[128];
	char *text;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(head, sizeof(head), "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":%s",
			 rows[i].head);
		text = repeat_bytes(head, rows[i].maximum / 3 * 3, rows[i].tail);
		assert_int_equal(parse(text, -1, message, &fault), 0);
		free(text);
		text = repeat_bytes(head, rows[i].maximum / 3 * 3 + 3, rows[i].tail);
		assert_int_equal(parse(text, -1, message, &fault), -EBADMSG);
		assert_int_equal(fault.code, MESSAGE_CODE_LIMIT);
		assert_string_equal(fault.text, rows[i].fault);
		free(text);
	}
	destroy(message);
}

static void test_largest_commit_fits(void **state)
{
	static char commit[BASE64URL_TEXT_LENGTH(MESSAGE_COMMIT_BYTES_MAX)];
	static char welcome[BASE64URL_TEXT_LENGTH(MESSAGE_WELCOME_BYTES_MAX)];
	struct message *message = create();
	struct message *read_back = create();
	struct message_fault fault;
	struct buffer buffer;
	size_t i;

	(void)state;
	memset(commit, 'A', sizeof(commit));
	memset(welcome, 'A', sizeof(welcome));
	message->form = MESSAGE_REQUEST;
	message->method = MESSAGE_COMMIT;
	message->id = INT64_MAX;
	message->commit = (struct message_commit){.epoch = INT64_MAX,
						  .commit = {commit, sizeof(commit)},
						  .welcome = {welcome, sizeof(welcome)},
						  .member_count = MESSAGE_WELCOMED_MAX};
	for (i = 0; i < MESSAGE_WELCOMED_MAX; i++)
		message->commit.members[i] = (uint16_t)(65535 - i);
	buffer_init(&buffer, MESSAGE_MEMBER_BYTES_MAX);
	assert_int_equal(message_write(message, &buffer), 0);
	assert_int_equal(message_parse((char *)buffer.data, buffer.length, NULL, NULL, read_back,
				       &fault),
			 0);
	assert_int_equal(read_back->commit.commit.length, sizeof(commit));
	assert_int_equal(read_back->commit.welcome.length, sizeof(welcome));
	assert_int_equal(read_back->commit.members[15], 65520);
	buffer_finish(&buffer);
	destroy(read_back);
	destroy(message);
}

static void test_finish_ends_what_was_read(void **state)
{
	struct message *message = create();
	struct message_fault fault;

	(void)state;
	assert_int_equal(parse(REQUEST("tell", "{\"message\":\"Zm9v\"}"), -1, message, &fault), 0);
	assert_memory_equal(message->tell.message.text, "Zm9v", 5);
	message_finish(message);
	message_finish(message);
	assert_int_equal(parse(REQUEST("tell", "{}"), -1, message, &fault), -EBADMSG);
	assert_null(message->json);
	free(message);
}

static void test_write_keeps_what_was_there(void **state)
{
	struct message *message = create();
	struct buffer buffer;

	(void)state;
	message->method = MESSAGE_LEAVE;
	buffer_init(&buffer, 20);
	assert_int_equal(buffer_append(&buffer, "before", 6), 0);
	assert_int_equal(message_write(message, &buffer), -EMSGSIZE);
	assert_int_equal(buffer.length, 6);
	assert_memory_equal(buffer.data, "before", 6);
	buffer_finish(&buffer);
	destroy(message);
}

static long allocations_left;

static void *failing_malloc(size_t size)
{
	return allocations_left-- > 0 ? malloc(size) : NULL;
}

/* The Nth allocation fails, for every N: a clean error, nothing leaked, nothing half-written. */
static void test_without_memory(void **state)
{
	struct message *message = create();
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
	destroy(message);
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
		cmocka_unit_test(test_largest_bytes),
		cmocka_unit_test(test_largest_commit_fits),
		cmocka_unit_test(test_finish_ends_what_was_read),
		cmocka_unit_test(test_write_keeps_what_was_there),
		cmocka_unit_test(test_without_memory),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}
