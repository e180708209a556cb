/*
 * A screen that a test drives: it says how many buffers it has, can be unplugged, made to fail or
 * to change its size, and lets a test wait for a picture.
 */
#ifndef BALAI_TESTS_FAKE_SCREEN_H
#define BALAI_TESTS_FAKE_SCREEN_H

#include <stdint.h>

#include "screen/screen.h"

/* buffers: 1..3, the age a target has once each was presented. Returns 0, -EINVAL or -ENOMEM. */
int fake_screen_create(const struct screen_format *format, int buffers, struct screen **ret_screen)
	__attribute__((warn_unused_result));

/* What the ops return from now on; SCREEN_OK mends it. Any thread. */
void fake_screen_set_result(struct screen *screen, enum screen_result result);

/* The format of the next open; the open one answers SCREEN_CHANGED. Any thread. */
void fake_screen_set_format(struct screen *screen, const struct screen_format *format);

/*
 * Calls watch(context, picture) in the compositor's thread with each picture presented from now on;
 * NULL ends it.
 */
void fake_screen_set_watch(struct screen *screen,
			   void (*watch)(void *context, const AVFrame *picture), void *context);

/* Pictures presented and times opened since creation. Any thread. */
uint64_t fake_screen_presented(struct screen *screen);
uint64_t fake_screen_opened(struct screen *screen);

/* Waits until `presented` pictures were presented. Returns 0 or -ETIMEDOUT. Any thread. */
int fake_screen_wait(struct screen *screen, uint64_t presented, int64_t deadline_us)
	__attribute__((warn_unused_result));

#endif
