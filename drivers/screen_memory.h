/*
 * A screen that is memory alone, for a machine without a display, for demo and test: seen through
 * compose_copy().
 */
#ifndef BALAI_DRIVERS_SCREEN_MEMORY_H
#define BALAI_DRIVERS_SCREEN_MEMORY_H

#include "screen/screen.h"

/* Returns 0 and hands over *ret_screen, -EINVAL for a format out of range, or -ENOMEM. */
int screen_memory_create(const struct screen_format *format, struct screen **ret_screen)
	__attribute__((warn_unused_result));

#endif
