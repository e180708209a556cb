/*
 * Why does a server not let this side in? A TLS 1.3 handshake of its own, in which nothing is sent,
 * that ends in words: libwebsockets keeps the details of a failed handshake to itself.
 *
 * The certificate is checked exactly as for a real connection; the outcome is never used to allow
 * one.
 */
#ifndef BALAI_NET_DIAGNOSE_H
#define BALAI_NET_DIAGNOSE_H

#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

#include "net/fault.h"
#include "net/identity.h"

struct net_address {
	struct sockaddr_storage storage;
	socklen_t length;
};

/*
 * Blocks until it knows, at most until deadline_us (CLOCK_MONOTONIC). `host` is the name that the
 * certificate has to bear. NET_FAULT_NONE when it finds nothing wrong.
 */
struct net_fault net_diagnose(const struct net_identity *identity,
			      const struct net_address *address, const char *host,
			      int64_t deadline_us);

/* For the errno of connect(): "nothing listens at 192.0.2.1 port 8443". */
struct net_fault net_connect_fault(const struct net_address *address, int error);

#endif
