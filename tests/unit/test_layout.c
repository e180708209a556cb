#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "screen/layout.h"

static const int sizes[][2] = {
	{96, 96},     {320, 180},   {640, 480},   {1280, 720},  {1366, 768},  {1920, 1080},
	{1920, 1200}, {1080, 1920}, {2560, 1080}, {3840, 2160}, {4096, 2304},
};
#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

static bool overlap(struct screen_rect a, struct screen_rect b)
{
	return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height &&
	       b.y < a.y + a.height;
}

static void assert_inside(struct screen_rect rect, int width, int height)
{
	assert_true(rect.x >= 0 && rect.y >= 0 && rect.width >= 2 && rect.height >= 2);
	assert_true(rect.x + rect.width <= width && rect.y + rect.height <= height);
	assert_false((rect.x | rect.y | rect.width | rect.height) & 1);
}

/* What holds for any number of members on any screen. */
static void check(int width, int height, int n)
{
	struct layout layout = layout_arrange(width, height, n);

	assert_int_equal(layout.n_tiles, n < LAYOUT_TILES_MAX ? n : LAYOUT_TILES_MAX);
	assert_int_equal(layout.n_tiles + layout.n_more, n);
	assert_int_equal(layout.framed, n > 1);
	assert_inside(layout.own, width, height);
	for (int i = 0; i < layout.n_tiles; i++) {
		struct screen_rect tile = layout.tiles[i];

		assert_inside(tile, width, height);
		assert_int_equal(tile.width, layout.tiles[0].width);
		assert_int_equal(tile.height, layout.tiles[0].height);
		if (layout.framed) {
			assert_int_equal(tile.width % 16, 0);
			assert_int_equal(tile.height, tile.width * 9 / 16 & ~1);
			assert_false(overlap(tile, layout.header));
		}
		for (int k = 0; k < i; k++)
			assert_false(overlap(tile, layout.tiles[k]));
	}
}

static void test_any_number_on_any_screen(void **state)
{
	(void)state;
	for (size_t i = 0; i < SIZES; i++) {
		for (int n = 0; n <= 100; n++)
			check(sizes[i][0], sizes[i][1], n);
	}
}

/* The own picture lies beside all tiles, or in the corner of the last one, or fills the screen. */
static void test_own_picture(void **state)
{
	(void)state;
	for (size_t i = 1; i < SIZES; i++) {
		for (int n = 0; n <= 30; n++) {
			struct layout layout = layout_arrange(sizes[i][0], sizes[i][1], n);
			struct screen_rect own = layout.own, last;
			int touched = 0;

			if (n == 0) {
				assert_int_equal(own.width, sizes[i][0]);
				assert_int_equal(own.height, sizes[i][1]);
				continue;
			}
			last = layout.tiles[layout.n_tiles - 1];
			for (int k = 0; k < layout.n_tiles; k++)
				touched += overlap(layout.tiles[k], own);
			assert_in_range(touched, 0, 1);
			if (touched == 0)
				continue;
			assert_true(own.x > last.x + last.width / 2);
			assert_true(own.x + own.width < last.x + last.width);
			assert_true(own.y >= last.y + last.height / 2);
			assert_true(own.y + own.height < last.y + last.height);
		}
	}
}

/* Columns and rows on the usual screen, and how much of it people fill. */
static void test_grid_of_1080p(void **state)
{
	static const struct {
		int n, columns, rows, width;
	} table[] = {
		{2, 2, 1, 928},  {3, 2, 2, 848},  {4, 2, 2, 848},  {5, 3, 2, 608},
		{6, 3, 2, 608},  {7, 3, 3, 544},  {9, 3, 3, 544},  {10, 4, 3, 448},
		{12, 4, 3, 448}, {16, 4, 4, 400}, {20, 5, 4, 352}, {25, 5, 5, 320},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct layout layout = layout_arrange(1920, 1080, table[i].n);
		int columns = 0, rows = 0;

		for (int k = 0; k < layout.n_tiles; k++) {
			columns += layout.tiles[k].y == layout.tiles[0].y;
			rows += k == 0 || layout.tiles[k].y != layout.tiles[k - 1].y;
		}
		assert_int_equal(columns, table[i].columns);
		assert_int_equal(rows, table[i].rows);
		assert_in_range(layout.tiles[0].width, table[i].width, table[i].width + 40);
	}
}

