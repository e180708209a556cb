/*
 * drivers/kernel/vh264/core: what it emits is decoded by libavcodec, by openh264's decoder and by its
 * own, without an error and to the same picture, bit by bit.
 */
#include <libavcodec/avcodec.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <wels/codec_api.h>

#include <cmocka.h>

#include "camera/timestrip.h"
#include "drivers/kernel/vh264/core/dec.h"
#include "tests/fake/movie.h"

/* The three decoders; a picture of each is good until the next one. */
struct judges {
	AVCodecContext *avcodec;
	AVPacket *packet;
	AVFrame *frame;
	ISVCDecoder *openh264;
	struct vh264_dec *own;
	int width, height;
};

static void open_avcodec(struct judges *judges)
{
	judges->avcodec = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_H264));
	assert_non_null(judges->avcodec);
	judges->avcodec->err_recognition = AV_EF_EXPLODE | AV_EF_BITSTREAM | AV_EF_BUFFER;
	judges->avcodec->flags |= AV_CODEC_FLAG_LOW_DELAY;
	judges->avcodec->thread_count = 1;
	assert_int_equal(avcodec_open2(judges->avcodec, NULL, NULL), 0);
	judges->packet = av_packet_alloc();
	judges->frame = av_frame_alloc();
	assert_true(judges->packet && judges->frame);
}

static void open_openh264(struct judges *judges)
{
	SDecodingParam param = {.eEcActiveIdc = ERROR_CON_DISABLE};

	param.sVideoProperty.eVideoBsType = VIDEO_BITSTREAM_AVC;
	assert_int_equal(WelsCreateDecoder(&judges->openh264), 0);
	assert_int_equal((*judges->openh264)->Initialize(judges->openh264, &param), 0);
}

static struct judges *judges_open(int width, int height)
{
	struct judges *judges = calloc(1, sizeof(*judges));

	assert_non_null(judges);
	judges->width = width;
	judges->height = height;
	open_avcodec(judges);
	open_openh264(judges);
	judges->own = vh264_dec_init(malloc(vh264_dec_memory(width, height)), width, height);
	return judges;
}

static void judges_close(struct judges *judges)
{
	(*judges->openh264)->Uninitialize(judges->openh264);
	WelsDestroyDecoder(judges->openh264);
	avcodec_free_context(&judges->avcodec);
	av_packet_free(&judges->packet);
	av_frame_free(&judges->frame);
	free(judges->own);
	free(judges);
}

static void assert_same_plane(const uint8_t *a, size_t a_stride, const uint8_t *b, size_t b_stride,
			      int width, int height)
{
	for (int y = 0; y < height; y++)
		assert_memory_equal(a + y * a_stride, b + y * b_stride, width);
}

static void assert_same(const AVFrame *a, uint8_t *const *planes, const int *strides)
{
	for (int i = 0; i < 3; i++)
		assert_same_plane(a->data[i], a->linesize[i], planes[i], strides[i],
				  i ? a->width / 2 : a->width, i ? a->height / 2 : a->height);
}

static void decode_avcodec(struct judges *judges, uint8_t *coded, size_t size)
{
	/* libavcodec reads a few bytes behind the end. */
	assert_int_equal(av_new_packet(judges->packet, (int)size), 0);
	memcpy(judges->packet->data, coded, size);
	assert_int_equal(avcodec_send_packet(judges->avcodec, judges->packet), 0);
	av_packet_unref(judges->packet);
	assert_int_equal(avcodec_receive_frame(judges->avcodec, judges->frame), 0);
	assert_int_equal(judges->frame->decode_error_flags, 0);
	assert_int_equal(judges->frame->width, judges->width);
	assert_int_equal(judges->frame->height, judges->height);
}

