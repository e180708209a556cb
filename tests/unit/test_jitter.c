/* speaker/jitter: minutes of arrivals in simulated time, and each rule alone. */
#include "base/clock.h"
#include "speaker/jitter.h"
#include "tests/fake/fake_alloc.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { FRAMES_PER_MS = SOUND_RATE_HZ / 1000, TURN_FRAMES = 2 * SOUND_PERIOD_FRAMES };

#define MS CLOCK_US_PER_MS
#define MIN_US (20 * MS)
#define MAX_US (200 * MS)
/* The receiver's clock at the sender's packet 0. */
#define START_US (5 * CLOCK_US_PER_S)

/* What happens to packet n on its way. */
struct fate {
	int64_t delay_us;
	bool lost;
};

/* A sender, a path, and a receiver that plays a period every 10 ms. */
struct scene {
	const char *name;
	int64_t seconds;
	double drift_ppm;  /* of the sender's crystal: above 0 it sends faster */
	uint32_t sequence; /* of packet 0 */
	struct fate (*fate)(int64_t n);

	/* What must come of it. */
	uint64_t late_min, late_max;
	uint64_t lost_min, lost_max;
	uint64_t resets;
	int64_t target_min_us, target_max_us; /* at the end */
	int64_t wait_max_us;                  /* mean of arrival to speaker, in the last second */
};

struct run {
	const struct scene *scene;
	struct jitter *jitter;
	int64_t now_us;
	int64_t frames_waiting;
	int64_t sent;   /* packets looked at */
	int64_t played; /* number of the newest packet played, -1 before */
	uint64_t concealed;
	int64_t wait_sum_us; /* of the last second */
	int64_t waits;
};

static int64_t arrival_us(const struct scene *scene, int64_t n)
{
	double sent_us = (double)(n * JITTER_TURN_US) / (1 + scene->drift_ppm / 1e6);

	return START_US + (int64_t)sent_us + scene->fate(n).delay_us;
}

/* Paths here delay by under a second: packets later than 50 more cannot have arrived. */
static void deliver(struct run *run, bool *arrived)
{
	for (int64_t n = run->sent > 100 ? run->sent - 100 : 0; n < run->sent + 100; n++) {
		struct jitter_packet packet = {
			.arrival_us = arrival_us(run->scene, n),
			.capture_us = n,
			.sequence = run->scene->sequence + (uint32_t)n,
			.length = 1,
		};

		if (arrived[n] || run->scene->fate(n).lost || packet.arrival_us > run->now_us)
			continue;
		arrived[n] = true;
		jitter_put(run->jitter, &packet);
	}
	run->sent = (run->now_us - START_US) / JITTER_TURN_US;
}

static void play_turn(struct run *run)
{
	int64_t start_us = run->now_us + run->frames_waiting * MS / FRAMES_PER_MS;
	const struct jitter_packet *packet;
	int64_t silence_us;

	switch (jitter_take(run->jitter, start_us, &packet, &silence_us)) {
	case JITTER_PACKET:
		assert_true(packet->capture_us > run->played);
		run->played = packet->capture_us;
		if (run->now_us > START_US + (run->scene->seconds - 1) * CLOCK_US_PER_S) {
			run->wait_sum_us += start_us - packet->arrival_us;
			run->waits++;
		}
		run->frames_waiting += TURN_FRAMES;
		break;
	case JITTER_CONCEAL:
		run->concealed++;
		run->frames_waiting += TURN_FRAMES;
		break;
	case JITTER_SILENCE:
		assert_in_range(silence_us, 1, JITTER_TURN_US);
		run->frames_waiting += (silence_us * FRAMES_PER_MS + MS - 1) / MS;
		break;
	}
}

static void play_period(struct run *run)
{
	int trim = jitter_trim(run->jitter);

	assert_in_range(trim + JITTER_TRIM_MAX, 0, 2 * JITTER_TRIM_MAX);
	while (run->frames_waiting < SOUND_PERIOD_FRAMES + trim)
		play_turn(run);
	run->frames_waiting -= SOUND_PERIOD_FRAMES + trim;
}

static void run_scene(const struct scene *scene)
{
	struct run run = {.scene = scene, .now_us = START_US, .played = -1};
	bool *arrived = calloc((size_t)scene->seconds * 60 + 1000, sizeof(*arrived));
	const struct jitter_counters *counters;

	assert_non_null(arrived);
	assert_int_equal(jitter_create(MIN_US, MAX_US, &run.jitter), 0);
	counters = jitter_counters(run.jitter);
	while (run.now_us < START_US + scene->seconds * CLOCK_US_PER_S) {
		deliver(&run, arrived);
		play_period(&run);
		run.now_us += SOUND_PERIOD_US;
	}
	assert_in_range(counters->late, scene->late_min, scene->late_max);
	assert_in_range(counters->lost, scene->lost_min, scene->lost_max);
	assert_int_equal(counters->resets, scene->resets);
	assert_in_range(counters->target_us, scene->target_min_us, scene->target_max_us);
	assert_true(run.waits > 0);
	assert_in_range(run.wait_sum_us, 0, run.waits * scene->wait_max_us);
	jitter_destroy(run.jitter);
	free(arrived);
}

