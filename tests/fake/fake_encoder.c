#include "tests/fake/fake_encoder.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "camera/annexb.h"
#include "camera/encode_avcodec.h"

enum { LATE_BY = 2, HELD_MAX = 8 };

struct fake_encoder {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	enum fake_encoder_fault fault;
	unsigned int after;
	bool let_go;
	struct fake_encoder_counts counts;
};

/* One that was made of a fake. */
struct encoder {
	struct venc_encoder base;
	struct fake_encoder *fake;
	struct venc_encoder *real;
	enum fake_encoder_fault fault; /* of the picture submitted last */
	AVPacket *held[HELD_MAX];
	size_t n_held;
	bool sets_given;
};

static const struct venc_ops ops;

static struct encoder *encoder_from(struct venc_encoder *base)
{
	assert(base->ops == &ops);
	return (struct encoder *)base;
}

static const struct venc_kind *libx264(void)
{
	size_t count;
	const struct venc_kind *kind = venc_avcodec_kinds(&count);

	while (strcmp(kind->name, "libx264") != 0)
		kind++;
	return kind;
}

static enum fake_encoder_fault fault_now(struct fake_encoder *fake)
{
	enum fake_encoder_fault fault;

	pthread_mutex_lock(&fake->lock);
	fault = fake->after > 0 ? FAKE_ENCODER_SOUND : fake->fault;
	pthread_mutex_unlock(&fake->lock);
	return fault;
}

static int create(const void *context, struct venc_encoder **ret_encoder)
{
	struct fake_encoder *fake = (struct fake_encoder *)context;
	struct encoder *encoder;
	int r;

	if (fault_now(fake) == FAKE_ENCODER_NO_CREATE)
		return -ENODEV;
	encoder = calloc(1, sizeof(*encoder));
	if (!encoder)
		return -ENOMEM;
	encoder->base.ops = &ops;
	encoder->fake = fake;
	r = libx264()->ops->create(libx264()->context, &encoder->real);
	if (r < 0) {
		free(encoder);
		return r;
	}
	pthread_mutex_lock(&fake->lock);
	fake->counts.created++;
	pthread_mutex_unlock(&fake->lock);
	*ret_encoder = &encoder->base;
	return 0;
}

static void note_bitrate(struct fake_encoder *fake, int64_t bitrate_bps)
{
	pthread_mutex_lock(&fake->lock);
	fake->counts.bitrate_bps = bitrate_bps;
	pthread_mutex_unlock(&fake->lock);
}

static int ensure(struct venc_encoder *base, const struct venc_format *format, int64_t bitrate_bps)
{
	struct encoder *encoder = encoder_from(base);

	if (fault_now(encoder->fake) == FAKE_ENCODER_NO_ENSURE)
		return -EINVAL;
	note_bitrate(encoder->fake, bitrate_bps);
	pthread_mutex_lock(&encoder->fake->lock);
	encoder->fake->counts.ensured++;
	pthread_mutex_unlock(&encoder->fake->lock);
	encoder->sets_given = false;
	return encoder->real->ops->ensure(encoder->real, format, bitrate_bps);
}

static void hang(struct fake_encoder *fake)
{
	pthread_mutex_lock(&fake->lock);
	while (!fake->let_go)
		pthread_cond_wait(&fake->changed, &fake->lock);
	pthread_mutex_unlock(&fake->lock);
}

static enum fake_encoder_fault count_submit(struct fake_encoder *fake)
{
	enum fake_encoder_fault fault = fault_now(fake);

	pthread_mutex_lock(&fake->lock);
	fake->counts.submitted++;
	pthread_cond_broadcast(&fake->changed);
	if (fake->after > 0)
		fake->after--;
	pthread_mutex_unlock(&fake->lock);
	return fault;
}

static int submit(struct venc_encoder *base, const AVFrame *picture)
{
	struct encoder *encoder = encoder_from(base);

	encoder->fault = count_submit(encoder->fake);
	switch (encoder->fault) {
	case FAKE_ENCODER_NO_SUBMIT:
		return -EIO;
	case FAKE_ENCODER_FULL:
		return -EAGAIN;
	case FAKE_ENCODER_HANGS:
		hang(encoder->fake);
		break;
	case FAKE_ENCODER_FAILS_LATE:
		hang(encoder->fake);
		return -EIO;
	default:
		break;
	}
	return encoder->real->ops->submit(encoder->real, picture);
}

