/* A bare TCP connection to a port of this machine, for what speaks no protocol or a broken one. */
#ifndef BALAI_TESTS_FAKE_LOOPBACK_H
#define BALAI_TESTS_FAKE_LOOPBACK_H

#include <stdint.h>

/*
 * Returns a close-on-exec socket, which the caller closes, or a negative errno. flags: 0, it is
 * connected; SOCK_NONBLOCK, it may still be connecting. Any thread.
 */
int loopback_connect(uint16_t port, int flags) __attribute__((warn_unused_result));

#endif
