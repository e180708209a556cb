/*
 * What the live view decides without a connection: the page, and which addresses are loopback.
 */
#ifndef BALAI_PANEL_LIVE_PAGE_H
#define BALAI_PANEL_LIVE_PAGE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The page as HTML, with the room's name made harmless. Returns 0 and hands over *ret_page (free)
 * of *ret_length bytes, or -ENOMEM.
 */
int live_page_create(const char *room, char **ret_page, size_t *ret_length)
	__attribute__((warn_unused_result));

/* True for 127.0.0.0/8 and ::1 in figures; *ret_family is AF_INET or AF_INET6. */
bool live_address_is_loopback(const char *address, int *ret_family);

/*
 * True when the value of a Host header (RFC 9110, 7.2) names a loopback address or "localhost", with
 * or without a port.
 */
bool live_host_is_loopback(const char *host);

#endif
