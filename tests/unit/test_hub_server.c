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
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "meeting/object.h"
#include "tests/fake/hub_member.h"
#include "tests/fake/hub_process.h"
#include "tests/fake/loopback.h"
#include "tests/fake/ws_client.h"

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

static void expect_refused(struct hub_process *hub, const struct ws_client_settings *settings,
			   int error, const char *log)
{
	struct ws_client *client;

	assert_int_equal(ws_client_connect(settings, hub_process_soon(), &client), error);
	if (log && !hub_process_log_comes(hub, log))
		fail_msg("the log does not say: %s", log);
}

static void pictures_of_all_sizes_arrive_as_they_were_sent(void **state)
{
	static const size_t lengths[] = {25, 1000, 16380, 16381, 70000, 2 << 20};
	struct hub_process *hub = *state;
	struct hub_member a = hub_member_enter(hub, "ruang-1", "kabinet"),
			  b = hub_member_enter(hub, "ruang-2", "kabinet"),
			  c = hub_member_enter(hub, "ruang-2", "kabinet");
	uint16_t track = hub_member_publish(&a);
	uint32_t i;

	hub_member_want(&b, track);
	hub_member_want(&c, track);
	hub_member_hear(a.control, "\"keyframe\"");
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		hub_member_send_picture(&a, track, 7, i, lengths[i]);
		hub_member_expect_picture(&b, track, 7, i, lengths[i]);
		hub_member_expect_picture(&c, track, 7, i, lengths[i]);
	}
	hub_member_leave(&a);
	hub_member_leave(&b);
	hub_member_leave(&c);
}

static void a_message_may_come_in_pieces(void **state)
{
	struct hub_process *hub = *state;
	struct hub_member a = hub_member_enter(hub, "ruang-1", "kabinet"),
			  b = hub_member_enter(hub, "ruang-2", "kabinet");
	uint16_t track = hub_member_publish(&a);
	uint8_t *bytes = hub_member_make_picture(track, 7, 0, 30000);

	hub_member_want(&b, track);
	assert_int_equal(ws_client_send_frame(a.pictures, WS_BINARY, false, 10, bytes, 10,
					      hub_process_soon()),
			 0);
	assert_int_equal(ws_client_send_frame(a.pictures, WS_PING, true, 3, "abc", 3,
					      hub_process_soon()),
			 0);
	assert_int_equal(ws_client_send_frame(a.pictures, WS_CONTINUATION, false, 20000, bytes + 10,
					      20000, hub_process_soon()),
			 0);
	assert_int_equal(ws_client_send_frame(a.pictures, WS_CONTINUATION, true, 9990,
					      bytes + 20010, 9990, hub_process_soon()),
			 0);
	hub_member_expect_picture(&b, track, 7, 0, 30000);
	free(bytes);
	hub_member_leave(&a);
	hub_member_leave(&b);
}

static void only_rooms_of_the_authority_come_in(void **state)
{
	struct hub_process *hub = *state;
	struct ws_client_settings settings = hub_process_room(hub, NULL);
	const char *folder = hub_process_path(hub, "");
	const char *other = hub_process_path(hub, "other");

	expect_refused(hub, &settings, -EPROTO, "refused 127.0.0.1: it has no certificate");
	hub_process_pki((const char *[]){"ca", other, "Balai CA", NULL});
	hub_process_pki((const char *[]){"box", other, "Ruang 1", NULL});
	settings = hub_process_room(hub, "other/ruang-1");
	expect_refused(hub, &settings, -EPROTO, "refused 127.0.0.1: its certificate: ");
	hub_process_pki((const char *[]){"box", "--expired", "--file", "old", folder, "Old", NULL});
	settings = hub_process_room(hub, "old");
	expect_refused(hub, &settings, -EPROTO, "its certificate: certificate has expired");
	settings = hub_process_room(hub, "hub");
	expect_refused(hub, &settings, -EPROTO, "its certificate: unsuitable certificate purpose");
	assert_true(hub_process_metric(hub, "refused_total{reason=\"tls\"}") >= 4);
}

