/*
 * Mouth to ear with the whole voice chain on, hub and both rooms on this machine, in simulated rooms
 * of eight microphones whose loudspeakers run by other crystals: the person in one room gives a chirp
 * a second, which is looked for in what the other room plays. And the pictures beside it, by their
 * time strips: whether lips and voice are together.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "drivers/camera_file.h"
#include "drivers/mic_test.h"
#include "tests/bench/figure.h"
#include "tests/fake/fake_room.h"
#include "tests/fake/fake_speaker.h"
#include "tests/fake/party.h"
#include "tests/fake/sound_marks.h"

#define ARRAY "circle 8 45"
#define SECONDS 40
#define WARM_UP 10 /* seconds, in which the jitter buffer learns how regular the network is */
#define PICTURES_MAX ((size_t)SECONDS * 60)

struct sights {
	struct party *party;
	int64_t until_us;
	int64_t newest_us;
	int64_t delay_us[PICTURES_MAX];
	size_t count;
};

static struct fake_room *make_room(double drift_ppm)
{
	const struct fake_room_config config = {
		.room = {.size = {6, 8, 3}, .rt60_s = 0.3},
		.array = ARRAY,
		.middle = {3, 4, 0.75},
		.person = {4, 4.8, 1.15},
		.speaker = {3, 7.5, 1.1},
		.echo_gain = 0.4F,
		.noise = 0.0005F,
		.drift_ppm = drift_ppm,
		.frames_max = (size_t)(SECONDS + 60) * SOUND_RATE_HZ,
	};

	return fake_room_create(&config);
}

static void move_in(struct party *party, struct site *site, struct fake_room *room)
{
	const char *recording = getenv("BALAI_BENCH_RECORDING");
	struct settings_room settings;
	struct settings_board board;

	if (!recording) {
		fprintf(stderr, "bench_sound_path: BALAI_BENCH_RECORDING names no file; "
				"run it by tests/bench/run\n");
		exit(EXIT_FAILURE);
	}
	cam_destroy(party->devices.cam);
	if (camera_file_create(recording, party->tag, &party->devices.cam) < 0)
		abort();
	party->devices.mic->ops->destroy(party->devices.mic);
	party->devices.speaker->ops->destroy(party->devices.speaker);
	party->devices.mic = fake_room_mic(room);
	party->devices.speaker = fake_room_speaker(room);
	site_settings(site, party->name, &settings, &board);
	settings.width = 1280;
	settings.height = 720;
	settings.bitrate_kbps = 2500;
	board.voice = SETTINGS_VOICE_CLEAR;
	snprintf(board.geometry, sizeof(board.geometry), ARRAY);
	party_join_with(party, site, &settings, &board);
}

static float *make_chirps(void)
{
	float *samples = calloc((size_t)SECONDS * SOUND_RATE_HZ, sizeof(*samples));

	if (!samples)
		abort();
	for (unsigned int s = 0; s < SECONDS; s++)
		for (unsigned int i = 0; i < MIC_TEST_CHIRP_FRAMES; i++)
			samples[s * SOUND_RATE_HZ + i] =
				0.2F * (float)sin(mic_test_chirp_phase(PARTY_A, i));
	return samples;
}

static bool has_looked(const json_t *status, void *context)
{
	struct sights *sights = context;
	struct viewer_sight sight = viewer_get(sights->party->viewer, PARTY_A);

	(void)status;
	if (sight.newest_us > sights->newest_us && sights->count < PICTURES_MAX)
		sights->delay_us[sights->count++] = sight.seen_us - sight.newest_us;
	sights->newest_us = sight.newest_us;
	return clock_now_us() >= sights->until_us;
}

/* How late each second's chirp is heard. Returns how many are. */
static size_t find_delays(struct fake_room *room, int64_t start_us, int64_t *delay_us)
{
	size_t count = 0;

	for (int s = WARM_UP; s < SECONDS - 1; s++) {
		int64_t from_us = start_us + s * CLOCK_US_PER_S;
		struct sound_mark mark;
		const float *samples;

		if (fake_room_played(room, from_us, &samples) < SOUND_RATE_HZ ||
		    sound_marks_find(samples, SOUND_RATE_HZ, from_us, PARTY_A, &mark, 1) == 0)
			continue;
		delay_us[count++] = mark.time_us - from_us;
	}
	return count;
}

static void say_stages(struct party *party)
{
	static const struct {
		const char *figure;
		const char *path;
	} stages[] = {
		{"  waits in the jitter buffer, p50", "members.0.sound.buffer.p50_us"},
		{"  mouth to ear by Status, p50", "members.0.sound.mouth_to_ear.p50_us"},
		{"  queued in the speaker, p50", "sound.speaker.queued.p50_us"},
		{"  work of a period, p50", "sound.period.p50_us"},
	};
	json_t *status = room_status(site_room_get(party->room));

	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++)
		figure_say(stages[i].figure, (double)site_status_int(status, stages[i].path) / 1000,
			   "ms", NULL, FIGURE_LOWER);
	json_decref(status);
}

static void say(struct party *party, struct fake_room *room, int64_t start_us,
		struct sights *sights)
{
	static const double most_p50 = 90, most_behind = 60;
	int64_t delay_us[SECONDS];
	size_t count = find_delays(room, start_us, delay_us);
	double sound_ms, picture_ms;

	if (count < (SECONDS - WARM_UP) / 2 || sights->count == 0) {
		fprintf(stderr, "bench_sound_path: only %zu chirps and %zu pictures arrived\n",
			count, sights->count);
		exit(EXIT_FAILURE);
	}
	sound_ms = figure_percentile_ms(delay_us, count, 0.5);
	picture_ms = figure_percentile_ms(sights->delay_us, sights->count, 0.5);
	figure_say("mouth to ear, whole voice chain, p50", sound_ms, "ms", &most_p50, FIGURE_LOWER);
	figure_say("mouth to ear, whole voice chain, p95",
		   figure_percentile_ms(delay_us, count, 0.95), "ms", NULL, FIGURE_LOWER);
	figure_say("voice behind the lips, p50 (before them: -30 at most)", sound_ms - picture_ms,
		   "ms", &most_behind, FIGURE_LOWER);
	say_stages(party);
}

int main(void)
{
	static struct sights sights;
	static struct party_pair pair;
	struct fake_room *a = make_room(100), *b = make_room(-100);
	float *chirps = make_chirps();
	int64_t start_us;

	log_set_level(LOG_LEVEL_WARNING);
	party_pair_init(&pair);
	move_in(&pair.a, pair.site, a);
	move_in(&pair.b, pair.site, b);
	if (!party_sees(&pair.b, PARTY_A, 30))
		exit(EXIT_FAILURE);
	start_us = clock_now_us() + CLOCK_US_PER_S;
	fake_room_say(a, chirps, (size_t)SECONDS * SOUND_RATE_HZ, start_us);
	for (int s = 0; s <= SECONDS; s += 10) {
		sights.party = &pair.b;
		sights.until_us = start_us + s * CLOCK_US_PER_S;
		if (!party_until(&pair.b, has_looked, &sights))
			exit(EXIT_FAILURE);
	}
	say(&pair.b, b, start_us, &sights);
	party_pair_finish(&pair);
	fake_room_destroy(a);
	fake_room_destroy(b);
	free(chirps);
	return 0;
}
