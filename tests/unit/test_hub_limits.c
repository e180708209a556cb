#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "tests/fake/hub_member.h"
#include "tests/fake/hub_process.h"
#include "tests/fake/loopback.h"
#include "tests/fake/ws_client.h"

enum {
	MEETINGS_MAX = 3,
	MEMBERS_MAX = 100,
	STORM = 10000,
	STORM_FILES = STORM + 256,
	HUB_MEMORY_MAX_KIB = 700 << 10, /* with what a sanitizer holds back */
};

static int start_hub(void **state)
{
	*state = hub_process_create("connections_max = 2000\n");
	return 0;
}

static int stop_hub(void **state)
{
	hub_process_destroy(*state);
	return 0;
}

static const char four_cameras[] =
	"{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"publish\",\"params\":{\"tracks\":["
#define CAMERA                                                                                     \
	"{\"kind\":\"camera\",\"layers\":[{\"width\":1280,\"height\":720,\"bitrate\":2500000}]}"
	CAMERA "," CAMERA "," CAMERA "," CAMERA "]}}";

static void the_meeting_after_the_last_is_refused(void **state)
{
	struct hub_process *hub = hub_process_create("meetings_max = 3\n");
	struct ws_client *clients[MEETINGS_MAX + 1];
	char meeting[32];
	int i;

	(void)state;
	for (i = 0; i <= MEETINGS_MAX; i++) {
		clients[i] = hub_member_connect(hub, "ruang-1");
		snprintf(meeting, sizeof(meeting), "meeting-%d", i);
		if (i < MEETINGS_MAX)
			hub_member_join(clients[i], meeting);
		else
			hub_member_say_join(clients[i], meeting);
	}
	hub_member_hear(clients[MEETINGS_MAX], "\"code\":2");
	hub_member_expect_close(clients[MEETINGS_MAX], 1013);
	for (i = 0; i <= MEETINGS_MAX; i++)
		ws_client_destroy(clients[i]);
	hub_process_destroy(hub);
}

/* Four members keep 16 key frames of 1.5 MiB for those to come, which is more than there is. */
static void what_is_kept_gives_way_where_memory_is_short(void **state)
{
	enum { LENGTH = 3 << 19, MEMORY = 16 << 20 };
	struct hub_process *hub = hub_process_create("memory_max = 16\n");
	struct hub_member members[4], watcher = hub_member_enter(hub, "ruang-2", "kabinet");
	int i, track;

	(void)state;
	for (i = 0; i < 4; i++) {
		members[i] = hub_member_enter(hub, "ruang-1", "kabinet");
		hub_member_say(members[i].control, four_cameras);
		hub_member_hear(members[i].control, "\"result\"");
		for (track = 4 * i + 1; track <= 4 * i + 4; track++)
			hub_member_send_picture(&members[i], (uint16_t)track, 7, 0, LENGTH);
	}
	hub_member_want(&watcher, 16);
	hub_member_expect_picture(&watcher, 16, 7, 0, LENGTH);
	assert_true(hub_process_metric(hub, "memory_bytes") <= MEMORY);
	assert_true(hub_process_metric(hub, "objects_no_memory_total") == 0);
	for (i = 0; i < 4; i++)
		hub_member_leave(&members[i]);
	hub_member_leave(&watcher);
	hub_process_destroy(hub);
}

/* Nine messages of 2 MiB that never end do not fit; what does not is passed over, and no more. */
static void messages_that_never_end_use_up_memory_and_no_more(void **state)
{
	enum { LENGTH = 2 << 20, SENT = 100000 };
	struct hub_process *hub = hub_process_create("memory_max = 16\n");
	struct hub_member members[9], a = hub_member_enter(hub, "ruang-1", "lain"),
				      b = hub_member_enter(hub, "ruang-2", "lain");
	uint16_t track = hub_member_publish(&a);
	uint8_t *bytes = hub_member_make_picture(1, 7, 0, LENGTH);
	int64_t deadline_us = hub_process_soon();
	int i;

	(void)state;
	hub_member_want(&b, track);
	for (i = 0; i < 9; i++) {
		members[i] = hub_member_enter(hub, "ruang-1", "kabinet");
		assert_int_equal(ws_client_send_frame(members[i].pictures, WS_BINARY, true, LENGTH,
						      bytes, SENT, hub_process_soon()),
				 0);
	}
	while (hub_process_metric(hub, "objects_no_memory_total") == 0)
		assert_true(clock_now_us() < deadline_us);
	hub_member_send_picture(&a, track, 7, 0, 1000);
	hub_member_expect_picture(&b, track, 7, 0, 1000);
	free(bytes);
	for (i = 0; i < 9; i++)
		hub_member_leave(&members[i]);
	hub_member_leave(&a);
	hub_member_leave(&b);
	hub_process_destroy(hub);
}

