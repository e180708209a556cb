/*
 * The camera that a board or a setting names.
 */
#ifndef BALAI_DRIVERS_CAMERA_SELECT_H
#define BALAI_DRIVERS_CAMERA_SELECT_H

#include "camera/camera.h"

/*
 * device: "test:", "file:PATH", or what camera_v4l2_create() takes. tag: of the time strip that
 * the first two draw. Opens nothing yet. Returns 0 and hands over *ret_cam, or -errno.
 */
int camera_select(const char *device, uint8_t tag, struct cam **ret_cam)
	__attribute__((warn_unused_result));

#endif