/* So a room that looks why it is refused is no second line. */
static void the_same_refusal_is_said_once_and_counted_twice(void **state)
{
	struct hub_process *hub = hub_process_create("");
	struct ws_client_settings settings = hub_process_room(hub, NULL);

	(void)state;
	expect_refused(hub, &settings, -EPROTO, NULL);
	expect_refused(hub, &settings, -EPROTO, NULL);
	settings = hub_process_room(hub, "hub");
	expect_refused(hub, &settings, -EPROTO, "unsuitable certificate purpose");
	assert_int_equal(hub_process_log_count(hub, "refused 127.0.0.1: it has no certificate"), 1);
	assert_true(hub_process_metric(hub, "refused_total{reason=\"tls\"}") == 3);
	hub_process_destroy(hub);
}

static void rooms_come_by_ipv6_and_by_ipv4(void **state)
{
	struct hub_process *hub = hub_process_create("listen = [::]:0\n");
	struct ws_client_settings settings = hub_process_room(hub, "ruang-1");
	struct ws_client *clients[2];

	(void)state;
	assert_int_equal(ws_client_connect(&settings, hub_process_soon(), &clients[0]), 0);
	settings.is_ipv6 = true;
	assert_int_equal(ws_client_connect(&settings, hub_process_soon(), &clients[1]), 0);
	hub_member_join(clients[0], "kabinet");
	hub_member_join(clients[1], "kabinet");
	hub_member_hear(clients[0], "\"member\":2,");
	settings.certificate = NULL;
	expect_refused(hub, &settings, -EPROTO, "refused ::1: it has no certificate");
	ws_client_destroy(clients[0]);
	ws_client_destroy(clients[1]);
	hub_process_destroy(hub);
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
		assert_int_not_equal(ws_client_connect(&settings, hub_process_soon(), &client), 0);
	}
	settings.path = NULL;
	for (i = 0; i < sizeof(subprotocols) / sizeof(subprotocols[0]); i++) {
		settings.subprotocol = subprotocols[i];
		assert_int_not_equal(ws_client_connect(&settings, hub_process_soon(), &client), 0);
	}
	settings.subprotocol = "balai.2, balai.1";
	assert_int_equal(ws_client_connect(&settings, hub_process_soon(), &client), 0);
	ws_client_destroy(client);
}

static void text_where_binary_belongs_ends_with_1002(void **state)
{
	struct hub_process *hub = *state;
	struct hub_member a = hub_member_enter(hub, "ruang-1", "kabinet");

	hub_member_say(a.pictures, "{}");
	hub_member_expect_close(a.pictures, 1002);
	hub_member_leave(&a);
}

static void a_message_before_join_is_refused(void **state)
{
	struct hub_process *hub = *state;
	struct ws_client *client = hub_member_connect(hub, "ruang-1");
	uint8_t *bytes = hub_member_make_picture(1, 7, 0, 100);

	hub_member_say(client, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"time\",\"params\":{}}");
	hub_member_hear(client, "\"code\":3");
	assert_int_equal(ws_client_send_binary(client, bytes, 100, hub_process_soon()), 0);
	hub_member_expect_close(client, 1002);
	free(bytes);
	ws_client_destroy(client);
}

static void a_truncated_header_ends_with_1002(void **state)
{
	struct hub_process *hub = *state;
	struct hub_member a = hub_member_enter(hub, "ruang-1", "kabinet");
	uint8_t *bytes = hub_member_make_picture(hub_member_publish(&a), 7, 0, 100);

	assert_int_equal(ws_client_send_binary(a.pictures, bytes, 10, hub_process_soon()), 0);
	hub_member_expect_close(a.pictures, 1002);
	free(bytes);
	hub_member_leave(&a);
}

static void a_forged_track_ends_with_1008_and_reaches_nobody(void **state)
{
	struct hub_process *hub = *state;
	struct hub_member a = hub_member_enter(hub, "ruang-1", "kabinet"),
			  b = hub_member_enter(hub, "ruang-2", "kabinet"),
			  c = hub_member_enter(hub, "ruang-2", "kabinet");
	uint16_t track = hub_member_publish(&a);

	hub_member_want(&c, track);
	hub_member_send_picture(&b, track, 7, 0, 100);
	hub_member_expect_close(b.pictures, 1008);
	hub_member_send_picture(&a, track, 9, 0, 100);
	hub_member_expect_picture(&c, track, 9, 0, 100);
	hub_member_leave(&a);
	hub_member_leave(&b);
	hub_member_leave(&c);
}

