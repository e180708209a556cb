#include "net/connect.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define DIAGNOSIS_US (5 * CLOCK_US_PER_S)

static struct net_fault look_up_fault(const char *host, int error)
{
	if (error == EAI_AGAIN)
		return net_fault_make(NET_FAULT_DNS,
				      "no DNS server answers for \"%s\": is the room's network "
				      "connected?",
				      host);
	return net_fault_make(NET_FAULT_DNS, "the hub's name \"%s\" is not in DNS: %s", host,
			      gai_strerror(error));
}

static void take_addresses(struct net_connect *connect, const struct addrinfo *list)
{
	struct net_address *address;

	for (; list != NULL && connect->address_count < NET_ADDRESSES_MAX; list = list->ai_next) {
		address = &connect->addresses[connect->address_count++];
		memcpy(&address->storage, list->ai_addr, list->ai_addrlen);
		address->length = list->ai_addrlen;
	}
}

static void look_up(struct net_connect *connect)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC,
				       .ai_socktype = SOCK_STREAM,
				       .ai_flags = AI_NUMERICSERV};
	struct addrinfo *list;
	char port[8];
	int r;

	/* libwebsockets takes what is behind a colon in the host for a port, and would then check
	 * the certificate for another name. */
	if (strchr(connect->host, ':') != NULL) {
		connect->fault = net_fault_make(NET_FAULT_ADDRESS,
						"the hub cannot be told by an IPv6 address (%s): "
						"give it a name in DNS",
						connect->host);
		return;
	}
	snprintf(port, sizeof(port), "%u", connect->port);
	r = getaddrinfo(connect->host, port, &hints, &list);
	if (r != 0) {
		connect->fault = look_up_fault(connect->host, r);
		return;
	}
	take_addresses(connect, list);
	freeaddrinfo(list);
}

static void work(struct net_job *job)
{
	struct net_connect *connect = (struct net_connect *)job;

	if (connect->task == NET_CONNECT_LOOK_UP)
		look_up(connect);
	else
		connect->fault = net_diagnose(net_loop_identity(job->loop), &connect->addresses[0],
					      connect->host, clock_now_us() + DIAGNOSIS_US);
}

static void done(struct net_job *job)
{
	struct net_connect *connect = (struct net_connect *)job;

	if (connect->done != NULL)
		connect->done(connect->context, connect);
	free(connect);
}

int net_connect_start(struct net_loop *loop, enum net_connect_task task, const char *host,
		      uint16_t port, const struct net_address *address,
		      void (*on_done)(void *context, const struct net_connect *result),
		      void *context, struct net_connect **ret_connect)
{
	struct net_connect *connect = calloc(1, sizeof(*connect));
	int r;

	if (connect == NULL)
		return -ENOMEM;
	connect->job.work = work;
	connect->job.done = done;
	connect->task = task;
	connect->port = port;
	connect->done = on_done;
	connect->context = context;
	snprintf(connect->host, sizeof(connect->host), "%s", host);
	if (task == NET_CONNECT_DIAGNOSE) {
		connect->addresses[0] = *address;
		connect->address_count = 1;
	}
	r = net_loop_work(loop, &connect->job);
	if (r < 0)
		return r;
	*ret_connect = connect;
	return 0;
}

void net_connect_abandon(struct net_connect *connect)
{
	if (connect != NULL)
		connect->done = NULL;
}
