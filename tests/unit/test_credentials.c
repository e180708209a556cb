/* room/credentials: what is loaded, and what people are told of each file that is no good. */
#include <errno.h>
#include <mbedtls/pem.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "room/credentials.h"
#include "tests/fake/fake_alloc.h"
#include "tests/fake/test_pki.h"

#define PSK_BYTES 32

static void set_path(struct test_pki *pki, const char *name, char path[SETTINGS_PATH_BYTES])
{
	snprintf(path, SETTINGS_PATH_BYTES, "%s", name[0] ? test_pki_path(pki, name) : "");
}

static struct settings_secrecy settings_of(struct test_pki *pki)
{
	struct settings_secrecy settings = {.psk_id = "office"};

	set_path(pki, "ca.crt", settings.authorities);
	set_path(pki, "room.crt", settings.certificate);
	set_path(pki, "room.key", settings.key);
	return settings;
}

static void write_file(struct test_pki *pki, const char *name, const void *data, size_t length)
{
	FILE *file = fopen(test_pki_path(pki, name), "we");

	if (!file)
		fail();
	assert_int_equal(fwrite(data, 1, length, file), length);
	fclose(file);
}

static void test_a_room_has_what_its_files_say(void **state)
{
	struct test_pki *pki = *state;
	struct settings_secrecy settings = settings_of(pki);
	uint8_t secret[PSK_BYTES], digest[MLS_HASH_BYTES] = {1}, raw[MLS_RAW_SIGNATURE_BYTES];
	char fault[CREDENTIALS_FAULT_BYTES] = "";
	struct mls_identity identity;
	struct mls_leaf_node leaf = {0};
	struct credentials *credentials;
	const struct mls_signer *signer;

	memset(secret, 7, sizeof(secret));
	write_file(pki, "office", secret, sizeof(secret));
	set_path(pki, "office", settings.psk);
	assert_int_equal(credentials_load(&settings, "", &credentials, fault), 0);
	signer = credentials_signer(credentials);
	assert_int_equal(signer->sign(signer->context, digest, raw), 0);
	/* The chain is that of the signer's key, and one of the authority's. */
	leaf.credential = *credentials_own(credentials);
	leaf.signature_key = (struct mls_bytes){signer->public_key, sizeof(signer->public_key)};
	assert_int_equal(leaf.credential.type, MLS_CREDENTIAL_X509);
	assert_int_equal(mls_trust_check(credentials_trust(credentials), &leaf,
					 (uint64_t)time(NULL), &identity),
			 0);
	assert_string_equal(identity.name, "Ruang Rapat 1");
	assert_int_equal(credentials_psk(credentials).length, sizeof(secret));
	assert_memory_equal(credentials_psk(credentials).data, secret, sizeof(secret));
	credentials_destroy(credentials);
}

static void test_without_certificate_it_is_a_guest(void **state)
{
	struct test_pki *pki = *state;
	struct settings_secrecy settings = settings_of(pki);
	char fault[CREDENTIALS_FAULT_BYTES] = "";
	struct credentials *credentials;
	const struct mls_credential *own;

	settings.certificate[0] = settings.key[0] = '\0';
	assert_int_equal(credentials_load(&settings, "Tamu", &credentials, fault), 0);
	own = credentials_own(credentials);
	assert_int_equal(own->type, MLS_CREDENTIAL_BASIC);
	assert_int_equal(own->identity.length, 4);
	assert_memory_equal(own->identity.data, "Tamu", 4);
	assert_int_equal(credentials_psk(credentials).length, 0);
	credentials_destroy(credentials);
	credentials_destroy(NULL);
}

static void test_faults_name_the_file(void **state)
{
	static const struct {
		const char *authorities, *revoked, *certificate, *key, *psk;
		const char *fault; /* behind the folder */
	} cases[] = {
		{"no", "", "room.crt", "room.key", "", "no: No such file or directory"},
		{".", "", "room.crt", "room.key", "", ".: not a file"},
		{"room.key", "", "room.crt", "room.key", "", "room.key: not certificates"},
		{"ca.crt", "no", "room.crt", "room.key", "", "no: No such file or directory"},
		{"ca.crt", "ca.crt", "room.crt", "room.key", "",
		 "ca.crt: not lists of revoked certificates"},
		{"ca.crt", "", "no", "room.key", "", "no: No such file or directory"},
		{"ca.crt", "", "room.key", "room.key", "", "room.key: "},
		{"ca.crt", "", "room.crt", "no", "", "no: No such file or directory"},
		{"ca.crt", "", "room.crt", "room.crt", "", "room.crt: "},
		{"ca.crt", "", "room.crt", "hub.key", "",
		 "hub.key: is not the key of the certificate"},
		{"ca.crt", "", "room.crt", "room.key", "no", "no: No such file or directory"},
		{"ca.crt", "", "room.crt", "room.key", "room.key", "room.key: is not 32 bytes"},
	};
	struct test_pki *pki = *state;
	char fault[CREDENTIALS_FAULT_BYTES];
	struct credentials *credentials = NULL;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct settings_secrecy settings = settings_of(pki);

		set_path(pki, cases[i].authorities, settings.authorities);
		set_path(pki, cases[i].revoked, settings.revoked);
		set_path(pki, cases[i].certificate, settings.certificate);
		set_path(pki, cases[i].key, settings.key);
		set_path(pki, cases[i].psk, settings.psk);
		fault[0] = '\0';
		assert_int_equal(credentials_load(&settings, "", &credentials, fault), -EINVAL);
		assert_null(credentials);
		if (!strstr(fault, cases[i].fault))
			fail_msg("\"%s\" is not \"%s\"", fault, cases[i].fault);
	}
}

