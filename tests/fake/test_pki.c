#include "tests/fake/test_pki.h"

#include <mbedtls/ecp.h>
#include <mbedtls/pem.h>
#include <mbedtls/psa_util.h>
#include <mbedtls/x509_crt.h>
#include <psa/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PATH_BYTES 128
#define PATHS_MAX 256
#define PEM_BYTES 4096
#define NAME_BYTES 128
#define TIME_BYTES 16

struct test_pki {
	char folder[32];
	char paths[PATHS_MAX][PATH_BYTES]; /* of all files, and thereby what to remove */
	size_t path_count;
};

static void die(const char *what) __attribute__((noreturn));

static void die(const char *what)
{
	fprintf(stderr, "test_pki: %s\n", what);
	exit(EXIT_FAILURE);
}

static void check(bool is_good, const char *what)
{
	if (!is_good)
		die(what);
}

const char *test_pki_path(struct test_pki *pki, const char *name)
{
	char path[PATH_BYTES];
	size_t i;

	check(snprintf(path, sizeof(path), "%s/%s", pki->folder, name) < PATH_BYTES, "long name");
	for (i = 0; i < pki->path_count; i++)
		if (strcmp(pki->paths[i], path) == 0)
			return pki->paths[i];
	check(pki->path_count < PATHS_MAX, "too many files");
	memcpy(pki->paths[pki->path_count], path, sizeof(path));
	return pki->paths[pki->path_count++];
}

static const char *path_of(struct test_pki *pki, const char *file, const char *suffix)
{
	char name[NAME_BYTES];

	snprintf(name, sizeof(name), "%s.%s", file, suffix);
	return test_pki_path(pki, name);
}

struct net_identity_files test_pki_identity(struct test_pki *pki, const char *authority,
					    const char *file)
{
	return (struct net_identity_files){
		.ca = path_of(pki, authority, "crt"),
		.certificate = path_of(pki, file, "crt"),
		.key = path_of(pki, file, "key"),
	};
}

static void write_text(const char *path, const unsigned char *text)
{
	FILE *file = fopen(path, "we");
	bool is_written;

	if (file == NULL)
		die(path);
	is_written = fputs((const char *)text, file) >= 0;
	if (fclose(file) != 0 || !is_written)
		die(path);
}

static void print_day(int days, char *text)
{
	time_t when = time(NULL) + (time_t)days * 24 * 3600;
	struct tm parts;

	gmtime_r(&when, &parts);
	strftime(text, TIME_BYTES, "%Y%m%d%H%M%S", &parts);
}

static void make_key(mbedtls_pk_context *key)
{
	check(mbedtls_pk_setup(key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)) == 0, "key");
	check(mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(*key),
				  mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE) == 0,
	      "key");
}

static void set_names(mbedtls_x509write_cert *writer, const struct test_certificate *certificate)
{
	static unsigned char loopback[] = {127, 0, 0, 1};
	static unsigned char loopback6[16] = {[15] = 1};
	mbedtls_x509_san_list names[3] = {0};
	size_t count = 0;

	if (certificate->dns != NULL) {
		names[count].node.type = MBEDTLS_X509_SAN_DNS_NAME;
		names[count].node.san.unstructured_name.p = (unsigned char *)certificate->dns;
		names[count++].node.san.unstructured_name.len = strlen(certificate->dns);
	}
	if (certificate->is_loopback) {
		names[count].node.type = MBEDTLS_X509_SAN_IP_ADDRESS;
		names[count].node.san.unstructured_name.p = loopback;
		names[count++].node.san.unstructured_name.len = sizeof(loopback);
		names[count].node.type = MBEDTLS_X509_SAN_IP_ADDRESS;
		names[count].node.san.unstructured_name.p = loopback6;
		names[count++].node.san.unstructured_name.len = sizeof(loopback6);
	}
	for (size_t i = 1; i < count; i++)
		names[i - 1].next = &names[i];
	if (count > 0)
		check(mbedtls_x509write_crt_set_subject_alternative_name(writer, names) == 0,
		      "names");
}

static void set_validity(mbedtls_x509write_cert *writer, int from_days, int to_days)
{
	char from[TIME_BYTES];
	char to[TIME_BYTES];

	print_day(from_days, from);
	print_day(to_days, to);
	check(mbedtls_x509write_crt_set_validity(writer, from, to) == 0, "validity");
}

