#include "net/tcp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define USER_TIMEOUT_MS 10000

static int set_option(int fd, int option, int value)
{
	return setsockopt(fd, IPPROTO_TCP, option, &value, sizeof(value)) == 0 ? 0 : -errno;
}

int net_tcp_prepare(int fd, uint32_t unsent_max)
{
	static const char congestion[] = "bbr";
	int r;

	/* A kernel without BBR keeps its default. */
	setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, congestion, sizeof(congestion) - 1);
	r = set_option(fd, TCP_NODELAY, 1);
	if (r == 0)
		r = set_option(fd, TCP_NOTSENT_LOWAT, (int)unsent_max);
	if (r == 0)
		r = set_option(fd, TCP_USER_TIMEOUT, USER_TIMEOUT_MS);
	if (r == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
		r = -errno;
	return r;
}

int net_tcp_path(int fd, struct net_path *ret_path)
{
	struct tcp_info info;
	socklen_t length = sizeof(info);

	/* An older kernel fills in less. */
	memset(&info, 0, sizeof(info));
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0)
		return -errno;
	*ret_path = (struct net_path){
		.rtt_us = info.tcpi_rtt,
		.min_rtt_us = info.tcpi_min_rtt,
		.unsent_bytes = info.tcpi_notsent_bytes,
		.unacked_segments = info.tcpi_unacked,
		.delivery_rate_bps = info.tcpi_delivery_rate * 8,
		.is_app_limited = info.tcpi_delivery_rate_app_limited,
	};
	return 0;
}
