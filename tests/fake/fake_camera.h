/*
 * A camera that does what a test says: how open() answers, and what next() gives, one after the
 * other.
 */
#ifndef BALAI_TESTS_FAKE_CAMERA_H
#define BALAI_TESTS_FAKE_CAMERA_H

#include "camera/camera.h"

/* All functions: any thread. */

/* Opens with `got`. Returns 0 and hands over *ret_cam, or -ENOMEM. */
int fake_camera_create(const struct cam_got *got, struct cam **ret_cam)
	__attribute__((warn_unused_result));

/* What open() answers from now on. */
void fake_camera_set_open(struct cam *cam, enum cam_result result);

/*
 * next() answers so after what was pushed before; takes the picture, which is needed for CAM_OK
 * alone. With nothing pushed, or while closed, next() waits.
 */
void fake_camera_push(struct cam *cam, enum cam_result result, const struct cam_picture *picture);

/* A grey picture of that size, its first luma byte being `mark`. pts as given. */
AVFrame *fake_camera_picture(enum AVPixelFormat format, int width, int height, uint8_t mark,
			     int64_t pts);

/* Times open() was called since creation, and whether it is open now. */
unsigned int fake_camera_opened(struct cam *cam);
bool fake_camera_is_open(struct cam *cam);

/* Waits until open() was called that many times. Returns 0 or -ETIMEDOUT. */
int fake_camera_wait_opened(struct cam *cam, unsigned int opened, int64_t deadline_us)
	__attribute__((warn_unused_result));

#endif