static void judge_openh264(struct judges *judges, const uint8_t *coded, size_t size)
{
	unsigned char *planes[3] = {NULL};
	SBufferInfo info = {0};
	const SSysMEMBuffer *buffer = &info.UsrData.sSystemBuffer;
	int strides[3];

	assert_int_equal((*judges->openh264)
				 ->DecodeFrameNoDelay(judges->openh264, coded, (int)size, planes,
						      &info),
			 dsErrorFree);
	assert_int_equal(info.iBufferStatus, 1);
	assert_int_equal(buffer->iWidth, judges->width);
	assert_int_equal(buffer->iHeight, judges->height);
	strides[0] = buffer->iStride[0];
	strides[1] = buffer->iStride[1];
	strides[2] = buffer->iStride[1];
	assert_same(judges->frame, planes, strides);
}

static void judge_own(struct judges *judges, const uint8_t *coded, size_t size)
{
	const struct vh264_picture *picture;
	int strides[3];

	assert_int_equal(vh264_dec_decode(judges->own, coded, size, &picture), 0);
	for (int i = 0; i < 3; i++)
		strides[i] = (int)vh264_stride(picture, i);
	assert_same(judges->frame, picture->plane, strides);
}

/* All decoders agree about the last picture; it stands in judges->frame. */
static void judge(struct judges *judges, const struct movie *movie)
{
	decode_avcodec(judges, movie->coded, movie->coded_size);
	judge_openh264(judges, movie->coded, movie->coded_size);
	judge_own(judges, movie->coded, movie->coded_size);
}

static void assert_strip_reads(const AVFrame *picture, int64_t number)
{
	const struct timestrip_rect all = {.width = picture->width, .height = picture->height};
	struct timestrip strip = {0};

	assert_int_equal(timestrip_read(picture->data[0], picture->linesize[0], TIMESTRIP_LUMA,
					&all, &strip),
			 0);
	assert_int_equal(strip.time_us, number);
}

static void decodes_exactly_where_all_fits(void **state)
{
	static const int sizes[][2] = {{160, 90}, {322, 182}, {640, 360}, {1280, 720}};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct movie *movie = movie_create(sizes[i][0], sizes[i][1], UINT32_C(400000000));
		struct judges *judges = judges_open(sizes[i][0], sizes[i][1]);

		for (int n = 0; n < 6; n++) {
			assert_int_equal(movie_code(movie, n == 4), 0);
			assert_int_equal(movie->result.key, n == 0 || n == 4);
			judge(judges, movie);
			assert_same(judges->frame, movie->picture->data, movie->picture->linesize);
		}
		judges_close(judges);
		movie_destroy(movie);
	}
}

static const struct low_rate {
	int width, height;
	uint32_t bitrate;
	bool still;
	uint32_t i_period;
} low_rates[] = {
	{160, 90, 300000, false, 0},    {160, 90, 600000, true, 0},    {320, 180, 200000, false, 0},
	{320, 180, 1000000, true, 10},  {640, 360, 500000, false, 0},  {640, 360, 4000000, true, 0},
	{1280, 720, 1000000, false, 0}, {1280, 720, 8000000, true, 7},
};

/* Every picture's strip is read, and two seconds are within 20 % of what was asked. */
static void keeps_a_low_rate(void **state)
{
	enum { PICTURES = 2 * MOVIE_RATE };

	(void)state;
	for (size_t i = 0; i < sizeof(low_rates) / sizeof(low_rates[0]); i++) {
		const struct low_rate *row = &low_rates[i];
		struct movie *movie = movie_create(row->width, row->height, row->bitrate);
		struct judges *judges = judges_open(row->width, row->height);
		double bits = 0;

		movie->still = row->still;
		movie->params.i_period = row->i_period;
		for (int n = 0; n < PICTURES; n++) {
			assert_int_equal(movie_code(movie, false), 0);
			judge(judges, movie);
			assert_strip_reads(judges->frame, n);
			bits += 8.0 * (double)movie->coded_size;
		}
		bits /= (double)PICTURES / MOVIE_RATE;
		assert_true(bits > 0.8 * row->bitrate && bits < 1.2 * row->bitrate);
		judges_close(judges);
		movie_destroy(movie);
	}
}

