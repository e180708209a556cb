/*
 * The program balai-room as a service manager and an administrator meet it: its arguments, its
 * settings' faults, readiness, watchdog, control socket and end; and balaictl talking to it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "tests/fake/program.h"
#include "tests/fake/site.h"

#define PATIENCE_MS ((int)(SITE_PATIENCE_US / CLOCK_US_PER_MS))
#define OUTPUT_BYTES 8192

struct bench {
	struct site *site;
	char folder[64]; /* the site's */
	char room_file[128];
	char board_file[128];
	char socket[100]; /* of control */
	int notified;     /* what the room tells the service manager */
	char out[OUTPUT_BYTES];
	char err[OUTPUT_BYTES];
};

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	if (!file)
		fail();
	assert_true(fputs(text, file) >= 0);
	fclose(file);
}

static void read_file(struct bench *bench, const char *name, char *text)
{
	FILE *file = fopen(site_path(bench->site, name), "re");
	size_t length;

	if (!file)
		fail();
	length = fread(text, 1, OUTPUT_BYTES - 1, file);
	text[length] = '\0';
	fclose(file);
}

/* In the child: output into the files `out` and `err`. */
static void redirect(int fd, const char *path)
{
	int file = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

	if (file < 0 || dup2(file, fd) < 0)
		_exit(126);
}

/* The program that the first argument names. */
static pid_t start(struct bench *bench, const char *const *arguments, const char *log)
{
	const struct program_path program = program_built(arguments[0]);
	char out[160], err[160];
	pid_t pid;

	snprintf(out, sizeof(out), "%s.out", site_path(bench->site, log));
	snprintf(err, sizeof(err), "%s.err", site_path(bench->site, log));
	pid = fork();
	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setenv("NOTIFY_SOCKET", site_path(bench->site, "room-notify"), 1);
	setenv("WATCHDOG_USEC", "400000", 1);
	redirect(STDOUT_FILENO, out);
	redirect(STDERR_FILENO, err);
	execv(program.text, (char *const *)arguments);
	_exit(127);
}

static int wait_for_end(pid_t pid)
{
	struct pollfd ended = {.fd = pidfd_open(pid, 0), .events = POLLIN};
	int result;

	assert_true(ended.fd >= 0);
	if (poll(&ended, 1, PATIENCE_MS) != 1)
		kill(pid, SIGKILL);
	close(ended.fd);
	assert_int_equal(waitpid(pid, &result, 0), pid);
	assert_true(WIFEXITED(result));
	return WEXITSTATUS(result);
}

/* Runs a program to its end; its output is in bench->out and bench->err. */
static int run(struct bench *bench, const char *const *arguments)
{
	int result = wait_for_end(start(bench, arguments, "run"));

	read_file(bench, "run.out", bench->out);
	read_file(bench, "run.err", bench->err);
	return result;
}

#define ROOM(bench, ...) run(bench, (const char *const[]){"balai-room", __VA_ARGS__, NULL})
#define CTL(bench, ...)                                                                            \
	run(bench,                                                                                 \
	    (const char *const[]){"balaictl", "--socket", (bench)->socket, __VA_ARGS__, NULL})

static void write_settings(struct bench *bench)
{
	char text[2048];

	snprintf(bench->socket, sizeof(bench->socket), "%s/control", bench->folder);
	snprintf(bench->room_file, sizeof(bench->room_file), "%s/room.ini", bench->folder);
	snprintf(bench->board_file, sizeof(bench->board_file), "%s/board.ini", bench->folder);
	snprintf(text, sizeof(text),
		 "[room]\ncontrol_socket = %s\n"
		 "[meeting]\nurl = wss://localhost:%u/meet\nmeeting = test\n"
		 "ca = %s/ca.crt\ncertificate = %s/one.crt\nkey = %s/one.key\n"
		 "[secrecy]\nauthorities = %s/meetings/ca.crt\n"
		 "certificate = %s/meetings/one.crt\nkey = %s/meetings/one.key\n"
		 "[picture]\nwidth = 320\nheight = 180\n",
		 bench->socket, site_hub_port(bench->site), bench->folder, bench->folder,
		 bench->folder, bench->folder, bench->folder, bench->folder);
	write_file(bench->room_file, text);
	write_file(bench->board_file, "[board]\nname = bench\n"
				      "[camera]\nname = front\ndevice = test:1\n"
				      "[microphone]\ndevice = test:1\n"
				      "[speaker]\ndevice = none\n"
				      "[screen]\nkind = memory\nwidth = 320\nheight = 180\n");
}

