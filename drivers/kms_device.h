/*
 * Finding a display on a KMS device, and what has to be known to show pictures on it.
 */
#ifndef BALAI_DRIVERS_KMS_DEVICE_H
#define BALAI_DRIVERS_KMS_DEVICE_H

#include <stddef.h>
#include <stdint.h>
#include <xf86drmMode.h>

#include "drivers/kms_choose.h"
#include "screen/screen.h"

/*
 *     plane (reads a buffer) ──► CRTC (its mode) ──► connector (the display)
 *
 * Ids of the three, and of those of their properties that are set.
 */
struct kms_pipe {
	uint32_t connector, crtc, plane;
	drmModeModeInfo mode;
	uint32_t formats[KMS_FORMATS_MAX]; /* of the plane, best first */
	size_t n_formats;

	uint32_t connector_crtc_id;
	uint32_t crtc_mode_id, crtc_active;
	uint32_t plane_fb_id, plane_crtc_id;
	uint32_t src_x, src_y, src_w, src_h;
	uint32_t crtc_x, crtc_y, crtc_w, crtc_h;
	uint32_t color_encoding, color_range; /* 0: the plane has none */
	uint64_t bt709, limited_range;        /* their values */
};

/*
 * device: see screen_kms_create(). Opens it as master and finds a connected display with a mode and
 * a plane that can be used. Returns SCREEN_OK with *ret_fd, to be closed by close(2), and *ret_pipe;
 * else the reason is in `reason`.
 */
enum screen_result kms_device_open(const char *device, int *ret_fd, struct kms_pipe *ret_pipe,
				   char *reason, size_t reason_size)
	__attribute__((warn_unused_result));

/* SCREEN_UNPLUGGED when the display was taken off, as far as the kernel knows. */
enum screen_result kms_device_check(int fd, const struct kms_pipe *pipe);

#endif
