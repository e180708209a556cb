#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/fake/hub_process.h"
#include "tools/hub/tls.h"

enum { FAULT_BYTES = 512 };

/* Its folder has the authority "ca", the hub's pair "hub", and a room's "ruang-1". */
static int start_hub(void **state)
{
	struct hub_process *hub = hub_process_create("");
	const char *folder = hub_process_path(hub, "");

	hub_process_pki((const char *[]){"server", "--expired", "--file", "old", folder,
					 "hub.example", NULL});
	hub_process_pki((const char *[]){"server", "--file", "numeric", folder, "::1", NULL});
	*state = hub;
	return 0;
}

static int stop_hub(void **state)
{
	hub_process_destroy(*state);
	return 0;
}

/* What is wrong with the pair and the authorities; "" is nothing. */
static void check(struct hub_process *hub, const char *certificate, const char *key,
		  const char *authorities, char fault[static FAULT_BYTES])
{
	struct config config = {0};
	int r;

	snprintf(config.certificate, sizeof(config.certificate), "%s",
		 hub_process_path(hub, certificate));
	snprintf(config.key, sizeof(config.key), "%s", hub_process_path(hub, key));
	snprintf(config.client_ca, sizeof(config.client_ca), "%s",
		 hub_process_path(hub, authorities));
	fault[0] = '\0';
	r = tls_check(&config, fault, FAULT_BYTES);
	assert_int_equal(r, fault[0] == '\0' ? 0 : -EINVAL);
}

static void what_is_wrong_with_a_certificate_is_told_at_the_start(void **state)
{
	static const struct {
		const char *certificate, *key, *authorities;
		const char *fault;
	} cases[] = {
		{"absent.crt", "hub.key", "ca.crt", "absent.crt is no PEM certificate"},
		{"hub.crt", "ruang-1.key", "ca.crt", "ruang-1.key is not the certificate's key"},
		{"old.crt", "old.key", "ca.crt", "old.crt has expired"},
		{"ruang-1.crt", "ruang-1.key", "ca.crt", "ruang-1.crt names no host"},
		{"hub.crt", "hub.key", "hub.key", "hub.key has no PEM certificate"},
	};
	char fault[FAULT_BYTES];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		check(*state, cases[i].certificate, cases[i].key, cases[i].authorities, fault);
		if (!strstr(fault, cases[i].fault))
			fail_msg("no \"%s\" in \"%s\"", cases[i].fault, fault);
	}
}

static void a_name_or_an_address_is_enough(void **state)
{
	char fault[FAULT_BYTES];

	check(*state, "hub.crt", "hub.key", "ca.crt", fault);
	assert_string_equal(fault, "");
	check(*state, "numeric.crt", "numeric.key", "ca.crt", fault);
	assert_string_equal(fault, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_wrong_with_a_certificate_is_told_at_the_start),
		cmocka_unit_test(a_name_or_an_address_is_enough),
	};

	return cmocka_run_group_tests(tests, start_hub, stop_hub);
}
