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
#include <cmocka.h>

#include "base/clock.h"
#include "tests/fake/fake_hub.h"
#include "tests/fake/party.h"
#include "tests/fake/test_pki.h"

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

static void assert_joins_by_itself(struct party_pair *pair)
{
	assert_true(party_says(&pair->a, "meeting.phase", "in"));
	assert_true(party_until(&pair->a, is_calm, &pair->a));
	party_join(&pair->b, pair->site);
	assert_true(party_sees(&pair->a, PARTY_B, 10));
	assert_true(party_sees(&pair->b, PARTY_A, 10));
}

static void test_no_hub_at_first(void **state)
{
	struct party_pair *pair = *state;

	site_hub_kill(pair->site);
	party_join(&pair->a, pair->site);
	assert_true(party_says(&pair->a, "meeting.phase", "lost"));
	assert_true(party_says(&pair->a, "meeting.why", "nothing listens at"));
	assert_true(party_until(&pair->a, is_alerted, &pair->a));
	assert_true(party_sees(&pair->a, PARTY_A, 30));
	site_hub_start(pair->site);
	assert_joins_by_itself(pair);
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

static void assert_is_refused(struct party_pair *pair, const char *why)
{
	assert_true(party_says(&pair->a, "meeting.phase", "refused"));
	assert_true(party_says(&pair->a, "meeting.why", why));
	assert_true(party_until(&pair->a, is_alerted, &pair->a));
	/* the room itself is not held up */
	assert_true(party_sees(&pair->a, PARTY_A, 30));
}

/* The hub has the pair `bad` of the site's folder at first, and then its own. */
static void assert_distrusts(struct party_pair *pair, const char *bad, const char *why)
{
	site_hub_kill(pair->site);
	rename_pair(pair->site, "localhost", "kept");
	rename_pair(pair->site, bad, "localhost");
	site_hub_start(pair->site);
	party_join(&pair->a, pair->site);
	assert_is_refused(pair, why);
	site_hub_kill(pair->site);
	rename_pair(pair->site, "kept", "localhost");
	site_hub_start(pair->site);
	assert_joins_by_itself(pair);
}

static void test_hub_of_another_name(void **state)
{
	struct party_pair *pair = *state;
	char folder[128];

	snprintf(folder, sizeof(folder), "%s", site_path(pair->site, ""));
	site_pki(pair->site, (const char *[]){"pki", "server", "--file", "bad", folder,
					      "elsewhere.example", NULL});
	assert_distrusts(pair, "bad", "is for \"elsewhere.example\", not for");
}

static void test_hub_of_another_ca(void **state)
{
	struct party_pair *pair = *state;
	char folder[128];

	snprintf(folder, sizeof(folder), "%s", site_path(pair->site, "other"));
	site_pki(pair->site, (const char *[]){"pki", "ca", folder, "Other", NULL});
	site_pki(pair->site, (const char *[]){"pki", "server", folder, "localhost", NULL});
	assert_distrusts(pair, "other/localhost", "CA");
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
	struct party_pair *pair = *state;
	struct test_pki *pki = test_pki_create();
	struct settings_room settings;
	struct settings_board board;
	struct fake_hub *hub;
	FILE *both;
	int r;

	test_pki_make(pki, &expired);
	site_settings(pair->site, "a", &settings, &board);
	snprintf(settings.ca, sizeof(settings.ca), "%s", site_path(pair->site, "both.crt"));
	both = fopen(settings.ca, "we");
	if (!both)
		fail();
	append(both, site_path(pair->site, "ca.crt"));
	append(both, test_pki_path(pki, "ca.crt"));
	r = fclose(both);
	assert_int_equal(r, 0);
	site_hub_kill(pair->site);
	hub = fake_hub_create(pki, "expired", "balai.1", site_hub_port(pair->site));
	party_join_with(&pair->a, pair->site, &settings, &board);
	assert_is_refused(pair, "expired on");
	fake_hub_destroy(hub);
	test_pki_destroy(pki);
	site_hub_start(pair->site);
	assert_joins_by_itself(pair);
}

/* A hub that was killed has forgotten the seats; the rooms take new ones and go on. */
static void test_hub_is_killed_and_back(void **state)
{
	struct party_pair *pair = *state;

	party_join(&pair->a, pair->site);
	party_join(&pair->b, pair->site);
	assert_true(party_sees(&pair->a, PARTY_B, 30));
	site_hub_kill(pair->site);
	assert_true(party_says(&pair->a, "meeting.phase", "lost"));
	assert_true(party_until(&pair->a, is_alerted, &pair->a));
	site_hub_start(pair->site);
	assert_true(party_sees(&pair->a, PARTY_B, 30));
	assert_true(party_sees(&pair->b, PARTY_A, 30));
	assert_true(party_hears(&pair->a, PARTY_B));
	assert_true(party_until(&pair->a, is_calm, &pair->a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PARTY_PAIR_TEST(test_no_hub_at_first),
		PARTY_PAIR_TEST(test_hub_of_another_name),
		PARTY_PAIR_TEST(test_hub_of_another_ca),
		PARTY_PAIR_TEST(test_hub_expired),
		PARTY_PAIR_TEST(test_hub_is_killed_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
