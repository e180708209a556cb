#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "screen/paint.h"
#include "screen/palette.h"
#include "screen/scene.h"

#define WIDTH 640
#define HEIGHT 360

static const struct screen_rect everything = {0, 0, WIDTH, HEIGHT};

/* A picture of one colour, which `seed` chooses, with a pattern that scaling keeps apart. */
static AVFrame *draw_picture(int width, int height, unsigned int seed)
{
	AVFrame *frame = paint_frame_create(width, height);

	assert_non_null(frame);
	for (int plane = 0; plane < 3; plane++) {
		int shift = plane > 0;

		for (int y = 0; y < height >> shift; y++) {
			for (int x = 0; x < width >> shift; x++)
				frame->data[plane][y * frame->linesize[plane] + x] =
					(uint8_t)(seed * 37 + (unsigned int)(x / 8 + y / 8) * 5);
		}
	}
	return frame;
}

static struct scene *open_scene(void)
{
	struct scene *scene = NULL;

	assert_int_equal(scene_create(WORDS_ENGLISH, &scene), 0);
	scene_resize(scene, WIDTH, HEIGHT);
	return scene;
}

static AVFrame *create_target(void)
{
	AVFrame *target = paint_frame_create(WIDTH, HEIGHT);

	assert_non_null(target);
	/* No drawing leaves anything of this. */
	paint_fill(target, everything, paint_color(0xff00ff));
	return target;
}

static uint8_t at(const AVFrame *frame, int plane, int x, int y)
{
	int shift = plane > 0;

	return frame->data[plane][(y >> shift) * frame->linesize[plane] + (x >> shift)];
}

static bool is_within(const struct screen_rect *rects, size_t n, int x, int y)
{
	for (size_t i = 0; i < n; i++) {
		if (x >= rects[i].x && x < rects[i].x + rects[i].width && y >= rects[i].y &&
		    y < rects[i].y + rects[i].height)
			return true;
	}
	return false;
}

/* The pixels that differ between two pictures, outside of `but`. */
static int differences(const AVFrame *a, const AVFrame *b, const struct screen_rect *but, size_t n)
{
	int count = 0;

	for (int y = 0; y < a->height; y++) {
		for (int x = 0; x < a->width; x++) {
			bool differs = at(a, 0, x, y) != at(b, 0, x, y) ||
				       at(a, 1, x, y) != at(b, 1, x, y) ||
				       at(a, 2, x, y) != at(b, 2, x, y);

			count += differs && !is_within(but, n, x, y);
		}
	}
	return count;
}

static void set_members(struct scene *scene, int n, unsigned int away, unsigned int speaking)
{
	static const char *const names[] = {"Ruang 1", "Ibu Sri", "مكتب", "Bappenas"};
	struct compose_member members[30];

	for (int i = 0; i < n; i++)
		members[i] = (struct compose_member){.member = (uint32_t)i + 1,
						     .name = names[i % 4],
						     .here = (unsigned int)i + 1 != away,
						     .speaking = (unsigned int)i + 1 == speaking};
	scene_set_members(scene, members, (size_t)n);
}

/* A picture of the tile's size reaches the screen bit by bit, but where something lies over it. */
static void test_same_size_is_copied(void **state)
{
	const struct screen_rect over[] = {{0, 300, 300, 60}, {500, 270, 140, 90}};
	struct scene *scene = open_scene();
	AVFrame *picture = draw_picture(WIDTH, HEIGHT, 3), *target = create_target();
	struct screen_rect damage[SCENE_DAMAGE_MAX];

	(void)state;
	set_members(scene, 1, 0, 0);
	assert_true(scene_show(scene, 1, av_frame_clone(picture)));
	scene_show_own(scene, draw_picture(320, 180, 9));
	assert_int_equal(scene_draw(scene, target, 0, damage), 1);
	assert_memory_equal(damage, &everything, sizeof(everything));
	assert_int_equal(differences(target, picture, over, 2), 0);
	assert_int_not_equal(differences(target, picture, &over[0], 1), 0);
	assert_int_not_equal(differences(target, picture, &over[1], 1), 0);
	av_frame_free(&picture);
	av_frame_free(&target);
	scene_destroy(scene);
}

