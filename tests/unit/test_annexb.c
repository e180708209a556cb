/* camera/annexb and camera/meter: finding units, completing IDRs, counting a second. */
#include "base/clock.h"
#include "camera/annexb.h"
#include "camera/meter.h"
#include "tests/fake/fake_alloc.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SPS "\0\0\0\1\x67sps"
#define PPS "\0\0\0\1\x68pps"
#define SEI "\0\0\1\x06sei"
#define IDR "\0\0\1\x65idr"
#define OPEN_SPS "\x67\x42\xc0\x1e\xda\x05\x06\x64"
#define CLOSED_SPS "\x67\x42\xc0\x1e\xda\x05\x06\x68\x07\x84\x02\x15"
#define SLICE "\0\0\1\x41slice"

/* Text with its length, without the end that C puts on. */
#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

static AVPacket *make_packet(const uint8_t *data, size_t size)
{
	AVPacket *packet = av_packet_alloc();

	assert_non_null(packet);
	assert_int_equal(av_new_packet(packet, (int)size), 0);
	memcpy(packet->data, data, size);
	return packet;
}

static void assert_data(const AVPacket *packet, const uint8_t *data, size_t size)
{
	assert_int_equal(packet->size, size);
	assert_memory_equal(packet->data, data, size);
}

static void finds_each_unit(void **state)
{
	static const struct {
		const uint8_t *data;
		size_t size;
		int types[4]; /* 0 ends the list */
		size_t sizes[4];
	} cases[] = {
		{BYTES(""), {0}, {0}},
		{BYTES("\0\0"), {0}, {0}},
		{BYTES("\0\0\1"), {0}, {0}},
		{BYTES("\0\0\1\x65"), {5}, {4}},
		{BYTES("garbage" IDR), {5}, {7}},
		{BYTES(SPS PPS IDR), {7, 8, 5}, {7, 7, 7}},
		/* zeros before a start code belong to no unit */
		{BYTES("\0\0\0\0\0\1\x67s\0\0\0\0\0\1\x68p\0\0"), {7, 8}, {5, 7}},
		{BYTES("\0\0\1\x67\0\0\1"), {7}, {4}},
		{BYTES("\0\0\2\x67\0\1\0\0\3"), {0}, {0}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct annexb_unit unit;
		size_t offset = 0, n = 0;

		while (annexb_next(cases[i].data, cases[i].size, &offset, &unit)) {
			assert_true(n < 4 && cases[i].types[n]);
			assert_int_equal(unit.type, cases[i].types[n]);
			assert_int_equal(unit.size, cases[i].sizes[n]);
			assert_memory_equal(unit.data, "\0\0\1", 3);
			assert_true(unit.data + unit.size <= cases[i].data + cases[i].size);
			n++;
		}
		assert_true(n == 4 || cases[i].types[n] == 0);
	}
}

/* Access units in a row through the same parameter sets: what each becomes. */
static void completes_access_units(void **state)
{
	static const struct {
		const uint8_t *data;
		size_t size;
		int result;
		bool key;
		const uint8_t *completed;
		size_t completed_size;
	} cases[] = {
		{BYTES(IDR), -EPROTO, true, BYTES(IDR)},
		{BYTES(SLICE), 0, false, BYTES(SLICE)},
		{BYTES(SPS PPS), -EAGAIN, false, BYTES(SPS PPS)},
		{BYTES(SEI IDR), 0, true, BYTES(SPS PPS SEI IDR)},
		{BYTES(SLICE SLICE), 0, false, BYTES(SLICE SLICE)},
		/* newer ones, which come with their IDR */
		{BYTES("\0\0\0\1\x67new" PPS IDR), 0, true, BYTES("\0\0\0\1\x67new" PPS IDR)},
		{BYTES(IDR), 0, true, BYTES("\0\0\0\1\x67new" PPS IDR)},
		/* one of the two */
		{BYTES("\0\0\1\x68two" IDR), 0, true, BYTES("\0\0\0\1\x67new\0\0\0\1\x68two" IDR)},
		/* a delimiter would have to be the first */
		{BYTES("\0\0\1\x09\x10" IDR), 0, true, BYTES("\0\0\0\1\x67new\0\0\0\1\x68two" IDR)},
		/* an SPS that leaves reordering open, a shared packet or not */
		{BYTES("\0\0\1" OPEN_SPS PPS SEI IDR), 0, true,
		 BYTES("\0\0\0\1" CLOSED_SPS PPS SEI IDR)},
		{BYTES(IDR), 0, true, BYTES("\0\0\0\1" CLOSED_SPS PPS IDR)},
		{BYTES(SEI), -EAGAIN, false, BYTES(SEI)},
		{BYTES(""), -EAGAIN, false, BYTES("")},
	};
	struct annexb_sets sets = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		AVPacket *packet = make_packet(cases[i].data, cases[i].size);

		/* an encoder may say so of any */
		packet->flags |= AV_PKT_FLAG_KEY;
		assert_int_equal(annexb_complete(&sets, packet), cases[i].result);
		assert_int_equal((packet->flags & AV_PKT_FLAG_KEY) != 0, cases[i].key);
		assert_data(packet, cases[i].completed, cases[i].completed_size);
		av_packet_free(&packet);
	}
	annexb_sets_finish(&sets);
}

