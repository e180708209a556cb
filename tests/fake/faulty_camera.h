/*
 * The test pattern of drivers/camera_test.h behind faults: a camera that a test hides, occupies and
 * unplugs while a room uses it, or whose JPEGs come damaged.
 */
#ifndef BALAI_TESTS_FAKE_FAULTY_CAMERA_H
#define BALAI_TESTS_FAKE_FAULTY_CAMERA_H

#include "camera/camera.h"

enum faulty_camera_form {
	FAULTY_CAMERA_RAW,   /* what the pattern gives */
	FAULTY_CAMERA_MJPEG, /* JPEGs, of which every third ends in its middle */
};

/* Returns 0 and hands over *ret_cam, or -ENOMEM. */
int faulty_camera_create(uint8_t tag, enum faulty_camera_form form, struct cam **ret_cam)
	__attribute__((warn_unused_result));

/* What open() answers from now on; anything but CAM_OK unplugs the open one. Any thread. */
void faulty_camera_set(struct cam *cam, enum cam_result result);

#endif