/* Each member's picture is in its tile and nowhere else. */
static void test_pictures_are_in_their_tiles(void **state)
{
	struct layout layout = layout_arrange(WIDTH, HEIGHT, 5);
	struct scene *scene = open_scene();
	AVFrame *target = create_target();
	struct screen_rect damage[SCENE_DAMAGE_MAX];
	struct paint_color background = paint_color(PALETTE_BACKGROUND);

	(void)state;
	set_members(scene, 5, 0, 0);
	for (uint32_t i = 0; i < 5; i++) {
		AVFrame *picture = paint_frame_create(1280, 720);

		assert_non_null(picture);
		paint_fill(picture, (struct screen_rect){0, 0, 1280, 720},
			   (struct paint_color){(uint8_t)(60 + 20 * i), 128, 128});
		assert_true(scene_show(scene, i + 1, picture));
	}
	scene_draw(scene, target, 0, damage);
	for (int i = 0; i < 5; i++) {
		struct screen_rect tile = layout.tiles[i];
		int x = tile.x + tile.width / 2, y = tile.y + tile.height / 2;

		assert_in_range(at(target, 0, x, y), 59 + 20 * i, 61 + 20 * i);
		assert_in_range(at(target, 0, tile.x, y), 59 + 20 * i, 61 + 20 * i);
		assert_in_range(at(target, 0, tile.x + tile.width - 1, y), 59 + 20 * i,
				61 + 20 * i);
		assert_int_equal(at(target, 0, tile.x - 1, y), background.y);
		assert_int_equal(at(target, 0, tile.x + tile.width, y), background.y);
		assert_int_equal(at(target, 0, x, tile.y - 1), background.y);
		assert_int_equal(at(target, 0, x, tile.y + tile.height), background.y);
		/* rounded */
		assert_int_equal(at(target, 0, tile.x, tile.y), background.y);
	}
	av_frame_free(&target);
	scene_destroy(scene);
}

/* Where the brightest letters are: in the label, at the bottom left of the tile. */
static void test_names_are_there(void **state)
{
	struct layout layout = layout_arrange(WIDTH, HEIGHT, 2);
	struct scene *scene = open_scene();
	AVFrame *target = create_target();
	struct screen_rect damage[SCENE_DAMAGE_MAX], tile = layout.tiles[0];
	AVFrame *black = paint_frame_create(64, 36);
	int letters = 0, elsewhere = 0;

	(void)state;
	assert_non_null(black);
	paint_fill(black, (struct screen_rect){0, 0, 64, 36}, paint_color(0));
	set_members(scene, 2, 0, 0);
	assert_true(scene_show(scene, 1, black));
	scene_draw(scene, target, 0, damage);
	for (int y = tile.y; y < tile.y + tile.height; y++) {
		for (int x = tile.x; x < tile.x + tile.width; x++) {
			bool is_label =
				x < tile.x + tile.width / 2 && y > tile.y + tile.height * 4 / 5;

			letters += is_label && at(target, 0, x, y) > 120;
			elsewhere += !is_label && at(target, 0, x, y) > 120;
		}
	}
	assert_in_range(letters, 50, 2000);
	assert_int_equal(elsewhere, 0);
	av_frame_free(&target);
	scene_destroy(scene);
}

/* 4:3 in 16:9 stands between bars. */
static void test_bars(void **state)
{
	struct scene *scene = open_scene();
	AVFrame *target = create_target();
	struct screen_rect damage[SCENE_DAMAGE_MAX];
	struct paint_color bar = paint_color(PALETTE_BAR);
	AVFrame *picture = paint_frame_create(640, 480);

	(void)state;
	assert_non_null(picture);
	paint_fill(picture, (struct screen_rect){0, 0, 640, 480}, paint_color(0xffffff));
	set_members(scene, 1, 0, 0);
	assert_true(scene_show(scene, 1, picture));
	scene_draw(scene, target, 0, damage);
	assert_int_equal(at(target, 0, 78, 180), bar.y);
	assert_in_range(at(target, 0, 80, 180), 234, 235);
	assert_in_range(at(target, 0, 559, 180), 234, 235);
	assert_int_equal(at(target, 0, 560, 180), bar.y);
	av_frame_free(&target);
	scene_destroy(scene);
}

