/* camera/encode: the codec layer over encoders that fail, stall and lie, and work again. */
#include "tests/fake/encode_bench.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/*
 * Each fault, from the first picture on and in mid-stream: what fails is made anew once, what stalls
 * is not, and then the next takes over.
 */
static void replaces_what_fails(void **state)
{
	static const struct {
		enum fake_encoder_fault fault;
		const char *cause;
		unsigned int created; /* times, when there from the start */
		unsigned int changes;
		bool in_midstream;
	} cases[] = {
		{FAKE_ENCODER_NO_CREATE, "cannot be made", 0, 2, false},
		{FAKE_ENCODER_NO_ENSURE, "does not take the format", 2, 2, false},
		{FAKE_ENCODER_NO_SUBMIT, "does not take a picture", 2, 2, true},
		{FAKE_ENCODER_NO_RECEIVE, "gives no coded picture", 2, 2, true},
		{FAKE_ENCODER_HANGS, "stalls for ", 1, 1, true},
		{FAKE_ENCODER_SILENT, "stalls for ", 1, 1, true},
		{FAKE_ENCODER_FULL, "stalls for ", 1, 1, true},
		{FAKE_ENCODER_GARBAGE, "gives a first picture that does not decode", 2, 2, false},
		{FAKE_ENCODER_NO_IDR, "gives a first picture that does not decode", 2, 2, false},
		{FAKE_ENCODER_SETS_MISSING, "gives an IDR without parameter sets", 2, 2, false},
		{FAKE_ENCODER_WRONG_TIME, "gives a time that no picture had", 2, 2, true},
	};
	static const char *const order[] = {"fake", "libx264", NULL};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (unsigned int after = 0; after <= (cases[i].in_midstream ? 5 : 0); after += 5) {
			struct encode_bench *bench;
			void *own;

			encode_bench_set_up(&own);
			bench = own;
			fake_encoder_set_fault(bench->fake, cases[i].fault, after);
			if (strncmp(cases[i].cause, "stalls", strlen("stalls")) == 0)
				encode_bench_start_to_stall(bench, order);
			else
				encode_bench_start_in_order(bench, order);
			encode_bench_encode(bench, after);
			encode_bench_submit_until_packet(bench);
			encode_bench_encode(bench, 3);
			encode_bench_assert_stream(&bench->sink);
			assert_true(bench->sink.packets[after]->flags & AV_PKT_FLAG_KEY);
			encode_bench_assert_status(bench, "encoder", "libx264");
			encode_bench_assert_status(bench, "state", "running");
			encode_bench_assert_changes(bench, cases[i].changes, cases[i].cause);
			assert_int_equal(encode_bench_status_number(bench, "reopens"),
					 cases[i].changes);
			assert_int_equal(fake_encoder_get_counts(bench->fake).created,
					 cases[i].created);
			encode_bench_tear_down(&own);
		}
	}
}

/*
 * An encoder that stalls is followed by the last of the order, not by another that may stall too, and
 * that one gets the picture that came last: nobody waits for the next one, or for the camera.
 */
static void replaces_what_stalls_within_a_second(void **state)
{
	static const enum fake_encoder_fault faults[] = {FAKE_ENCODER_HANGS, FAKE_ENCODER_SILENT,
							 FAKE_ENCODER_FULL};
	static const char *const order[] = {"fake", "fake 2", "libx264", NULL};

	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct encode_bench *bench;
		int64_t submitted_us;
		void *own;

		encode_bench_set_up(&own);
		bench = own;
		encode_bench_start_to_stall(bench, order);
		encode_bench_encode(bench, 3);
		fake_encoder_set_fault(bench->fake, faults[i], 0);
		submitted_us = clock_now_us();
		encode_bench_submit(bench);
		/* the limit of a second is twice that of a stall; here both are longer */
		assert_true(encode_bench_wait_beyond(&bench->sink, 3,
						     submitted_us + 2 * ENCODE_BENCH_STALL_US));
		print_message("#: stall: %" PRId64 " ms beyond the limit of the encoder\n",
			      (clock_now_us() - submitted_us - ENCODE_BENCH_STALL_US) /
				      CLOCK_US_PER_MS);
		assert_int_equal(bench->sink.packets[3]->pts, bench->pts);
		encode_bench_encode(bench, 3);
		encode_bench_assert_stream(&bench->sink);
		encode_bench_assert_changes(bench, 1, "stalls for ");
		encode_bench_assert_status(bench, "encoder", "libx264");
		encode_bench_tear_down(&own);
	}
}

