/*
 * check_m2m: vivid's pictures through the codec layer over the test kernel module vh264, inside
 * the bare guest (tests/qemu/m2m). What comes out is decoded in software and by decode_m2m and
 * compared with what went in. Prints TAP.
 */
#include <errno.h>
#include <inttypes.h>
#include <libavutil/imgutils.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "drivers/decode_m2m.h"
#include "screen/decode.h"
#include "tests/fake/m2m_path.h"
#include "tests/fake/vivid.h"

enum {
	SOURCES = 32,
	TRIES = 3,
	KINDS = 3,
	LOSSLESS_BPS = 50 * 1000 * 1000, /* for every macroblock of each picture as it is */
	LOW_BPS = 300 * 1000,
};

/* An emulated machine beside others; what is measured has its own limits. */
#define LONG_US (60 * CLOCK_US_PER_S)
#define FREEZE_MAX_US CLOCK_US_PER_S

/* What was captured, encoded and decoded so far. */
struct chain {
	struct m2m_path path;
	struct vdec *vdec;
	bool compares;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	AVFrame *sources[SOURCES]; /* copies of the newest, a ring */
	unsigned int n_sources;
	unsigned int pictures; /* decoded */
	unsigned int equal;    /* of them, to their source in every bit */
	unsigned int keys;
	int64_t newest_us; /* when the newest came out */
	int64_t freeze_us; /* the longest time between two */
};

static unsigned int n_results, n_failed;

static void result(bool good, const char *text, const char *more)
{
	n_failed += !good;
	printf("%sok %u - %s: %s\n", good ? "" : "not ", ++n_results, text, more);
	fflush(stdout);
}

/* A copy, since the camera needs its memory again. */
static void keep_source(struct chain *chain, const AVFrame *picture)
{
	AVFrame **place = &chain->sources[chain->n_sources++ % SOURCES];

	av_frame_free(place);
	*place = av_frame_alloc();
	if (!*place)
		m2m_path_die("no memory");
	(*place)->format = picture->format;
	(*place)->width = picture->width;
	(*place)->height = picture->height;
	(*place)->pts = picture->pts;
	if (av_frame_get_buffer(*place, 0) < 0 || av_frame_copy(*place, picture) < 0)
		m2m_path_die("no memory");
}

static void on_picture(void *context, const AVFrame *picture)
{
	struct chain *chain = context;

	pthread_mutex_lock(&chain->lock);
	keep_source(chain, picture);
	pthread_mutex_unlock(&chain->lock);
	venc_submit(chain->path.venc, picture);
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
	for (size_t i = 0; i < SOURCES; i++) {
		if (chain->sources[i] && chain->sources[i]->pts == picture->pts)
			chain->equal += chain->compares && is_equal(picture, chain->sources[i]);
	}
}

static void on_packet(void *context, const AVPacket *packet)
{
	struct chain *chain = context;
	int64_t now_us = clock_now_us();
	AVFrame *picture = NULL;

	(void)vdec_decode(chain->vdec, packet, &picture);
	pthread_mutex_lock(&chain->lock);
	chain->keys += (packet->flags & AV_PKT_FLAG_KEY) != 0;
	if (chain->newest_us && now_us - chain->newest_us > chain->freeze_us)
		chain->freeze_us = now_us - chain->newest_us;
	chain->newest_us = now_us;
	if (picture) {
		chain->pictures++;
		compare(chain, picture);
	}
	pthread_cond_broadcast(&chain->changed);
	pthread_mutex_unlock(&chain->lock);
	av_frame_free(&picture);
}

/* patient: a machine that is busy is no encoder that stalls. */
static void open_chain(struct chain *chain, const char *encoder, const char *decoder, bool patient)
{
	static struct vdec_kind decoders[KINDS];
	struct vdec_settings decoding = {.kinds = decoders,
					 .n_kinds = KINDS,
					 .names = {decoder},
					 .n_names = 1};
	const struct m2m_path_config config = {
		.encoder = encoder,
		.width = 320,
		.height = 180,
		.bitrate_bps = LOSSLESS_BPS,
		.stall_us = patient ? 10 * CLOCK_US_PER_S : 0,
		.on_picture = on_picture,
		.on_packet = on_packet,
		.context = chain,
	};
	size_t count;

	*chain = (struct chain){.compares = true};
	decoders[0] = decode_m2m_kind(NULL);
	memcpy(decoders + 1, vdec_libav_kinds(&count), 2 * sizeof(decoders[0]));
	pthread_mutex_init(&chain->lock, NULL);
	pthread_cond_init(&chain->changed, NULL);
	if (vdec_create(&decoding, &chain->vdec) < 0)
		m2m_path_die("no decoder");
	m2m_path_open(&chain->path, &config);
}

