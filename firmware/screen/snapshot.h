/*
 * Still images of a picture. All functions may be called by any thread; `picture` is YUV420P, as
 * compose_copy() gives it, and is only read.
 */
#ifndef BALAI_SCREEN_SNAPSHOT_H
#define BALAI_SCREEN_SNAPSHOT_H

#include <libavcodec/packet.h>
#include <libavutil/frame.h>

enum {
	SNAPSHOT_QUALITY_BEST = 2,
	SNAPSHOT_QUALITY_WORST = 31,
};

/* PNG, RGB. Returns 0 and hands over *ret_png (av_packet_free), -EINVAL, -ENOMEM or -EIO. */
int snapshot_png(const AVFrame *picture, AVPacket **ret_png) __attribute__((warn_unused_result));

/* JPEG (JFIF). quality: SNAPSHOT_QUALITY_BEST..WORST. Returns as snapshot_png() does. */
int snapshot_jpeg(const AVFrame *picture, int quality, AVPacket **ret_jpeg)
	__attribute__((warn_unused_result));

#endif
