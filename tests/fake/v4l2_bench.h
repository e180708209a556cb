/*
 * A V4L2 camera over a kernel that may lie (tests/fake/fake_v4l2.h), for tests alone: what must not
 * happen fails the test. One thread, unless a function says otherwise.
 */
#ifndef BALAI_TESTS_V4L2_BENCH_H
#define BALAI_TESTS_V4L2_BENCH_H

#include "base/clock.h"
#include "camera/camera.h"
#include "tests/fake/fake_v4l2.h"

#define V4L2_BENCH_LONG_US (20 * CLOCK_US_PER_S)
#define V4L2_BENCH_CAPTURE (V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING)
#define V4L2_BENCH_CAPTURE_MPLANE (V4L2_CAP_VIDEO_CAPTURE_MPLANE | V4L2_CAP_STREAMING)

enum { V4L2_BENCH_WIDTH = 320, V4L2_BENCH_HEIGHT = 240, V4L2_BENCH_BUFFERS = 4 };

struct v4l2_bench {
	struct fake_v4l2 *fake;
	struct fake_v4l2_node *node; /* "video0", that is there from the beginning */
	struct cam *cam;             /* NULL before the first open */
	struct cam_want want;
	struct cam_got got;
	uint32_t sequence; /* of the next shot */
};

/* Makes it a camera of one format, in the bench's size, at 30 pictures a second. */
void v4l2_bench_describe(struct fake_v4l2_node *node, uint32_t caps, uint32_t fourcc);

/* cmocka's; the fake makes sure that nothing is left open, mapped or exported. */
int v4l2_bench_set_up(void **state);
int v4l2_bench_tear_down(void **state);
#define V4L2_BENCH_TEST(test)                                                                      \
	cmocka_unit_test_setup_teardown(test, v4l2_bench_set_up, v4l2_bench_tear_down)

/* A new camera of that name, or of "auto", in place of the one before. */
enum cam_result v4l2_bench_open_named(struct v4l2_bench *bench, const char *name);
enum cam_result v4l2_bench_open_camera(struct v4l2_bench *bench);

enum cam_result v4l2_bench_next(struct v4l2_bench *bench, struct cam_picture *ret_picture);

/* A sound picture of now, of bytes `fill`; and shot. */
struct fake_v4l2_shot v4l2_bench_shot_of(struct v4l2_bench *bench, uint8_t fill);
void v4l2_bench_shoot(struct v4l2_bench *bench, uint8_t fill);

/* The next one, which has to come and not be coded; to be freed. ret_skipped may be NULL. */
AVFrame *v4l2_bench_take(struct v4l2_bench *bench, uint32_t *ret_skipped);

#endif
