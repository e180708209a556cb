/*
 * What an encoder of V4L2 is told by controls. Each is asked for first and left alone where the
 * device has none. Part of encode_m2m.
 */
#ifndef BALAI_DRIVERS_ENCODE_M2M_CONTROLS_H
#define BALAI_DRIVERS_ENCODE_M2M_CONTROLS_H

#include "camera/encode.h"
#include "drivers/m2m_device.h"

/* All but the orders: before the queues are started. Returns as encode_m2m_set_bitrate() does. */
int encode_m2m_set_controls(const struct m2m_device *device, const struct venc_format *format,
			    int64_t bitrate_bps);

/* At any time. Returns 0, also where there is no such control; -EBUSY: not now; -errno. */
int encode_m2m_set_bitrate(const struct m2m_device *device, const struct venc_format *format,
			   int64_t bitrate_bps);

/* The next picture is to be an IDR. 0, -ENOENT: there is no such control; -errno. */
int encode_m2m_force_keyframe(const struct m2m_device *device);

/* The lowest level of table A-1 that such a stream fits in: V4L2_MPEG_VIDEO_H264_LEVEL_… Pure. */
int64_t encode_m2m_level(int width, int height, int64_t frame_us, int64_t bitrate_bps);

#endif
