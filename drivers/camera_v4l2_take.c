#include "drivers/camera_v4l2_take.h"

#include "base/clock.h"

#include <errno.h>
#include <string.h>

enum { JPEG_MAXIMUM = 32 * 1024 * 1024 };

/* A time stamp of the driver further from now than this is not of this clock. */
#define STAMP_AGE_MAXIMUM_US (10 * CLOCK_US_PER_S)

static int64_t stamp(const struct v4l2_load *load, int64_t now_us)
{
	if ((load->flags & V4L2_BUF_FLAG_TIMESTAMP_MASK) != V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC ||
	    load->time_us > now_us || now_us - load->time_us > STAMP_AGE_MAXIMUM_US)
		return now_us;
	return load->time_us;
}

/* CAM_TIMEOUT: nothing is ready. */
static enum cam_result dequeue(struct v4l2_camera_pictures *source, struct v4l2_load *ret_load)
{
	int r = v4l2_pictures_take(source->pictures, ret_load);

	if (r == -EAGAIN)
		return CAM_TIMEOUT;
	if (r == -EOVERFLOW)
		return cam_fail(source->device->cam, "the driver gives a buffer it does not have");
	return r < 0 ? v4l2_device_result(source->device, "take a picture", r) : CAM_OK;
}

/*
 * Dequeues all there is and keeps the newest whole one. CAM_TIMEOUT: nothing was ready; CAM_CORRUPT:
 * nothing whole was.
 */
static enum cam_result dequeue_newest(struct v4l2_camera_pictures *source,
				      struct v4l2_load *ret_newest, uint32_t *ret_passed_over)
{
	struct v4l2_load newest, load;
	enum cam_result result;
	uint32_t passed_over = 0;
	bool found = false, corrupt = false;

	while ((result = dequeue(source, &load)) == CAM_OK) {
		uint32_t back = load.index;
		bool whole = v4l2_pictures_is_whole(source->pictures, &load);

		if (whole && found) {
			back = newest.index;
			passed_over++;
		}
		if (!whole || found)
			v4l2_pictures_give_back(source->pictures, back);
		corrupt |= !whole;
		if (whole)
			newest = load;
		found |= whole;
	}
	if (result != CAM_TIMEOUT)
		return result;
	if (!found)
		return corrupt ? CAM_CORRUPT : CAM_TIMEOUT;
	*ret_newest = newest;
	*ret_passed_over = passed_over;
	return CAM_OK;
}

/* A copy: the decoder reads beyond the end, where the kernel's memory may end too. */
static AVPacket *make_packet(const struct v4l2_camera_pictures *source,
			     const struct v4l2_load *load, int64_t pts)
{
	uint32_t used = load->memories[0].used;
	AVPacket *packet = av_packet_alloc();

	if (!packet || used > JPEG_MAXIMUM || av_new_packet(packet, (int)used) < 0) {
		av_packet_free(&packet);
		return NULL;
	}
	memcpy(packet->data, v4l2_pictures_data(source->pictures, load->index), used);
	packet->pts = pts;
	return packet;
}

/* Those the driver says it lost, and at least those that were passed over here. */
static uint32_t count_skipped(struct v4l2_camera_pictures *source, uint32_t sequence,
			      uint32_t passed_over)
{
	uint32_t gap = sequence - source->sequence;
	uint32_t skipped = passed_over;

	if (source->sequence_is_known && gap > passed_over && gap < INT32_MAX)
		skipped = gap - 1;
	source->sequence_is_known = true;
	source->sequence = sequence;
	return skipped;
}

enum cam_result v4l2_camera_take(struct v4l2_camera_pictures *source,
				 struct cam_picture *ret_picture)
{
	struct cam_picture picture = {0};
	struct v4l2_load newest;
	uint32_t passed_over;
	enum cam_result result = dequeue_newest(source, &newest, &passed_over);
	int64_t pts;

	if (result != CAM_OK)
		return result;
	pts = stamp(&newest, clock_now_us());
	picture.skipped = count_skipped(source, newest.sequence, passed_over);
	if (v4l2_pictures_layout(source->pictures)->pixels == AV_PIX_FMT_NONE)
		picture.coded = make_packet(source, &newest, pts);
	else
		picture.frame = v4l2_pictures_make_frame(source->pictures, &newest, pts);
	if (!picture.frame)
		v4l2_pictures_give_back(source->pictures, newest.index);
	if (!picture.frame && !picture.coded)
		return CAM_CORRUPT;
	*ret_picture = picture;
	return CAM_OK;
}
