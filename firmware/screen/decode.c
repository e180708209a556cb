#include "screen/decode.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/choice.h"
#include "base/log.h"

enum {
	UNANSWERED_MAX = 30, /* access units without a picture: it has stopped answering */
	HELD_BACK_MAX = 4,   /* as many it may keep for a while */
	PICTURES_MAX = 32,   /* that one access unit may bring out: more than can be held back */
	TRIAL_PICTURES = 10, /* what a trial has to give */
};

#define STALL_US (500 * CLOCK_US_PER_MS)

/* A decoder in use or on trial. */
struct decoder {
	const struct vdec_kind *kind;
	struct vdec_codec *codec; /* NULL: to be opened at the next IDR */
	int64_t pictures;         /* since it was opened */
	int64_t proven_us;        /* when its first came out, 0 before */
	int unanswered;
	int64_t unanswered_us; /* when the oldest of them was sent */
};

/*
 *     packet ──┬─► current ──► newest picture
 *              └─► trial, sometimes ──► nothing, until it takes over
 */
struct vdec {
	const struct vdec_kind *order[VDEC_NAMES_MAX];
	struct clock clock;
	struct choice choice;
	struct decoder current;
	struct decoder trial;
	bool waits;        /* for an IDR */
	int64_t shown_pts; /* of the last picture before another decoder took over */
	struct changes changes;
	char trial_failed[VDEC_FAULT_BYTES];
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
	static const struct choice_times times = {
		.ran_well_us = 60 * CLOCK_US_PER_S,
		.quiet_us = 3 * CLOCK_US_PER_S,
		.trial_first_us = 5 * CLOCK_US_PER_S,
		.trial_limit_us = 300 * CLOCK_US_PER_S,
	};
	struct vdec *vdec;

	if (settings->n_names < 1 || settings->n_names > VDEC_NAMES_MAX)
		return -EINVAL;
	vdec = calloc(1, sizeof(*vdec));
	if (!vdec)
		return -ENOMEM;
	vdec->waits = true;
	vdec->shown_pts = INT64_MIN;
	vdec->clock = settings->clock ? *settings->clock : *clock_monotonic();
	for (size_t i = 0; i < settings->n_names; i++) {
		vdec->order[i] = find_kind(settings, settings->names[i]);
		if (!vdec->order[i]) {
			free(vdec);
			return -EINVAL;
		}
	}
	choice_init(&vdec->choice, &times, settings->n_names);
	*ret_vdec = vdec;
	return 0;
}

static void close_decoder(struct decoder *decoder)
{
	if (decoder->kind)
		decoder->kind->ops->close(decoder->codec);
	*decoder = (struct decoder){0};
}

void vdec_destroy(struct vdec *vdec)
{
	if (!vdec)
		return;
	close_decoder(&vdec->trial);
	close_decoder(&vdec->current);
	free(vdec);
}

const char *vdec_name(const struct vdec *vdec)
{
	return vdec->current.codec ? vdec->current.kind->name : NULL;
}

const char *vdec_trial(const struct vdec *vdec)
{
	return vdec->trial.codec ? vdec->trial.kind->name : NULL;
}

const char *vdec_trial_failed(const struct vdec *vdec)
{
	return vdec->trial_failed;
}

const struct changes *vdec_changes(const struct vdec *vdec)
{
	return &vdec->changes;
}

static int open_decoder(struct decoder *decoder, const struct vdec_kind *kind,
			char ret_why[VDEC_FAULT_BYTES])
{
	char fault[VDEC_FAULT_BYTES] = "";
	int r;

	*decoder = (struct decoder){.kind = kind};
	r = kind->ops->open(kind->context, &decoder->codec, fault);
	if (r < 0) {
		snprintf(ret_why, VDEC_FAULT_BYTES, "cannot be opened: %.160s",
			 fault[0] ? fault : strerror(-r));
		*decoder = (struct decoder){0};
	}
	return r;
}

