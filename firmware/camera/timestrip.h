/*
 * A strip of black and white cells along the top of test and demo pictures that carries the capture
 * time, so that latency is measured from pixels, through encoder, network, decoder and screen.
 *
 *     ┌──────────────────────────────────────────┐  2 rows of 40 cells; a row is 1/45 of the
 *     │ W B W  36 bits, highest first          B │  picture's height, a cell 1/40 of its width
 *     │ B W B  36 bits                         W │
 *     │                 picture                  │  72 bits: time 48, tag 8, CRC-16 of both
 *     └──────────────────────────────────────────┘
 *
 * White is 1. It reads back after scaling down to 160x90 and after H.264 at low rates; where it
 * does not, the read fails: cells that are neither black nor white, wrong markers or a wrong CRC
 * are refused. CRC-16/CCITT-FALSE (polynomial 0x1021, start 0xffff) over the 7 bytes, big-endian.
 */
#ifndef BALAI_CAMERA_TIMESTRIP_H
#define BALAI_CAMERA_TIMESTRIP_H

#include <libavutil/frame.h>
#include <stddef.h>
#include <stdint.h>

struct timestrip {
	int64_t time_us; /* CLOCK_MONOTONIC of the drawing machine, 0..2^48-1 */
	uint8_t tag;     /* which room drew it */
};

enum timestrip_pixels {
	TIMESTRIP_LUMA, /* 1 byte a pixel: the first plane of NV12 or YUV420P */
	TIMESTRIP_BGR0, /* 4 bytes a pixel: the screen's XRGB8888, little-endian */
};

/* Where the whole picture lies in the plane, in pixels. */
struct timestrip_rect {
	int x;
	int y;
	int width;
	int height;
};

/*
 * Draws into a writable NV12, YUV420P or YUYV422 picture of at least 80x90 pixels. Returns 0,
 * or -EINVAL for another format or a smaller one. Any thread.
 */
int timestrip_draw(AVFrame *picture, const struct timestrip *strip)
	__attribute__((warn_unused_result));

/*
 * Reads the strip of the picture at `rect`, which the caller knows lies inside the plane. Returns
 * 0, -EINVAL for a rectangle smaller than 80x90, -EILSEQ when there is no readable strip. Reads no
 * pixel outside the strip. Any thread.
 */
int timestrip_read(const uint8_t *plane, size_t stride, enum timestrip_pixels pixels,
		   const struct timestrip_rect *rect, struct timestrip *ret_strip)
	__attribute__((warn_unused_result));

#endif
