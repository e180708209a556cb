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

enum net_connect_task {
	NET_CONNECT_LOOK_UP,
	NET_CONNECT_DIAGNOSE,
};

struct net_connect {
	struct net_job job;
	enum net_connect_task task;
	char host[NET_HOST_BYTES];
	uint16_t port;
	/* LOOK_UP: what was found, best first. DIAGNOSE: the one to diagnose. */
	struct net_address addresses[NET_ADDRESSES_MAX];
	size_t address_count;
	struct net_fault fault; /* NET_FAULT_NONE: addresses were found, nothing is wrong */
	void (*done)(void *context, const struct net_connect *result);
	void *context;
};

/*
 * Starts it; done(context, …) runs in the net thread, unless it was abandoned before. `address` is
 * for NET_CONNECT_DIAGNOSE. Returns 0 and lends *ret_connect until then, or -ENOMEM or -EAGAIN.
 */
int net_connect_start(struct net_loop *loop, enum net_connect_task task, const char *host,
		      uint16_t port, const struct net_address *address,
		      void (*done)(void *context, const struct net_connect *result), void *context,
		      struct net_connect **ret_connect) __attribute__((warn_unused_result));

/* In the net thread: done() will not be called. NULL is allowed. */
void net_connect_abandon(struct net_connect *connect);

#endif
