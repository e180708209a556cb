/* speaker/mixer, opus_in and limiter: packets of several rooms to what the speaker plays. */
#include "base/clock.h"
#include "base/limiter.h"
#include "speaker/mixer.h"
#include "tests/fake/fake_alloc.h"
#include "tests/fake/no_heap.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <opus/opus.h>
#include <cmocka.h>

enum { PACKET_FRAMES = 960, PACKETS = 100 };

#define START_US (3 * CLOCK_US_PER_S)

/* A room that sends a tone, in packets made once. */
struct room {
	struct mixer_source *source;
	uint8_t packets[PACKETS][200];
	int lengths[PACKETS];
};

/* A mixer that has played up to now_us. */
struct scene {
	struct mixer *mixer;
	int64_t now_us;
	float samples[SOUND_PERIOD_FRAMES];
	float peak;         /* since the scene began */
	unsigned int heaps; /* malloc() and free() while rendering */
};

static void make_packets(struct room *room, double hz, float peak, int frames)
{
	OpusEncoder *encoder = opus_encoder_create(SOUND_RATE_HZ, 1, OPUS_APPLICATION_VOIP, NULL);
	int64_t at = 0;

	assert_non_null(encoder);
	opus_encoder_ctl(encoder, OPUS_SET_BITRATE(32000));
	opus_encoder_ctl(encoder, OPUS_SET_VBR(0));
	for (int n = 0; n < PACKETS; n++) {
		float samples[PACKET_FRAMES];

		for (int i = 0; i < frames; i++, at++)
			samples[i] = peak * (float)sin(2 * M_PI * hz * (double)at / SOUND_RATE_HZ);
		room->lengths[n] = opus_encode_float(encoder, samples, frames, room->packets[n],
						     sizeof(room->packets[n]));
		assert_true(room->lengths[n] > 0);
	}
	opus_encoder_destroy(encoder);
}

static struct scene begin(void)
{
	const struct mixer_config config = {.delay_min_us = 20000, .delay_max_us = 200000};
	struct scene scene = {.now_us = START_US};

	assert_int_equal(mixer_create(&config, &scene.mixer), 0);
	return scene;
}

static void render(struct scene *scene)
{
	no_heap_begin();
	mixer_render(scene->mixer, scene->now_us, scene->now_us + 15000, scene->samples);
	scene->heaps += no_heap_end();
	scene->now_us += SOUND_PERIOD_US;
	for (int i = 0; i < SOUND_PERIOD_FRAMES; i++)
		scene->peak = fmaxf(scene->peak, fabsf(scene->samples[i]));
}

static int push(struct scene *scene, struct room *room, int n)
{
	return mixer_source_push(room->source, (uint32_t)n, scene->now_us, scene->now_us - 25000,
				 room->packets[n], (size_t)room->lengths[n]);
}

/* Sends and plays packets `from` to before `to` of all rooms. */
static void play(struct scene *scene, struct room *rooms, size_t count, int from, int to)
{
	for (int n = from; n < to; n++) {
		for (size_t i = 0; i < count; i++)
			assert_int_equal(push(scene, &rooms[i], n), 0);
		render(scene);
		render(scene);
	}
}

static int64_t counter(struct mixer_source *source, const char *key)
{
	json_t *status = mixer_source_to_json(source);
	int64_t value;

	assert_non_null(status);
	assert_true(json_is_integer(json_object_get(status, key)));
	value = json_integer_value(json_object_get(status, key));
	json_decref(status);
	return value;
}

static double level(struct mixer_source *source)
{
	json_t *status = mixer_source_to_json(source);
	double dbfs = json_real_value(json_object_get(status, "level_dbfs"));

	json_decref(status);
	return dbfs;
}

/* The amplitude of a tone in what was rendered last. */
static double tone(const struct scene *scene, double hz)
{
	double sine = 0, cosine = 0;

	for (int i = 0; i < SOUND_PERIOD_FRAMES; i++) {
		sine += scene->samples[i] * sin(2 * M_PI * hz * i / SOUND_RATE_HZ);
		cosine += scene->samples[i] * cos(2 * M_PI * hz * i / SOUND_RATE_HZ);
	}
	return 2 * hypot(sine, cosine) / SOUND_PERIOD_FRAMES;
}

/* Else the counts of zero below would mean nothing. */
static void test_heap_is_watched(void **state)
{
	void *volatile memory;

	if (!*(bool *)*state)
		skip();
	no_heap_begin();
	memory = malloc(1);
	free(memory);
	assert_int_equal(no_heap_end(), 2);
}

static void test_silence_without_sources(void **state)
{
	struct scene scene = begin();

	(void)state;
	render(&scene);
	assert_true(scene.peak == 0);
	mixer_destroy(scene.mixer);
}

