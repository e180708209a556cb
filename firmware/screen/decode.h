/*
 * The codec layer for received pictures: H.264 access units in, whole pictures out.
 *
 *     packet ──► [ wait for IDR ] ──► decoder named by the board ──► [ damaged? ] ──► picture
 *
 * What is shown is never a guess: after a gap, a damaged access unit or a decoder's error nothing
 * comes out until the next IDR. A decoder that fails or stops answering is reopened once, then the
 * next of the board's list takes over. One thread uses a vdec at a time.
 */
#ifndef BALAI_SCREEN_DECODE_H
#define BALAI_SCREEN_DECODE_H

#include <libavcodec/packet.h>
#include <libavutil/frame.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VDEC_NAMES_MAX 4
#define VDEC_WIDTH_MAX 4096
#define VDEC_HEIGHT_MAX 2304

struct vdec_codec; /* one open decoder, private to its ops */

/* A way to decode. All members are required and called by the vdec's one thread. */
struct vdec_ops {
	/* Opens the decoder called `name`. Returns 0, -ENOENT (not in this build), -ENODEV, -ENOMEM. */
	int (*open)(const char *name, struct vdec_codec **ret_codec);

	/*
	 * One access unit (Annex B). Returns 0; -EAGAIN, receive first; -EBADMSG, the access unit is
	 * damaged; -EIO or -ENOMEM, the decoder has failed.
	 */
	int (*send)(struct vdec_codec *codec, const AVPacket *packet);

	/*
	 * Moves the next picture into the blank `picture`, its pts being its packet's. Returns 0;
	 * -EAGAIN, none is ready; -EBADMSG, the picture was damaged or is larger than VDEC_*_MAX;
	 * -EIO or -ENOMEM, the decoder has failed.
	 */
	int (*receive)(struct vdec_codec *codec, AVFrame *picture);

	/* Forgets all references. */
	void (*flush)(struct vdec_codec *codec);

	/* NULL is allowed. */
	void (*close)(struct vdec_codec *codec);
};

/*
 * libavcodec's decoders by their names there: "h264" (software), "h264_v4l2m2m". The software one
 * has one thread: rooms decode many tracks at once, and only then libavcodec tells of missing
 * slices.
 */
const struct vdec_ops *vdec_libav(void);

struct vdec_settings {
	const struct vdec_ops *ops;        /* outlives the vdec */
	const char *names[VDEC_NAMES_MAX]; /* decoders in order of preference; copied */
	size_t n_names;                    /* 1..VDEC_NAMES_MAX */
};

struct vdec;

/* Opens nothing yet. Returns 0 and hands over *ret_vdec, -EINVAL or -ENOMEM. */
int vdec_create(const struct vdec_settings *settings, struct vdec **ret_vdec)
	__attribute__((warn_unused_result));

/* NULL is allowed. */
void vdec_destroy(struct vdec *vdec);

enum vdec_result {
	VDEC_PICTURE,       /* *ret_picture is handed over (av_frame_free) */
	VDEC_NOTHING,       /* no picture yet; send on */
	VDEC_NEED_KEYFRAME, /* nothing can be shown until the next IDR: ask for it */
	VDEC_FAILED,        /* no decoder of the list can be had; tried again at the next IDR */
};

/*
 * Decodes one access unit. packet->pts is its capture time (µs), AV_PKT_FLAG_KEY marks an IDR with
 * its SPS and PPS, and AV_PKT_FLAG_CORRUPT says that something before it is missing, which decoders
 * conceal rather than tell.
 */
enum vdec_result vdec_decode(struct vdec *vdec, const AVPacket *packet, AVFrame **ret_picture);

/* The decoder in use, or NULL. */
const char *vdec_name(const struct vdec *vdec);

#endif
