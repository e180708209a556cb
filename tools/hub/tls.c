#include "tools/hub/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdarg.h>
#include <string.h>

#include "tools/hub/listener.h"

static int fault(char *ret_fault, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* With OpenSSL's own reason behind it, where it has one. */
static int fault(char *ret_fault, size_t size, const char *format, ...)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());
	va_list arguments;
	size_t length;

	va_start(arguments, format);
	vsnprintf(ret_fault, size, format, arguments);
	va_end(arguments);
	length = strlen(ret_fault);
	if (reason)
		snprintf(ret_fault + length, size - length, " (%s)", reason);
	ERR_clear_error();
	return -EINVAL;
}

/* What rooms look for there: RFC 9525, section 6; the subject's CN does not count. */
static bool names_a_host(const X509 *certificate)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	bool found = false;
	int i;

	for (i = 0; i < sk_GENERAL_NAME_num(names) && !found; i++)
		found = sk_GENERAL_NAME_value(names, i)->type == GEN_DNS ||
			sk_GENERAL_NAME_value(names, i)->type == GEN_IPADD;
	GENERAL_NAMES_free(names);
	return found;
}

static int load_pair(SSL_CTX *context, const struct config *config, char *ret_fault, size_t size)
{
	const X509 *certificate;

	ERR_clear_error();
	if (SSL_CTX_use_certificate_chain_file(context, config->certificate) != 1)
		return fault(ret_fault, size, "certificate: %s is no PEM certificate",
			     config->certificate);
	if (SSL_CTX_use_PrivateKey_file(context, config->key, SSL_FILETYPE_PEM) != 1)
		return fault(ret_fault, size, "key: %s is not the certificate's key in PEM",
			     config->key);
	certificate = SSL_CTX_get0_certificate(context);
	if (X509_cmp_current_time(X509_get0_notAfter(certificate)) <= 0)
		return fault(ret_fault, size, "certificate: %s has expired", config->certificate);
	if (!names_a_host(certificate))
		return fault(ret_fault, size,
			     "certificate: %s names no host that a room could check: no DNS name "
			     "or IP address is among its subject alternative names",
			     config->certificate);
	return 0;
}

/* Authorities of the system are not asked: only the configured ones make a room. */
static int load_authorities(SSL_CTX *context, const struct config *config, char *ret_fault,
			    size_t size)
{
	X509_STORE *store = X509_STORE_new();
	STACK_OF(X509_NAME) * names;

	if (!store || X509_STORE_load_file(store, config->client_ca) != 1) {
		X509_STORE_free(store);
		return fault(ret_fault, size, "client_ca: %s has no PEM certificate",
			     config->client_ca);
	}
	SSL_CTX_set_cert_store(context, store);
	names = SSL_load_client_CA_file(config->client_ca);
	if (!names)
		return fault(ret_fault, size, "client_ca: %s", config->client_ca);
	SSL_CTX_set_client_CA_list(context, names);
	return 0;
}

static int fill(SSL_CTX *context, const struct config *config, char *ret_fault, size_t size)
{
	if (SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1 ||
	    SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
					      "TLS_CHACHA20_POLY1305_SHA256") != 1)
		return fault(ret_fault, size, "TLS 1.3 is not to be had");
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	/* Every connection proves itself by its certificate, none by a ticket of an earlier one. */
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
	SSL_CTX_set_num_tickets(context, 0);
	if (load_pair(context, config, ret_fault, size) < 0)
		return -EINVAL;
	return load_authorities(context, config, ret_fault, size);
}

int tls_check(const struct config *config, char *ret_fault, size_t size)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	int r;

	if (!context)
		return fault(ret_fault, size, "no memory");
	r = fill(context, config, ret_fault, size);
	SSL_CTX_free(context);
	return r;
}

int tls_load(SSL_CTX *context, const struct config *config, char *ret_fault, size_t size)
{
	int r = tls_check(config, ret_fault, size);

	return r < 0 ? r : fill(context, config, ret_fault, size);
}

static void tell_refusal(const SSL *ssl, int where, int alert)
{
	struct shared *shared = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	long verified = SSL_get_verify_result(ssl);
	char peer[LISTENER_TEXT_BYTES], why[160];

	listener_peer_name(SSL_get_fd(ssl), peer);
	if ((alert & 0xff) == SSL_AD_CERTIFICATE_REQUIRED)
		snprintf(why, sizeof(why), "it has no certificate");
	else if (where & SSL_CB_READ)
		snprintf(why, sizeof(why), "it says: TLS: %s", SSL_alert_desc_string_long(alert));
	else if (verified != X509_V_OK)
		snprintf(why, sizeof(why), "its certificate: %s",
			 X509_verify_cert_error_string(verified));
	else
		snprintf(why, sizeof(why), "TLS: %s", SSL_alert_desc_string_long(alert));
	shared_refuse(shared, METRICS_REFUSED_TLS, peer, why);
}

/* What goes wrong after the handshake, above all a peer that goes without a word, is no refusal. */
static void on_info(const SSL *ssl, int where, int value)
{
	if (where & SSL_CB_HANDSHAKE_DONE)
		SSL_set_app_data((SSL *)(uintptr_t)ssl, SSL_get_SSL_CTX(ssl));
	else if ((where & SSL_CB_ALERT) && value >> 8 == SSL3_AL_FATAL && !SSL_get_app_data(ssl))
		tell_refusal(ssl, where, value);
}

void tls_watch(SSL_CTX *context, struct shared *shared)
{
	SSL_CTX_set_app_data(context, shared);
	SSL_CTX_set_info_callback(context, on_info);
}

/* An embedded NUL would make two names look the same. */
static bool copy_name(const X509_NAME *subject, char name[static MESSAGE_NAME_BYTES_MAX + 1])
{
	int place = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
	unsigned char *text = NULL;
	bool good;
	int length;

	if (place < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, place) >= 0)
		return false;
	length = ASN1_STRING_to_UTF8(&text,
				     X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, place)));
	if (length < 0)
		return false;
	good = length <= MESSAGE_NAME_BYTES_MAX && strlen((const char *)text) == (size_t)length &&
	       message_is_name((const char *)text);
	if (good)
		memcpy(name, text, (size_t)length + 1);
	OPENSSL_free(text);
	return good;
}

bool tls_room_name(SSL *ssl, char name[static MESSAGE_NAME_BYTES_MAX + 1])
{
	const X509 *certificate = SSL_get0_peer_certificate(ssl);

	return certificate && copy_name(X509_get_subject_name(certificate), name);
}

bool tls_is_silent(SSL *ssl)
{
	return BIO_number_read(SSL_get_rbio(ssl)) == 0;
}