static void test_rooms_are_summed(void **state)
{
	static struct room rooms[2];
	struct scene scene = begin();

	(void)state;
	make_packets(&rooms[0], 500, 0.2f, PACKET_FRAMES);
	make_packets(&rooms[1], 1200, 0.1f, PACKET_FRAMES);
	assert_int_equal(mixer_source_open(scene.mixer, &rooms[0].source), 0);
	assert_int_equal(mixer_source_open(scene.mixer, &rooms[1].source), 0);
	play(&scene, rooms, 2, 0, 60);
	assert_true(fabs(tone(&scene, 500) - 0.2) < 0.02);
	assert_true(fabs(tone(&scene, 1200) - 0.1) < 0.02);
	assert_int_equal(counter(rooms[0].source, "packets"), 60);
	assert_int_equal(counter(rooms[0].source, "lost"), 0);
	assert_int_equal(counter(rooms[0].source, "late"), 0);
	assert_true(fabs(level(rooms[0].source) + 17) < 1);
	assert_int_equal(scene.heaps, 0);
	mixer_destroy(scene.mixer);
}

/* The gain goes smoothly: what is rendered has no step between two frames beyond the tone's own. */
static void test_a_notice_softens_the_voices(void **state)
{
	static struct room room;
	const double step = 2 * M_PI * 500 / SOUND_RATE_HZ;
	struct scene scene = begin();
	float last = 0, most = 0;

	(void)state;
	make_packets(&room, 500, 0.2f, PACKET_FRAMES);
	assert_int_equal(mixer_source_open(scene.mixer, &room.source), 0);
	play(&scene, &room, 1, 0, 40);
	assert_true(fabs(tone(&scene, 500) - 0.2) < 0.02);
	last = scene.samples[SOUND_PERIOD_FRAMES - 1];
	mixer_duck(scene.mixer, true);
	for (int n = 40; n < 46; n++) {
		assert_int_equal(push(&scene, &room, n), 0);
		for (int half = 0; half < 2; half++) {
			render(&scene);
			for (int i = 0; i < SOUND_PERIOD_FRAMES; i++) {
				most = fmaxf(most, fabsf(scene.samples[i] - last));
				last = scene.samples[i];
			}
		}
	}
	assert_true(most < 0.25 * step);
	assert_true(fabs(tone(&scene, 500) - 0.05) < 0.005);
	mixer_duck(scene.mixer, false);
	play(&scene, &room, 1, 46, 80);
	assert_true(fabs(tone(&scene, 500) - 0.2) < 0.02);
	assert_int_equal(scene.heaps, 0);
	mixer_destroy(scene.mixer);
}

/* Capture to ear: 25 ms to arrive, 20 to 40 in the jitter buffer, 15 in the speaker, 6.5 of Opus. */
static void test_delays_are_told(void **state)
{
	static struct room room;
	struct scene scene = begin();
	json_t *status, *buffer, *ear;
	int64_t buffer_us, ear_us;

	(void)state;
	scene.now_us = clock_now_us(); /* the time that Status is asked at */
	make_packets(&room, 500, 0.2f, PACKET_FRAMES);
	assert_int_equal(mixer_source_open(scene.mixer, &room.source), 0);
	play(&scene, &room, 1, 0, 20);
	status = mixer_source_to_json(room.source);
	buffer = json_object_get(status, "buffer");
	ear = json_object_get(status, "mouth_to_ear");
	buffer_us = json_integer_value(json_object_get(buffer, "p50_us"));
	ear_us = json_integer_value(json_object_get(ear, "p50_us"));
	assert_in_range(json_integer_value(json_object_get(buffer, "n")), 15, 20);
	assert_in_range(buffer_us, 20000, 45000);
	assert_in_range(ear_us - buffer_us, 40000, 55000);
	json_decref(status);
	mixer_destroy(scene.mixer);
}

static void test_sources_are_limited_and_come_back(void **state)
{
	struct mixer_source *sources[MIXER_SOURCES_MAX], *more = NULL;
	struct scene scene = begin();

	(void)state;
	for (int i = 0; i < MIXER_SOURCES_MAX; i++)
		assert_int_equal(mixer_source_open(scene.mixer, &sources[i]), 0);
	assert_int_equal(mixer_source_open(scene.mixer, &more), -ENOSPC);
	mixer_source_close(sources[7]);
	mixer_source_close(NULL);
	assert_int_equal(mixer_source_open(scene.mixer, &more), -ENOSPC);
	render(&scene);
	assert_int_equal(mixer_source_open(scene.mixer, &more), 0);
	assert_ptr_equal(more, sources[7]);
	mixer_destroy(scene.mixer);
}

