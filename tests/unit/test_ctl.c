/* tools/ctl: the program balaictl against a control server in this process. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "panel/control.h"
#include "tests/fake/program.h"

#define PATIENCE_US (30 * CLOCK_US_PER_S)
#define ARGUMENTS_MAX 8
#define PNG_BYTES 3000 /* of what `screenshot` gives: number i is (uint8_t)(7 i) */

struct bench {
	struct program_path program;
	char folder[64];
	char path[96]; /* of the socket */
	sd_event *loop;
	struct control *control;
	struct control_ops ops;
	json_t *status;
	json_t *answer; /* to every command; NULL: refused with `why` */
	const char *why;
	char *asked; /* the last command and its params */

	/* A server that is not balai-room. */
	const char *raw_text;

	/* Of the last run. */
	char out[8192];
	char err[2048];
};

static json_t *status(void *context)
{
	struct bench *bench = context;

	return json_incref(bench->status);
}

static int command(void *context, const char *name, const json_t *params, json_t **ret_result)
{
	struct bench *bench = context;
	json_t *asked = json_pack("[s, O]", name, params);

	free(bench->asked);
	bench->asked = json_dumps(asked, JSON_COMPACT);
	json_decref(asked);
	*ret_result = bench->answer ? json_incref(bench->answer) : json_string(bench->why);
	return bench->answer ? 0 : -EINVAL;
}

static int set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	assert_non_null(bench);
	bench->program = program_built("balaictl");
	snprintf(bench->folder, sizeof(bench->folder), "/tmp/test_ctl.XXXXXX");
	assert_non_null(mkdtemp(bench->folder));
	snprintf(bench->path, sizeof(bench->path), "%s/control.sock", bench->folder);
	assert_true(sd_event_new(&bench->loop) >= 0);
	bench->ops = (struct control_ops){.status = status, .command = command, .context = bench};
	*state = bench;
	return 0;
}

static int set_up_room(void **state)
{
	struct bench *bench;

	set_up(state);
	bench = *state;
	return control_create(bench->loop, bench->path, &bench->ops, &bench->control);
}

static int tear_down(void **state)
{
	struct bench *bench = *state;

	control_destroy(bench->control);
	sd_event_unref(bench->loop);
	json_decref(bench->status);
	json_decref(bench->answer);
	free(bench->asked);
	unlink(bench->path);
	assert_int_equal(rmdir(bench->folder), 0);
	free(bench);
	return 0;
}

