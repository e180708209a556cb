/*
 * The requests of this side that wait for an answer: which method an id stood for, and when it
 * left. One thread.
 */
#ifndef BALAI_MEETING_REQUESTS_H
#define BALAI_MEETING_REQUESTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "meeting/message.h"

#define REQUESTS_MAX 64

struct request {
	int64_t id; /* 0: this place is free */
	enum message_method method;
	int64_t sent_us; /* CLOCK_MONOTONIC */
};

/* {0} is an empty one. All members are private. */
struct requests {
	struct request waiting[REQUESTS_MAX];
	int64_t last_id;
};

/* Returns the id for a new request, or -ENOBUFS when too many wait. */
int64_t requests_add(struct requests *requests, enum message_method method, int64_t now_us);

/* A message_method_of(): the context is a struct requests. */
int requests_method_of(void *context, int64_t id);

/* When request `id` left; it waits no more. 0 where it did not wait. */
int64_t requests_finish(struct requests *requests, int64_t id);

/* When the one that waits longest left; 0: none waits. */
int64_t requests_oldest_us(const struct requests *requests);

/* Nothing is waited for; ids go on. */
void requests_clear(struct requests *requests);

#endif
