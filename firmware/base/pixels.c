#include "base/pixels.h"

enum AVPixelFormat pixels_plain(enum AVPixelFormat format)
{
	switch (format) {
	case AV_PIX_FMT_YUVJ420P:
		return AV_PIX_FMT_YUV420P;
	case AV_PIX_FMT_YUVJ422P:
		return AV_PIX_FMT_YUV422P;
	case AV_PIX_FMT_YUVJ444P:
		return AV_PIX_FMT_YUV444P;
	default:
		return format;
	}
}

bool pixels_are_full_range(const AVFrame *picture)
{
	return picture->color_range == AVCOL_RANGE_JPEG ||
	       pixels_plain(picture->format) != (enum AVPixelFormat)picture->format;
}
