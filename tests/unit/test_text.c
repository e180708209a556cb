#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "screen/overlay.h"
#include "screen/paint.h"
#include "screen/palette.h"
#include "screen/text.h"
#include "tests/fake/fake_alloc.h"

static struct overlay *draw(enum text_style style, const char *text, int size, int max_width)
{
	struct overlay *overlay = NULL;

	assert_int_equal(text_draw(style, text, size, max_width, &overlay), 0);
	assert_in_range(overlay->width, 2, max_width);
	assert_false((overlay->width | overlay->height) & 1);
	return overlay;
}

static int difference(const AVFrame *a, const AVFrame *b)
{
	int n = 0;

	for (int y = 0; y < a->height; y++) {
		for (int x = 0; x < a->width; x++)
			n += a->data[0][y * a->linesize[0] + x] !=
			     b->data[0][y * b->linesize[0] + x];
	}
	return n;
}

static bool look_the_same(const char *one, const char *other)
{
	struct overlay *a = draw(TEXT_NAME, one, 30, 600), *b = draw(TEXT_NAME, other, 30, 600);
	bool same =
		a->width == b->width && a->height == b->height && difference(a->add, b->add) == 0;

	overlay_free(a);
	overlay_free(b);
	return same;
}

static void test_names_of_any_kind(void **state)
{
	static const char *const names[] = {
		"",         " ",
		"Ibu Sri",  "مكتب الرئيس",
		"Москва",   "日本大使館",
		"ꦗꦮ",       "👩‍💼",
		"a\nb\tc",  "\xff\xfe\x80",
		"\xf0\x9f", "e\xcc\x81\xcc\x81\xcc\x81",
	};
	static const int sizes[][2] = {{TEXT_SIZE_MIN, 40}, {30, 100}, {30, 1920}, {200, 1000}};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++)
			overlay_free(draw(TEXT_NAME, names[i], sizes[k][0], sizes[k][1]));
	}
}