static int check_room(struct test_pki *pki, struct credentials *credentials)
{
	const struct settings_secrecy settings = settings_of(pki);
	char fault[CREDENTIALS_FAULT_BYTES];
	struct credentials *room;
	struct mls_identity identity;
	struct mls_leaf_node leaf = {0};
	int r;

	assert_int_equal(credentials_load(&settings, "", &room, fault), 0);
	leaf.credential = *credentials_own(room);
	leaf.signature_key =
		(struct mls_bytes){credentials_signer(room)->public_key, MLS_PUBLIC_KEY_BYTES};
	r = mls_trust_check(credentials_trust(credentials), &leaf, (uint64_t)time(NULL), &identity);
	credentials_destroy(room);
	return r;
}

/* The authority's, in PEM, with `revoked` on it. */
static void write_list(struct test_pki *pki, const char *name, const char *revoked)
{
	unsigned char der[2048], text[4096];
	size_t length = test_pki_revoke(pki, "ca", revoked, -1, 1, der, sizeof(der));

	assert_int_equal(mbedtls_pem_write_buffer("-----BEGIN X509 CRL-----\n",
						  "-----END X509 CRL-----\n", der, length, text,
						  sizeof(text), &length),
			 0);
	write_file(pki, name, text, length - 1);
}

static void test_new_lists_are_taken_over(void **state)
{
	struct test_pki *pki = *state;
	struct settings_secrecy settings = settings_of(pki);
	char fault[CREDENTIALS_FAULT_BYTES];
	struct credentials *credentials;

	write_list(pki, "list", "hub");
	set_path(pki, "list", settings.revoked);
	assert_int_equal(credentials_load(&settings, "", &credentials, fault), 0);
	assert_int_equal(credentials_refresh(credentials, &settings, fault), 0);
	assert_int_equal(check_room(pki, credentials), 0);
	/* In its place, as who makes lists should do it. */
	write_list(pki, "next", "room");
	assert_int_equal(rename(test_pki_path(pki, "next"), test_pki_path(pki, "list")), 0);
	assert_int_equal(credentials_refresh(credentials, &settings, fault), 1);
	assert_int_equal(check_room(pki, credentials), -MLS_ERROR_REVOKED);
	assert_int_equal(credentials_refresh(credentials, &settings, fault), 0);
	/* One that cannot be read changes nothing, and is told once. */
	write_file(pki, "next", "none", 4);
	assert_int_equal(rename(test_pki_path(pki, "next"), test_pki_path(pki, "list")), 0);
	assert_int_equal(credentials_refresh(credentials, &settings, fault), -EINVAL);
	assert_non_null(strstr(fault, "list: not lists of revoked certificates"));
	assert_int_equal(credentials_refresh(credentials, &settings, fault), 0);
	assert_int_equal(check_room(pki, credentials), -MLS_ERROR_REVOKED);
	credentials_destroy(credentials);
}

static void test_no_memory(void **state)
{
	struct test_pki *pki = *state;
	const struct settings_secrecy settings = settings_of(pki);
	char fault[CREDENTIALS_FAULT_BYTES];
	struct credentials *credentials;
	unsigned int n;
	int r;

	for (n = 1;; n++) {
		fake_alloc_arm(n);
		r = credentials_load(&settings, "", &credentials, fault);
		if (!fake_alloc_disarm())
			break;
		assert_int_equal(r, -ENOMEM);
	}
	assert_int_equal(r, 0);
	assert_true(n > 3);
	credentials_destroy(credentials);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_room_has_what_its_files_say),
		cmocka_unit_test(test_without_certificate_it_is_a_guest),
		cmocka_unit_test(test_faults_name_the_file),
		cmocka_unit_test(test_new_lists_are_taken_over),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, test_pki_set_up, test_pki_tear_down);
}
