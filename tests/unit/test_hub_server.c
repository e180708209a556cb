#include <errno.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
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
#include "meeting/object.h"
#include "tests/fake/hub_process.h"
#include "tests/fake/loopback.h"
#include "tests/fake/ws_client.h"

enum {
	MEETINGS_MAX = 3,
	MEMBERS_MAX = 100,
	STORM = 10000,
	STORM_FILES = STORM + 256,
	HUB_MEMORY_MAX_KIB = 700 << 10, /* with what a sanitizer holds back */
	TEXT_BYTES_MAX = 1024,
};

static int64_t soon(void)
{
	return clock_now_us() + HUB_PROCESS_PATIENCE_US;
}

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

static struct ws_client *connect_as(struct hub_process *hub, const char *file)
{
	struct ws_client_settings settings = hub_process_room(hub, file);
	struct ws_client *client;

	assert_int_equal(ws_client_connect(&settings, soon(), &client), 0);
	return client;
}

static void say(struct ws_client *client, const char *text)
{
	assert_int_equal(ws_client_send_text(client, text, soon()), 0);
}

/* The next text with `part` in it; others are passed over. Lent until the next call. */
static const char *hear(struct ws_client *client, const char *part)
{
	struct ws_message message;

	for (;;) {
		assert_int_equal(ws_client_receive(client, soon(), &message), 0);
		if (message.opcode == WS_CLOSE)
			fail_msg("closed with %u before %s", message.code, part);
		if (message.opcode == WS_TEXT && strstr((const char *)message.data, part))
			return (const char *)message.data;
	}
}

static void expect_close(struct ws_client *client, uint16_t code)
{
	struct ws_message message;

	do
		assert_int_equal(ws_client_receive(client, soon(), &message), 0);
	while (message.opcode != WS_CLOSE);
	assert_int_equal(message.code, code);
}

static void say_join(struct ws_client *client, const char *meeting)
{
	char text[TEXT_BYTES_MAX];

	snprintf(text, sizeof(text),
		 "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"join\",\"params\":"
		 "{\"version\":1,\"meeting\":\"%s\"}}",
		 meeting);
	say(client, text);
}

struct seat {
	char text[64];
};

static struct seat join(struct ws_client *client, const char *meeting)
{
	struct seat seat;
	const char *place;

	say_join(client, meeting);
	place = strstr(hear(client, "\"result\""), "\"seat\":\"");
	assert_non_null(place);
	assert_int_equal(sscanf(place, "\"seat\":\"%43[A-Za-z0-9_-]\"", seat.text), 1);
	hear(client, "\"roster\"");
	return seat;
}

static void attach(struct ws_client *client, const struct seat *seat)
{
	char text[TEXT_BYTES_MAX];

	snprintf(
		text, sizeof(text),
		"{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"attach\",\"params\":{\"seat\":\"%s\"}}",
		seat->text);
	say(client, text);
	hear(client, "\"result\"");
}

/* A member with both sockets. */
struct member {
	struct ws_client *control;
	struct ws_client *pictures;
};

static struct member enter(struct hub_process *hub, const char *file, const char *meeting)
{
	struct member member = {.control = connect_as(hub, file)};
	struct seat seat = join(member.control, meeting);

	member.pictures = connect_as(hub, file);
	attach(member.pictures, &seat);
	return member;
}

static void leave(struct member *member)
{
	ws_client_destroy(member->control);
	ws_client_destroy(member->pictures);
}

/* Publishes a camera and returns its number. */
static uint16_t publish(struct member *member)
{
	static const char words[] = "\"tracks\":[";
	const char *place;
	unsigned long number;

	say(member->control,
	    "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"publish\",\"params\":{\"tracks\":"
	    "[{\"kind\":\"camera\",\"layers\":[{\"width\":1280,\"height\":720,\"bitrate\":2500000}]"
	    "}]}}");
	place = strstr(hear(member->control, "\"result\""), words);
	assert_non_null(place);
	number = strtoul(place + strlen(words), NULL, 10);
	assert_in_range(number, 1, UINT16_MAX);
	return (uint16_t)number;
}

static void want(struct member *member, uint16_t track)
{
	char text[TEXT_BYTES_MAX];

	snprintf(text, sizeof(text),
		 "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"want\",\"params\":{\"wants\":"
		 "[{\"track\":%u,\"layer\":0}]}}",
		 track);
	say(member->control, text);
	hear(member->control, "\"id\":4");
}

