/*
 * A generated camera: colour bars, a moving bar, a frame counter and the time strip
 * (camera/timestrip.h), at the wanted size and rate, as NV12 or YUV420P.
 */
#ifndef BALAI_DRIVERS_CAMERA_TEST_H
#define BALAI_DRIVERS_CAMERA_TEST_H

#include "camera/camera.h"

/* tag: see struct timestrip; it also shifts the colours, so that rooms look different. */
int camera_test_create(uint8_t tag, struct cam **ret_cam) __attribute__((warn_unused_result));

#endif
