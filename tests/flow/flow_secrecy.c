/*
 * Rooms keep a meeting to themselves: who is in it, who is not let in and why, what happens without
 * encryption, and that people are told each of it on every screen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/fake/party.h"

#define TAG_C 3
#define CODE_LENGTH 35
#define DAY_S INT64_C(86400)

/* Two rooms that may meet, and a third one to come. */
struct bench {
	struct party_pair pair;
	struct party c;
	struct settings_room settings;
	struct settings_board board;
};

static int set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	if (!bench)
		return -1;
	party_pair_init(&bench->pair);
	party_init(&bench->c, "c", TAG_C);
	*state = bench;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;

	party_pair_finish(&bench->pair);
	party_finish(&bench->c);
	free(bench);
	return 0;
}

/* The settings of a room that does not join yet, to be changed. */
static struct settings_secrecy *prepare(struct bench *bench, const struct party *party)
{
	site_settings(bench->pair.site, party->name, &bench->settings, &bench->board);
	return &bench->settings.secrecy;
}

static void join(struct bench *bench, struct party *party)
{
	party_join_with(party, bench->pair.site, &bench->settings, &bench->board);
}

static bool is_encrypted_with(const json_t *status, void *context)
{
	const size_t *n = context;

	return strcmp(site_status_text(status, "secrecy.state"), "encrypted") == 0 &&
	       json_array_size(json_object_get(json_object_get(status, "secrecy"), "members")) ==
		       *n;
}

static void await_members(struct party *party, size_t n)
{
	assert_true(party_until(party, is_encrypted_with, &n));
}

static void get_code(struct party *party, char code[CODE_LENGTH + 1])
{
	json_t *status = room_status(site_room_get(party->room));

	snprintf(code, CODE_LENGTH + 1, "%s", site_status_text(status, "secrecy.code"));
	json_decref(status);
}

/* Six times five digits, the same for both. */
static void assert_same_code(struct party *one, struct party *other)
{
	char code[CODE_LENGTH + 1], other_code[CODE_LENGTH + 1];

	get_code(one, code);
	get_code(other, other_code);
	assert_string_equal(code, other_code);
	assert_int_equal(strlen(code), CODE_LENGTH);
	for (size_t i = 0; i < CODE_LENGTH; i++)
		assert_true(i % 6 == 5 ? code[i] == ' ' : code[i] >= '0' && code[i] <= '9');
}

static void copy_file(struct bench *bench, const char *from, const char *to)
{
	FILE *in = fopen(from, "re"), *out = fopen(site_path(bench->pair.site, to), "we");
	char bytes[8192];
	size_t length;

	if (!in || !out)
		fail();
	length = fread(bytes, 1, sizeof(bytes), in);
	assert_int_equal(fwrite(bytes, 1, length, out), length);
	fclose(in);
	fclose(out);
}

/* Who is who */

static void test_names_come_from_the_group(void **state)
{
	struct bench *bench = *state;
	json_t *status;
	json_t *member;

	party_pair_join(&bench->pair);
	await_members(&bench->pair.a, 2);
	assert_true(party_sees(&bench->pair.a, PARTY_B, 5));
	status = room_status(site_room_get(bench->pair.a.room));
	member = site_status_member(status, "b");
	assert_non_null(member);
	assert_string_equal(site_status_text(member, "box"), "box-b");
	assert_string_equal(site_status_text(member, "issuer"), "Rooms");
	assert_true(json_is_true(json_object_get(member, "verified")));
	json_decref(status);
}