static void an_unknown_track_is_passed_over(void **state)
{
	struct hub_process *hub = *state;
	struct hub_member a = hub_member_enter(hub, "ruang-1", "kabinet"),
			  b = hub_member_enter(hub, "ruang-2", "kabinet");
	uint16_t track = hub_member_publish(&a);

	hub_member_want(&b, track);
	hub_member_send_picture(&a, (uint16_t)(track + 100), 7, 0, 100);
	hub_member_send_picture(&a, track, 9, 0, 100);
	hub_member_expect_picture(&b, track, 9, 0, 100);
	hub_member_leave(&a);
	hub_member_leave(&b);
}

/* The announced length is enough: 1009 comes though not a hundredth of it is ever sent. */
static void expect_too_large(struct ws_client *client, enum ws_opcode opcode, uint64_t announced)
{
	uint8_t *bytes = hub_member_make_picture(1, 7, 0, 1000);

	assert_int_equal(ws_client_send_frame(client, opcode, true, announced, bytes, 1000,
					      hub_process_soon()),
			 0);
	hub_member_expect_close(client, 1009);
	free(bytes);
}

static void what_is_too_large_ends_with_1009_before_it_comes(void **state)
{
	struct hub_process *hub = *state;
	struct hub_member a = hub_member_enter(hub, "ruang-1", "kabinet"),
			  b = hub_member_enter(hub, "ruang-2", "kabinet");
	struct ws_client *client = hub_member_connect(hub, "ruang-1");

	expect_too_large(a.pictures, WS_BINARY, UINT64_C(1) << 30);
	expect_too_large(a.control, WS_BINARY, OBJECT_SOUND_BYTES_MAX + 1);
	expect_too_large(b.pictures, WS_BINARY, INT64_MAX);
	/* A million wants are some 24 MB of text. */
	expect_too_large(b.control, WS_TEXT, 24000000);
	expect_too_large(client, WS_TEXT, 65537);
	assert_true(hub_process_metric(hub, "memory_bytes") < 1 << 20);
	hub_member_leave(&a);
	hub_member_leave(&b);
	ws_client_destroy(client);
}

static void pieces_add_up_to_too_large(void **state)
{
	struct hub_process *hub = *state;
	struct hub_member a = hub_member_enter(hub, "ruang-1", "kabinet");
	uint8_t *bytes = hub_member_make_picture(1, 7, 0, 1 << 20);

	assert_int_equal(ws_client_send_frame(a.pictures, WS_BINARY, false, 1 << 20, bytes, 1 << 20,
					      hub_process_soon()),
			 0);
	assert_int_equal(ws_client_send_frame(a.pictures, WS_CONTINUATION, false, 1 << 20, bytes,
					      1 << 20, hub_process_soon()),
			 0);
	assert_int_equal(ws_client_send_frame(a.pictures, WS_CONTINUATION, true, 1, bytes, 1,
					      hub_process_soon()),
			 0);
	hub_member_expect_close(a.pictures, 1009);
	free(bytes);
	hub_member_leave(&a);
}

static void frames_out_of_order_end_with_1002(void **state)
{
	struct hub_process *hub = *state;
	struct ws_client *client = hub_member_connect(hub, "ruang-1");

	assert_int_equal(ws_client_send_frame(client, WS_CONTINUATION, true, 2, "{}", 2,
					      hub_process_soon()),
			 0);
	hub_member_expect_close(client, 1002);
	ws_client_destroy(client);
	client = hub_member_connect(hub, "ruang-1");
	assert_int_equal(ws_client_send_frame(client, (enum ws_opcode)3, true, 2, "{}", 2,
					      hub_process_soon()),
			 0);
	hub_member_expect_close(client, 1002);
	ws_client_destroy(client);
}

