/*
 * The decoder "decode_m2m" behind screen/decode.h: a V4L2 stateful decoder of H.264. Its pictures lie
 * in the device's memory, DMABUF beside it, until they are released.
 */
#ifndef BALAI_DRIVERS_DECODE_M2M_H
#define BALAI_DRIVERS_DECODE_M2M_H

#include "drivers/v4l2_sys.h"
#include "screen/decode.h"

/* The kind, on the first such device of `sys`, which outlives it; NULL: the kernel's. */
struct vdec_kind decode_m2m_kind(const struct v4l2_sys *sys);

#endif
