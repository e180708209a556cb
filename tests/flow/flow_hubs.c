/*
 * Whole rooms while their hub is not there, shows certificates that are not to be trusted, or is
 * killed: what stands on the screen and in Status, and that they join by themselves once it is
 * mended.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/clock.h"
#include "tests/fake/fake_hub.h"
#include "tests/fake/party.h"
#include "tests/fake/test_pki.h"

enum { A = 1, B = 2 }; /* tags */

struct bench {
	struct site *site;
	struct party a; /* has the faults */
	struct party b; /* looks on */
};

static int set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	if (!bench)
		return -1;
	bench->site = site_create();
	party_init(&bench->a, "a", A);
	party_init(&bench->b, "b", B);
	*state = bench;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;

	site_destroy(bench->site);
	party_finish(&bench->a);
	party_finish(&bench->b);
	free(bench);
	return 0;
}

static bool is_alerted(const json_t *status, void *context)
{
	const struct party *party = context;

	(void)status;
	return viewer_is_alerted(party->viewer);
}

static bool is_calm(const json_t *status, void *context)
{
	return !is_alerted(status, context);
}

static void assert_joins_by_itself(struct bench *bench)
{
	assert_true(party_says(&bench->a, "meeting.phase", "in"));
	assert_true(party_until(&bench->a, is_calm, &bench->a));
	party_join(&bench->b, bench->site);
	assert_true(party_sees(&bench->a, B, 10));
	assert_true(party_sees(&bench->b, A, 10));
}

static void test_no_hub_at_first(void **state)
{
	struct bench *bench = *state;

	site_hub_kill(bench->site);
	party_join(&bench->a, bench->site);
	assert_true(party_says(&bench->a, "meeting.phase", "lost"));
	assert_true(party_says(&bench->a, "meeting.why", "nothing listens at"));
	assert_true(party_until(&bench->a, is_alerted, &bench->a));
	assert_true(party_sees(&bench->a, A, 30));
	site_hub_start(bench->site);
	assert_joins_by_itself(bench);
}

static void rename_in(struct site *site, const char *from, const char *to, const char *end)
{
	char source[160], name[80];

	snprintf(name, sizeof(name), "%s.%s", from, end);
	snprintf(source, sizeof(source), "%s", site_path(site, name));
	snprintf(name, sizeof(name), "%s.%s", to, end);
	assert_int_equal(rename(source, site_path(site, name)), 0);
}

static void rename_pair(struct site *site, const char *from, const char *to)
{
	rename_in(site, from, to, "crt");
	rename_in(site, from, to, "key");
}

static void assert_is_refused(struct bench *bench, const char *why)
{
	assert_true(party_says(&bench->a, "meeting.phase", "refused"));
	assert_true(party_says(&bench->a, "meeting.why", why));
	assert_true(party_until(&bench->a, is_alerted, &bench->a));
	/* the room itself is not held up */
	assert_true(party_sees(&bench->a, A, 30));
}

/* The hub has the pair `bad` of the site's folder at first, and then its own. */
static void assert_distrusts(struct bench *bench, const char *bad, const char *why)
{
	site_hub_kill(bench->site);
	rename_pair(bench->site, "localhost", "kept");
	rename_pair(bench->site, bad, "localhost");
	site_hub_start(bench->site);
	party_join(&bench->a, bench->site);
	assert_is_refused(bench, why);
	site_hub_kill(bench->site);
	rename_pair(bench->site, "kept", "localhost");
	site_hub_start(bench->site);
	assert_joins_by_itself(bench);
}

static void test_hub_of_another_name(void **state)
{
	struct bench *bench = *state;
	char folder[128];

	snprintf(folder, sizeof(folder), "%s", site_path(bench->site, ""));
	site_pki(bench->site, (const char *[]){"pki", "server", "--file", "bad", folder,
					       "elsewhere.example", NULL});
	assert_distrusts(bench, "bad", "is for \"elsewhere.example\", not for");
}

static void test_hub_of_another_ca(void **state)
{
	struct bench *bench = *state;
	char folder[128];

	snprintf(folder, sizeof(folder), "%s", site_path(bench->site, "other"));
	site_pki(bench->site, (const char *[]){"pki", "ca", folder, "Other", NULL});
	site_pki(bench->site, (const char *[]){"pki", "server", folder, "localhost", NULL});
	assert_distrusts(bench, "other/localhost", "CA");
}

static void append(FILE *to, const char *path)
{
	FILE *from = fopen(path, "re");
	char line[256];

	if (!from)
		fail();
	while (fgets(line, sizeof(line), from))
		assert_true(fputs(line, to) >= 0);
	fclose(from);
}

/* The real hub does not even start with such a certificate. */
static void test_hub_expired(void **state)
{
	static const struct test_certificate expired = {
		.file = "expired",
		.issuer = "ca",
		.name = "localhost",
		.dns = "localhost",
		.from_days = -9,
		.to_days = -2,
	};
	struct bench *bench = *state;
	struct test_pki *pki = test_pki_create();
	struct settings_room settings;
	struct settings_board board;
	struct fake_hub *hub;
	FILE *both;
	int r;

	test_pki_make(pki, &expired);
	site_settings(bench->site, "a", &settings, &board);
	snprintf(settings.ca, sizeof(settings.ca), "%s", site_path(bench->site, "both.crt"));
	both = fopen(settings.ca, "we");
	if (!both)
		fail();
	append(both, site_path(bench->site, "ca.crt"));
	append(both, test_pki_path(pki, "ca.crt"));
	r = fclose(both);
	assert_int_equal(r, 0);
	site_hub_kill(bench->site);
	hub = fake_hub_create(pki, "expired", "balai.1", site_hub_port(bench->site));
	party_join_with(&bench->a, bench->site, &settings, &board);
	assert_is_refused(bench, "expired on");
	fake_hub_destroy(hub);
	test_pki_destroy(pki);
	site_hub_start(bench->site);
	assert_joins_by_itself(bench);
}

/* A hub that was killed has forgotten the seats; the rooms take new ones and go on. */
static void test_hub_is_killed_and_back(void **state)
{
	struct bench *bench = *state;

	party_join(&bench->a, bench->site);
	party_join(&bench->b, bench->site);
	assert_true(party_sees(&bench->a, B, 30));
	site_hub_kill(bench->site);
	assert_true(party_says(&bench->a, "meeting.phase", "lost"));
	assert_true(party_until(&bench->a, is_alerted, &bench->a));
	site_hub_start(bench->site);
	assert_true(party_sees(&bench->a, B, 30));
	assert_true(party_sees(&bench->b, A, 30));
	assert_true(party_hears(&bench->a, B));
	assert_true(party_until(&bench->a, is_calm, &bench->a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_no_hub_at_first, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hub_of_another_name, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hub_of_another_ca, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hub_expired, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hub_is_killed_and_back, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
