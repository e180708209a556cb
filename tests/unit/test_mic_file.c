/* drivers/mic_file and sound_file: recorded files as microphones, in real time, looped. */
#include "base/clock.h"
#include "drivers/mic_file.h"
#include "drivers/sound_file.h"
#include "tests/fake/fake_alloc.h"
#include "tests/fake/no_heap.h"

#include <errno.h>
#include <fcntl.h>
#include <libavutil/log.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char path[] = "/tmp/test_mic_file.XXXXXX";

static void put(FILE *file, uint32_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		fputc((int)(value >> (8 * i) & 0xff), file);
}

static FILE *open_path(void)
{
	FILE *file = fopen(path, "w");

	if (!file)
		abort();
	return file;
}

static void close_path(FILE *file)
{
	int r = fclose(file);

	assert_int_equal(r, 0);
}

static FILE *begin_wav(unsigned int channels, unsigned int rate_hz, unsigned int frames)
{
	FILE *file = open_path();

	fputs("RIFF", file);
	put(file, 36 + frames * channels * 2, 4);
	fputs("WAVEfmt ", file);
	put(file, 16, 4);
	put(file, 1, 2);
	put(file, channels, 2);
	put(file, rate_hz, 4);
	put(file, rate_hz * channels * 2, 4);
	put(file, channels * 2, 2);
	put(file, 16, 2);
	fputs("data", file);
	put(file, frames * channels * 2, 4);
	return file;
}

/* Channel c of frame n is (n % 1000) * (c + 1), in 16 bits. */
static void write_ramp(unsigned int channels, unsigned int rate_hz, unsigned int frames)
{
	FILE *file = begin_wav(channels, rate_hz, frames);

	for (unsigned int n = 0; n < frames; n++)
		for (unsigned int c = 0; c < channels; c++)
			put(file, n % 1000 * (c + 1), 2);
	close_path(file);
}

static void write_bytes(const char *bytes, size_t length)
{
	FILE *file = open_path();

	assert_int_equal(fwrite(bytes, 1, length, file), length);
	close_path(file);
}

static struct sound_file *open_file(void)
{
	struct sound_file *file;

	assert_int_equal(sound_file_open(path, &file), 0);
	return file;
}

/* 1234 frames: no whole number of periods, so that the seam lies anywhere. */
static void test_loop_has_no_gap(void **state)
{
	float samples[SOUND_PERIOD_FRAMES * 2];
	struct sound_file *file;
	size_t n = 0;

	(void)state;
	write_ramp(2, 48000, 1234);
	file = open_file();
	assert_int_equal(sound_file_channels(file), 2);
	for (int period = 0; period < 50; period++) {
		assert_int_equal(sound_file_read(file, samples), 0);
		for (size_t i = 0; i < SOUND_PERIOD_FRAMES; i++, n++) {
			float expected = (float)(n % 1234 % 1000) / 32768;

			assert_true(samples[2 * i] == expected);
			assert_true(samples[2 * i + 1] == 2 * expected);
		}
	}
	sound_file_close(file);
}

/* The same second of a tone in whatever rate is a tone of the same pitch and level. */
static void test_rates_are_converted(void **state)
{
	static const unsigned int rates_hz[] = {8000, 22050, 44100, 96000};

	(void)state;
	for (size_t r = 0; r < sizeof(rates_hz) / sizeof(rates_hz[0]); r++) {
		float samples[SOUND_PERIOD_FRAMES];
		double sine = 0, cosine = 0;
		unsigned int hz = rates_hz[r];
		struct sound_file *file;
		FILE *wav = begin_wav(1, hz, hz);

		for (unsigned int n = 0; n < hz; n++)
			put(wav, (uint32_t)(int16_t)lrint(16384 * sin(2 * M_PI * 500 * n / hz)), 2);
		close_path(wav);
		file = open_file();
		for (int period = 0; period < 90; period++) {
			assert_int_equal(sound_file_read(file, samples), 0);
			for (int i = 0; i < SOUND_PERIOD_FRAMES; i++) {
				double phase = 2 * M_PI * 500 * (period * 480 + i) / 48000;

				sine += samples[i] * sin(phase);
				cosine += samples[i] * cos(phase);
			}
		}
		assert_true(fabs(2 * hypot(sine, cosine) / (90 * 480) - 0.5) < 0.01);
		sound_file_close(file);
	}
}

static void test_arrays_of_microphones(void **state)
{
	static const struct {
		unsigned int channels;
		int result;
	} cases[] = {{1, 0}, {3, 0}, {10, 0}, {16, 0}, {17, -EINVAL}};
	float samples[SOUND_PERIOD_FRAMES * SOUND_CHANNELS_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned int channels = cases[i].channels;
		struct sound_file *file = NULL;

		write_ramp(channels, 48000, 4800);
		assert_int_equal(sound_file_open(path, &file), cases[i].result);
		if (!file)
			continue;
		assert_int_equal(sound_file_channels(file), channels);
		assert_int_equal(sound_file_read(file, samples), 0);
		for (unsigned int c = 0; c < channels; c++)
			assert_true(samples[7 * channels + c] == (float)(7 * (c + 1)) / 32768);
		sound_file_close(file);
	}
}

