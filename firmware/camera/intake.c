#include "camera/intake.h"

#include "camera/convert.h"
#include "camera/mjpeg.h"

#include <errno.h>
#include <stdlib.h>

struct intake {
	struct mjpeg *mjpeg;
	struct converter *converter;
};

int intake_create(enum AVPixelFormat convert_to, struct intake **ret_intake)
{
	struct intake *intake = calloc(1, sizeof(*intake));
	int r;

	if (!intake)
		return -ENOMEM;
	r = mjpeg_create(&intake->mjpeg);
	if (r == 0)
		r = converter_create(convert_to, &intake->converter);
	if (r < 0) {
		intake_destroy(intake);
		return r;
	}
	*ret_intake = intake;
	return 0;
}

void intake_destroy(struct intake *intake)
{
	if (!intake)
		return;
	converter_destroy(intake->converter);
	mjpeg_destroy(intake->mjpeg);
	free(intake);
}

/* Makes of a picture one that encoders take, in place. */
static int make_encodable(struct intake *intake, AVFrame **picture)
{
	AVFrame *converted;
	int r;

	/* an odd last line or column has no chroma of its own in 4:2:0 */
	(*picture)->width &= ~1;
	(*picture)->height &= ~1;
	if (converter_is_done(*picture))
		return 0;
	r = converter_run(intake->converter, *picture, &converted);
	if (r < 0)
		return r;
	av_frame_free(picture);
	*picture = converted;
	return 0;
}

int intake_run(struct intake *intake, const struct cam_got *got, struct cam_picture *taken,
	       AVFrame **ret_picture)
{
	AVFrame *picture = taken->frame;
	int r = 0;

	if (taken->coded)
		r = mjpeg_decode(intake->mjpeg, taken->coded, got->width, got->height, &picture);
	av_packet_free(&taken->coded);
	taken->frame = NULL;
	if (r == 0)
		r = make_encodable(intake, &picture);
	if (r < 0) {
		av_frame_free(&picture);
		return r;
	}
	*ret_picture = picture;
	return 0;
}
