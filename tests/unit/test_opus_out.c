/* microphone/opus_out: constant packets of 20 ms that decode to what went in. */
#include "base/clock.h"
#include "base/sound_state.h"
#include "microphone/opus_out.h"
#include "tests/fake/fake_alloc.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <opus/opus.h>
#include <cmocka.h>

enum { PACKETS_MAX = 200, PACKET_FRAMES = 960 };

struct packet {
	uint32_t sequence;
	int64_t capture_us;
	struct sound_state state;
	size_t length; /* of the Opus packet */
	uint8_t data[1276];
};

/* What came out. `held` keeps the encoding thread inside the sink. */
struct sink {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct packet packets[PACKETS_MAX];
	size_t count;
	bool held;
};

static struct sink sink = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.changed = PTHREAD_COND_INITIALIZER,
};

static void on_packet(void *context, uint32_t sequence, int64_t capture_us, const uint8_t *data,
		      size_t length)
{
	struct sink *to = context;
	struct packet *packet;

	pthread_mutex_lock(&to->lock);
	assert_true(to->count < PACKETS_MAX);
	packet = &to->packets[to->count++];
	packet->sequence = sequence;
	packet->capture_us = capture_us;
	packet->state = sound_state_from_byte(data[0]);
	packet->length = length - SOUND_STATE_BYTES;
	memcpy(packet->data, data + SOUND_STATE_BYTES, packet->length);
	pthread_cond_broadcast(&to->changed);
	while (to->held)
		pthread_cond_wait(&to->changed, &to->lock);
	pthread_mutex_unlock(&to->lock);
}

static void hold(bool held)
{
	pthread_mutex_lock(&sink.lock);
	sink.held = held;
	pthread_cond_broadcast(&sink.changed);
	pthread_mutex_unlock(&sink.lock);
}

static void wait_for_packets(size_t count)
{
	struct timespec deadline = clock_timespec(clock_now_us() + 10 * CLOCK_US_PER_S);
	int r = 0;

	pthread_mutex_lock(&sink.lock);
	while (sink.count < count && r == 0)
		r = pthread_cond_clockwait(&sink.changed, &sink.lock, CLOCK_MONOTONIC, &deadline);
	pthread_mutex_unlock(&sink.lock);
	assert_int_equal(r, 0);
}

static struct opus_out *create(void)
{
	const struct opus_out_config config = {
		.bitrate = 32000,
		.complexity = 5,
		.sink = on_packet,
		.context = &sink,
	};
	struct opus_out *out;

	sink.count = 0;
	sink.held = false;
	assert_int_equal(opus_out_create(&config, &out), 0);
	return out;
}

/* Silence, a tone, and what is like noise: their packets must look alike. */
static float sample_at(int64_t frame)
{
	int64_t part = frame / 48000 % 3;

	if (part == 0)
		return 0;
	if (part == 1)
		return 0.5f * (float)sin(2 * M_PI * 440 * (double)frame / 48000);
	return 0.5f * (float)sin((double)(frame * frame % 100003));
}

static void put_block(struct opus_out *out, int64_t n)
{
	struct opus_out_block block = {.capture_us = 1000000 + n * SOUND_PERIOD_US};

	for (int i = 0; i < SOUND_PERIOD_FRAMES; i++)
		block.samples[i] = sample_at(n * SOUND_PERIOD_FRAMES + i);
	opus_out_put(out, &block);
}

static void test_packets_are_constant(void **state)
{
	struct opus_out *out = create();

	(void)state;
	for (int64_t n = 0; n < 300; n++) {
		put_block(out, n);
		if (n % 2)
			wait_for_packets((size_t)(n + 1) / 2);
	}
	for (size_t i = 0; i < sink.count; i++) {
		const struct packet *packet = &sink.packets[i];

		assert_int_equal(packet->sequence, i);
		assert_int_equal(packet->length, 80);
		assert_int_equal(packet->capture_us, 1000000 + (int64_t)i * OPUS_OUT_PACKET_US);
		assert_int_equal(opus_packet_get_nb_samples(packet->data, 80, SOUND_RATE_HZ),
				 PACKET_FRAMES);
		assert_int_equal(opus_packet_get_nb_channels(packet->data), 1);
	}
	opus_out_destroy(out);
	assert_int_equal(sink.count, 150);
}