/* Leaves the units of those types out of the packet. */
static void strip(AVPacket *packet, bool sets, bool others)
{
	size_t offset = 0, length = 0;
	struct annexb_unit unit;

	while (annexb_next(packet->data, (size_t)packet->size, &offset, &unit)) {
		bool is_set = unit.type == ANNEXB_SPS || unit.type == ANNEXB_PPS;

		if (is_set ? sets : others)
			continue;
		memmove(packet->data + length, unit.data, unit.size);
		length += unit.size;
	}
	av_shrink_packet(packet, (int)length);
}

static void hold(struct encoder *encoder, AVPacket *packet)
{
	assert(encoder->n_held < HELD_MAX);
	encoder->held[encoder->n_held++] = packet;
}

/* The parameter sets in a packet of their own, before the IDR without. */
static void hold_apart(struct encoder *encoder, AVPacket *idr)
{
	AVPacket *sets = av_packet_clone(idr);

	if (!sets || av_packet_make_writable(sets) < 0)
		abort();
	strip(sets, false, true);
	strip(idr, true, false);
	if (!encoder->sets_given)
		hold(encoder, sets);
	else
		av_packet_free(&sets);
	encoder->sets_given = true;
	hold(encoder, idr);
}

/* Takes a coded picture of the real encoder and keeps what the fault makes of it. */
static int spoil(struct encoder *encoder, AVPacket *packet)
{
	bool key = packet->flags & AV_PKT_FLAG_KEY;

	switch (encoder->fault) {
	case FAKE_ENCODER_NO_RECEIVE:
		av_packet_free(&packet);
		return -EIO;
	case FAKE_ENCODER_SILENT:
		av_packet_free(&packet);
		return 0;
	case FAKE_ENCODER_NO_IDR:
		if (key)
			av_packet_free(&packet);
		break;
	case FAKE_ENCODER_SETS_APART:
		if (key) {
			hold_apart(encoder, packet);
			return 0;
		}
		break;
	case FAKE_ENCODER_SETS_MISSING:
		strip(packet, true, false);
		break;
	case FAKE_ENCODER_GARBAGE:
		memset(packet->data + packet->size / 2, 0xa5, (size_t)packet->size / 2);
		break;
	case FAKE_ENCODER_BAD_KEYS:
		if (key)
			memset(packet->data + packet->size / 2, 0xa5, (size_t)packet->size / 2);
		break;
	case FAKE_ENCODER_WRONG_TIME:
		packet->pts++;
		break;
	default:
		break;
	}
	if (packet)
		hold(encoder, packet);
	return 0;
}

static int receive(struct venc_encoder *base, AVPacket *packet)
{
	struct encoder *encoder = encoder_from(base);
	AVPacket *next = av_packet_alloc();
	int r;

	if (!next)
		return -ENOMEM;
	r = encoder->real->ops->receive(encoder->real, next);
	if (r == 0)
		r = spoil(encoder, next);
	else
		av_packet_free(&next);
	if (r < 0 && r != -EAGAIN)
		return r;
	if (encoder->n_held <= (encoder->fault == FAKE_ENCODER_LATE ? LATE_BY : 0))
		return -EAGAIN;
	av_packet_move_ref(packet, encoder->held[0]);
	av_packet_free(&encoder->held[0]);
	encoder->n_held--;
	for (size_t i = 0; i < encoder->n_held; i++)
		encoder->held[i] = encoder->held[i + 1];
	return 0;
}

static int force_keyframe(struct venc_encoder *base)
{
	struct encoder *encoder = encoder_from(base);

	pthread_mutex_lock(&encoder->fake->lock);
	encoder->fake->counts.keyframes_forced++;
	pthread_mutex_unlock(&encoder->fake->lock);
	if (fault_now(encoder->fake) == FAKE_ENCODER_DEAF)
		return 0;
	return encoder->real->ops->force_keyframe(encoder->real);
}

