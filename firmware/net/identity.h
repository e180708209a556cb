/*
 * Who this side is in TLS and whom it trusts: a CA, a certificate and its key, read and checked
 * once. The system's own CAs are never consulted.
 */
#ifndef BALAI_NET_IDENTITY_H
#define BALAI_NET_IDENTITY_H

#include <mbedtls/pk.h>
#include <mbedtls/x509_crt.h>
#include <stddef.h>
#include <stdint.h>

#include "base/file.h"
#include "net/fault.h"

struct net_identity_files {
	const char *ca;          /* PEM: one or more CA certificates */
	const char *certificate; /* PEM: this side's, then those between it and its CA */
	const char *key;         /* PEM, without a password */
};

/* Counted; but for the count nothing in it ever changes, so any thread may read it. */
struct net_identity {
	_Atomic unsigned int references;
	struct file_bytes ca_pem;
	struct file_bytes certificate_pem;
	struct file_bytes key_pem;
	mbedtls_x509_crt ca;
	mbedtls_x509_crt certificate;
	mbedtls_pk_context key;
};

/*
 * Reads and parses the files; the key has to fit the certificate. Returns 0 and hands over
 * *ret_identity, or -EINVAL or -ENOMEM with *ret_fault set to NET_FAULT_IDENTITY or _MEMORY.
 */
int net_identity_load(const struct net_identity_files *files, struct net_identity **ret_identity,
		      struct net_fault *ret_fault) __attribute__((warn_unused_result));

/* Returns `identity`. Any thread, and so for net_identity_unref(). */
struct net_identity *net_identity_ref(struct net_identity *identity);

/* The last one wipes the key. NULL is allowed. */
void net_identity_unref(struct net_identity *identity);

#endif
