#include "tests/fake/call_person.h"

#include <mbedtls/pk.h>
#include <mbedtls/psa_util.h>
#include <mbedtls/x509_crt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PEM_BYTES 4096

static void die(const char *what) __attribute__((noreturn));

static void die(const char *what)
{
	fprintf(stderr, "call_person: %s\n", what);
	abort();
}

static void check(bool is_good, const char *what)
{
	if (!is_good)
		die(what);
}

static void begin(struct call_person *person)
{
	memset(person, 0, sizeof(*person));
	mls_writer_init(&person->chain, MLS_LEAF_BYTES_MAX);
	mls_signer_init(&person->signer, &person->pair);
}

void call_person_guest(struct call_person *person, const char *name)
{
	begin(person);
	snprintf(person->name, sizeof(person->name), "%s", name);
	check(mls_key_pair_generate(&person->pair) == 0, "key");
	mls_signer_init(&person->signer, &person->pair);
	person->credential = (struct mls_credential){
		.type = MLS_CREDENTIAL_BASIC,
		.identity = {(const uint8_t *)person->name, strlen(person->name)},
	};
}

static const char *path_of(struct test_pki *pki, const char *file, const char *suffix)
{
	char name[64];

	snprintf(name, sizeof(name), "%s.%s", file, suffix);
	return test_pki_path(pki, name);
}

static void load_key(struct call_person *person, const char *path)
{
	uint8_t private_key[MLS_PRIVATE_KEY_BYTES];
	mbedtls_pk_context key;
	size_t length;

	mbedtls_pk_init(&key);
	check(mbedtls_pk_parse_keyfile(&key, path, NULL, mbedtls_psa_get_random,
				       MBEDTLS_PSA_RANDOM_STATE) == 0,
	      path);
	check(mbedtls_ecp_write_key_ext(mbedtls_pk_ec(key), &length, private_key,
					sizeof(private_key)) == 0,
	      path);
	check(mls_key_pair_from_private(private_key, &person->pair) == 0, path);
	mbedtls_pk_free(&key);
}

void call_person_room(struct call_person *person, struct test_pki *pki, const char *file)
{
	mbedtls_x509_crt certificate;

	begin(person);
	mbedtls_x509_crt_init(&certificate);
	check(mbedtls_x509_crt_parse_file(&certificate, path_of(pki, file, "crt")) == 0, file);
	mls_write_vector(&person->chain, certificate.raw.p, certificate.raw.len);
	mbedtls_x509_crt_free(&certificate);
	load_key(person, path_of(pki, file, "key"));
	mls_signer_init(&person->signer, &person->pair);
	person->credential = (struct mls_credential){
		.type = MLS_CREDENTIAL_X509,
		.chain = mls_writer_bytes(&person->chain),
	};
}

void call_person_finish(struct call_person *person)
{
	mls_writer_finish(&person->chain);
	mls_wipe(person, sizeof(*person));
}

struct mls_trust *call_trust(struct test_pki *pki, const char *authority, bool takes_guests,
			     struct mls_bytes revoked)
{
	const char *path = path_of(pki, authority, "crt");
	uint8_t pem[PEM_BYTES];
	struct mls_trust *trust;
	FILE *file = fopen(path, "re");
	size_t length;

	if (!file)
		die(path);
	length = fread(pem, 1, sizeof(pem) - 1, file);
	fclose(file);
	pem[length] = '\0';
	check(mls_trust_create((struct mls_bytes){pem, length + 1}, revoked, takes_guests,
			       &trust) == 0,
	      path);
	return trust;
}

struct delivery_person call_person_at(const struct call_person *person, struct mls_trust *trust)
{
	return (struct delivery_person){
		.credential = &person->credential,
		.signer = &person->signer,
		.trust = trust,
		.policy = CALL_REQUIRE,
	};
}