/* The next voice in a source hears and counts nothing of the one before. */
static void test_closed_source_is_forgotten(void **state)
{
	static struct room room;
	struct scene scene = begin();

	(void)state;
	make_packets(&room, 500, 0.5f, PACKET_FRAMES);
	assert_int_equal(mixer_source_open(scene.mixer, &room.source), 0);
	play(&scene, &room, 1, 0, 20);
	assert_int_equal(push(&scene, &room, 20), 0);
	mixer_source_close(room.source);
	render(&scene);
	assert_int_equal(mixer_source_open(scene.mixer, &room.source), 0);
	scene.peak = 0;
	for (int i = 0; i < 20; i++)
		render(&scene);
	assert_true(scene.peak == 0);
	assert_int_equal(counter(room.source, "packets"), 0);
	assert_int_equal(counter(room.source, "lost"), 0);
	assert_true(level(room.source) < -110);
	assert_int_equal(scene.heaps, 0);
	mixer_destroy(scene.mixer);
}

/* One packet of 20 ms that is missing is not heard as a hole. */
static void test_lost_packet_is_concealed(void **state)
{
	static struct room room;
	struct scene scene = begin();
	double quietest = 1;

	(void)state;
	make_packets(&room, 500, 0.5f, PACKET_FRAMES);
	assert_int_equal(mixer_source_open(scene.mixer, &room.source), 0);
	play(&scene, &room, 1, 0, 40);
	for (int n = 41; n < 50; n++) {
		play(&scene, &room, 1, n, n + 1);
		quietest = fmin(quietest, tone(&scene, 500));
	}
	assert_int_equal(counter(room.source, "lost"), 1);
	assert_true(quietest > 0.2);
	assert_int_equal(scene.heaps, 0);
	mixer_destroy(scene.mixer);
}

/* Each kind of broken packet is one concealed turn, and the voice goes on. */
static void test_broken_packets_are_concealed(void **state)
{
	static struct room room, short_frames;
	static const uint8_t reserved[] = {0xff, 0xff, 0xff, 0xff};
	static const uint8_t torn[] = {0x03}; /* a packet of code 3 without its count */
	struct scene scene = begin();
	int64_t now_us;

	(void)state;
	make_packets(&room, 500, 0.5f, PACKET_FRAMES);
	make_packets(&short_frames, 500, 0.5f, PACKET_FRAMES / 2);
	assert_int_equal(mixer_source_open(scene.mixer, &room.source), 0);
	play(&scene, &room, 1, 0, 40);
	for (uint32_t n = 40; n < 43; n++) {
		const uint8_t *data = n == 40 ? reserved : n == 41 ? torn : short_frames.packets[0];
		size_t length = n == 40   ? sizeof(reserved)
				: n == 41 ? sizeof(torn)
					  : (size_t)short_frames.lengths[0];

		now_us = scene.now_us;
		assert_int_equal(mixer_source_push(room.source, n, now_us, 0, data, length), 0);
		render(&scene);
		render(&scene);
	}
	play(&scene, &room, 1, 43, 60);
	assert_int_equal(counter(room.source, "broken"), 3);
	assert_int_equal(counter(room.source, "lost"), 0);
	assert_true(fabs(tone(&scene, 500) - 0.5) < 0.05);
	assert_int_equal(scene.heaps, 0);
	mixer_destroy(scene.mixer);
}

/* Nothing but noise in packets: bounded sound, no error storm, no heap. */
static void test_random_packets_are_survived(void **state)
{
	struct mixer_source *source;
	struct scene scene = begin();
	uint32_t random = 1;

	(void)state;
	assert_int_equal(mixer_source_open(scene.mixer, &source), 0);
	for (uint32_t n = 0; n < 1000; n++) {
		uint8_t data[80];

		for (size_t i = 0; i < sizeof(data); i++) {
			random = random * 1664525 + 1013904223;
			data[i] = (uint8_t)(random >> 24);
		}
		assert_int_equal(mixer_source_push(source, n, scene.now_us, 0, data, sizeof(data)),
				 0);
		render(&scene);
		render(&scene);
	}
	assert_true(scene.peak <= LIMITER_THRESHOLD);
	assert_in_range(counter(source, "broken"), 500, 1000);
	assert_int_equal(scene.heaps, 0);
	mixer_destroy(scene.mixer);
}

