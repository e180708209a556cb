/* net/websocket: connections that do not come about, and what is said of why. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "net/diagnose.h"
#include "tests/fake/tls_peer.h"
#include "tests/fake/websocket_bench.h"

static void test_no_listener(void **state)
{
	struct test_pki *pki = *state;
	struct fake_hub *hub = fake_hub_create(pki, "hub", WEBSOCKET_BENCH_SUBPROTOCOL, 0);
	uint16_t port = fake_hub_port(hub);
	char expected[NET_FAULT_BYTES];
	struct net_fault fault;
	struct websocket_bench client;

	fake_hub_destroy(hub);
	websocket_bench_start(&client, pki, port);
	fault = websocket_bench_expect_closed(&client);
	assert_int_equal(fault.kind, NET_FAULT_REFUSED);
	snprintf(expected, sizeof(expected),
		 "nothing listens at 127.0.0.1 port %u: does the hub run, is the port right?",
		 port);
	assert_string_equal(fault.text, expected);
	websocket_bench_stop(&client);
}

static struct sockaddr_in loopback(uint16_t port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_port = htons(port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int make_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		abort();
	return fd;
}

/* A loopback socket that listens and never accepts, with room for `backlog` connections. */
static int listen_in_vain(int backlog, uint16_t *ret_port)
{
	struct sockaddr_in address = loopback(0);
	socklen_t length = sizeof(address);
	int fd = make_socket();

	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, backlog), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	*ret_port = ntohs(address.sin_port);
	return fd;
}

/* Takes the one place there is, so that the next to connect hears nothing. */
static int connect_first(uint16_t port)
{
	const struct sockaddr_in address = loopback(port);
	int fd = make_socket();

	assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* One server does not answer in TCP, another not in TLS. */
static void test_no_answer(void **state)
{
	struct test_pki *pki = *state;
	struct websocket_bench no_tcp;
	struct websocket_bench no_tls;
	struct net_fault fault;
	uint16_t full;
	uint16_t mute;
	int listeners[] = {listen_in_vain(0, &full), listen_in_vain(8, &mute)};
	int first = connect_first(full);

	websocket_bench_start(&no_tcp, pki, full);
	websocket_bench_start(&no_tls, pki, mute);
	fault = websocket_bench_expect_closed(&no_tcp);
	assert_int_equal(fault.kind, NET_FAULT_TIMEOUT);
	assert_non_null(strstr(fault.text, "does a firewall block it?"));
	fault = websocket_bench_expect_closed(&no_tls);
	assert_int_equal(fault.kind, NET_FAULT_TIMEOUT);
	assert_string_equal(fault.text, "the hub does not answer in TLS");
	websocket_bench_stop(&no_tls);
	websocket_bench_stop(&no_tcp);
	close(first);
	close(listeners[0]);
	close(listeners[1]);
}

static void test_connect_faults(void **state)
{
	static const struct {
		int error;
		enum net_fault_kind kind;
		const char *text;
	} rows[] = {
		{ECONNREFUSED, NET_FAULT_REFUSED,
		 "nothing listens at 192.0.2.7 port 8443: does the hub run, is the port right?"},
		{ETIMEDOUT, NET_FAULT_TIMEOUT,
		 "no answer from 192.0.2.7 port 8443: does a firewall block it?"},
		{ENETUNREACH, NET_FAULT_UNREACHABLE,
		 "no way to 192.0.2.7 port 8443: is the room's network connected?"},
		{EACCES, NET_FAULT_UNREACHABLE,
		 "cannot connect to 192.0.2.7 port 8443: Permission denied"},
	};
	struct net_address address = {.length = sizeof(struct sockaddr_in)};
	struct sockaddr_in *ipv4 = (struct sockaddr_in *)&address.storage;
	struct net_fault fault;
	size_t i;

	(void)state;
	ipv4->sin_family = AF_INET;
	ipv4->sin_port = htons(8443);
	assert_int_equal(inet_pton(AF_INET, "192.0.2.7", &ipv4->sin_addr), 1);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fault = net_connect_fault(&address, rows[i].error);
		assert_int_equal(fault.kind, rows[i].kind);
		assert_string_equal(fault.text, rows[i].text);
	}
}

