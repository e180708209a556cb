#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "screen/decode_thread.h"
#include "screen/paint.h"
#include "tests/fake/fake_alloc.h"

#define WIDTH 320
#define HEIGHT 192
#define DEADLINE_US (20 * CLOCK_US_PER_S)

/* A sender: real H.264 of a moving pattern. */
struct sender {
	AVCodecContext *context;
	int width, height;
	int64_t sent;
	uint32_t group, object; /* of the next picture submitted */
};

static struct sender sender_open(int width, int height, int slices)
{
	const AVCodec *codec = avcodec_find_encoder_by_name("libx264");
	struct sender sender = {.context = avcodec_alloc_context3(codec),
				.width = width,
				.height = height};

	assert_non_null(sender.context);
	sender.context->width = width;
	sender.context->height = height;
	sender.context->pix_fmt = AV_PIX_FMT_YUV420P;
	sender.context->time_base = (AVRational){1, 1000000};
	sender.context->gop_size = 100000;
	sender.context->slices = slices;
	sender.context->thread_count = 1;
	av_opt_set(sender.context->priv_data, "preset", "ultrafast", 0);
	av_opt_set(sender.context->priv_data, "tune", "zerolatency", 0);
	av_opt_set(sender.context->priv_data, "forced-idr", "1", 0);
	assert_int_equal(avcodec_open2(sender.context, codec, NULL), 0);
	return sender;
}

static void sender_close(struct sender *sender)
{
	avcodec_free_context(&sender->context);
}

/* The next picture; its pts counts 1000, 2000, … */
static AVPacket *sender_next(struct sender *sender, bool idr)
{
	AVFrame *frame = paint_frame_create(sender->width, sender->height);
	AVPacket *packet = av_packet_alloc();

	assert_non_null(frame);
	assert_non_null(packet);
	for (int plane = 0; plane < 3; plane++) {
		int lines = plane ? sender->height / 2 : sender->height;

		for (int i = 0; i < lines * frame->linesize[plane]; i++)
			frame->data[plane][i] = (uint8_t)(i * 7 + i / 301 + sender->sent * 13);
	}
	frame->pts = ++sender->sent * 1000;
	frame->pict_type = idr ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
	assert_int_equal(avcodec_send_frame(sender->context, frame), 0);
	assert_int_equal(avcodec_receive_packet(sender->context, packet), 0);
	assert_int_equal(!!(packet->flags & AV_PKT_FLAG_KEY), idr || sender->sent == 1);
	av_frame_free(&frame);
	return packet;
}

static struct vdec_settings software(void)
{
	struct vdec_settings settings = {.names = {"h264"}, .n_names = 1};

	settings.kinds = vdec_libav_kinds(&settings.n_kinds);
	return settings;
}

static struct vdec *open_vdec(void)
{
	const struct vdec_settings settings = software();
	struct vdec *vdec = NULL;

	assert_int_equal(vdec_create(&settings, &vdec), 0);
	return vdec;
}

/* Decodes and frees the packet; the picture's pts and width go to where they are wanted. */
static enum vdec_result decode(struct vdec *vdec, AVPacket *take, int64_t *pts, int *width)
{
	AVFrame *picture = NULL;
	enum vdec_result result = vdec_decode(vdec, take, &picture);

	assert_int_equal(result == VDEC_PICTURE, picture != NULL);
	if (picture && pts)
		*pts = picture->pts;
	if (picture && width)
		*width = picture->width;
	av_frame_free(&picture);
	av_packet_free(&take);
	return result;
}

static void test_whole_stream_comes_out_at_once(void **state)
{
	struct sender sender = sender_open(WIDTH, HEIGHT, 1);
	struct vdec *vdec = open_vdec();

	(void)state;
	assert_null(vdec_name(vdec));
	for (int i = 1; i <= 20; i++) {
		int64_t pts = 0;

		assert_int_equal(decode(vdec, sender_next(&sender, i == 8), &pts, NULL),
				 VDEC_PICTURE);
		assert_int_equal(pts, i * 1000);
	}
	assert_string_equal(vdec_name(vdec), "h264");
	vdec_destroy(vdec);
	sender_close(&sender);
}