static void follows_a_new_rate(void **state)
{
	static const uint32_t rates[] = {2000000, 300000, 1000000, 400000, 3000000};
	struct movie *movie = movie_create(320, 180, 500000);
	struct judges *judges = judges_open(320, 180);

	(void)state;
	movie->params.gop = 0;
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		double bits = 0;

		movie->params.bitrate = rates[i];
		for (int n = 0; n < 2 * MOVIE_RATE; n++) {
			assert_int_equal(movie_code(movie, false), 0);
			judge(judges, movie);
			bits += 8.0 * (double)movie->coded_size / 2;
		}
		assert_true(bits > 0.8 * rates[i] && bits < 1.2 * rates[i]);
	}
	judges_close(judges);
	movie_destroy(movie);
}

/* A picture that stands still costs next to nothing where the rate may vary, and becomes exact. */
static void spends_nothing_on_nothing(void **state)
{
	struct movie *movie = movie_create(320, 180, 3000000);
	struct judges *judges = judges_open(320, 180);

	(void)state;
	movie->params.constant = false;
	movie->params.gop = 0;
	movie_draw(movie, 0);
	for (int n = 0; n < 2 * MOVIE_RATE; n++) {
		assert_int_equal(movie_code_drawn(movie, false, VH264_IN_ORDER), 0);
		judge(judges, movie);
	}
	assert_same(judges->frame, movie->picture->data, movie->picture->linesize);
	assert_true(movie->coded_size < 100);
	judges_close(judges);
	movie_destroy(movie);
}

/* openh264 holds pictures of other profiles back, whatever the VUI says. */
static void names_each_profile(void **state)
{
	static const struct {
		enum vh264_profile profile;
		int avcodec;
	} rows[] = {
		{VH264_CONSTRAINED_BASELINE, AV_PROFILE_H264_CONSTRAINED_BASELINE},
		{VH264_BASELINE, AV_PROFILE_H264_BASELINE},
		{VH264_MAIN, AV_PROFILE_H264_MAIN},
		{VH264_HIGH, AV_PROFILE_H264_HIGH},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct movie *movie = movie_create(320, 180, 1000000);
		struct judges *judges = judges_open(320, 180);

		movie->params.sps.profile = rows[i].profile;
		for (int n = 0; n < 3; n++) {
			assert_int_equal(movie_code(movie, false), 0);
			decode_avcodec(judges, movie->coded, movie->coded_size);
			judge_own(judges, movie->coded, movie->coded_size);
		}
		assert_int_equal(judges->avcodec->profile, rows[i].avcodec);
		assert_int_equal(judges->avcodec->has_b_frames, 0);
		assert_true(judges->avcodec->level >= 13);
		judges_close(judges);
		movie_destroy(movie);
	}
}

/* The pictures of the upper layer can all be lost. */
static void decodes_without_the_upper_layer(void **state)
{
	struct movie *movie = movie_create(320, 180, 1000000);
	struct judges *judges = judges_open(320, 180);

	(void)state;
	movie->params.layers = 2;
	for (int n = 0; n < 60; n++) {
		assert_int_equal(movie_code(movie, false), 0);
		if (n < 20 || n % 2 == 0) {
			judge(judges, movie);
			assert_strip_reads(judges->frame, n);
		}
	}
	judges_close(judges);
	movie_destroy(movie);
}

/* Coded as 0 2 1 4 3 …, shown as 0 1 2 3 4 … */
static void reorders_where_asked(void **state)
{
	struct movie *movie = movie_create(320, 180, 1000000);
	struct judges *judges = judges_open(320, 180);
	int shown = 0;

	(void)state;
	movie->params.sps.reorder = 1;
	movie->params.gop = 0;
	judges->avcodec->flags &= ~AV_CODEC_FLAG_LOW_DELAY;
	for (int n = 0; n < 21; n++) {
		bool ahead = n % 2;

		movie_draw(movie, n == 0 ? 0 : n + (ahead ? 1 : -1));
		assert_int_equal(movie_code_drawn(movie, false,
						  n == 0  ? VH264_IN_ORDER
						  : ahead ? VH264_AHEAD
							  : VH264_BEHIND),
				 0);
		assert_int_equal(av_new_packet(judges->packet, (int)movie->coded_size), 0);
		memcpy(judges->packet->data, movie->coded, movie->coded_size);
		assert_int_equal(avcodec_send_packet(judges->avcodec, judges->packet), 0);
		av_packet_unref(judges->packet);
		while (avcodec_receive_frame(judges->avcodec, judges->frame) == 0)
			assert_strip_reads(judges->frame, shown++);
	}
	assert_int_equal(avcodec_send_packet(judges->avcodec, NULL), 0);
	while (avcodec_receive_frame(judges->avcodec, judges->frame) == 0)
		assert_strip_reads(judges->frame, shown++);
	assert_int_equal(shown, 21);
	judges_close(judges);
	movie_destroy(movie);
}

