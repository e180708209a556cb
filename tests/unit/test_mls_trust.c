#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <mbedtls/x509_crt.h>

#include "e2ee/mls_trust.h"
#include "tests/fake/test_pki.h"

#define DAY_S UINT64_C(86400)

/* A leaf with the certificate FILE.crt, as often as told. */
struct holder {
	mbedtls_x509_crt certificate;
	struct mls_writer chain;
	struct mls_leaf_node leaf;
};

static uint64_t today_s(void)
{
	return (uint64_t)time(NULL);
}

static void holder_init(struct holder *holder, struct test_pki *pki, const char *file, size_t times)
{
	char name[64];

	snprintf(name, sizeof(name), "%s.crt", file);
	mbedtls_x509_crt_init(&holder->certificate);
	assert_int_equal(mbedtls_x509_crt_parse_file(&holder->certificate,
						     test_pki_path(pki, name)),
			 0);
	mls_writer_init(&holder->chain, MLS_MESSAGE_BYTES_MAX);
	for (size_t i = 0; i < times; i++)
		mls_write_vector(&holder->chain, holder->certificate.raw.p,
				 holder->certificate.raw.len);
	holder->leaf = (struct mls_leaf_node){
		.signature_key = {holder->certificate.pk_raw.p + holder->certificate.pk_raw.len -
					  MLS_PUBLIC_KEY_BYTES,
				  MLS_PUBLIC_KEY_BYTES},
		.credential = {.type = MLS_CREDENTIAL_X509,
			       .chain = mls_writer_bytes(&holder->chain)},
	};
}

static void holder_finish(struct holder *holder)
{
	mls_writer_finish(&holder->chain);
	mbedtls_x509_crt_free(&holder->certificate);
}

/* Another certificate behind those of the chain. */
static void holder_append(struct holder *holder, struct test_pki *pki, const char *file)
{
	struct holder other;

	holder_init(&other, pki, file, 1);
	mls_write(&holder->chain, other.chain.data, other.chain.length);
	holder->leaf.credential.chain = mls_writer_bytes(&holder->chain);
	holder_finish(&other);
}

static struct mls_trust *trust_of(struct test_pki *pki, const char *authority,
				  struct mls_bytes revoked, bool takes_guests)
{
	struct mls_trust *trust;
	struct holder holder;

	holder_init(&holder, pki, authority, 0);
	assert_int_equal(mls_trust_create((struct mls_bytes){holder.certificate.raw.p,
							     holder.certificate.raw.len},
					  revoked, takes_guests, &trust),
			 0);
	holder_finish(&holder);
	return trust;
}

static int check_at(struct test_pki *pki, const char *authority, const char *file, size_t times,
		    uint64_t now_s, struct mls_bytes revoked, struct mls_identity *ret_identity)
{
	struct mls_trust *trust = trust_of(pki, authority, revoked, false);
	struct holder holder;
	int r;

	holder_init(&holder, pki, file, times);
	r = mls_trust_check(trust, &holder.leaf, now_s, ret_identity);
	holder_finish(&holder);
	mls_trust_destroy(trust);
	return r;
}

static void test_room(void **state)
{
	struct mls_identity identity;

	assert_int_equal(check_at(*state, "ca", "room", 1, today_s(), (struct mls_bytes){0},
				  &identity),
			 0);
	assert_true(identity.is_verified);
	assert_string_equal(identity.name, "Ruang Rapat 1");
	assert_string_equal(identity.issuer, "Balai CA");
}

static void test_refused(void **state)
{
	static const struct {
		const char *authority;
		size_t times;
		int days;
		int error;
	} rows[] = {
		{"other-ca", 1, 0, MLS_ERROR_CREDENTIAL},
		{"ca", 1, 31, MLS_ERROR_EXPIRED},
		{"ca", 1, -2, MLS_ERROR_EXPIRED},
		{"ca", 0, 0, MLS_ERROR_CREDENTIAL},
		{"ca", MLS_CHAIN_MAX + 1, 0, MLS_ERROR_LIMIT},
	};
	struct mls_identity identity = {.name = "untouched"};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(check_at(*state, rows[i].authority, "room", rows[i].times,
					  today_s() + (uint64_t)rows[i].days * DAY_S,
					  (struct mls_bytes){0}, &identity),
				 -rows[i].error);
	assert_string_equal(identity.name, "untouched");
}

