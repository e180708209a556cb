#include <mbedtls/asn1write.h>
#include <mbedtls/oid.h>
#include <mbedtls/pk.h>
#include <mbedtls/psa_util.h>
#include <mbedtls/x509_crt.h>
#include <psa/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/fake/test_pki.h"

static void check(bool is_good, const char *what)
{
	if (is_good)
		return;
	fprintf(stderr, "test_pki: %s\n", what);
	abort();
}

static void put(size_t *at, int written)
{
	check(written >= 0, "memory");
	*at += (size_t)written;
}

/* Writes backwards, as mbedTLS does: the time so many days from now. */
static size_t write_day(unsigned char **p, unsigned char *start, int days)
{
	time_t when = time(NULL) + (time_t)days * (time_t)(24 * 3600);
	struct tm parts;
	size_t length = 0;
	char text[20];

	gmtime_r(&when, &parts);
	strftime(text, sizeof(text), "%Y%m%d%H%M%SZ", &parts);
	put(&length, mbedtls_asn1_write_tagged_string(p, start, MBEDTLS_ASN1_GENERALIZED_TIME, text,
						      strlen(text)));
	return length;
}

static void wrap(unsigned char **p, unsigned char *start, size_t *length)
{
	put(length, mbedtls_asn1_write_len(p, start, *length));
	put(length,
	    mbedtls_asn1_write_tag(p, start, MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE));
}

static size_t write_algorithm(unsigned char **p, unsigned char *start)
{
	size_t length = 0;

	put(&length, mbedtls_asn1_write_oid(p, start, MBEDTLS_OID_ECDSA_SHA256,
					    MBEDTLS_OID_SIZE(MBEDTLS_OID_ECDSA_SHA256)));
	wrap(p, start, &length);
	return length;
}

/* TBSCertList of RFC 5280, with one entry */
static size_t write_list(unsigned char **p, unsigned char *start, const mbedtls_x509_crt *authority,
			 const mbedtls_x509_crt *revoked, int from_days, int to_days)
{
	size_t entries = write_day(p, start, -1);
	size_t length;

	put(&entries,
	    mbedtls_asn1_write_raw_buffer(p, start, revoked->serial.p, revoked->serial.len));
	put(&entries, mbedtls_asn1_write_len(p, start, revoked->serial.len));
	put(&entries, mbedtls_asn1_write_tag(p, start, MBEDTLS_ASN1_INTEGER));
	wrap(p, start, &entries);
	wrap(p, start, &entries);
	length = entries;
	length += write_day(p, start, to_days);
	length += write_day(p, start, from_days);
	put(&length, mbedtls_asn1_write_raw_buffer(p, start, authority->subject_raw.p,
						   authority->subject_raw.len));
	length += write_algorithm(p, start);
	put(&length, mbedtls_asn1_write_int(p, start, 1));
	wrap(p, start, &length);
	return length;
}

static const char *path_of(struct test_pki *pki, const char *file, const char *suffix)
{
	char name[64];

	snprintf(name, sizeof(name), "%s.%s", file, suffix);
	return test_pki_path(pki, name);
}

static void load(struct test_pki *pki, const char *file, mbedtls_x509_crt *certificate)
{
	mbedtls_x509_crt_init(certificate);
	check(mbedtls_x509_crt_parse_file(certificate, path_of(pki, file, "crt")) == 0, file);
}

/* AlgorithmIdentifier and BIT STRING of an ECDSA signature over the body. */
static size_t write_signature(unsigned char **p, unsigned char *start, const char *key_path,
			      const unsigned char *body, size_t body_length)
{
	unsigned char signature[128], digest[32];
	mbedtls_pk_context key;
	size_t signature_length;
	size_t length = 0;

	mbedtls_pk_init(&key);
	check(mbedtls_pk_parse_keyfile(&key, key_path, NULL, mbedtls_psa_get_random,
				       MBEDTLS_PSA_RANDOM_STATE) == 0,
	      key_path);
	check(psa_hash_compute(PSA_ALG_SHA_256, body, body_length, digest, sizeof(digest),
			       &length) == PSA_SUCCESS,
	      "hash");
	check(mbedtls_pk_sign(&key, MBEDTLS_MD_SHA256, digest, sizeof(digest), signature,
			      sizeof(signature), &signature_length, mbedtls_psa_get_random,
			      MBEDTLS_PSA_RANDOM_STATE) == 0,
	      "signature");
	mbedtls_pk_free(&key);
	length = 0;
	put(&length, mbedtls_asn1_write_bitstring(p, start, signature, signature_length * 8));
	return length + write_algorithm(p, start);
}

size_t test_pki_revoke(struct test_pki *pki, const char *authority, const char *file, int from_days,
		       int to_days, unsigned char *ret_list, size_t size)
{
	unsigned char body[1024];
	unsigned char *p = body + sizeof(body);
	unsigned char *end = ret_list + size;
	mbedtls_x509_crt issuer, revoked;
	size_t body_length;
	size_t length;

	load(pki, authority, &issuer);
	load(pki, file, &revoked);
	body_length = write_list(&p, body, &issuer, &revoked, from_days, to_days);
	length = write_signature(&end, ret_list, path_of(pki, authority, "key"), p, body_length);
	put(&length, mbedtls_asn1_write_raw_buffer(&end, ret_list, p, body_length));
	wrap(&end, ret_list, &length);
	memmove(ret_list, end, length);
	mbedtls_x509_crt_free(&issuer);
	mbedtls_x509_crt_free(&revoked);
	return length;
}