/* A peer's words cannot forge a line or break a Status. */
static void test_fault_text_is_printable(void **state)
{
	struct net_fault fault = net_fault_make(NET_FAULT_LOST, "a%sb", "\n\x1b\xff\x7f");

	(void)state;
	assert_string_equal(fault.text, "a????b");
	assert_string_equal(net_fault_name(fault.kind), "lost");
}

static void test_unknown_name(void **state)
{
	struct test_pki *pki = *state;
	struct websocket_bench client;

	websocket_bench_start_as(&client, pki, "ca", "room", "hub.invalid", 443);
	assert_int_equal(websocket_bench_expect_closed(&client).kind, NET_FAULT_DNS);
	websocket_bench_stop(&client);
}

static void test_ipv6_address(void **state)
{
	struct test_pki *pki = *state;
	struct fake_hub *hub =
		fake_hub_create_at(pki, "hub", WEBSOCKET_BENCH_SUBPROTOCOL, "::1", 0);
	const struct test_certificate nameless = {.file = "nameless",
						  .issuer = "ca",
						  .name = "hub",
						  .dns = "hub.example",
						  .to_days = 9};
	struct websocket_bench client;

	websocket_bench_start_as(&client, pki, "ca", "room", "::1", fake_hub_port(hub));
	websocket_bench_expect_open(&client);
	websocket_bench_stop(&client);
	fake_hub_destroy(hub);
	test_pki_make(pki, &nameless);
	hub = fake_hub_create_at(pki, "nameless", WEBSOCKET_BENCH_SUBPROTOCOL, "::1", 0);
	websocket_bench_start_as(&client, pki, "ca", "room", "::1", fake_hub_port(hub));
	assert_int_equal(websocket_bench_expect_closed(&client).kind, NET_FAULT_CERTIFICATE_NAME);
	websocket_bench_stop(&client);
	fake_hub_destroy(hub);
}

/* A certificate of the hub that is no good, and what of the fault's text must be there. */
static void expect_certificate_fault(struct test_pki *pki,
				     const struct test_certificate *certificate,
				     enum net_fault_kind kind, const char *part)
{
	struct fake_hub *hub;
	struct net_fault fault;
	struct websocket_bench client;

	test_pki_make(pki, certificate);
	hub = fake_hub_create(pki, certificate->file, WEBSOCKET_BENCH_SUBPROTOCOL, 0);
	websocket_bench_start(&client, pki, fake_hub_port(hub));
	fault = websocket_bench_expect_closed(&client);
	assert_int_equal(fault.kind, kind);
	if (strstr(fault.text, part) == NULL)
		fail_msg("no \"%s\" in \"%s\"", part, fault.text);
	websocket_bench_stop(&client);
	fake_hub_destroy(hub);
}

static void test_wrong_name(void **state)
{
	struct test_pki *pki = *state;

	expect_certificate_fault(pki,
				 &(struct test_certificate){.file = "elsewhere",
							    .issuer = "ca",
							    .name = "elsewhere.example",
							    .dns = "elsewhere.example",
							    .from_days = -1,
							    .to_days = 1},
				 NET_FAULT_CERTIFICATE_NAME,
				 "for \"elsewhere.example\", not for \"127.0.0.1\"");
}

static void test_other_ca(void **state)
{
	struct test_pki *pki = *state;

	expect_certificate_fault(pki,
				 &(struct test_certificate){.file = "foreign",
							    .issuer = "other-ca",
							    .name = "hub.example",
							    .is_loopback = true,
							    .from_days = -1,
							    .to_days = 1},
				 NET_FAULT_CERTIFICATE_CA, "signed by \"CN=Other CA\"");
}

static void test_expired(void **state)
{
	struct test_pki *pki = *state;

	expect_certificate_fault(pki,
				 &(struct test_certificate){.file = "expired",
							    .issuer = "ca",
							    .name = "hub.example",
							    .is_loopback = true,
							    .from_days = -30,
							    .to_days = -10},
				 NET_FAULT_CERTIFICATE_EXPIRED, "this room's clock says");
}

static void test_not_yet_valid(void **state)
{
	struct test_pki *pki = *state;

	expect_certificate_fault(pki,
				 &(struct test_certificate){.file = "future",
							    .issuer = "ca",
							    .name = "hub.example",
							    .is_loopback = true,
							    .from_days = 10,
							    .to_days = 30},
				 NET_FAULT_CERTIFICATE_NOT_YET, "is it wrong?");
}