/* The state tells each packet's level; muted ones are silence, and look like all the others. */
static void test_state_is_told(void **state)
{
	OpusDecoder *decoder = opus_decoder_create(SOUND_RATE_HZ, 1, NULL);
	struct opus_out *out = create();
	json_t *status;

	(void)state;
	assert_non_null(decoder);
	for (int64_t n = 0; n < 60; n++) {
		opus_out_set_muted(out, n >= 40);
		put_block(out, n < 20 ? n : 100 + n);
		if (n % 2)
			wait_for_packets((size_t)(n + 1) / 2);
	}
	status = opus_out_to_json(out);
	assert_true(json_is_true(json_object_get(status, "muted")));
	json_decref(status);
	opus_out_destroy(out);
	for (size_t i = 0; i < sink.count; i++) {
		const struct packet *packet = &sink.packets[i];
		float samples[PACKET_FRAMES];

		assert_int_equal(packet->length, 80);
		assert_int_equal(packet->state.is_muted, i >= 20);
		/* A sine of half of full scale. */
		assert_int_equal(packet->state.level_dbov,
				 i >= 10 && i < 20 ? -9 : SOUND_STATE_FLOOR_DBOV);
		assert_int_equal(opus_decode_float(decoder, packet->data, 80, samples,
						   PACKET_FRAMES, 0),
				 PACKET_FRAMES);
		if (i >= 25)
			assert_true(sound_state_level(samples, PACKET_FRAMES) < -60);
	}
	opus_decoder_destroy(decoder);
}

static void test_packets_decode_to_what_went_in(void **state)
{
	OpusDecoder *decoder = opus_decoder_create(SOUND_RATE_HZ, 1, NULL);
	struct opus_out *out = create();
	double sine = 0, cosine = 0, power = 0;

	(void)state;
	assert_non_null(decoder);
	for (int64_t n = 0; n < 100; n++) {
		put_block(out, 100 + n); /* the second with the tone */
		if (n % 2)
			wait_for_packets((size_t)(n + 1) / 2);
	}
	opus_out_destroy(out);
	for (size_t i = 0; i < sink.count; i++) {
		float samples[PACKET_FRAMES];

		assert_int_equal(opus_decode_float(decoder, sink.packets[i].data,
						   (int)sink.packets[i].length, samples,
						   PACKET_FRAMES, 0),
				 PACKET_FRAMES);
		if (i < 10) /* the encoder's start */
			continue;
		for (int k = 0; k < PACKET_FRAMES; k++) {
			double phase = 2 * M_PI * 440 * ((double)i * PACKET_FRAMES + k) / 48000;

			sine += samples[k] * sin(phase);
			cosine += samples[k] * cos(phase);
			power += samples[k] * samples[k];
		}
	}
	/* All but a hundredth of what comes out is the tone, as loud as it was. */
	assert_true(2 * (sine * sine + cosine * cosine) / (40 * PACKET_FRAMES) > 0.99 * power);
	assert_in_range(1000 * power / (40 * PACKET_FRAMES), 100, 140);
	opus_decoder_destroy(decoder);
}