/* A picture in full range looks as bright as the same one in limited range. */
static void test_full_range(void **state)
{
	struct scene *scene = open_scene();
	AVFrame *target = create_target(), *picture = paint_frame_create(WIDTH, HEIGHT);
	struct screen_rect damage[SCENE_DAMAGE_MAX];

	(void)state;
	assert_non_null(picture);
	paint_fill(picture, everything, (struct paint_color){255, 128, 128});
	picture->color_range = AVCOL_RANGE_JPEG;
	set_members(scene, 1, 0, 0);
	assert_true(scene_show(scene, 1, picture));
	scene_draw(scene, target, 0, damage);
	assert_in_range(at(target, 0, 320, 180), 234, 235);
	av_frame_free(&target);
	scene_destroy(scene);
}

/* A camera's own formats are read as they are. */
static void test_formats(void **state)
{
	static const enum AVPixelFormat formats[] = {AV_PIX_FMT_NV12, AV_PIX_FMT_YUYV422,
						     AV_PIX_FMT_YUVJ422P, AV_PIX_FMT_YUV444P,
						     AV_PIX_FMT_RGB24};
	struct scene *scene = open_scene();

	(void)state;
	set_members(scene, 1, 0, 0);
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		AVFrame *target = create_target(), *picture = av_frame_alloc();
		struct screen_rect damage[SCENE_DAMAGE_MAX];

		assert_non_null(picture);
		picture->format = formats[i];
		picture->width = 320;
		picture->height = 180;
		assert_int_equal(av_frame_get_buffer(picture, 0), 0);
		for (int k = 0; k < 3 && picture->data[k]; k++)
			memset(picture->data[k], 128, (size_t)picture->linesize[k] * 90);
		assert_true(scene_show(scene, 1, picture));
		scene_draw(scene, target, 0, damage);
		/* grey: 128 of limited range, or of full range brought into it */
		assert_in_range(at(target, 0, 320, 100), 124, 130);
		assert_in_range(at(target, 1, 320, 100), 127, 129);
		av_frame_free(&target);
	}
	scene_destroy(scene);
}

#define CODE "88888 88888 88888 88888 88888 88888"

/* The lightest and the reddest sample of a part of the screen. */
static void look_at(const AVFrame *target, struct screen_rect part, int *ret_luma, int *ret_red)
{
	*ret_luma = *ret_red = 0;
	for (int y = part.y; y < part.y + part.height; y++) {
		for (int x = part.x; x < part.x + part.width; x++) {
			int luma = at(target, 0, x, y), red = at(target, 2, x, y);

			*ret_luma = luma > *ret_luma ? luma : *ret_luma;
			*ret_red = red > *ret_red ? red : *ret_red;
		}
	}
}

/* The code is to be read whatever else is said; without one, the meeting's name stands on red. */
static void test_secrecy_is_told(void **state)
{
	const struct screen_rect line = {12, 0, 340, 58}, code = {12, 42, 330, 4};
	struct scene *scene = open_scene();
	struct screen_rect damage[SCENE_DAMAGE_MAX];
	AVFrame *target = paint_frame_create(1280, 720);
	int luma, red;

	(void)state;
	assert_non_null(target);
	scene_resize(scene, 1280, 720);
	set_members(scene, 3, 0, 0);
	scene_set_meeting(scene, "kabinet");
	scene_draw(scene, target, 0, damage);
	look_at(target, code, &luma, &red);
	assert_in_range(luma, 16, 40);
	scene_set_secrecy(scene, COMPOSE_SECRECY_SEALED, CODE);
	scene_set_notice(
		scene, COMPOSE_NOTICE_ALERT,
		"A notice that is as long as it may be, and longer than the header is wide "
		"on a screen of this size, so that it ends in dots");
	scene_draw(scene, target, 0, damage);
	look_at(target, code, &luma, &red);
	assert_in_range(luma, 200, 240);
	look_at(target, line, &luma, &red);
	assert_in_range(red, 120, 140);
	scene_set_secrecy(scene, COMPOSE_SECRECY_CLEAR, "");
	scene_draw(scene, target, 0, damage);
	look_at(target, line, &luma, &red);
	assert_in_range(red, 170, 255);
	av_frame_free(&target);
	scene_destroy(scene);
}