static int open_capture(void)
{
	int fd = memfd_create("capture", MFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* Takes `fd`. */
static void read_capture(int fd, char *text, size_t size)
{
	ssize_t length = pread(fd, text, size - 1, 0);

	assert_true(length >= 0);
	text[length] = '\0';
	close(fd);
}

static pid_t spawn(const struct bench *bench, const char *const *arguments, int out, int err)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
	assert_int_equal(posix_spawn(&pid, bench->program.text, &actions, NULL,
				     (char *const *)arguments, environ),
			 0);
	posix_spawn_file_actions_destroy(&actions);
	return pid;
}

/* Serves until the program ends. Returns what it ends with. */
static int wait_for(struct bench *bench, pid_t pid)
{
	int64_t deadline_us = clock_now_us() + PATIENCE_US;
	int result;

	while (waitpid(pid, &result, WNOHANG) == 0) {
		if (clock_now_us() > deadline_us) {
			kill(pid, SIGKILL);
			waitpid(pid, &result, 0);
			fail_msg("balaictl does not end");
		}
		assert_true(sd_event_run(bench->loop, 2000) >= 0);
	}
	assert_true(WIFEXITED(result));
	return WEXITSTATUS(result);
}

static int run_to(struct bench *bench, int out, const char *const *words)
{
	const char *arguments[ARGUMENTS_MAX + 4] = {"balaictl", "--socket", bench->path};
	int err = open_capture(), result;

	for (size_t i = 0; words[i]; i++) {
		assert_true(i < ARGUMENTS_MAX);
		arguments[3 + i] = words[i];
	}
	result = wait_for(bench, spawn(bench, arguments, out, err));
	read_capture(err, bench->err, sizeof(bench->err));
	return result;
}

static int run_words(struct bench *bench, const char *const *words)
{
	int out = open_capture();
	int result = run_to(bench, out, words);

	read_capture(out, bench->out, sizeof(bench->out));
	return result;
}

#define RUN(bench, ...) run_words(bench, (const char *const[]){__VA_ARGS__, NULL})

static void assert_refuses(struct bench *bench, int result, const char *text,
			   const char *const *words)
{
	assert_int_equal(run_words(bench, words), result);
	assert_string_equal(bench->err, text);
	assert_string_equal(bench->out, "");
}

#define REFUSES(bench, result, text, ...)                                                          \
	assert_refuses(bench, result, "balaictl: " text "\n",                                      \
		       (const char *const[]){__VA_ARGS__, NULL})

static const char status_text[] =
	"{\"room\":{\"name\":\"Ruang é\",\"uptime_s\":12},"
	"\"camera\":{\"fps\":29.97,\"device\":null,\"ok\":true,"
	"\"delay\":{\"n\":300,\"p50_us\":12340,\"p95_us\":20000,\"p99_us\":25000,\"max_us\":99000}}"
	","
	"\"encoder\":{\"bitrate_bps\":2500400,\"rtt_us\":null,\"last_us\":64000000,\"order\":["
	"\"a\",\"b\"],"
	"\"changes\":[]},"
	"\"members\":[{\"name\":\"\\u001b[2Jx\\u009b\"},{\"name\":\"y\"}]}";

static void status_is_for_people(void **state)
{
	struct bench *bench = *state;

	bench->status = json_loads(status_text, 0, NULL);
	assert_int_equal(RUN(bench, "status"), 0);
	assert_string_equal(
		bench->out,
		"room\n"
		"  name                      Ruang é\n"
		"  uptime_s                  12\n"
		"camera\n"
		"  fps                       30.0\n"
		"  device                    -\n"
		"  ok                        yes\n"
		"  delay                     p50 12.3 ms, p95 20.0 ms, p99 25.0 ms, max 99.0 ms, "
		"of 300\n"
		"encoder\n"
		"  bitrate                   2500 kb/s\n"
		"  rtt                       -\n"
		"  last                      64.0 s\n"
		"  order                     a, b\n"
		"  changes                   -\n"
		"members\n"
		"  0\n"
		"    name                    ?[2Jx?\n"
		"  1\n"
		"    name                    y\n");
	assert_string_equal(bench->err, "");
}

static void status_gives_a_part(void **state)
{
	struct bench *bench = *state;

	bench->status = json_loads(status_text, 0, NULL);
	assert_int_equal(RUN(bench, "status", "room/uptime_s"), 0);
	assert_string_equal(bench->out, "12\n");
	assert_int_equal(RUN(bench, "status", "camera/delay"), 0);
	assert_string_equal(bench->out,
			    "p50 12.3 ms, p95 20.0 ms, p99 25.0 ms, max 99.0 ms, of 300\n");
	assert_int_equal(RUN(bench, "status", "members/1"), 0);
	assert_string_equal(bench->out, "name                        y\n");
	REFUSES(bench, 1, "path: there is nothing there in Status", "status", "nowhere");
}

static void status_is_json_too(void **state)
{
	struct bench *bench = *state;
	json_t *json;

	bench->status = json_loads(status_text, 0, NULL);
	assert_int_equal(RUN(bench, "status", "--json"), 0);
	json = json_loads(bench->out, 0, NULL);
	assert_true(json_equal(json, bench->status));
	json_decref(json);
	assert_int_equal(RUN(bench, "--json", "status", "camera/fps"), 0);
	assert_memory_equal(bench->out, "29.9", 4);
}

static void full_output_is_told(void **state)
{
	struct bench *bench = *state;
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	assert_true(full >= 0);
	bench->status = json_loads(status_text, 0, NULL);
	assert_int_equal(run_to(bench, full, (const char *const[]){"status", NULL}), 1);
	assert_string_equal(bench->err,
			    "balaictl: the output cannot be written: No space left on device\n");
	close(full);
}

static json_t *png_answer(void)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char text[PNG_BYTES / 3 * 4];

	for (size_t i = 0; i < sizeof(text); i += 4) {
		size_t at = i / 4 * 3;
		uint32_t bits = (uint32_t)(uint8_t)(at * 7) << 16 |
				(uint32_t)(uint8_t)((at + 1) * 7) << 8 | (uint8_t)((at + 2) * 7);

		for (size_t j = 0; j < 4; j++)
			text[i + j] = digits[bits >> (18 - 6 * j) & 63];
	}
	return json_pack("{s:s%}", "png", text, sizeof(text));
}