static int open_notified(struct site *site)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		fail();
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", site_path(site, "room-notify"));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static int set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	if (!bench)
		return -1;
	bench->site = site_create();
	snprintf(bench->folder, sizeof(bench->folder), "%s", site_path(bench->site, "."));
	site_certify(bench->site, "one", "Ruang Satu");
	write_settings(bench);
	bench->notified = open_notified(bench->site);
	*state = bench;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;

	close(bench->notified);
	site_destroy(bench->site);
	free(bench);
	return 0;
}

/* Waits for a message to the service manager that has `text` in it. */
static void await_notice(const struct bench *bench, const char *text)
{
	struct pollfd notified = {.fd = bench->notified, .events = POLLIN};
	int64_t deadline_us = clock_now_us() + SITE_PATIENCE_US;
	char message[512] = "";

	while (!strstr(message, text)) {
		ssize_t length;

		assert_true(clock_now_us() < deadline_us);
		if (poll(&notified, 1, PATIENCE_MS) != 1)
			fail_msg("the room never says %s", text);
		length = recv(bench->notified, message, sizeof(message) - 1, 0);
		assert_true(length >= 0);
		message[length] = '\0';
	}
}

/* Asks until that part of Status is `text`. */
static void await_status(struct bench *bench, const char *path, const char *text)
{
	int64_t deadline_us = clock_now_us() + SITE_PATIENCE_US;
	char line[64];

	snprintf(line, sizeof(line), "%s\n", text);
	do {
		assert_true(clock_now_us() < deadline_us);
		assert_int_equal(CTL(bench, "status", path), 0);
	} while (strcmp(bench->out, line) != 0);
}

static pid_t start_room(struct bench *bench)
{
	const char *const arguments[] = {"balai-room", "--board",        bench->board_file,
					 "--config",   bench->room_file, NULL};

	return start(bench, arguments, "room");
}

static void arguments_are_explained(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(ROOM(bench, "--help"), 0);
	assert_memory_equal(bench->out, "Usage: balai-room ", 18);
	assert_int_equal(ROOM(bench, "--version"), 0);
	assert_memory_equal(bench->out, "balai-room ", 11);
	assert_int_equal(ROOM(bench, "--help-settings"), 0);
	assert_non_null(strstr(bench->out, "\n[meeting]\n"));
	assert_non_null(strstr(bench->out, "\n[camera]\n"));
	assert_int_equal(ROOM(bench, "--loud"), 2);
	assert_non_null(strstr(bench->err, "--loud"));
	assert_int_equal(ROOM(bench, "now"), 2);
	assert_string_equal(bench->err, "balai-room: now: not understood; see balai-room --help\n");
}

static void check_tells_faults(void **state)
{
	struct bench *bench = *state;
	char expected[512];

	assert_int_equal(ROOM(bench, "--check", bench->room_file), 0);
	snprintf(expected, sizeof(expected), "%s: good\n", bench->room_file);
	assert_string_equal(bench->out, expected);
	assert_int_equal(ROOM(bench, "--check", bench->board_file), 0);

	write_file(bench->board_file, "[board]\nname = x\n[encoder]\nthreads = 99\nodrer = h264\n");
	assert_int_equal(ROOM(bench, "--check", bench->board_file), 1);
	snprintf(expected, sizeof(expected),
		 "%s:4: [encoder] threads: \"99\" is not a whole number from 0 to 16\n"
		 "%s:5: [encoder] odrer: there is no such key; is order meant?\n",
		 bench->board_file, bench->board_file);
	assert_string_equal(bench->out, expected);
	assert_int_equal(ROOM(bench, "--check", "/dev/absent"), 1);
	assert_string_equal(bench->out,
			    "/dev/absent: it cannot be opened: No such file or directory\n");
}

static void faults_of_both_files_end_it(void **state)
{
	struct bench *bench = *state;

	write_file(bench->room_file, "[picture]\nfps = 0\n");
	write_file(bench->board_file, "[board]\n");
	assert_int_equal(ROOM(bench, "--board", bench->board_file, "--config", bench->room_file),
			 1);
	assert_non_null(strstr(bench->err, "room.ini:2: [picture] fps: \"0\" is not"));
	assert_non_null(strstr(bench->err, "board.ini: [board] name: is missing"));
}

