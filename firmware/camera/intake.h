/*
 * From what a camera gives to what encoders take: JPEG decoded, sides made even, other pixel formats
 * converted. A picture that is right already passes without a copy.
 */
#ifndef BALAI_CAMERA_INTAKE_H
#define BALAI_CAMERA_INTAKE_H

#include "camera/camera.h"

struct intake;

/* convert_to: see struct capture_config. Returns 0 and hands over *ret_intake, or -ENOMEM, -ENOSYS. */
int intake_create(enum AVPixelFormat convert_to, struct intake **ret_intake)
	__attribute__((warn_unused_result));

/* NULL is allowed. */
void intake_destroy(struct intake *intake);

/*
 * Takes what `taken` holds in every case. Returns 0 and hands over *ret_picture; -EILSEQ: a damaged
 * JPEG; -ENOTSUP: a pixel format that cannot be converted; -ENOMEM. One thread at a time.
 */
int intake_run(struct intake *intake, const struct cam_got *got, struct cam_picture *taken,
	       AVFrame **ret_picture) __attribute__((warn_unused_result));

#endif
