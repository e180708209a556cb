/* camera/encode: the codec layer over encoders that work, fail, stall and lie. */
#include "base/clock.h"
#include "camera/annexb.h"
#include "camera/encode.h"
#include "camera/encode_avcodec.h"
#include "tests/fake/fake_alloc.h"
#include "tests/fake/fake_encoder.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LONG_US (20 * CLOCK_US_PER_S)
/* Longer than a busy machine makes anyone wait. */
#define STALL_US CLOCK_US_PER_S
#define FRAME_US 33333

enum { WIDTH = 320, HEIGHT = 180, PACKETS_MAX = 256, NAMES_MAX = 3, BITRATE = 500000 };

/* Keeps all packets, decodes them in order, and lets a test wait for them. */
struct sink {
	pthread_mutex_t lock;
	pthread_cond_t came;
	AVPacket *packets[PACKETS_MAX];
	size_t count;
};

struct bench {
	struct fake_encoder *fake;
	struct venc_kind kinds[3];
	struct sink sink;
	struct venc *venc;
	int64_t pts;
	int width;
	int height;
};

static void on_packet(void *context, const AVPacket *packet)
{
	struct sink *sink = context;

	pthread_mutex_lock(&sink->lock);
	assert_true(sink->count < PACKETS_MAX);
	sink->packets[sink->count++] = av_packet_clone(packet);
	pthread_cond_signal(&sink->came);
	pthread_mutex_unlock(&sink->lock);
}

/* Whether a packet beyond `count` is there by then. */
static bool wait_beyond(struct sink *sink, size_t count, int64_t deadline_us)
{
	const struct timespec deadline = clock_timespec(deadline_us);
	bool late = false, came;

	pthread_mutex_lock(&sink->lock);
	while (sink->count <= count && !late)
		late = pthread_cond_clockwait(&sink->came, &sink->lock, CLOCK_MONOTONIC,
					      &deadline) != 0;
	came = sink->count > count;
	pthread_mutex_unlock(&sink->lock);
	return came;
}

static size_t count_packets(struct bench *bench)
{
	size_t count;

	pthread_mutex_lock(&bench->sink.lock);
	count = bench->sink.count;
	pthread_mutex_unlock(&bench->sink.lock);
	return count;
}

static AVFrame *make_picture(struct bench *bench)
{
	AVFrame *picture = av_frame_alloc();

	assert_non_null(picture);
	picture->format = AV_PIX_FMT_YUV420P;
	picture->width = bench->width;
	picture->height = bench->height;
	assert_int_equal(av_frame_get_buffer(picture, 0), 0);
	for (int i = 1; i < 3; i++)
		memset(picture->data[i], 128, (size_t)(picture->linesize[i] * picture->height / 2));
	for (int y = 0; y < bench->height; y++) {
		for (int x = 0; x < bench->width; x++)
			picture->data[0][y * picture->linesize[0] + x] = (uint8_t)random();
	}
	bench->pts += FRAME_US;
	picture->pts = bench->pts;
	picture->duration = FRAME_US;
	/* as the decoder of a file leaves it */
	picture->pict_type = AV_PICTURE_TYPE_I;
	return picture;
}

static void submit(struct bench *bench)
{
	AVFrame *picture = make_picture(bench);

	venc_submit(bench->venc, picture);
	av_frame_free(&picture);
}

/* Gives pictures, one after the other, until one comes out beyond those that were there. */
static void submit_until_packet(struct bench *bench)
{
	size_t count = count_packets(bench);
	int64_t deadline_us = clock_now_us() + LONG_US;

	do {
		assert_true(clock_now_us() < deadline_us);
		submit(bench);
	} while (!wait_beyond(&bench->sink, count, clock_now_us() + FRAME_US));
}

/* A picture at a time, each waited for. */
static void encode(struct bench *bench, unsigned int pictures)
{
	for (unsigned int i = 0; i < pictures; i++) {
		size_t count = count_packets(bench);

		submit(bench);
		assert_true(wait_beyond(&bench->sink, count, clock_now_us() + LONG_US));
	}
}

