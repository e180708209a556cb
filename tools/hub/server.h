/*
 * The hub: its listeners, its loop, and what happens at start and stop.
 */
#ifndef BALAI_HUB_SERVER_H
#define BALAI_HUB_SERVER_H

#include "base/clock.h"
#include "tools/hub/config.h"

struct server;

/* Open files that the hub needs for a configuration. */
size_t server_files(const struct config *config);

/*
 * Listens. `signals` is a signalfd(2) and becomes the server's in every case: SIGHUP reads the
 * certificates anew, any other ends server_run(). The configuration is copied, the clock must
 * outlive it. Returns 0 and hands over *ret_server, or -errno with the reason in the log.
 */
int server_create(const struct config *config, const struct clock *clock, int signals,
		  struct server **ret_server) __attribute__((warn_unused_result));

/* Cuts what still stands; NULL is allowed. */
void server_destroy(struct server *server);

/* Relays until a signal; then closes all connections with 1001, for at most 1.5 s. */
void server_run(struct server *server);

#endif
