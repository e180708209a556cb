/* screen/decode: the codec layer over decoders that fail and stop answering, and work again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "screen/decode.h"

#define FRAME_US (40 * CLOCK_US_PER_MS)

/* A decoder of the test's own: what it does is in its name. */
struct vdec_codec {
	const char *name;
	int64_t pts;
	int64_t held_pts;
	int sent;
	bool has_picture;
};

/* For the one thread of these tests: */
static int opened;           /* by fake_open() */
static const char *hardware; /* how the one of that name behaves */
static int64_t fake_now_us;

static const char *behaviour(const struct vdec_codec *codec)
{
	return strcmp(codec->name, "hardware") == 0 ? hardware : codec->name;
}

static int fake_open(const void *context, struct vdec_codec **ret_codec,
		     char ret_fault[VDEC_FAULT_BYTES])
{
	const char *name = context;

	(void)ret_fault;
	if (strcmp(strcmp(name, "hardware") == 0 ? hardware : name, "absent") == 0)
		return -ENODEV;
	*ret_codec = calloc(1, sizeof(**ret_codec));
	assert_non_null(*ret_codec);
	(*ret_codec)->name = name;
	opened++;
	return 0;
}

static int fake_send(struct vdec_codec *codec, const AVPacket *packet)
{
	bool is_first = codec->sent++ == 0;

	if (strcmp(behaviour(codec), "fails") == 0)
		return -EIO;
	if (strcmp(behaviour(codec), "stuck") == 0)
		return -EAGAIN;
	codec->has_picture = strcmp(behaviour(codec), "silent") != 0;
	codec->pts = packet->pts;
	/* each picture when the next one was sent */
	if (strcmp(behaviour(codec), "lags") == 0) {
		codec->has_picture = !is_first;
		codec->pts = codec->held_pts;
	}
	codec->held_pts = packet->pts;
	return 0;
}

static int fake_receive(struct vdec_codec *codec, AVFrame *picture)
{
	if (!codec->has_picture)
		return -EAGAIN;
	codec->has_picture = false;
	picture->pts = codec->pts;
	return 0;
}

static void fake_flush(struct vdec_codec *codec)
{
	codec->has_picture = false;
}

static void fake_close(struct vdec_codec *codec)
{
	free(codec);
}

static const struct vdec_ops fake_ops = {
	.open = fake_open,
	.send = fake_send,
	.receive = fake_receive,
	.flush = fake_flush,
	.close = fake_close,
};

#define KIND(name_) {.name = (name_), .ops = &fake_ops, .context = (name_)}

static const struct vdec_kind fake_kinds[] = {KIND("works"), KIND("absent"), KIND("fails"),
					      KIND("stuck"), KIND("silent"), KIND("hardware")};

#define FAKES .kinds = fake_kinds, .n_kinds = sizeof(fake_kinds) / sizeof(fake_kinds[0])

/* An access unit with nothing in it; the picture's pts goes to where it is wanted. */
static enum vdec_result decode(struct vdec *vdec, int flags, int64_t pts, int64_t *ret_pts)
{
	AVPacket *packet = av_packet_alloc();
	AVFrame *picture = NULL;
	enum vdec_result result;

	assert_non_null(packet);
	packet->flags = flags;
	packet->pts = pts;
	result = vdec_decode(vdec, packet, &picture);
	assert_int_equal(result == VDEC_PICTURE, picture != NULL);
	if (picture && ret_pts)
		*ret_pts = picture->pts;
	av_frame_free(&picture);
	av_packet_free(&packet);
	return result;
}

static void test_next_decoder_takes_over(void **state)
{
	static const struct {
		const char *names[VDEC_NAMES_MAX];
		size_t n;
		int keys; /* IDRs until a picture comes */
		int opened;
	} table[] = {
		{{"works"}, 1, 1, 1},
		{{"absent", "works"}, 2, 1, 1},
		{{"fails", "works"}, 2, 3, 3},
		{{"stuck", "works"}, 2, 3, 3},
		{{"fails", "absent", "works"}, 3, 3, 3},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct vdec_settings settings = {FAKES, .n_names = table[i].n};
		struct vdec *vdec = NULL;

		opened = 0;
		memcpy(settings.names, table[i].names, sizeof(settings.names));
		assert_int_equal(vdec_create(&settings, &vdec), 0);
		for (int key = 1; key < table[i].keys; key++)
			assert_int_equal(decode(vdec, AV_PKT_FLAG_KEY, key, NULL),
					 VDEC_NEED_KEYFRAME);
		assert_int_equal(decode(vdec, AV_PKT_FLAG_KEY, 9, NULL), VDEC_PICTURE);
		assert_int_equal(opened, table[i].opened);
		assert_string_equal(vdec_name(vdec), "works");
		vdec_destroy(vdec);
	}
}