/* The same n always gives the same: 0..range-1. */
static int64_t noise(int64_t n, int64_t range)
{
	uint64_t x = (uint64_t)n * UINT64_C(0x9E3779B97F4A7C15);

	x = (x ^ (x >> 29)) * UINT64_C(0xBF58476D1CE4E5B9);
	return (int64_t)((x >> 33) % (uint64_t)range);
}

static struct fate steady(int64_t n)
{
	(void)n;
	return (struct fate){.delay_us = 7 * MS};
}

static struct fate noisy(int64_t n)
{
	return (struct fate){.delay_us = 5 * MS + noise(n, 40 * MS)};
}

static struct fate lossy(int64_t n)
{
	return (struct fate){.delay_us = 5 * MS, .lost = noise(n, 100) < 5};
}

/* Every two seconds the path holds 100 ms of packets back and lets them go at once. */
static struct fate bursty(int64_t n)
{
	int64_t into = n % 100;

	return (struct fate){.delay_us = 5 * MS + (into < 5 ? (5 - into) * JITTER_TURN_US : 0)};
}

/* Every tenth packet is overtaken by the next. */
static struct fate reordered(int64_t n)
{
	return (struct fate){.delay_us = n % 10 == 3 ? 30 * MS : 5 * MS};
}

/* One stall of 500 ms, after which all of it comes at once: what missed its turn is not played. */
static struct fate stalled_once(int64_t n)
{
	int64_t into = n - 1000;

	return (struct fate){
		.delay_us = 5 * MS + (into >= 0 && into < 25 ? (25 - into) * JITTER_TURN_US : 0),
	};
}

/* Nothing between second 20 and 30, as when a room lost its network. */
static struct fate paused(int64_t n)
{
	return (struct fate){.delay_us = 5 * MS, .lost = n >= 1000 && n < 1500};
}

/* The path becomes 80 ms longer at second 20, and short again at second 60. */
static struct fate rerouted(int64_t n)
{
	return (struct fate){.delay_us = 5 * MS + (n >= 1000 && n < 3000 ? 80 * MS : 0)};
}

static const struct scene scenes[] = {
	{
		.name = "steady",
		.seconds = 120,
		.fate = steady,
		.target_min_us = MIN_US,
		.target_max_us = MIN_US,
		.wait_max_us = 25 * MS,
	},
	{
		.name = "sequence wraps",
		.seconds = 120,
		.sequence = UINT32_MAX - 300,
		.fate = steady,
		.target_min_us = MIN_US,
		.target_max_us = MIN_US,
		.wait_max_us = 25 * MS,
	},
	{
		.name = "sender 300 ppm fast",
		.seconds = 600,
		.drift_ppm = 300,
		.fate = steady,
		.target_min_us = MIN_US,
		.target_max_us = MIN_US,
		.wait_max_us = 28 * MS,
	},
	{
		.name = "sender 300 ppm slow",
		.seconds = 600,
		.drift_ppm = -300,
		.fate = steady,
		.target_min_us = MIN_US,
		.target_max_us = MIN_US,
		.wait_max_us = 28 * MS,
	},
	{
		.name = "40 ms of jitter",
		.seconds = 300,
		.fate = noisy,
		.late_max = 30,
		.lost_max = 40,
		.target_min_us = 45 * MS,
		.target_max_us = 52 * MS,
		.wait_max_us = 40 * MS,
	},
	{
		.name = "5 % lost",
		.seconds = 300,
		.fate = lossy,
		.lost_min = 600,
		.lost_max = 900,
		.target_min_us = MIN_US,
		.target_max_us = MIN_US,
		.wait_max_us = 25 * MS,
	},
	{
		.name = "bursts of 100 ms",
		.seconds = 300,
		.fate = bursty,
		.late_max = 165,
		.lost_max = 165,
		.target_min_us = 70 * MS,
		.target_max_us = 120 * MS,
		.wait_max_us = 115 * MS,
	},
	{
		.name = "reordered",
		.seconds = 120,
		.fate = reordered,
		.late_max = 3,
		.lost_max = 3,
		.target_min_us = 30 * MS,
		.target_max_us = 40 * MS,
		.wait_max_us = 40 * MS,
	},
	{
		.name = "stalled once",
		.seconds = 60,
		.fate = stalled_once,
		.late_min = 20,
		.late_max = 25,
		.lost_min = 20,
		.lost_max = 40,
		.target_min_us = MIN_US,
		.target_max_us = MIN_US,
		.wait_max_us = 25 * MS,
	},
	{
		.name = "paused for 10 s",
		.seconds = 60,
		.fate = paused,
		.lost_min = 45,
		.lost_max = 55,
		.resets = 1,
		.target_min_us = MIN_US,
		.target_max_us = MIN_US,
		.wait_max_us = 25 * MS,
	},
	{
		.name = "path 80 ms longer for 40 s",
		.seconds = 100,
		.fate = rerouted,
		.late_min = 1,
		.late_max = 30,
		.lost_min = 1,
		.lost_max = 30,
		.target_min_us = MIN_US,
		.target_max_us = MIN_US,
		.wait_max_us = 25 * MS,
	},
};

