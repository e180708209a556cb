/*
 * What a hub learns of a voice from the sealed packets' sizes and times (RFC 6562): it must not tell
 * speech from silence, nor from a muted room. One microphone speaks, is silent and is muted in turn,
 * so that what else the machine does falls on all three alike.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/sound_state.h"
#include "base/thread.h"
#include "e2ee/sframe.h"
#include "microphone/opus_out.h"
#include "tests/fake/call_bench.h"
#include "tests/fake/cipher_bench.h"
#include "tests/fake/fake_mic.h"
#include "tests/fake/voices.h"

enum kind { SPEECH, SILENCE, MUTED, KINDS };

enum {
	TURN_PACKETS = 24, /* of one kind */
	SETTLING = 2,      /* at its begin, which are of two kinds */
	TURNS = 6,         /* of each kind */
	PACKETS = TURNS * KINDS * TURN_PACKETS,
	INTERVALS_MAX = TURNS * TURN_PACKETS,
	SPEECH_FRAMES = TURNS * TURN_PACKETS * 2 * SOUND_PERIOD_FRAMES,
	BINS = 10,
	BIN_US = 4000,
	SIZES_MAX = 2000,
};

/* Two distributions of so many values differ as much by chance once in 10,000 (Kolmogorov-Smirnov). */
#define DISTANCE_MAX (2.23 * sqrt(2.0 / (TURNS * (TURN_PACKETS - SETTLING))))

struct seen {
	size_t sizes[SIZES_MAX]; /* how many packets of each */
	int64_t intervals_us[INTERVALS_MAX];
	size_t count;
};

struct room {
	struct call_script script;
	struct call_guest guest;
	struct cipher_bench *cipher;
	struct opus_out *out;
	struct mic *mic;
	float *speech;
	struct thread *mouth;
	struct seen seen[KINDS];
};

static enum kind kind_of(uint32_t packet)
{
	return (enum kind)(packet / TURN_PACKETS % KINDS);
}

/* Speech also where it is muted. */
static float hear(void *context, unsigned int channel, int64_t frame)
{
	const struct room *room = context;
	uint32_t packet = (uint32_t)(frame / SOUND_PERIOD_FRAMES / 2);

	(void)channel;
	return kind_of(packet) == SILENCE ? 0 : room->speech[frame % SPEECH_FRAMES];
}

static void on_packet(void *context, uint32_t sequence, int64_t capture_us, const uint8_t *data,
		      size_t length)
{
	struct room *room = context;

	meeting_send_sound(room->guest.meeting, sequence, capture_us, data, length);
}

/* In its own thread: the microphone's time is the real one. */
static void speak(void *context)
{
	struct room *room = context;
	struct opus_out_block block;

	for (uint32_t period = 0; period < 2 * PACKETS; period++) {
		while (room->mic->ops->read(room->mic, block.samples, INT64_MAX,
					    &block.capture_us) == SOUND_TIMEOUT)
			continue;
		opus_out_set_muted(room->out, kind_of(period / 2) == MUTED);
		opus_out_put(room->out, &block);
	}
}

static void start(struct room *room, struct test_pki *pki)
{
	static const uint16_t members[] = {CALL_BENCH_YOU, CALL_BENCH_FAR, 5};
	const struct net_identity_files files = test_pki_identity(pki, "ca", "room");
	const struct fake_mic_config mic = {.channels = 1, .hear = hear, .context = room};
	const struct opus_out_config out = {
		.bitrate = 32000,
		.complexity = 5,
		.sink = on_packet,
		.context = room,
	};
	struct meeting_config config;
	struct sound_device_info info;

	room->speech = voices_load(VOICE_READER, SPEECH_FRAMES, 0.1);
	room->cipher = cipher_bench_create(members);
	cipher_bench_begin(room->cipher, CIPHER_BENCH_ROOM, 1);
	call_bench_start_script(&room->script, pki, 0);
	config = call_bench_make_config(&room->guest, &files, fake_hub_port(room->script.hub));
	config.cipher = cipher_bench_ops();
	config.cipher_context = room->cipher;
	call_bench_start_config(&room->guest, &config);
	call_bench_admit(&room->script);
	call_bench_expect_phase(&room->guest, MEETING_IN);
	meeting_hold_media(room->guest.meeting, false);
	assert_int_equal(opus_out_create(&out, &room->out), 0);
	assert_int_equal(fake_mic_create(&mic, &room->mic), 0);
	assert_int_equal(room->mic->ops->open(room->mic, &info), SOUND_OK);
	assert_int_equal(thread_start("mouth", speak, room, &room->mouth), 0);
}

