/*
 * The camera that a board or a setting names.
 */
#ifndef BALAI_DRIVERS_CAMERA_SELECT_H
#define BALAI_DRIVERS_CAMERA_SELECT_H

#include "camera/camera.h"

/*
 * device: "test:" or "test:TAG" (TAG 0..255: of the time strip), "file:PATH", or what
 * camera_v4l2_create() takes. Opens nothing yet. Returns 0 and hands over *ret_cam, or -errno.
 */
int camera_select(const char *device, struct cam **ret_cam) __attribute__((warn_unused_result));

#endif