static void test_scene(void **state)
{
	run_scene(*state);
}

static void put_at(struct jitter *jitter, uint32_t sequence, int64_t at_us)
{
	struct jitter_packet packet = {.arrival_us = at_us, .sequence = sequence, .length = 1};

	jitter_put(jitter, &packet);
}

static enum jitter_turn take_at(struct jitter *jitter, int64_t at_us, uint32_t *ret_sequence)
{
	const struct jitter_packet *packet;
	int64_t silence_us;
	enum jitter_turn turn = jitter_take(jitter, at_us, &packet, &silence_us);

	if (turn == JITTER_PACKET)
		*ret_sequence = packet->sequence;
	return turn;
}

static void test_empty_is_silent(void **state)
{
	struct jitter *jitter;
	const struct jitter_packet *packet;
	int64_t silence_us = 0;

	(void)state;
	assert_int_equal(jitter_create(MIN_US, MAX_US, &jitter), 0);
	assert_int_equal(jitter_take(jitter, START_US, &packet, &silence_us), JITTER_SILENCE);
	assert_in_range(silence_us, 1, JITTER_TURN_US);
	assert_int_equal(jitter_trim(jitter), 0);
	assert_int_equal(jitter_counters(jitter)->lost, 0);
	jitter_destroy(jitter);
}

/* A joiner's first packet waits exactly for the first target. */
static void test_first_packet_waits_for_the_target(void **state)
{
	struct jitter *jitter;
	const struct jitter_packet *packet;
	int64_t silence_us = 0, target_us;

	(void)state;
	assert_int_equal(jitter_create(MIN_US, MAX_US, &jitter), 0);
	put_at(jitter, 7, START_US);
	target_us = jitter_counters(jitter)->target_us;
	assert_int_equal(jitter_take(jitter, START_US + target_us - 3000, &packet, &silence_us),
			 JITTER_SILENCE);
	assert_int_equal(silence_us, 3000);
	assert_int_equal(jitter_take(jitter, START_US + target_us, &packet, &silence_us),
			 JITTER_PACKET);
	assert_int_equal(packet->sequence, 7);
	jitter_destroy(jitter);
}

/* A backlog at the start is not played late: all but its end is discarded. */
static void test_backlog_at_the_start_is_discarded(void **state)
{
	struct jitter *jitter;
	uint32_t sequence = 0;
	int64_t at_us = START_US;

	(void)state;
	assert_int_equal(jitter_create(MIN_US, MAX_US, &jitter), 0);
	for (uint32_t i = 0; i < 30; i++)
		put_at(jitter, 100 + i, START_US);
	while (take_at(jitter, at_us, &sequence) != JITTER_PACKET)
		at_us += SOUND_PERIOD_US;
	assert_true(at_us - START_US <= MAX_US + SOUND_PERIOD_US);
	assert_true(sequence >= 119);
	assert_int_equal(jitter_counters(jitter)->late, sequence - 100);
	jitter_destroy(jitter);
}

static void test_duplicates_are_played_once(void **state)
{
	struct jitter *jitter;
	uint32_t sequence = 0;

	(void)state;
	assert_int_equal(jitter_create(MIN_US, MAX_US, &jitter), 0);
	put_at(jitter, 1, START_US);
	put_at(jitter, 1, START_US);
	assert_int_equal(take_at(jitter, START_US + 40 * MS, &sequence), JITTER_PACKET);
	put_at(jitter, 1, START_US + 50 * MS);
	assert_int_equal(jitter_counters(jitter)->late, 1);
	assert_int_equal(take_at(jitter, START_US + 60 * MS, &sequence), JITTER_CONCEAL);
	jitter_destroy(jitter);
}