/* Every row stands in the middle of the screen. */
static void test_rows_are_centred(void **state)
{
	(void)state;
	for (int n = 2; n <= 25; n++) {
		struct layout layout = layout_arrange(1920, 1080, n);
		int first = 0;

		for (int i = 0; i < n; i++) {
			struct screen_rect tile = layout.tiles[i];

			if (tile.y != layout.tiles[first].y)
				first = i;
			if (i + 1 == n || layout.tiles[i + 1].y != tile.y)
				assert_in_range(layout.tiles[first].x + tile.x + tile.width, 1918,
						1922);
		}
	}
}

static void test_one_fills_the_screen(void **state)
{
	struct layout layout = layout_arrange(1920, 1080, 1);
	const struct screen_rect all = {0, 0, 1920, 1080}, corner = {1518, 846, 384, 216};

	(void)state;
	assert_memory_equal(&layout.tiles[0], &all, sizeof(all));
	assert_memory_equal(&layout.own, &corner, sizeof(corner));
	assert_int_equal(layout.header.height, 0);
}

static void test_fit(void **state)
{
	static const struct {
		struct screen_rect tile;
		int width, height;
		struct screen_rect source, shown;
	} table[] = {
		/* The same size and the same shape: all of it. */
		{{0, 0, 1920, 1080}, 1920, 1080, {0, 0, 1920, 1080}, {0, 0, 1920, 1080}},
		{{16, 64, 640, 360}, 1280, 720, {0, 0, 1280, 720}, {16, 64, 640, 360}},
		/* 16:10 in 16:9: a tenth of the lines goes, not more. */
		{{0, 0, 1920, 1080}, 1280, 800, {0, 40, 1280, 720}, {0, 0, 1920, 1080}},
		{{0, 0, 1920, 1080}, 1280, 802, {0, 0, 1280, 802}, {96, 0, 1728, 1080}},
		/* 4:3, upright, and very wide pictures stay whole. */
		{{0, 0, 1920, 1080}, 640, 480, {0, 0, 640, 480}, {240, 0, 1440, 1080}},
		{{0, 0, 1920, 1080}, 1080, 1920, {0, 0, 1080, 1920}, {656, 0, 608, 1080}},
		{{0, 0, 1280, 720}, 2560, 1080, {0, 0, 2560, 1080}, {0, 90, 1280, 540}},
		/* Odd sizes lose a line or column. */
		{{0, 0, 640, 360}, 641, 361, {0, 0, 640, 360}, {0, 0, 640, 360}},
		{{0, 0, 640, 360}, 2, 2, {0, 0, 2, 2}, {136, 0, 368, 360}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct screen_rect source, shown;

		layout_fit(table[i].tile, table[i].width, table[i].height, &source, &shown);
		assert_memory_equal(&source, &table[i].source, sizeof(source));
		assert_memory_equal(&shown, &table[i].shown, sizeof(shown));
	}
}

/* Whatever arrives, what is read lies in the picture and what is written in the tile. */
static void test_fit_of_any_shape(void **state)
{
	static const int lengths[] = {2, 3, 16, 100, 321, 1080, 1920, 4096};
	const size_t n = sizeof(lengths) / sizeof(lengths[0]);
	const struct screen_rect tile = {32, 48, 640, 360};

	(void)state;
	for (size_t i = 0; i < n * n; i++) {
		int width = lengths[i / n], height = lengths[i % n];
		struct screen_rect source, shown;

		layout_fit(tile, width, height, &source, &shown);
		assert_inside(source, width, height);
		shown.x -= tile.x;
		shown.y -= tile.y;
		assert_inside(shown, tile.width, tile.height);
		assert_true(source.width * 10 >= (width & ~1) * 9);
		assert_true(source.height * 10 >= (height & ~1) * 9);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_number_on_any_screen),
		cmocka_unit_test(test_own_picture),
		cmocka_unit_test(test_grid_of_1080p),
		cmocka_unit_test(test_rows_are_centred),
		cmocka_unit_test(test_one_fills_the_screen),
		cmocka_unit_test(test_fit),
		cmocka_unit_test(test_fit_of_any_shape),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