static void assert_png(const char *path)
{
	uint8_t bytes[PNG_BYTES + 1];
	FILE *file = fopen(path, "re");

	if (!file)
		fail();
	assert_int_equal(fread(bytes, 1, sizeof(bytes), file), PNG_BYTES);
	for (size_t i = 0; i < PNG_BYTES; i++)
		assert_int_equal(bytes[i], (uint8_t)(i * 7));
	fclose(file);
}

static size_t count_files(const char *folder)
{
	char pattern[128];
	glob_t found;
	size_t count;

	snprintf(pattern, sizeof(pattern), "%s/*", folder);
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	count = found.gl_pathc;
	globfree(&found);
	return count;
}

static void screenshot_is_written_whole(void **state)
{
	struct bench *bench = *state;
	mode_t mask = umask(0022);
	struct stat written;
	char path[128];

	bench->answer = png_answer();
	snprintf(path, sizeof(path), "%s/screen.png", bench->folder);
	assert_int_equal(RUN(bench, "screenshot", path), 0);
	assert_string_equal(bench->asked, "[\"screenshot\",{}]");
	assert_string_equal(bench->out, "");
	assert_png(path);
	assert_int_equal(stat(path, &written), 0);
	assert_int_equal(written.st_mode & 07777, 0644);
	assert_int_equal(truncate(path, 5), 0);
	assert_int_equal(RUN(bench, "screenshot", path), 0);
	assert_png(path);
	assert_int_equal(count_files(bench->folder), 2);
	unlink(path);
	umask(mask);
}