static void a_hundred_members_meet_and_the_next_is_refused(void **state)
{
	struct hub_process *hub = *state;
	struct hub_member first = hub_member_enter(hub, "ruang-1", "penuh");
	struct ws_client *others[MEMBERS_MAX];
	int i;

	for (i = 0; i < MEMBERS_MAX - 1; i++) {
		others[i] = hub_member_connect(hub, "ruang-2");
		hub_member_join(others[i], "penuh");
	}
	others[i] = hub_member_connect(hub, "ruang-2");
	hub_member_say_join(others[i], "penuh");
	hub_member_hear(others[i], "\"code\":1,");
	hub_member_expect_close(others[i], 1013);
	hub_member_hear(first.control, "\"member\":100,");
	for (i = 0; i < MEMBERS_MAX; i++)
		ws_client_destroy(others[i]);
	hub_member_leave(&first);
}

/* Reads what is on its way to `slow` until the hub asks `publisher` for a key frame. */
static void read_until_asked(struct hub_member *slow, struct hub_member *publisher)
{
	struct pollfd fds[] = {
		{.fd = ws_client_socket(slow->pictures), .events = POLLIN},
		{.fd = ws_client_socket(publisher->control), .events = POLLIN},
	};
	struct ws_message message;

	do {
		assert_true(poll(fds, 2, 10000) > 0);
		if (fds[0].revents)
			assert_int_equal(ws_client_receive(slow->pictures, hub_process_soon(),
							   &message),
					 0);
	} while (!fds[1].revents);
	hub_member_hear(publisher->control, "\"keyframe\"");
}

/* `slow` reads nothing while pictures of 100 kB go by; `quick` loses none of them. */
static void a_slow_reader_harms_nobody_and_comes_back_at_a_key_frame(void **state)
{
	enum { LENGTH = 100000 };
	struct hub_process *hub = *state;
	struct ws_client_settings settings = hub_process_room(hub, "ruang-2");
	struct hub_member a = hub_member_enter(hub, "ruang-1", "lambat"),
			  quick = hub_member_enter(hub, "ruang-2", "lambat"),
			  slow = {.control = hub_member_connect(hub, "ruang-2")};
	struct hub_member_seat seat = hub_member_join(slow.control, "lambat");
	uint16_t track = hub_member_publish(&a);
	double dropped = hub_process_metric(hub, "layers_dropped_total");
	double asked = hub_process_metric(hub, "keyframes_asked_total");
	int64_t deadline_us = hub_process_soon();
	uint32_t i = 0;

	settings.receive_bytes = 4096;
	assert_int_equal(ws_client_connect(&settings, hub_process_soon(), &slow.pictures), 0);
	hub_member_attach(slow.pictures, &seat);
	hub_member_want(&quick, track);
	hub_member_want(&slow, track);
	hub_member_hear(a.control, "\"keyframe\"");
	do {
		hub_member_send_picture(&a, track, 7, i, LENGTH);
		hub_member_expect_picture(&quick, track, 7, i, LENGTH);
		i++;
	} while (hub_process_metric(hub, "layers_dropped_total") == dropped &&
		 clock_now_us() < deadline_us);
	assert_true(hub_process_metric(hub, "layers_dropped_total") > dropped);
	hub_member_send_picture(&a, track, 8, 0, LENGTH);
	hub_member_expect_picture(&quick, track, 8, 0, LENGTH);
	/* One that stands still costs no key frames. */
	assert_true(hub_process_metric(hub, "keyframes_asked_total") == asked + 1);
	read_until_asked(&slow, &a);
	hub_member_send_picture(&a, track, 9, 0, LENGTH);
	hub_member_expect_picture(&slow, track, 9, 0, LENGTH);
	hub_member_leave(&a);
	hub_member_leave(&quick);
	hub_member_leave(&slow);
}