/* A good certificate of another's key. */
static void test_other_key(void **state)
{
	struct mls_trust *trust = trust_of(*state, "ca", (struct mls_bytes){0}, false);
	struct mls_identity identity;
	struct holder room, hub;

	holder_init(&room, *state, "room", 1);
	holder_init(&hub, *state, "hub", 1);
	room.leaf.signature_key = hub.leaf.signature_key;
	assert_int_equal(mls_trust_check(trust, &room.leaf, today_s(), &identity),
			 -MLS_ERROR_CREDENTIAL);
	holder_finish(&room);
	holder_finish(&hub);
	mls_trust_destroy(trust);
}

static void test_damaged(void **state)
{
	struct mls_trust *trust = trust_of(*state, "ca", (struct mls_bytes){0}, false);
	struct mls_identity identity;
	struct holder room;

	holder_init(&room, *state, "room", 1);
	for (size_t i = 0; i < room.chain.length; i += 7) {
		room.chain.data[i] ^= 1;
		assert_int_not_equal(mls_trust_check(trust, &room.leaf, today_s(), &identity), 0);
		room.chain.data[i] ^= 1;
	}
	assert_int_equal(mls_trust_check(trust, &room.leaf, today_s(), &identity), 0);
	holder_finish(&room);
	mls_trust_destroy(trust);
}

static void test_guest(void **state)
{
	static const struct {
		const char *name;
		int error;
	} rows[] = {
		{"Tamu", 0},
		{"", MLS_ERROR_CREDENTIAL},
		{"two\nlines", MLS_ERROR_CREDENTIAL},
		{"\xc2\x9b", MLS_ERROR_CREDENTIAL},
		{"\xff", MLS_ERROR_CREDENTIAL},
		{"0123456789012345678901234567890123456789012345678901234567890123", 0},
		{"01234567890123456789012345678901234567890123456789012345678901234",
		 MLS_ERROR_CREDENTIAL},
	};
	struct mls_leaf_node leaf = {.credential = {.type = MLS_CREDENTIAL_BASIC}};
	struct mls_trust *open = trust_of(*state, "ca", (struct mls_bytes){0}, true);
	struct mls_trust *closed = trust_of(*state, "ca", (struct mls_bytes){0}, false);
	struct mls_identity identity;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		leaf.credential.identity =
			(struct mls_bytes){(const uint8_t *)rows[i].name, strlen(rows[i].name)};
		assert_int_equal(mls_trust_check(open, &leaf, today_s(), &identity),
				 -rows[i].error);
		assert_int_equal(mls_trust_check(closed, &leaf, today_s(), &identity),
				 -MLS_ERROR_UNSUPPORTED);
		if (rows[i].error == 0) {
			assert_string_equal(identity.name, rows[i].name);
			assert_string_equal(identity.issuer, "");
			assert_false(identity.is_verified);
		}
	}
	mls_trust_destroy(open);
	mls_trust_destroy(closed);
}

static void test_revoked(void **state)
{
	struct mls_identity identity;
	unsigned char list[2048];
	struct mls_bytes bytes = {list,
				  test_pki_revoke(*state, "ca", "room", -1, 7, list, sizeof(list))};

	assert_int_equal(check_at(*state, "ca", "room", 1, today_s(), bytes, &identity),
			 -MLS_ERROR_REVOKED);
	assert_int_equal(check_at(*state, "ca", "hub", 1, today_s(), bytes, &identity), 0);
	assert_int_equal(check_at(*state, "ca", "hub", 1, today_s() + 8 * DAY_S, bytes, &identity),
			 -MLS_ERROR_EXPIRED);
}