/* A sink that hangs costs blocks, never the real-time thread's time. */
static void test_full_ring_drops_and_counts(void **state)
{
	struct opus_out *out = create();
	json_t *status;

	(void)state;
	hold(true);
	put_block(out, 0);
	put_block(out, 1);
	wait_for_packets(1);
	for (int64_t n = 2; n < 30; n++)
		put_block(out, n);
	status = opus_out_to_json(out);
	assert_int_equal(json_integer_value(json_object_get(status, "dropped_blocks")), 12);
	assert_int_equal(json_integer_value(json_object_get(status, "packets")), 1);
	assert_int_equal(json_integer_value(json_object_get(status, "failed")), 0);
	assert_int_equal(json_integer_value(
				 json_object_get(json_object_get(status, "encode"), "n")),
			 1);
	json_decref(status);
	hold(false);
	wait_for_packets(9);
	/* What comes after keeps its turn: 12 blocks are 6 turns. */
	assert_int_equal(sink.packets[8].sequence, 8);
	put_block(out, 30);
	put_block(out, 31);
	wait_for_packets(10);
	assert_int_equal(sink.packets[9].sequence, 15);
	assert_int_equal(sink.packets[9].capture_us, 1000000 + 30 * SOUND_PERIOD_US);
	opus_out_destroy(out);
}

/* Each a frame of its own, as a block is lost behind each: 30 ms from one to the next. */
static void test_odd_losses_add_up(void **state)
{
	static const uint32_t turns[] = {0, 1, 3, 4, 6, 7};
	struct opus_out *out = create();

	(void)state;
	for (int64_t i = 0; i < 6; i++) {
		put_block(out, 3 * i);
		put_block(out, 3 * i + 1);
		wait_for_packets((size_t)i + 1);
		assert_int_equal(sink.packets[i].sequence, turns[i]);
	}
	opus_out_destroy(out);
}

/* Stamps that are a little off are no loss, whichever way. */
static void test_inaccurate_stamps_lose_nothing(void **state)
{
	static const int64_t off_us[] = {0, 4000, -4000, 9000, 0, -9000, 0, 3000};
	struct opus_out *out = create();

	(void)state;
	for (int64_t i = 0; i < 8; i++) {
		struct opus_out_block block = {
			.capture_us = 1000000 + i * OPUS_OUT_PACKET_US + off_us[i],
		};

		opus_out_put(out, &block);
		opus_out_put(out, &block);
		wait_for_packets((size_t)i + 1);
		assert_int_equal(sink.packets[i].sequence, i);
	}
	opus_out_destroy(out);
}

static void test_configuration_is_checked(void **state)
{
	const struct opus_out_config good = {.bitrate = 32000, .complexity = 5, .sink = on_packet};
	struct opus_out_config bad[5];
	struct opus_out *out = NULL;

	(void)state;
	for (size_t i = 0; i < 5; i++)
		bad[i] = good;
	bad[0].bitrate = 5999;
	bad[1].bitrate = 128001;
	bad[2].complexity = -1;
	bad[3].complexity = 11;
	bad[4].sink = NULL;
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(opus_out_create(&bad[i], &out), -EINVAL);
	assert_null(out);
	opus_out_destroy(NULL);
}

static void test_without_memory(void **state)
{
	const struct opus_out_config config = {
		.bitrate = 32000,
		.sink = on_packet,
		.context = &sink,
	};
	struct opus_out *out;
	unsigned int n;
	int r;

	(void)state;
	for (n = 1;; n++) {
		fake_alloc_arm(n);
		r = opus_out_create(&config, &out);
		if (!fake_alloc_disarm())
			break;
		assert_int_equal(r, -ENOMEM);
	}
	assert_int_equal(r, 0);
	assert_true(n > 2);
	opus_out_destroy(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packets_are_constant),
		cmocka_unit_test(test_state_is_told),
		cmocka_unit_test(test_packets_decode_to_what_went_in),
		cmocka_unit_test(test_full_ring_drops_and_counts),
		cmocka_unit_test(test_odd_losses_add_up),
		cmocka_unit_test(test_inaccurate_stamps_lose_nothing),
		cmocka_unit_test(test_configuration_is_checked),
		cmocka_unit_test(test_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