static uint8_t *make_picture(uint16_t track, uint32_t group, uint32_t object, size_t length)
{
	const struct object_header header = {
		.flags = object == 0 ? OBJECT_KEY : 0,
		.track = track,
		.priority = 1,
		.group = group,
		.object = object,
	};
	uint8_t *bytes = malloc(length);
	size_t i;

	assert_non_null(bytes);
	object_write(&header, bytes);
	for (i = OBJECT_HEADER_BYTES; i < length; i++)
		bytes[i] = (uint8_t)(i * 7 + object);
	return bytes;
}

static void send_picture(struct member *member, uint16_t track, uint32_t group, uint32_t object,
			 size_t length)
{
	uint8_t *bytes = make_picture(track, group, object, length);

	assert_int_equal(ws_client_send_binary(member->pictures, bytes, length, soon()), 0);
	free(bytes);
}

/* The next picture is this one, byte for byte. */
static void expect_picture(struct member *member, uint16_t track, uint32_t group, uint32_t object,
			   size_t length)
{
	uint8_t *bytes = make_picture(track, group, object, length);
	struct ws_message message;

	assert_int_equal(ws_client_receive(member->pictures, soon(), &message), 0);
	assert_int_equal(message.opcode, WS_BINARY);
	assert_int_equal(message.length, length);
	assert_memory_equal(message.data, bytes, length);
	free(bytes);
}

static void expect_refused(struct hub_process *hub, const struct ws_client_settings *settings,
			   int error, const char *log)
{
	struct ws_client *client;

	assert_int_equal(ws_client_connect(settings, soon(), &client), error);
	if (log && !hub_process_log_comes(hub, log))
		fail_msg("the log does not say: %s", log);
}

static void pictures_of_all_sizes_arrive_as_they_were_sent(void **state)
{
	static const size_t lengths[] = {25, 1000, 16380, 16381, 70000, 2 << 20};
	struct hub_process *hub = *state;
	struct member a = enter(hub, "ruang-1", "kabinet"), b = enter(hub, "ruang-2", "kabinet"),
		      c = enter(hub, "ruang-2", "kabinet");
	uint16_t track = publish(&a);
	uint32_t i;

	want(&b, track);
	want(&c, track);
	hear(a.control, "\"keyframe\"");
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		send_picture(&a, track, 7, i, lengths[i]);
		expect_picture(&b, track, 7, i, lengths[i]);
		expect_picture(&c, track, 7, i, lengths[i]);
	}
	leave(&a);
	leave(&b);
	leave(&c);
}

static void a_message_may_come_in_pieces(void **state)
{
	struct hub_process *hub = *state;
	struct member a = enter(hub, "ruang-1", "kabinet"), b = enter(hub, "ruang-2", "kabinet");
	uint16_t track = publish(&a);
	uint8_t *bytes = make_picture(track, 7, 0, 30000);

	want(&b, track);
	assert_int_equal(ws_client_send_frame(a.pictures, WS_BINARY, false, 10, bytes, 10, soon()),
			 0);
	assert_int_equal(ws_client_send_frame(a.pictures, WS_PING, true, 3, "abc", 3, soon()), 0);
	assert_int_equal(ws_client_send_frame(a.pictures, WS_CONTINUATION, false, 20000, bytes + 10,
					      20000, soon()),
			 0);
	assert_int_equal(ws_client_send_frame(a.pictures, WS_CONTINUATION, true, 9990,
					      bytes + 20010, 9990, soon()),
			 0);
	expect_picture(&b, track, 7, 0, 30000);
	free(bytes);
	leave(&a);
	leave(&b);
}