static void screenshot_that_cannot_be_written_is_told(void **state)
{
	struct bench *bench = *state;
	struct rlimit before, small;
	char path[128], *text = NULL;

	bench->answer = png_answer();
	REFUSES(bench, 1, "/dev/full is not written: No space left on device", "screenshot",
		"/dev/full");
	REFUSES(bench, 1, "/dev is not written: Is a directory", "screenshot", "/dev");
	REFUSES(bench, 1, "/dev/absent/x.png is not written: No such file or directory",
		"screenshot", "/dev/absent/x.png");

	/* What is there stays when the new one does not fit. */
	snprintf(path, sizeof(path), "%s/screen.png", bench->folder);
	assert_int_equal(RUN(bench, "screenshot", path), 0);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = (struct rlimit){.rlim_cur = PNG_BYTES / 2, .rlim_max = before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(RUN(bench, "screenshot", path), 1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_true(asprintf(&text, "balaictl: %s is not written: File too large\n", path) > 0);
	assert_string_equal(bench->err, text);
	free(text);
	assert_png(path);
	assert_int_equal(count_files(bench->folder), 2);
	unlink(path);
}

static void screenshot_without_picture_is_told(void **state)
{
	struct bench *bench = *state;
	char path[128];

	snprintf(path, sizeof(path), "%s/screen.png", bench->folder);
	bench->why = "no display is connected";
	REFUSES(bench, 1, "no display is connected", "screenshot", path);
	bench->answer = json_pack("{s:s}", "png", "!!!!");
	REFUSES(bench, 3, "what answers at this socket is not balai-room", "screenshot", path);
	json_decref(bench->answer);
	bench->answer = json_pack("{s:i}", "png", 5);
	REFUSES(bench, 3, "what answers at this socket is not balai-room", "screenshot", path);
	assert_int_equal(access(path, F_OK), -1);
}

static void camera_is_driven(void **state)
{
	struct bench *bench = *state;

	bench->answer = json_pack("{s:[{s:s, s:s, s:i, s:i, s:i, s:i, s:b, s:i}, {s:s}], s:i}",
				  "controls", "name", "pan_absolute", "type", "integer", "minimum",
				  -36000, "maximum", 36000, "step", 3600, "default", 0, "read_only",
				  1, "value", -3600, "name", "odd", "value", 7);
	assert_int_equal(RUN(bench, "camera", "list"), 0);
	assert_string_equal(bench->out,
			    "pan_absolute                -3600  (integer, -36000 to 36000, "
			    "step 3600, default 0, read-only)\n"
			    "name                        odd\n");
	assert_string_equal(bench->asked, "[\"camera.list\",{}]");
	assert_int_equal(RUN(bench, "camera", "get", "pan_absolute"), 0);
	assert_string_equal(bench->out, "7\n");
	assert_string_equal(bench->asked, "[\"camera.get\",{\"name\":\"pan_absolute\"}]");
	assert_int_equal(RUN(bench, "camera", "set", "pan_absolute", "-7200"), 0);
	assert_string_equal(bench->out, "");
	assert_string_equal(bench->asked,
			    "[\"camera.set\",{\"name\":\"pan_absolute\",\"value\":-7200}]");
	assert_int_equal(RUN(bench, "camera", "select", "wide"), 0);
	assert_string_equal(bench->asked, "[\"camera.select\",{\"camera\":\"wide\"}]");
}

static void camera_without_controls_is_told(void **state)
{
	struct bench *bench = *state;

	bench->answer = json_pack("{s:[]}", "controls");
	assert_int_equal(RUN(bench, "camera", "list"), 0);
	assert_string_equal(bench->out, "The camera has no controls, or is not there now.\n");
	json_decref(bench->answer);
	bench->answer = NULL;
	bench->why = "the camera is not there now";
	REFUSES(bench, 1, "the camera is not there now", "camera", "set", "pan", "1");
}

static void wrong_commands_are_told(void **state)
{
	struct bench *bench = *state;
	const char *const none[] = {NULL};

	assert_int_equal(run_words(bench, none), 2);
	assert_string_equal(bench->err,
			    "balaictl: what to do? balaictl help tells what there is\n");
	REFUSES(bench, 2, "sing: there is no such command; balaictl help tells them", "sing");
	REFUSES(bench, 2, "camera: there is no such command; balaictl help tells them", "camera");
	REFUSES(bench, 2, "camera fly: there is no such command; balaictl help tells them",
		"camera", "fly");
	REFUSES(bench, 2, "usage: balaictl status [PATH]", "status", "a", "b");
	REFUSES(bench, 2, "usage: balaictl screenshot FILE", "screenshot");
	REFUSES(bench, 2, "usage: balaictl camera set NAME VALUE", "camera", "set", "pan");
	REFUSES(bench, 2, "far: a value is a whole number; camera list tells ranges", "camera",
		"set", "pan", "far");
	REFUSES(bench, 2,
		"99999999999999999999: a value is a whole number; "
		"camera list tells ranges",
		"camera", "set", "pan", "99999999999999999999");
	assert_int_equal(RUN(bench, "--loud", "status"), 2);
	assert_non_null(strstr(bench->err, "--loud"));
	assert_null(bench->asked);
}

static void self_test_tells_faults(void **state)
{
	struct bench *bench = *state;

	bench->answer = json_pack("{s:b, s:[]}", "running", 0, "faults");
	assert_int_equal(RUN(bench, "self-test"), 0);
	assert_string_equal(bench->asked, "[\"sound.test\",{}]");
	assert_string_equal(bench->out, "All microphones and loudspeakers work.\n");
	json_decref(bench->answer);
	bench->answer = json_pack("{s:b, s:[{s:s, s:s}]}", "running", 0, "faults", "en",
				  "Microphone 2 gives no sound at all", "id", "Mikrofon 2");
	assert_int_equal(RUN(bench, "self-test"), 1);
	assert_string_equal(bench->out, "Microphone 2 gives no sound at all\n");
	json_decref(bench->answer);
	bench->answer = NULL;
	bench->why = "no microphone or no loudspeaker runs";
	REFUSES(bench, 1, "no microphone or no loudspeaker runs", "self-test");
}

static void help_tells_all_commands(void **state)
{
	static const char *const commands[] = {
		"status [PATH]",         "screenshot FILE",      "camera list", "camera get NAME",
		"camera set NAME VALUE", "camera select CAMERA", "self-test"};
	struct bench *bench = *state;

	assert_int_equal(RUN(bench, "help"), 0);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		assert_non_null(strstr(bench->out, commands[i]));
	assert_int_equal(RUN(bench, "--help"), 0);
	assert_memory_equal(bench->out, "Usage: balaictl ", 16);
}

static int bind_socket(const struct bench *bench)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		fail();
	memcpy(address.sun_path, bench->path, strlen(bench->path) + 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void no_room_is_told(void **state)
{
	struct bench *bench = *state;
	char text[300], path[200];

	snprintf(text, sizeof(text),
		 "balaictl: balai-room is not running, or not with this socket: %s "
		 "(--socket names another)\n",
		 bench->path);
	assert_int_equal(RUN(bench, "status"), 3);
	assert_string_equal(bench->err, text);
	assert_int_equal(RUN(bench, "screenshot", "/dev/null"), 3);
	assert_string_equal(bench->err, text);

	/* What a room leaves that was killed. */
	close(bind_socket(bench));
	assert_int_equal(RUN(bench, "status"), 3);
	assert_string_equal(bench->err, text);

	memset(path, 'x', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(RUN(bench, "--socket", path, "status"), 3);
	assert_non_null(strstr(bench->err, "xxx: File name too long\n"));
}

/* Says its text to whoever comes, and hangs up. */
static int on_raw(sd_event_source *source, int fd, uint32_t events, void *context)
{
	struct bench *bench = context;
	int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	ssize_t length = (ssize_t)strlen(bench->raw_text);

	(void)source;
	(void)events;
	if (client < 0)
		fail();
	assert_int_equal(send(client, bench->raw_text, (size_t)length, MSG_NOSIGNAL), length);
	close(client);
	return 0;
}

static void another_server_is_told(void **state)
{
	static const struct {
		const char *text, *complaint;
		int result;
	} cases[] = {
		{"", "the room hung up before it answered", 3},
		{"{\"jsonrpc\":\"2.0\",", "the room hung up before it answered", 3},
		{"220 ready\n", "what answers at this socket is not balai-room", 3},
		{"{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":1}\n",
		 "what answers at this socket is not balai-room", 3},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"get\"}\n",
		 "what answers at this socket is not balai-room", 3},
		{"{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":1,\"message\":\"full\"}}\n",
		 "full", 1},
	};
	struct bench *bench = *state;
	sd_event_source *source;
	int fd = bind_socket(bench);

	assert_int_equal(listen(fd, 4), 0);
	assert_true(sd_event_add_io(bench->loop, &source, fd, EPOLLIN, on_raw, bench) >= 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[128];

		bench->raw_text = cases[i].text;
		assert_int_equal(RUN(bench, "status"), cases[i].result);
		snprintf(text, sizeof(text), "balaictl: %s\n", cases[i].complaint);
		assert_string_equal(bench->err, text);
	}
	sd_event_source_disable_unref(source);
	close(fd);
}

int main(void)
{
#define ROOM_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_room, tear_down)
	const struct CMUnitTest tests[] = {
		ROOM_TEST(status_is_for_people),
		ROOM_TEST(status_gives_a_part),
		ROOM_TEST(status_is_json_too),
		ROOM_TEST(full_output_is_told),
		ROOM_TEST(screenshot_is_written_whole),
		ROOM_TEST(screenshot_that_cannot_be_written_is_told),
		ROOM_TEST(screenshot_without_picture_is_told),
		ROOM_TEST(camera_is_driven),
		ROOM_TEST(camera_without_controls_is_told),
		ROOM_TEST(wrong_commands_are_told),
		ROOM_TEST(self_test_tells_faults),
		ROOM_TEST(help_tells_all_commands),
		cmocka_unit_test_setup_teardown(no_room_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(another_server_is_told, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
