/*
 * A display by the kernel's mode setting (DRM/KMS, atomic): the first connected connector in its
 * preferred mode, full screen, on two dumb buffers that are flipped.
 */
#ifndef BALAI_DRIVERS_SCREEN_KMS_H
#define BALAI_DRIVERS_SCREEN_KMS_H

#include "screen/screen.h"

/*
 * device: "/dev/dri/cardN", or "auto" for the first that has a connected display. Opens nothing
 * yet. Returns 0 and hands over *ret_screen, -EINVAL or -ENOMEM.
 */
int screen_kms_create(const char *device, struct screen **ret_screen)
	__attribute__((warn_unused_result));

#endif