static void too_small_a_buffer_is_told(void **state)
{
	struct movie *movie = movie_create(320, 180, 1000000);
	struct vh264_raw raw = {VH264_YUV420, 320, 180, 0, 0, 320, 180};
	uint8_t *source = calloc(1, vh264_raw_size(&raw));
	uint8_t small[64];
	const struct vh264_enc_job job = {.source = source,
					  .raw = &raw,
					  .coded = small,
					  .size = sizeof(small)};

	(void)state;
	assert_non_null(source);
	assert_int_equal(vh264_enc_encode(movie->enc, &movie->params, &job, &movie->result),
			 -ENOSPC);
	assert_int_equal(movie_code(movie, false), 0);
	assert_true(movie->result.key);
	free(source);
	movie_destroy(movie);
}

static void an_error_lasts_to_the_next_key_picture(void **state)
{
	struct movie *movie = movie_create(320, 180, 1000000);
	struct judges *judges = judges_open(320, 180);
	const struct vh264_picture *picture;

	(void)state;
	for (int n = 0; n < 12; n++) {
		size_t size;

		assert_int_equal(movie_code(movie, n == 8), 0);
		size = n == 3 ? movie->coded_size / 2 : movie->coded_size;
		assert_int_equal(vh264_dec_decode(judges->own, movie->coded, size, &picture),
				 n < 3 || n >= 8 ? 0 : -EBADMSG);
	}
	judges_close(judges);
	movie_destroy(movie);
}

/* What is stored is loaded as it was, wherever in a buffer it lies. */
static void layouts_come_back(void **state)
{
	static const struct vh264_raw rows[] = {
		{VH264_NV12, 30, 18, 2, 4, 64, 24},
		{VH264_NV12, 32, 16, 0, 0, 32, 16},
		{VH264_YUV420, 30, 18, 2, 4, 64, 24},
		{VH264_YUYV, 30, 18, 2, 4, 128, 24},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t size = vh264_picture_size(2, 2);
		uint8_t *memory = malloc(2 * size);
		uint8_t *buffer = malloc(vh264_raw_size(&rows[i]));
		struct vh264_picture before, after;

		assert_true(memory && buffer);
		vh264_picture_init(&before, memory, 2, 2);
		vh264_picture_init(&after, memory + size, 2, 2);
		for (size_t n = 0; n < size; n++)
			memory[n] = (uint8_t)(n * 7 + n / 32);
		vh264_picture_store(&before, buffer, &rows[i]);
		vh264_picture_load(&after, buffer, &rows[i]);
		for (int plane = 0; plane < 3; plane++)
			assert_same_plane(before.plane[plane], vh264_stride(&before, plane),
					  after.plane[plane], vh264_stride(&after, plane),
					  (int)rows[i].width / (plane ? 2 : 1),
					  (int)rows[i].height / (plane ? 2 : 1));
		free(memory);
		free(buffer);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_exactly_where_all_fits),
		cmocka_unit_test(keeps_a_low_rate),
		cmocka_unit_test(follows_a_new_rate),
		cmocka_unit_test(spends_nothing_on_nothing),
		cmocka_unit_test(names_each_profile),
		cmocka_unit_test(decodes_without_the_upper_layer),
		cmocka_unit_test(reorders_where_asked),
		cmocka_unit_test(too_small_a_buffer_is_told),
		cmocka_unit_test(an_error_lasts_to_the_next_key_picture),
		cmocka_unit_test(layouts_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