/* A name can neither turn the text after it round nor hide behind what is not seen. */
static void test_what_is_left_out(void **state)
{
	static const struct {
		const char *name, *shown;
		bool same;
	} table[] = {
		{"Ruang 1", "Ruang 1", true},
		{"Ruang 1", "Ruang 2", false},
		/* Never ended: what the check is for. NOLINTNEXTLINE(misc-misleading-bidirectional) */
		{"\u202eRuang 1", "Ruang 1", true},
		{"Ru\u2067ang\u2069 1\u200f", "Ruang 1", true},
		{"Ru\x07"
		 "ang\x1b 1\x7f",
		 "Ruang 1", true},
		{"Ruang\u20281", "Ruang 1", true},
		{"Ruang\t1", "Ruang 1", true},
		{"Ruang \xff", "Ruang \ufffd", true},
		{"\u05d0\u05d1", "\u05d1\u05d0", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_int_equal(look_the_same(table[i].name, table[i].shown), table[i].same);
}

static void test_long_names_are_cut(void **state)
{
	char name[20001];
	struct overlay *overlay;

	(void)state;
	memset(name, 'm', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	overlay = draw(TEXT_NAME, name, 24, 300);
	assert_in_range(overlay->width, 250, 300);
	assert_in_range(overlay->height, 24, 60);
	overlay_free(overlay);
}

/* The backing of a name lets the picture through, that of a notice does not. */
static void test_styles(void **state)
{
	static const struct {
		enum text_style style;
		int keep_min, keep_max; /* of the sample in the middle of the left edge */
		int y_min, y_max;       /* what it becomes on white */
	} table[] = {
		{TEXT_PLAIN, 255, 255, 235, 235},
		{TEXT_NAME, 80, 120, 90, 130},
		{TEXT_NOTICE, 0, 0, 60, 90},
		{TEXT_ALERT, 0, 0, 50, 80},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct overlay *overlay = draw(table[i].style, "Ruang", 40, 600);
		AVFrame *white = paint_frame_create(640, 160);
		const struct screen_rect all = {0, 0, 640, 160};
		int middle = overlay->height / 2;

		assert_non_null(white);
		paint_fill(white, all, paint_color(0xffffff));
		overlay_blend(overlay, white, 20, 40, all);
		assert_in_range(
			overlay->keep->data[0][(ptrdiff_t)middle * overlay->keep->linesize[0]],
			table[i].keep_min, table[i].keep_max);
		assert_in_range(white->data[0][(40 + middle) * white->linesize[0] + 20],
				table[i].y_min, table[i].y_max);
		assert_int_equal(white->data[0][(40 + middle) * white->linesize[0] + 18], 235);
		av_frame_free(&white);
		overlay_free(overlay);
	}
}

static void test_bad_sizes(void **state)
{
	struct overlay *overlay = NULL;
	AVFrame *picture = NULL;

	(void)state;
	assert_int_equal(text_draw(TEXT_PLAIN, "a", TEXT_SIZE_MIN - 1, 100, &overlay), -EINVAL);
	assert_int_equal(text_draw(TEXT_PLAIN, "a", TEXT_SIZE_MAX + 1, 100, &overlay), -EINVAL);
	assert_int_equal(text_draw(TEXT_NAME, "a", 100, 100, &overlay), -EINVAL);
	assert_null(overlay);
	assert_int_equal(text_standin(62, 64, WORDS_CAMERA_BUSY, WORDS_ENGLISH, &picture), -EINVAL);
	assert_int_equal(text_standin(8194, 64, WORDS_CAMERA_BUSY, WORDS_ENGLISH, &picture),
			 -EINVAL);
	assert_null(picture);
	overlay_free(NULL);
}

/* Colours of BT.709, from the recommendation's own definition of its primaries. */
static void test_colors(void **state)
{
	static const struct {
		uint32_t rgb;
		struct paint_color color;
	} table[] = {
		{0x000000, {16, 128, 128}}, {0xffffff, {235, 128, 128}}, {0xff0000, {63, 102, 240}},
		{0x00ff00, {173, 42, 26}},  {0x0000ff, {32, 240, 118}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, 16, 16);
		cairo_t *cairo = cairo_create(surface);
		struct paint_color color = paint_color(table[i].rgb);
		struct overlay *overlay = NULL;

		assert_memory_equal(&color, &table[i].color, sizeof(color));
		cairo_set_source_rgb(cairo, (table[i].rgb >> 16) / 255.0,
				     (table[i].rgb >> 8 & 0xff) / 255.0,
				     (table[i].rgb & 0xff) / 255.0);
		cairo_paint(cairo);
		assert_int_equal(overlay_create(surface, &overlay), 0);
		assert_int_equal(overlay->add->data[0][0], color.y);
		assert_int_equal(overlay->add->data[1][0], color.u);
		assert_int_equal(overlay->add->data[2][0], color.v);
		assert_int_equal(overlay->keep->data[0][0], 0);
		overlay_free(overlay);
		cairo_destroy(cairo);
		cairo_surface_destroy(surface);
	}
}

/* Blending is cut off at the clip, and outside of it nothing changes. */
static void test_blend_is_clipped(void **state)
{
	struct overlay *overlay = draw(TEXT_ALERT, "Ruang", 30, 300);
	static const struct screen_rect clips[] = {{0, 0, 200, 100},
						   {20, 10, 30, 20},
						   {0, 0, 2, 2},
						   {190, 90, 10, 10}};
	static const int places[][2] = {{10, 10}, {-20, -20}, {180, 80}, {-400, 0}, {0, 400}};

	(void)state;
	for (int i = 0; i < 4 * 5; i++) {
		AVFrame *below = paint_frame_create(200, 100);
		AVFrame *target = paint_frame_create(200, 100);
		const struct screen_rect all = {0, 0, 200, 100}, clip = clips[i / 5];

		assert_non_null(below);
		assert_non_null(target);
		paint_fill(below, all, paint_color(0x808080));
		paint_fill(target, all, paint_color(0x808080));
		overlay_blend(overlay, target, places[i % 5][0], places[i % 5][1], clip);
		paint_fill(target, clip, paint_color(0x808080));
		assert_int_equal(difference(target, below), 0);
		av_frame_free(&below);
		av_frame_free(&target);
	}
	overlay_free(overlay);
}

/* It says something, and something else in each case; on the edge there is nothing. */
static void test_standin(void **state)
{
	static const int sizes[][2] = {{64, 64}, {320, 180}, {1280, 720}, {1920, 1080}};
	struct paint_color tile = paint_color(PALETTE_TILE);

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		AVFrame *busy = NULL, *absent = NULL, *english = NULL;
		int width = sizes[i][0], height = sizes[i][1];

		assert_int_equal(text_standin(width, height, WORDS_CAMERA_BUSY, WORDS_INDONESIAN,
					      &busy),
				 0);
		assert_int_equal(text_standin(width, height, WORDS_CAMERA_ABSENT, WORDS_INDONESIAN,
					      &absent),
				 0);
		assert_int_equal(text_standin(width, height, WORDS_CAMERA_BUSY, WORDS_ENGLISH,
					      &english),
				 0);
		assert_int_equal(busy->width, width);
		assert_int_equal(busy->height, height);
		assert_int_equal(busy->format, AV_PIX_FMT_YUV420P);
		assert_int_equal(busy->data[0][0], tile.y);
		assert_int_equal(busy->data[0][(ptrdiff_t)(height - 1) * busy->linesize[0]],
				 tile.y);
		assert_int_not_equal(difference(busy, absent), 0);
		assert_int_not_equal(difference(busy, english), 0);
		av_frame_free(&busy);
		av_frame_free(&absent);
		av_frame_free(&english);
	}
}

static void *draw_often(void *context)
{
	(void)context;
	for (int i = 0; i < 50; i++) {
		struct overlay *overlay = NULL;

		if (text_draw(TEXT_NAME, "Kementerian مكتب", 20 + i % 5, 300, &overlay) < 0)
			abort();
		overlay_free(overlay);
	}
	return NULL;
}

static void test_several_threads(void **state)
{
	pthread_t threads[3];

	(void)state;
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, draw_often, NULL), 0);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static void test_without_memory(void **state)
{
	struct overlay *overlay = NULL;
	int ret;

	(void)state;
	for (unsigned int n = 1;; n++) {
		fake_alloc_arm(n);
		ret = text_draw(TEXT_NAME, "Ruang", 30, 300, &overlay);
		if (!fake_alloc_disarm())
			break;
		assert_int_equal(ret, -ENOMEM);
		assert_null(overlay);
	}
	assert_int_equal(ret, 0);
	overlay_free(overlay);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_of_any_kind),  cmocka_unit_test(test_what_is_left_out),
		cmocka_unit_test(test_long_names_are_cut), cmocka_unit_test(test_styles),
		cmocka_unit_test(test_bad_sizes),          cmocka_unit_test(test_colors),
		cmocka_unit_test(test_blend_is_clipped),   cmocka_unit_test(test_standin),
		cmocka_unit_test(test_several_threads),    cmocka_unit_test(test_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
