#include "net/identity.h"

#include <errno.h>
#include <mbedtls/error.h>
#include <mbedtls/psa_util.h>
#include <psa/crypto.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX ((size_t)256 << 10)
#define ERROR_BYTES 160

static int refuse(struct net_fault *ret_fault, const char *file, const char *why)
{
	*ret_fault = net_fault_make(NET_FAULT_IDENTITY, "%s: %s", file, why);
	return -EINVAL;
}

static int refuse_parsed(struct net_fault *ret_fault, const char *file, const char *what, int error)
{
	char text[ERROR_BYTES];

	mbedtls_strerror(error, text, sizeof(text));
	*ret_fault = net_fault_make(NET_FAULT_IDENTITY, "%s is not %s: %s", file, what, text);
	return -EINVAL;
}

static int read_file(const char *name, struct file_bytes *ret_file, struct net_fault *ret_fault)
{
	int r = file_read(name, FILE_BYTES_MAX, ret_file);

	if (r == -ENOMEM) {
		*ret_fault = net_fault_make(NET_FAULT_MEMORY, "out of memory");
		return r;
	}
	if (r == -ENXIO || r == -EFBIG)
		return refuse(ret_fault, name, "not a file of at most 256 KiB");
	return r < 0 ? refuse(ret_fault, name, strerror(-r)) : 0;
}

/* The parsers take the end of a PEM text as part of its length. */
static int parse_chain(mbedtls_x509_crt *chain, const struct file_bytes *file, const char *name,
		       struct net_fault *ret_fault)
{
	int r = mbedtls_x509_crt_parse(chain, file->data, file->length + 1);

	if (r > 0)
		return refuse(ret_fault, name, "some of its certificates cannot be read");
	if (r < 0)
		return refuse_parsed(ret_fault, name, "a certificate", r);
	return 0;
}

static int parse_key(struct net_identity *identity, const struct net_identity_files *files,
		     struct net_fault *ret_fault)
{
	int r = mbedtls_pk_parse_key(&identity->key, identity->key_pem.data,
				     identity->key_pem.length + 1, NULL, 0, mbedtls_psa_get_random,
				     MBEDTLS_PSA_RANDOM_STATE);

	if (r < 0)
		return refuse_parsed(ret_fault, files->key, "a private key", r);
	r = mbedtls_pk_check_pair(&identity->certificate.pk, &identity->key, mbedtls_psa_get_random,
				  MBEDTLS_PSA_RANDOM_STATE);
	if (r < 0) {
		*ret_fault = net_fault_make(NET_FAULT_IDENTITY, "the key %s is not that of %s",
					    files->key, files->certificate);
		return -EINVAL;
	}
	return 0;
}

static int load(struct net_identity *identity, const struct net_identity_files *files,
		struct net_fault *ret_fault)
{
	int r;

	r = read_file(files->ca, &identity->ca_pem, ret_fault);
	if (r == 0)
		r = parse_chain(&identity->ca, &identity->ca_pem, files->ca, ret_fault);
	if (r == 0)
		r = read_file(files->certificate, &identity->certificate_pem, ret_fault);
	if (r == 0)
		r = parse_chain(&identity->certificate, &identity->certificate_pem,
				files->certificate, ret_fault);
	if (r == 0)
		r = read_file(files->key, &identity->key_pem, ret_fault);
	if (r == 0)
		r = parse_key(identity, files, ret_fault);
	return r;
}

int net_identity_load(const struct net_identity_files *files, struct net_identity **ret_identity,
		      struct net_fault *ret_fault)
{
	struct net_identity *identity = calloc(1, sizeof(*identity));
	int r;

	if (identity == NULL || psa_crypto_init() != PSA_SUCCESS) {
		free(identity);
		*ret_fault = net_fault_make(NET_FAULT_MEMORY, "out of memory");
		return -ENOMEM;
	}
	identity->references = 1;
	mbedtls_x509_crt_init(&identity->ca);
	mbedtls_x509_crt_init(&identity->certificate);
	mbedtls_pk_init(&identity->key);
	r = load(identity, files, ret_fault);
	if (r < 0) {
		net_identity_unref(identity);
		return r;
	}
	*ret_identity = identity;
	return 0;
}

struct net_identity *net_identity_ref(struct net_identity *identity)
{
	identity->references++;
	return identity;
}

void net_identity_unref(struct net_identity *identity)
{
	if (identity == NULL || --identity->references > 0)
		return;
	mbedtls_pk_free(&identity->key);
	mbedtls_x509_crt_free(&identity->certificate);
	mbedtls_x509_crt_free(&identity->ca);
	file_finish(&identity->key_pem);
	file_finish(&identity->certificate_pem);
	file_finish(&identity->ca_pem);
	free(identity);
}
