#include "room/credentials.h"

#include <errno.h>
#include <mbedtls/ecp.h>
#include <mbedtls/error.h>
#include <mbedtls/pk.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/psa_util.h>
#include <mbedtls/x509_crt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"

#define FILE_BYTES_MAX ((size_t)1 << 20)
#define PSK_BYTES 32

/* What tells one content of a path from the next: a file put in its place, or written anew. */
struct version {
	ino_t inode;
	struct timespec changed;
};

struct credentials {
	struct mls_writer chain; /* of the certificate, as MLS has it */
	struct mls_credential own;
	struct mls_key_pair pair; /* secret */
	struct mls_signer signer;
	struct mls_trust *trust;
	struct version authorities, revoked; /* of their files, in the trust or refused */
	struct file_bytes psk;               /* secret */
	char name[SETTINGS_NAME_BYTES];
};

static int refuse(char fault[CREDENTIALS_FAULT_BYTES], const char *path, const char *why)
{
	snprintf(fault, CREDENTIALS_FAULT_BYTES, "%s: %s", path, why);
	return -EINVAL;
}

static int refuse_parsed(char fault[CREDENTIALS_FAULT_BYTES], const char *path, int error)
{
	char text[96];

	mbedtls_strerror(error, text, sizeof(text));
	return refuse(fault, path, text);
}

static int read_file(const char *path, struct file_bytes *ret_bytes,
		     char fault[CREDENTIALS_FAULT_BYTES])
{
	int r = file_read(path, FILE_BYTES_MAX, ret_bytes);

	if (r == 0 || r == -ENOMEM)
		return r;
	return refuse(fault, path, r == -ENXIO ? "not a file" : strerror(-r));
}

/* The parsers take the end of a PEM text as part of its length. */
static struct mls_bytes pem(const struct file_bytes *file)
{
	return (struct mls_bytes){file->data, file->data ? file->length + 1 : 0};
}

static struct version version_of(const char *path)
{
	struct stat status = {0};

	if (path[0] == '\0' || stat(path, &status) < 0)
		return (struct version){0};
	return (struct version){status.st_ino, status.st_ctim};
}

static bool same_version(struct version a, struct version b)
{
	return a.inode == b.inode && a.changed.tv_sec == b.changed.tv_sec &&
	       a.changed.tv_nsec == b.changed.tv_nsec;
}

/* Makes the trust, or replaces what is in it. */
static int put_trust(struct credentials *credentials, const struct settings_secrecy *settings,
		     struct mls_bytes authorities, struct mls_bytes revoked)
{
	if (credentials->trust)
		return mls_trust_replace(credentials->trust, authorities, revoked);
	return mls_trust_create(authorities, revoked, settings->guests, &credentials->trust);
}

/* Whether it is the authorities that cannot be read. */
static bool are_certificates(struct mls_bytes authorities)
{
	struct mls_trust *trust = NULL;
	int r = mls_trust_create(authorities, (struct mls_bytes){0}, false, &trust);

	mls_trust_destroy(trust);
	return r == 0;
}

static int load_trust(struct credentials *credentials, const struct settings_secrecy *settings,
		      char fault[CREDENTIALS_FAULT_BYTES])
{
	struct file_bytes authorities = {0}, revoked = {0};
	int r;

	/* Asked first: what is put there while it is read is read again. */
	credentials->authorities = version_of(settings->authorities);
	credentials->revoked = version_of(settings->revoked);
	r = read_file(settings->authorities, &authorities, fault);
	if (r == 0 && settings->revoked[0])
		r = read_file(settings->revoked, &revoked, fault);
	if (r == 0) {
		r = put_trust(credentials, settings, pem(&authorities), pem(&revoked));
		if (r == -EINVAL && are_certificates(pem(&authorities)))
			r = refuse(fault, settings->revoked, "not lists of revoked certificates");
		else if (r == -EINVAL)
			r = refuse(fault, settings->authorities, "not certificates");
	}
	file_finish(&authorities);
	file_finish(&revoked);
	return r;
}

int credentials_refresh(struct credentials *credentials, const struct settings_secrecy *settings,
			char fault[CREDENTIALS_FAULT_BYTES])
{
	int r;

	if (same_version(credentials->authorities, version_of(settings->authorities)) &&
	    same_version(credentials->revoked, version_of(settings->revoked)))
		return 0;
	r = load_trust(credentials, settings, fault);
	return r < 0 ? r : 1;
}

static int take_chain(struct credentials *credentials, const mbedtls_x509_crt *certificate)
{
	for (; certificate; certificate = certificate->next)
		mls_write_vector(&credentials->chain, certificate->raw.p, certificate->raw.len);
	credentials->own = (struct mls_credential){
		.type = MLS_CREDENTIAL_X509,
		.chain = mls_writer_bytes(&credentials->chain),
	};
	return credentials->chain.fault == -ENOMEM ? -ENOMEM : 0;
}

static int take_key(struct credentials *credentials, const mbedtls_pk_context *key)
{
	uint8_t private_key[MLS_PRIVATE_KEY_BYTES];
	size_t length = 0;
	int r = -EINVAL;

	if (mbedtls_pk_get_type(key) == MBEDTLS_PK_ECKEY &&
	    mbedtls_ecp_write_key_ext(mbedtls_pk_ec(*key), &length, private_key,
				      sizeof(private_key)) == 0 &&
	    length == sizeof(private_key))
		r = mls_key_pair_from_private(private_key, &credentials->pair);
	mbedtls_platform_zeroize(private_key, sizeof(private_key));
	return r;
}

