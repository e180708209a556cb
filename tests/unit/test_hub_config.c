#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "tools/hub/config.h"
#include "tools/hub/listener.h"

#define CERTIFICATES "certificate = /c\nkey = /k\nclient_ca = /a\n"

static int load(const char *text, struct config *config, struct settings_faults *faults)
{
	char path[] = "/tmp/balai-hub-config.XXXXXX";
	int fd = mkstemp(path), r;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	r = config_load(path, config, faults);
	unlink(path);
	return r;
}

static void a_file_with_what_is_needed_has_the_defaults(void **state)
{
	struct settings_faults faults;
	struct config config;

	(void)state;
	assert_int_equal(load("[hub]\n" CERTIFICATES, &config, &faults), 0);
	assert_string_equal(config.listen, "[::]:443");
	assert_string_equal(config.certificate, "/c");
	assert_string_equal(config.key, "/k");
	assert_string_equal(config.client_ca, "/a");
	assert_string_equal(config.metrics.host, "127.0.0.1");
	assert_int_equal(config.metrics.port, 9443);
	assert_int_equal(config.members_max, 100);
	assert_int_equal(config.meetings_max, 1000);
	assert_int_equal(config.log_level, LOG_LEVEL_INFO);
}

static void each_fault_is_told_with_line_key_and_range(void **state)
{
	static const struct {
		const char *line;
		const char *fault;
	} cases[] = {
		{"members_max = 101",
		 "[hub] members_max: \"101\" is not a whole number from 1 to 100"},
		{"members_max = 0", "from 1 to 100"},
		{"meetings_max = many",
		 "[hub] meetings_max: \"many\" is not a whole number from 1"},
		{"listen = hub.example:443", "[hub] listen: \"hub.example:443\" is not an address"},
		{"listen = 0.0.0.0:65536", "[hub] listen:"},
		{"metrics = 0.0.0.0:9443",
		 "[hub] metrics: \"0.0.0.0:9443\" is not empty or a loopback"},
		{"log_level = loud", "is not error, warning, info or debug"},
		{"memory_max = 1", "from 16 to 65536"},
		{"member_max = 5", "is members_max meant?"},
		{"members_max", "neither \"[section]\" nor \"key = value\""},
	};
	struct settings_faults faults;
	struct config config;
	char text[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), "[hub]\n" CERTIFICATES "%s\n", cases[i].line);
		assert_int_equal(load(text, &config, &faults), -EINVAL);
		assert_int_equal(faults.count, 1);
		assert_int_equal(faults.faults[0].line, 5);
		if (!strstr(faults.faults[0].text, cases[i].fault))
			fail_msg("no %s in %s", cases[i].fault, faults.faults[0].text);
	}
}

static void what_is_missing_is_told(void **state)
{
	struct settings_faults faults;
	struct config config;

	(void)state;
	assert_int_equal(load("", &config, &faults), -EINVAL);
	assert_int_equal(faults.count, 3);
	assert_int_equal(load("[room]\nname = a\n[hub]\n" CERTIFICATES, &config, &faults), -EINVAL);
	assert_int_equal(faults.count, 1);
	assert_int_equal(config_load("/does/not/exist", &config, &faults), -ENOENT);
	assert_int_equal(faults.count, 1);
}

static void the_help_is_a_configuration_but_for_what_has_to_be_set(void **state)
{
	struct settings_faults faults;
	struct config config;
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	(void)state;
	assert_non_null(file);
	config_print_help(file);
	fclose(file);
	assert_int_equal(load(text, &config, &faults), -EINVAL);
	assert_int_equal(faults.count, 3);
	free(text);
}

static void addresses_are_numeric_with_a_port(void **state)
{
	static const char *const good[] = {"0.0.0.0:443", "127.0.0.1:0", "[::]:443",
					   "[2001:db8::1]:65535"};
	static const char *const bad[] = {
		"",
		":443",
		"1.2.3.4",
		"1.2.3.4:",
		"1.2.3.4:65536",
		"1.2.3.4:443x",
		"1.2.3:443",
		"::1:443",
		"[::1]443",
		"[::1]:",
		"[::1",
		"[]:443",
		"hub:443",
		"[1111:2222:3333:4444:5555:6666:7777:8888:9999:0000:1111]:1"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(listener_is_address(good[i]));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(listener_is_address(bad[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_with_what_is_needed_has_the_defaults),
		cmocka_unit_test(each_fault_is_told_with_line_key_and_range),
		cmocka_unit_test(what_is_missing_is_told),
		cmocka_unit_test(the_help_is_a_configuration_but_for_what_has_to_be_set),
		cmocka_unit_test(addresses_are_numeric_with_a_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