static void test_all_have_the_same_code(void **state)
{
	struct bench *bench = *state;
	char before[CODE_LENGTH + 1], after[CODE_LENGTH + 1];

	party_pair_join(&bench->pair);
	await_members(&bench->pair.a, 2);
	await_members(&bench->pair.b, 2);
	assert_same_code(&bench->pair.a, &bench->pair.b);
	get_code(&bench->pair.a, before);
	party_join(&bench->c, bench->pair.site);
	await_members(&bench->pair.a, 3);
	await_members(&bench->pair.b, 3);
	await_members(&bench->c, 3);
	assert_same_code(&bench->pair.a, &bench->pair.b);
	assert_same_code(&bench->pair.a, &bench->c);
	get_code(&bench->pair.a, after);
	assert_string_not_equal(before, after);
	assert_true(party_says(&bench->pair.a, "notice.text", "Members changed"));
	party_leave(&bench->c);
	await_members(&bench->pair.a, 2);
	await_members(&bench->pair.b, 2);
	assert_same_code(&bench->pair.a, &bench->pair.b);
}

static void test_guests_are_unverified(void **state)
{
	struct bench *bench = *state;
	struct settings_secrecy *secrecy = prepare(bench, &bench->pair.a);
	json_t *status;

	secrecy->guests = 1;
	join(bench, &bench->pair.a);
	await_members(&bench->pair.a, 1);
	secrecy = prepare(bench, &bench->c);
	secrecy->guests = 1;
	secrecy->certificate[0] = secrecy->key[0] = '\0';
	snprintf(bench->settings.name, sizeof(bench->settings.name), "Tamu");
	join(bench, &bench->c);
	await_members(&bench->pair.a, 2);
	assert_true(party_sees(&bench->pair.a, TAG_C, 5));
	status = room_status(site_room_get(bench->pair.a.room));
	assert_true(json_is_false(json_object_get(site_status_member(status, "Tamu"), "verified")));
	json_decref(status);
}

/* Who is not let in */

/* c is told why it is not in, and so are the others, who are not disturbed. */
static void assert_refused(struct bench *bench, const char *name, const char *reason)
{
	char line[128];

	snprintf(line, sizeof(line), "%s was not let in: %s", name, reason);
	assert_true(party_says(&bench->pair.a, "notice.text", line));
	assert_true(party_says(&bench->pair.b, "notice.text", line));
	assert_true(party_says(&bench->c, "secrecy.state", "refused"));
	snprintf(line, sizeof(line), "does not take part: %s", reason);
	assert_true(party_says(&bench->c, "notice.text", line));
	assert_true(party_sees(&bench->pair.a, PARTY_B, 5));
	assert_int_equal(viewer_get(bench->c.viewer, PARTY_A).pictures, 0);
	assert_int_equal(viewer_get(bench->pair.a.viewer, TAG_C).pictures, 0);
}

static void meet(struct bench *bench)
{
	party_pair_join(&bench->pair);
	await_members(&bench->pair.a, 2);
	await_members(&bench->pair.b, 2);
}

static void test_other_authority_is_refused(void **state)
{
	struct bench *bench = *state;
	struct settings_secrecy *secrecy;
	char folder[128];

	meet(bench);
	secrecy = prepare(bench, &bench->c);
	snprintf(folder, sizeof(folder), "%s", site_path(bench->pair.site, "other"));
	site_pki(bench->pair.site, (const char *[]){"pki", "ca", folder, "Rooms", NULL});
	site_pki(bench->pair.site,
		 (const char *[]){"pki", "room", "--file", "c", folder, "Other", NULL});
	snprintf(secrecy->authorities, sizeof(secrecy->authorities), "%s/ca.crt", folder);
	snprintf(secrecy->certificate, sizeof(secrecy->certificate), "%s/c.crt", folder);
	snprintf(secrecy->key, sizeof(secrecy->key), "%s/c.key", folder);
	join(bench, &bench->c);
	assert_refused(bench, "Other", "certificate not recognized");
}

static void test_revoked_is_refused(void **state)
{
	struct bench *bench = *state;
	struct party *parties[] = {&bench->pair.a, &bench->pair.b};
	struct settings_secrecy *secrecy = prepare(bench, &bench->c);
	char certificate[SETTINGS_PATH_BYTES], folder[128];

	memcpy(certificate, secrecy->certificate, sizeof(certificate));
	snprintf(folder, sizeof(folder), "%s", site_path(bench->pair.site, "meetings"));
	site_pki(bench->pair.site, (const char *[]){"pki", "revoke", folder, certificate, NULL});
	for (size_t i = 0; i < 2; i++) {
		secrecy = prepare(bench, parties[i]);
		snprintf(secrecy->revoked, sizeof(secrecy->revoked), "%s/revoked.crl", folder);
		join(bench, parties[i]);
	}
	await_members(&bench->pair.a, 2);
	await_members(&bench->pair.b, 2);
	party_join(&bench->c, bench->pair.site);
	assert_refused(bench, "c", "certificate revoked");
}

