/*
 * Listening sockets, and the addresses of those who connect to them.
 */
#ifndef BALAI_HUB_LISTENER_H
#define BALAI_HUB_LISTENER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define LISTENER_TEXT_BYTES (INET6_ADDRSTRLEN + 8)

/* "0.0.0.0:443" or "[::]:443", with numeric addresses; port 0: any that is free. */
bool listener_is_address(const char *text);

/*
 * A TCP socket that listens on `text`, non-blocking and close-on-exec, owned by the caller; an IPv6
 * one takes IPv4, too. Returns 0 and *ret_fd, or -errno; -EINVAL where it is no address.
 */
int listener_open(const char *text, int *ret_fd) __attribute__((warn_unused_result));

/* Where it listens, "127.0.0.1:4433". */
void listener_name(int fd, char text[static LISTENER_TEXT_BYTES]);

/*
 * Takes one connection: non-blocking, close-on-exec, TCP_NODELAY, TCP_USER_TIMEOUT 10 s. Returns 0
 * with its socket, owned by the caller, and its peer's IP address, an IPv4 one mapped into IPv6;
 * or -errno, -EAGAIN when none waits.
 */
int listener_accept(int fd, int *ret_socket, struct in6_addr *ret_address)
	__attribute__((warn_unused_result));

/* Whose the other end of a socket is: its IP address, "?" where it is gone. */
void listener_peer_name(int socket, char text[static LISTENER_TEXT_BYTES]);

/* "192.0.2.1" or "2001:db8::1" */
void listener_address_text(const struct in6_addr *address, char text[static INET6_ADDRSTRLEN]);

/* How long ago the last byte came in; 0 where that cannot be told. */
int64_t listener_silence_us(int socket);

/* Bytes that the kernel may hold unsent before the socket counts as not writable. */
void listener_set_unsent_max(int socket, int bytes);

#endif
