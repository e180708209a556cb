#include "drivers/kms_choose.h"

#include <drm_fourcc.h>

/* Faster ones cost work that nobody sees in a camera's picture. */
#define REFRESH_WANTED_HZ 60

struct screen_format kms_mode_format(const drmModeModeInfo *mode)
{
	return (struct screen_format){
		.width = mode->hdisplay,
		.height = mode->vdisplay,
		.refresh_hz = (int)mode->vrefresh,
	};
}

static bool is_usable(const drmModeModeInfo *mode)
{
	struct screen_format format = kms_mode_format(mode);

	return screen_format_is_valid(&format) && !(mode->flags & DRM_MODE_FLAG_INTERLACE);
}

static int pixels(const drmModeModeInfo *mode)
{
	return mode->hdisplay * mode->vdisplay;
}

static bool is_better(const drmModeModeInfo *mode, const drmModeModeInfo *than)
{
	bool is_fast = mode->vrefresh > REFRESH_WANTED_HZ;
	bool than_is_fast = than->vrefresh > REFRESH_WANTED_HZ;

	if (pixels(mode) != pixels(than))
		return pixels(mode) > pixels(than);
	if (is_fast != than_is_fast)
		return than_is_fast;
	return is_fast ? mode->vrefresh < than->vrefresh : mode->vrefresh > than->vrefresh;
}

int kms_choose_mode(const drmModeModeInfo *modes, size_t n)
{
	int best = -1;

	for (size_t i = 0; i < n; i++) {
		if (!is_usable(&modes[i]))
			continue;
		if (modes[i].type & DRM_MODE_TYPE_PREFERRED)
			return (int)i;
		if (best < 0 || is_better(&modes[i], &modes[best]))
			best = (int)i;
	}
	return best;
}

size_t kms_choose_formats(const uint32_t *formats, size_t n, bool has_bt709,
			  uint32_t chosen[KMS_FORMATS_MAX])
{
	static const struct {
		uint32_t format;
		bool is_ycbcr;
	} order[KMS_FORMATS_MAX] = {
		{DRM_FORMAT_YUV420, true},
		{DRM_FORMAT_NV12, true},
		{DRM_FORMAT_XRGB8888, false},
	};
	size_t n_chosen = 0;

	for (size_t i = 0; i < KMS_FORMATS_MAX; i++) {
		for (size_t k = 0; k < n; k++) {
			if (formats[k] != order[i].format || (order[i].is_ycbcr && !has_bt709))
				continue;
			chosen[n_chosen++] = formats[k];
			break;
		}
	}
	return n_chosen;
}

enum AVPixelFormat kms_pixel_format(uint32_t format)
{
	switch (format) {
	case DRM_FORMAT_YUV420:
		return AV_PIX_FMT_YUV420P;
	case DRM_FORMAT_NV12:
		return AV_PIX_FMT_NV12;
	case DRM_FORMAT_XRGB8888:
		return AV_PIX_FMT_BGR0;
	default:
		return AV_PIX_FMT_NONE;
	}
}

uint32_t kms_buffer_rows(uint32_t format, uint32_t height)
{
	return format == DRM_FORMAT_XRGB8888 ? height : height + height / 2;
}

uint32_t kms_buffer_bits(uint32_t format)
{
	return format == DRM_FORMAT_XRGB8888 ? 32 : 8;
}

struct kms_plane_layout kms_lay_out_planes(uint32_t format, uint32_t height, uint32_t pitch)
{
	uint32_t luma = pitch * height;

	switch (format) {
	case DRM_FORMAT_YUV420:
		return (struct kms_plane_layout){
			.n_planes = 3,
			.offsets = {0, luma, luma + luma / 4},
			.pitches = {pitch, pitch / 2, pitch / 2},
		};
	case DRM_FORMAT_NV12:
		return (struct kms_plane_layout){
			.n_planes = 2,
			.offsets = {0, luma},
			.pitches = {pitch, pitch},
		};
	default:
		return (struct kms_plane_layout){.n_planes = 1, .pitches = {pitch}};
	}
}