static void test_nothing_before_the_first_idr(void **state)
{
	struct sender sender = sender_open(WIDTH, HEIGHT, 1);
	struct vdec *vdec = open_vdec();
	AVPacket *idr = sender_next(&sender, false);

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(decode(vdec, sender_next(&sender, false), NULL, NULL),
				 VDEC_NEED_KEYFRAME);
	assert_int_equal(decode(vdec, idr, NULL, NULL), VDEC_PICTURE);
	vdec_destroy(vdec);
	sender_close(&sender);
}

/* Expects nothing until an IDR, and all from there. */
static void assert_waits_for_idr(struct vdec *vdec, struct sender *sender)
{
	for (int i = 0; i < 4; i++)
		assert_int_equal(decode(vdec, sender_next(sender, false), NULL, NULL),
				 VDEC_NEED_KEYFRAME);
	assert_int_equal(decode(vdec, sender_next(sender, true), NULL, NULL), VDEC_PICTURE);
	assert_int_equal(decode(vdec, sender_next(sender, false), NULL, NULL), VDEC_PICTURE);
}

static void test_gap_waits_for_idr(void **state)
{
	struct sender sender = sender_open(WIDTH, HEIGHT, 1);
	struct vdec *vdec = open_vdec();
	AVPacket *packet;

	(void)state;
	assert_int_equal(decode(vdec, sender_next(&sender, false), NULL, NULL), VDEC_PICTURE);
	packet = sender_next(&sender, false);
	av_packet_free(&packet);
	packet = sender_next(&sender, false);
	packet->flags |= AV_PKT_FLAG_CORRUPT;
	assert_int_equal(decode(vdec, packet, NULL, NULL), VDEC_NEED_KEYFRAME);
	assert_waits_for_idr(vdec, &sender);
	vdec_destroy(vdec);
	sender_close(&sender);
}

/* A gap before an IDR is none. */
static void test_idr_after_gap_is_shown(void **state)
{
	struct sender sender = sender_open(WIDTH, HEIGHT, 1);
	struct vdec *vdec = open_vdec();
	AVPacket *packet;

	(void)state;
	assert_int_equal(decode(vdec, sender_next(&sender, false), NULL, NULL), VDEC_PICTURE);
	packet = sender_next(&sender, true);
	packet->flags |= AV_PKT_FLAG_CORRUPT;
	assert_int_equal(decode(vdec, packet, NULL, NULL), VDEC_PICTURE);
	vdec_destroy(vdec);
	sender_close(&sender);
}

/* A P picture that claims to be an IDR brings nothing out of a decoder without references. */
static void test_false_key_shows_nothing(void **state)
{
	struct sender sender = sender_open(WIDTH, HEIGHT, 1);
	struct vdec *vdec = open_vdec();
	AVPacket *idr = sender_next(&sender, false);
	AVPacket *packet = sender_next(&sender, false);

	(void)state;
	av_packet_free(&idr);
	packet->flags |= AV_PKT_FLAG_KEY;
	assert_int_not_equal(decode(vdec, packet, NULL, NULL), VDEC_PICTURE);
	assert_int_equal(decode(vdec, sender_next(&sender, true), NULL, NULL), VDEC_PICTURE);
	vdec_destroy(vdec);
	sender_close(&sender);
}

/* How an access unit is damaged: `at` is a share of its bytes in hundredths. */
struct damage {
	const char *what;
	int slices;
	bool idr;
	int from, to;
	enum { CUT, ZEROED, RANDOM } how;
};