static void wait_submitted(struct bench *bench, unsigned int submitted)
{
	assert_int_equal(fake_encoder_wait_submitted(bench->fake, submitted,
						     clock_now_us() + LONG_US),
			 0);
}

static void wait_destroyed(struct bench *bench, unsigned int destroyed)
{
	assert_int_equal(fake_encoder_wait_destroyed(bench->fake, destroyed,
						     clock_now_us() + LONG_US),
			 0);
}

/* Gives pictures until that many encoders have failed and are gone. */
static void submit_until_destroyed(struct bench *bench, unsigned int destroyed)
{
	int64_t deadline_us = clock_now_us() + LONG_US;

	do {
		assert_true(clock_now_us() < deadline_us);
		submit(bench);
	} while (fake_encoder_wait_destroyed(bench->fake, destroyed, clock_now_us() + FRAME_US) <
		 0);
}

/* The order is of "fake", "fake 2" (the same fake) and "libx264". */
static struct venc_config make_config(struct bench *bench, const char *const *order)
{
	struct venc_config config = {
		.order = order,
		.kinds = bench->kinds,
		.n_kinds = 3,
		.bitrate_bps = BITRATE,
		.threads = 1,
		.on_packet = on_packet,
		.context = &bench->sink,
		.stall_us = LONG_US,
	};

	while (config.n_order < NAMES_MAX && order[config.n_order])
		config.n_order++;
	return config;
}

static int set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	size_t count;

	assert_non_null(bench);
	srandom(1);
	assert_int_equal(fake_encoder_create(&bench->fake), 0);
	bench->kinds[0] = fake_encoder_kind(bench->fake, "fake");
	bench->kinds[1] = fake_encoder_kind(bench->fake, "fake 2");
	bench->kinds[2] = venc_avcodec_kinds(&count)[0];
	assert_string_equal(bench->kinds[2].name, "libx264");
	pthread_mutex_init(&bench->sink.lock, NULL);
	pthread_cond_init(&bench->sink.came, NULL);
	bench->width = WIDTH;
	bench->height = HEIGHT;
	*state = bench;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;

	fake_encoder_let_go(bench->fake);
	venc_destroy(bench->venc);
	fake_encoder_destroy(bench->fake);
	for (size_t i = 0; i < bench->sink.count; i++)
		av_packet_free(&bench->sink.packets[i]);
	pthread_cond_destroy(&bench->sink.came);
	pthread_mutex_destroy(&bench->sink.lock);
	free(bench);
	return 0;
}

static void start(struct bench *bench, const struct venc_config *config)
{
	assert_int_equal(venc_create(config, &bench->venc), 0);
}

static void start_in_order(struct bench *bench, const char *const *order)
{
	const struct venc_config config = make_config(bench, order);

	start(bench, &config);
}

static void start_to_stall(struct bench *bench, const char *const *order)
{
	struct venc_config config = make_config(bench, order);

	config.stall_us = STALL_US;
	start(bench, &config);
}

static bool has_sets(const AVPacket *packet)
{
	bool sps = false, pps = false;
	struct annexb_unit unit;
	size_t offset = 0;

	while (annexb_next(packet->data, (size_t)packet->size, &offset, &unit)) {
		sps |= unit.type == ANNEXB_SPS;
		pps |= unit.type == ANNEXB_PPS;
		if (unit.type == ANNEXB_IDR_SLICE)
			return sps && pps;
	}
	return false;
}

/*
 * What came out is what the header promises: times rise and are those of pictures, IDRs are marked
 * and complete, and all of it decodes without reordering from the first packet on.
 */