static void test_sizes_and_overflow_are_refused(void **state)
{
	static const uint8_t data[MIXER_PACKET_BYTES_MAX + 1];
	struct mixer_source *source;
	struct scene scene = begin();
	uint32_t n = 0;

	(void)state;
	assert_int_equal(mixer_source_open(scene.mixer, &source), 0);
	assert_int_equal(mixer_source_push(source, 0, START_US, 0, data, 0), -EMSGSIZE);
	assert_int_equal(mixer_source_push(source, 0, START_US, 0, data, sizeof(data)), -EMSGSIZE);
	while (mixer_source_push(source, n, START_US, 0, data, sizeof(data) - 1) == 0)
		n++;
	assert_int_equal(n, 64);
	assert_int_equal(mixer_source_push(source, n, START_US, 0, data, 1), -ENOBUFS);
	assert_int_equal(counter(source, "packets"), 64);
	assert_int_equal(counter(source, "overflows"), 2);
	assert_int_equal(counter(source, "oversized"), 2);
	mixer_destroy(scene.mixer);
}

/* Sixteen rooms that shout at once do not clip. */
static void test_sum_stays_below_clipping(void **state)
{
	static struct room rooms[MIXER_SOURCES_MAX];
	struct scene scene = begin();

	(void)state;
	for (int i = 0; i < MIXER_SOURCES_MAX; i++) {
		make_packets(&rooms[i], 300 + 70 * i, 0.9f, PACKET_FRAMES);
		assert_int_equal(mixer_source_open(scene.mixer, &rooms[i].source), 0);
	}
	play(&scene, rooms, MIXER_SOURCES_MAX, 0, 60);
	assert_true(scene.peak > LIMITER_THRESHOLD * 0.9f);
	assert_true(scene.peak <= LIMITER_THRESHOLD);
	assert_int_equal(scene.heaps, 0);
	mixer_destroy(scene.mixer);
}

static void test_limiter_is_transparent_below_its_threshold(void **state)
{
	struct limiter limiter = {0};
	float samples[] = {0, 0.5f, -0.89f, 0.89f, -2, 0.1f, 4};
	enum { COUNT = sizeof(samples) / sizeof(samples[0]) };
	float limited[COUNT];

	(void)state;
	memcpy(limited, samples, sizeof(samples));
	limiter_run(&limiter, limited, COUNT);
	for (int i = 0; i < 4; i++)
		assert_true(limited[i] == samples[i]);
	assert_true(limited[4] < -0.89f && limited[4] >= -LIMITER_THRESHOLD);
	assert_true(limited[5] > 0.04f && limited[5] < 0.06f); /* the gain is still down */
	assert_true(limited[6] > 0.89f && limited[6] <= LIMITER_THRESHOLD);

	/* Half a second later it has let go. */
	for (int i = 0; i < SOUND_RATE_HZ / 2; i++) {
		limited[0] = 0;
		limiter_run(&limiter, limited, 1);
	}
	limited[0] = 0.8f;
	limiter_run(&limiter, limited, 1);
	assert_true(limited[0] == 0.8f);
}

static void test_configuration_is_checked(void **state)
{
	static const struct mixer_config bad[] = {
		{.delay_min_us = 9999, .delay_max_us = 100000},
		{.delay_min_us = 20000, .delay_max_us = 200001},
		{.delay_min_us = 50000, .delay_max_us = 40000},
	};
	struct mixer *mixer = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(mixer_create(&bad[i], &mixer), -EINVAL);
	assert_null(mixer);
	mixer_destroy(NULL);
}

static void test_without_memory(void **state)
{
	const struct mixer_config config = {.delay_min_us = 20000, .delay_max_us = 200000};
	struct mixer *mixer;
	unsigned int n;
	int r;

	(void)state;
	for (n = 1;; n++) {
		fake_alloc_arm(n);
		r = mixer_create(&config, &mixer);
		if (!fake_alloc_disarm())
			break;
		assert_int_equal(r, -ENOMEM);
	}
	assert_int_equal(r, 0);
	assert_true(n > MIXER_SOURCES_MAX);
	mixer_destroy(mixer);
}

int main(void)
{
	bool watched = no_heap_install();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(test_heap_is_watched, &watched),
		cmocka_unit_test(test_silence_without_sources),
		cmocka_unit_test(test_rooms_are_summed),
		cmocka_unit_test(test_a_notice_softens_the_voices),
		cmocka_unit_test(test_delays_are_told),
		cmocka_unit_test(test_sources_are_limited_and_come_back),
		cmocka_unit_test(test_closed_source_is_forgotten),
		cmocka_unit_test(test_lost_packet_is_concealed),
		cmocka_unit_test(test_broken_packets_are_concealed),
		cmocka_unit_test(test_random_packets_are_survived),
		cmocka_unit_test(test_sizes_and_overflow_are_refused),
		cmocka_unit_test(test_sum_stays_below_clipping),
		cmocka_unit_test(test_limiter_is_transparent_below_its_threshold),
		cmocka_unit_test(test_configuration_is_checked),
		cmocka_unit_test(test_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