static void damage_packet(AVPacket *packet, const struct damage *damage)
{
	int from = packet->size * damage->from / 100, to = packet->size * damage->to / 100;
	uint32_t random = 12345;

	assert_int_equal(av_packet_make_writable(packet), 0);
	if (damage->how == CUT)
		av_shrink_packet(packet, from);
	for (int i = from; i < to && damage->how != CUT; i++) {
		random = random * 1664525U + 1013904223U;
		packet->data[i] = damage->how == ZEROED ? 0 : (uint8_t)(random >> 24);
	}
}

static void test_damaged_is_never_shown(void **state)
{
	static const struct damage table[] = {
		{"P cut in the middle", 1, false, 50, 100, CUT},
		{"P cut near its end", 1, false, 90, 100, CUT},
		{"P cut to its first bytes", 1, false, 3, 100, CUT},
		{"P of four slices, cut", 4, false, 70, 100, CUT},
		{"P with random bytes", 1, false, 20, 90, RANDOM},
		{"P with zeros", 1, false, 30, 60, ZEROED},
		{"IDR cut in the middle", 1, true, 50, 100, CUT},
		{"IDR of four slices, cut", 4, true, 80, 100, CUT},
		{"IDR with random bytes", 1, true, 20, 90, RANDOM},
		{"all random", 1, true, 0, 100, RANDOM},
		{"all zeros", 1, true, 0, 100, ZEROED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct sender sender = sender_open(WIDTH, HEIGHT, table[i].slices);
		struct vdec *vdec = open_vdec();
		AVPacket *packet;

		assert_int_equal(decode(vdec, sender_next(&sender, false), NULL, NULL),
				 VDEC_PICTURE);
		packet = sender_next(&sender, table[i].idr);
		damage_packet(packet, &table[i]);
		if (decode(vdec, packet, NULL, NULL) != VDEC_NEED_KEYFRAME)
			fail_msg("%s", table[i].what);
		assert_waits_for_idr(vdec, &sender);
		vdec_destroy(vdec);
		sender_close(&sender);
	}
}

/* The offset of the last slice: Annex B, after the last start code. */
static int last_slice(const AVPacket *packet)
{
	int at = 0;

	for (int i = 4; i + 3 < packet->size; i++) {
		if (packet->data[i] == 0 && packet->data[i + 1] == 0 && packet->data[i + 2] == 1)
			at = i;
	}
	assert_true(at > 0);
	return at;
}

/* Every byte that is there is right: only the picture's rows are missing. */
static void test_missing_slice_is_never_shown(void **state)
{
	(void)state;
	for (int idr = 0; idr < 2; idr++) {
		struct sender sender = sender_open(WIDTH, HEIGHT, 4);
		struct vdec *vdec = open_vdec();
		AVPacket *packet;

		assert_int_equal(decode(vdec, sender_next(&sender, false), NULL, NULL),
				 VDEC_PICTURE);
		packet = sender_next(&sender, idr);
		av_shrink_packet(packet, last_slice(packet));
		assert_int_equal(decode(vdec, packet, NULL, NULL), VDEC_NEED_KEYFRAME);
		assert_waits_for_idr(vdec, &sender);
		vdec_destroy(vdec);
		sender_close(&sender);
	}
}

static void test_size_changes(void **state)
{
	static const int sizes[][2] = {{320, 192}, {640, 360}, {64, 48}, {1280, 720}, {320, 192}};
	struct vdec *vdec = open_vdec();

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct sender sender = sender_open(sizes[i][0], sizes[i][1], 1);

		for (int k = 0; k < 3; k++) {
			int width = 0;

			assert_int_equal(decode(vdec, sender_next(&sender, false), NULL, &width),
					 VDEC_PICTURE);
			assert_int_equal(width, sizes[i][0]);
		}
		sender_close(&sender);
	}
	vdec_destroy(vdec);
}