static void assert_stream(const struct sink *sink)
{
	AVCodecContext *decoder = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_H264));
	AVFrame *picture = av_frame_alloc();
	int64_t newest = 0;

	assert_true(decoder && picture);
	decoder->flags |= AV_CODEC_FLAG_LOW_DELAY;
	decoder->err_recognition = AV_EF_EXPLODE;
	assert_int_equal(avcodec_open2(decoder, NULL, NULL), 0);
	for (size_t i = 0; i < sink->count; i++) {
		const AVPacket *packet = sink->packets[i];

		assert_true(packet->pts > newest);
		assert_int_equal(packet->pts % FRAME_US, 0);
		assert_int_equal(packet->dts, packet->pts);
		newest = packet->pts;
		assert_int_equal(has_sets(packet), (packet->flags & AV_PKT_FLAG_KEY) != 0);
		assert_int_equal(avcodec_send_packet(decoder, packet), 0);
		assert_int_equal(avcodec_receive_frame(decoder, picture), 0);
		assert_int_equal(picture->pts, packet->pts);
		assert_int_equal(picture->decode_error_flags, 0);
		assert_int_equal(decoder->has_b_frames, 0);
		assert_int_equal(decoder->profile, AV_PROFILE_H264_CONSTRAINED_BASELINE);
	}
	assert_true(sink->packets[0]->flags & AV_PKT_FLAG_KEY);
	avcodec_free_context(&decoder);
	av_frame_free(&picture);
}

static size_t count_keys(const struct bench *bench, size_t from)
{
	size_t keys = 0;

	for (size_t i = from; i < bench->sink.count; i++)
		keys += (bench->sink.packets[i]->flags & AV_PKT_FLAG_KEY) != 0;
	return keys;
}

static json_t *get_status(struct bench *bench)
{
	json_t *status = venc_status(bench->venc);

	assert_non_null(status);
	return status;
}

static void assert_status(struct bench *bench, const char *key, const char *value)
{
	json_t *status = get_status(bench);

	assert_string_equal(json_string_value(json_object_get(status, key)), value);
	json_decref(status);
}

static bool has_state(struct bench *bench, const char *state)
{
	json_t *status = get_status(bench);
	bool has = strcmp(json_string_value(json_object_get(status, "state")), state) == 0;

	json_decref(status);
	return has;
}

static json_int_t status_number(struct bench *bench, const char *key)
{
	json_t *status = get_status(bench);
	json_int_t number = json_integer_value(json_object_get(status, key));

	json_decref(status);
	return number;
}

static void refuses_bad_configs(void **state)
{
	static const char *const unknown[] = {"libx264", "h265", NULL};
	static const char *const known[] = {"libx264", NULL};
	struct bench *bench = *state;
	struct venc_config config = make_config(bench, unknown);
	struct venc *venc;

	assert_int_equal(venc_create(&config, &venc), -EINVAL);
	config = make_config(bench, known);
	config.n_order = 0;
	assert_int_equal(venc_create(&config, &venc), -EINVAL);
	config = make_config(bench, known);
	config.n_order = 9;
	assert_int_equal(venc_create(&config, &venc), -EINVAL);
	config = make_config(bench, known);
	config.bitrate_bps = 49999;
	assert_int_equal(venc_create(&config, &venc), -EINVAL);
	config.bitrate_bps = 50000001;
	assert_int_equal(venc_create(&config, &venc), -EINVAL);
	config = make_config(bench, known);
	config.on_packet = NULL;
	assert_int_equal(venc_create(&config, &venc), -EINVAL);
}

static void encodes_with_the_first_in_the_order(void **state)
{
	static const char *const order[] = {"libx264", "fake", NULL};
	struct bench *bench = *state;

	start_in_order(bench, order);
	assert_status(bench, "state", "idle");
	encode(bench, 20);
	assert_stream(&bench->sink);
	assert_int_equal(count_keys(bench, 0), 1);
	assert_status(bench, "encoder", "libx264");
	assert_status(bench, "state", "running");
	assert_status(bench, "why", "first in the order");
	assert_int_equal(status_number(bench, "frames"), 20);
	assert_int_equal(status_number(bench, "keyframes"), 1);
	assert_int_equal(status_number(bench, "width"), WIDTH);
	assert_int_equal(status_number(bench, "height"), HEIGHT);
	assert_int_equal(status_number(bench, "reopens"), 0);
	assert_int_equal(fake_encoder_get_counts(bench->fake).created, 0);
}