/* One that fails when half of its time has gone is not made anew: it might stall then. */
static void makes_nothing_anew_that_failed_late(void **state)
{
	static const char *const order[] = {"fake", "fake 2", "libx264", NULL};
	struct encode_bench *bench = *state;

	fake_encoder_set_fault(bench->fake, FAKE_ENCODER_FAILS_LATE, 0);
	encode_bench_start_to_stall(bench, order);
	encode_bench_submit(bench);
	encode_bench_wait_submitted(bench, 1);
	(void)encode_bench_wait_beyond(&bench->sink, 0,
				       clock_now_us() + ENCODE_BENCH_STALL_US * 3 / 4);
	fake_encoder_let_go(bench->fake);
	encode_bench_wait_destroyed(bench, 1);
	encode_bench_submit_until_packet(bench);
	encode_bench_assert_status(bench, "encoder", "libx264");
	encode_bench_assert_changes(bench, 1, "does not take a picture");
	assert_int_equal(fake_encoder_get_counts(bench->fake).created, 1);
}

/* A hanging encoder is counted while it hangs, and freed by its thread when it comes back. */
static void frees_what_hung_and_came_back(void **state)
{
	static const char *const order[] = {"fake", "libx264", NULL};
	struct encode_bench *bench = *state;

	fake_encoder_set_fault(bench->fake, FAKE_ENCODER_HANGS, 0);
	encode_bench_start_to_stall(bench, order);
	encode_bench_submit_until_packet(bench);
	assert_int_equal(encode_bench_status_number(bench, "left_behind"), 1);
	fake_encoder_let_go(bench->fake);
	encode_bench_wait_destroyed(bench, 1);
	while (encode_bench_status_number(bench, "left_behind") > 0)
		encode_bench_encode(bench, 1);
	encode_bench_assert_stream(&bench->sink);
}

static void gives_a_second_chance_again_after_a_good_run(void **state)
{
	static const char *const order[] = {"fake", "libx264", NULL};
	struct encode_bench *bench = *state;
	struct venc_config config = encode_bench_make_config(bench, order);

	config.ran_well_us = 1;
	encode_bench_start(bench, &config);
	for (int i = 0; i < 5; i++) {
		encode_bench_encode(bench, 1);
		fake_encoder_set_fault(bench->fake, FAKE_ENCODER_NO_SUBMIT, 0);
		encode_bench_submit_until_destroyed(bench, (unsigned int)i + 1);
		fake_encoder_set_fault(bench->fake, FAKE_ENCODER_SOUND, 0);
		encode_bench_submit_until_packet(bench);
		encode_bench_assert_status(bench, "encoder", "fake");
	}
	encode_bench_assert_stream(&bench->sink);
	assert_int_equal(encode_bench_status_number(bench, "reopens"), 5);
}

static void begins_again_when_all_have_failed(void **state)
{
	static const char *const order[] = {"fake", "fake 2", NULL};
	struct encode_bench *bench = *state;
	struct venc_config config = encode_bench_make_config(bench, order);

	config.rest_us = ENCODE_BENCH_LONG_US;
	fake_encoder_set_fault(bench->fake, FAKE_ENCODER_NO_SUBMIT, 0);
	encode_bench_start(bench, &config);
	encode_bench_submit_until_destroyed(bench, 4);
	while (!encode_bench_has_state(bench, "resting"))
		encode_bench_submit(bench);
	assert_int_equal(fake_encoder_get_counts(bench->fake).created, 4);
}

static void rests_no_longer_than_told(void **state)
{
	static const char *const order[] = {"fake", NULL};
	struct encode_bench *bench = *state;
	struct venc_config config = encode_bench_make_config(bench, order);

	config.rest_us = 100 * CLOCK_US_PER_MS;
	fake_encoder_set_fault(bench->fake, FAKE_ENCODER_NO_SUBMIT, 0);
	encode_bench_start(bench, &config);
	encode_bench_submit_until_destroyed(bench, 2);
	fake_encoder_set_fault(bench->fake, FAKE_ENCODER_SOUND, 0);
	encode_bench_submit_until_packet(bench);
	encode_bench_assert_stream(&bench->sink);
	encode_bench_assert_status(bench, "encoder", "fake");
}

