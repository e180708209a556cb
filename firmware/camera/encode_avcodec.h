/*
 * Encoders of libavcodec behind camera/encode.h:
 *
 * "libx264"       software; constrained baseline, sliced threads, no delay, bit rate while running
 * "h264_v4l2m2m"  a V4L2 stateful encoder; bit rate by opening anew, copies its input
 */
#ifndef BALAI_CAMERA_ENCODE_AVCODEC_H
#define BALAI_CAMERA_ENCODE_AVCODEC_H

#include "camera/encode.h"

/* The static table of both. */
const struct venc_kind *venc_avcodec_kinds(size_t *ret_count);

#endif