static void test_too_large_is_refused(void **state)
{
	struct sender large = sender_open(VDEC_WIDTH_MAX + 16, 64, 1);
	struct sender sender = sender_open(WIDTH, HEIGHT, 1);
	struct vdec *vdec = open_vdec();

	(void)state;
	assert_int_equal(decode(vdec, sender_next(&large, false), NULL, NULL), VDEC_NEED_KEYFRAME);
	assert_int_equal(decode(vdec, sender_next(&sender, false), NULL, NULL), VDEC_PICTURE);
	vdec_destroy(vdec);
	sender_close(&large);
	sender_close(&sender);
}

static void test_libav_opens_only_what_is_there(void **state)
{
	static const struct {
		const char *codec;
		int ret;
	} cases[] = {
		{"no such decoder", -ENOENT},
		{"mjpeg", -ENOENT},
		/* there is no such device where tests run */
		{"h264_v4l2m2m", -ENODEV},
	};
	char fault[VDEC_FAULT_BYTES] = "";
	struct vdec_codec *codec = NULL;
	const struct vdec_ops *ops;
	size_t n_kinds;

	(void)state;
	ops = vdec_libav_kinds(&n_kinds)[0].ops;
	assert_int_equal(n_kinds, 2);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(ops->open(cases[i].codec, &codec, fault), cases[i].ret);
	assert_null(codec);
	ops->close(NULL);
}

static void test_create_checks_the_order(void **state)
{
	struct vdec_settings settings = software();
	struct vdec *vdec = NULL;

	(void)state;
	settings.n_names = 0;
	assert_int_equal(vdec_create(&settings, &vdec), -EINVAL);
	settings.n_names = VDEC_NAMES_MAX + 1;
	assert_int_equal(vdec_create(&settings, &vdec), -EINVAL);
	settings.names[1] = "h265";
	settings.n_names = 2;
	assert_int_equal(vdec_create(&settings, &vdec), -EINVAL);
	settings.n_names = 1;
	fake_alloc_arm(1);
	assert_int_equal(vdec_create(&settings, &vdec), -ENOMEM);
	assert_true(fake_alloc_disarm());
	assert_null(vdec);
}

/* The receiving end of a decode_thread. */
struct receiver {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool held; /* the decoding thread waits in picture() */
	bool in_picture;
	int pictures;
	int64_t last_pts;
	int keyframes;
};

static void on_picture(void *context, AVFrame *take)
{
	struct receiver *receiver = context;

	pthread_mutex_lock(&receiver->lock);
	receiver->pictures++;
	receiver->last_pts = take->pts;
	receiver->in_picture = true;
	pthread_cond_broadcast(&receiver->changed);
	while (receiver->held)
		pthread_cond_wait(&receiver->changed, &receiver->lock);
	receiver->in_picture = false;
	pthread_mutex_unlock(&receiver->lock);
	av_frame_free(&take);
}

static void on_need_keyframe(void *context)
{
	struct receiver *receiver = context;

	pthread_mutex_lock(&receiver->lock);
	receiver->keyframes++;
	pthread_cond_broadcast(&receiver->changed);
	pthread_mutex_unlock(&receiver->lock);
}

static struct decode_thread *start_by(struct receiver *receiver,
				      const struct vdec_settings *settings)
{
	const struct decode_events events = {on_picture, on_need_keyframe, receiver};
	struct decode_thread *thread = NULL;

	*receiver = (struct receiver){0};
	pthread_mutex_init(&receiver->lock, NULL);
	pthread_cond_init(&receiver->changed, NULL);
	assert_int_equal(decode_thread_create(settings, &events, &thread), 0);
	return thread;
}

static struct decode_thread *start(struct receiver *receiver)
{
	const struct vdec_settings settings = software();

	return start_by(receiver, &settings);
}

static void receiver_finish(struct receiver *receiver)
{
	pthread_cond_destroy(&receiver->changed);
	pthread_mutex_destroy(&receiver->lock);
}