/* The causes in the status, from the oldest: between which encoders, and why. */
static void assert_changes(struct bench *bench, const char *cause)
{
	json_t *status = get_status(bench);
	json_t *changes = json_object_get(status, "changes");
	const char *from, *to, *why;

	assert_int_equal(json_array_size(changes), 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(json_unpack(json_array_get(changes, i), "{s:s, s:s, s:s}", "from",
					     &from, "to", &to, "cause", &why),
				 0);
		assert_string_equal(from, "fake");
		assert_string_equal(to, i == 0 ? "fake" : "libx264");
		assert_memory_equal(why, cause, strlen(cause));
	}
	json_decref(status);
}

/* Each fault, from the first picture on and in mid-stream: once anew, then the next takes over. */
static void replaces_what_fails(void **state)
{
	static const struct {
		enum fake_encoder_fault fault;
		const char *cause;
		unsigned int created; /* times, when there from the start */
		bool in_midstream;
	} cases[] = {
		{FAKE_ENCODER_NO_CREATE, "cannot be made", 0, false},
		{FAKE_ENCODER_NO_ENSURE, "does not take the format", 2, false},
		{FAKE_ENCODER_NO_SUBMIT, "does not take a picture", 2, true},
		{FAKE_ENCODER_NO_RECEIVE, "gives no coded picture", 2, true},
		{FAKE_ENCODER_HANGS, "stalls for ", 2, true},
		{FAKE_ENCODER_SILENT, "stalls for ", 2, true},
		{FAKE_ENCODER_FULL, "stalls for ", 2, true},
		{FAKE_ENCODER_GARBAGE, "gives a first picture that does not decode", 2, false},
		{FAKE_ENCODER_NO_IDR, "gives a first picture that does not decode", 2, false},
		{FAKE_ENCODER_SETS_MISSING, "gives an IDR without parameter sets", 2, false},
		{FAKE_ENCODER_WRONG_TIME, "gives a time that no picture had", 2, true},
	};
	static const char *const order[] = {"fake", "libx264", NULL};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (unsigned int after = 0; after <= (cases[i].in_midstream ? 5 : 0); after += 5) {
			struct bench *bench;
			void *own;

			set_up(&own);
			bench = own;
			fake_encoder_set_fault(bench->fake, cases[i].fault, after);
			if (strncmp(cases[i].cause, "stalls", strlen("stalls")) == 0)
				start_to_stall(bench, order);
			else
				start_in_order(bench, order);
			encode(bench, after);
			submit_until_packet(bench);
			encode(bench, 3);
			assert_stream(&bench->sink);
			assert_true(bench->sink.packets[after]->flags & AV_PKT_FLAG_KEY);
			assert_status(bench, "encoder", "libx264");
			assert_status(bench, "state", "running");
			assert_changes(bench, cases[i].cause);
			assert_int_equal(status_number(bench, "reopens"), 2);
			assert_int_equal(fake_encoder_get_counts(bench->fake).created,
					 cases[i].created);
			tear_down(&own);
		}
	}
}

/* A hanging encoder is counted while it hangs, and freed by its thread when it comes back. */
static void frees_what_hung_and_came_back(void **state)
{
	static const char *const order[] = {"fake", "libx264", NULL};
	struct bench *bench = *state;

	fake_encoder_set_fault(bench->fake, FAKE_ENCODER_HANGS, 0);
	start_to_stall(bench, order);
	submit_until_packet(bench);
	assert_int_equal(status_number(bench, "left_behind"), 2);
	fake_encoder_let_go(bench->fake);
	wait_destroyed(bench, 2);
	while (status_number(bench, "left_behind") > 0)
		encode(bench, 1);
	assert_stream(&bench->sink);
}