static void only_rooms_of_the_authority_come_in(void **state)
{
	struct hub_process *hub = *state;
	struct ws_client_settings settings = hub_process_room(hub, NULL);
	const char *folder = hub_process_path(hub, "");
	const char *other = hub_process_path(hub, "other");

	expect_refused(hub, &settings, -EPROTO, "refused 127.0.0.1: it has no certificate");
	hub_process_pki((const char *[]){"ca", other, "Balai CA", NULL});
	hub_process_pki((const char *[]){"room", other, "Ruang 1", NULL});
	settings = hub_process_room(hub, "other/ruang-1");
	expect_refused(hub, &settings, -EPROTO, "refused 127.0.0.1: its certificate: ");
	hub_process_pki(
		(const char *[]){"room", "--expired", "--file", "old", folder, "Old", NULL});
	settings = hub_process_room(hub, "old");
	expect_refused(hub, &settings, -EPROTO, "its certificate: certificate has expired");
	settings = hub_process_room(hub, "hub");
	expect_refused(hub, &settings, -EPROTO, "its certificate: unsuitable certificate purpose");
	assert_true(hub_process_metric(hub, "refused_total{reason=\"tls\"}") >= 4);
}

static void only_tls_1_3_is_spoken(void **state)
{
	struct hub_process *hub = *state;
	struct ws_client_settings settings = hub_process_room(hub, "ruang-1");

	settings.tls_max = TLS1_2_VERSION;
	expect_refused(hub, &settings, -EPROTO, "TLS: protocol version");
	settings.tls_max = TLS1_1_VERSION;
	expect_refused(hub, &settings, -EPROTO, NULL);
}

static void only_meet_with_its_subprotocol_is_served(void **state)
{
	struct hub_process *hub = *state;
	struct ws_client_settings settings = hub_process_room(hub, "ruang-1");
	static const char *const paths[] = {"/", "/meet2", "/metrics"};
	static const char *const subprotocols[] = {"", "http", "listener", "signal", "balai.2"};
	struct ws_client *client;
	size_t i;

	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		settings.path = paths[i];
		assert_int_not_equal(ws_client_connect(&settings, soon(), &client), 0);
	}
	settings.path = NULL;
	for (i = 0; i < sizeof(subprotocols) / sizeof(subprotocols[0]); i++) {
		settings.subprotocol = subprotocols[i];
		assert_int_not_equal(ws_client_connect(&settings, soon(), &client), 0);
	}
	settings.subprotocol = "balai.2, balai.1";
	assert_int_equal(ws_client_connect(&settings, soon(), &client), 0);
	ws_client_destroy(client);
}

static void text_where_binary_belongs_ends_with_1002(void **state)
{
	struct hub_process *hub = *state;
	struct member a = enter(hub, "ruang-1", "kabinet");

	say(a.pictures, "{}");
	expect_close(a.pictures, 1002);
	leave(&a);
}

static void a_message_before_join_is_refused(void **state)
{
	struct hub_process *hub = *state;
	struct ws_client *client = connect_as(hub, "ruang-1");
	uint8_t *bytes = make_picture(1, 7, 0, 100);

	say(client, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"time\",\"params\":{}}");
	hear(client, "\"code\":3");
	assert_int_equal(ws_client_send_binary(client, bytes, 100, soon()), 0);
	expect_close(client, 1002);
	free(bytes);
	ws_client_destroy(client);
}

static void a_truncated_header_ends_with_1002(void **state)
{
	struct hub_process *hub = *state;
	struct member a = enter(hub, "ruang-1", "kabinet");
	uint8_t *bytes = make_picture(publish(&a), 7, 0, 100);

	assert_int_equal(ws_client_send_binary(a.pictures, bytes, 10, soon()), 0);
	expect_close(a.pictures, 1002);
	free(bytes);
	leave(&a);
}

static void a_forged_track_ends_with_1008_and_reaches_nobody(void **state)
{
	struct hub_process *hub = *state;
	struct member a = enter(hub, "ruang-1", "kabinet"), b = enter(hub, "ruang-2", "kabinet"),
		      c = enter(hub, "ruang-2", "kabinet");
	uint16_t track = publish(&a);

	want(&c, track);
	send_picture(&b, track, 7, 0, 100);
	expect_close(b.pictures, 1008);
	send_picture(&a, track, 9, 0, 100);
	expect_picture(&c, track, 9, 0, 100);
	leave(&a);
	leave(&b);
	leave(&c);
}

static void an_unknown_track_is_passed_over(void **state)
{
	struct hub_process *hub = *state;
	struct member a = enter(hub, "ruang-1", "kabinet"), b = enter(hub, "ruang-2", "kabinet");
	uint16_t track = publish(&a);

	want(&b, track);
	send_picture(&a, (uint16_t)(track + 100), 7, 0, 100);
	send_picture(&a, track, 9, 0, 100);
	expect_picture(&b, track, 9, 0, 100);
	leave(&a);
	leave(&b);
}

