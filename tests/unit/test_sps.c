/* camera/sps: parameter sets of encoders that forget to say that they do not reorder. */
#include "camera/annexb.h"
#include "camera/sps.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

enum { WIDTH = 320, HEIGHT = 192 };

struct example {
	const char *what;
	const uint8_t *unit;
	size_t size;
	const uint8_t *rewritten; /* NULL: it says so itself */
	size_t rewritten_size;
};

/* Made bit by bit after 7.3.2.1.1 and E.1.1, by another program. */
static const struct example examples[] = {
	{"no vui", BYTES("\x67\x42\xc0\x1e\xda\x05\x06\x64"),
	 BYTES("\x67\x42\xc0\x1e\xda\x05\x06\x68\x07\x84\x02\x15")},
	{"vui, all of it, no restriction",
	 BYTES("\x67\x42\xc0\x1e\xd9\x40\x50\x05\xbb\xff\x00\x28\x00\x21\xf5\x01"
	       "\x01\x01\xf0\x00\x00\x03\x00\x10\x00\x00\x03\x03\xce\x88\x00\xfa"
	       "\x40\x0f\xa3\xbd\xef\x7d\x10\x01\xf4\x80\x1f\x47\x7b\xde\xea"),
	 BYTES("\x67\x42\xc0\x1e\xd9\x40\x50\x05\xbb\xff\x00\x28\x00\x21\xf5\x01"
	       "\x01\x01\xf0\x00\x00\x03\x00\x10\x00\x00\x03\x03\xce\x88\x00\xfa"
	       "\x40\x0f\xa3\xbd\xef\x7d\x10\x01\xf4\x80\x1f\x47\x7b\xde\xef\x84"
	       "\x02\x12\xc0")},
	{"reorders two",
	 BYTES("\x67\x42\xc0\x1e\xd9\x40\x50\x05\xbb\xff\x00\x28\x00\x21\xf5\x01"
	       "\x01\x01\xf0\x00\x00\x03\x00\x10\x00\x00\x03\x03\xce\x88\x00\xfa"
	       "\x40\x0f\xa3\xbd\xef\x7d\x10\x01\xf4\x80\x1f\x47\x7b\xde\xee\xd0"
	       "\xc1\x8c\xb0"),
	 BYTES("\x67\x42\xc0\x1e\xd9\x40\x50\x05\xbb\xff\x00\x28\x00\x21\xf5\x01"
	       "\x01\x01\xf0\x00\x00\x03\x00\x10\x00\x00\x03\x03\xce\x88\x00\xfa"
	       "\x40\x0f\xa3\xbd\xef\x7d\x10\x01\xf4\x80\x1f\x47\x7b\xde\xee\xd0"
	       "\xc1\x92\xc0")},
	{"says so",
	 BYTES("\x67\x42\xc0\x1e\xd9\x40\x50\x05\xbb\xff\x00\x28\x00\x21\xf5\x01"
	       "\x01\x01\xf0\x00\x00\x03\x00\x10\x00\x00\x03\x03\xce\x88\x00\xfa"
	       "\x40\x0f\xa3\xbd\xef\x7d\x10\x01\xf4\x80\x1f\x47\x7b\xde\xee\xd0"
	       "\xc1\x92\xc0"),
	 NULL, 0},
	{"scaling lists, order count type 1, fields, cropping",
	 BYTES("\x67\x64\x00\x28\xad\xa4\x92\x49\x24\x92\x49\x42\x21\x4d\x34\xd3"
	       "\x4d\x34\xd3\x4d\x34\xd3\x4d\x34\xd3\x4d\x34\xd3\x4d\x34\xd3\x4d"
	       "\x34\xd3\x4d\x34\xd3\x51\x36\x42\xb0\x1e\x01\x13\xf6\x80"),
	 BYTES("\x67\x64\x00\x28\xad\xa4\x92\x49\x24\x92\x49\x42\x21\x4d\x34\xd3"
	       "\x4d\x34\xd3\x4d\x34\xd3\x4d\x34\xd3\x4d\x34\xd3\x4d\x34\xd3\x4d"
	       "\x34\xd3\x4d\x34\xd3\x51\x36\x42\xb0\x1e\x01\x13\xf7\x00\xf0\x80"
	       "\x42\xe0")},
	{"444, no reference", BYTES("\x67\xf4\x00\x28\x91\x97\x10\x99"),
	 BYTES("\x67\xf4\x00\x28\x91\x97\x10\x9a\x01\xe1\x00\x87")},
};

