#include "tests/fake/v4l2_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/clock.h"
#include "drivers/camera_v4l2.h"

void v4l2_bench_describe(struct fake_v4l2_node *node, uint32_t caps, uint32_t fourcc)
{
	node->card = "Fake Camera";
	node->caps = caps;
	node->exports = true;
	node->formats[0] = (struct fake_v4l2_format){
		.fourcc = fourcc,
		.size_type = V4L2_FRMSIZE_TYPE_DISCRETE,
		.sizes = {{V4L2_BENCH_WIDTH, V4L2_BENCH_HEIGHT, {30}}},
	};
}

int v4l2_bench_set_up(void **state)
{
	struct v4l2_bench *bench = calloc(1, sizeof(*bench));

	assert_non_null(bench);
	bench->fake = fake_v4l2_create();
	assert_non_null(bench->fake);
	bench->node = fake_v4l2_add(bench->fake, "video0");
	v4l2_bench_describe(bench->node, V4L2_BENCH_CAPTURE, V4L2_PIX_FMT_NV12);
	bench->want = (struct cam_want){
		.width = V4L2_BENCH_WIDTH,
		.height = V4L2_BENCH_HEIGHT,
		.fps = 30,
		.formats = {CAM_FORMAT_NV12, CAM_FORMAT_I420, CAM_FORMAT_YUYV, CAM_FORMAT_MJPEG},
		.n_formats = 4,
	};
	*state = bench;
	return 0;
}

int v4l2_bench_tear_down(void **state)
{
	struct v4l2_bench *bench = *state;

	cam_destroy(bench->cam);
	fake_v4l2_destroy(bench->fake);
	free(bench);
	return 0;
}

enum cam_result v4l2_bench_open_named(struct v4l2_bench *bench, const char *name)
{
	cam_destroy(bench->cam);
	assert_int_equal(camera_v4l2_create(name, fake_v4l2_sys(bench->fake), &bench->cam), 0);
	return bench->cam->ops->open(bench->cam, &bench->want, &bench->got);
}

enum cam_result v4l2_bench_open_camera(struct v4l2_bench *bench)
{
	return v4l2_bench_open_named(bench, "auto");
}

enum cam_result v4l2_bench_next(struct v4l2_bench *bench, struct cam_picture *ret_picture)
{
	return bench->cam->ops->next(bench->cam, clock_now_us() + V4L2_BENCH_LONG_US, ret_picture);
}

struct fake_v4l2_shot v4l2_bench_shot_of(struct v4l2_bench *bench, uint8_t fill)
{
	return (struct fake_v4l2_shot){
		.fill = fill,
		.time_us = clock_now_us() - 1000,
		.sequence = bench->sequence++,
	};
}

void v4l2_bench_shoot(struct v4l2_bench *bench, uint8_t fill)
{
	const struct fake_v4l2_shot shot = v4l2_bench_shot_of(bench, fill);

	assert_true(fake_v4l2_shoot(bench->fake, &shot));
}

AVFrame *v4l2_bench_take(struct v4l2_bench *bench, uint32_t *ret_skipped)
{
	struct cam_picture picture;

	assert_int_equal(v4l2_bench_next(bench, &picture), CAM_OK);
	assert_non_null(picture.frame);
	assert_null(picture.coded);
	if (ret_skipped)
		*ret_skipped = picture.skipped;
	return picture.frame;
}
