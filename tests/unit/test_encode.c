/* camera/encode: what comes out of the codec layer over encoders that work. */
#include "tests/fake/encode_bench.h"
#include "tests/fake/fake_alloc.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void refuses_bad_configs(void **state)
{
	static const char *const unknown[] = {"libx264", "h265", NULL};
	static const char *const known[] = {"libx264", NULL};
	struct encode_bench *bench = *state;
	struct venc_config config = encode_bench_make_config(bench, unknown);
	struct venc *venc;

	assert_int_equal(venc_create(&config, &venc), -EINVAL);
	config = encode_bench_make_config(bench, known);
	config.n_order = 0;
	assert_int_equal(venc_create(&config, &venc), -EINVAL);
	config = encode_bench_make_config(bench, known);
	config.n_order = 9;
	assert_int_equal(venc_create(&config, &venc), -EINVAL);
	config = encode_bench_make_config(bench, known);
	config.bitrate_bps = 49999;
	assert_int_equal(venc_create(&config, &venc), -EINVAL);
	config.bitrate_bps = 50000001;
	assert_int_equal(venc_create(&config, &venc), -EINVAL);
	config = encode_bench_make_config(bench, known);
	config.on_packet = NULL;
	assert_int_equal(venc_create(&config, &venc), -EINVAL);
}

static void encodes_with_the_first_in_the_order(void **state)
{
	static const char *const order[] = {"libx264", "fake", NULL};
	struct encode_bench *bench = *state;

	encode_bench_start_in_order(bench, order);
	encode_bench_assert_status(bench, "state", "idle");
	encode_bench_encode(bench, 20);
	encode_bench_assert_stream(&bench->sink);
	assert_int_equal(encode_bench_count_keys(bench, 0), 1);
	encode_bench_assert_status(bench, "encoder", "libx264");
	encode_bench_assert_status(bench, "state", "running");
	encode_bench_assert_status(bench, "why", "first in the order");
	assert_int_equal(encode_bench_status_number(bench, "frames"), 20);
	assert_int_equal(encode_bench_status_number(bench, "keyframes"), 1);
	assert_int_equal(encode_bench_status_number(bench, "width"), ENCODE_BENCH_WIDTH);
	assert_int_equal(encode_bench_status_number(bench, "height"), ENCODE_BENCH_HEIGHT);
	assert_int_equal(encode_bench_status_number(bench, "reopens"), 0);
	assert_int_equal(fake_encoder_get_counts(bench->fake).created, 0);
}

/* A decoder that looks for missing slices must not take several for a fault. */
static void takes_pictures_of_several_slices(void **state)
{
	static const char *const order[] = {"libx264", NULL};
	struct encode_bench *bench = *state;
	struct venc_config config = encode_bench_make_config(bench, order);

	config.threads = 4;
	encode_bench_start(bench, &config);
	encode_bench_encode(bench, 5);
	encode_bench_assert_stream(&bench->sink);
	assert_int_equal(encode_bench_count_changes(bench), 0);
}

/* Pictures wait in a queue of one; the newest wins. */
static void drops_what_waits_too_long(void **state)
{
	static const char *const order[] = {"fake", NULL};
	struct encode_bench *bench = *state;

	encode_bench_start_in_order(bench, order);
	encode_bench_encode(bench, 1);
	fake_encoder_set_fault(bench->fake, FAKE_ENCODER_HANGS, 0);
	encode_bench_submit(bench);
	encode_bench_wait_submitted(bench, 2);
	for (int i = 0; i < 4; i++)
		encode_bench_submit(bench);
	fake_encoder_let_go(bench->fake);
	assert_true(
		encode_bench_wait_beyond(&bench->sink, 2, clock_now_us() + ENCODE_BENCH_LONG_US));
	encode_bench_assert_stream(&bench->sink);
	assert_int_equal(bench->sink.count, 3);
	assert_int_equal(bench->sink.packets[1]->pts, 2 * ENCODE_BENCH_FRAME_US);
	assert_int_equal(bench->sink.packets[2]->pts, 6 * ENCODE_BENCH_FRAME_US);
	assert_int_equal(encode_bench_status_number(bench, "dropped"), 3);
}