static void stop(struct room *room)
{
	thread_join(room->mouth);
	room->mic->ops->close(room->mic);
	room->mic->ops->destroy(room->mic);
	opus_out_destroy(room->out);
	call_bench_stop_meeting(&room->script, &room->guest);
	cipher_bench_destroy(room->cipher);
	free(room->speech);
	free(room);
}

/* Without the SFrame header, which grows with the counter in it, whatever is said. */
static size_t size_of(const struct fake_hub_event *event)
{
	struct sframe_header header;

	assert_int_equal(sframe_header_read(event->data + OBJECT_HEADER_BYTES,
					    event->length - OBJECT_HEADER_BYTES, &header),
			 0);
	assert_in_range(event->length, header.length, SIZES_MAX - 1);
	return event->length - header.length;
}

/* Notes what the hub sees, up to the last packet. */
static void watch(struct room *room)
{
	struct object_header header = {.group = 0};
	struct seen *seen;
	int64_t before_us = 0;
	uint32_t before = 0;

	while (header.group != PACKETS - 1) {
		call_bench_until(&room->script, CALL_BENCH_SEEN_SOUND);
		assert_int_equal(object_parse(room->script.event.data, room->script.event.length,
					      &header),
				 OBJECT_OK);
		seen = &room->seen[kind_of(header.group)];
		seen->sizes[size_of(&room->script.event)]++;
		if (header.group == before + 1 && header.group % TURN_PACKETS >= SETTLING)
			seen->intervals_us[seen->count++] =
				room->script.event.arrival_us - before_us;
		before = header.group;
		before_us = room->script.event.arrival_us;
	}
}

static int compare(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

/* The largest distance between the two shares of intervals of at most so many µs. Both in order. */
static double distance(const struct seen *a, const struct seen *b)
{
	double largest = 0;
	size_t i = 0, j = 0;

	while (i < a->count && j < b->count) {
		int64_t us = a->intervals_us[i] < b->intervals_us[j] ? a->intervals_us[i]
								     : b->intervals_us[j];

		while (i < a->count && a->intervals_us[i] == us)
			i++;
		while (j < b->count && b->intervals_us[j] == us)
			j++;
		largest = fmax(largest,
			       fabs((double)i / (double)a->count - (double)j / (double)b->count));
	}
	return largest;
}

static void print(const char *name, const struct seen *seen)
{
	size_t bins[BINS] = {0};

	print_message("%-8s", name);
	for (size_t size = 0; size < SIZES_MAX; size++)
		if (seen->sizes[size] > 0)
			print_message(" %zu of %zu bytes;", seen->sizes[size], size);
	for (size_t i = 0; i < seen->count; i++) {
		int64_t bin = seen->intervals_us[i] / BIN_US;

		bins[bin < BINS ? bin : BINS - 1]++;
	}
	print_message(" intervals by %d ms:", BIN_US / 1000);
	for (size_t bin = 0; bin < BINS; bin++)
		print_message(" %zu", bins[bin]);
	print_message("\n");
}

static void test_shape_says_nothing(void **state)
{
	static const char *const names[KINDS] = {"speech", "silence", "muted"};
	struct room *room = calloc(1, sizeof(*room));

	assert_non_null(room);
	start(room, *state);
	watch(room);
	for (int kind = 0; kind < KINDS; kind++) {
		struct seen *seen = &room->seen[kind];

		qsort(seen->intervals_us, seen->count, sizeof(seen->intervals_us[0]), compare);
		print(names[kind], seen);
		/* Of the same sizes, and nothing is left out. */
		assert_memory_equal(seen->sizes, room->seen[SPEECH].sizes, sizeof(seen->sizes));
		assert_true(seen->count > 100);
	}
	for (int kind = SILENCE; kind < KINDS; kind++) {
		double d = distance(&room->seen[SPEECH], &room->seen[kind]);

		print_message("speech and %s: distance of times %.3f, by chance up to %.3f\n",
			      names[kind], d, DISTANCE_MAX);
		assert_true(d < DISTANCE_MAX);
	}
	stop(room);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shape_says_nothing),
	};

	return cmocka_run_group_tests(tests, test_pki_set_up, test_pki_tear_down);
}
