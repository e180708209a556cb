/*
 * The test pattern of drivers/camera_test.h behind faults: a camera that a test hides, occupies and
 * unplugs while a room uses it, or whose JPEGs come damaged.
 *
 * Below the middle it paints a patch of a grey that its time tells, so that a picture whose lower part
 * is older than its time strip is found out.
 */
#ifndef BALAI_TESTS_FAKE_FAULTY_CAMERA_H
#define BALAI_TESTS_FAKE_FAULTY_CAMERA_H

#include "camera/camera.h"

enum faulty_camera_form {
	FAULTY_CAMERA_RAW,   /* what the pattern gives */
	FAULTY_CAMERA_MJPEG, /* JPEGs, of which every third ends after a third of it */
};

/* The patch's middle in percent of the picture's width and height, and its luma at that time. */
#define FAULTY_CAMERA_PATCH_X 12
#define FAULTY_CAMERA_PATCH_Y 69
static inline int faulty_camera_patch(int64_t time_us)
{
	return 40 + 50 * (int)(time_us % 4);
}

/* Returns 0 and hands over *ret_cam, or -ENOMEM. */
int faulty_camera_create(uint8_t tag, enum faulty_camera_form form, struct cam **ret_cam)
	__attribute__((warn_unused_result));

/* What open() answers from now on; anything but CAM_OK unplugs the open one. Any thread. */
void faulty_camera_set(struct cam *cam, enum cam_result result);

#endif