/* A sender that began anew at another number is heard again at once. */
static void test_sequence_jump_begins_anew(void **state)
{
	struct jitter *jitter;
	uint32_t sequence = 0;
	int64_t at_us = START_US;

	(void)state;
	assert_int_equal(jitter_create(MIN_US, MAX_US, &jitter), 0);
	put_at(jitter, 1000000, at_us);
	assert_int_equal(take_at(jitter, at_us + 40 * MS, &sequence), JITTER_PACKET);
	put_at(jitter, 5, at_us + 20 * MS);
	assert_int_equal(jitter_counters(jitter)->resets, 1);
	assert_int_equal(take_at(jitter, at_us + 60 * MS, &sequence), JITTER_PACKET);
	assert_int_equal(sequence, 5);
	jitter_destroy(jitter);
}

/* Concealment of a voice that is gone ends in silence, not in noise for ever. */
static void test_concealment_ends(void **state)
{
	struct jitter *jitter;
	uint32_t sequence = 0;
	unsigned int concealed = 0;

	(void)state;
	assert_int_equal(jitter_create(MIN_US, MAX_US, &jitter), 0);
	put_at(jitter, 1, START_US);
	assert_int_equal(take_at(jitter, START_US + 40 * MS, &sequence), JITTER_PACKET);
	for (int64_t i = 1; i <= 40; i++)
		concealed += take_at(jitter, START_US + 40 * MS + i * JITTER_TURN_US, &sequence) ==
			     JITTER_CONCEAL;
	assert_in_range(concealed, 1, 10);
	jitter_destroy(jitter);
}

/* Waits of the room's own thread are no reason to play everything later for ever. */
static void test_receiver_that_stood_still_skips(void **state)
{
	struct jitter *jitter;
	uint32_t sequence = 0;

	(void)state;
	assert_int_equal(jitter_create(MIN_US, MAX_US, &jitter), 0);
	put_at(jitter, 0, START_US);
	assert_int_equal(take_at(jitter, START_US + 40 * MS, &sequence), JITTER_PACKET);
	for (uint32_t i = 1; i <= 20; i++)
		put_at(jitter, i, START_US + i * JITTER_TURN_US);
	assert_int_equal(take_at(jitter, START_US + 400 * MS, &sequence), JITTER_PACKET);
	assert_in_range(sequence, 17, 20);
	jitter_destroy(jitter);
}

static void test_reset_is_as_created(void **state)
{
	struct jitter *jitter;
	uint32_t sequence = 0;

	(void)state;
	assert_int_equal(jitter_create(MIN_US, MAX_US, &jitter), 0);
	put_at(jitter, 1, START_US);
	assert_int_equal(take_at(jitter, START_US + 40 * MS, &sequence), JITTER_PACKET);
	assert_int_equal(take_at(jitter, START_US + 60 * MS, &sequence), JITTER_CONCEAL);
	put_at(jitter, 2, START_US + 70 * MS);
	jitter_reset(jitter);
	assert_int_equal(take_at(jitter, START_US + 90 * MS, &sequence), JITTER_SILENCE);
	assert_int_equal(jitter_counters(jitter)->lost, 0);
	assert_int_equal(jitter_counters(jitter)->target_us, 40 * MS);
	jitter_destroy(jitter);
}

static void test_without_memory(void **state)
{
	struct jitter *jitter = NULL;

	(void)state;
	fake_alloc_arm(1);
	assert_int_equal(jitter_create(MIN_US, MAX_US, &jitter), -ENOMEM);
	assert_true(fake_alloc_disarm());
	assert_null(jitter);
}

int main(void)
{
	const struct CMUnitTest rules[] = {
		cmocka_unit_test(test_empty_is_silent),
		cmocka_unit_test(test_first_packet_waits_for_the_target),
		cmocka_unit_test(test_backlog_at_the_start_is_discarded),
		cmocka_unit_test(test_duplicates_are_played_once),
		cmocka_unit_test(test_sequence_jump_begins_anew),
		cmocka_unit_test(test_concealment_ends),
		cmocka_unit_test(test_receiver_that_stood_still_skips),
		cmocka_unit_test(test_reset_is_as_created),
		cmocka_unit_test(test_without_memory),
	};
	struct CMUnitTest simulated[sizeof(scenes) / sizeof(scenes[0])];
	int failed;

	for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++)
		simulated[i] = (struct CMUnitTest){
			.name = scenes[i].name,
			.test_func = test_scene,
			.initial_state = (void *)&scenes[i],
		};
	failed = cmocka_run_group_tests_name("scenes", simulated, NULL, NULL);
	return failed + cmocka_run_group_tests_name("rules", rules, NULL, NULL);
}