static void make_offices(struct test_pki *pki)
{
	static const struct test_certificate certificates[] = {
		{"root", NULL, "Root", NULL, false, -1, 30, true, 1},
		{"office-ca", "root", "Office CA", NULL, false, -1, 30, true, 0},
		{"branch", "office-ca", "Ruang Cabang", NULL, false, -1, 30, false, 0},
		{"deep-ca", "office-ca", "Deep CA", NULL, false, -1, 30, true, 0},
		{"deep", "deep-ca", "Ruang Dalam", NULL, false, -1, 30, false, 0},
		{"false", "branch", "Ruang Palsu", NULL, false, -1, 30, false, 0},
	};

	for (size_t i = 0; i < sizeof(certificates) / sizeof(certificates[0]); i++)
		test_pki_make(pki, &certificates[i]);
}

/* An authority between the room and the one that is trusted, where that one lets it. */
static void test_intermediate(void **state)
{
	static const struct {
		const char *chain[3];
		int error;
	} rows[] = {
		{{"branch", "office-ca"}, 0},
		{{"branch"}, MLS_ERROR_CREDENTIAL},
		{{"deep", "deep-ca", "office-ca"}, MLS_ERROR_CREDENTIAL},
		{{"false", "branch", "office-ca"}, MLS_ERROR_CREDENTIAL},
	};
	struct mls_identity identity;
	struct mls_trust *trust;

	make_offices(*state);
	trust = trust_of(*state, "root", (struct mls_bytes){0}, false);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct holder holder;

		holder_init(&holder, *state, rows[i].chain[0], 1);
		for (size_t j = 1; j < 3 && rows[i].chain[j]; j++)
			holder_append(&holder, *state, rows[i].chain[j]);
		assert_int_equal(mls_trust_check(trust, &holder.leaf, today_s(), &identity),
				 -rows[i].error);
		holder_finish(&holder);
	}
	mls_trust_destroy(trust);
}

/* The name that a leaf gives itself, whoever vouches for it. */
static void test_claim(void **state)
{
	struct mls_leaf_node guest = {
		.credential = {.type = MLS_CREDENTIAL_BASIC,
			       .identity = {(const uint8_t *)"Tamu", 4}},
	};
	char name[MLS_NAME_BYTES_MAX + 1] = "untouched";
	struct holder room;

	holder_init(&room, *state, "room", 1);
	assert_true(mls_trust_claim(&room.leaf, name));
	assert_string_equal(name, "Ruang Rapat 1");
	assert_true(mls_trust_claim(&guest, name));
	assert_string_equal(name, "Tamu");
	guest.credential.identity.length = 0;
	assert_false(mls_trust_claim(&guest, name));
	room.leaf.credential.chain.length = 0;
	assert_false(mls_trust_claim(&room.leaf, name));
	room.leaf.credential.chain.length = room.chain.length;
	memset(room.chain.data + 8, 0x55, 16);
	assert_false(mls_trust_claim(&room.leaf, name));
	assert_string_equal(name, "Tamu");
	holder_finish(&room);
}

static void test_nonsense(void **state)
{
	struct mls_bytes nonsense = {(const uint8_t *)"nonsense", 9};
	struct mls_trust *trust = NULL;

	(void)state;
	assert_int_equal(mls_trust_create(nonsense, (struct mls_bytes){0}, false, &trust), -EINVAL);
	assert_null(trust);
	mls_trust_destroy(trust);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_room),      cmocka_unit_test(test_refused),
		cmocka_unit_test(test_other_key), cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_guest),     cmocka_unit_test(test_revoked),
		cmocka_unit_test(test_nonsense),  cmocka_unit_test(test_intermediate),
		cmocka_unit_test(test_claim),
	};

	return cmocka_run_group_tests(tests, test_pki_set_up, test_pki_tear_down);
}