static void write_certificate(struct test_pki *pki, const struct test_certificate *certificate,
			      mbedtls_x509write_cert *writer)
{
	bool is_authority = certificate->issuer == NULL || certificate->is_authority;
	char name[NAME_BYTES];
	unsigned char serial[16];
	unsigned char pem[PEM_BYTES];

	check(psa_generate_random(serial, sizeof(serial)) == PSA_SUCCESS, "serial");
	serial[0] = 0x40;
	snprintf(name, sizeof(name), "CN=%s", certificate->name);
	check(mbedtls_x509write_crt_set_subject_name(writer, name) == 0, "subject");
	check(mbedtls_x509write_crt_set_serial_raw(writer, serial, sizeof(serial)) == 0, "serial");
	mbedtls_x509write_crt_set_version(writer, MBEDTLS_X509_CRT_VERSION_3);
	mbedtls_x509write_crt_set_md_alg(writer, MBEDTLS_MD_SHA256);
	set_validity(writer, certificate->from_days, certificate->to_days);
	set_names(writer, certificate);
	check(mbedtls_x509write_crt_set_basic_constraints(writer, is_authority,
							  is_authority ? certificate->below : -1) ==
		      0,
	      "constraints");
	check(mbedtls_x509write_crt_set_subject_key_identifier(writer) == 0, "subject key");
	check(mbedtls_x509write_crt_set_authority_key_identifier(writer) == 0, "authority key");
	check(mbedtls_x509write_crt_pem(writer, pem, sizeof(pem), mbedtls_psa_get_random,
					MBEDTLS_PSA_RANDOM_STATE) == 0,
	      "certificate");
	write_text(path_of(pki, certificate->file, "crt"), pem);
}

static void load_issuer(struct test_pki *pki, const char *file, mbedtls_pk_context *key, char *name)
{
	mbedtls_x509_crt certificate;

	mbedtls_x509_crt_init(&certificate);
	check(mbedtls_x509_crt_parse_file(&certificate, path_of(pki, file, "crt")) == 0, file);
	check(mbedtls_pk_parse_keyfile(key, path_of(pki, file, "key"), NULL, mbedtls_psa_get_random,
				       MBEDTLS_PSA_RANDOM_STATE) == 0,
	      file);
	mbedtls_x509_dn_gets(name, NAME_BYTES, &certificate.subject);
	mbedtls_x509_crt_free(&certificate);
}

void test_pki_make(struct test_pki *pki, const struct test_certificate *certificate)
{
	mbedtls_x509write_cert writer;
	mbedtls_pk_context key;
	mbedtls_pk_context issuer_key;
	char issuer[NAME_BYTES];
	unsigned char pem[PEM_BYTES];

	mbedtls_x509write_crt_init(&writer);
	mbedtls_pk_init(&key);
	mbedtls_pk_init(&issuer_key);
	make_key(&key);
	check(mbedtls_pk_write_key_pem(&key, pem, sizeof(pem)) == 0, "key");
	write_text(path_of(pki, certificate->file, "key"), pem);
	mbedtls_x509write_crt_set_subject_key(&writer, &key);
	if (certificate->issuer != NULL) {
		load_issuer(pki, certificate->issuer, &issuer_key, issuer);
		mbedtls_x509write_crt_set_issuer_key(&writer, &issuer_key);
	} else {
		snprintf(issuer, sizeof(issuer), "CN=%s", certificate->name);
		mbedtls_x509write_crt_set_issuer_key(&writer, &key);
	}
	check(mbedtls_x509write_crt_set_issuer_name(&writer, issuer) == 0, "issuer");
	write_certificate(pki, certificate, &writer);
	mbedtls_pk_free(&issuer_key);
	mbedtls_pk_free(&key);
	mbedtls_x509write_crt_free(&writer);
}

struct test_pki *test_pki_create(void)
{
	static const struct test_certificate certificates[] = {
		{.file = "ca", .name = "Balai CA", .from_days = -1, .to_days = 30},
		{.file = "other-ca", .name = "Other CA", .from_days = -1, .to_days = 30},
		{.file = "hub",
		 .issuer = "ca",
		 .name = "hub.example",
		 .dns = "hub.example",
		 .is_loopback = true,
		 .from_days = -1,
		 .to_days = 30},
		{.file = "room",
		 .issuer = "ca",
		 .name = "Ruang Rapat 1",
		 .from_days = -1,
		 .to_days = 30},
	};
	struct test_pki *pki = calloc(1, sizeof(*pki));
	size_t i;

	if (pki == NULL || psa_crypto_init() != PSA_SUCCESS)
		die("memory");
	snprintf(pki->folder, sizeof(pki->folder), "/tmp/balai-pki-XXXXXX");
	check(mkdtemp(pki->folder) != NULL, "folder");
	for (i = 0; i < sizeof(certificates) / sizeof(certificates[0]); i++)
		test_pki_make(pki, &certificates[i]);
	return pki;
}

void test_pki_destroy(struct test_pki *pki)
{
	size_t i;

	if (pki == NULL)
		return;
	for (i = 0; i < pki->path_count; i++)
		unlink(pki->paths[i]);
	rmdir(pki->folder);
	free(pki);
}

int test_pki_set_up(void **state)
{
	*state = test_pki_create();
	return 0;
}

int test_pki_tear_down(void **state)
{
	test_pki_destroy(*state);
	return 0;
}
