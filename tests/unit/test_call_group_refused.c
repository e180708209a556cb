/* Who is not let in, or does not let itself in, and what all of them are told. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "tests/fake/call_person.h"

#define SECOND_US INT64_C(1000000)
#define DAY_S UINT64_C(86400)
#define BOXES 4

/* Boxes of rooms and guests; what a test does not need of it stays empty. */
struct meeting {
	struct test_pki *pki;
	struct mls_trust *strict; /* takes no guests */
	struct call_person people[BOXES];
	size_t n;
	struct delivery_sim *sim;
};

static void meeting_init(struct meeting *meeting, struct test_pki *pki)
{
	memset(meeting, 0, sizeof(*meeting));
	meeting->pki = pki;
	meeting->strict = call_trust(pki, "ca", false, (struct mls_bytes){0});
	meeting->sim = delivery_sim_create(7);
	delivery_sim_set_clock(meeting->sim, (uint64_t)time(NULL));
}

static void meeting_finish(struct meeting *meeting)
{
	delivery_sim_destroy(meeting->sim);
	for (size_t i = 0; i < meeting->n; i++)
		call_person_finish(&meeting->people[i]);
	mls_trust_destroy(meeting->strict);
}

/* A room with the certificate of that name, or a guest where that is NULL, and its defaults. */
static struct delivery_person person_of(struct meeting *meeting, const char *file)
{
	struct call_person *person = &meeting->people[meeting->n++];

	if (file)
		call_person_room(person, meeting->pki, file);
	else
		call_person_guest(person, "Tamu");
	return call_person_at(person, meeting->strict);
}

static size_t add(struct meeting *meeting, const struct delivery_person *person)
{
	size_t box = delivery_sim_add(meeting->sim, person);

	delivery_sim_join(meeting->sim, box);
	assert_true(delivery_sim_run(meeting->sim));
	return box;
}

static size_t add_room(struct meeting *meeting, const char *file)
{
	struct delivery_person person = person_of(meeting, file);

	return add(meeting, &person);
}

static void assert_state(const struct meeting *meeting, size_t box, enum call_state state,
			 enum call_reason reason)
{
	const struct delivery_view *view = delivery_sim_view(meeting->sim, box);

	assert_int_equal(view->reason, reason);
	assert_int_equal(view->state, state);
}

static void make_certificates(struct test_pki *pki)
{
	static const struct test_certificate certificates[] = {
		{.file = "room-2",
		 .issuer = "ca",
		 .name = "Ruang Rapat 2",
		 .from_days = -1,
		 .to_days = 30},
		{.file = "old",
		 .issuer = "ca",
		 .name = "Ruang Lama",
		 .from_days = -9,
		 .to_days = -2},
		{.file = "short",
		 .issuer = "ca",
		 .name = "Ruang Sehari",
		 .from_days = -1,
		 .to_days = 1},
		{.file = "stranger",
		 .issuer = "other-ca",
		 .name = "Ruang Asing",
		 .from_days = -1,
		 .to_days = 30},
		{.file = "revoked",
		 .issuer = "ca",
		 .name = "Ruang Dicabut",
		 .from_days = -1,
		 .to_days = 30},
	};

	for (size_t i = 0; i < sizeof(certificates) / sizeof(certificates[0]); i++)
		test_pki_make(pki, &certificates[i]);
}

/* A trust of the keeper's with its list of revoked certificates. */
static struct mls_trust *trust_with_list(struct test_pki *pki)
{
	unsigned char list[2048];
	size_t length = test_pki_revoke(pki, "ca", "revoked", -2, 7, list, sizeof(list));

	return call_trust(pki, "ca", false, (struct mls_bytes){list, length});
}

/* Two rooms are in; a third one knocks that finds nothing wrong with itself. */
static void test_refused_by_keeper(void **state)
{
	static const struct {
		const char *file;
		const char *authority; /* that it trusts itself */
		bool takes_guests;
		uint64_t slow_s;
		const char *name;
		enum call_reason reason;
	} rows[] = {
		{"short", "ca", false, 2 * DAY_S, "Ruang Sehari", CALL_REASON_EXPIRED},
		{"stranger", "other-ca", false, 0, "Ruang Asing", CALL_REASON_CERTIFICATE},
		{"revoked", "ca", false, 0, "Ruang Dicabut", CALL_REASON_REVOKED},
		{NULL, "ca", true, 0, "Tamu", CALL_REASON_GUESTS},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mls_trust *lax = call_trust(*state, rows[i].authority, rows[i].takes_guests,
						   (struct mls_bytes){0});
		struct mls_trust *listed = trust_with_list(*state);
		const struct delivery_view *view;
		struct delivery_person person;
		struct meeting meeting;
		size_t box;

		meeting_init(&meeting, *state);
		delivery_sim_set_clock(meeting.sim, (uint64_t)time(NULL) + 2 * DAY_S);
		person = person_of(&meeting, "room");
		person.trust = listed;
		add(&meeting, &person);
		add_room(&meeting, "room-2");
		person = person_of(&meeting, rows[i].file);
		person.trust = lax;
		person.slow_s = rows[i].slow_s;
		box = add(&meeting, &person);
		assert_state(&meeting, box, CALL_REFUSED, rows[i].reason);
		for (size_t other = 0; other < 2; other++) {
			view = delivery_sim_view(meeting.sim, other);
			assert_int_equal(view->epoch.n_members, 2);
			assert_int_equal(view->n_refusals, 1);
			assert_string_equal(view->refusal.name, rows[i].name);
			assert_int_equal(view->refusal.number, 3);
			assert_int_equal(view->refusal.reason, rows[i].reason);
			assert_string_equal(view->refusal.by, other == 0 ? "" : "Ruang Rapat 1");
		}
		meeting_finish(&meeting);
		mls_trust_destroy(lax);
		mls_trust_destroy(listed);
	}
}

