/*
 * TCP as the meeting wants it, and what the kernel knows of a path.
 */
#ifndef BALAI_NET_TCP_H
#define BALAI_NET_TCP_H

#include <stdbool.h>
#include <stdint.h>

/* The sender's view of a connection (Linux, struct tcp_info). */
struct net_path {
	uint32_t rtt_us;           /* smoothed */
	uint32_t min_rtt_us;       /* of the last minutes */
	uint32_t unsent_bytes;     /* handed to the kernel, not yet on the wire */
	uint32_t unacked_segments; /* on the wire */
	uint64_t
		delivery_rate_bps; /* bit/s of the last round trip that was measured; 0: none yet */
	bool is_app_limited;       /* the rate is what was sent, not what the path could bear */
};

/*
 * Sets TCP_NODELAY, TCP_NOTSENT_LOWAT = unsent_max, TCP_USER_TIMEOUT = 10 s, close-on-exec, and BBR
 * where the kernel has it, on a socket that is not connected yet. Returns 0 or -errno of what a
 * Linux kernel always has.
 */
int net_tcp_prepare(int fd, uint32_t unsent_max) __attribute__((warn_unused_result));

/* Returns 0 or -errno. */
int net_tcp_path(int fd, struct net_path *ret_path) __attribute__((warn_unused_result));

#endif
