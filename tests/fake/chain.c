#include "tests/fake/chain.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "camera/timestrip.h"
#include "drivers/decode_m2m.h"

enum { KINDS = 3, WIDTH = 320, HEIGHT = 180, STRIP_TAG = 7 };

/* An emulated machine beside others; what is measured has its own limits. */
#define LONG_US (60 * CLOCK_US_PER_S)

/* A copy, since the camera needs its memory again. Lent until CHAIN_SOURCES more were kept. */
static AVFrame *keep_source(struct chain *chain, const AVFrame *picture)
{
	AVFrame **place = &chain->sources[chain->n_sources++ % CHAIN_SOURCES];

	av_frame_free(place);
	*place = av_frame_alloc();
	if (!*place)
		m2m_path_die("no memory");
	(*place)->format = picture->format;
	(*place)->width = picture->width;
	(*place)->height = picture->height;
	(*place)->pts = picture->pts;
	(*place)->duration = picture->duration;
	if (av_frame_get_buffer(*place, 0) < 0 || av_frame_copy(*place, picture) < 0)
		m2m_path_die("no memory");
	return *place;
}

static void on_picture(void *context, const AVFrame *picture)
{
	struct chain *chain = context;

	const struct timestrip strip = {.time_us = picture->pts, .tag = STRIP_TAG};
	AVFrame *source, *submitted;

	pthread_mutex_lock(&chain->lock);
	source = keep_source(chain, picture);
	if (chain->draws_strips && timestrip_draw(source, &strip) < 0)
		m2m_path_die("no time strip");
	submitted = av_frame_clone(chain->draws_strips ? source : picture);
	pthread_mutex_unlock(&chain->lock);
	if (!submitted)
		m2m_path_die("no memory");
	/* without the lock, since it may wait for on_packet() */
	venc_submit(chain->path.venc, submitted);
	av_frame_free(&submitted);
}

/* The chroma of both in planes of their own or in pairs. */
static uint8_t sample(const AVFrame *frame, int plane, int x, int y)
{
	if (plane > 0 && frame->format == AV_PIX_FMT_NV12)
		return frame->data[1][y * frame->linesize[1] + 2 * x + plane - 1];
	return frame->data[plane][y * frame->linesize[plane] + x];
}

static bool is_equal(const AVFrame *a, const AVFrame *b)
{
	if (a->width != b->width || a->height != b->height)
		return false;
	for (int plane = 0; plane < 3; plane++) {
		int shift = plane > 0;

		for (int y = 0; y < a->height >> shift; y++) {
			for (int x = 0; x < a->width >> shift; x++) {
				if (sample(a, plane, x, y) != sample(b, plane, x, y))
					return false;
			}
		}
	}
	return true;
}

/* Under the lock. */
static void compare(struct chain *chain, const AVFrame *picture)
{
	for (size_t i = 0; i < CHAIN_SOURCES; i++) {
		if (chain->sources[i] && chain->sources[i]->pts == picture->pts)
			chain->equal += is_equal(picture, chain->sources[i]);
	}
}

static bool has_strip(const AVFrame *picture)
{
	const struct timestrip_rect all = {.width = picture->width, .height = picture->height};
	struct timestrip strip;

	return timestrip_read(picture->data[0], (size_t)picture->linesize[0], TIMESTRIP_LUMA, &all,
			      &strip) == 0 &&
	       strip.tag == STRIP_TAG && strip.time_us == picture->pts;
}

/* Under the lock. */
static void count(struct chain *chain, const AVFrame *picture, int64_t now_us)
{
	chain->pictures++;
	chain->strips += has_strip(picture);
	compare(chain, picture);
	if (chain->newest_us && now_us - chain->newest_us > chain->freeze_us)
		chain->freeze_us = now_us - chain->newest_us;
	chain->newest_us = now_us;
}