/* It is valid for a day more by this room's clock, but not by that of the others. */
static void test_expired_is_refused(void **state)
{
	struct bench *bench = *state;
	struct settings_secrecy *secrecy;
	char folder[128];

	bench->pair.a.devices.clock_offset_s = 2 * DAY_S;
	bench->pair.b.devices.clock_offset_s = 2 * DAY_S;
	meet(bench);
	secrecy = prepare(bench, &bench->c);
	snprintf(folder, sizeof(folder), "%s", site_path(bench->pair.site, "meetings"));
	site_pki(bench->pair.site, (const char *[]){"pki", "room", "--days", "1", "--file", "old",
						    folder, "Old", NULL});
	snprintf(secrecy->certificate, sizeof(secrecy->certificate), "%s/old.crt", folder);
	snprintf(secrecy->key, sizeof(secrecy->key), "%s/old.key", folder);
	join(bench, &bench->c);
	assert_refused(bench, "Old", "certificate expired or not yet valid");
}

/* It knows by itself, and does not even ask. */
static void test_an_expired_room_says_so(void **state)
{
	struct bench *bench = *state;
	struct settings_secrecy *secrecy = prepare(bench, &bench->c);
	char folder[128];

	snprintf(folder, sizeof(folder), "%s", site_path(bench->pair.site, "meetings"));
	site_pki(bench->pair.site, (const char *[]){"pki", "room", "--expired", "--file", "old",
						    folder, "Old", NULL});
	snprintf(secrecy->certificate, sizeof(secrecy->certificate), "%s/old.crt", folder);
	snprintf(secrecy->key, sizeof(secrecy->key), "%s/old.key", folder);
	join(bench, &bench->c);
	assert_true(party_says(&bench->c, "secrecy.state", "refused"));
	assert_true(party_says(&bench->c, "notice.text",
			       "does not take part: certificate expired or not yet valid"));
}

static void test_guests_are_refused(void **state)
{
	struct bench *bench = *state;
	struct settings_secrecy *secrecy;

	meet(bench);
	secrecy = prepare(bench, &bench->c);
	secrecy->certificate[0] = secrecy->key[0] = '\0';
	secrecy->guests = 1;
	snprintf(bench->settings.name, sizeof(bench->settings.name), "Tamu");
	join(bench, &bench->c);
	assert_refused(bench, "Tamu", "guests are not allowed");
}

/* Whose office has a secret that this room has not, or the other way round */

static void write_secret(struct bench *bench, const char *name, int value)
{
	FILE *file = fopen(site_path(bench->pair.site, name), "we");

	if (!file)
		fail();
	for (int i = 0; i < 32; i++)
		assert_int_equal(fputc(value + i, file), value + i);
	assert_int_equal(fclose(file), 0);
}

static void join_with_secret(struct bench *bench, struct party *party, const char *name)
{
	struct settings_secrecy *secrecy = prepare(bench, party);

	snprintf(secrecy->psk, sizeof(secrecy->psk), "%s", site_path(bench->pair.site, name));
	join(bench, party);
}

static void test_an_office_has_a_secret(void **state)
{
	struct bench *bench = *state;

	write_secret(bench, "office", 1);
	join_with_secret(bench, &bench->pair.a, "office");
	join_with_secret(bench, &bench->pair.b, "office");
	await_members(&bench->pair.a, 2);
	assert_true(party_sees(&bench->pair.a, PARTY_B, 5));
	party_join(&bench->c, bench->pair.site);
	assert_true(party_says(&bench->c, "notice.text", "the office keys differ"));
	assert_true(party_sees(&bench->pair.a, PARTY_B, 5));
	assert_int_equal(viewer_get(bench->c.viewer, PARTY_A).pictures, 0);
}

