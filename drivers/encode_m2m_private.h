/*
 * What the files of encode_m2m share: encode_m2m.c (the ops), encode_m2m_start.c (formats and
 * queues), encode_m2m_controls.c.
 */
#ifndef BALAI_DRIVERS_ENCODE_M2M_PRIVATE_H
#define BALAI_DRIVERS_ENCODE_M2M_PRIVATE_H

#include "camera/encode.h"
#include "camera/encode_flights.h"
#include "drivers/m2m_device.h"
#include "drivers/v4l2_queue.h"

#include <libavutil/hwcontext_drm.h>

#define ENCODE_M2M_BUFFERS 4 /* a queue: one in work, one waits, one comes, one goes */
#define ENCODE_M2M_DRAINED_MAX 16

struct SwsContext;

/*
 *     submit ──copy or DMABUF──► raw ──► device ──► coded ──copy──► receive
 *                                 └─► held: pictures until the device has read them
 */
struct encode_m2m {
	struct venc_encoder base;
	const struct v4l2_sys *sys;
	struct m2m_fault fault; /* base.fault */
	bool is_open;
	struct m2m_device device;
	struct venc_format format;
	int64_t bitrate_bps;

	const struct v4l2_pixels *pixels; /* of `raw` */
	struct v4l2_agreed agreed;
	struct v4l2_layout layout;
	uint32_t coded_bytes; /* that a coded picture may have */
	bool streaming;
	struct v4l2_queue raw;
	struct v4l2_queue coded;
	AVFrame *held[V4L2_QUEUE_MAX]; /* by buffers of `raw` */
	struct venc_flights inside;
	struct SwsContext *converter;
	bool keyframe_wanted;

	AVPacket *drained[ENCODE_M2M_DRAINED_MAX]; /* from before the last start */
	size_t n_drained;

	struct encode_m2m_place {
		int n_memories; /* of the device; 0: not in any */
		int pitch;
	} place;             /* of the pictures that it was started for */
	bool dmabuf_refused; /* by this device, for good */
	struct venc_path path;
};

/* Asks the device for the format, with the strides of `picture` if that is not NULL. 0 or -errno. */
int encode_m2m_agree(struct encode_m2m *encoder, const AVFrame *picture)
	__attribute__((warn_unused_result));

/* Whether the running queues are the best for a picture that lies like this one. */
bool encode_m2m_suits(const struct encode_m2m *encoder, const AVFrame *picture);

/* Opens and starts both queues, as is best for such pictures. 0 or -errno: stopped. */
int encode_m2m_start(struct encode_m2m *encoder, const AVFrame *picture)
	__attribute__((warn_unused_result));

void encode_m2m_stop(struct encode_m2m *encoder);

/* Copies or converts the picture into a buffer of `raw`. 0, -ENOMEM or -ENOTSUP. */
int encode_m2m_copy(struct encode_m2m *encoder, const AVFrame *picture, uint32_t index)
	__attribute__((warn_unused_result));

#endif
