/*
 * An identity in use: what the connections of one loop that are made with it share. To take up new
 * certificate files is to make another one. All functions are of the net thread.
 */
#ifndef BALAI_NET_TLS_H
#define BALAI_NET_TLS_H

#include "net/fault.h"
#include "net/identity.h"
#include "net/loop.h"

struct net_tls;

/* Reads the files. Returns 0 and hands over *ret_tls, or as net_identity_load(). */
int net_tls_create(struct net_loop *loop, const struct net_identity_files *files,
		   struct net_tls **ret_tls, struct net_fault *ret_fault)
	__attribute__((warn_unused_result));

/* After the websockets made with it; what of them is still closing ends at once. NULL is allowed. */
void net_tls_destroy(struct net_tls *tls);

struct net_identity *net_tls_identity(const struct net_tls *tls);

#endif
