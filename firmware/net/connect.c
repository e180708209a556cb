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

	snprintf(port, sizeof(port), "%u", connect->port);
	r = getaddrinfo(connect->host, port, &hints, &list);
	if (r != 0) {
		connect->fault = look_up_fault(connect->host, r);
		return;
	}
	take_addresses(connect, list);
	freeaddrinfo(list);
}

static void work_look_up(struct net_job *job)
{
	look_up((struct net_connect *)job);
}

static void work_diagnose(struct net_job *job)
{
	struct net_connect *connect = (struct net_connect *)job;

	connect->fault = net_diagnose(connect->identity, &connect->addresses[0], connect->host,
				      clock_now_us() + DIAGNOSIS_US);
}

static void destroy(struct net_job *job)
{
	struct net_connect *connect = (struct net_connect *)job;

	net_identity_unref(connect->identity);
	free(connect);
}

static void done(struct net_job *job)
{
	struct net_connect *connect = (struct net_connect *)job;

	if (connect->done != NULL)
		connect->done(connect->context, connect);
	destroy(job);
}

static struct net_connect *
allocate(const char *host, void (*on_done)(void *context, const struct net_connect *result),
	 void *context)
{
	struct net_connect *connect = calloc(1, sizeof(*connect));

	if (connect == NULL)
		return NULL;
	connect->job.done = done;
	connect->job.destroy = destroy;
	connect->done = on_done;
	connect->context = context;
	snprintf(connect->host, sizeof(connect->host), "%s", host);
	return connect;
}

static int start(struct net_loop *loop, struct net_connect *connect,
		 struct net_connect **ret_connect)
{
	int r = net_loop_work(loop, &connect->job);

	if (r == 0)
		*ret_connect = connect;
	return r;
}

int net_connect_look_up(struct net_loop *loop, const char *host, uint16_t port,
			void (*on_done)(void *context, const struct net_connect *result),
			void *context, struct net_connect **ret_connect)
{
	struct net_connect *connect = allocate(host, on_done, context);

	if (connect == NULL)
		return -ENOMEM;
	connect->job.work = work_look_up;
	connect->port = port;
	return start(loop, connect, ret_connect);
}

int net_connect_diagnose(struct net_loop *loop, const char *host, struct net_identity *identity,
			 const struct net_address *address,
			 void (*on_done)(void *context, const struct net_connect *result),
			 void *context, struct net_connect **ret_connect)
{
	struct net_connect *connect = allocate(host, on_done, context);

	if (connect == NULL)
		return -ENOMEM;
	connect->job.work = work_diagnose;
	connect->identity = net_identity_ref(identity);
	connect->addresses[0] = *address;
	connect->address_count = 1;
	return start(loop, connect, ret_connect);
}

void net_connect_abandon(struct net_connect *connect)
{
	if (connect != NULL)
		connect->done = NULL;
}