/* Takes out all pictures that are ready and keeps the newest. Returns 0 or what receive returned. */
static int receive(struct decoder *decoder, AVFrame **newest)
{
	for (int i = 0; i < PICTURES_MAX; i++) {
		AVFrame *picture = av_frame_alloc();
		int ret = picture ? decoder->kind->ops->receive(decoder->codec, picture) : -ENOMEM;

		if (ret < 0) {
			av_frame_free(&picture);
			return ret == -EAGAIN ? 0 : ret;
		}
		av_frame_free(newest);
		*newest = picture;
		decoder->pictures++;
		decoder->unanswered = 0;
	}
	return -EIO;
}

static int run_codec(struct decoder *decoder, const AVPacket *packet, AVFrame **newest)
{
	const struct vdec_ops *ops = decoder->kind->ops;
	int ret = ops->send(decoder->codec, packet);

	if (ret == -EAGAIN) {
		ret = receive(decoder, newest);
		if (ret == 0)
			ret = ops->send(decoder->codec, packet);
		/* Neither takes nor gives. */
		if (ret == -EAGAIN)
			ret = -EIO;
	}
	if (ret == 0)
		ret = receive(decoder, newest);
	return ret;
}

/* Returns 0; -EBADMSG, the access unit is damaged; or what makes the decoder useless: -ETIMEDOUT. */
static int run_decoder(struct decoder *decoder, const AVPacket *packet, int64_t now_us,
		       AVFrame **newest)
{
	bool is_late;
	int ret;

	if (decoder->unanswered++ == 0)
		decoder->unanswered_us = now_us;
	ret = run_codec(decoder, packet, newest);
	if (decoder->pictures > 0 && !decoder->proven_us)
		decoder->proven_us = now_us;
	is_late =
		decoder->unanswered > HELD_BACK_MAX && now_us - decoder->unanswered_us >= STALL_US;
	if (ret == 0 && (is_late || decoder->unanswered > UNANSWERED_MAX))
		ret = -ETIMEDOUT;
	return ret;
}

static const char *cause_of(int error)
{
	return error == -ETIMEDOUT ? "stops answering" : "fails";
}

/* The decoder is of no use as it is. One that kept people waiting is not made anew. */
static void give_up_current(struct vdec *vdec, const char *cause, bool stalled, int64_t now_us)
{
	const struct vdec_kind *from = vdec->order[vdec->choice.index];
	const struct vdec_kind *to;

	choice_failed(&vdec->choice, stalled, vdec->current.proven_us, now_us);
	to = vdec->order[vdec->choice.index];
	changes_note(&vdec->changes, from->name, to->name, cause, now_us);
	log_warning("screen", "decoder %s %s; %s is %s", from->name, cause, to->name,
		    from == to ? "made anew" : "next");
	close_decoder(&vdec->current);
	/* a trial ends with what it was to replace */
	close_decoder(&vdec->trial);
	vdec->waits = true;
}

static void give_up_trial(struct vdec *vdec, const char *cause, int64_t now_us)
{
	snprintf(vdec->trial_failed, sizeof(vdec->trial_failed), "%.24s %.160s",
		 vdec->order[vdec->choice.trial_index]->name, cause);
	log_debug("screen", "decoder on trial: %s", vdec->trial_failed);
	choice_trial_failed(&vdec->choice, now_us);
	close_decoder(&vdec->trial);
}

/* Opens the current decoder, or the next one that can be. */
static int open_current(struct vdec *vdec, int64_t now_us)
{
	for (size_t tried = 0; tried < vdec->choice.n_order; tried++) {
		size_t index = vdec->choice.index;
		char why[VDEC_FAULT_BYTES];

		if (open_decoder(&vdec->current, vdec->order[index], why) == 0)
			return 0;
		/* what is not there is not asked twice */
		vdec->choice.second_chance_used = true;
		choice_failed(&vdec->choice, false, 0, now_us);
		changes_note(&vdec->changes, vdec->order[index]->name,
			     vdec->order[vdec->choice.index]->name, why, now_us);
		log_debug("screen", "decoder %s %s", vdec->order[index]->name, why);
	}
	return -ENODEV;
}