static void close_chain(struct chain *chain)
{
	m2m_path_close(&chain->path);
	vdec_destroy(chain->vdec);
	for (size_t i = 0; i < SOURCES; i++)
		av_frame_free(&chain->sources[i]);
	pthread_cond_destroy(&chain->changed);
	pthread_mutex_destroy(&chain->lock);
}

/* Waits for so many more pictures, counted anew. False: they do not come. */
static bool await_pictures(struct chain *chain, unsigned int count)
{
	const struct timespec deadline = clock_timespec(clock_now_us() + LONG_US);
	bool late = false, came;

	pthread_mutex_lock(&chain->lock);
	chain->pictures = chain->equal = chain->keys = 0;
	chain->freeze_us = 0;
	while (chain->pictures < count && !late)
		late = pthread_cond_clockwait(&chain->changed, &chain->lock, CLOCK_MONOTONIC,
					      &deadline) != 0;
	came = chain->pictures >= count;
	pthread_mutex_unlock(&chain->lock);
	return came;
}

static bool says(struct chain *chain, const char *key, const char *wanted)
{
	char text[256];

	m2m_path_get_text(&chain->path, key, text, sizeof(text));
	return strcmp(text, wanted) == 0;
}

/* Whether the encoder becomes the one in use; more pictures are looked at meanwhile. */
static bool await_encoder(struct chain *chain, const char *encoder)
{
	int64_t deadline_us = clock_now_us() + LONG_US;

	while (!says(chain, "encoder", encoder) || !says(chain, "state", "running")) {
		if (clock_now_us() > deadline_us || !await_pictures(chain, 1))
			return false;
	}
	return true;
}

static void check_lossless(struct chain *chain, const char *encoder, const char *memory)
{
	bool came = await_pictures(chain, 2) && await_pictures(chain, 10);
	char text[160], copies[24];

	m2m_path_get_text(&chain->path, "copies", copies, sizeof(copies));
	snprintf(text, sizeof(text), "%u of %u pictures are equal, %s copies", chain->equal,
		 chain->pictures, copies);
	result(came && chain->equal == chain->pictures && says(chain, "encoder", encoder) &&
		       says(chain, "memory", memory),
	       encoder, text);
}

static void check_key_frame(struct chain *chain)
{
	bool within;

	/* one that was asked for before is at least a second ago */
	within = await_pictures(chain, 12);
	venc_force_keyframe(chain->path.venc);
	/* the picture in the encoder, and two after the request */
	within = within && await_pictures(chain, 4);
	result(within && chain->keys == 1, "key frame", "within two pictures of the request");
}

static void check_bit_rates(struct chain *chain)
{
	char before[24], after[24];
	bool came = true;

	m2m_path_get_text(&chain->path, "keyframes", before, sizeof(before));
	for (int i = 0; i < 10 && came; i++) {
		venc_set_bitrate(chain->path.venc, LOW_BPS + i * INT64_C(100000));
		came = await_pictures(chain, 2);
	}
	m2m_path_get_text(&chain->path, "keyframes", after, sizeof(after));
	venc_set_bitrate(chain->path.venc, LOSSLESS_BPS);
	result(came && strcmp(before, after) == 0 && says(chain, "reopens", "0"), "bit rate",
	       "changed ten times, without opening anew");
}

static void change_size(struct chain *chain, int width, int height)
{
	m2m_path_stop_camera(&chain->path);
	m2m_path_start_camera(&chain->path, width, height);
}

static void check_size(struct chain *chain)
{
	change_size(chain, 640, 360);
	result(await_pictures(chain, 5) && says(chain, "width", "640") &&
		       says(chain, "reopens", "0"),
	       "size", "changed, with the same encoder");
	change_size(chain, 320, 180);
	result(await_pictures(chain, 5) && says(chain, "width", "320"), "size", "changed back");
}

static void set_input(struct chain *chain, enum vivid_input input)
{
	m2m_path_stop_camera(&chain->path);
	if (vivid_set_input(input) < 0)
		m2m_path_die("no such input");
	m2m_path_start_camera(&chain->path, 320, 180);
}

/* Waits until nothing comes out for a while. */
static bool await_silence(struct chain *chain)
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

/* Another input of the camera, which loses its signal and has it again; and back. */
static void check_input(struct chain *chain)
{
	set_input(chain, VIVID_HDMI);
	check_lossless(chain, "encode_m2m", "dmabuf");
	result(vivid_set_signal(false) == 0 && await_silence(chain), "input", "has no signal");
	result(vivid_set_signal(true) == 0 && await_pictures(chain, 5) &&
		       says(chain, "encoder", "encode_m2m"),
	       "input", "has its signal again");
	set_input(chain, VIVID_WEBCAM);
	check_lossless(chain, "encode_m2m", "dmabuf");
}