static void test_broken_files_are_refused(void **state)
{
	static const char text[] = "There is no sound in this, however long one listens.\n";
	static const char playlist[] = "#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.wav\n";
	struct sound_file *file = NULL;

	(void)state;
	assert_int_equal(sound_file_open("/nonexistent/file.wav", &file), -ENOENT);
	write_bytes("", 0);
	assert_int_equal(sound_file_open(path, &file), -EINVAL);
	write_bytes(text, sizeof(text) - 1);
	assert_int_equal(sound_file_open(path, &file), -EINVAL);
	write_bytes(playlist, sizeof(playlist) - 1);
	assert_int_equal(sound_file_open(path, &file), -EINVAL);
	write_ramp(2, 48000, 4800);
	assert_int_equal(truncate(path, 44), 0); /* a header and nothing else */
	assert_int_equal(sound_file_open(path, &file), -EINVAL);
	assert_null(file);
	sound_file_close(NULL);
}

/* A file that breaks off is what there is of it. */
static void test_truncated_file_plays_what_it_has(void **state)
{
	float samples[SOUND_PERIOD_FRAMES];
	struct sound_file *file;

	(void)state;
	write_ramp(1, 48000, 48000);
	assert_int_equal(truncate(path, 44 + 2 * 700 + 1), 0);
	file = open_file();
	assert_int_equal(sound_file_read(file, samples), 0);
	assert_int_equal(sound_file_read(file, samples), 0);
	assert_true(samples[219] == 699.0f / 32768);
	assert_true(samples[220] == 0);
	assert_true(samples[221] == 1.0f / 32768);
	sound_file_close(file);
}

static void test_microphone_plays_in_real_time(void **state)
{
	float samples[SOUND_PERIOD_FRAMES * 2];
	struct sound_device_info info;
	int64_t first_us = 0, capture_us;
	unsigned int heaps = 0;
	struct mic *mic;

	(void)state;
	write_ramp(2, 48000, 48000);
	assert_int_equal(mic_file_create(path, &mic), 0);
	assert_int_equal(mic->ops->open(mic, &info), SOUND_OK);
	assert_int_equal(info.channels, 2);
	assert_non_null(strstr(info.text, path));
	for (int n = 0; n < 100; n++) {
		no_heap_begin();
		assert_int_equal(mic->ops->read(mic, samples, clock_now_us() + 5000000,
						&capture_us),
				 SOUND_OK);
		heaps += no_heap_end();
		assert_true(clock_now_us() >= capture_us + SOUND_PERIOD_US);
		if (n == 0)
			first_us = capture_us;
		assert_true(capture_us >= first_us + n * SOUND_PERIOD_US);
		assert_true(samples[2] == (float)((n * 480 + 1) % 1000) / 32768);
	}
	assert_int_equal(heaps, 0);
	assert_int_equal(mic->ops->read(mic, samples, 1, &capture_us), SOUND_TIMEOUT);
	mic->ops->close(mic);
	mic->ops->destroy(mic);
}

static void test_microphone_says_what_is_wrong(void **state)
{
	float samples[SOUND_PERIOD_FRAMES];
	enum sound_result result = SOUND_OK;
	struct sound_device_info info;
	int64_t capture_us, deadline_us;
	struct mic *mic;

	(void)state;
	unlink(path);
	assert_int_equal(mic_file_create(path, &mic), 0);
	assert_int_equal(mic->ops->open(mic, &info), SOUND_ABSENT);
	write_bytes("no sound", 8);
	assert_int_equal(mic->ops->open(mic, &info), SOUND_FAILED);

	/* Deleted while it plays: the end of a pass finds nothing to begin again. */
	write_ramp(1, 48000, 4800);
	assert_int_equal(mic->ops->open(mic, &info), SOUND_OK);
	unlink(path);
	deadline_us = clock_now_us() + 10 * CLOCK_US_PER_S;
	while (result == SOUND_OK && clock_now_us() < deadline_us)
		result = mic->ops->read(mic, samples, deadline_us, &capture_us);
	assert_int_equal(result, SOUND_FAILED);
	mic->ops->close(mic);
	assert_int_equal(mic->ops->open(mic, &info), SOUND_ABSENT);

	write_ramp(1, 48000, 4800);
	assert_int_equal(mic->ops->open(mic, &info), SOUND_OK);
	mic->ops->close(mic);
	mic->ops->destroy(mic);
}

static void test_without_memory(void **state)
{
	struct sound_device_info info;
	enum sound_result result;
	struct mic *mic;
	int r;

	(void)state;
	write_ramp(1, 48000, 4800);
	for (unsigned int n = 1;; n++) {
		fake_alloc_arm(n);
		r = mic_file_create(path, &mic);
		if (!fake_alloc_disarm())
			break;
		assert_int_equal(r, -ENOMEM);
	}
	assert_int_equal(r, 0);
	for (unsigned int n = 1;; n++) {
		fake_alloc_arm(n);
		result = mic->ops->open(mic, &info);
		if (!fake_alloc_disarm())
			break;
		assert_int_equal(result, SOUND_FAILED);
	}
	assert_int_equal(result, SOUND_OK);
	mic->ops->close(mic);
	mic->ops->destroy(mic);
}

static int make_path(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	if (fd < 0)
		return -1;
	av_log_set_level(AV_LOG_QUIET);
	return close(fd);
}

static int remove_path(void **state)
{
	(void)state;
	unlink(path);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loop_has_no_gap),
		cmocka_unit_test(test_rates_are_converted),
		cmocka_unit_test(test_arrays_of_microphones),
		cmocka_unit_test(test_broken_files_are_refused),
		cmocka_unit_test(test_truncated_file_plays_what_it_has),
		cmocka_unit_test(test_microphone_plays_in_real_time),
		cmocka_unit_test(test_microphone_says_what_is_wrong),
		cmocka_unit_test(test_without_memory),
	};

	if (!no_heap_install())
		print_message("# without a sanitizer the heap is not watched\n");
	return cmocka_run_group_tests(tests, make_path, remove_path);
}