/* Both are parsed already; the key has to be that of the first certificate. */
static int take_pair(struct credentials *credentials, const struct settings_secrecy *settings,
		     const mbedtls_x509_crt *certificate, const mbedtls_pk_context *key,
		     char fault[CREDENTIALS_FAULT_BYTES])
{
	int r;

	if (mbedtls_pk_check_pair(&certificate->pk, key, mbedtls_psa_get_random,
				  MBEDTLS_PSA_RANDOM_STATE) != 0)
		return refuse(fault, settings->key, "is not the key of the certificate");
	r = take_key(credentials, key);
	if (r == -EINVAL)
		return refuse(fault, settings->key, "is not a key on the curve P-256");
	return r < 0 ? r : take_chain(credentials, certificate);
}

static int parse_pair(struct credentials *credentials, const struct settings_secrecy *settings,
		      const struct file_bytes *certificate_file, const struct file_bytes *key_file,
		      char fault[CREDENTIALS_FAULT_BYTES])
{
	mbedtls_x509_crt certificate;
	mbedtls_pk_context key;
	int r, error;

	mbedtls_x509_crt_init(&certificate);
	mbedtls_pk_init(&key);
	error = mbedtls_x509_crt_parse(&certificate, certificate_file->data,
				       certificate_file->length + 1);
	if (error > 0) {
		r = refuse(fault, settings->certificate, "some certificates cannot be read");
	} else if (error < 0) {
		r = refuse_parsed(fault, settings->certificate, error);
	} else {
		error = mbedtls_pk_parse_key(&key, key_file->data, key_file->length + 1, NULL, 0,
					     mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE);
		r = error < 0 ? refuse_parsed(fault, settings->key, error)
			      : take_pair(credentials, settings, &certificate, &key, fault);
	}
	mbedtls_pk_free(&key);
	mbedtls_x509_crt_free(&certificate);
	return r;
}

static int load_pair(struct credentials *credentials, const struct settings_secrecy *settings,
		     char fault[CREDENTIALS_FAULT_BYTES])
{
	struct file_bytes certificate = {0}, key = {0};
	int r = read_file(settings->certificate, &certificate, fault);

	if (r == 0)
		r = read_file(settings->key, &key, fault);
	if (r == 0)
		r = parse_pair(credentials, settings, &certificate, &key, fault);
	file_finish(&certificate);
	file_finish(&key);
	return r;
}

static int be_guest(struct credentials *credentials)
{
	credentials->own = (struct mls_credential){
		.type = MLS_CREDENTIAL_BASIC,
		.identity = {(const uint8_t *)credentials->name, strlen(credentials->name)},
	};
	return mls_key_pair_generate(&credentials->pair);
}

static int load_psk(struct credentials *credentials, const char *path,
		    char fault[CREDENTIALS_FAULT_BYTES])
{
	int r = read_file(path, &credentials->psk, fault);

	if (r == 0 && credentials->psk.length != PSK_BYTES)
		return refuse(fault, path, "is not 32 bytes");
	return r;
}

static int load(struct credentials *credentials, const struct settings_secrecy *settings,
		char fault[CREDENTIALS_FAULT_BYTES])
{
	int r = mls_crypto_init();

	if (r == 0)
		r = load_trust(credentials, settings, fault);
	if (r == 0)
		r = settings->certificate[0] ? load_pair(credentials, settings, fault)
					     : be_guest(credentials);
	if (r == 0 && settings->psk[0])
		r = load_psk(credentials, settings->psk, fault);
	if (r == 0)
		mls_signer_init(&credentials->signer, &credentials->pair);
	return r;
}

int credentials_load(const struct settings_secrecy *settings, const char *name,
		     struct credentials **ret_credentials, char fault[CREDENTIALS_FAULT_BYTES])
{
	struct credentials *credentials = calloc(1, sizeof(*credentials));
	int r;

	if (!credentials)
		return -ENOMEM;
	snprintf(credentials->name, sizeof(credentials->name), "%s", name);
	mls_writer_init(&credentials->chain, MLS_MESSAGE_BYTES_MAX);
	r = load(credentials, settings, fault);
	if (r < 0) {
		credentials_destroy(credentials);
		return r;
	}
	*ret_credentials = credentials;
	return 0;
}

void credentials_destroy(struct credentials *credentials)
{
	if (!credentials)
		return;
	mls_writer_finish(&credentials->chain);
	mls_trust_destroy(credentials->trust);
	file_finish(&credentials->psk);
	mbedtls_platform_zeroize(&credentials->pair, sizeof(credentials->pair));
	free(credentials);
}

const struct mls_credential *credentials_own(const struct credentials *credentials)
{
	return &credentials->own;
}

const struct mls_signer *credentials_signer(const struct credentials *credentials)
{
	return &credentials->signer;
}

struct mls_trust *credentials_trust(const struct credentials *credentials)
{
	return credentials->trust;
}

struct mls_bytes credentials_psk(const struct credentials *credentials)
{
	return (struct mls_bytes){credentials->psk.data, credentials->psk.length};
}