/* The announced length is enough: 1009 comes though not a hundredth of it is ever sent. */
static void expect_too_large(struct ws_client *client, enum ws_opcode opcode, uint64_t announced)
{
	uint8_t *bytes = make_picture(1, 7, 0, 1000);

	assert_int_equal(ws_client_send_frame(client, opcode, true, announced, bytes, 1000, soon()),
			 0);
	expect_close(client, 1009);
	free(bytes);
}

static void what_is_too_large_ends_with_1009_before_it_comes(void **state)
{
	struct hub_process *hub = *state;
	struct member a = enter(hub, "ruang-1", "kabinet"), b = enter(hub, "ruang-2", "kabinet");
	struct ws_client *client = connect_as(hub, "ruang-1");

	expect_too_large(a.pictures, WS_BINARY, UINT64_C(1) << 30);
	expect_too_large(a.control, WS_BINARY, OBJECT_SOUND_BYTES_MAX + 1);
	expect_too_large(b.pictures, WS_BINARY, INT64_MAX);
	/* A million wants are some 24 MB of text. */
	expect_too_large(b.control, WS_TEXT, 24000000);
	expect_too_large(client, WS_TEXT, 65537);
	assert_true(hub_process_metric(hub, "memory_bytes") < 1 << 20);
	leave(&a);
	leave(&b);
	ws_client_destroy(client);
}

static void pieces_add_up_to_too_large(void **state)
{
	struct hub_process *hub = *state;
	struct member a = enter(hub, "ruang-1", "kabinet");
	uint8_t *bytes = make_picture(1, 7, 0, 1 << 20);

	assert_int_equal(ws_client_send_frame(a.pictures, WS_BINARY, false, 1 << 20, bytes, 1 << 20,
					      soon()),
			 0);
	assert_int_equal(ws_client_send_frame(a.pictures, WS_CONTINUATION, false, 1 << 20, bytes,
					      1 << 20, soon()),
			 0);
	assert_int_equal(ws_client_send_frame(a.pictures, WS_CONTINUATION, true, 1, bytes, 1,
					      soon()),
			 0);
	expect_close(a.pictures, 1009);
	free(bytes);
	leave(&a);
}

static void frames_out_of_order_end_with_1002(void **state)
{
	struct hub_process *hub = *state;
	struct ws_client *client = connect_as(hub, "ruang-1");

	assert_int_equal(ws_client_send_frame(client, WS_CONTINUATION, true, 2, "{}", 2, soon()),
			 0);
	expect_close(client, 1002);
	ws_client_destroy(client);
	client = connect_as(hub, "ruang-1");
	assert_int_equal(ws_client_send_frame(client, (enum ws_opcode)3, true, 2, "{}", 2, soon()),
			 0);
	expect_close(client, 1002);
	ws_client_destroy(client);
}

/* The connection goes in the middle of a frame; the hub and the others stay. */
static void half_a_frame_harms_nobody(void **state)
{
	struct hub_process *hub = *state;
	struct member a = enter(hub, "ruang-1", "kabinet"), b = enter(hub, "ruang-2", "kabinet");
	uint8_t *bytes = make_picture(1, 7, 0, 100);

	assert_int_equal(ws_client_send_frame(a.pictures, WS_BINARY, true, 50000, bytes, 100,
					      soon()),
			 0);
	leave(&a);
	hear(b.control, "\"here\":false");
	say(b.control, "{\"jsonrpc\":\"2.0\",\"id\":8,\"method\":\"time\",\"params\":{}}");
	hear(b.control, "\"id\":8");
	free(bytes);
	leave(&b);
}

static void bytes_that_are_no_tls_are_dropped(void **state)
{
	struct hub_process *hub = *state;
	static const char bytes[] = "GET /meet HTTP/1.1\r\nHost: meet\r\n\r\n";
	int fd = loopback_connect(hub_process_port(hub), 0);
	struct pollfd waiting = {.fd = fd, .events = POLLRDHUP};

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, strlen(bytes)), strlen(bytes));
	assert_int_equal(poll(&waiting, 1, 10000), 1);
	close(fd);
}

