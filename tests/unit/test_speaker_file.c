/* drivers/speaker_file, wav and sound_setting: speakers without a card. */
#include "base/clock.h"
#include "drivers/sound_file.h"
#include "drivers/sound_setting.h"
#include "drivers/speaker_file.h"
#include "drivers/wav.h"
#include "tests/fake/fake_alloc.h"
#include "tests/fake/no_heap.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char path[] = "/tmp/test_speaker_file.XXXXXX";

static struct speaker *open_speaker(uint64_t bytes_max)
{
	struct sound_device_info info;
	struct speaker *speaker;

	assert_int_equal(speaker_file_create(path, bytes_max, &speaker), 0);
	assert_int_equal(speaker->ops->open(speaker, &info), SOUND_OK);
	assert_non_null(strstr(info.text, path));
	return speaker;
}

static void wait_until(int64_t due_us)
{
	struct timespec due = clock_timespec(due_us);

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
}

/* Writes a period as soon as there is room, at most a second from now. */
static void write_period(struct speaker *speaker, const float *samples)
{
	int64_t deadline_us = clock_now_us() + CLOCK_US_PER_S;

	while (speaker->ops->write(speaker, samples) == SOUND_TIMEOUT) {
		assert_true(clock_now_us() < deadline_us);
		wait_until(clock_now_us() + speaker->ops->queued_us(speaker) - 30000);
	}
}

static size_t read_file(uint8_t *bytes, size_t size)
{
	FILE *file = fopen(path, "r");
	size_t length;
	int r;

	if (!file)
		abort();
	length = fread(bytes, 1, size, file);
	r = fclose(file);
	assert_int_equal(r, 0);
	return length;
}

static uint32_t u32(const uint8_t *bytes)
{
	return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
	       (uint32_t)bytes[3] << 24;
}

static void test_file_holds_what_was_played(void **state)
{
	static uint8_t bytes[96 + 4 * 960 + 1];
	float samples[SOUND_PERIOD_FRAMES], back[SOUND_PERIOD_FRAMES];
	struct speaker *speaker = open_speaker(0);
	struct sound_file *file;
	int64_t before_us = clock_now_us(), after_us;
	int64_t start_us;

	(void)state;
	for (int i = 0; i < SOUND_PERIOD_FRAMES; i++)
		samples[i] = (float)(i - 240) / 256;
	for (int n = 0; n < 4; n++)
		write_period(speaker, samples);
	after_us = clock_now_us();
	speaker->ops->close(speaker);
	assert_int_equal(speaker->xruns, 0);
	assert_null(atomic_load(&speaker->fault));
	speaker->ops->destroy(speaker);

	assert_int_equal(read_file(bytes, sizeof(bytes)), 96 + 4 * 960);
	assert_memory_equal(bytes, "RIFF", 4);
	assert_int_equal(u32(bytes + 4), 88 + 4 * 960);
	assert_memory_equal(bytes + 88, "data", 4);
	assert_int_equal(u32(bytes + 92), 4 * 960);
	assert_memory_equal(bytes + 56, "start_us=", 9);
	start_us = strtoll((const char *)bytes + 65, NULL, 10);
	assert_in_range(start_us, before_us, after_us);

	/* Another program's reader finds the same in it. */
	assert_int_equal(sound_file_open(path, &file), 0);
	for (int n = 0; n < 4; n++) {
		assert_int_equal(sound_file_read(file, back), 0);
		for (int i = 0; i < SOUND_PERIOD_FRAMES; i++)
			assert_true(back[i] - samples[i] < 0.0001f &&
				    samples[i] - back[i] < 0.0001f);
	}
	sound_file_close(file);
}

/* A pause is silence in the file, so that place and time stay one. */
static void test_pause_is_silence(void **state)
{
	static uint8_t bytes[96 + 20000];
	float samples[SOUND_PERIOD_FRAMES];
	struct speaker *speaker = open_speaker(0);
	int64_t first_us, second_us;
	size_t length, frames;

	(void)state;
	for (int i = 0; i < SOUND_PERIOD_FRAMES; i++)
		samples[i] = 0.5f;
	first_us = clock_now_us();
	write_period(speaker, samples);
	assert_in_range(speaker->ops->queued_us(speaker), 1, SOUND_PERIOD_US);
	wait_until(first_us + 60000);
	assert_int_equal(speaker->ops->queued_us(speaker), 0);
	second_us = clock_now_us();
	write_period(speaker, samples);
	speaker->ops->close(speaker);
	assert_int_equal(speaker->xruns, 1);
	speaker->ops->destroy(speaker);

	length = read_file(bytes, sizeof(bytes));
	frames = (length - 96) / 2;
	assert_in_range((int64_t)(frames - SOUND_PERIOD_FRAMES) * 1000 / 48,
			second_us - first_us - 1000, second_us - first_us + 5000);
	assert_int_equal(bytes[96 + 2 * 479 + 1], 0x40);
	assert_int_equal(bytes[96 + 2 * 480 + 1], 0);
	assert_int_equal(bytes[96 + 2 * (frames - 480) - 1], 0);
	assert_int_equal(bytes[96 + 2 * (frames - 480) + 1], 0x40);
}

static void test_writing_does_not_wait(void **state)
{
	float samples[SOUND_PERIOD_FRAMES] = {0};
	struct speaker *speaker = open_speaker(0);
	enum sound_result result = SOUND_OK;
	unsigned int taken = 0;

	(void)state;
	no_heap_begin();
	while (taken < 1000 && result == SOUND_OK) {
		result = speaker->ops->write(speaker, samples);
		taken += result == SOUND_OK;
	}
	assert_int_equal(no_heap_end(), 0);
	assert_int_equal(result, SOUND_TIMEOUT);
	assert_true(taken >= 4 && taken < 1000);
	assert_in_range(speaker->ops->delay_us(speaker), 0, 40000);
	speaker->ops->close(speaker);
	speaker->ops->destroy(speaker);
}

