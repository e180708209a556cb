/*
 * Two whole rooms over a real hub, each with a simulated room behind its microphones and speaker: A,
 * an array of four, and B, one microphone, with loudspeakers whose crystals differ from the
 * microphones'. First the person in A talks, then the one in B, then both say the same again at
 * once. What the speakers play tells whether anybody hears themselves, and what of a voice is lost
 * while both talk. A round in which a busy machine kept sound from being on time is held again.
 * With BALAI_LONG there are more of them.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/sound.h"
#include "tests/fake/fake_room.h"
#include "tests/fake/fake_speaker.h"
#include "tests/fake/party.h"
#include "tests/fake/voices.h"

#define MS CLOCK_US_PER_MS
/* One round, with pauses in which what is on its way arrives. */
#define TALK_US (5000 * MS)
#define A_US 0
#define B_US (5600 * MS)
#define BOTH_US (11200 * MS)
#define ROUND_US (16800 * MS)
/* Of each talk, left out: in the first one the path of the echo is learned. */
#define LEARN_US (2000 * MS)
/* From one's microphone to the other's speaker, at most. */
#define WAY_US (400 * MS)

#define STEP_US SOUND_PERIOD_US
#define STEPS ((int)((TALK_US - LEARN_US) / STEP_US))

#define LONG_ROUNDS 10
/* That may be held again. */
#define SPARE_ROUNDS 2
/* So many packets that come too late count as one delay. */
#define LOST_MOST 10

#define RETURN_DB (-50.0)
#define LOSS_DB 3.0

struct talk {
	struct party_pair *pair;
	struct fake_room *a, *b;
	float *said_by_a, *said_by_b;
	int64_t start_us;
	int rounds;
};

static double db(double ratio)
{
	return 10 * log10(fmax(ratio, 1e-15));
}

static int round_count(void)
{
	return getenv("BALAI_LONG") ? LONG_ROUNDS : 1;
}

static size_t frames(int64_t time_us)
{
	return (size_t)(time_us * SOUND_RATE_HZ / CLOCK_US_PER_S);
}

/* All rounds of one who talks alone from `alone_us` on. */
static float *make_speech(enum voice voice, int64_t alone_us, int rounds)
{
	float *once = voices_load(voice, frames(TALK_US), 0.03);
	float *all = calloc(frames(ROUND_US) * (size_t)rounds, sizeof(*all));

	assert_non_null(all);
	for (int i = 0; i < rounds; i++) {
		float *round = all + (size_t)i * frames(ROUND_US);

		memcpy(round + frames(alone_us), once, frames(TALK_US) * sizeof(*once));
		memcpy(round + frames(BOTH_US), once, frames(TALK_US) * sizeof(*once));
	}
	free(once);
	return all;
}

/* The person is a metre and a half away; the loudspeaker's echo is as loud as they are. */
static struct fake_room *make_room(const char *array, double drift_ppm, int rounds)
{
	const struct fake_room_config config = {
		.room = {.size = {4, 5, 2.7}, .rt60_s = 0.25},
		.array = array,
		.middle = {2, 2.5, 0.75},
		.person = {3.2, 3.4, 1.15},
		.speaker = {2.2, 4.7, 1.1},
		.echo_gain = 0.4F,
		.noise = 0.0005F,
		.drift_ppm = drift_ppm,
		.frames_max = frames(ROUND_US) * (size_t)rounds + frames(60 * CLOCK_US_PER_S),
	};

	return fake_room_create(&config);
}

static void move_in(struct party *party, struct site *site, struct fake_room *room,
		    const char *array)
{
	struct settings_room settings;
	struct settings_board board;

	party->devices.mic->ops->destroy(party->devices.mic);
	party->devices.speaker->ops->destroy(party->devices.speaker);
	party->devices.mic = fake_room_mic(room);
	party->devices.speaker = fake_room_speaker(room);
	site_settings(site, party->name, &settings, &board);
	board.voice = SETTINGS_VOICE_CLEAR;
	snprintf(board.geometry, sizeof(board.geometry), "%s", array);
	party_join_with(party, site, &settings, &board);
}

static int begin(void **state)
{
	struct talk *talk = calloc(1, sizeof(*talk));

	if (!talk || party_pair_set_up((void **)&talk->pair) < 0)
		return -1;
	talk->rounds = round_count() + SPARE_ROUNDS;
	talk->a = make_room("circle 4 45", 100, talk->rounds);
	talk->b = make_room("none", -100, talk->rounds);
	talk->said_by_a = make_speech(VOICE_READER, A_US, talk->rounds);
	talk->said_by_b = make_speech(VOICE_PROMPT, B_US, talk->rounds);
	*state = talk;
	return 0;
}

static int end(void **state)
{
	struct talk *talk = *state;

	party_pair_tear_down((void **)&talk->pair);
	fake_room_destroy(talk->a);
	fake_room_destroy(talk->b);
	free(talk->said_by_a);
	free(talk->said_by_b);
	free(talk);
	return 0;
}