static void on_packet(void *context, const AVPacket *packet)
{
	struct chain *chain = context;
	AVFrame *picture = NULL;

	if (vdec_decode(chain->vdec, packet, &picture) == VDEC_NEED_KEYFRAME)
		venc_force_keyframe(chain->path.venc);
	pthread_mutex_lock(&chain->lock);
	chain->keys += (packet->flags & AV_PKT_FLAG_KEY) != 0;
	if (picture)
		count(chain, picture, clock_now_us());
	pthread_cond_broadcast(&chain->changed);
	pthread_mutex_unlock(&chain->lock);
	av_frame_free(&picture);
}

void chain_open(struct chain *chain, const char *encoder, const char *decoder)
{
	static struct vdec_kind decoders[KINDS];
	struct vdec_settings decoding = {.kinds = decoders,
					 .n_kinds = KINDS,
					 .names = {decoder},
					 .n_names = 1};
	const struct m2m_path_config config = {
		.encoder = encoder,
		.width = WIDTH,
		.height = HEIGHT,
		.bitrate_bps = CHAIN_LOSSLESS_BPS,
		.on_picture = on_picture,
		.on_packet = on_packet,
		.context = chain,
	};
	size_t count;

	*chain = (struct chain){0};
	decoders[0] = decode_m2m_kind(NULL);
	memcpy(decoders + 1, vdec_libav_kinds(&count), 2 * sizeof(decoders[0]));
	pthread_mutex_init(&chain->lock, NULL);
	pthread_cond_init(&chain->changed, NULL);
	if (vdec_create(&decoding, &chain->vdec) < 0)
		m2m_path_die("no decoder");
	m2m_path_open(&chain->path, &config);
}

void chain_close(struct chain *chain)
{
	m2m_path_close(&chain->path);
	vdec_destroy(chain->vdec);
	for (size_t i = 0; i < CHAIN_SOURCES; i++)
		av_frame_free(&chain->sources[i]);
	pthread_cond_destroy(&chain->changed);
	pthread_mutex_destroy(&chain->lock);
}

void chain_draw_strips(struct chain *chain, bool on)
{
	pthread_mutex_lock(&chain->lock);
	chain->draws_strips = on;
	pthread_mutex_unlock(&chain->lock);
}

bool chain_await(struct chain *chain, unsigned int count)
{
	const struct timespec deadline = clock_timespec(clock_now_us() + LONG_US);
	bool late = false, came;

	pthread_mutex_lock(&chain->lock);
	chain->pictures = chain->equal = chain->strips = chain->keys = 0;
	chain->freeze_us = 0;
	while (chain->pictures < count && !late)
		late = pthread_cond_clockwait(&chain->changed, &chain->lock, CLOCK_MONOTONIC,
					      &deadline) != 0;
	came = chain->pictures >= count;
	pthread_mutex_unlock(&chain->lock);
	return came;
}

bool chain_all_equal(struct chain *chain)
{
	bool equal;

	pthread_mutex_lock(&chain->lock);
	equal = chain->equal == chain->pictures;
	pthread_mutex_unlock(&chain->lock);
	return equal;
}

bool chain_says(struct chain *chain, const char *key, const char *wanted)
{
	char text[256];

	m2m_path_get_text(&chain->path, key, text, sizeof(text));
	return strcmp(text, wanted) == 0;
}

bool chain_await_encoder(struct chain *chain, const char *encoder)
{
	int64_t deadline_us = clock_now_us() + LONG_US;

	while (!chain_says(chain, "encoder", encoder) || !chain_says(chain, "state", "running")) {
		if (clock_now_us() > deadline_us || !chain_await(chain, 1))
			return false;
	}
	return true;
}

bool chain_await_silence(struct chain *chain)
{
	const int64_t quiet_us = 2 * CLOCK_US_PER_S;
	const int64_t deadline_us = clock_now_us() + LONG_US;
	bool silent = false;

	pthread_mutex_lock(&chain->lock);
	while (!silent && clock_now_us() < deadline_us) {
		const struct timespec quiet = clock_timespec(clock_now_us() + quiet_us);

		silent = pthread_cond_clockwait(&chain->changed, &chain->lock, CLOCK_MONOTONIC,
						&quiet) == ETIMEDOUT;
	}
	pthread_mutex_unlock(&chain->lock);
	return silent;
}
