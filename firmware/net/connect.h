/*
 * The parts of connecting that block, as work for the thread net-wait: looking up a name, and
 * finding out why a server does not let us in.
 */
#ifndef BALAI_NET_CONNECT_H
#define BALAI_NET_CONNECT_H

#include <stddef.h>
#include <stdint.h>

#include "net/diagnose.h"
#include "net/fault.h"
#include "net/loop.h"

#define NET_ADDRESSES_MAX 8
#define NET_HOST_BYTES 254

struct net_connect {
	struct net_job job;
	char host[NET_HOST_BYTES];
	uint16_t port;
	struct net_identity *identity; /* to diagnose with; referenced; else NULL */
	/* What was found, best first; or the one to diagnose. */
	struct net_address addresses[NET_ADDRESSES_MAX];
	size_t address_count;
	struct net_fault fault; /* NET_FAULT_NONE: addresses were found, nothing is wrong */
	void (*done)(void *context, const struct net_connect *result);
	void *context;
};

/*
 * Each starts its task; done(context, …) runs in the net thread, unless it was abandoned before. They
 * return 0 and lend *ret_connect until then, or -ENOMEM or -EAGAIN.
 */
int net_connect_look_up(struct net_loop *loop, const char *host, uint16_t port,
			void (*done)(void *context, const struct net_connect *result),
			void *context, struct net_connect **ret_connect)
	__attribute__((warn_unused_result));

int net_connect_diagnose(struct net_loop *loop, const char *host, struct net_identity *identity,
			 const struct net_address *address,
			 void (*done)(void *context, const struct net_connect *result),
			 void *context, struct net_connect **ret_connect)
	__attribute__((warn_unused_result));

/* In the net thread: done() will not be called. NULL is allowed. */
void net_connect_abandon(struct net_connect *connect);

#endif
