#include "tests/fake/faulty_camera.h"

#include <assert.h>
#include <errno.h>
#include <libavcodec/avcodec.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "drivers/camera_test.h"

enum { TRUNCATED_EVERY = 3 };

struct faulty_camera {
	struct cam base;
	struct cam *pattern;
	enum faulty_camera_form form;
	_Atomic enum cam_result result;
	AVCodecContext *jpeg; /* while open as MJPEG */
	unsigned int coded;
};

static const struct cam_ops ops;

static struct faulty_camera *faulty_from(struct cam *cam)
{
	assert(cam->ops == &ops);
	return (struct faulty_camera *)cam;
}

static void open_jpeg(struct faulty_camera *faulty, const struct cam_got *got)
{
	AVCodecContext *jpeg = avcodec_alloc_context3(avcodec_find_encoder(AV_CODEC_ID_MJPEG));

	if (!jpeg)
		abort();
	jpeg->width = got->width;
	jpeg->height = got->height;
	jpeg->pix_fmt = AV_PIX_FMT_YUV420P;
	jpeg->color_range = AVCOL_RANGE_MPEG;
	jpeg->strict_std_compliance = FF_COMPLIANCE_UNOFFICIAL;
	jpeg->time_base = (AVRational){1, (int)CLOCK_US_PER_S};
	jpeg->flags |= AV_CODEC_FLAG_QSCALE;
	jpeg->global_quality = 3 * FF_QP2LAMBDA;
	if (avcodec_open2(jpeg, NULL, NULL) < 0)
		abort();
	faulty->jpeg = jpeg;
}

static enum cam_result faulty_open(struct cam *cam, const struct cam_want *want,
				   struct cam_got *ret_got)
{
	struct faulty_camera *faulty = faulty_from(cam);
	enum cam_result result = atomic_load(&faulty->result);
	struct cam_want raw = *want;

	if (result == CAM_FAILED)
		return cam_fail(cam, "the test says so");
	if (result != CAM_OK)
		return result;
	if (faulty->form == FAULTY_CAMERA_MJPEG) {
		raw.formats[0] = CAM_FORMAT_I420;
		raw.n_formats = 1;
	}
	result = faulty->pattern->ops->open(faulty->pattern, &raw, ret_got);
	if (result != CAM_OK || faulty->form == FAULTY_CAMERA_RAW)
		return result;
	ret_got->format = CAM_FORMAT_MJPEG;
	open_jpeg(faulty, ret_got);
	return CAM_OK;
}

static void make_jpeg(struct faulty_camera *faulty, struct cam_picture *picture)
{
	AVPacket *coded = av_packet_alloc();

	if (!coded || avcodec_send_frame(faulty->jpeg, picture->frame) < 0 ||
	    avcodec_receive_packet(faulty->jpeg, coded) < 0)
		abort();
	coded->pts = picture->frame->pts;
	if (++faulty->coded % TRUNCATED_EVERY == 0)
		av_shrink_packet(coded, coded->size / 3);
	av_frame_free(&picture->frame);
	picture->coded = coded;
}

static void paint_patch(AVFrame *picture)
{
	int x = picture->width * (FAULTY_CAMERA_PATCH_X - 8) / 100;
	int y = picture->height * (FAULTY_CAMERA_PATCH_Y - 2) / 100;
	int width = picture->width * 16 / 100, height = picture->height * 4 / 100;

	for (int line = y; line < y + height; line++)
		memset(picture->data[0] + (ptrdiff_t)line * picture->linesize[0] + x,
		       faulty_camera_patch(picture->pts), (size_t)width);
}

static enum cam_result faulty_next(struct cam *cam, int64_t deadline_us,
				   struct cam_picture *ret_picture)
{
	struct faulty_camera *faulty = faulty_from(cam);
	struct cam_picture picture = {0};
	enum cam_result result = faulty->pattern->ops->next(faulty->pattern, deadline_us, &picture);

	if (atomic_load(&faulty->result) != CAM_OK) {
		av_frame_free(&picture.frame);
		return CAM_UNPLUGGED;
	}
	if (result != CAM_OK)
		return result;
	paint_patch(picture.frame);
	if (faulty->form == FAULTY_CAMERA_MJPEG)
		make_jpeg(faulty, &picture);
	*ret_picture = picture;
	return CAM_OK;
}

static void faulty_close(struct cam *cam)
{
	struct faulty_camera *faulty = faulty_from(cam);

	avcodec_free_context(&faulty->jpeg);
	faulty->pattern->ops->close(faulty->pattern);
}

static void faulty_wake(struct cam *cam)
{
	struct faulty_camera *faulty = faulty_from(cam);

	faulty->pattern->ops->wake(faulty->pattern);
}

static void faulty_destroy(struct cam *cam)
{
	struct faulty_camera *faulty = faulty_from(cam);

	avcodec_free_context(&faulty->jpeg);
	cam_destroy(faulty->pattern);
	free(faulty);
}

static const struct cam_ops ops = {
	.open = faulty_open,
	.next = faulty_next,
	.close = faulty_close,
	.wake = faulty_wake,
	.destroy = faulty_destroy,
};

int faulty_camera_create(uint8_t tag, enum faulty_camera_form form, struct cam **ret_cam)
{
	struct faulty_camera *faulty = calloc(1, sizeof(*faulty));
	int r;

	if (!faulty)
		return -ENOMEM;
	faulty->base.ops = &ops;
	faulty->form = form;
	r = camera_test_create(tag, &faulty->pattern);
	if (r < 0) {
		free(faulty);
		return r;
	}
	*ret_cam = &faulty->base;
	return 0;
}

void faulty_camera_set(struct cam *cam, enum cam_result result)
{
	struct faulty_camera *faulty = faulty_from(cam);

	atomic_store(&faulty->result, result);
	faulty_wake(cam);
}