static void gives_a_second_chance_again_after_a_good_run(void **state)
{
	static const char *const order[] = {"fake", "libx264", NULL};
	struct bench *bench = *state;
	struct venc_config config = make_config(bench, order);

	config.ran_well_us = 1;
	start(bench, &config);
	for (int i = 0; i < 5; i++) {
		encode(bench, 1);
		fake_encoder_set_fault(bench->fake, FAKE_ENCODER_NO_SUBMIT, 0);
		submit_until_destroyed(bench, (unsigned int)i + 1);
		fake_encoder_set_fault(bench->fake, FAKE_ENCODER_SOUND, 0);
		submit_until_packet(bench);
		assert_status(bench, "encoder", "fake");
	}
	assert_stream(&bench->sink);
	assert_int_equal(status_number(bench, "reopens"), 5);
}

static void begins_again_when_all_have_failed(void **state)
{
	static const char *const order[] = {"fake", "fake 2", NULL};
	struct bench *bench = *state;
	struct venc_config config = make_config(bench, order);

	config.rest_us = LONG_US;
	fake_encoder_set_fault(bench->fake, FAKE_ENCODER_NO_SUBMIT, 0);
	start(bench, &config);
	submit_until_destroyed(bench, 4);
	while (!has_state(bench, "resting"))
		submit(bench);
	assert_int_equal(fake_encoder_get_counts(bench->fake).created, 4);
}

static void rests_no_longer_than_told(void **state)
{
	static const char *const order[] = {"fake", NULL};
	struct bench *bench = *state;
	struct venc_config config = make_config(bench, order);

	config.rest_us = 100 * CLOCK_US_PER_MS;
	fake_encoder_set_fault(bench->fake, FAKE_ENCODER_NO_SUBMIT, 0);
	start(bench, &config);
	submit_until_destroyed(bench, 2);
	fake_encoder_set_fault(bench->fake, FAKE_ENCODER_SOUND, 0);
	submit_until_packet(bench);
	assert_stream(&bench->sink);
	assert_status(bench, "encoder", "fake");
}

/* Pictures wait in a queue of one; the newest wins. */
static void drops_what_waits_too_long(void **state)
{
	static const char *const order[] = {"fake", NULL};
	struct bench *bench = *state;

	start_in_order(bench, order);
	encode(bench, 1);
	fake_encoder_set_fault(bench->fake, FAKE_ENCODER_HANGS, 0);
	submit(bench);
	wait_submitted(bench, 2);
	for (int i = 0; i < 4; i++)
		submit(bench);
	fake_encoder_let_go(bench->fake);
	assert_true(wait_beyond(&bench->sink, 2, clock_now_us() + LONG_US));
	assert_stream(&bench->sink);
	assert_int_equal(bench->sink.count, 3);
	assert_int_equal(bench->sink.packets[1]->pts, 2 * FRAME_US);
	assert_int_equal(bench->sink.packets[2]->pts, 6 * FRAME_US);
	assert_int_equal(status_number(bench, "dropped"), 3);
}

static void gives_a_key_frame_on_request(void **state)
{
	static const char *const order[] = {"libx264", NULL};
	struct bench *bench = *state;
	struct venc_config config = make_config(bench, order);

	config.keyframe_gap_us = 1;
	start(bench, &config);
	encode(bench, 5);
	venc_force_keyframe(bench->venc);
	encode(bench, 5);
	assert_stream(&bench->sink);
	assert_int_equal(count_keys(bench, 0), 2);
	assert_true(bench->sink.packets[5]->flags & AV_PKT_FLAG_KEY);
}

static void puts_requests_for_key_frames_together(void **state)
{
	static const char *const order[] = {"fake", NULL};
	struct bench *bench = *state;
	struct venc_config config = make_config(bench, order);

	config.keyframe_gap_us = 200 * CLOCK_US_PER_MS;
	start(bench, &config);
	encode(bench, 1);
	for (int i = 0; i < 5; i++) {
		venc_force_keyframe(bench->venc);
		submit_until_packet(bench);
	}
	while (count_keys(bench, 0) < 2)
		submit_until_packet(bench);
	encode(bench, 3);
	assert_stream(&bench->sink);
	assert_int_equal(count_keys(bench, 0), 2);
	assert_int_equal(fake_encoder_get_counts(bench->fake).keyframes_forced, 1);
}