static int64_t tell_time(void *context)
{
	(void)context;
	return fake_now_us;
}

static const struct clock fake_clock = {.now_us = tell_time};

/* By those of the list, of which "hardware" behaves so. */
static struct vdec *open_fakes(const char *behaves, const char *const *names, size_t n)
{
	struct vdec_settings settings = {FAKES, .n_names = n, .clock = &fake_clock};
	struct vdec *vdec = NULL;

	hardware = behaves;
	opened = 0;
	fake_now_us = 1000 * CLOCK_US_PER_S;
	memcpy(settings.names, names, n * sizeof(*names));
	assert_int_equal(vdec_create(&settings, &vdec), 0);
	return vdec;
}

/* Packets 40 ms apart, each with a picture of its time, and an IDR each second. */
static void decode_for(struct vdec *vdec, int64_t us)
{
	for (int64_t end_us = fake_now_us + us; fake_now_us < end_us; fake_now_us += FRAME_US) {
		int flags = fake_now_us % CLOCK_US_PER_S == 0 ? AV_PKT_FLAG_KEY : 0;
		int64_t pts = 0;

		assert_int_equal(decode(vdec, flags, fake_now_us, &pts), VDEC_PICTURE);
		assert_int_equal(pts, fake_now_us);
	}
}

static void assert_newest_change(const struct vdec *vdec, uint64_t count, const char *text)
{
	json_t *why = changes_why(vdec_changes(vdec));

	assert_int_equal(vdec_changes(vdec)->count, count);
	assert_string_equal(json_string_value(why), text);
	json_decref(why);
}

/* By time where pictures come slowly, by number where many wait; software is next in any order. */
static void test_silent_decoder_is_replaced(void **state)
{
	static const struct {
		int64_t frame_us;
		int packets;
	} table[] = {{0, 31}, {FRAME_US, 14}, {200 * CLOCK_US_PER_MS, 5}};
	static const char *const names[] = {"silent", "fails", "works"};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct vdec *vdec = open_fakes("works", names, 3);

		for (int k = 1; k <= table[i].packets; k++) {
			assert_int_equal(decode(vdec, k == 1 ? AV_PKT_FLAG_KEY : 0, k, NULL),
					 k < table[i].packets ? VDEC_NOTHING : VDEC_NEED_KEYFRAME);
			fake_now_us += table[i].frame_us;
		}
		assert_int_equal(decode(vdec, AV_PKT_FLAG_KEY, 100, NULL), VDEC_PICTURE);
		assert_string_equal(vdec_name(vdec), "works");
		assert_int_equal(opened, 2);
		assert_newest_change(vdec, 1, "silent stops answering");
		vdec_destroy(vdec);
	}
}

/* With an order of "hardware" and "works", of which the first has failed. */
static struct vdec *open_and_fall_back(void)
{
	static const char *const names[] = {"hardware", "works"};
	struct vdec *vdec = open_fakes("fails", names, 2);

	assert_int_equal(decode(vdec, AV_PKT_FLAG_KEY, 1, NULL), VDEC_NEED_KEYFRAME);
	assert_int_equal(decode(vdec, AV_PKT_FLAG_KEY, 2, NULL), VDEC_NEED_KEYFRAME);
	assert_int_equal(opened, 2);
	return vdec;
}

