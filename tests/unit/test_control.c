/* panel/control: every method, and clients that send or read badly, over a real socket. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "panel/control.h"
#include "panel/control_answer.h"
#include "tests/fake/fake_alloc.h"

#define PATIENCE_US (20 * CLOCK_US_PER_S)
#define SHORT_DEADLINE_US UINT64_C(100000)

struct bench {
	char folder[64];
	char path[96];
	sd_event *loop;
	struct control *control;
	struct control_ops ops;
	size_t large_bytes; /* of Status's member "large" */
	char command[64];   /* the last one */
	int command_result;
	const char *command_reason;
};

static json_t *status(void *context)
{
	const struct bench *bench = context;
	char *large = malloc(bench->large_bytes + 1);
	json_t *tree;

	if (!large)
		return NULL;
	memset(large, 'x', bench->large_bytes);
	large[bench->large_bytes] = '\0';
	tree = json_pack("{s:[{s:s, s:i}, {s:s, s:i}], s:s, s:n}", "cameras", "name", "front",
			 "fps", 30, "name", "back", "fps", 25, "large", large, "nothing");
	free(large);
	return tree;
}

static int command(void *context, const char *name, const json_t *params, json_t **ret_result)
{
	struct bench *bench = context;

	snprintf(bench->command, sizeof(bench->command), "%s %zu", name, json_object_size(params));
	if (bench->command_result == 0)
		*ret_result = json_pack("{s:i}", "done", 1);
	else
		*ret_result = bench->command_reason ? json_string(bench->command_reason) : NULL;
	return bench->command_result == 0 && !*ret_result ? -ENOMEM : bench->command_result;
}

static const struct control_command commands[] = {{"jump", "height", "jumps"}};

static int set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	assert_non_null(bench);
	bench->ops = (struct control_ops){
		.status = status,
		.command = command,
		.commands = commands,
		.n_commands = 1,
		.context = bench,
	};
	snprintf(bench->folder, sizeof(bench->folder), "/tmp/test_control.XXXXXX");
	assert_non_null(mkdtemp(bench->folder));
	snprintf(bench->path, sizeof(bench->path), "%s/control.sock", bench->folder);
	assert_true(sd_event_new(&bench->loop) >= 0);
	*state = bench;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;

	control_destroy(bench->control);
	assert_int_equal(access(bench->path, F_OK), -1);
	sd_event_unref(bench->loop);
	rmdir(bench->folder);
	free(bench);
	return 0;
}

static void serve(struct bench *bench)
{
	assert_int_equal(control_create(bench->loop, bench->path, &bench->ops, &bench->control), 0);
}

static int connect_to(const struct bench *bench)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		fail();
	memcpy(address.sun_path, bench->path, strlen(bench->path) + 1);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* Lets the server work until the client's socket is ready for one of `events`. */
static void wait_for(struct bench *bench, int fd, short events)
{
	int64_t deadline_us = clock_now_us() + PATIENCE_US;
	struct pollfd watched = {.fd = fd, .events = events};

	while (poll(&watched, 1, 0) == 0) {
		assert_true(clock_now_us() < deadline_us);
		assert_true(sd_event_run(bench->loop, 5000) >= 0);
	}
}

static void say(struct bench *bench, int fd, const char *text, size_t length)
{
	while (length > 0) {
		ssize_t sent;

		wait_for(bench, fd, POLLOUT);
		sent = send(fd, text, length, MSG_NOSIGNAL);
		assert_true(sent > 0);
		text += sent;
		length -= (size_t)sent;
	}
}

/* A line of the server as JSON; NULL: it closed. */
static json_t *hear(struct bench *bench, int fd)
{
	static char bytes[65536];
	const char *end = NULL;
	json_t *json = NULL;
	struct buffer line;

	buffer_init(&line, CONTROL_ANSWER_BYTES_MAX + 1);
	while (!end) {
		ssize_t size;

		wait_for(bench, fd, POLLIN);
		size = recv(fd, bytes, sizeof(bytes), MSG_PEEK);
		if (size <= 0)
			break;
		end = memchr(bytes, '\n', (size_t)size);
		size = recv(fd, bytes, end ? (size_t)(end - bytes) + 1 : (size_t)size, 0);
		assert_int_equal(buffer_append(&line, bytes, (size_t)size), 0);
	}
	if (end) {
		json = json_loadb((char *)line.data, line.length, JSON_REJECT_DUPLICATES, NULL);
		assert_non_null(json);
	}
	buffer_finish(&line);
	return json;
}