static void open_storm(struct hub_process *hub, int *sockets, int count)
{
	int i;

	for (i = 0; i < count; i++) {
		sockets[i] = loopback_connect(hub_process_port(hub), SOCK_NONBLOCK);
		assert_true(sockets[i] >= 0);
	}
}

static long memory_kib(pid_t pid)
{
	char path[64], line[256];
	long kib = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	if (!file)
		fail();
	while (kib < 0 && fgets(line, sizeof(line), file))
		if (strncmp(line, "VmRSS:", 6) == 0)
			kib = strtol(line + 6, NULL, 10);
	fclose(file);
	return kib;
}

static void half_open_connections_keep_no_member_out(void **state)
{
	struct rlimit limit;
	struct hub_process *hub = *state;
	int *sockets = calloc(STORM, sizeof(*sockets)), i;
	struct hub_member member;

	assert_non_null(sockets);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max < STORM_FILES ? limit.rlim_max : STORM_FILES;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	for (i = 0; i < STORM; i += STORM / 10) {
		open_storm(hub, sockets + i, STORM / 10);
		/* In the middle of it, and when all stand still. */
		if (i == STORM / 2 || i + STORM / 10 == STORM) {
			member = hub_member_enter(hub, "ruang-1", "badai");
			hub_member_leave(&member);
		}
	}
	assert_true(hub_process_metric(hub, "connections") < 2000);
	assert_true(memory_kib(hub_process_pid(hub)) < HUB_MEMORY_MAX_KIB);
	for (i = 0; i < STORM; i++)
		close(sockets[i]);
	free(sockets);
}

/* The lowest descriptor that is not open. */
static rlim_t first_free_file(pid_t pid)
{
	char path[64];
	rlim_t fd = 0;

	do
		snprintf(path, sizeof(path), "/proc/%d/fd/%lu", pid, fd);
	while (access(path, F_OK) == 0 && ++fd);
	return fd;
}

static void set_file_limit(const struct hub_process *hub, rlim_t files)
{
	struct rlimit limit;

	assert_int_equal(prlimit(hub_process_pid(hub), RLIMIT_NOFILE, NULL, &limit), 0);
	limit.rlim_cur = files;
	assert_int_equal(prlimit(hub_process_pid(hub), RLIMIT_NOFILE, &limit, NULL), 0);
}

static void out_of_descriptors_the_hub_goes_on_and_says_so_once(void **state)
{
	enum { WAITING = 20, FREE = 10 };
	static const char said[] = "takes no connections: Too many open files";
	struct hub_process *hub = hub_process_create("");
	struct hub_member member = hub_member_enter(hub, "ruang-1", "kabinet"), newcomer;
	int sockets[WAITING], i;

	(void)state;
	set_file_limit(hub, first_free_file(hub_process_pid(hub)) + FREE);
	open_storm(hub, sockets, WAITING);
	assert_true(hub_process_log_comes(hub, said));
	hub_member_say(member.control,
		       "{\"jsonrpc\":\"2.0\",\"id\":8,\"method\":\"time\",\"params\":{}}");
	hub_member_hear(member.control, "\"id\":8");
	for (i = 0; i < WAITING; i++)
		close(sockets[i]);
	newcomer = hub_member_enter(hub, "ruang-2", "kabinet");
	assert_true(hub_process_log_comes(hub, "takes connections again"));
	assert_int_equal(hub_process_log_count(hub, said), 1);
	hub_member_leave(&newcomer);
	hub_member_leave(&member);
	hub_process_destroy(hub);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_meeting_after_the_last_is_refused),
		cmocka_unit_test(what_is_kept_gives_way_where_memory_is_short),
		cmocka_unit_test(messages_that_never_end_use_up_memory_and_no_more),
		cmocka_unit_test(a_hundred_members_meet_and_the_next_is_refused),
		cmocka_unit_test(a_slow_reader_harms_nobody_and_comes_back_at_a_key_frame),
		cmocka_unit_test(half_open_connections_keep_no_member_out),
		cmocka_unit_test(out_of_descriptors_the_hub_goes_on_and_says_so_once),
	};

	return cmocka_run_group_tests(tests, start_hub, stop_hub);
}
