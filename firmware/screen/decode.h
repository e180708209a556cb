/*
 * The codec layer for received pictures: H.264 access units in, whole pictures out.
 *
 *     packet ──► [ wait for IDR ] ──► decoder named by the board ──► [ damaged? ] ──► picture
 *
 * What is shown is never a guess: after a gap, a damaged access unit or a decoder's error nothing
 * comes out until the next IDR. A decoder that fails is reopened once, then the next of the board's
 * list takes over; one that stops answering for 500 ms is followed by the last of the list, which is
 * in software.
 *
 * The way back: while a later one of the list is in use, a better one is tried beside it at quiet
 * moments: from an IDR on, when none had to be asked for in the 3 s before. When it has given ten
 * pictures it takes over, without a gap. One that fails its trial is left alone for 5 s, then 10 s,
 * up to 5 minutes. One thread uses a vdec at a time.
 */
#ifndef BALAI_SCREEN_DECODE_H
#define BALAI_SCREEN_DECODE_H

#include <libavcodec/packet.h>
#include <libavutil/frame.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/changes.h"
#include "base/clock.h"

#define VDEC_NAMES_MAX 4
#define VDEC_WIDTH_MAX 4096
#define VDEC_HEIGHT_MAX 2304

#define VDEC_FAULT_BYTES 192

struct vdec_codec; /* one open decoder, private to its ops */

/* A way to decode. All members are required and called by the vdec's one thread. */
struct vdec_ops {
	/*
	 * `context` is that of struct vdec_kind. Returns 0 and hands over; -ENOENT (not in this
	 * build), -ENODEV or -ENOMEM, and may write why, for people.
	 */
	int (*open)(const void *context, struct vdec_codec **ret_codec,
		    char ret_fault[VDEC_FAULT_BYTES]);

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

/* A decoder by its name in a board's order. */
struct vdec_kind {
	const char *name;
	const struct vdec_ops *ops;
	const void *context; /* for open(); outlives every decoder made of it */
};

/*
 * The static table of libavcodec's decoders by their names there: "h264" (software),
 * "h264_v4l2m2m". The software one has one thread: rooms decode many tracks at once, and only then
 * libavcodec tells of missing slices.
 */
const struct vdec_kind *vdec_libav_kinds(size_t *ret_count);

struct vdec_settings {
	const struct vdec_kind *kinds; /* what there is; outlives the vdec */
	size_t n_kinds;
	const char *names[VDEC_NAMES_MAX]; /* of kinds, in order of preference */
	size_t n_names;                    /* 1..VDEC_NAMES_MAX */
	const struct clock *clock;         /* NULL: the machine's own; copied */
};

struct vdec;

/*
 * Opens nothing yet. Returns 0 and hands over *ret_vdec; -EINVAL, also for a name that is not among
 * the kinds; -ENOMEM.
 */
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

/* The one that is tried beside it, or NULL; and why the last trial ended, "". */
const char *vdec_trial(const struct vdec *vdec);
const char *vdec_trial_failed(const struct vdec *vdec);

/* From one decoder to another; lent until the next vdec_decode(). */
const struct changes *vdec_changes(const struct vdec *vdec);

#endif