static void assert_hears(struct bench *bench, int fd, const char *expected)
{
	json_t *json = hear(bench, fd), *wanted = json_loads(expected, 0, NULL);

	assert_non_null(wanted);
	if (!json_equal(json, wanted)) {
		char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

		print_error("heard %s\n", text ? text : "nothing");
		free(text);
		fail_msg("not %s", expected);
	}
	json_decref(wanted);
	json_decref(json);
}

static void assert_closed(struct bench *bench, int fd)
{
	assert_null(hear(bench, fd));
	close(fd);
}

static void ask(struct bench *bench, const char *line, const char *expected)
{
	int fd = connect_to(bench);

	say(bench, fd, line, strlen(line));
	say(bench, fd, "\n", 1);
	assert_hears(bench, fd, expected);
	close(fd);
}

#define REQUEST(method, params)                                                                    \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" method "\",\"params\":" params "}"
#define RESULT(result) "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":" result "}"
#define FAULT(id, code, message)                                                                   \
	"{\"jsonrpc\":\"2.0\",\"id\":" id ",\"error\":{\"code\":" code ",\"message\":\"" message   \
	"\"}}"
#define CAMERAS "[{\"name\":\"front\",\"fps\":30},{\"name\":\"back\",\"fps\":25}]"
#define NOT_THERE FAULT("1", "-32602", "path: there is nothing there in Status")

static void get_gives_the_tree_and_parts(void **state)
{
	struct bench *bench = *state;

	serve(bench);
	ask(bench, REQUEST("get", "{}"),
	    RESULT("{\"cameras\":" CAMERAS ",\"large\":\"\",\"nothing\":null}"));
	ask(bench, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"get\"}\r",
	    RESULT("{\"cameras\":" CAMERAS ",\"large\":\"\",\"nothing\":null}"));
	ask(bench, REQUEST("get", "{\"path\":\"cameras\"}"), RESULT(CAMERAS));
	ask(bench, REQUEST("get", "{\"path\":\"/cameras//1/fps/\"}"), RESULT("25"));
	ask(bench, REQUEST("get", "{\"path\":\"nothing\"}"), RESULT("null"));
	ask(bench, REQUEST("get", "{\"path\":\"cameras/2\"}"), NOT_THERE);
	ask(bench, REQUEST("get", "{\"path\":\"cameras/-1\"}"), NOT_THERE);
	ask(bench, REQUEST("get", "{\"path\":\"cameras/99999999999999999999\"}"), NOT_THERE);
	ask(bench, REQUEST("get", "{\"path\":\"cameras/0/fps/0\"}"), NOT_THERE);
	ask(bench, REQUEST("get", "{\"path\":\"camera\"}"), NOT_THERE);
	ask(bench, REQUEST("get", "{\"path\":5}"),
	    FAULT("1", "-32602", "path: not a string of at most 256 bytes"));
}

static void command_is_passed_on(void **state)
{
	struct bench *bench = *state;

	serve(bench);
	ask(bench, REQUEST("command", "{\"name\":\"jump\",\"params\":{\"height\":3}}"),
	    RESULT("{\"done\":1}"));
	assert_string_equal(bench->command, "jump 1");
	ask(bench, REQUEST("command", "{\"name\":\"rest\"}"), RESULT("{\"done\":1}"));
	assert_string_equal(bench->command, "rest 0");

	bench->command_result = -ERANGE;
	bench->command_reason = "height: 3 is not in 1 to 2";
	ask(bench, REQUEST("command", "{\"name\":\"jump\"}"),
	    FAULT("1", "-32602", "height: 3 is not in 1 to 2"));
	bench->command_result = -EIO;
	bench->command_reason = NULL;
	ask(bench, REQUEST("command", "{\"name\":\"jump\"}"),
	    FAULT("1", "-32603", "Input/output error"));

	snprintf(bench->command, sizeof(bench->command), "none");
	ask(bench, REQUEST("command", "{}"),
	    FAULT("1", "-32602", "name: not a string of at most 256 bytes"));
	ask(bench, REQUEST("command", "{\"name\":\"jump\",\"params\":[3]}"),
	    FAULT("1", "-32602", "params: not an object"));
	assert_string_equal(bench->command, "none");
}