static void who_does_not_join_in_5_s_is_closed(void **state)
{
	struct hub_process *hub = *state;
	int64_t start_us = clock_now_us();
	struct ws_client *client = connect_as(hub, "ruang-1");
	int fd = loopback_connect(hub_process_port(hub), 0);
	struct pollfd waiting = {.fd = fd, .events = POLLRDHUP};

	assert_true(fd >= 0);
	expect_close(client, 1002);
	assert_true(clock_now_us() - start_us >= 5 * CLOCK_US_PER_S);
	assert_int_equal(poll(&waiting, 1, 3000), 1);
	assert_true(hub_process_log_comes(hub, "no handshake in time"));
	assert_true(hub_process_log_comes(hub, "no join or attach in time"));
	close(fd);
	ws_client_destroy(client);
}

static void the_meeting_after_the_last_is_refused(void **state)
{
	struct hub_process *hub = hub_process_create("meetings_max = 3\n");
	struct ws_client *clients[MEETINGS_MAX + 1];
	char meeting[32];
	int i;

	(void)state;
	for (i = 0; i <= MEETINGS_MAX; i++) {
		clients[i] = connect_as(hub, "ruang-1");
		snprintf(meeting, sizeof(meeting), "meeting-%d", i);
		if (i < MEETINGS_MAX)
			join(clients[i], meeting);
		else
			say_join(clients[i], meeting);
	}
	hear(clients[MEETINGS_MAX], "\"code\":2");
	expect_close(clients[MEETINGS_MAX], 1013);
	for (i = 0; i <= MEETINGS_MAX; i++)
		ws_client_destroy(clients[i]);
	hub_process_destroy(hub);
}

static const char four_cameras[] =
	"{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"publish\",\"params\":{\"tracks\":["
#define CAMERA                                                                                     \
	"{\"kind\":\"camera\",\"layers\":[{\"width\":1280,\"height\":720,\"bitrate\":2500000}]}"
	CAMERA "," CAMERA "," CAMERA "," CAMERA "]}}";

/* Four members keep 16 key frames of 1.5 MiB for those to come, which is more than there is. */
static void what_is_kept_gives_way_where_memory_is_short(void **state)
{
	enum { LENGTH = 3 << 19, MEMORY = 16 << 20 };
	struct hub_process *hub = hub_process_create("memory_max = 16\n");
	struct member members[4], watcher = enter(hub, "ruang-2", "kabinet");
	int i, track;

	(void)state;
	for (i = 0; i < 4; i++) {
		members[i] = enter(hub, "ruang-1", "kabinet");
		say(members[i].control, four_cameras);
		hear(members[i].control, "\"result\"");
		for (track = 4 * i + 1; track <= 4 * i + 4; track++)
			send_picture(&members[i], (uint16_t)track, 7, 0, LENGTH);
	}
	want(&watcher, 16);
	expect_picture(&watcher, 16, 7, 0, LENGTH);
	assert_true(hub_process_metric(hub, "memory_bytes") <= MEMORY);
	assert_true(hub_process_metric(hub, "objects_no_memory_total") == 0);
	for (i = 0; i < 4; i++)
		leave(&members[i]);
	leave(&watcher);
	hub_process_destroy(hub);
}

/* Nine messages of 2 MiB that never end do not fit; what does not is passed over, and no more. */
static void messages_that_never_end_use_up_memory_and_no_more(void **state)
{
	enum { LENGTH = 2 << 20, SENT = 100000 };
	struct hub_process *hub = hub_process_create("memory_max = 16\n");
	struct member members[9], a = enter(hub, "ruang-1", "lain"),
				  b = enter(hub, "ruang-2", "lain");
	uint16_t track = publish(&a);
	uint8_t *bytes = make_picture(1, 7, 0, LENGTH);
	int64_t deadline_us = soon();
	int i;

	(void)state;
	want(&b, track);
	for (i = 0; i < 9; i++) {
		members[i] = enter(hub, "ruang-1", "kabinet");
		assert_int_equal(ws_client_send_frame(members[i].pictures, WS_BINARY, true, LENGTH,
						      bytes, SENT, soon()),
				 0);
	}
	while (hub_process_metric(hub, "objects_no_memory_total") == 0)
		assert_true(clock_now_us() < deadline_us);
	send_picture(&a, track, 7, 0, 1000);
	expect_picture(&b, track, 7, 0, 1000);
	free(bytes);
	for (i = 0; i < 9; i++)
		leave(&members[i]);
	leave(&a);
	leave(&b);
	hub_process_destroy(hub);
}

