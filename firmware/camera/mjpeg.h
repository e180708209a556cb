/*
 * JPEG pictures of a camera to pictures, damaged ones refused whole.
 */
#ifndef BALAI_CAMERA_MJPEG_H
#define BALAI_CAMERA_MJPEG_H

#include <libavcodec/packet.h>
#include <libavutil/frame.h>

struct mjpeg;

/* Returns 0 and hands over *ret_mjpeg, or -ENOMEM, -ENOSYS without such a decoder. */
int mjpeg_create(struct mjpeg **ret_mjpeg) __attribute__((warn_unused_result));

/* NULL is allowed. */
void mjpeg_destroy(struct mjpeg *mjpeg);

/*
 * Decodes one JPEG, which has to be of that size. pts is carried over. Returns 0 and hands over
 * *ret_picture; -EILSEQ: truncated, damaged or of another size; -ENOMEM. One thread at a time.
 */
int mjpeg_decode(struct mjpeg *mjpeg, const AVPacket *packet, int width, int height,
		 AVFrame **ret_picture) __attribute__((warn_unused_result));

#endif