/* With an IDR, from which on both can follow the stream. */
static void begin_trial(struct vdec *vdec, int64_t now_us)
{
	char why[VDEC_FAULT_BYTES];

	if (vdec->trial.codec || !choice_wants_trial(&vdec->choice, now_us))
		return;
	if (open_decoder(&vdec->trial, vdec->order[vdec->choice.trial_index], why) < 0)
		give_up_trial(vdec, why, now_us);
}

/* Makes the decoders ready for an IDR. */
static int begin_group(struct vdec *vdec, int64_t now_us)
{
	if (!vdec->current.codec && open_current(vdec, now_us) < 0)
		return -ENODEV;
	if (vdec->waits) {
		vdec->current.kind->ops->flush(vdec->current.codec);
		if (vdec->trial.codec)
			vdec->trial.kind->ops->flush(vdec->trial.codec);
	}
	vdec->waits = false;
	begin_trial(vdec, now_us);
	return 0;
}

/* The one on trial decodes the same; after enough pictures it is the one in use. */
static void run_trial(struct vdec *vdec, const AVPacket *packet, const AVFrame *newest,
		      int64_t now_us)
{
	const char *from = vdec->current.kind->name;
	AVFrame *unseen = NULL;
	int ret;

	if (!vdec->trial.codec)
		return;
	ret = run_decoder(&vdec->trial, packet, now_us, &unseen);
	av_frame_free(&unseen);
	if (ret < 0) {
		give_up_trial(vdec, cause_of(ret), now_us);
		return;
	}
	if (vdec->trial.pictures < TRIAL_PICTURES || !newest)
		return;
	close_decoder(&vdec->current);
	vdec->current = vdec->trial;
	vdec->trial = (struct decoder){0};
	vdec->trial_failed[0] = '\0';
	/* it may keep back some that were shown */
	vdec->shown_pts = newest->pts;
	choice_returned(&vdec->choice, now_us);
	changes_note(&vdec->changes, from, vdec->current.kind->name,
		     "is replaced by a better one that works again", now_us);
	log_info("screen", "decoder %s works again and replaces %s", vdec->current.kind->name,
		 from);
}

/* Leaves out a picture that the decoder before has given. */
static void leave_out_shown(struct vdec *vdec, AVFrame **newest)
{
	if (!*newest)
		return;
	if ((*newest)->pts <= vdec->shown_pts)
		av_frame_free(newest);
	else
		vdec->shown_pts = INT64_MIN;
}

static enum vdec_result need_keyframe(struct vdec *vdec, int64_t now_us)
{
	vdec->waits = true;
	vdec->choice.wanted_us = now_us;
	return VDEC_NEED_KEYFRAME;
}

enum vdec_result vdec_decode(struct vdec *vdec, const AVPacket *packet, AVFrame **ret_picture)
{
	int64_t now_us = vdec->clock.now_us(vdec->clock.context);
	AVFrame *newest = NULL;
	int ret;

	if (packet->flags & AV_PKT_FLAG_KEY) {
		if (begin_group(vdec, now_us) < 0)
			return VDEC_FAILED;
	} else if (vdec->waits || packet->flags & AV_PKT_FLAG_CORRUPT) {
		return need_keyframe(vdec, now_us);
	}
	ret = run_decoder(&vdec->current, packet, now_us, &newest);
	if (ret < 0) {
		av_frame_free(&newest);
		if (ret != -EBADMSG)
			give_up_current(vdec, cause_of(ret), ret == -ETIMEDOUT, now_us);
		return need_keyframe(vdec, now_us);
	}
	leave_out_shown(vdec, &newest);
	run_trial(vdec, packet, newest, now_us);
	if (!newest)
		return VDEC_NOTHING;
	*ret_picture = newest;
	return VDEC_PICTURE;
}