/* On a picture a notice covers no name. */
static void test_notice_leaves_the_name_alone(void **state)
{
	const struct screen_rect name = {16, 670, 160, 32};
	struct scene *scene = open_scene();
	struct screen_rect damage[SCENE_DAMAGE_MAX];
	AVFrame *target = paint_frame_create(1280, 720);
	int luma, red;

	(void)state;
	assert_non_null(target);
	scene_resize(scene, 1280, 720);
	set_members(scene, 1, 0, 0);
	scene_set_notice(
		scene, COMPOSE_NOTICE_ALERT,
		"A notice that is as long as it may be, and longer than the screen is wide "
		"in letters of this size, so that it ends in dots");
	scene_draw(scene, target, 0, damage);
	look_at(target, name, &luma, &red);
	assert_in_range(luma, 200, 240);
	assert_in_range(red, 120, 140);
	av_frame_free(&target);
	scene_destroy(scene);
}

/* What random steps of a meeting do to two scenes alike. */
static void step(struct scene *scenes[2], unsigned int *random)
{
	static const int sizes[][2] = {{640, 360}, {320, 180}, {1280, 720}, {640, 480}, {240, 320}};
	unsigned int r, what, who, size;

	*random = *random * 1664525U + 1013904223U;
	r = *random >> 8;
	what = r % 16;
	who = 1 + r / 16 % 6;
	size = r / 128 % 5;
	for (int i = 0; i < 2; i++) {
		if (what == 0)
			set_members(scenes[i], (int)(r / 128 % 8), r / 1024 % 8, 0);
		else if (what == 1)
			set_members(scenes[i], 4, 0, who);
		else if (what == 2)
			scene_set_notice(scenes[i], (enum compose_notice)(r / 16 % 3),
					 "Connection lost, trying again in 4 s");
		else if (what == 3)
			scene_set_meeting(scenes[i], r & 16 ? "kabinet" : "");
		else if (what == 15)
			scene_set_secrecy(scenes[i], (enum compose_secrecy)(r / 16 % 5),
					  r & 1024 ? CODE : "");
		else if (what == 4 && r & 16)
			scene_show_own(scenes[i], NULL);
		else if (what < 8)
			scene_show_own(scenes[i], draw_picture(320, 180, r));
		else if (what == 8)
			scene_show(scenes[i], who, NULL);
		else if (what < 15)
			scene_show(scenes[i], who, draw_picture(sizes[size][0], sizes[size][1], r));
	}
}

/*
 * Buffers that go round, of which each gets only what it lacks, always look as if drawn anew, and
 * differ from the picture before only where it was told.
 */
static void test_buffer_age(void **state)
{
	(void)state;
	for (int n_buffers = 1; n_buffers <= 3; n_buffers++) {
		struct scene *scenes[2] = {open_scene(), open_scene()};
		AVFrame *buffers[3] = {create_target(), create_target(), create_target()};
		AVFrame *anew = create_target(), *before = create_target();
		unsigned int random = (unsigned int)n_buffers;

		for (int i = 0; i < 120; i++) {
			struct screen_rect damage[SCENE_DAMAGE_MAX], unused[SCENE_DAMAGE_MAX];
			AVFrame *buffer = buffers[i % n_buffers];
			size_t n;

			step(scenes, &random);
			n = scene_draw(scenes[0], buffer, i < n_buffers ? 0 : n_buffers, damage);
			paint_fill(anew, everything, paint_color(0xff00ff));
			scene_draw(scenes[1], anew, 0, unused);
			assert_int_equal(differences(buffer, anew, NULL, 0), 0);
			assert_int_equal(differences(buffer, before, damage, n), 0);
			paint_copy(buffer, 0, 0, before, everything);
		}
		for (int i = 0; i < 3; i++)
			av_frame_free(&buffers[i]);
		av_frame_free(&anew);
		av_frame_free(&before);
		scene_destroy(scenes[0]);
		scene_destroy(scenes[1]);
	}
}