static void gives_a_key_frame_on_request(void **state)
{
	static const char *const order[] = {"libx264", NULL};
	struct encode_bench *bench = *state;
	struct venc_config config = encode_bench_make_config(bench, order);

	config.keyframe_gap_us = 1;
	encode_bench_start(bench, &config);
	encode_bench_encode(bench, 5);
	venc_force_keyframe(bench->venc);
	encode_bench_encode(bench, 5);
	encode_bench_assert_stream(&bench->sink);
	assert_int_equal(encode_bench_count_keys(bench, 0), 2);
	assert_true(bench->sink.packets[5]->flags & AV_PKT_FLAG_KEY);
}

static void gives_key_frames_without_a_request(void **state)
{
	enum { EVERY = 5, PICTURES = 12 };
	static const char *const order[] = {"libx264", NULL};
	struct encode_bench *bench = *state;
	struct venc_config config = encode_bench_make_config(bench, order);

	config.keyframe_every_us = (int64_t)EVERY * ENCODE_BENCH_FRAME_US;
	encode_bench_start(bench, &config);
	encode_bench_encode(bench, PICTURES);
	encode_bench_assert_stream(&bench->sink);
	for (int i = 0; i < PICTURES; i++)
		assert_int_equal((bench->sink.packets[i]->flags & AV_PKT_FLAG_KEY) != 0,
				 i % EVERY == 0);
}

static void puts_requests_for_key_frames_together(void **state)
{
	static const char *const order[] = {"fake", NULL};
	struct encode_bench *bench = *state;
	struct venc_config config = encode_bench_make_config(bench, order);

	config.keyframe_gap_us = 200 * CLOCK_US_PER_MS;
	encode_bench_start(bench, &config);
	encode_bench_encode(bench, 1);
	for (int i = 0; i < 5; i++) {
		venc_force_keyframe(bench->venc);
		encode_bench_submit_until_packet(bench);
	}
	while (encode_bench_count_keys(bench, 0) < 2)
		encode_bench_submit_until_packet(bench);
	encode_bench_encode(bench, 3);
	encode_bench_assert_stream(&bench->sink);
	assert_int_equal(encode_bench_count_keys(bench, 0), 2);
	assert_int_equal(fake_encoder_get_counts(bench->fake).keyframes_forced, 1);
}

static size_t count_bytes(const struct encode_bench *bench, size_t from)
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
	struct encode_bench *bench = *state;

	encode_bench_start_in_order(bench, order);
	encode_bench_encode(bench, 10);
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		size_t per_second, settled;

		venc_set_bitrate(bench->venc, rates[i]);
		encode_bench_encode(bench, 10);
		settled = encode_bench_count_packets(bench);
		encode_bench_encode(bench, 30);
		per_second = count_bytes(bench, settled) * 8;
		assert_in_range(per_second, rates[i] * 7 / 10, rates[i] * 12 / 10);
	}
	encode_bench_assert_stream(&bench->sink);
	assert_int_equal(encode_bench_count_keys(bench, 0), 1);
	assert_int_equal(encode_bench_status_number(bench, "bitrate_bps"), 2000000);
}

static void keeps_the_bit_rate_in_range(void **state)
{
	static const char *const order[] = {"libx264", NULL};
	struct encode_bench *bench = *state;

	encode_bench_start_in_order(bench, order);
	venc_set_bitrate(bench->venc, 1);
	assert_int_equal(encode_bench_status_number(bench, "bitrate_bps"), 50000);
	venc_set_bitrate(bench->venc, INT64_MAX);
	assert_int_equal(encode_bench_status_number(bench, "bitrate_bps"), 50000000);
}

static void makes_anew_for_a_bit_rate_where_it_must(void **state)
{
	static const char *const order[] = {"fake", NULL};
	struct encode_bench *bench = *state;

	fake_encoder_set_fault(bench->fake, FAKE_ENCODER_FIXED_BITRATE, 0);
	encode_bench_start_in_order(bench, order);
	encode_bench_encode(bench, 3);
	venc_set_bitrate(bench->venc, ENCODE_BENCH_BITRATE * 95 / 100);
	encode_bench_encode(bench, 3);
	assert_int_equal(fake_encoder_get_counts(bench->fake).ensured, 1);
	venc_set_bitrate(bench->venc, ENCODE_BENCH_BITRATE / 2);
	encode_bench_encode(bench, 3);
	assert_int_equal(fake_encoder_get_counts(bench->fake).ensured, 2);
	assert_int_equal(fake_encoder_get_counts(bench->fake).bitrate_bps,
			 ENCODE_BENCH_BITRATE / 2);
	assert_int_equal(fake_encoder_get_counts(bench->fake).created, 1);
	assert_true(bench->sink.packets[6]->flags & AV_PKT_FLAG_KEY);
	encode_bench_assert_stream(&bench->sink);
	assert_int_equal(encode_bench_status_number(bench, "reopens"), 0);
}