static void describe_tells_methods_and_commands(void **state)
{
	struct bench *bench = *state;
	json_t *answer, *methods, *described;
	int fd;

	serve(bench);
	fd = connect_to(bench);
	say(bench, fd, REQUEST("describe", "{}") "\n", strlen(REQUEST("describe", "{}") "\n"));
	answer = hear(bench, fd);
	assert_int_equal(json_unpack(answer, "{s:{s:o, s:o}}", "result", "methods", &methods,
				     "commands", &described),
			 0);
	assert_int_equal(json_array_size(methods), 3);
	assert_int_equal(json_array_size(described), 1);
	assert_string_equal(json_string_value(
				    json_object_get(json_array_get(described, 0), "params")),
			    "height");
	json_decref(answer);
	close(fd);
}

static void bad_lines_are_answered(void **state)
{
	struct bench *bench = *state;

	serve(bench);
	ask(bench, "", FAULT("null", "-32700", "not JSON"));
	ask(bench, "\x01\xff{}", FAULT("null", "-32700", "not JSON"));
	ask(bench, "GET / HTTP/1.1", FAULT("null", "-32700", "not JSON"));
	ask(bench, "[]", FAULT("null", "-32600", "not JSON-RPC 2.0"));
	ask(bench, RESULT("{}"), FAULT("null", "-32600", "not a request"));
	ask(bench, REQUEST("set", "{}"),
	    FAULT("1", "-32601", "there is no such method; there are get, command and describe"));
}

static void lines_may_come_in_any_pieces(void **state)
{
	static const char two[] = REQUEST(
		"get",
		"{\"path\":\"cameras/0/fps\"}") "\n"
						"{\"jsonrpc\":\"2.0\",\"method\":\"get\"}"
						"\n" REQUEST("get",
							     "{\"path\":\"cameras/1/fps\"}") "\n";
	struct bench *bench = *state;
	int fd;

	serve(bench);
	fd = connect_to(bench);
	say(bench, fd, two, sizeof(two) - 1);
	assert_hears(bench, fd, RESULT("30"));
	assert_hears(bench, fd, RESULT("25"));
	for (size_t i = 0; i < sizeof(two) - 1; i++) {
		say(bench, fd, &two[i], 1);
		assert_true(sd_event_run(bench->loop, 0) >= 0);
	}
	shutdown(fd, SHUT_WR);
	assert_hears(bench, fd, RESULT("30"));
	assert_hears(bench, fd, RESULT("25"));
	assert_closed(bench, fd);
}

/* A good request with spaces at its end, `length` bytes with its line end. */
static void say_long(struct bench *bench, int fd, size_t length)
{
	static const char request[] = REQUEST("get", "{\"path\":\"cameras/0/fps\"}");
	char *line = malloc(length);

	assert_non_null(line);
	memset(line, ' ', length);
	memcpy(line, request, sizeof(request) - 1);
	line[length - 1] = '\n';
	say(bench, fd, line, length);
	free(line);
}

static void too_long_a_line_ends_the_client(void **state)
{
	struct bench *bench = *state;
	int fd;

	serve(bench);
	fd = connect_to(bench);
	say_long(bench, fd, CONTROL_REQUEST_BYTES_MAX);
	assert_hears(bench, fd, RESULT("30"));
	say_long(bench, fd, CONTROL_REQUEST_BYTES_MAX + 1);
	assert_hears(bench, fd, FAULT("null", "-32600", "the request is larger than 64 KiB"));
	assert_closed(bench, fd);
	ask(bench, REQUEST("get", "{\"path\":\"cameras/0/fps\"}"), RESULT("30"));
}

