#include "screen/decode.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

/* Access units without a picture after which a decoder has stopped answering. */
#define UNANSWERED_MAX 30
/* Pictures that one access unit may bring out: more than a decoder can hold back. */
#define PICTURES_MAX 32

struct vdec {
	const struct vdec_kind *order[VDEC_NAMES_MAX];
	size_t n_order;
	size_t current;           /* of order */
	bool reopened;            /* once already */
	struct vdec_codec *codec; /* NULL: to be opened at the next IDR */
	bool waits;               /* for an IDR */
	int unanswered;
};

static const struct vdec_kind *find_kind(const struct vdec_settings *settings, const char *name)
{
	for (size_t i = 0; i < settings->n_kinds; i++) {
		if (strcmp(settings->kinds[i].name, name) == 0)
			return &settings->kinds[i];
	}
	return NULL;
}

int vdec_create(const struct vdec_settings *settings, struct vdec **ret_vdec)
{
	struct vdec *vdec;

	if (settings->n_names < 1 || settings->n_names > VDEC_NAMES_MAX)
		return -EINVAL;
	vdec = calloc(1, sizeof(*vdec));
	if (!vdec)
		return -ENOMEM;
	vdec->waits = true;
	for (; vdec->n_order < settings->n_names; vdec->n_order++) {
		vdec->order[vdec->n_order] = find_kind(settings, settings->names[vdec->n_order]);
		if (!vdec->order[vdec->n_order]) {
			free(vdec);
			return -EINVAL;
		}
	}
	*ret_vdec = vdec;
	return 0;
}

static const struct vdec_ops *ops_of(const struct vdec *vdec)
{
	return vdec->order[vdec->current]->ops;
}

static void close_codec(struct vdec *vdec)
{
	ops_of(vdec)->close(vdec->codec);
	vdec->codec = NULL;
}

void vdec_destroy(struct vdec *vdec)
{
	if (!vdec)
		return;
	close_codec(vdec);
	free(vdec);
}

const char *vdec_name(const struct vdec *vdec)
{
	return vdec->codec ? vdec->order[vdec->current]->name : NULL;
}

static void choose_next(struct vdec *vdec)
{
	vdec->current = (vdec->current + 1) % vdec->n_order;
	vdec->reopened = false;
}

/* Opens the current decoder, or the next one that can be. */
static int open_codec(struct vdec *vdec)
{
	for (size_t tried = 0; tried < vdec->n_order; tried++) {
		const struct vdec_kind *kind = vdec->order[vdec->current];
		char fault[VDEC_FAULT_BYTES] = "";
		int ret = kind->ops->open(kind->context, &vdec->codec, fault);

		if (ret == 0) {
			vdec->unanswered = 0;
			return 0;
		}
		log_debug("screen", "decoder %s: %s", kind->name,
			  fault[0] ? fault : strerror(-ret));
		choose_next(vdec);
	}
	return -ENODEV;
}

/* The decoder is of no use as it is. */
static void give_up_codec(struct vdec *vdec, const char *why)
{
	log_warning("screen", "decoder %s %s", vdec->order[vdec->current]->name, why);
	close_codec(vdec);
	vdec->waits = true;
	if (vdec->reopened)
		choose_next(vdec);
	else
		vdec->reopened = true;
}

/* Takes out all pictures that are ready and keeps the newest. Returns 0 or what receive returned. */
static int receive(struct vdec *vdec, AVFrame **newest)
{
	for (int i = 0; i < PICTURES_MAX; i++) {
		AVFrame *picture = av_frame_alloc();
		int ret = picture ? ops_of(vdec)->receive(vdec->codec, picture) : -ENOMEM;

		if (ret < 0) {
			av_frame_free(&picture);
			return ret == -EAGAIN ? 0 : ret;
		}
		av_frame_free(newest);
		*newest = picture;
		vdec->unanswered = 0;
	}
	return -EIO;
}

static int run_codec(struct vdec *vdec, const AVPacket *packet, AVFrame **newest)
{
	int ret = ops_of(vdec)->send(vdec->codec, packet);

	if (ret == -EAGAIN) {
		ret = receive(vdec, newest);
		if (ret == 0)
			ret = ops_of(vdec)->send(vdec->codec, packet);
		/* Neither takes nor gives. */
		if (ret == -EAGAIN)
			ret = -EIO;
	}
	if (ret == 0)
		ret = receive(vdec, newest);
	return ret;
}

/* Makes the decoder ready for an IDR. */
static int begin_group(struct vdec *vdec)
{
	if (!vdec->codec && open_codec(vdec) < 0)
		return -ENODEV;
	if (vdec->waits)
		ops_of(vdec)->flush(vdec->codec);
	vdec->waits = false;
	return 0;
}

enum vdec_result vdec_decode(struct vdec *vdec, const AVPacket *packet, AVFrame **ret_picture)
{
	AVFrame *newest = NULL;
	int ret;

	if (packet->flags & AV_PKT_FLAG_KEY) {
		if (begin_group(vdec) < 0)
			return VDEC_FAILED;
	} else if (vdec->waits || packet->flags & AV_PKT_FLAG_CORRUPT) {
		vdec->waits = true;
		return VDEC_NEED_KEYFRAME;
	}
	vdec->unanswered++;
	ret = run_codec(vdec, packet, &newest);
	if (ret < 0) {
		av_frame_free(&newest);
		vdec->waits = true;
		if (ret != -EBADMSG)
			give_up_codec(vdec, "has failed");
		return VDEC_NEED_KEYFRAME;
	}
	if (vdec->unanswered > UNANSWERED_MAX) {
		give_up_codec(vdec, "has stopped answering");
		return VDEC_NEED_KEYFRAME;
	}
	if (!newest)
		return VDEC_NOTHING;
	*ret_picture = newest;
	return VDEC_PICTURE;
}
