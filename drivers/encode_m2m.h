/*
 * The encoder "encode_m2m" behind camera/encode.h: a V4L2 stateful encoder of H.264.
 *
 * Pictures of a camera get in by DMABUF, without a copy, where the device takes their format, their
 * strides and their memory; else they are copied once into the device's own memory, and converted
 * on that way where it has none of their formats. venc_status() tells which, and why.
 */
#ifndef BALAI_DRIVERS_ENCODE_M2M_H
#define BALAI_DRIVERS_ENCODE_M2M_H

#include "camera/encode.h"
#include "drivers/v4l2_sys.h"

/* The kind, on the devices of `sys`, which outlives it; NULL: the kernel's. */
struct venc_kind encode_m2m_kind(const struct v4l2_sys *sys);

#endif