/* The connection goes in the middle of a frame; the hub and the others stay. */
static void half_a_frame_harms_nobody(void **state)
{
	struct hub_process *hub = *state;
	struct hub_member a = hub_member_enter(hub, "ruang-1", "kabinet"),
			  b = hub_member_enter(hub, "ruang-2", "kabinet");
	uint8_t *bytes = hub_member_make_picture(1, 7, 0, 100);

	assert_int_equal(ws_client_send_frame(a.pictures, WS_BINARY, true, 50000, bytes, 100,
					      hub_process_soon()),
			 0);
	hub_member_leave(&a);
	hub_member_hear(b.control, "\"here\":false");
	hub_member_say(b.control,
		       "{\"jsonrpc\":\"2.0\",\"id\":8,\"method\":\"time\",\"params\":{}}");
	hub_member_hear(b.control, "\"id\":8");
	free(bytes);
	hub_member_leave(&b);
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
	struct ws_client *client = hub_member_connect(hub, "ruang-1");
	int fd = loopback_connect(hub_process_port(hub), 0);
	struct pollfd waiting = {.fd = fd, .events = POLLRDHUP};

	assert_true(fd >= 0);
	hub_member_expect_close(client, 1002);
	assert_true(clock_now_us() - start_us >= 5 * CLOCK_US_PER_S);
	assert_int_equal(poll(&waiting, 1, 3000), 1);
	assert_true(hub_process_log_comes(hub, "no handshake in time"));
	assert_true(hub_process_log_comes(hub, "no join or attach in time"));
	close(fd);
	ws_client_destroy(client);
}

static void who_leaves_is_closed_with_1000(void **state)
{
	struct hub_process *hub = *state;
	struct hub_member a = hub_member_enter(hub, "ruang-1", "kabinet");

	hub_member_say(a.control,
		       "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"leave\",\"params\":{}}");
	hub_member_hear(a.control, "\"id\":9");
	hub_member_expect_close(a.control, 1000);
	hub_member_expect_close(a.pictures, 1000);
	hub_member_leave(&a);
}

static void silent_members_are_pinged_and_stay(void **state)
{
	struct hub_process *hub = *state;
	struct ws_client *client = hub_member_connect(hub, "ruang-1");
	struct ws_message message;

	hub_member_join(client, "sunyi");
	/* 17 s without a word but for the answers to pings: the hub closes after 15 s of silence. */
	assert_int_equal(ws_client_receive(client, clock_now_us() + 17 * CLOCK_US_PER_S, &message),
			 -ETIMEDOUT);
	hub_member_say(client, "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"time\",\"params\":{}}");
	hub_member_hear(client, "\"id\":7");
	ws_client_destroy(client);
}

static void certificates_are_read_anew_on_hangup(void **state)
{
	struct hub_process *hub = *state;
	struct ws_client *client;

	assert_int_equal(rename(hub_process_path(hub, "hub.crt"), hub_process_path(hub, "kept")),
			 0);
	kill(hub_process_pid(hub), SIGHUP);
	client = hub_member_connect(hub, "ruang-1");
	assert_true(hub_process_log_comes(hub, "certificates stay as they were"));
	ws_client_destroy(client);
	assert_int_equal(rename(hub_process_path(hub, "kept"), hub_process_path(hub, "hub.crt")),
			 0);
	kill(hub_process_pid(hub), SIGHUP);
	client = hub_member_connect(hub, "ruang-1");
	assert_true(hub_process_log_comes(hub, "certificates are read anew"));
	ws_client_destroy(client);
}

static void members_are_told_that_the_hub_stops(void **state)
{
	struct hub_process *hub = hub_process_create("");
	struct hub_member member = hub_member_enter(hub, "ruang-1", "kabinet");

	(void)state;
	kill(hub_process_pid(hub), SIGTERM);
	hub_member_expect_close(member.control, 1001);
	hub_member_expect_close(member.pictures, 1001);
	hub_member_leave(&member);
	hub_process_destroy(hub);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pictures_of_all_sizes_arrive_as_they_were_sent),
		cmocka_unit_test(a_message_may_come_in_pieces),
		cmocka_unit_test(who_leaves_is_closed_with_1000),
		cmocka_unit_test(only_rooms_of_the_authority_come_in),
		cmocka_unit_test(the_same_refusal_is_said_once_and_counted_twice),
		cmocka_unit_test(rooms_come_by_ipv6_and_by_ipv4),
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
		cmocka_unit_test(silent_members_are_pinged_and_stay),
		cmocka_unit_test(members_are_told_that_the_hub_stops),
	};

	return cmocka_run_group_tests(tests, start_hub, stop_hub);
}