/* A request that gets lost is repeated; an encoder that loses that one too is no use. */
static void replaces_what_loses_requests_for_key_frames(void **state)
{
	static const char *const order[] = {"fake", "libx264", NULL};
	struct encode_bench *bench = *state;
	struct venc_config config = encode_bench_make_config(bench, order);
	size_t asked;

	config.keyframe_gap_us = 1;
	encode_bench_start(bench, &config);
	encode_bench_encode(bench, 3);
	fake_encoder_set_fault(bench->fake, FAKE_ENCODER_DEAF, 0);
	for (int round = 0; round < 2; round++) {
		asked = encode_bench_count_packets(bench);
		venc_force_keyframe(bench->venc);
		while (encode_bench_count_keys(bench, asked) == 0)
			encode_bench_submit_until_packet(bench);
		assert_in_range(bench->sink.count - asked, 2, 7);
	}
	encode_bench_assert_stream(&bench->sink);
	encode_bench_assert_status(bench, "encoder", "libx264");
	encode_bench_assert_changes(bench, 2, "loses requests for a key frame");
	assert_int_equal(fake_encoder_get_counts(bench->fake).keyframes_forced, 4);
}

/* Key frames that do not decode are found out though all before did. */
static void replaces_what_damages_key_frames(void **state)
{
	static const char *const order[] = {"fake", "libx264", NULL};
	struct encode_bench *bench = *state;
	struct venc_config config = encode_bench_make_config(bench, order);

	config.keyframe_gap_us = 1;
	encode_bench_start(bench, &config);
	encode_bench_encode(bench, 3);
	fake_encoder_set_fault(bench->fake, FAKE_ENCODER_BAD_KEYS, 0);
	venc_force_keyframe(bench->venc);
	encode_bench_submit_until_destroyed(bench, 2);
	encode_bench_submit_until_packet(bench);
	encode_bench_assert_status(bench, "encoder", "libx264");
	encode_bench_assert_status(bench, "why", "fake gives a first picture that does not decode");
}

/* With an order of "fake", "libx264" in which the first has failed and the second is in use. */
static void start_and_fall_back(struct encode_bench *bench, const struct venc_config *config)
{
	encode_bench_start(bench, config);
	encode_bench_encode(bench, 3);
	venc_force_keyframe(bench->venc); /* the moment of the failure is not quiet */
	fake_encoder_set_fault(bench->fake, FAKE_ENCODER_NO_SUBMIT, 0);
	encode_bench_submit_until_destroyed(bench, 2);
	encode_bench_submit_until_packet(bench);
	encode_bench_assert_status(bench, "encoder", "libx264");
}

/* No picture is missing at the far side, and one IDR begins what the better encoder gives. */
static void goes_back_to_what_works_again(void **state)
{
	static const char *const order[] = {"fake", "libx264", NULL};
	struct encode_bench *bench = *state;
	struct venc_config config = encode_bench_make_config(bench, order);
	size_t keys, count;
	int64_t pts;

	config.quiet_us = 1;
	config.trial_first_us = 1;
	start_and_fall_back(bench, &config);
	fake_encoder_set_fault(bench->fake, FAKE_ENCODER_SOUND, 0);
	count = encode_bench_count_packets(bench);
	keys = encode_bench_count_keys(bench, 0);
	pts = bench->sink.packets[count - 1]->pts;
	encode_bench_submit_until_changes(bench, 3);
	encode_bench_encode(bench, 5);
	encode_bench_assert_status(bench, "encoder", "fake");
	encode_bench_assert_status(bench, "state", "running");
	encode_bench_assert_status(bench, "why",
				   "libx264 is replaced by a better one that works again");
	encode_bench_assert_stream(&bench->sink);
	assert_int_equal(encode_bench_count_keys(bench, 0), keys + 1);
	for (size_t i = count; i < bench->sink.count; i++) {
		pts += ENCODE_BENCH_FRAME_US;
		assert_int_equal(bench->sink.packets[i]->pts, pts);
	}
	/* one that fails again at once had its second chance in the trial */
	fake_encoder_set_fault(bench->fake, FAKE_ENCODER_NO_RECEIVE, 0);
	encode_bench_submit_until_changes(bench, 4);
	encode_bench_submit_until_packet(bench);
	encode_bench_assert_status(bench, "encoder", "libx264");
}

