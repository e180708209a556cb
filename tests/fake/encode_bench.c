#include "tests/fake/encode_bench.h"

#include "camera/annexb.h"
#include "camera/encode_avcodec.h"

#include <libavcodec/avcodec.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void on_packet(void *context, const AVPacket *packet)
{
	struct encode_sink *sink = context;

	pthread_mutex_lock(&sink->lock);
	assert_true(sink->count < ENCODE_BENCH_PACKETS_MAX);
	sink->packets[sink->count++] = av_packet_clone(packet);
	pthread_cond_signal(&sink->came);
	pthread_mutex_unlock(&sink->lock);
}

bool encode_bench_wait_beyond(struct encode_sink *sink, size_t count, int64_t deadline_us)
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

size_t encode_bench_count_packets(struct encode_bench *bench)
{
	size_t count;

	pthread_mutex_lock(&bench->sink.lock);
	count = bench->sink.count;
	pthread_mutex_unlock(&bench->sink.lock);
	return count;
}

AVFrame *encode_bench_make_picture(struct encode_bench *bench)
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
	bench->pts += ENCODE_BENCH_FRAME_US;
	picture->pts = bench->pts;
	picture->duration = ENCODE_BENCH_FRAME_US;
	/* as the decoder of a file leaves it */
	picture->pict_type = AV_PICTURE_TYPE_I;
	return picture;
}

void encode_bench_submit(struct encode_bench *bench)
{
	AVFrame *picture = encode_bench_make_picture(bench);

	venc_submit(bench->venc, picture);
	av_frame_free(&picture);
}

void encode_bench_submit_until_packet(struct encode_bench *bench)
{
	size_t count = encode_bench_count_packets(bench);
	int64_t deadline_us = clock_now_us() + ENCODE_BENCH_LONG_US;

	do {
		assert_true(clock_now_us() < deadline_us);
		encode_bench_submit(bench);
		/* a busy machine gives the one of this picture before the next is submitted */
	} while (!encode_bench_wait_beyond(&bench->sink, count,
					   clock_now_us() + INT64_C(5) * ENCODE_BENCH_FRAME_US));
}

void encode_bench_encode(struct encode_bench *bench, unsigned int pictures)
{
	for (unsigned int i = 0; i < pictures; i++) {
		size_t count = encode_bench_count_packets(bench);

		encode_bench_submit(bench);
		assert_true(encode_bench_wait_beyond(&bench->sink, count,
						     clock_now_us() + ENCODE_BENCH_LONG_US));
	}
}

void encode_bench_wait_submitted(struct encode_bench *bench, unsigned int submitted)
{
	assert_int_equal(fake_encoder_wait_submitted(bench->fake, submitted,
						     clock_now_us() + ENCODE_BENCH_LONG_US),
			 0);
}

void encode_bench_wait_destroyed(struct encode_bench *bench, unsigned int destroyed)
{
	assert_int_equal(fake_encoder_wait_destroyed(bench->fake, destroyed,
						     clock_now_us() + ENCODE_BENCH_LONG_US),
			 0);
}

void encode_bench_submit_until_destroyed(struct encode_bench *bench, unsigned int destroyed)
{
	int64_t deadline_us = clock_now_us() + ENCODE_BENCH_LONG_US;

	do {
		assert_true(clock_now_us() < deadline_us);
		encode_bench_submit(bench);
	} while (fake_encoder_wait_destroyed(bench->fake, destroyed,
					     clock_now_us() + ENCODE_BENCH_FRAME_US) < 0);
}

struct venc_config encode_bench_make_config(struct encode_bench *bench, const char *const *order)
{
	struct venc_config config = {
		.order = order,
		.kinds = bench->kinds,
		.n_kinds = 3,
		.bitrate_bps = ENCODE_BENCH_BITRATE,
		.threads = 1,
		.on_packet = on_packet,
		.context = &bench->sink,
		.stall_us = ENCODE_BENCH_LONG_US,
	};

	while (config.n_order < ENCODE_BENCH_NAMES_MAX && order[config.n_order])
		config.n_order++;
	return config;
}

int encode_bench_set_up(void **state)
{
	struct encode_bench *bench = calloc(1, sizeof(*bench));
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
	bench->width = ENCODE_BENCH_WIDTH;
	bench->height = ENCODE_BENCH_HEIGHT;
	*state = bench;
	return 0;
}

