/*
 * What a display by KMS is shown in: choices from lists that the kernel gives, without a device.
 */
#ifndef BALAI_DRIVERS_KMS_CHOOSE_H
#define BALAI_DRIVERS_KMS_CHOOSE_H

#include <libavutil/pixfmt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xf86drmMode.h>

#include "screen/screen.h"

#define KMS_FORMATS_MAX 3

/*
 * The display's preferred mode if its size is one of struct screen_format and it is not
 * interlaced, else the largest such mode, of two the one with the higher refresh up to 60 Hz.
 * Returns its index, or -1.
 */
int kms_choose_mode(const drmModeModeInfo *modes, size_t n);

/* Size and refresh of a mode, the latter rounded. */
struct screen_format kms_mode_format(const drmModeModeInfo *mode);

/*
 * Which of a plane's formats (DRM_FORMAT_*) can be used, best first: those of YCbCr spare bandwidth
 * but need a plane that knows BT.709. Fills `chosen` and returns how many.
 */
size_t kms_choose_formats(const uint32_t *formats, size_t n, bool has_bt709,
			  uint32_t chosen[KMS_FORMATS_MAX]);

/* The same format in libavutil's words; AV_PIX_FMT_NONE for one that is never chosen. */
enum AVPixelFormat kms_pixel_format(uint32_t format);

/* Where a picture lies in one buffer: planes from its start, in rows of `pitch` bytes. */
struct kms_plane_layout {
	int n_planes;
	uint32_t offsets[3];
	uint32_t pitches[3];
};

/* The rows of bytes that a picture of `height` lines needs in a buffer, for any chosen format. */
uint32_t kms_buffer_rows(uint32_t format, uint32_t height);

/* The bits of a pixel in the first plane. */
uint32_t kms_buffer_bits(uint32_t format);

struct kms_plane_layout kms_lay_out_planes(uint32_t format, uint32_t height, uint32_t pitch);

#endif