static void who_leaves_is_closed_with_1000(void **state)
{
	struct hub_process *hub = *state;
	struct member a = enter(hub, "ruang-1", "kabinet");

	say(a.control, "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"leave\",\"params\":{}}");
	hear(a.control, "\"id\":9");
	expect_close(a.control, 1000);
	expect_close(a.pictures, 1000);
	leave(&a);
}

static void a_hundred_members_meet_and_the_next_is_refused(void **state)
{
	struct hub_process *hub = *state;
	struct member first = enter(hub, "ruang-1", "penuh");
	struct ws_client *others[MEMBERS_MAX];
	int i;

	for (i = 0; i < MEMBERS_MAX - 1; i++) {
		others[i] = connect_as(hub, "ruang-2");
		join(others[i], "penuh");
	}
	others[i] = connect_as(hub, "ruang-2");
	say_join(others[i], "penuh");
	hear(others[i], "\"code\":1,");
	expect_close(others[i], 1013);
	hear(first.control, "\"member\":100,");
	for (i = 0; i < MEMBERS_MAX; i++)
		ws_client_destroy(others[i]);
	leave(&first);
}

/* Reads what is on its way to `slow` until the hub asks `publisher` for a key frame. */
static void read_until_asked(struct member *slow, struct member *publisher)
{
	struct pollfd fds[] = {
		{.fd = ws_client_socket(slow->pictures), .events = POLLIN},
		{.fd = ws_client_socket(publisher->control), .events = POLLIN},
	};
	struct ws_message message;

	do {
		assert_true(poll(fds, 2, 10000) > 0);
		if (fds[0].revents)
			assert_int_equal(ws_client_receive(slow->pictures, soon(), &message), 0);
	} while (!fds[1].revents);
	hear(publisher->control, "\"keyframe\"");
}

/* `slow` reads nothing while pictures of 100 kB go by; `quick` loses none of them. */
static void a_slow_reader_harms_nobody_and_comes_back_at_a_key_frame(void **state)
{
	enum { LENGTH = 100000 };
	struct hub_process *hub = *state;
	struct ws_client_settings settings = hub_process_room(hub, "ruang-2");
	struct member a = enter(hub, "ruang-1", "lambat"), quick = enter(hub, "ruang-2", "lambat"),
		      slow = {.control = connect_as(hub, "ruang-2")};
	struct seat seat = join(slow.control, "lambat");
	uint16_t track = publish(&a);
	double dropped = hub_process_metric(hub, "layers_dropped_total");
	double asked = hub_process_metric(hub, "keyframes_asked_total");
	int64_t deadline_us = soon();
	uint32_t i = 0;

	settings.receive_bytes = 4096;
	assert_int_equal(ws_client_connect(&settings, soon(), &slow.pictures), 0);
	attach(slow.pictures, &seat);
	want(&quick, track);
	want(&slow, track);
	hear(a.control, "\"keyframe\"");
	do {
		send_picture(&a, track, 7, i, LENGTH);
		expect_picture(&quick, track, 7, i, LENGTH);
		i++;
	} while (hub_process_metric(hub, "layers_dropped_total") == dropped &&
		 clock_now_us() < deadline_us);
	assert_true(hub_process_metric(hub, "layers_dropped_total") > dropped);
	send_picture(&a, track, 8, 0, LENGTH);
	expect_picture(&quick, track, 8, 0, LENGTH);
	/* One that stands still costs no key frames. */
	assert_true(hub_process_metric(hub, "keyframes_asked_total") == asked + 1);
	read_until_asked(&slow, &a);
	send_picture(&a, track, 9, 0, LENGTH);
	expect_picture(&slow, track, 9, 0, LENGTH);
	leave(&a);
	leave(&quick);
	leave(&slow);
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
	struct member member;

	assert_non_null(sockets);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max < STORM_FILES ? limit.rlim_max : STORM_FILES;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	for (i = 0; i < STORM; i += STORM / 10) {
		open_storm(hub, sockets + i, STORM / 10);
		/* In the middle of it, and when all stand still. */
		if (i == STORM / 2 || i + STORM / 10 == STORM) {
			member = enter(hub, "ruang-1", "badai");
			leave(&member);
		}
	}
	assert_true(hub_process_metric(hub, "connections") < 2000);
	assert_true(memory_kib(hub_process_pid(hub)) < HUB_MEMORY_MAX_KIB);
	for (i = 0; i < STORM; i++)
		close(sockets[i]);
	free(sockets);
}

