/*
 * Pictures of any pixel format to the 4:2:0 that encoders take, in limited range, same size.
 */
#ifndef BALAI_CAMERA_CONVERT_H
#define BALAI_CAMERA_CONVERT_H

#include <libavutil/frame.h>
#include <stdbool.h>

struct converter;

/* to: AV_PIX_FMT_NV12 or AV_PIX_FMT_YUV420P. Returns 0 and hands over *ret_converter, or -ENOMEM. */
int converter_create(enum AVPixelFormat to, struct converter **ret_converter)
	__attribute__((warn_unused_result));

/* NULL is allowed. */
void converter_destroy(struct converter *converter);

/* Whether encoders take it as it is: NV12 or YUV420P in limited range. */
bool converter_is_done(const AVFrame *picture);

/*
 * Converts into memory of its own; times are carried over. Returns 0 and hands over *ret_picture;
 * -ENOTSUP for a format that cannot be converted; -ENOMEM. One thread at a time.
 */
int converter_run(struct converter *converter, const AVFrame *picture, AVFrame **ret_picture)
	__attribute__((warn_unused_result));

#endif
