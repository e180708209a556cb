#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <drm_fourcc.h>
#include <errno.h>
#include <string.h>

#include "drivers/kms_choose.h"
#include "drivers/kms_device.h"
#include "drivers/screen_kms.h"

static drmModeModeInfo mode(uint16_t width, uint16_t height, uint32_t refresh, uint32_t type,
			    uint32_t flags)
{
	return (drmModeModeInfo){.hdisplay = width,
				 .vdisplay = height,
				 .vrefresh = refresh,
				 .type = type,
				 .flags = flags};
}

static void test_choose_mode(void **state)
{
	const uint32_t preferred = DRM_MODE_TYPE_PREFERRED, laced = DRM_MODE_FLAG_INTERLACE;
	const struct {
		drmModeModeInfo modes[4];
		size_t n;
		int chosen;
	} table[] = {
		{{{0}}, 0, -1},
		{{mode(1920, 1080, 60, 0, 0)}, 1, 0},
		{{mode(1280, 720, 60, 0, 0), mode(1920, 1080, 60, preferred, 0),
		  mode(3840, 2160, 30, 0, 0)},
		 3,
		 1},
		{{mode(1280, 720, 60, 0, 0), mode(3840, 2160, 30, 0, 0),
		  mode(1920, 1080, 60, 0, 0)},
		 3,
		 1},
		/* Larger than a screen may be, interlaced, of odd size, without refresh. */
		{{mode(7680, 4320, 60, preferred, 0), mode(1920, 1080, 60, 0, 0)}, 2, 1},
		{{mode(1920, 1080, 60, preferred, laced), mode(1280, 720, 50, 0, 0)}, 2, 1},
		{{mode(1366, 767, 60, preferred, 0), mode(1024, 768, 60, 0, 0)}, 2, 1},
		{{mode(1920, 1080, 0, preferred, 0)}, 1, -1},
		/* The refresh nearest to 60 Hz from below, else from above. */
		{{mode(1920, 1080, 50, 0, 0), mode(1920, 1080, 60, 0, 0),
		  mode(1920, 1080, 144, 0, 0), mode(1920, 1080, 24, 0, 0)},
		 4,
		 1},
		{{mode(1920, 1080, 144, 0, 0), mode(1920, 1080, 120, 0, 0)}, 2, 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_int_equal(kms_choose_mode(table[i].modes, table[i].n), table[i].chosen);
}

static void test_choose_formats(void **state)
{
	static const struct {
		uint32_t formats[4];
		size_t n;
		bool has_bt709;
		uint32_t chosen[KMS_FORMATS_MAX];
		size_t n_chosen;
	} table[] = {
		{{0}, 0, true, {0}, 0},
		{{DRM_FORMAT_XRGB8888}, 1, false, {DRM_FORMAT_XRGB8888}, 1},
		{{DRM_FORMAT_RGB565, DRM_FORMAT_ARGB8888}, 2, true, {0}, 0},
		{{DRM_FORMAT_XRGB8888, DRM_FORMAT_NV12, DRM_FORMAT_YUV420},
		 3,
		 true,
		 {DRM_FORMAT_YUV420, DRM_FORMAT_NV12, DRM_FORMAT_XRGB8888},
		 3},
		{{DRM_FORMAT_NV12, DRM_FORMAT_XRGB8888}, 2, false, {DRM_FORMAT_XRGB8888}, 1},
		{{DRM_FORMAT_NV12}, 1, true, {DRM_FORMAT_NV12}, 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		uint32_t chosen[KMS_FORMATS_MAX] = {0};

		assert_int_equal(kms_choose_formats(table[i].formats, table[i].n,
						    table[i].has_bt709, chosen),
				 table[i].n_chosen);
		assert_memory_equal(chosen, table[i].chosen, sizeof(chosen));
	}
}

/* Planes lie one behind the other, inside what was allocated. */
static void test_lay_out_planes(void **state)
{
	static const struct {
		uint32_t format;
		uint32_t pitch;
		int n_planes;
		uint32_t end; /* of the last plane */
	} table[] = {
		{DRM_FORMAT_YUV420, 1024, 3, 1024 * 720 * 3 / 2},
		{DRM_FORMAT_NV12, 1024, 2, 1024 * 720 * 3 / 2},
		{DRM_FORMAT_XRGB8888, 4096, 1, 4096 * 720},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		uint32_t format = table[i].format, pitch = table[i].pitch;
		struct kms_plane_layout layout = kms_lay_out_planes(format, 720, pitch);
		uint32_t end = 0;

		assert_int_equal(layout.n_planes, table[i].n_planes);
		for (int k = 0; k < layout.n_planes; k++) {
			assert_int_equal(layout.offsets[k], end);
			end += layout.pitches[k] * (k ? 360 : 720);
		}
		assert_int_equal(end, table[i].end);
		assert_int_equal(end, kms_buffer_rows(format, 720) * pitch);
		assert_int_not_equal(kms_pixel_format(format), AV_PIX_FMT_NONE);
		assert_int_equal(kms_buffer_bits(format), layout.n_planes == 1 ? 32 : 8);
	}
	assert_int_equal(kms_pixel_format(DRM_FORMAT_RGB565), AV_PIX_FMT_NONE);
}

static void test_create(void **state)
{
	struct screen *screen = NULL;

	(void)state;
	assert_int_equal(screen_kms_create("", &screen), -EINVAL);
	assert_int_equal(screen_kms_create("card0", &screen), -EINVAL);
	assert_null(screen);
	assert_int_equal(screen_kms_create("auto", &screen), 0);
	screen_destroy(screen);
}

/* What is no display says so, and the screen can be tried again and closed. */
static void test_open_what_is_none(void **state)
{
	static const struct {
		const char *device, *reason;
	} table[] = {
		{"/dev/no-such-card",
		 "/dev/no-such-card cannot be opened: No such file or directory"},
		{"/dev/null", "/dev/null has no atomic mode setting"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct screen_format format = {0};
		struct screen *screen = NULL;

		assert_int_equal(screen_kms_create(table[i].device, &screen), 0);
		for (int k = 0; k < 2; k++) {
			assert_int_equal(screen->ops->open(screen, &format), SCREEN_FAILED);
			assert_string_equal(screen->reason, table[i].reason);
		}
		screen->ops->close(screen);
		assert_int_equal(format.width, 0);
		screen_destroy(screen);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_choose_mode),       cmocka_unit_test(test_choose_formats),
		cmocka_unit_test(test_lay_out_planes),    cmocka_unit_test(test_create),
		cmocka_unit_test(test_open_what_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