static void wait_until(struct receiver *receiver, bool (*is_true)(const struct receiver *))
{
	struct timespec deadline = clock_timespec(clock_now_us() + DEADLINE_US);

	pthread_mutex_lock(&receiver->lock);
	while (!is_true(receiver))
		assert_int_equal(pthread_cond_clockwait(&receiver->changed, &receiver->lock,
							CLOCK_MONOTONIC, &deadline),
				 0);
	pthread_mutex_unlock(&receiver->lock);
}

/* Submits a picture as the object after the one before; an IDR begins a group. */
static void submit(struct decode_thread *thread, struct sender *sender, bool idr)
{
	AVPacket *packet = sender_next(sender, idr);

	if (packet->flags & AV_PKT_FLAG_KEY) {
		sender->group++;
		sender->object = 0;
	}
	decode_thread_submit(thread, packet, sender->group, sender->object++);
}

static void hold(struct receiver *receiver, bool held)
{
	pthread_mutex_lock(&receiver->lock);
	receiver->held = held;
	pthread_cond_broadcast(&receiver->changed);
	pthread_mutex_unlock(&receiver->lock);
}

static bool is_in_picture(const struct receiver *receiver)
{
	return receiver->in_picture;
}

static bool has_last_of_backlog(const struct receiver *receiver)
{
	return receiver->last_pts == 11000;
}

static json_int_t status_of(struct decode_thread *thread, const char *key)
{
	json_t *status = decode_thread_status(thread);
	json_int_t value = json_integer_value(json_object_get(status, key));

	json_decref(status);
	return value;
}

/* While the first picture is being taken ten more come in: only the last of them is shown. */
static void test_thread_shows_only_the_newest(void **state)
{
	struct sender sender = sender_open(WIDTH, HEIGHT, 1);
	struct receiver receiver;
	struct decode_thread *thread = start(&receiver);

	(void)state;
	hold(&receiver, true);
	submit(thread, &sender, false);
	wait_until(&receiver, is_in_picture);
	for (int i = 0; i < 10; i++)
		submit(thread, &sender, false);
	hold(&receiver, false);
	wait_until(&receiver, has_last_of_backlog);
	assert_int_equal(receiver.pictures, 2);
	assert_int_equal(status_of(thread, "pictures"), 11);
	assert_int_equal(status_of(thread, "shown"), 2);
	assert_int_equal(status_of(thread, "dropped"), 0);
	assert_int_equal(status_of(thread, "errors"), 0);
	assert_int_equal(status_of(thread, "width"), WIDTH);
	decode_thread_destroy(thread);
	receiver_finish(&receiver);
	sender_close(&sender);
}

static bool has_asked(const struct receiver *receiver)
{
	return receiver->keyframes > 0;
}

static bool has_shown(const struct receiver *receiver)
{
	return receiver->pictures > 0;
}

static bool has_shown_two(const struct receiver *receiver)
{
	return receiver->pictures == 2;
}

/* There is no device of the wrapper where tests run. */
static void test_thread_tells_of_its_decoders(void **state)
{
	struct sender sender = sender_open(WIDTH, HEIGHT, 1);
	struct vdec_settings settings = software();
	struct decode_thread *thread;
	struct receiver receiver;
	const char *decoder, *why, *failed, *from, *to;
	json_t *status, *trial;

	(void)state;
	settings.names[0] = "h264_v4l2m2m";
	settings.names[1] = "h264";
	settings.n_names = 2;
	thread = start_by(&receiver, &settings);
	submit(thread, &sender, false);
	submit(thread, &sender, false);
	wait_until(&receiver, has_shown);
	status = decode_thread_status(thread);
	assert_int_equal(json_unpack(status, "{s:s, s:s, s:o, s:s, s:[{s:s, s:s}]}", "decoder",
				     &decoder, "why", &why, "trial", &trial, "trial_failed",
				     &failed, "changes", "from", &from, "to", &to),
			 0);
	assert_string_equal(decoder, "h264");
	assert_string_equal(why, "h264_v4l2m2m cannot be opened: No such device");
	assert_true(json_is_null(trial));
	assert_string_equal(failed, "");
	assert_string_equal(from, "h264_v4l2m2m");
	assert_string_equal(to, "h264");
	json_decref(status);
	decode_thread_destroy(thread);
	receiver_finish(&receiver);
	sender_close(&sender);
}