/* What a room sees of itself keeps it out before it says anything to anyone. */
static void test_refused_by_itself(void **state)
{
	enum { ROWS = 5 };
	static const enum call_reason reasons[ROWS] = {
		CALL_REASON_NO_CERTIFICATE, CALL_REASON_CLOCK,       CALL_REASON_EXPIRED,
		CALL_REASON_GUESTS,         CALL_REASON_CERTIFICATE,
	};

	for (size_t i = 0; i < ROWS; i++) {
		static const char *const files[ROWS] = {"room", "room", "old", NULL, "stranger"};
		struct delivery_person person;
		struct meeting meeting;
		size_t box;
		uint64_t epoch;

		meeting_init(&meeting, *state);
		person = person_of(&meeting, files[i]);
		if (i == 0)
			person.credential = NULL;
		if (i == 1)
			person.built_s = (uint64_t)time(NULL) + DAY_S;
		box = add(&meeting, &person);
		assert_state(&meeting, box, CALL_REFUSED, reasons[i]);
		assert_false(call_group_epoch(delivery_sim_call(meeting.sim, box), &epoch));
		assert_int_equal(delivery_sim_door(meeting.sim), 0);
		meeting_finish(&meeting);
	}
}

/* A token that can be told what to answer. */
struct token {
	struct mls_signer inner;
	int error;
};

static int sign(void *context, const uint8_t digest[MLS_HASH_BYTES],
		uint8_t ret_signature[MLS_RAW_SIGNATURE_BYTES])
{
	struct token *token = context;

	return token->error < 0 ? token->error
				: token->inner.sign(token->inner.context, digest, ret_signature);
}

static struct mls_signer token_signer(struct token *token, const struct mls_signer *inner)
{
	struct mls_signer signer = {.sign = sign, .context = token};

	token->inner = *inner;
	memcpy(signer.public_key, inner->public_key, sizeof(signer.public_key));
	return signer;
}

/* Opening or knocking, a room whose token does not sign stays outside until it does. */
static void test_token(void **state)
{
	static const struct {
		int error;
		enum call_reason reason;
	} rows[] = {
		{-EACCES, CALL_REASON_TOKEN},
		{-ENODEV, CALL_REASON_TOKEN},
		{-ENOSPC, CALL_REASON_KEY_STORE},
	};

	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		struct token token = {.error = rows[i / 2].error};
		struct delivery_person person;
		struct mls_signer signer;
		struct meeting meeting;
		size_t box;

		meeting_init(&meeting, *state);
		if (i % 2 == 1)
			add_room(&meeting, "room");
		person = person_of(&meeting, "room-2");
		signer = token_signer(&token, person.signer);
		person.signer = &signer;
		box = add(&meeting, &person);
		assert_state(&meeting, box, CALL_REFUSED, rows[i / 2].reason);
		token.error = 0;
		assert_true(delivery_sim_advance(meeting.sim, 15 * SECOND_US));
		assert_state(&meeting, box, CALL_ENCRYPTED, CALL_REASON_NONE);
		meeting_finish(&meeting);
	}
}

/* The token of the one that admits fails: it says so, and another takes the door and lets in. */
static void test_token_of_keeper(void **state)
{
	struct token token = {.error = 0};
	struct delivery_person person;
	struct mls_signer signer;
	struct meeting meeting;

	meeting_init(&meeting, *state);
	person = person_of(&meeting, "room");
	signer = token_signer(&token, person.signer);
	person.signer = &signer;
	add(&meeting, &person);
	add_room(&meeting, "room-2");
	token.error = -EACCES;
	add_room(&meeting, "short");
	assert_state(&meeting, 0, CALL_ENCRYPTED, CALL_REASON_TOKEN);
	assert_true(delivery_sim_advance(meeting.sim, 8 * SECOND_US));
	assert_int_equal(delivery_sim_door(meeting.sim), 2);
	assert_int_equal(delivery_sim_view(meeting.sim, 0)->epoch.n_members, 3);
	assert_state(&meeting, 2, CALL_ENCRYPTED, CALL_REASON_NONE);
	meeting_finish(&meeting);
}

