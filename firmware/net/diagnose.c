#include "net/diagnose.h"

#include <arpa/inet.h>
#include <errno.h>
#include <mbedtls/error.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/psa_util.h>
#include <mbedtls/ssl.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define NAMES_BYTES 160
#define TIME_BYTES 32
/* How long a server may take to refuse a certificate after the handshake. */
#define REFUSAL_US CLOCK_US_PER_S

/* What mbedTLS's verification said of the server's chain. */
struct verdict {
	bool has_certificate;
	uint32_t flags;              /* MBEDTLS_X509_BADCERT_…, of the whole chain */
	char names[NAMES_BYTES];     /* that the server's certificate is for */
	char issuer[NAMES_BYTES];    /* of the certificate that is not trusted */
	char ill_timed[NAMES_BYTES]; /* subject of the certificate that is out of its time */
	mbedtls_x509_time from;      /* … and when that is valid */
	mbedtls_x509_time to;
};

struct diagnosis {
	const struct net_identity *identity;
	const char *host;
	int64_t deadline_us;
	int fd;
	mbedtls_ssl_context ssl;
	struct verdict verdict;
};

static void print_endpoint(const struct net_address *address, char *text, size_t size)
{
	char host[INET6_ADDRSTRLEN] = "?";
	char port[8] = "?";

	getnameinfo((const struct sockaddr *)&address->storage, address->length, host, sizeof(host),
		    port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(text, size, "%s port %s", host, port);
}

struct net_fault net_connect_fault(const struct net_address *address, int error)
{
	char where[INET6_ADDRSTRLEN + 16];

	print_endpoint(address, where, sizeof(where));
	switch (error) {
	case ECONNREFUSED:
		return net_fault_make(NET_FAULT_REFUSED,
				      "nothing listens at %s: does the hub run, is the port right?",
				      where);
	case ETIMEDOUT:
		return net_fault_make(NET_FAULT_TIMEOUT,
				      "no answer from %s: does a firewall block it?", where);
	case ENETUNREACH:
	case EHOSTUNREACH:
	case ENETDOWN:
	case EHOSTDOWN:
		return net_fault_make(NET_FAULT_UNREACHABLE,
				      "no way to %s: is the room's network connected?", where);
	default:
		return net_fault_make(NET_FAULT_UNREACHABLE, "cannot connect to %s: %s", where,
				      strerror(error));
	}
}

static void print_time(const mbedtls_x509_time *time, char *text, size_t size)
{
	snprintf(text, size, "%04d-%02d-%02d %02d:%02d UTC", time->year, time->mon, time->day,
		 time->hour, time->min);
}

static void print_now(char *text, size_t size)
{
	time_t now = time(NULL);
	struct tm parts;

	gmtime_r(&now, &parts);
	strftime(text, size, "%Y-%m-%d %H:%M UTC", &parts);
}

static void append_name(char *names, const char *name, size_t length)
{
	size_t used = strlen(names);
	size_t i;

	if (used + length + 3 > NAMES_BYTES)
		return;
	if (used > 0) {
		memcpy(names + used, ", ", 2);
		used += 2;
	}
	for (i = 0; i < length; i++)
		names[used + i] = name[i] >= ' ' && name[i] <= '~' ? name[i] : '?';
	names[used + length] = '\0';
}

static void append_alternative(char *names, const mbedtls_x509_subject_alternative_name *name)
{
	const mbedtls_x509_buf *value = &name->san.unstructured_name;
	char address[INET6_ADDRSTRLEN];
	int family = value->len == sizeof(struct in_addr) ? AF_INET : AF_INET6;

	if (name->type == MBEDTLS_X509_SAN_DNS_NAME)
		append_name(names, (const char *)value->p, value->len);
	else if (name->type == MBEDTLS_X509_SAN_IP_ADDRESS &&
		 (value->len == sizeof(struct in_addr) || value->len == sizeof(struct in6_addr)) &&
		 inet_ntop(family, value->p, address, sizeof(address)) != NULL)
		append_name(names, address, strlen(address));
}

/* The names that count: the alternatives and, only without those, the subject's. */
static void list_names(const mbedtls_x509_crt *certificate, char *names)
{
	const mbedtls_x509_sequence *entry;
	mbedtls_x509_subject_alternative_name name;

	names[0] = '\0';
	for (entry = &certificate->subject_alt_names; entry != NULL; entry = entry->next) {
		if (entry->buf.p == NULL ||
		    mbedtls_x509_parse_subject_alt_name(&entry->buf, &name) != 0)
			continue;
		append_alternative(names, &name);
		mbedtls_x509_free_subject_alt_name(&name);
	}
	if (names[0] == '\0')
		mbedtls_x509_dn_gets(names, NAMES_BYTES, &certificate->subject);
}

/* Only looks on: the flags stay what mbedTLS made them. */
static int observe(void *context, mbedtls_x509_crt *certificate, int depth, uint32_t *flags)
{
	struct verdict *verdict = context;

	verdict->has_certificate = true;
	verdict->flags |= *flags;
	if (depth == 0)
		list_names(certificate, verdict->names);
	if ((*flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) != 0)
		mbedtls_x509_dn_gets(verdict->issuer, NAMES_BYTES, &certificate->issuer);
	if ((*flags & (MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE)) != 0) {
		mbedtls_x509_dn_gets(verdict->ill_timed, NAMES_BYTES, &certificate->subject);
		verdict->from = certificate->valid_from;
		verdict->to = certificate->valid_to;
	}
	return 0;
}

static struct net_fault time_fault(const struct verdict *verdict)
{
	bool is_expired = (verdict->flags & MBEDTLS_X509_BADCERT_EXPIRED) != 0;
	char when[TIME_BYTES];
	char now[TIME_BYTES];

	print_time(is_expired ? &verdict->to : &verdict->from, when, sizeof(when));
	print_now(now, sizeof(now));
	if (is_expired)
		return net_fault_make(NET_FAULT_CERTIFICATE_EXPIRED,
				      "the hub's certificate (%s) expired on %s; this room's clock "
				      "says %s",
				      verdict->ill_timed, when, now);
	return net_fault_make(NET_FAULT_CERTIFICATE_NOT_YET,
			      "the hub's certificate (%s) is valid from %s; this room's clock says "
			      "%s: is it wrong?",
			      verdict->ill_timed, when, now);
}

static struct net_fault certificate_fault(const struct diagnosis *diagnosis)
{
	const struct verdict *verdict = &diagnosis->verdict;

	if ((verdict->flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) != 0)
		return net_fault_make(NET_FAULT_CERTIFICATE_CA,
				      "the hub's certificate is signed by \"%s\", which is not in "
				      "this room's CA file",
				      verdict->issuer);
	if ((verdict->flags & MBEDTLS_X509_BADCERT_CN_MISMATCH) != 0)
		return net_fault_make(NET_FAULT_CERTIFICATE_NAME,
				      "the hub's certificate is for \"%s\", not for \"%s\"",
				      verdict->names, diagnosis->host);
	if ((verdict->flags & (MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE)) != 0)
		return time_fault(verdict);
	return net_fault_make(NET_FAULT_CERTIFICATE_OTHER,
			      "the hub's certificate (%s) is not usable: mbedTLS flags 0x%x",
			      verdict->names, verdict->flags);
}

static struct net_fault refused_fault(const struct diagnosis *diagnosis)
{
	const mbedtls_x509_crt *own = &diagnosis->identity->certificate;
	char subject[NAMES_BYTES] = "?";
	char issuer[NAMES_BYTES] = "?";
	char until[TIME_BYTES];

	mbedtls_x509_dn_gets(subject, sizeof(subject), &own->subject);
	mbedtls_x509_dn_gets(issuer, sizeof(issuer), &own->issuer);
	print_time(&own->valid_to, until, sizeof(until));
	return net_fault_make(NET_FAULT_TLS_REFUSED,
			      "the hub refuses this room's certificate (%s, signed by \"%s\", "
			      "valid until %s)",
			      subject, issuer, until);
}

static struct net_fault handshake_fault(const struct diagnosis *diagnosis, int error)
{
	char text[NAMES_BYTES];

	switch (error) {
	case MBEDTLS_ERR_X509_CERT_VERIFY_FAILED:
		return certificate_fault(diagnosis);
	case MBEDTLS_ERR_SSL_TIMEOUT:
		return net_fault_make(NET_FAULT_TIMEOUT, "the hub does not answer in TLS");
	case MBEDTLS_ERR_SSL_CONN_EOF:
	case MBEDTLS_ERR_NET_CONN_RESET:
		return net_fault_make(NET_FAULT_TLS, "the hub ends the connection during TLS");
	case MBEDTLS_ERR_SSL_INVALID_RECORD:
		return net_fault_make(NET_FAULT_TLS, "what listens there does not speak TLS");
	case MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION:
		return net_fault_make(NET_FAULT_TLS_VERSION, "the hub offers no TLS 1.3");
	case MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE:
		/* In TLS 1.3 an alert before the certificate answers what this side offers. */
		if (!diagnosis->verdict.has_certificate)
			return net_fault_make(NET_FAULT_TLS_VERSION,
					      "the hub refuses TLS 1.3: is it older than that?");
		return refused_fault(diagnosis);
	default:
		mbedtls_strerror(error, text, sizeof(text));
		return net_fault_make(NET_FAULT_TLS, "TLS with the hub fails: %s", text);
	}
}

static int64_t milliseconds_until(int64_t deadline_us)
{
	int64_t left_us = deadline_us - clock_now_us();

	return left_us > 0 ? (left_us + CLOCK_US_PER_MS - 1) / CLOCK_US_PER_MS : 0;
}

/* Returns false once the deadline is past. */
static bool wait_for(const struct diagnosis *diagnosis, short events)
{
	struct pollfd poll_fd = {.fd = diagnosis->fd, .events = events};
	int r;

	do {
		r = poll(&poll_fd, 1, (int)milliseconds_until(diagnosis->deadline_us));
	} while (r < 0 && errno == EINTR);
	return r > 0;
}

static int send_some(void *context, const unsigned char *data, size_t length)
{
	ssize_t n = send(((struct diagnosis *)context)->fd, data, length, MSG_NOSIGNAL);

	if (n >= 0)
		return (int)n;
	return errno == EAGAIN || errno == EINTR ? MBEDTLS_ERR_SSL_WANT_WRITE
						 : MBEDTLS_ERR_NET_CONN_RESET;
}

static int receive_some(void *context, unsigned char *data, size_t length)
{
	ssize_t n = recv(((struct diagnosis *)context)->fd, data, length, 0);

	if (n >= 0)
		return (int)n;
	return errno == EAGAIN || errno == EINTR ? MBEDTLS_ERR_SSL_WANT_READ
						 : MBEDTLS_ERR_NET_CONN_RESET;
}

static int handshake(struct diagnosis *diagnosis)
{
	int r;

	while ((r = mbedtls_ssl_handshake(&diagnosis->ssl)) != 0) {
		if (r != MBEDTLS_ERR_SSL_WANT_READ && r != MBEDTLS_ERR_SSL_WANT_WRITE)
			return r;
		if (!wait_for(diagnosis, r == MBEDTLS_ERR_SSL_WANT_READ ? POLLIN : POLLOUT))
			return MBEDTLS_ERR_SSL_TIMEOUT;
	}
	return 0;
}

/* In TLS 1.3 the server judges the client's certificate when the client has long finished. */
static bool is_refused(struct diagnosis *diagnosis)
{
	int64_t refusal_us = clock_now_us() + REFUSAL_US;
	unsigned char byte;

	if (diagnosis->deadline_us > refusal_us)
		diagnosis->deadline_us = refusal_us;
	for (;;) {
		if (mbedtls_ssl_read(&diagnosis->ssl, &byte, 1) != MBEDTLS_ERR_SSL_WANT_READ)
			return true;
		if (!wait_for(diagnosis, POLLIN))
			return false;
	}
}

static struct net_fault diagnose_tls(struct diagnosis *diagnosis)
{
	int r = handshake(diagnosis);

	if (r != 0)
		return handshake_fault(diagnosis, r);
	if (is_refused(diagnosis))
		return refused_fault(diagnosis);
	return net_fault_make(NET_FAULT_NONE, "nothing is wrong with TLS");
}

/* mbedTLS only reads the identity, but its functions do not say so. */
static int configure(mbedtls_ssl_config *config, struct net_identity *identity,
		     struct verdict *verdict)
{
	int r = mbedtls_ssl_config_defaults(config, MBEDTLS_SSL_IS_CLIENT,
					    MBEDTLS_SSL_TRANSPORT_STREAM,
					    MBEDTLS_SSL_PRESET_DEFAULT);

	if (r != 0)
		return r;
	mbedtls_ssl_conf_min_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_3);
	mbedtls_ssl_conf_max_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_3);
	mbedtls_ssl_conf_authmode(config, MBEDTLS_SSL_VERIFY_REQUIRED);
	mbedtls_ssl_conf_rng(config, mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE);
	mbedtls_ssl_conf_ca_chain(config, &identity->ca, NULL);
	mbedtls_ssl_conf_verify(config, observe, verdict);
	return mbedtls_ssl_conf_own_cert(config, &identity->certificate, &identity->key);
}