/* Meetings in clear */

static void join_in(struct bench *bench, struct party *party, enum settings_secrecy_mode mode)
{
	prepare(bench, party)->mode = mode;
	join(bench, party);
}

static void test_clear_meetings_are_red(void **state)
{
	struct bench *bench = *state;

	join_in(bench, &bench->pair.a, SETTINGS_SECRECY_OFF);
	assert_true(party_says(&bench->pair.a, "secrecy.state", "clear"));
	join_in(bench, &bench->pair.b, SETTINGS_SECRECY_ALLOW);
	assert_true(party_sees(&bench->pair.b, PARTY_A, 5));
	assert_true(party_sees(&bench->pair.a, PARTY_B, 5));
	assert_true(party_says(&bench->pair.a, "notice.text", "This meeting is not encrypted"));
	assert_true(party_says(&bench->pair.b, "notice.text", "This meeting is not encrypted"));
	assert_true(party_says(&bench->pair.b, "notice.kind", "alert"));
	party_join(&bench->c, bench->pair.site);
	assert_true(party_says(&bench->c, "notice.text",
			       "does not take part: the meeting is not encrypted"));
	assert_int_equal(viewer_get(bench->c.viewer, PARTY_A).pictures, 0);
	assert_int_equal(viewer_get(bench->pair.a.viewer, TAG_C).pictures, 0);
}

static void test_off_takes_no_part_in_a_sealed_one(void **state)
{
	struct bench *bench = *state;

	meet(bench);
	join_in(bench, &bench->c, SETTINGS_SECRECY_OFF);
	assert_true(party_says(&bench->c, "notice.text", "which is switched off here"));
	assert_true(party_sees(&bench->pair.a, PARTY_B, 5));
	assert_int_equal(viewer_get(bench->c.viewer, PARTY_A).pictures, 0);
	assert_int_equal(viewer_get(bench->pair.a.viewer, TAG_C).pictures, 0);
}

/* What is wrong with this room */

static void test_a_missing_key_is_said_and_waited_for(void **state)
{
	struct bench *bench = *state;
	struct settings_secrecy *secrecy = prepare(bench, &bench->pair.a);
	char key[SETTINGS_PATH_BYTES];

	memcpy(key, secrecy->key, sizeof(key));
	snprintf(secrecy->key, sizeof(secrecy->key), "%s", site_path(bench->pair.site, "late.key"));
	join(bench, &bench->pair.a);
	assert_true(party_says(&bench->pair.a, "secrecy.state", "unready"));
	assert_true(
		party_says(&bench->pair.a, "notice.text", "late.key: No such file or directory"));
	assert_true(party_says(&bench->pair.a, "meeting.phase", "connecting"));
	copy_file(bench, key, "late.key");
	await_members(&bench->pair.a, 1);
}

static void test_a_wrong_clock_is_said(void **state)
{
	struct bench *bench = *state;

	bench->pair.a.devices.clock_offset_s = -INT64_C(7300) * DAY_S;
	party_join(&bench->pair.a, bench->pair.site);
	assert_true(party_says(&bench->pair.a, "secrecy.state", "refused"));
	assert_true(party_says(&bench->pair.a, "notice.text",
			       "does not take part: this room's clock is wrong"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_names_come_from_the_group),
		TEST(test_all_have_the_same_code),
		TEST(test_guests_are_unverified),
		TEST(test_other_authority_is_refused),
		TEST(test_revoked_is_refused),
		TEST(test_expired_is_refused),
		TEST(test_an_expired_room_says_so),
		TEST(test_guests_are_refused),
		TEST(test_an_office_has_a_secret),
		TEST(test_clear_meetings_are_red),
		TEST(test_off_takes_no_part_in_a_sealed_one),
		TEST(test_a_missing_key_is_said_and_waited_for),
		TEST(test_a_wrong_clock_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