/* While its memory is in the encoder. */
static void check_unplug(struct chain *chain)
{
	result(vivid_plug(false) == 0 && await_silence(chain), "camera", "is unplugged");
	result(vivid_plug(true) == 0 && await_pictures(chain, 1), "camera", "is back");
	check_lossless(chain, "encode_m2m", "dmabuf");
}

static void set_fault(const char *name, const char *value)
{
	char path[96];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/module/vh264/parameters/%s", name);
	file = fopen(path, "we");
	if (!file || fputs(value, file) < 0 || fclose(file) != 0)
		m2m_path_die(path);
}

/* How long the far side stands still from the fault until libx264 is in use; -1: it never is. */
static int64_t fail_over(struct chain *chain, const char *name, const char *value)
{
	int64_t freeze_us = 0;

	if (!await_encoder(chain, "encode_m2m") || !await_pictures(chain, 3))
		m2m_path_die("encode_m2m is not in use");
	set_fault(name, value);
	for (int i = 0; i < 100 && !says(chain, "encoder", "libx264"); i++) {
		/* a lost request shows when there is one, a short picture at the next IDR */
		venc_force_keyframe(chain->path.venc);
		if (!await_pictures(chain, 1))
			return -1;
		if (chain->freeze_us > freeze_us)
			freeze_us = chain->freeze_us;
	}
	return says(chain, "encoder", "libx264") ? freeze_us : -1;
}

/*
 * libx264 takes over within a second, and the device comes back when it works again. The machine may
 * be so busy that the emulated one stands still by itself: the best of three counts.
 */
static void check_fault(struct chain *chain, const char *name, const char *value)
{
	int64_t freeze_us = INT64_MAX;
	char text[192], why[128] = "";
	bool back = true;

	for (int i = 0; i < TRIES && back && freeze_us > FREEZE_MAX_US; i++) {
		int64_t tried_us = fail_over(chain, name, value);

		m2m_path_get_text(&chain->path, "why", why, sizeof(why));
		if (tried_us >= 0 && tried_us < freeze_us)
			freeze_us = tried_us;
		set_fault(name, "0");
		back = await_encoder(chain, "encode_m2m") && await_pictures(chain, 3);
	}
	snprintf(text, sizeof(text), "libx264 after a freeze of %" PRId64 " ms (%s)",
		 freeze_us / CLOCK_US_PER_MS, why);
	result(freeze_us <= FREEZE_MAX_US, name, text);
	result(back, name, "encode_m2m is back");
}

/* Only what starts meets this fault: another size starts the queues anew. */
static void check_streamon(struct chain *chain)
{
	char why[128] = "";
	bool over;

	set_fault("fault_streamon", "1");
	change_size(chain, 640, 360);
	over = await_encoder(chain, "libx264");
	m2m_path_get_text(&chain->path, "why", why, sizeof(why));
	result(over && strstr(why, strerror(EIO)), "fault_streamon", why);
	set_fault("fault_streamon", "0");
	result(await_encoder(chain, "encode_m2m") && await_pictures(chain, 3), "fault_streamon",
	       "encode_m2m is back");
	change_size(chain, 320, 180);
}

/* What a device may leave unsaid without being at fault. */
static void check_no_vui(void)
{
	struct chain chain;

	set_fault("fault_no_vui", "1");
	open_chain(&chain, "encode_m2m", "h264", true);
	check_lossless(&chain, "encode_m2m", "dmabuf");
	close_chain(&chain);
	set_fault("fault_no_vui", "0");
}

int main(void)
{
	static const char *const faults[][2] = {
		{"fault_stall", "1"},    {"fault_late_ms", "700"}, {"fault_error", "1000"},
		{"fault_short", "1000"}, {"fault_reorder", "1"},   {"fault_lose_key", "1"},
	};
	struct chain chain;

	log_set_level(LOG_LEVEL_ERROR);
	open_chain(&chain, "encode_m2m", "h264", true);
	check_lossless(&chain, "encode_m2m", "dmabuf");
	check_key_frame(&chain);
	check_bit_rates(&chain);
	check_size(&chain);
	check_input(&chain);
	check_unplug(&chain);
	close_chain(&chain);
	open_chain(&chain, "encode_m2m", "h264", false);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		check_fault(&chain, faults[i][0], faults[i][1]);
	check_streamon(&chain);
	close_chain(&chain);
	check_no_vui();
	open_chain(&chain, "encode_m2m", "decode_m2m", true);
	check_lossless(&chain, "encode_m2m", "dmabuf");
	close_chain(&chain);
	open_chain(&chain, "h264_v4l2m2m", "h264", true);
	check_lossless(&chain, "h264_v4l2m2m", "mmap");
	close_chain(&chain);
	printf("1..%u\n", n_results);
	return n_failed > 0;
}