static struct net_fault diagnose_connected(struct diagnosis *diagnosis)
{
	struct net_fault fault;
	mbedtls_ssl_config config;
	int r;

	mbedtls_ssl_config_init(&config);
	mbedtls_ssl_init(&diagnosis->ssl);
	r = configure(&config, (struct net_identity *)diagnosis->identity, &diagnosis->verdict);
	if (r == 0)
		r = mbedtls_ssl_setup(&diagnosis->ssl, &config);
	if (r == 0)
		r = mbedtls_ssl_set_hostname(&diagnosis->ssl, diagnosis->host);
	if (r == 0) {
		mbedtls_ssl_set_bio(&diagnosis->ssl, diagnosis, send_some, receive_some, NULL);
		fault = diagnose_tls(diagnosis);
	} else {
		fault = net_fault_make(NET_FAULT_MEMORY, "out of memory");
	}
	mbedtls_ssl_free(&diagnosis->ssl);
	mbedtls_ssl_config_free(&config);
	return fault;
}

/* Returns 0 or the errno of the connection, positive. */
static int connect_until(const struct diagnosis *diagnosis, const struct net_address *address)
{
	socklen_t length = sizeof(int);
	int error = 0;

	if (connect(diagnosis->fd, (const struct sockaddr *)&address->storage, address->length) ==
	    0)
		return 0;
	if (errno != EINPROGRESS)
		return errno;
	if (!wait_for(diagnosis, POLLOUT))
		return ETIMEDOUT;
	getsockopt(diagnosis->fd, SOL_SOCKET, SO_ERROR, &error, &length);
	return error;
}

struct net_fault net_diagnose(const struct net_identity *identity,
			      const struct net_address *address, const char *host,
			      int64_t deadline_us)
{
	struct diagnosis diagnosis = {.identity = identity,
				      .host = host,
				      .deadline_us = deadline_us};
	struct net_fault fault;
	int error;

	diagnosis.fd =
		socket(address->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (diagnosis.fd < 0)
		return net_connect_fault(address, errno);
	error = connect_until(&diagnosis, address);
	fault = error == 0 ? diagnose_connected(&diagnosis) : net_connect_fault(address, error);
	close(diagnosis.fd);
	return fault;
}
