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
	const struct vdec_ops *ops;
	char *names[VDEC_NAMES_MAX];
	size_t n_names;
	size_t current;           /* of names */
	bool reopened;            /* once already */
	struct vdec_codec *codec; /* NULL: to be opened at the next IDR */
	bool waits;               /* for an IDR */
	int unanswered;
};

int vdec_create(const struct vdec_settings *settings, struct vdec **ret_vdec)
{
	struct vdec *vdec;

	if (settings->n_names < 1 || settings->n_names > VDEC_NAMES_MAX)
		return -EINVAL;
	vdec = calloc(1, sizeof(*vdec));
	if (!vdec)
		return -ENOMEM;
	vdec->ops = settings->ops;
	vdec->waits = true;
	for (; vdec->n_names < settings->n_names; vdec->n_names++) {
		vdec->names[vdec->n_names] = strdup(settings->names[vdec->n_names]);
		if (!vdec->names[vdec->n_names]) {
			vdec_destroy(vdec);
			return -ENOMEM;
		}
	}
	*ret_vdec = vdec;
	return 0;
}

void vdec_destroy(struct vdec *vdec)
{
	if (!vdec)
		return;
	vdec->ops->close(vdec->codec);
	for (size_t i = 0; i < vdec->n_names; i++)
		free(vdec->names[i]);
	free(vdec);
}

const char *vdec_name(const struct vdec *vdec)
{
	return vdec->codec ? vdec->names[vdec->current] : NULL;
}

static void choose_next(struct vdec *vdec)
{
	vdec->current = (vdec->current + 1) % vdec->n_names;
	vdec->reopened = false;
}

/* Opens the current decoder, or the next one that can be. */
static int open_codec(struct vdec *vdec)
{
	for (size_t tried = 0; tried < vdec->n_names; tried++) {
		const char *name = vdec->names[vdec->current];
		int ret = vdec->ops->open(name, &vdec->codec);

		if (ret == 0) {
			vdec->unanswered = 0;
			return 0;
		}
		log_debug("screen", "decoder %s: %s", name, strerror(-ret));
		choose_next(vdec);
	}
	return -ENODEV;
}

/* The decoder is of no use as it is. */
static void give_up_codec(struct vdec *vdec, const char *why)
{
	log_warning("screen", "decoder %s %s", vdec->names[vdec->current], why);
	vdec->ops->close(vdec->codec);
	vdec->codec = NULL;
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
		int ret = picture ? vdec->ops->receive(vdec->codec, picture) : -ENOMEM;

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
	int ret = vdec->ops->send(vdec->codec, packet);

	if (ret == -EAGAIN) {
		ret = receive(vdec, newest);
		if (ret == 0)
			ret = vdec->ops->send(vdec->codec, packet);
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
		vdec->ops->flush(vdec->codec);
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
