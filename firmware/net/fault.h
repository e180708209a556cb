/*
 * Why a connection could not be made or came to its end, in words that help an IT person, and as an
 * enum for what the program does about it.
 */
#ifndef BALAI_NET_FAULT_H
#define BALAI_NET_FAULT_H

#include <stdint.h>

#define NET_FAULT_BYTES 400

enum net_fault_kind {
	NET_FAULT_NONE,
	/* This side's own set-up: trying again does not help. */
	NET_FAULT_IDENTITY, /* CA, certificate or key file unusable */
	/* No connection. */
	NET_FAULT_DNS,
	NET_FAULT_UNREACHABLE, /* no network, no route */
	NET_FAULT_REFUSED,     /* nothing listens there */
	NET_FAULT_TIMEOUT,
	/* The server's certificate or TLS. */
	NET_FAULT_CERTIFICATE_NAME,
	NET_FAULT_CERTIFICATE_CA,
	NET_FAULT_CERTIFICATE_EXPIRED,
	NET_FAULT_CERTIFICATE_NOT_YET,
	NET_FAULT_CERTIFICATE_OTHER, /* unusable for another reason, such as a weak key */
	NET_FAULT_TLS_VERSION,       /* the server offers no TLS 1.3 */
	NET_FAULT_TLS_REFUSED,       /* the server refuses this side's certificate, or wants one */
	NET_FAULT_TLS,               /* anything else in TLS */
	NET_FAULT_UPGRADE,           /* the server speaks HTTP but no websocket of ours */
	/* The end of an open connection. */
	NET_FAULT_CLOSED,    /* the server closed with a code */
	NET_FAULT_LOST,      /* ended without a word */
	NET_FAULT_SILENT,    /* nothing was heard for too long */
	NET_FAULT_PROTOCOL,  /* the server sent what it must not: closed with 1002 */
	NET_FAULT_TOO_LARGE, /* the server announced more than allowed: closed with 1009 */
	NET_FAULT_MEMORY,
};

struct net_fault {
	enum net_fault_kind kind;
	uint16_t close_code;        /* NET_FAULT_CLOSED: the code of RFC 6455; else 0 */
	char text[NET_FAULT_BYTES]; /* one line of printable ASCII */
};

struct net_fault net_fault_make(enum net_fault_kind kind, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* "certificate-expired": for Status and logs that machines read. */
const char *net_fault_name(enum net_fault_kind kind);

#endif