/* What the room file may not say and the centre may. */
static void the_centre_may_switch_encryption_off(void **state)
{
	struct bench *bench = *state;
	char policy[128];
	const char *const arguments[] = {"balai-room",
					 "--board",
					 bench->board_file,
					 "--config",
					 bench->room_file,
					 "--policy",
					 policy,
					 NULL};
	pid_t pid;

	snprintf(policy, sizeof(policy), "%s/policy.ini", bench->folder);
	assert_int_equal(run(bench, arguments), 1);
	assert_non_null(strstr(bench->err, "policy.ini: it cannot be opened"));
	write_file(policy, "[policy]\nmode = none\n");
	assert_int_equal(run(bench, arguments), 1);
	assert_non_null(strstr(bench->err, "policy.ini:2: [policy] mode: \"none\" is not"));
	write_file(policy, "[policy]\nmode = off\n");
	pid = start(bench, arguments, "room");
	await_notice(bench, "READY=1");
	await_status(bench, "secrecy/state", "clear");
	await_status(bench, "notice/kind", "alert");
	kill(pid, SIGTERM);
	assert_int_equal(wait_for_end(pid), 0);
}

static void meetings_are_encrypted(void **state)
{
	struct bench *bench = *state;
	pid_t pid = start_room(bench);

	await_notice(bench, "READY=1");
	await_status(bench, "secrecy/state", "encrypted");
	assert_int_equal(CTL(bench, "status", "secrecy/members/0/name"), 0);
	assert_string_equal(bench->out, "Ruang Satu\n");
	kill(pid, SIGTERM);
	assert_int_equal(wait_for_end(pid), 0);
}

static void runs_until_it_is_told(void **state)
{
	static const int endings[] = {SIGTERM, SIGINT};
	struct bench *bench = *state;

	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		pid_t pid = start_room(bench);

		await_notice(bench, "READY=1");
		await_notice(bench, "WATCHDOG=1");
		await_notice(bench, "WATCHDOG=1");
		assert_int_equal(CTL(bench, "status", "room/board"), 0);
		assert_string_equal(bench->out, "bench\n");
		kill(pid, endings[i]);
		await_notice(bench, "STOPPING=1");
		assert_int_equal(wait_for_end(pid), 0);
		assert_int_equal(access(bench->socket, F_OK), -1);
	}
}

static void second_room_at_the_socket_ends(void **state)
{
	struct bench *bench = *state;
	pid_t pid = start_room(bench);

	await_notice(bench, "READY=1");
	assert_int_equal(ROOM(bench, "--board", bench->board_file, "--config", bench->room_file),
			 1);
	assert_non_null(strstr(bench->err, "another balai-room runs with the control socket"));
	assert_int_equal(CTL(bench, "status"), 0);
	kill(pid, SIGTERM);
	assert_int_equal(wait_for_end(pid), 0);
}

static void control_drives_it(void **state)
{
	static const char png[] = "\x89PNG\r\n\x1a\n";
	struct bench *bench = *state;
	pid_t pid = start_room(bench);
	char screen[128];

	await_notice(bench, "READY=1");
	await_status(bench, "meeting/phase", "in");
	await_status(bench, "encoder/state", "running");
	snprintf(screen, sizeof(screen), "%s", site_path(bench->site, "screen.png"));
	assert_int_equal(CTL(bench, "screenshot", screen), 0);
	read_file(bench, "screen.png", bench->out);
	assert_memory_equal(bench->out, png, sizeof(png) - 1);
	assert_int_equal(CTL(bench, "camera", "list"), 0);
	assert_int_equal(CTL(bench, "camera", "select", "front"), 0);
	assert_int_equal(CTL(bench, "camera", "select", "back"), 1);
	assert_int_equal(CTL(bench, "camera", "set", "no_such_control", "1"), 1);
	assert_int_equal(CTL(bench, "status", "nowhere"), 1);
	assert_int_equal(CTL(bench, "status"), 0);
	assert_non_null(strstr(bench->out, "encoder\n"));
	kill(pid, SIGTERM);
	assert_int_equal(wait_for_end(pid), 0);
	assert_int_equal(CTL(bench, "status"), 3);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(arguments_are_explained),        TEST(check_tells_faults),
		TEST(faults_of_both_files_end_it),    TEST(runs_until_it_is_told),
		TEST(second_room_at_the_socket_ends), TEST(control_drives_it),
		TEST(meetings_are_encrypted),         TEST(the_centre_may_switch_encryption_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