static void test_thread_overflow_goes_on_at_idr(void **state)
{
	struct sender sender = sender_open(WIDTH, HEIGHT, 1);
	struct receiver receiver;
	struct decode_thread *thread = start(&receiver);

	(void)state;
	hold(&receiver, true);
	submit(thread, &sender, false);
	wait_until(&receiver, is_in_picture);
	for (int i = 0; i < DECODE_QUEUE_PACKETS + 3; i++)
		submit(thread, &sender, false);
	assert_int_equal(status_of(thread, "dropped"), DECODE_QUEUE_PACKETS);
	hold(&receiver, false);
	wait_until(&receiver, has_asked);
	assert_int_equal(receiver.pictures, 1);
	submit(thread, &sender, true);
	wait_until(&receiver, has_shown_two);
	assert_int_equal(receiver.last_pts, sender.sent * 1000);
	decode_thread_destroy(thread);
	receiver_finish(&receiver);
	sender_close(&sender);
}

static bool has_shown_one(const struct receiver *receiver)
{
	return receiver->pictures == 1;
}

/* The picture after a lost one could be decoded, but to what nobody sent. */
static void test_thread_sees_lost_packet(void **state)
{
	struct sender sender = sender_open(WIDTH, HEIGHT, 1);
	struct receiver receiver;
	struct decode_thread *thread = start(&receiver);
	AVPacket *lost;

	(void)state;
	submit(thread, &sender, false);
	wait_until(&receiver, has_shown_one);
	lost = sender_next(&sender, false);
	av_packet_free(&lost);
	sender.object++;
	submit(thread, &sender, false);
	wait_until(&receiver, has_asked);
	assert_int_equal(receiver.pictures, 1);
	submit(thread, &sender, true);
	wait_until(&receiver, has_shown_two);
	assert_int_equal(receiver.last_pts, 4000);
	decode_thread_destroy(thread);
	receiver_finish(&receiver);
	sender_close(&sender);
}

static void test_thread_without_memory(void **state)
{
	const struct vdec_settings settings = software();
	const struct decode_events events = {on_picture, on_need_keyframe, NULL};
	struct decode_thread *thread = NULL;
	int ret;

	(void)state;
	for (unsigned int n = 1;; n++) {
		fake_alloc_arm(n);
		ret = decode_thread_create(&settings, &events, &thread);
		if (!fake_alloc_disarm())
			break;
		assert_int_equal(ret, -ENOMEM);
		assert_null(thread);
	}
	assert_int_equal(ret, 0);
	decode_thread_destroy(thread);
	decode_thread_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_stream_comes_out_at_once),
		cmocka_unit_test(test_nothing_before_the_first_idr),
		cmocka_unit_test(test_gap_waits_for_idr),
		cmocka_unit_test(test_idr_after_gap_is_shown),
		cmocka_unit_test(test_false_key_shows_nothing),
		cmocka_unit_test(test_damaged_is_never_shown),
		cmocka_unit_test(test_missing_slice_is_never_shown),
		cmocka_unit_test(test_size_changes),
		cmocka_unit_test(test_too_large_is_refused),
		cmocka_unit_test(test_libav_opens_only_what_is_there),
		cmocka_unit_test(test_create_checks_the_order),
		cmocka_unit_test(test_thread_shows_only_the_newest),
		cmocka_unit_test(test_thread_tells_of_its_decoders),
		cmocka_unit_test(test_thread_overflow_goes_on_at_idr),
		cmocka_unit_test(test_thread_sees_lost_packet),
		cmocka_unit_test(test_thread_without_memory),
	};

	av_log_set_level(AV_LOG_QUIET);
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