static size_t count_bytes(const struct bench *bench, size_t from)
{
	size_t bytes = 0;

	for (size_t i = from; i < bench->sink.count; i++)
		bytes += (size_t)bench->sink.packets[i]->size;
	return bytes;
}

/* libx264 keeps to each new rate, measured in the bytes of noise that no rate is enough for. */
static void changes_the_bit_rate_while_running(void **state)
{
	static const int64_t rates[] = {1000000, 250000, 2000000};
	static const char *const order[] = {"libx264", NULL};
	struct bench *bench = *state;

	start_in_order(bench, order);
	encode(bench, 10);
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		size_t per_second, settled;

		venc_set_bitrate(bench->venc, rates[i]);
		encode(bench, 10);
		settled = count_packets(bench);
		encode(bench, 30);
		per_second = count_bytes(bench, settled) * 8;
		assert_in_range(per_second, rates[i] * 7 / 10, rates[i] * 12 / 10);
	}
	assert_stream(&bench->sink);
	assert_int_equal(count_keys(bench, 0), 1);
	assert_int_equal(status_number(bench, "bitrate_bps"), 2000000);
}

static void keeps_the_bit_rate_in_range(void **state)
{
	static const char *const order[] = {"libx264", NULL};
	struct bench *bench = *state;

	start_in_order(bench, order);
	venc_set_bitrate(bench->venc, 1);
	assert_int_equal(status_number(bench, "bitrate_bps"), 50000);
	venc_set_bitrate(bench->venc, INT64_MAX);
	assert_int_equal(status_number(bench, "bitrate_bps"), 50000000);
}

static void makes_anew_for_a_bit_rate_where_it_must(void **state)
{
	static const char *const order[] = {"fake", NULL};
	struct bench *bench = *state;

	fake_encoder_set_fault(bench->fake, FAKE_ENCODER_FIXED_BITRATE, 0);
	start_in_order(bench, order);
	encode(bench, 3);
	venc_set_bitrate(bench->venc, BITRATE * 95 / 100);
	encode(bench, 3);
	assert_int_equal(fake_encoder_get_counts(bench->fake).ensured, 1);
	venc_set_bitrate(bench->venc, BITRATE / 2);
	encode(bench, 3);
	assert_int_equal(fake_encoder_get_counts(bench->fake).ensured, 2);
	assert_int_equal(fake_encoder_get_counts(bench->fake).bitrate_bps, BITRATE / 2);
	assert_int_equal(fake_encoder_get_counts(bench->fake).created, 1);
	assert_true(bench->sink.packets[6]->flags & AV_PKT_FLAG_KEY);
	assert_stream(&bench->sink);
	assert_int_equal(status_number(bench, "reopens"), 0);
}

static void follows_the_size_of_the_pictures(void **state)
{
	static const char *const order[] = {"libx264", NULL};
	struct bench *bench = *state;

	start_in_order(bench, order);
	encode(bench, 3);
	bench->width = 160;
	bench->height = 90;
	encode(bench, 3);
	assert_stream(&bench->sink);
	assert_int_equal(count_keys(bench, 0), 2);
	assert_true(bench->sink.packets[3]->flags & AV_PKT_FLAG_KEY);
	assert_int_equal(status_number(bench, "width"), 160);
}

static void puts_parameter_sets_before_every_idr(void **state)
{
	static const char *const order[] = {"fake", NULL};
	struct bench *bench = *state;
	struct venc_config config = make_config(bench, order);

	config.keyframe_gap_us = 1;
	fake_encoder_set_fault(bench->fake, FAKE_ENCODER_SETS_APART, 0);
	start(bench, &config);
	for (int i = 0; i < 3; i++) {
		encode(bench, 2);
		venc_force_keyframe(bench->venc);
	}
	encode(bench, 1);
	assert_stream(&bench->sink);
	assert_int_equal(count_keys(bench, 0), 4);
	assert_int_equal(status_number(bench, "frames"), 7);
}