/* Who stays keeps its picture through another layout, who goes takes it along. */
static void test_members_keep_pictures(void **state)
{
	const struct compose_member changed[] = {{7, "Ruang 7", true, false, false},
						 {2, "Ruang 2", true, false, false},
						 {1, "Ruang 1", true, false, false}};
	struct layout layout = layout_arrange(WIDTH, HEIGHT, 3);
	struct scene *scene = open_scene();
	AVFrame *target = create_target();
	struct screen_rect damage[SCENE_DAMAGE_MAX];
	struct paint_color none = paint_color(PALETTE_TILE);
	static const int luma[] = {0, 150, 100};

	(void)state;
	set_members(scene, 3, 0, 0);
	for (uint32_t i = 0; i < 3; i++) {
		AVFrame *picture = paint_frame_create(320, 180);

		assert_non_null(picture);
		paint_fill(picture, (struct screen_rect){0, 0, 320, 180},
			   (struct paint_color){(uint8_t)(100 + 50 * i), 128, 128});
		assert_true(scene_show(scene, i + 1, picture));
	}
	scene_set_members(scene, changed, 3);
	assert_false(scene_show(scene, 3, draw_picture(320, 180, 1)));
	scene_draw(scene, target, 0, damage);
	for (int i = 0; i < 3; i++) {
		struct screen_rect tile = layout.tiles[i];

		assert_in_range(at(target, 0, tile.x + 60, tile.y + 10),
				luma[i] ? luma[i] - 1 : none.y, luma[i] ? luma[i] + 1 : none.y);
	}
	av_frame_free(&target);
	scene_destroy(scene);
}

static void test_any_screen_any_number(void **state)
{
	static const int sizes[][2] = {{96, 96}, {320, 180}, {1366, 768}, {480, 800}};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (int n = 0; n <= 30; n += n < 6 ? 1 : 6) {
			struct screen_rect damage[SCENE_DAMAGE_MAX];
			AVFrame *target = paint_frame_create(sizes[i][0], sizes[i][1]);
			struct scene *scene = open_scene();

			assert_non_null(target);
			scene_set_notice(scene, COMPOSE_NOTICE_ALERT,
					 "A rather long notice for "
					 "such a small screen");
			scene_set_meeting(scene, "kabinet");
			scene_set_secrecy(scene, COMPOSE_SECRECY_SEALED, CODE);
			set_members(scene, n, 2, 1);
			scene_show_own(scene, draw_picture(320, 180, 1));
			for (int k = 1; k <= n; k++)
				scene_show(scene, (uint32_t)k, draw_picture(320, 200, 5));
			scene_resize(scene, sizes[i][0], sizes[i][1]);
			assert_int_equal(scene_draw(scene, target, 0, damage), 1);
			av_frame_free(&target);
			scene_destroy(scene);
		}
	}
	scene_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_size_is_copied),
		cmocka_unit_test(test_pictures_are_in_their_tiles),
		cmocka_unit_test(test_names_are_there),
		cmocka_unit_test(test_bars),
		cmocka_unit_test(test_full_range),
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_secrecy_is_told),
		cmocka_unit_test(test_notice_leaves_the_name_alone),
		cmocka_unit_test(test_buffer_age),
		cmocka_unit_test(test_members_keep_pictures),
		cmocka_unit_test(test_any_screen_any_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