static void silent_members_are_pinged_and_stay(void **state)
{
	struct hub_process *hub = *state;
	struct ws_client *client = connect_as(hub, "ruang-1");
	struct ws_message message;

	join(client, "sunyi");
	/* 17 s without a word but for the answers to pings: the hub closes after 15 s of silence. */
	assert_int_equal(ws_client_receive(client, clock_now_us() + 17 * CLOCK_US_PER_S, &message),
			 -ETIMEDOUT);
	say(client, "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"time\",\"params\":{}}");
	hear(client, "\"id\":7");
	ws_client_destroy(client);
}

static void certificates_are_read_anew_on_hangup(void **state)
{
	struct hub_process *hub = *state;
	struct ws_client *client;

	assert_int_equal(rename(hub_process_path(hub, "hub.crt"), hub_process_path(hub, "kept")),
			 0);
	kill(hub_process_pid(hub), SIGHUP);
	client = connect_as(hub, "ruang-1");
	assert_true(hub_process_log_comes(hub, "certificates stay as they were"));
	ws_client_destroy(client);
	assert_int_equal(rename(hub_process_path(hub, "kept"), hub_process_path(hub, "hub.crt")),
			 0);
	kill(hub_process_pid(hub), SIGHUP);
	client = connect_as(hub, "ruang-1");
	assert_true(hub_process_log_comes(hub, "certificates are read anew"));
	ws_client_destroy(client);
}

static void members_are_told_that_the_hub_stops(void **state)
{
	struct hub_process *hub = hub_process_create("");
	struct member member = enter(hub, "ruang-1", "kabinet");

	(void)state;
	kill(hub_process_pid(hub), SIGTERM);
	expect_close(member.control, 1001);
	expect_close(member.pictures, 1001);
	leave(&member);
	hub_process_destroy(hub);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pictures_of_all_sizes_arrive_as_they_were_sent),
		cmocka_unit_test(a_message_may_come_in_pieces),
		cmocka_unit_test(what_is_kept_gives_way_where_memory_is_short),
		cmocka_unit_test(messages_that_never_end_use_up_memory_and_no_more),
		cmocka_unit_test(who_leaves_is_closed_with_1000),
		cmocka_unit_test(only_rooms_of_the_authority_come_in),
		cmocka_unit_test(only_tls_1_3_is_spoken),
		cmocka_unit_test(only_meet_with_its_subprotocol_is_served),
		cmocka_unit_test(text_where_binary_belongs_ends_with_1002),
		cmocka_unit_test(a_message_before_join_is_refused),
		cmocka_unit_test(a_truncated_header_ends_with_1002),
		cmocka_unit_test(a_forged_track_ends_with_1008_and_reaches_nobody),
		cmocka_unit_test(an_unknown_track_is_passed_over),
		cmocka_unit_test(what_is_too_large_ends_with_1009_before_it_comes),
		cmocka_unit_test(pieces_add_up_to_too_large),
		cmocka_unit_test(frames_out_of_order_end_with_1002),
		cmocka_unit_test(half_a_frame_harms_nobody),
		cmocka_unit_test(bytes_that_are_no_tls_are_dropped),
		cmocka_unit_test(who_does_not_join_in_5_s_is_closed),
		cmocka_unit_test(certificates_are_read_anew_on_hangup),
		cmocka_unit_test(a_slow_reader_harms_nobody_and_comes_back_at_a_key_frame),
		cmocka_unit_test(half_open_connections_keep_no_member_out),
		cmocka_unit_test(silent_members_are_pinged_and_stay),
		cmocka_unit_test(members_are_told_that_the_hub_stops),
		cmocka_unit_test(a_hundred_members_meet_and_the_next_is_refused),
		cmocka_unit_test(the_meeting_after_the_last_is_refused),
	};

	return cmocka_run_group_tests(tests, start_hub, stop_hub);
}