int encode_bench_tear_down(void **state)
{
	struct encode_bench *bench = *state;

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

void encode_bench_start(struct encode_bench *bench, const struct venc_config *config)
{
	assert_int_equal(venc_create(config, &bench->venc), 0);
}

void encode_bench_start_in_order(struct encode_bench *bench, const char *const *order)
{
	const struct venc_config config = encode_bench_make_config(bench, order);

	encode_bench_start(bench, &config);
}

void encode_bench_start_to_stall(struct encode_bench *bench, const char *const *order)
{
	struct venc_config config = encode_bench_make_config(bench, order);

	config.stall_us = ENCODE_BENCH_STALL_US;
	encode_bench_start(bench, &config);
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

void encode_bench_assert_stream(struct encode_sink *sink)
{
	AVCodecContext *decoder = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_H264));
	AVFrame *picture = av_frame_alloc();
	int64_t newest = 0;

	assert_true(decoder && picture);
	decoder->flags |= AV_CODEC_FLAG_LOW_DELAY;
	decoder->err_recognition = AV_EF_EXPLODE;
	assert_int_equal(avcodec_open2(decoder, NULL, NULL), 0);
	pthread_mutex_lock(&sink->lock);
	for (size_t i = 0; i < sink->count; i++) {
		const AVPacket *packet = sink->packets[i];

		assert_true(packet->pts > newest);
		assert_int_equal(packet->pts % ENCODE_BENCH_FRAME_US, 0);
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
	pthread_mutex_unlock(&sink->lock);
	avcodec_free_context(&decoder);
	av_frame_free(&picture);
}

size_t encode_bench_count_keys(struct encode_bench *bench, size_t from)
{
	size_t keys = 0;

	pthread_mutex_lock(&bench->sink.lock);
	for (size_t i = from; i < bench->sink.count; i++)
		keys += (bench->sink.packets[i]->flags & AV_PKT_FLAG_KEY) != 0;
	pthread_mutex_unlock(&bench->sink.lock);
	return keys;
}

json_t *encode_bench_status(struct encode_bench *bench)
{
	json_t *status = venc_status(bench->venc);

	assert_non_null(status);
	return status;
}

void encode_bench_assert_status(struct encode_bench *bench, const char *key, const char *value)
{
	json_t *status = encode_bench_status(bench);

	assert_string_equal(json_string_value(json_object_get(status, key)), value);
	json_decref(status);
}

bool encode_bench_has_state(struct encode_bench *bench, const char *state)
{
	json_t *status = encode_bench_status(bench);
	bool has = strcmp(json_string_value(json_object_get(status, "state")), state) == 0;

	json_decref(status);
	return has;
}

json_int_t encode_bench_status_number(struct encode_bench *bench, const char *key)
{
	json_t *status = encode_bench_status(bench);
	json_int_t number = json_integer_value(json_object_get(status, key));

	json_decref(status);
	return number;
}

void encode_bench_assert_changes(struct encode_bench *bench, size_t n, const char *cause)
{
	json_t *status = encode_bench_status(bench);
	json_t *changes = json_object_get(status, "changes");
	const char *from, *to, *why;

	assert_int_equal(json_array_size(changes), n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(json_unpack(json_array_get(changes, i), "{s:s, s:s, s:s}", "from",
					     &from, "to", &to, "cause", &why),
				 0);
		assert_string_equal(from, "fake");
		assert_string_equal(to, i + 1 < n ? "fake" : "libx264");
		assert_memory_equal(why, cause, strlen(cause));
	}
	json_decref(status);
}

json_int_t encode_bench_count_changes(struct encode_bench *bench)
{
	json_t *status = encode_bench_status(bench);
	size_t size = json_array_size(json_object_get(status, "changes"));

	json_decref(status);
	return (json_int_t)size;
}

void encode_bench_submit_until_changes(struct encode_bench *bench, json_int_t changes)
{
	int64_t deadline_us = clock_now_us() + ENCODE_BENCH_LONG_US;

	while (encode_bench_count_changes(bench) < changes) {
		assert_true(clock_now_us() < deadline_us);
		encode_bench_submit_until_packet(bench);
	}
}