/* What fails on trial is not seen, and is tried less and less. */
static void leaves_alone_what_does_not_work_again(void **state)
{
	static const char *const order[] = {"fake", "libx264", NULL};
	struct encode_bench *bench = *state;
	struct venc_config config = encode_bench_make_config(bench, order);
	json_t *status;

	config.quiet_us = 1;
	config.trial_first_us = 1;
	config.trial_limit_us = 1;
	start_and_fall_back(bench, &config);
	for (unsigned int trial = 3; trial < 6; trial++) {
		while (fake_encoder_wait_destroyed(bench->fake, trial, 0) < 0)
			encode_bench_encode(bench, 1);
	}
	encode_bench_encode(bench, 1);
	encode_bench_assert_status(bench, "encoder", "libx264");
	encode_bench_assert_status(bench, "trial_failed", "fake does not take a picture");
	assert_int_equal(encode_bench_count_changes(bench), 2);
	status = encode_bench_status(bench);
	assert_true(json_object_get(status, "trial"));
	json_decref(status);
	encode_bench_assert_stream(&bench->sink);
}

/* While key frames are wanted nothing is tried. */
static void waits_for_a_quiet_moment(void **state)
{
	static const char *const order[] = {"fake", "libx264", NULL};
	struct encode_bench *bench = *state;
	struct venc_config config = encode_bench_make_config(bench, order);

	config.quiet_us = ENCODE_BENCH_LONG_US;
	config.trial_first_us = 1;
	start_and_fall_back(bench, &config);
	fake_encoder_set_fault(bench->fake, FAKE_ENCODER_SOUND, 0);
	encode_bench_encode(bench, 30);
	assert_int_equal(fake_encoder_get_counts(bench->fake).created, 2);
	encode_bench_assert_status(bench, "encoder", "libx264");
}

/* One that works on trial and gives no IDR when it is to take over. */
static void replaces_what_does_not_enter(void **state)
{
	static const char *const order[] = {"fake", "libx264", NULL};
	struct encode_bench *bench = *state;
	struct venc_config config = encode_bench_make_config(bench, order);

	config.quiet_us = 1;
	config.trial_first_us = 1;
	start_and_fall_back(bench, &config);
	fake_encoder_set_fault(bench->fake, FAKE_ENCODER_DEAF, 0);
	while (encode_bench_count_changes(bench) < 4) {
		encode_bench_submit(bench);
		(void)encode_bench_wait_beyond(&bench->sink, SIZE_MAX,
					       clock_now_us() + ENCODE_BENCH_FRAME_US / 4);
	}
	encode_bench_submit_until_packet(bench);
	encode_bench_assert_status(bench, "encoder", "libx264");
	encode_bench_assert_status(bench, "why", "fake loses requests for a key frame");
	encode_bench_assert_stream(&bench->sink);
}

/* The last test: the thread that hangs stays until the program ends. */
static void leaves_behind_what_hangs_at_the_end(void **state)
{
	static const char *const order[] = {"fake", NULL};
	static struct encode_bench *bench;
	void *own;

	(void)state;
	encode_bench_set_up(&own);
	bench = own;
	fake_encoder_set_fault(bench->fake, FAKE_ENCODER_HANGS, 0);
	encode_bench_start_to_stall(bench, order);
	encode_bench_submit(bench);
	encode_bench_wait_submitted(bench, 1);
	venc_destroy(bench->venc);
	bench->venc = NULL;
	assert_int_equal(fake_encoder_get_counts(bench->fake).destroyed, 0);
	assert_int_equal(bench->sink.count, 0);
}

#define bench_test(function)                                                                       \
	cmocka_unit_test_setup_teardown(function, encode_bench_set_up, encode_bench_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replaces_what_fails),
		cmocka_unit_test(replaces_what_stalls_within_a_second),
		bench_test(makes_nothing_anew_that_failed_late),
		bench_test(frees_what_hung_and_came_back),
		bench_test(gives_a_second_chance_again_after_a_good_run),
		bench_test(begins_again_when_all_have_failed),
		bench_test(rests_no_longer_than_told),
		bench_test(replaces_what_loses_requests_for_key_frames),
		bench_test(replaces_what_damages_key_frames),
		bench_test(goes_back_to_what_works_again),
		bench_test(leaves_alone_what_does_not_work_again),
		bench_test(waits_for_a_quiet_moment),
		bench_test(replaces_what_does_not_enter),
		cmocka_unit_test(leaves_behind_what_hangs_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