/* A packet that others read too is not written into. */
static void leaves_shared_packets_alone(void **state)
{
	struct annexb_sets sets = {0};
	AVPacket *packet = make_packet(BYTES(IDR)), *other = av_packet_clone(packet);

	(void)state;
	assert_non_null(other);
	assert_int_equal(annexb_sets_update(&sets, BYTES(SPS PPS)), 0);
	assert_int_equal(annexb_complete(&sets, packet), 0);
	assert_data(packet, BYTES(SPS PPS IDR));
	assert_data(other, BYTES(IDR));
	av_packet_free(&packet);
	av_packet_free(&other);
	annexb_sets_finish(&sets);
}

/* Sets beyond a few KiB are no sets: the stream could grow without end. */
static void bounds_the_parameter_sets(void **state)
{
	static const uint8_t head[] = {0, 0, 1, 0x67};
	struct annexb_sets sets = {0};
	uint8_t data[8192];

	(void)state;
	memset(data, 'x', sizeof(data));
	memcpy(data, head, sizeof(head));
	assert_int_equal(annexb_sets_update(&sets, data, sizeof(data)), 0);
	assert_null(sets.sps);
	assert_int_equal(annexb_sets_update(&sets, data, 4000), 0);
	assert_int_equal(sets.sps_size, 4001);
	for (size_t i = 0; i + 8 <= sizeof(data); i += 8)
		memcpy(data + i, head, sizeof(head));
	assert_int_equal(annexb_sets_update(&sets, data, sizeof(data)), 0);
	assert_in_range(sets.sps_size, 9, 4096);
	annexb_sets_finish(&sets);
}

static void runs_out_of_memory_cleanly(void **state)
{
	struct annexb_sets sets = {0};

	(void)state;
	for (unsigned int n = 1;; n++) {
		AVPacket *packet = make_packet(BYTES(SPS SPS PPS IDR));
		int r;

		fake_alloc_arm(n);
		r = annexb_complete(&sets, packet);
		av_packet_free(&packet);
		if (!fake_alloc_disarm()) {
			assert_int_equal(r, 0);
			break;
		}
		assert_int_equal(r, -ENOMEM);
	}
	annexb_sets_finish(&sets);
}

static void measures_what_comes_a_second(void **state)
{
	struct meter meter = {0};
	int64_t now_us = 5 * CLOCK_US_PER_S;

	(void)state;
	assert_true(meter_read(&meter, now_us) == 0);
	for (int i = 0; i < 30; i++) {
		meter_add(&meter, 100, now_us);
		now_us += 40000;
	}
	/* 25 of them in a whole second */
	assert_true(meter_read(&meter, now_us) == 2500);
	for (int i = 0; i < 60; i++) {
		meter_add(&meter, 100, now_us);
		now_us += 20000;
	}
	assert_true(meter_read(&meter, now_us) > 4000);
	assert_true(meter_read(&meter, now_us + 3 * CLOCK_US_PER_S) == 0);
	/* a pause begins a new measurement */
	meter_add(&meter, 100, now_us + 10 * CLOCK_US_PER_S);
	assert_true(meter_read(&meter, now_us + 10 * CLOCK_US_PER_S) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_each_unit),
		cmocka_unit_test(completes_access_units),
		cmocka_unit_test(leaves_shared_packets_alone),
		cmocka_unit_test(bounds_the_parameter_sets),
		cmocka_unit_test(runs_out_of_memory_cleanly),
		cmocka_unit_test(measures_what_comes_a_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