static void too_large_an_answer_is_an_error(void **state)
{
	static const size_t around = sizeof(RESULT("\"\"")) - 1;
	struct bench *bench = *state;
	json_t *answer;
	int fd;

	serve(bench);
	bench->large_bytes = CONTROL_ANSWER_BYTES_MAX - around + 1;
	ask(bench, REQUEST("get", "{\"path\":\"large\"}"),
	    FAULT("1", "-32603", "the answer is larger than 8 MiB"));
	bench->large_bytes--;
	fd = connect_to(bench);
	say(bench, fd, REQUEST("get", "{\"path\":\"large\"}") "\n",
	    strlen(REQUEST("get", "{\"path\":\"large\"}") "\n"));
	answer = hear(bench, fd);
	assert_int_equal(json_string_length(json_object_get(answer, "result")), bench->large_bytes);
	json_decref(answer);
	close(fd);
}

static void slow_clients_are_dropped_and_idle_ones_kept(void **state)
{
	static const char request[] = REQUEST("get", "{}") "\n";
	struct bench *bench = *state;
	int idle, half, deaf;
	int64_t deadline_us;
	char bytes[4096];
	ssize_t size;

	bench->large_bytes = 4 << 20;
	bench->ops.deadline_us = SHORT_DEADLINE_US;
	serve(bench);
	idle = connect_to(bench);
	half = connect_to(bench);
	deaf = connect_to(bench);
	say(bench, half, request, 10);
	say(bench, deaf, request, sizeof(request) - 1);
	assert_closed(bench, half);

	/* The deaf one's socket is full of its answer: it ends before the answer does. */
	deadline_us = clock_now_us() + PATIENCE_US;
	do {
		assert_true(clock_now_us() < deadline_us);
		assert_true(sd_event_run(bench->loop, 5000) >= 0);
	} while (send(deaf, " ", 1, MSG_NOSIGNAL) >= 0 || errno == EAGAIN);
	while ((size = recv(deaf, bytes, sizeof(bytes), 0)) > 0)
		assert_null(memchr(bytes, '\n', (size_t)size));
	close(deaf);

	bench->large_bytes = 0;
	say(bench, idle, request, sizeof(request) - 1);
	assert_hears(bench, idle,
		     RESULT("{\"cameras\":" CAMERAS ",\"large\":\"\",\"nothing\":null}"));
	close(idle);
}

static void a_deaf_client_holds_up_nobody(void **state)
{
	static const char request[] = REQUEST("get", "{}") "\n";
	struct bench *bench = *state;
	int deaf;

	bench->large_bytes = 4 << 20;
	serve(bench);
	deaf = connect_to(bench);
	say(bench, deaf, request, sizeof(request) - 1);
	ask(bench, REQUEST("get", "{\"path\":\"cameras/0/fps\"}"), RESULT("30"));
	close(deaf);
	ask(bench, REQUEST("get", "{\"path\":\"cameras/0/fps\"}"), RESULT("30"));
}

static void clients_are_limited(void **state)
{
	struct bench *bench = *state;
	int fds[CONTROL_CLIENTS_MAX], beyond;

	serve(bench);
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		fds[i] = connect_to(bench);
		say(bench, fds[i], REQUEST("get", "{\"path\":\"cameras/0/fps\"}") "\n",
		    strlen(REQUEST("get", "{\"path\":\"cameras/0/fps\"}") "\n"));
		assert_hears(bench, fds[i], RESULT("30"));
	}
	beyond = connect_to(bench);
	assert_hears(bench, beyond, FAULT("null", "-32603", "too many clients; try again later"));
	assert_closed(bench, beyond);
	close(fds[3]);
	while (sd_event_run(bench->loop, 0) > 0)
		;
	ask(bench, REQUEST("get", "{\"path\":\"cameras/0/fps\"}"), RESULT("30"));
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		if (i != 3)
			close(fds[i]);
	}
}