static void wait_until_played(struct talk *talk, int64_t until_us)
{
	struct speaker *speakers[] = {fake_room_speaker(talk->a), fake_room_speaker(talk->b)};

	for (size_t i = 0; i < 2; i++) {
		int64_t missing_us = until_us + CLOCK_US_PER_S - clock_now_us();
		uint64_t periods = fake_speaker_periods(speakers[i]);

		if (missing_us > 0)
			periods += (uint64_t)(missing_us / SOUND_PERIOD_US);
		assert_true(fake_speaker_wait_periods(speakers[i], periods,
						      until_us + SITE_PATIENCE_US));
	}
}

/* How much softer `self` is in the room of who talks than the talk is in the other one. */
static double returned_db(struct fake_room *self, struct fake_room *other, int64_t talk_us)
{
	int64_t from_us = talk_us + LEARN_US, to_us = talk_us + TALK_US;

	return db(fake_room_played_power(self, from_us, to_us) /
		  fake_room_played_power(other, from_us, to_us));
}

/* The levels of the steps of a talk, `late_us` after it. */
static void take_steps(struct fake_room *room, int64_t talk_us, int64_t late_us, double *steps)
{
	for (int i = 0; i < STEPS; i++) {
		int64_t from_us = talk_us + LEARN_US + i * STEP_US + late_us;

		steps[i] = fake_room_played_power(room, from_us, from_us + STEP_US);
	}
}

static double likeness(const double *one, const double *other)
{
	double product = 0, ones = 0, others = 0;

	for (int i = 0; i < STEPS; i++) {
		product += sqrt(one[i] * other[i]);
		ones += one[i];
		others += other[i];
	}
	return product / sqrt(ones * others);
}

/*
 * What is missing of the voice while both talk, in the steps in which it is there when it is alone:
 * within 20 dB of its mean. The way may have become longer or shorter meanwhile.
 */
static double lost_db(struct fake_room *room, int64_t alone_us, int64_t both_us)
{
	double alone[STEPS], both[STEPS], best[STEPS] = {0}, most = 0;
	double mean = 0, kept = 0, active = 0;

	take_steps(room, alone_us, WAY_US / 2, alone);
	for (int64_t late_us = 0; late_us < WAY_US; late_us += STEP_US / 2) {
		double like;

		take_steps(room, both_us, late_us, both);
		like = likeness(alone, both);
		if (like > most)
			memcpy(best, both, sizeof(best));
		most = fmax(most, like);
	}
	for (int i = 0; i < STEPS; i++)
		mean += alone[i] / STEPS;
	for (int i = 0; i < STEPS; i++) {
		if (alone[i] < mean / 100)
			continue;
		active += alone[i];
		kept += fmin(best[i], alone[i]);
	}
	return db(active / kept);
}

static void judge(struct talk *talk, int64_t round_us)
{
	double return_a = returned_db(talk->a, talk->b, round_us + A_US);
	double return_b = returned_db(talk->b, talk->a, round_us + B_US);
	double lost_a = lost_db(talk->b, round_us + A_US, round_us + BOTH_US);
	double lost_b = lost_db(talk->a, round_us + B_US, round_us + BOTH_US);

	print_message("#: a hears %.0f dB of itself, b %.0f dB; while both talk a loses %.1f dB, "
		      "b %.1f dB\n",
		      return_a, return_b, lost_a, lost_b);
	assert_true(return_a <= RETURN_DB);
	assert_true(return_b <= RETURN_DB);
	assert_true(lost_a <= LOSS_DB);
	assert_true(lost_b <= LOSS_DB);
}

/* What the machine was too busy for. */
static int64_t count_delays(struct party *party, struct fake_room *room)
{
	json_t *status = room_status(site_room_get(party->room));
	int64_t count = site_status_int(status, "sound.late_periods") +
			site_status_int(status, "sound.microphone.stalls") +
			site_status_int(status, "members.0.sound.lost") / LOST_MOST;

	json_decref(status);
	return count + (int64_t)fake_room_xruns(room);
}

static int64_t count_all_delays(const struct talk *talk)
{
	return count_delays(&talk->pair->a, talk->a) + count_delays(&talk->pair->b, talk->b);
}

static void test_nobody_hears_themselves(void **state)
{
	struct talk *talk = *state;

	move_in(&talk->pair->a, talk->pair->site, talk->a, "circle 4 45");
	move_in(&talk->pair->b, talk->pair->site, talk->b, "none");
	assert_true(party_sees(&talk->pair->a, PARTY_B, 10));
	assert_true(party_sees(&talk->pair->b, PARTY_A, 10));
	talk->start_us = clock_now_us() + 100 * MS;
	fake_room_say(talk->a, talk->said_by_a, frames(ROUND_US) * (size_t)talk->rounds,
		      talk->start_us);
	fake_room_say(talk->b, talk->said_by_b, frames(ROUND_US) * (size_t)talk->rounds,
		      talk->start_us);
	for (int i = 0, good = 0; good < round_count(); i++) {
		int64_t delays = count_all_delays(talk);

#ifdef __SANITIZE_THREAD__
		if (i == talk->rounds)
			skip(); /* under this sanitizer the chain is slower than sound: races alone count */
#endif
		assert_true(i < talk->rounds);
		wait_until_played(talk, talk->start_us + (i + 1) * ROUND_US);
		if (count_all_delays(talk) != delays)
			continue;
		judge(talk, talk->start_us + i * ROUND_US);
		good++;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nobody_hears_themselves, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