static void says_what_was_left_open(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		const struct example *example = &examples[i];
		uint8_t rewritten[SPS_REWRITTEN_BYTES_MAX];
		size_t size = 0;
		int r = sps_forbid_reordering(example->unit, example->size, rewritten, &size);

		if (r != (example->rewritten ? 0 : -EALREADY) || size != example->rewritten_size ||
		    memcmp(rewritten, example->rewritten ? example->rewritten : rewritten, size) !=
			    0)
			fail_msg("%s", example->what);
		if (r == 0)
			assert_int_equal(sps_forbid_reordering(rewritten, size, rewritten, &size),
					 -EALREADY);
	}
}

/* Each example cut at each of its bytes: read to its end or refused, never beyond. */
static void refuses_what_it_cannot_read(void **state)
{
	uint8_t large[SPS_BYTES_MAX + 1] = {0x67}, rewritten[SPS_REWRITTEN_BYTES_MAX];
	size_t size;

	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		for (size_t cut = 0; cut < examples[i].size / 2; cut++)
			assert_int_equal(sps_forbid_reordering(examples[i].unit, cut, rewritten,
							       &size),
					 -EBADMSG);
	}
	assert_int_equal(sps_forbid_reordering(large, sizeof(large), rewritten, &size), -EBADMSG);
	assert_int_equal(sps_forbid_reordering(BYTES("\x68\xce\x3c\x80"), rewritten, &size),
			 -EBADMSG);
	/* 17 reference frames, and a number of more than 32 bits */
	assert_int_equal(sps_forbid_reordering(BYTES("\x67\x42\xc0\x1e\xd8\x48\x14\x19\x90"),
					       rewritten, &size),
			 -EBADMSG);
	assert_int_equal(sps_forbid_reordering(BYTES("\x67\x42\xc0\x1e\0\0\3\0\0\3\0\1"), rewritten,
					       &size),
			 -EBADMSG);
}

/* An IDR of libx264, whose high profile says that it may reorder two pictures. */
static AVPacket *encode_idr(void)
{
	const AVCodec *codec = avcodec_find_encoder_by_name("libx264");
	AVCodecContext *context = avcodec_alloc_context3(codec);
	AVFrame *frame = av_frame_alloc();
	AVPacket *packet = av_packet_alloc();

	assert_true(context && frame && packet);
	context->width = frame->width = WIDTH;
	context->height = frame->height = HEIGHT;
	context->pix_fmt = frame->format = AV_PIX_FMT_YUV420P;
	context->time_base = (AVRational){1, 30};
	frame->pts = 0;
	context->max_b_frames = 2;
	context->thread_count = 1;
	context->log_level_offset = AV_LOG_DEBUG - AV_LOG_WARNING;
	av_opt_set(context->priv_data, "preset", "superfast", 0);
	assert_int_equal(avcodec_open2(context, codec, NULL), 0);
	assert_int_equal(av_frame_get_buffer(frame, 0), 0);
	for (int i = 0; i < 3; i++)
		memset(frame->data[i], 100 + i,
		       (size_t)frame->linesize[i] * (i ? HEIGHT / 2 : HEIGHT));
	assert_int_equal(avcodec_send_frame(context, frame), 0);
	assert_int_equal(avcodec_send_frame(context, NULL), 0);
	assert_int_equal(avcodec_receive_packet(context, packet), 0);
	av_frame_free(&frame);
	avcodec_free_context(&context);
	return packet;
}

/* How many pictures a decoder that takes the standard at its word holds back. */
static int count_held_back(const AVPacket *packet)
{
	AVCodecContext *decoder = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_H264));
	AVFrame *frame = av_frame_alloc();
	int held_back;

	assert_true(decoder && frame);
	decoder->strict_std_compliance = FF_COMPLIANCE_STRICT;
	decoder->err_recognition = AV_EF_EXPLODE;
	assert_int_equal(avcodec_open2(decoder, NULL, NULL), 0);
	assert_int_equal(avcodec_send_packet(decoder, packet), 0);
	assert_int_equal(avcodec_send_packet(decoder, NULL), 0);
	assert_int_equal(avcodec_receive_frame(decoder, frame), 0);
	assert_int_equal(frame->width, WIDTH);
	assert_int_equal(frame->height, HEIGHT);
	held_back = decoder->has_b_frames;
	av_frame_free(&frame);
	avcodec_free_context(&decoder);
	return held_back;
}

static void decoders_hold_nothing_back(void **state)
{
	AVPacket *packet = encode_idr();
	struct annexb_sets sets = {0};

	(void)state;
	assert_int_equal(count_held_back(packet), 2);
	assert_int_equal(annexb_complete(&sets, packet), 0);
	assert_int_equal(count_held_back(packet), 0);
	annexb_sets_finish(&sets);
	av_packet_free(&packet);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_was_left_open),
		cmocka_unit_test(refuses_what_it_cannot_read),
		cmocka_unit_test(decoders_hold_nothing_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
