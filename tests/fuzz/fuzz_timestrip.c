/*
 * Reading a time strip: the plane is as large as the rectangle says, so that a step outside shows;
 * what is read draws the same strip again.
 *
 * Input: kind of pixels, width / 2, height / 2, then the plane, repeated to its full size.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "camera/timestrip.h"

enum { HEADER_BYTES = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void draw_again(const struct timestrip *strip)
{
	AVFrame *picture = av_frame_alloc();
	struct timestrip_rect rect = {.width = 80, .height = 90};
	struct timestrip again;

	assert(picture);
	picture->format = AV_PIX_FMT_YUV420P;
	picture->width = rect.width;
	picture->height = rect.height;
	assert(av_frame_get_buffer(picture, 0) == 0);
	assert(timestrip_draw(picture, strip) == 0);
	assert(timestrip_read(picture->data[0], (size_t)picture->linesize[0], TIMESTRIP_LUMA, &rect,
			      &again) == 0);
	assert(again.time_us == strip->time_us && again.tag == strip->tag);
	av_frame_free(&picture);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct timestrip_rect rect = {0};
	enum timestrip_pixels pixels;
	struct timestrip strip;
	size_t stride, bytes;
	uint8_t *plane;

	if (size <= HEADER_BYTES)
		return 0;
	pixels = data[0] % 2 ? TIMESTRIP_BGR0 : TIMESTRIP_LUMA;
	rect.width = 2 * data[1];
	rect.height = 2 * data[2];
	stride = (size_t)rect.width * (pixels == TIMESTRIP_BGR0 ? 4 : 1);
	/* the strip alone: two rows of 45 */
	bytes = stride * ((size_t)rect.height * 2 / 45);
	plane = malloc(bytes + 1);
	assert(plane);
	for (size_t i = 0; i < bytes; i++)
		plane[i] = data[HEADER_BYTES + i % (size - HEADER_BYTES)];
	if (timestrip_read(plane, stride, pixels, &rect, &strip) == 0)
		draw_again(&strip);
	free(plane);
	return 0;
}