static void waits_for_an_encoder_that_is_late(void **state)
{
	static const char *const order[] = {"fake", NULL};
	struct bench *bench = *state;
	unsigned int submitted = 0;

	fake_encoder_set_fault(bench->fake, FAKE_ENCODER_LATE, 0);
	start_in_order(bench, order);
	for (; submitted < 20; submitted++) {
		submit(bench);
		wait_submitted(bench, submitted + 1);
	}
	assert_true(wait_beyond(&bench->sink, 17, clock_now_us() + LONG_US));
	assert_int_equal(bench->sink.count, 18);
	assert_stream(&bench->sink);
	assert_status(bench, "state", "running");
}

static void runs_out_of_memory_cleanly(void **state)
{
	static const char *const order[] = {"libx264", NULL};
	struct bench *bench = *state;
	const struct venc_config config = make_config(bench, order);
	int r;

	for (unsigned int n = 1;; n++) {
		fake_alloc_arm(n);
		r = venc_create(&config, &bench->venc);
		if (!fake_alloc_disarm())
			break;
		assert_int_equal(r, -ENOMEM);
	}
	assert_int_equal(r, 0);
	/* a worker cannot be made: the pictures are dropped, and a later one begins it */
	for (unsigned int n = 1;; n++) {
		AVFrame *picture = make_picture(bench);

		fake_alloc_arm(n);
		venc_submit(bench->venc, picture);
		av_frame_free(&picture);
		if (!fake_alloc_disarm())
			break;
		venc_destroy(bench->venc);
		assert_int_equal(count_packets(bench), 0);
		assert_int_equal(venc_create(&config, &bench->venc), 0);
	}
	assert_true(wait_beyond(&bench->sink, 0, clock_now_us() + LONG_US));
	for (unsigned int n = 1;; n++) {
		json_t *status;

		fake_alloc_arm(n);
		status = venc_status(bench->venc);
		if (!fake_alloc_disarm()) {
			json_decref(status);
			break;
		}
		assert_null(status);
	}
}

/* The last test: the thread that hangs stays until the program ends. */
static void leaves_behind_what_hangs_at_the_end(void **state)
{
	static const char *const order[] = {"fake", NULL};
	static struct bench *bench;
	void *own;

	(void)state;
	set_up(&own);
	bench = own;
	fake_encoder_set_fault(bench->fake, FAKE_ENCODER_HANGS, 0);
	start_to_stall(bench, order);
	submit(bench);
	wait_submitted(bench, 1);
	venc_destroy(bench->venc);
	bench->venc = NULL;
	assert_int_equal(fake_encoder_get_counts(bench->fake).destroyed, 0);
	assert_int_equal(bench->sink.count, 0);
}

#define bench_test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		bench_test(refuses_bad_configs),
		bench_test(encodes_with_the_first_in_the_order),
		cmocka_unit_test(replaces_what_fails),
		bench_test(frees_what_hung_and_came_back),
		bench_test(gives_a_second_chance_again_after_a_good_run),
		bench_test(begins_again_when_all_have_failed),
		bench_test(rests_no_longer_than_told),
		bench_test(drops_what_waits_too_long),
		bench_test(gives_a_key_frame_on_request),
		bench_test(puts_requests_for_key_frames_together),
		bench_test(changes_the_bit_rate_while_running),
		bench_test(keeps_the_bit_rate_in_range),
		bench_test(makes_anew_for_a_bit_rate_where_it_must),
		bench_test(follows_the_size_of_the_pictures),
		bench_test(puts_parameter_sets_before_every_idr),
		bench_test(waits_for_an_encoder_that_is_late),
		bench_test(runs_out_of_memory_cleanly),
		cmocka_unit_test(leaves_behind_what_hangs_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
