#include "tools/hub/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

enum {
	BACKLOG = 4096,
	USER_TIMEOUT_MS = 10000,
};

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static bool read_port(const char *text, in_port_t *ret_port)
{
	unsigned int port = 0;
	size_t i;

	for (i = 0; i < 5 && text[i] >= '0' && text[i] <= '9'; i++)
		port = port * 10 + (unsigned int)(text[i] - '0');
	if (i == 0 || text[i] != '\0' || port > UINT16_MAX)
		return false;
	*ret_port = htons((uint16_t)port);
	return true;
}

static bool read_v6(const char *text, union address *address, socklen_t *ret_length)
{
	const char *end = strstr(text, "]:");
	char host[INET6_ADDRSTRLEN];

	if (!end || (size_t)(end - text) > sizeof(host))
		return false;
	snprintf(host, sizeof(host), "%.*s", (int)(end - text - 1), text + 1);
	address->v6.sin6_family = AF_INET6;
	*ret_length = sizeof(address->v6);
	return inet_pton(AF_INET6, host, &address->v6.sin6_addr) == 1 &&
	       read_port(end + 2, &address->v6.sin6_port);
}

static bool read_v4(const char *text, union address *address, socklen_t *ret_length)
{
	const char *end = strchr(text, ':');
	char host[INET_ADDRSTRLEN];

	if (!end || (size_t)(end - text) >= sizeof(host))
		return false;
	snprintf(host, sizeof(host), "%.*s", (int)(end - text), text);
	address->v4.sin_family = AF_INET;
	*ret_length = sizeof(address->v4);
	return inet_pton(AF_INET, host, &address->v4.sin_addr) == 1 &&
	       read_port(end + 1, &address->v4.sin_port);
}

static bool read_address(const char *text, union address *ret_address, socklen_t *ret_length)
{
	memset(ret_address, 0, sizeof(*ret_address));
	return text[0] == '[' ? read_v6(text, ret_address, ret_length)
			      : read_v4(text, ret_address, ret_length);
}

bool listener_is_address(const char *text)
{
	union address address;
	socklen_t length;

	return read_address(text, &address, &length);
}

static int bind_and_listen(int fd, const union address *address, socklen_t length)
{
	const int on = 1, off = 0;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		return -errno;
	if (address->any.sa_family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) < 0)
		return -errno;
	if (bind(fd, &address->any, length) < 0 || listen(fd, BACKLOG) < 0)
		return -errno;
	return 0;
}

int listener_open(const char *text, int *ret_fd)
{
	union address address;
	socklen_t length;
	int fd, r;

	if (!read_address(text, &address, &length))
		return -EINVAL;
	fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	r = bind_and_listen(fd, &address, length);
	if (r < 0) {
		close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

void listener_name(int fd, char text[static LISTENER_TEXT_BYTES])
{
	char host[INET6_ADDRSTRLEN] = "?";
	union address address = {0};
	socklen_t length = sizeof(address);

	getsockname(fd, &address.any, &length);
	if (address.any.sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &address.v6.sin6_addr, host, sizeof(host));
		snprintf(text, LISTENER_TEXT_BYTES, "[%s]:%u", host, ntohs(address.v6.sin6_port));
	} else {
		inet_ntop(AF_INET, &address.v4.sin_addr, host, sizeof(host));
		snprintf(text, LISTENER_TEXT_BYTES, "%s:%u", host, ntohs(address.v4.sin_port));
	}
}

static void map_address(const union address *address, struct in6_addr *ret_address)
{
	if (address->any.sa_family == AF_INET6) {
		*ret_address = address->v6.sin6_addr;
		return;
	}
	*ret_address = (struct in6_addr)IN6ADDR_ANY_INIT;
	memset(&ret_address->s6_addr[10], 0xff, 2);
	memcpy(&ret_address->s6_addr[12], &address->v4.sin_addr, 4);
}

int listener_accept(int fd, int *ret_socket, struct in6_addr *ret_address)
{
	const int on = 1, timeout_ms = USER_TIMEOUT_MS;
	union address address = {0};
	socklen_t length = sizeof(address);
	int socket;

	socket = accept4(fd, &address.any, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (socket < 0)
		return -errno;
	/* Without them it is slower, not wrong. */
	(void)setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof(timeout_ms));
	*ret_socket = socket;
	map_address(&address, ret_address);
	return 0;
}

void listener_peer_name(int socket, char text[static LISTENER_TEXT_BYTES])
{
	union address address = {0};
	socklen_t length = sizeof(address);
	struct in6_addr mapped;

	if (getpeername(socket, &address.any, &length) < 0) {
		snprintf(text, LISTENER_TEXT_BYTES, "?");
		return;
	}
	map_address(&address, &mapped);
	listener_address_text(&mapped, text);
}

void listener_address_text(const struct in6_addr *address, char text[static INET6_ADDRSTRLEN])
{
	if (IN6_IS_ADDR_V4MAPPED(address))
		inet_ntop(AF_INET, &address->s6_addr[12], text, INET6_ADDRSTRLEN);
	else
		inet_ntop(AF_INET6, address, text, INET6_ADDRSTRLEN);
}

void listener_set_unsent_max(int socket, int bytes)
{
	(void)setsockopt(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, sizeof(bytes));
}

int64_t listener_silence_us(int socket)
{
	struct tcp_info info = {0};
	socklen_t length = sizeof(info);

	if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &length) < 0)
		return 0;
	return info.tcpi_last_data_recv * CLOCK_US_PER_MS;
}