static void follows_the_size_of_the_pictures(void **state)
{
	static const char *const order[] = {"libx264", NULL};
	struct encode_bench *bench = *state;

	encode_bench_start_in_order(bench, order);
	encode_bench_encode(bench, 3);
	bench->width = 160;
	bench->height = 90;
	encode_bench_encode(bench, 3);
	encode_bench_assert_stream(&bench->sink);
	assert_int_equal(encode_bench_count_keys(bench, 0), 2);
	assert_true(bench->sink.packets[3]->flags & AV_PKT_FLAG_KEY);
	assert_int_equal(encode_bench_status_number(bench, "width"), 160);
}

static void puts_parameter_sets_before_every_idr(void **state)
{
	static const char *const order[] = {"fake", NULL};
	struct encode_bench *bench = *state;
	struct venc_config config = encode_bench_make_config(bench, order);

	config.keyframe_gap_us = 1;
	fake_encoder_set_fault(bench->fake, FAKE_ENCODER_SETS_APART, 0);
	encode_bench_start(bench, &config);
	for (int i = 0; i < 3; i++) {
		encode_bench_encode(bench, 2);
		venc_force_keyframe(bench->venc);
	}
	encode_bench_encode(bench, 1);
	encode_bench_assert_stream(&bench->sink);
	assert_int_equal(encode_bench_count_keys(bench, 0), 4);
	assert_int_equal(encode_bench_status_number(bench, "frames"), 7);
}

static void waits_for_an_encoder_that_is_late(void **state)
{
	static const char *const order[] = {"fake", NULL};
	struct encode_bench *bench = *state;
	unsigned int submitted = 0;

	fake_encoder_set_fault(bench->fake, FAKE_ENCODER_LATE, 0);
	encode_bench_start_in_order(bench, order);
	for (; submitted < 20; submitted++) {
		encode_bench_submit(bench);
		encode_bench_wait_submitted(bench, submitted + 1);
	}
	assert_true(
		encode_bench_wait_beyond(&bench->sink, 17, clock_now_us() + ENCODE_BENCH_LONG_US));
	assert_int_equal(bench->sink.count, 18);
	encode_bench_assert_stream(&bench->sink);
	encode_bench_assert_status(bench, "state", "running");
}

static void runs_out_of_memory_cleanly(void **state)
{
	static const char *const order[] = {"libx264", NULL};
	struct encode_bench *bench = *state;
	const struct venc_config config = encode_bench_make_config(bench, order);
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
		AVFrame *picture = encode_bench_make_picture(bench);

		fake_alloc_arm(n);
		venc_submit(bench->venc, picture);
		av_frame_free(&picture);
		if (!fake_alloc_disarm())
			break;
		venc_destroy(bench->venc);
		assert_int_equal(encode_bench_count_packets(bench), 0);
		assert_int_equal(venc_create(&config, &bench->venc), 0);
	}
	assert_true(
		encode_bench_wait_beyond(&bench->sink, 0, clock_now_us() + ENCODE_BENCH_LONG_US));
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

#define bench_test(function)                                                                       \
	cmocka_unit_test_setup_teardown(function, encode_bench_set_up, encode_bench_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		bench_test(refuses_bad_configs),
		bench_test(encodes_with_the_first_in_the_order),
		bench_test(takes_pictures_of_several_slices),
		bench_test(drops_what_waits_too_long),
		bench_test(gives_a_key_frame_on_request),
		bench_test(gives_key_frames_without_a_request),
		bench_test(puts_requests_for_key_frames_together),
		bench_test(changes_the_bit_rate_while_running),
		bench_test(keeps_the_bit_rate_in_range),
		bench_test(makes_anew_for_a_bit_rate_where_it_must),
		bench_test(follows_the_size_of_the_pictures),
		bench_test(puts_parameter_sets_before_every_idr),
		bench_test(waits_for_an_encoder_that_is_late),
		bench_test(runs_out_of_memory_cleanly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