/* An OpenSSL server that behaves as the arguments say. */
static struct net_fault fault_of_peer(struct test_pki *pki, const char *const *arguments,
				      const char *file)
{
	struct tls_peer *peer = tls_peer_create(pki, arguments);
	struct net_fault fault;
	struct websocket_bench client;

	websocket_bench_start_as(&client, pki, "ca", file, "127.0.0.1", tls_peer_port(peer));
	fault = websocket_bench_expect_closed(&client);
	websocket_bench_stop(&client);
	tls_peer_destroy(peer);
	return fault;
}

static void test_old_tls(void **state)
{
	struct test_pki *pki = *state;
	static const char *const tls12[] = {"-tls1_2", NULL};
	static const char *const tls11[] = {"-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0", NULL};

	assert_int_equal(fault_of_peer(pki, tls12, "room").kind, NET_FAULT_TLS_VERSION);
	assert_int_equal(fault_of_peer(pki, tls11, "room").kind, NET_FAULT_TLS_VERSION);
}

/* The room's certificate is of an authority that the hub does not know. */
static void test_refused_certificate(void **state)
{
	struct test_pki *pki = *state;
	const char *const arguments[] = {
		"-Verify", "1", "-verify_return_error", "-CAfile", test_pki_path(pki, "ca.crt"),
		NULL};
	struct net_fault fault;

	test_pki_make(pki, &(struct test_certificate){.file = "stranger",
						      .issuer = "other-ca",
						      .name = "Orang Asing",
						      .from_days = -1,
						      .to_days = 1});
	fault = fault_of_peer(pki, arguments, "stranger");
	assert_int_equal(fault.kind, NET_FAULT_TLS_REFUSED);
	assert_non_null(strstr(fault.text, "CN=Orang Asing"));
}

/* An HTTP server, but no websocket. */
static void test_no_websocket(void **state)
{
	struct test_pki *pki = *state;
	static const char *const arguments[] = {"-www", NULL};
	struct net_fault fault;

	fault = fault_of_peer(pki, arguments, "room");
	assert_int_equal(fault.kind, NET_FAULT_UPGRADE);
	assert_non_null(strstr(fault.text, "HTTP 200"));
}

static void test_identity_faults(void **state)
{
	struct test_pki *pki = *state;
	const struct {
		struct net_identity_files files;
		const char *part;
	} rows[] = {
		{{test_pki_path(pki, "no.crt"), test_pki_path(pki, "room.crt"),
		  test_pki_path(pki, "room.key")},
		 "no.crt: No such file"},
		{{test_pki_path(pki, "ca.crt"), test_pki_path(pki, "room.key"),
		  test_pki_path(pki, "room.key")},
		 "room.key is not a certificate"},
		{{test_pki_path(pki, "ca.crt"), test_pki_path(pki, "room.crt"),
		  test_pki_path(pki, "room.crt")},
		 "room.crt is not a private key"},
		{{test_pki_path(pki, "ca.crt"), test_pki_path(pki, "room.crt"),
		  test_pki_path(pki, "hub.key")},
		 "is not that of"},
		{{"/dev/zero", test_pki_path(pki, "room.crt"), test_pki_path(pki, "room.key")},
		 "/dev/zero: not a file"},
	};
	struct net_identity *identity;
	struct net_fault fault;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(net_identity_load(&rows[i].files, &identity, &fault), -EINVAL);
		assert_int_equal(fault.kind, NET_FAULT_IDENTITY);
		if (strstr(fault.text, rows[i].part) == NULL)
			fail_msg("no \"%s\" in \"%s\"", rows[i].part, fault.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_listener),
		cmocka_unit_test(test_no_answer),
		cmocka_unit_test(test_connect_faults),
		cmocka_unit_test(test_fault_text_is_printable),
		cmocka_unit_test(test_unknown_name),
		cmocka_unit_test(test_ipv6_address),
		cmocka_unit_test(test_wrong_name),
		cmocka_unit_test(test_other_ca),
		cmocka_unit_test(test_expired),
		cmocka_unit_test(test_not_yet_valid),
		cmocka_unit_test(test_old_tls),
		cmocka_unit_test(test_refused_certificate),
		cmocka_unit_test(test_no_websocket),
		cmocka_unit_test(test_identity_faults),
	};

	return cmocka_run_group_tests(tests, test_pki_set_up, test_pki_tear_down);
}
