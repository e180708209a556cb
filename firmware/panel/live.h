/*
 * The live view: a page on this machine that shows what is on the room's screen, over plain HTTP.
 *
 *     /            a page with the room's name and the picture
 *     /live        multipart/x-mixed-replace JPEG, at most 10 a second, only what changed
 *     /screen.png  the screen now
 *
 * It has no password, so it binds to a loopback address and answers only requests whose Host names
 * a loopback address (a web page elsewhere cannot have itself resolved to this one).
 * A thread of its own serves at most LIVE_CLIENTS_MAX connections; more are answered 503. A reader
 * that is slow skips pictures. With no reader nothing is copied or encoded.
 */
#ifndef BALAI_PANEL_LIVE_H
#define BALAI_PANEL_LIVE_H

#include <libavutil/frame.h>
#include <stdint.h>

#define LIVE_CLIENTS_MAX 8

struct live;

struct live_settings {
	const char *address; /* "127.0.0.1" (any of 127.0.0.0/8) or "::1" */
	uint16_t port;       /* 0: any free one */
	const char *room;    /* UTF-8; copied */
	/*
	 * In the live view's thread: a copy of the screen, as compose_copy() gives it, with the same
	 * meaning of serial, deadline and results.
	 */
	int (*copy)(void *context, uint64_t *serial, int64_t deadline_us, AVFrame **ret_picture);
	void *context;
};

/*
 * Listens and starts the thread. Returns 0 and hands over *ret_live; -EPERM, the address is not a
 * loopback one; -EINVAL, it is none at all; -EADDRINUSE or another -errno.
 */
int live_create(const struct live_settings *settings, struct live **ret_live)
	__attribute__((warn_unused_result));

/* Closes all connections and joins the thread. NULL is allowed. */
void live_destroy(struct live *live);

/* The port listened at. */
uint16_t live_port(const struct live *live);

#endif