static void test_recording_is_bounded(void **state)
{
	static uint8_t bytes[10000];
	float samples[SOUND_PERIOD_FRAMES] = {0};
	struct speaker *speaker = open_speaker(96 + 3 * 960 + 100);

	(void)state;
	for (int n = 0; n < 6; n++)
		write_period(speaker, samples);
	speaker->ops->close(speaker);
	assert_string_equal(atomic_load(&speaker->fault),
			    "the recording is as long as allowed; playing goes on");
	speaker->ops->destroy(speaker);
	assert_int_equal(read_file(bytes, sizeof(bytes)), 96 + 3 * 960);
	assert_int_equal(u32(bytes + 92), 3 * 960);
}

/* /dev/full is a disk that has no room, always. */
static void test_full_disk_does_not_stop_playing(void **state)
{
	float samples[SOUND_PERIOD_FRAMES] = {0};
	struct sound_device_info info;
	struct speaker *speaker;

	(void)state;
	assert_int_equal(speaker_file_create("/dev/full", 0, &speaker), 0);
	assert_int_equal(speaker->ops->open(speaker, &info), SOUND_OK);
	for (int n = 0; n < 6; n++)
		write_period(speaker, samples);
	speaker->ops->close(speaker);
	assert_string_equal(atomic_load(&speaker->fault),
			    "the disk is full: recording ended, playing goes on");
	speaker->ops->destroy(speaker);
}

static void test_unwritable_path_is_told(void **state)
{
	struct sound_device_info info;
	struct speaker *speaker;

	(void)state;
	assert_int_equal(speaker_file_create("/nonexistent/out.wav", 0, &speaker), 0);
	assert_int_equal(speaker->ops->open(speaker, &info), SOUND_FAILED);
	assert_string_equal(atomic_load(&speaker->fault), "the recording cannot be written");
	speaker->ops->destroy(speaker);
}

static void test_speaker_for_nobody(void **state)
{
	float samples[SOUND_PERIOD_FRAMES] = {0};
	struct sound_device_info info;
	struct speaker *speaker;

	(void)state;
	assert_int_equal(sound_setting_speaker("none", &speaker), 0);
	assert_int_equal(speaker->ops->open(speaker, &info), SOUND_OK);
	assert_int_equal(speaker->ops->queued_us(speaker), 0);
	for (int n = 0; n < 4; n++)
		write_period(speaker, samples);
	assert_in_range(speaker->ops->queued_us(speaker), 1, 40000);
	assert_int_equal(speaker->xruns, 0);
	speaker->ops->close(speaker);
	speaker->ops->destroy(speaker);
}

static void test_settings(void **state)
{
	static const struct {
		const char *text;
		int mic, speaker;
	} cases[] = {
		{"auto", 0, 0},
		{"hw:1,0", 0, 0},
		{"file:/tmp/a.wav", 0, 0},
		{"file:", -EINVAL, -EINVAL},
		{"", -EINVAL, -EINVAL},
		{"none", 0, 0},
	};
	static const struct {
		const char *text;
		int mic;
	} tests[] = {
		{"test:", 0},        {"test:0", 0},       {"test:7", 0},
		{"test:8", -EINVAL}, {"test:x", -EINVAL}, {"test:12", -EINVAL},
	};
	struct speaker *speaker;
	struct mic *mic;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(sound_setting_mic(cases[i].text, &mic), cases[i].mic);
		if (cases[i].mic == 0 && strcmp(cases[i].text, "none") != 0)
			mic->ops->destroy(mic);
		assert_int_equal(sound_setting_speaker(cases[i].text, &speaker), cases[i].speaker);
		if (cases[i].speaker == 0)
			speaker->ops->destroy(speaker);
	}
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		assert_int_equal(sound_setting_mic(tests[i].text, &mic), tests[i].mic);
		if (tests[i].mic == 0)
			mic->ops->destroy(mic);
	}
	assert_int_equal(sound_setting_mic("none", &mic), 0);
	assert_null(mic);
}

static void test_without_memory(void **state)
{
	struct sound_device_info info;
	enum sound_result result;
	struct speaker *speaker;
	int r;

	(void)state;
	for (unsigned int n = 1;; n++) {
		fake_alloc_arm(n);
		r = speaker_file_create(path, 0, &speaker);
		if (!fake_alloc_disarm())
			break;
		assert_int_equal(r, -ENOMEM);
	}
	assert_int_equal(r, 0);
	for (unsigned int n = 1;; n++) {
		fake_alloc_arm(n);
		result = speaker->ops->open(speaker, &info);
		if (!fake_alloc_disarm())
			break;
		assert_int_equal(result, SOUND_FAILED);
	}
	assert_int_equal(result, SOUND_OK);
	speaker->ops->close(speaker);
	speaker->ops->destroy(speaker);
}

static int make_path(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int remove_path(void **state)
{
	(void)state;
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_file_holds_what_was_played),
		cmocka_unit_test(test_pause_is_silence),
		cmocka_unit_test(test_writing_does_not_wait),
		cmocka_unit_test(test_recording_is_bounded),
		cmocka_unit_test(test_full_disk_does_not_stop_playing),
		cmocka_unit_test(test_unwritable_path_is_told),
		cmocka_unit_test(test_speaker_for_nobody),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_without_memory),
	};

	if (!no_heap_install())
		print_message("# without a sanitizer the heap is not watched\n");
	return cmocka_run_group_tests(tests, make_path, remove_path);
}