static int set_bitrate(struct venc_encoder *base, int64_t bitrate_bps)
{
	struct encoder *encoder = encoder_from(base);

	if (fault_now(encoder->fake) == FAKE_ENCODER_FIXED_BITRATE)
		return -ENOTSUP;
	note_bitrate(encoder->fake, bitrate_bps);
	return encoder->real->ops->set_bitrate(encoder->real, bitrate_bps);
}

static void describe(struct venc_encoder *base, struct venc_path *ret_path)
{
	struct encoder *encoder = encoder_from(base);

	encoder->real->ops->describe(encoder->real, ret_path);
}

static void destroy(struct venc_encoder *base)
{
	struct encoder *encoder = encoder_from(base);
	struct fake_encoder *fake = encoder->fake;

	encoder->real->ops->destroy(encoder->real);
	for (size_t i = 0; i < encoder->n_held; i++)
		av_packet_free(&encoder->held[i]);
	free(encoder);
	pthread_mutex_lock(&fake->lock);
	fake->counts.destroyed++;
	pthread_cond_broadcast(&fake->changed);
	pthread_mutex_unlock(&fake->lock);
}

static const struct venc_ops ops = {
	.create = create,
	.ensure = ensure,
	.submit = submit,
	.receive = receive,
	.force_keyframe = force_keyframe,
	.set_bitrate = set_bitrate,
	.describe = describe,
	.destroy = destroy,
};

int fake_encoder_create(struct fake_encoder **ret_fake)
{
	struct fake_encoder *fake = calloc(1, sizeof(*fake));

	if (!fake)
		return -ENOMEM;
	pthread_mutex_init(&fake->lock, NULL);
	pthread_cond_init(&fake->changed, NULL);
	*ret_fake = fake;
	return 0;
}

void fake_encoder_destroy(struct fake_encoder *fake)
{
	if (!fake)
		return;
	pthread_cond_destroy(&fake->changed);
	pthread_mutex_destroy(&fake->lock);
	free(fake);
}

struct venc_kind fake_encoder_kind(const struct fake_encoder *fake, const char *name)
{
	return (struct venc_kind){.name = name, .ops = &ops, .context = fake};
}

void fake_encoder_set_fault(struct fake_encoder *fake, enum fake_encoder_fault fault,
			    unsigned int after)
{
	pthread_mutex_lock(&fake->lock);
	fake->fault = fault;
	fake->after = after;
	pthread_mutex_unlock(&fake->lock);
}

void fake_encoder_let_go(struct fake_encoder *fake)
{
	pthread_mutex_lock(&fake->lock);
	fake->let_go = true;
	pthread_cond_broadcast(&fake->changed);
	pthread_mutex_unlock(&fake->lock);
}

struct fake_encoder_counts fake_encoder_get_counts(struct fake_encoder *fake)
{
	struct fake_encoder_counts counts;

	pthread_mutex_lock(&fake->lock);
	counts = fake->counts;
	pthread_mutex_unlock(&fake->lock);
	return counts;
}

static int wait_for(struct fake_encoder *fake, const unsigned int *counter, unsigned int value,
		    int64_t deadline_us)
{
	const struct timespec deadline = clock_timespec(deadline_us);
	bool late = false, reached;

	pthread_mutex_lock(&fake->lock);
	while (*counter < value && !late)
		late = pthread_cond_clockwait(&fake->changed, &fake->lock, CLOCK_MONOTONIC,
					      &deadline) != 0;
	reached = *counter >= value;
	pthread_mutex_unlock(&fake->lock);
	return reached ? 0 : -ETIMEDOUT;
}

int fake_encoder_wait_submitted(struct fake_encoder *fake, unsigned int submitted,
				int64_t deadline_us)
{
	return wait_for(fake, &fake->counts.submitted, submitted, deadline_us);
}

int fake_encoder_wait_destroyed(struct fake_encoder *fake, unsigned int destroyed,
				int64_t deadline_us)
{
	return wait_for(fake, &fake->counts.destroyed, destroyed, deadline_us);
}