/* Every packet gives its picture meanwhile. */
static void test_better_decoder_comes_back(void **state)
{
	struct vdec *vdec = open_and_fall_back();

	(void)state;
	hardware = "works";
	decode_for(vdec, 5 * CLOCK_US_PER_S);
	assert_string_equal(vdec_name(vdec), "works");
	assert_null(vdec_trial(vdec));
	assert_newest_change(vdec, 2, "hardware fails");
	/* the IDR of the sixth second, and nine pictures after it */
	decode_for(vdec, 9 * FRAME_US);
	assert_string_equal(vdec_name(vdec), "works");
	assert_string_equal(vdec_trial(vdec), "hardware");
	decode_for(vdec, FRAME_US);
	assert_string_equal(vdec_name(vdec), "hardware");
	assert_null(vdec_trial(vdec));
	assert_newest_change(vdec, 3, "works is replaced by a better one that works again");
	decode_for(vdec, 2 * CLOCK_US_PER_S);
	assert_int_equal(opened, 4);
	vdec_destroy(vdec);
}

/* What fails on trial is not seen, and is tried less and less. */
static void test_trial_that_fails_is_not_seen(void **state)
{
	static const struct {
		const char *behaves;
		const char *why;
		int opened; /* of the trials alone */
	} table[] = {
		{"fails", "hardware fails", 3},
		{"silent", "hardware stops answering", 3},
		{"absent", "hardware cannot be opened: No such device", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct vdec *vdec = open_and_fall_back();

		hardware = table[i].behaves;
		/* after 5, 10 and 20 s */
		decode_for(vdec, 40 * CLOCK_US_PER_S);
		assert_string_equal(vdec_name(vdec), "works");
		assert_string_equal(vdec_trial_failed(vdec), table[i].why);
		assert_int_equal(opened, 3 + table[i].opened);
		assert_int_equal(vdec_changes(vdec)->count, 2);
		vdec_destroy(vdec);
	}
}

/* While key frames have to be asked for nothing is tried. */
static void test_trial_waits_for_a_quiet_moment(void **state)
{
	struct vdec *vdec = open_and_fall_back();

	(void)state;
	hardware = "works";
	for (int i = 0; i < 5; i++) {
		decode_for(vdec, 2 * CLOCK_US_PER_S);
		assert_int_equal(decode(vdec, AV_PKT_FLAG_CORRUPT, fake_now_us, NULL),
				 VDEC_NEED_KEYFRAME);
	}
	assert_int_equal(opened, 3);
	assert_string_equal(vdec_name(vdec), "works");
	vdec_destroy(vdec);
}

/* One that keeps a picture back gives none again that was shown. */
static void test_no_picture_is_shown_twice(void **state)
{
	struct vdec *vdec = open_and_fall_back();
	int64_t pts = 0;

	(void)state;
	hardware = "lags";
	decode_for(vdec, 5 * CLOCK_US_PER_S + 11 * FRAME_US);
	assert_string_equal(vdec_name(vdec), "hardware");
	assert_int_equal(decode(vdec, 0, fake_now_us, NULL), VDEC_NOTHING);
	for (int i = 1; i < 5; i++) {
		assert_int_equal(decode(vdec, 0, fake_now_us + i, &pts), VDEC_PICTURE);
		assert_int_equal(pts, fake_now_us + i - 1);
	}
	vdec_destroy(vdec);
}

static void test_no_decoder_at_all(void **state)
{
	const struct vdec_settings settings = {FAKES, .names = {"absent", "absent"}, .n_names = 2};
	struct vdec *vdec = NULL;

	(void)state;
	assert_int_equal(vdec_create(&settings, &vdec), 0);
	assert_int_equal(decode(vdec, AV_PKT_FLAG_KEY, 1, NULL), VDEC_FAILED);
	assert_int_equal(decode(vdec, AV_PKT_FLAG_KEY, 2, NULL), VDEC_FAILED);
	assert_null(vdec_name(vdec));
	vdec_destroy(vdec);
	vdec_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_next_decoder_takes_over),
		cmocka_unit_test(test_silent_decoder_is_replaced),
		cmocka_unit_test(test_better_decoder_comes_back),
		cmocka_unit_test(test_trial_that_fails_is_not_seen),
		cmocka_unit_test(test_trial_waits_for_a_quiet_moment),
		cmocka_unit_test(test_no_picture_is_shown_twice),
		cmocka_unit_test(test_no_decoder_at_all),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