static void test_psk(void **state)
{
	static const struct call_psk office = {{(const uint8_t *)"office", 6},
					       {(const uint8_t *)"a secret", 8}};
	static const struct call_psk other = {{(const uint8_t *)"office", 6},
					      {(const uint8_t *)"a guess!", 8}};
	static const struct {
		const struct call_psk *of_keeper;
		const struct call_psk *of_joiner;
		bool gets_in;
	} rows[] = {
		{&office, &office, true}, {&office, NULL, false}, {&office, &other, false},
		{NULL, &office, false},   {NULL, NULL, true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct delivery_person person;
		struct meeting meeting;
		size_t box;

		meeting_init(&meeting, *state);
		person = person_of(&meeting, "room");
		person.psk = rows[i].of_keeper;
		add(&meeting, &person);
		person = person_of(&meeting, "room-2");
		person.psk = rows[i].of_joiner;
		box = add(&meeting, &person);
		assert_state(&meeting, box, rows[i].gets_in ? CALL_ENCRYPTED : CALL_REFUSED,
			     rows[i].gets_in ? CALL_REASON_NONE : CALL_REASON_PSK);
		meeting_finish(&meeting);
	}
}

static void test_policy(void **state)
{
	static const struct {
		enum call_policy of_first;
		enum call_policy of_second;
		enum call_state first;
		enum call_state second;
		enum call_reason reason; /* of the second */
	} rows[] = {
		{CALL_OFF, CALL_OFF, CALL_CLEAR, CALL_CLEAR, CALL_REASON_NONE},
		{CALL_OFF, CALL_ALLOW, CALL_CLEAR, CALL_CLEAR, CALL_REASON_NONE},
		{CALL_OFF, CALL_REQUIRE, CALL_CLEAR, CALL_REFUSED, CALL_REASON_CLEAR},
		{CALL_REQUIRE, CALL_OFF, CALL_ENCRYPTED, CALL_REFUSED, CALL_REASON_SEALED},
		{CALL_ALLOW, CALL_REQUIRE, CALL_ENCRYPTED, CALL_ENCRYPTED, CALL_REASON_NONE},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct delivery_person person;
		struct meeting meeting;

		meeting_init(&meeting, *state);
		person = person_of(&meeting, "room");
		person.policy = rows[i].of_first;
		add(&meeting, &person);
		person = person_of(&meeting, "room-2");
		person.policy = rows[i].of_second;
		add(&meeting, &person);
		assert_state(&meeting, 0, rows[i].first, CALL_REASON_NONE);
		assert_state(&meeting, 1, rows[i].second, rows[i].reason);
		meeting_finish(&meeting);
	}
}

/* A certificate that ends during the meeting: its room is put out, and all are told. */
static void test_expires(void **state)
{
	const struct delivery_view *view;
	struct meeting meeting;

	meeting_init(&meeting, *state);
	add_room(&meeting, "room");
	add_room(&meeting, "room-2");
	add_room(&meeting, "short");
	assert_int_equal(delivery_sim_view(meeting.sim, 0)->epoch.n_members, 3);
	delivery_sim_set_clock(meeting.sim, (uint64_t)time(NULL) + 2 * DAY_S);
	assert_true(delivery_sim_advance(meeting.sim, 61 * SECOND_US));
	for (size_t box = 0; box < 2; box++) {
		view = delivery_sim_view(meeting.sim, box);
		assert_int_equal(view->state, CALL_ENCRYPTED);
		assert_int_equal(view->epoch.n_members, 2);
	}
	assert_state(&meeting, 2, CALL_REFUSED, CALL_REASON_EXPIRED);
	meeting_finish(&meeting);
}

/* Whom one member takes and another does not, that other is not in a meeting with. */
static void test_another_is_let_in(void **state)
{
	struct mls_trust *listed = trust_with_list(*state);
	struct delivery_person person;
	struct meeting meeting;

	meeting_init(&meeting, *state);
	add_room(&meeting, "room");
	person = person_of(&meeting, "room-2");
	person.trust = listed;
	add(&meeting, &person);
	assert_state(&meeting, 1, CALL_ENCRYPTED, CALL_REASON_NONE);
	add_room(&meeting, "revoked");
	assert_state(&meeting, 1, CALL_REFUSED, CALL_REASON_MEMBER);
	assert_state(&meeting, 2, CALL_ENCRYPTED, CALL_REASON_NONE);
	delivery_sim_leave(meeting.sim, 2);
	assert_true(delivery_sim_advance(meeting.sim, 60 * SECOND_US));
	assert_state(&meeting, 1, CALL_ENCRYPTED, CALL_REASON_NONE);
	meeting_finish(&meeting);
	mls_trust_destroy(listed);
}

static int set_up(void **state)
{
	int r = test_pki_set_up(state);

	if (r == 0)
		make_certificates(*state);
	return r;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused_by_keeper),
		cmocka_unit_test(test_refused_by_itself),
		cmocka_unit_test(test_token),
		cmocka_unit_test(test_token_of_keeper),
		cmocka_unit_test(test_psk),
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_expires),
		cmocka_unit_test(test_another_is_let_in),
	};

	return cmocka_run_group_tests(tests, set_up, test_pki_tear_down);
}