static void socket_is_for_owner_and_group(void **state)
{
	struct bench *bench = *state;
	mode_t mask = umask(0077);
	struct stat status;

	serve(bench);
	umask(mask);
	assert_int_equal(stat(bench->path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0660);
}

static void only_a_stale_socket_is_replaced(void **state)
{
	struct bench *bench = *state;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct control *second = NULL;
	char path[300];
	int fd;

	memset(path, 'x', sizeof(path));
	path[sizeof(address.sun_path)] = '\0';
	assert_int_equal(control_create(bench->loop, path, &bench->ops, &second), -ENAMETOOLONG);
	snprintf(path, sizeof(path), "%s/absent/control.sock", bench->folder);
	assert_int_equal(control_create(bench->loop, path, &bench->ops, &second), -ENOENT);

	fd = open(bench->path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(control_create(bench->loop, bench->path, &bench->ops, &second), -EEXIST);
	assert_int_equal(unlink(bench->path), 0);

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		fail();
	memcpy(address.sun_path, bench->path, strlen(bench->path) + 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	serve(bench);
	assert_int_equal(control_create(bench->loop, bench->path, &bench->ops, &second),
			 -EADDRINUSE);
	assert_null(second);
	ask(bench, REQUEST("get", "{\"path\":\"cameras/0/fps\"}"), RESULT("30"));
}

static void destroy_drops_clients(void **state)
{
	struct bench *bench = *state;
	char byte;
	int fd;

	serve(bench);
	fd = connect_to(bench);
	say(bench, fd, REQUEST("get", "{}"), strlen(REQUEST("get", "{}")));
	while (sd_event_run(bench->loop, 0) > 0)
		;
	control_destroy(bench->control);
	bench->control = NULL;
	assert_int_equal(recv(fd, &byte, 1, 0), 0);
	close(fd);
	control_destroy(NULL);
}

/* Either -ENOMEM, or an answer that says so, or that the line is not JSON, but never half of one. */
static void assert_answers_without_memory(const struct bench *bench, const char *line)
{
	char *answer;
	unsigned int n;
	int r;

	for (n = 1;; n++) {
		answer = NULL;
		fake_alloc_arm(n);
		r = control_answer(&bench->ops, line, strlen(line), &answer);
		if (!fake_alloc_disarm())
			break;
		if (r == 0) {
			assert_non_null(strstr(answer, "\"error\""));
			free(answer);
		} else {
			assert_int_equal(r, -ENOMEM);
			assert_null(answer);
		}
	}
	assert_true(n > 10);
	assert_int_equal(r, 0);
	assert_non_null(strstr(answer, "\"result\""));
	free(answer);
}

static void lack_of_memory_is_answered(void **state)
{
	struct bench *bench = *state;
	struct control *control = NULL;

	assert_answers_without_memory(bench, REQUEST("get", "{\"path\":\"cameras/1\"}"));
	assert_answers_without_memory(bench, REQUEST("command", "{\"name\":\"jump\"}"));
	assert_answers_without_memory(bench, REQUEST("describe", "{}"));
	fake_alloc_arm(1);
	assert_int_equal(control_create(bench->loop, bench->path, &bench->ops, &control), -ENOMEM);
	assert_true(fake_alloc_disarm());
	assert_null(control);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(get_gives_the_tree_and_parts),
		TEST(command_is_passed_on),
		TEST(describe_tells_methods_and_commands),
		TEST(bad_lines_are_answered),
		TEST(lines_may_come_in_any_pieces),
		TEST(too_long_a_line_ends_the_client),
		TEST(too_large_an_answer_is_an_error),
		TEST(slow_clients_are_dropped_and_idle_ones_kept),
		TEST(a_deaf_client_holds_up_nobody),
		TEST(clients_are_limited),
		TEST(socket_is_for_owner_and_group),
		TEST(only_a_stale_socket_is_replaced),
		TEST(destroy_drops_clients),
		TEST(lack_of_memory_is_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
