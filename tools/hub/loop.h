/*
 * The hub's event loop: epoll(7) under libwebsockets, in place of its own poll(2), which looks at
 * every connection each time where only those that have something to say need be looked at.
 *
 * Belongs to the hub's one thread.
 */
#ifndef BALAI_HUB_LOOP_H
#define BALAI_HUB_LOOP_H

#include <libwebsockets.h>

struct loop;

/* For descriptors below files_max. Returns 0 and hands over *ret_loop, or -errno. */
int loop_create(size_t files_max, struct loop **ret_loop) __attribute__((warn_unused_result));

/* After the context that uses it; NULL is allowed. */
void loop_destroy(struct loop *loop);

/* Makes a context that is to be created use the loop. */
void loop_serve(struct loop **loop, struct lws_context_creation_info *info);

/* Waits for something to happen, a timer included, and does what is due. */
void loop_run(struct loop *loop, struct lws_context *context);

#endif
