/*
 * drivers/mic_alsa, speaker_alsa, alsa_pcm, alsa_pick, pcm_format and pcm_rate: against the real
 * alsa-lib with PCMs of its own that need no kernel, and a card that a few replaced calls make
 * mono, slow, busy, unplugged or overrun.
 */
#include "base/clock.h"
#include "drivers/alsa_pick.h"
#include "drivers/mic_alsa.h"
#include "drivers/pcm_format.h"
#include "drivers/pcm_rate.h"
#include "drivers/speaker_alsa.h"
#include "tests/fake/fake_alloc.h"
#include "tests/fake/no_heap.h"

#include <dlfcn.h>
#include <errno.h>
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

/* Of files, two channels. */
enum { FILE_SAMPLES = 2 * 4800, PERIOD_SAMPLES = 2 * SOUND_PERIOD_FRAMES };

/* What the card is like now. */
static struct {
	int open_error;
	unsigned int rate_hz;    /* the only one it has; 0: any */
	unsigned int channels;   /* the only number it has; 0: any */
	snd_pcm_format_t format; /* the only one it has; SND_PCM_FORMAT_UNKNOWN: any */
	bool no_mmap;
	int avail_error; /* of the next snd_pcm_avail() */
	bool empty;      /* nothing to read */
	bool disconnected;
} card;

static char folder[] = "/tmp/test_alsa.XXXXXX";

static void *real(const char *name)
{
	void *function = dlsym(RTLD_NEXT, name);

	assert_non_null(function);
	return function;
}

/* In place of alsa-lib's, which these call. */
int snd_pcm_open(snd_pcm_t **pcm, const char *name, snd_pcm_stream_t stream, int mode)
{
	int (*next)(snd_pcm_t **, const char *, snd_pcm_stream_t, int) = real("snd_pcm_open");

	return card.open_error ? card.open_error : next(pcm, name, stream, mode);
}

int snd_pcm_hw_params_set_rate_near(snd_pcm_t *pcm, snd_pcm_hw_params_t *params,
				    unsigned int *value, int *direction)
{
	int (*next)(snd_pcm_t *, snd_pcm_hw_params_t *, unsigned int *, int *) =
		real("snd_pcm_hw_params_set_rate_near");

	if (card.rate_hz)
		*value = card.rate_hz;
	return next(pcm, params, value, direction);
}

int snd_pcm_hw_params_get_channels_max(const snd_pcm_hw_params_t *params, unsigned int *value)
{
	int (*next)(const snd_pcm_hw_params_t *, unsigned int *) =
		real("snd_pcm_hw_params_get_channels_max");

	if (!card.channels)
		return next(params, value);
	*value = card.channels;
	return 0;
}

int snd_pcm_hw_params_set_channels_near(snd_pcm_t *pcm, snd_pcm_hw_params_t *params,
					unsigned int *value)
{
	int (*next)(snd_pcm_t *, snd_pcm_hw_params_t *, unsigned int *) =
		real("snd_pcm_hw_params_set_channels_near");

	if (card.channels)
		*value = card.channels;
	return next(pcm, params, value);
}

int snd_pcm_hw_params_set_format(snd_pcm_t *pcm, snd_pcm_hw_params_t *params, snd_pcm_format_t val)
{
	int (*next)(snd_pcm_t *, snd_pcm_hw_params_t *, snd_pcm_format_t) =
		real("snd_pcm_hw_params_set_format");

	if (card.format != SND_PCM_FORMAT_UNKNOWN && val != card.format)
		return -EINVAL;
	return next(pcm, params, val);
}

int snd_pcm_hw_params_set_access(snd_pcm_t *pcm, snd_pcm_hw_params_t *params,
				 snd_pcm_access_t access)
{
	int (*next)(snd_pcm_t *, snd_pcm_hw_params_t *, snd_pcm_access_t) =
		real("snd_pcm_hw_params_set_access");

	if (card.no_mmap && access == SND_PCM_ACCESS_MMAP_INTERLEAVED)
		return -EINVAL;
	return next(pcm, params, access);
}

snd_pcm_sframes_t snd_pcm_avail(snd_pcm_t *pcm)
{
	snd_pcm_sframes_t (*next)(snd_pcm_t *) = real("snd_pcm_avail");
	int error = card.avail_error;

	if (card.disconnected)
		return -ENODEV;
	if (card.empty)
		return 0;
	card.avail_error = 0;
	return error ? error : next(pcm);
}

snd_pcm_state_t snd_pcm_state(snd_pcm_t *pcm)
{
	snd_pcm_state_t (*next)(snd_pcm_t *) = real("snd_pcm_state");

	return card.disconnected ? SND_PCM_STATE_DISCONNECTED : next(pcm);
}

static int reset_card(void **state)
{
	(void)state;
	memset(&card, 0, sizeof(card));
	card.format = SND_PCM_FORMAT_UNKNOWN;
	return 0;
}

static FILE *open_path(const char *path, const char *mode)
{
	FILE *file = fopen(path, mode);

	if (!file)
		abort();
	return file;
}

static void close_path(FILE *file)
{
	int r = fclose(file);

	assert_int_equal(r, 0);
}

static const char *path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static int write_configuration(void **state)
{
	FILE *file;

	(void)state;
	assert_non_null(mkdtemp(folder));
	file = open_path(path_of("asound.conf"), "w");
	fprintf(file, "pcm.silent { type null }\n");
	fprintf(file,
		"pcm.recorded { type file slave.pcm silent file /dev/null infile %s/in "
		"format raw }\n",
		folder);
	fprintf(file, "pcm.recording { type file slave.pcm silent file %s/out format raw }\n",
		folder);
	close_path(file);
	return setenv("ALSA_CONFIG_PATH", path_of("asound.conf"), 1);
}

static int remove_folder(void **state)
{
	static const char *const names[] = {"asound.conf", "in", "out"};

	(void)state;
	for (size_t i = 0; i < 3; i++)
		unlink(path_of(names[i]));
	snd_config_update_free_global();
	return rmdir(folder);
}

static struct mic *open_mic(const char *name, struct sound_device_info *info)
{
	struct mic *mic;

	assert_int_equal(mic_alsa_create(name, &mic), 0);
	assert_int_equal(mic->ops->open(mic, info), SOUND_OK);
	return mic;
}

static void close_mic(struct mic *mic)
{
	mic->ops->close(mic);
	mic->ops->destroy(mic);
}

static enum sound_result read_period(struct mic *mic, float *samples)
{
	int64_t capture_us;

	return mic->ops->read(mic, samples, clock_now_us() + 20000, &capture_us);
}

static struct speaker *open_speaker(const char *name, struct sound_device_info *info)
{
	struct speaker *speaker;

	assert_int_equal(speaker_alsa_create(name, &speaker), 0);
	assert_int_equal(speaker->ops->open(speaker, info), SOUND_OK);
	return speaker;
}

static void close_speaker(struct speaker *speaker)
{
	speaker->ops->close(speaker);
	speaker->ops->destroy(speaker);
}

/* Values that each format must carry, as far as its bits go. */
static const float exact[] = {0, 0.5f, -0.5f, -1, 0.25f, -0.0078125f, 0.9990234375f, 1.0f / 32768};

static void test_formats_carry_samples(void **state)
{
	enum { COUNT = sizeof(exact) / sizeof(exact[0]) };
	static const float beyond[] = {1.5f, -1.5f, 1};

	(void)state;
	for (size_t f = 0; f < PCM_FORMATS; f++) {
		const struct pcm_format *format = &pcm_formats[f];
		uint8_t bytes[COUNT * 4];
		float back[COUNT];

		assert_int_equal(format->bytes, snd_pcm_format_physical_width(format->alsa) / 8);
		format->from_float(exact, bytes, COUNT);
		format->to_float(bytes, back, COUNT);
		assert_memory_equal(back, exact, sizeof(exact));
		format->from_float(beyond, bytes, 3);
		format->to_float(bytes, back, 3);
		assert_true(back[0] > 0.9999f && back[0] <= 1);
		assert_true(back[1] == -1);
		assert_true(back[2] > 0.9999f && back[2] <= 1);
	}
}

/* The file plug-in hands out the bytes of a file, as a card with samples in it would. */
static void test_microphone_reads_each_format(void **state)
{
	(void)state;
	for (int mapped = 0; mapped < 2; mapped++) {
		for (size_t f = 0; f < PCM_FORMATS; f++) {
			const struct pcm_format *format = &pcm_formats[f];
			static float written[FILE_SAMPLES], read[PERIOD_SAMPLES];
			static uint8_t bytes[sizeof(written)];
			struct sound_device_info info;
			struct mic *mic;
			FILE *file;

			for (int i = 0; i < FILE_SAMPLES; i++)
				written[i] = (float)(i % 2000 - 1000) / 1024;
			format->from_float(written, bytes, FILE_SAMPLES);
			file = open_path(path_of("in"), "w");
			assert_int_equal(fwrite(bytes, format->bytes, FILE_SAMPLES, file),
					 FILE_SAMPLES);
			close_path(file);

			card.format = format->alsa;
			card.no_mmap = !mapped;
			mic = open_mic("recorded", &info);
			assert_int_equal(info.channels, 2);
			assert_int_equal(info.rate_hz, SOUND_RATE_HZ);
			assert_non_null(strstr(info.text, snd_pcm_format_name(format->alsa)));
			assert_int_equal(!!strstr(info.text, "mmap"), mapped);
			for (size_t period = 0; period < 5; period++) {
				assert_int_equal(read_period(mic, read), SOUND_OK);
				assert_memory_equal(read, written + period * PERIOD_SAMPLES,
						    sizeof(read));
			}
			close_mic(mic);
		}
	}
}

static void test_speaker_gives_all_channels_the_same(void **state)
{
	static const snd_pcm_format_t formats[] = {SND_PCM_FORMAT_S16_LE, SND_PCM_FORMAT_S32_LE};

	(void)state;
	for (size_t f = 0; f < 2; f++) {
		struct sound_device_info info;
		float samples[SOUND_PERIOD_FRAMES];
		static uint8_t bytes[PERIOD_SAMPLES * 4];
		static float played[PERIOD_SAMPLES];
		struct speaker *speaker;
		FILE *file;

		for (int i = 0; i < SOUND_PERIOD_FRAMES; i++)
			samples[i] = (float)(i - 240) / 256;
		card.format = formats[f];
		unlink(path_of("out"));
		speaker = open_speaker("recording", &info);
		assert_int_equal(speaker->ops->write(speaker, samples), SOUND_OK);
		assert_int_equal(speaker->ops->write(speaker, samples), SOUND_OK);
		close_speaker(speaker);

		file = open_path(path_of("out"), "r");
		for (size_t k = 0; k < PCM_FORMATS; k++) {
			const struct pcm_format *format = &pcm_formats[k];
			size_t count = PERIOD_SAMPLES;

			if (format->alsa != formats[f])
				continue;
			assert_int_equal(fread(bytes, format->bytes, count, file), count);
			format->to_float(bytes, played, count);
		}
		close_path(file);
		for (size_t i = 0; i < SOUND_PERIOD_FRAMES; i++) {
			assert_true(played[2 * i] == samples[i]);
			assert_true(played[2 * i + 1] == samples[i]);
		}
	}
}

/* A card that is mono and at 44.1 kHz works, and Status says what it is. */
static void test_mono_44100_is_converted(void **state)
{
	struct sound_device_info info;
	float samples[SOUND_PERIOD_FRAMES] = {0};
	struct speaker *speaker;
	struct mic *mic;
	unsigned int heaps = 0;

	(void)state;
	card.rate_hz = 44100;
	card.channels = 1;
	mic = open_mic("silent", &info);
	speaker = open_speaker("silent", &info);
	assert_int_equal(info.rate_hz, 44100);
	assert_int_equal(info.channels, 1);
	assert_non_null(strstr(info.text, "1 channel,"));
	assert_non_null(strstr(info.text, "44100 Hz converted to 48000 Hz"));
	for (int i = 0; i < 1000; i++) {
		no_heap_begin();
		assert_int_equal(read_period(mic, samples), SOUND_OK);
		assert_int_equal(speaker->ops->write(speaker, samples), SOUND_OK);
		assert_true(speaker->ops->delay_us(speaker) >= 0);
		heaps += no_heap_end();
	}
	assert_int_equal(heaps, 0);
	close_speaker(speaker);
	close_mic(mic);
}

/* A tone through the conversion is the same tone, period by period without a hole. */
static void test_rate_conversion_keeps_a_tone(void **state)
{
	static const unsigned int rates_hz[] = {8000, 16000, 32000, 44100, 96000, 192000};

	(void)state;
	for (size_t r = 0; r < sizeof(rates_hz) / sizeof(rates_hz[0]); r++) {
		unsigned int hz = rates_hz[r];
		static float in[1920], out[PCM_RATE_OUT_MAX(SOUND_RATE_HZ)];
		double sine = 0, cosine = 0, power = 0;
		struct pcm_rate *rate;
		int64_t total = 0, at = 0;

		assert_int_equal(pcm_rate_create(1, hz, SOUND_RATE_HZ, &rate), 0);
		for (int period = 0; period < 200; period++) {
			int count;

			for (unsigned int i = 0; i < hz / 100; i++, at++)
				in[i] = (float)sin(2 * M_PI * 1000 * (double)at / hz);
			count = pcm_rate_convert(rate, in, hz / 100, out);
			assert_in_range(count, 470, 490);
			for (int i = 0; i < count; i++, total++) {
				double phase = 2 * M_PI * 1000 * (double)total / SOUND_RATE_HZ;

				if (period < 10)
					continue; /* what it was primed with */
				sine += out[i] * sin(phase);
				cosine += out[i] * cos(phase);
				power += out[i] * out[i];
			}
		}
		assert_in_range(total, 96000 - 64, 96000 + 64);
		assert_true(2 * (sine * sine + cosine * cosine) / (190 * 480) > 0.999 * power);
		assert_true(fabs(power / (190 * 480) - 0.5) < 0.005);
		assert_in_range(pcm_rate_delay_us(rate), 0, 5000);
		pcm_rate_destroy(rate);
	}
}

static void test_arrays_keep_their_channels(void **state)
{
	static float samples[SOUND_PERIOD_FRAMES * SOUND_CHANNELS_MAX];
	static const unsigned int counts[][2] = {{1, 1}, {4, 4}, {8, 8}, {16, 16}, {0, 2}};

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct sound_device_info info;
		struct mic *mic;

		card.channels = counts[i][0];
		mic = open_mic("silent", &info);
		assert_int_equal(info.channels, counts[i][1]);
		assert_int_equal(read_period(mic, samples), SOUND_OK);
		close_mic(mic);
	}
}

static void test_open_says_why_not(void **state)
{
	static const struct {
		int error;
		enum sound_result result;
	} cases[] = {
		{-ENOENT, SOUND_ABSENT}, {-ENODEV, SOUND_ABSENT}, {-ENXIO, SOUND_ABSENT},
		{-EBUSY, SOUND_BUSY},    {-EACCES, SOUND_FAILED},
	};
	struct sound_device_info info;
	struct speaker *speaker;
	struct mic *mic;

	(void)state;
	assert_int_equal(mic_alsa_create("silent", &mic), 0);
	assert_int_equal(speaker_alsa_create("silent", &speaker), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		card.open_error = cases[i].error;
		assert_int_equal(mic->ops->open(mic, &info), cases[i].result);
		assert_int_equal(speaker->ops->open(speaker, &info), cases[i].result);
	}
	card.open_error = 0;
	card.format = SND_PCM_FORMAT_MU_LAW; /* none that the room speaks */
	assert_int_equal(mic->ops->open(mic, &info), SOUND_FAILED);
	card.format = SND_PCM_FORMAT_UNKNOWN;
	assert_int_equal(mic->ops->open(mic, &info), SOUND_OK);
	mic->ops->close(mic);
	mic->ops->destroy(mic);
	speaker->ops->destroy(speaker);
}

static void test_names_that_are_not_there(void **state)
{
	static const char *const names[] = {"auto", "no such card", "hw:31,7"};
	struct sound_device_info info;
	struct speaker *speaker;
	struct mic *mic;

	(void)state;
	if (access("/proc/asound/cards", F_OK) == 0)
		skip();
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(mic_alsa_create(names[i], &mic), 0);
		assert_int_equal(mic->ops->open(mic, &info), SOUND_ABSENT);
		mic->ops->destroy(mic);
		assert_int_equal(speaker_alsa_create(names[i], &speaker), 0);
		assert_int_equal(speaker->ops->open(speaker, &info), SOUND_ABSENT);
		speaker->ops->destroy(speaker);
	}
	assert_int_equal(mic_alsa_create("", &mic), -EINVAL);
	assert_int_equal(speaker_alsa_create("", &speaker), -EINVAL);
}

static void test_xruns_are_counted_and_passed(void **state)
{
	static const int errors[] = {-EPIPE, -ESTRPIPE};
	float samples[PERIOD_SAMPLES] = {0};
	struct sound_device_info info;
	struct speaker *speaker;
	struct mic *mic;

	(void)state;
	mic = open_mic("silent", &info);
	speaker = open_speaker("silent", &info);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(read_period(mic, samples), SOUND_OK);
		card.avail_error = errors[i];
		assert_int_equal(read_period(mic, samples), SOUND_OK);
		assert_int_equal(mic->xruns, i + 1);
		card.avail_error = errors[i];
		assert_int_equal(speaker->ops->queued_us(speaker), 0);
		card.avail_error = errors[i];
		assert_int_equal(speaker->ops->write(speaker, samples), SOUND_OK);
		assert_int_equal(speaker->xruns, i + 1);
	}
	close_speaker(speaker);
	close_mic(mic);
}

static void test_unplugged_and_back(void **state)
{
	float samples[PERIOD_SAMPLES] = {0};
	struct sound_device_info info;
	struct speaker *speaker;
	struct mic *mic;

	(void)state;
	mic = open_mic("silent", &info);
	speaker = open_speaker("silent", &info);
	card.disconnected = true;
	assert_int_equal(read_period(mic, samples), SOUND_UNPLUGGED);
	assert_int_equal(speaker->ops->queued_us(speaker), 0);
	assert_int_equal(speaker->ops->write(speaker, samples), SOUND_UNPLUGGED);
	mic->ops->close(mic);
	speaker->ops->close(speaker);
	card.disconnected = false;
	assert_int_equal(mic->ops->open(mic, &info), SOUND_OK);
	assert_int_equal(speaker->ops->open(speaker, &info), SOUND_OK);
	assert_int_equal(read_period(mic, samples), SOUND_OK);
	assert_int_equal(speaker->ops->write(speaker, samples), SOUND_OK);
	close_speaker(speaker);
	close_mic(mic);
}

static void test_nothing_to_read_times_out(void **state)
{
	float samples[PERIOD_SAMPLES];
	struct sound_device_info info;
	struct mic *mic;

	(void)state;
	mic = open_mic("silent", &info);
	card.empty = true;
	assert_int_equal(read_period(mic, samples), SOUND_TIMEOUT);
	card.empty = false;
	assert_int_equal(read_period(mic, samples), SOUND_OK);
	assert_int_equal(mic->xruns, 0);
	close_mic(mic);
}

static void test_auto_takes_the_first_real_card(void **state)
{
	static const struct alsa_candidate dummy = {"Dummy", "Dummy PCM", "hw:CARD=Dummy,DEV=0"};
	static const struct alsa_candidate loop = {"Loopback", "Loopback PCM", "hw:CARD=L,DEV=0"};
	static const struct alsa_candidate hdmi = {"HDA-Intel", "HDA HDMI 0", "hw:CARD=PCH,DEV=3"};
	static const struct alsa_candidate vc4 = {"vc4-hdmi", "vc4-hdmi-0", "hw:CARD=vc4,DEV=0"};
	static const struct alsa_candidate usb = {"USB-Audio", "Jabra", "hw:CARD=Jabra,DEV=0"};
	static const struct {
		const struct alsa_candidate *cards[3];
		size_t count;
		const char *best;
	} cases[] = {
		{{NULL}, 0, NULL},
		{{&dummy, &loop}, 2, NULL},
		{{&dummy, &usb}, 2, "hw:CARD=Jabra,DEV=0"},
		{{&hdmi, &vc4, &usb}, 3, "hw:CARD=Jabra,DEV=0"},
		{{&loop, &vc4, &hdmi}, 3, "hw:CARD=vc4,DEV=0"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct alsa_candidate candidates[3] = {0};
		const struct alsa_candidate *best;

		for (size_t k = 0; k < cases[i].count; k++)
			candidates[k] = *cases[i].cards[k];
		best = alsa_pick_best(candidates, cases[i].count);
		assert_int_equal(!best, !cases[i].best);
		if (best)
			assert_string_equal(best->name, cases[i].best);
	}
}

static void test_without_memory(void **state)
{
	struct sound_device_info info;
	struct mic *mic;
	struct speaker *speaker;
	enum sound_result result;
	int r;

	(void)state;
	card.rate_hz = 44100;
	for (unsigned int n = 1;; n++) {
		fake_alloc_arm(n);
		r = mic_alsa_create("silent", &mic);
		if (!fake_alloc_disarm())
			break;
		assert_int_equal(r, -ENOMEM);
	}
	for (unsigned int n = 1;; n++) {
		fake_alloc_arm(n);
		r = speaker_alsa_create("silent", &speaker);
		if (!fake_alloc_disarm())
			break;
		assert_int_equal(r, -ENOMEM);
	}
	for (unsigned int n = 1;; n++) {
		fake_alloc_arm(n);
		result = mic->ops->open(mic, &info);
		if (!fake_alloc_disarm())
			break;
		assert_int_equal(result, SOUND_FAILED);
	}
	assert_int_equal(result, SOUND_OK);
	for (unsigned int n = 1;; n++) {
		fake_alloc_arm(n);
		result = speaker->ops->open(speaker, &info);
		if (!fake_alloc_disarm())
			break;
		assert_int_equal(result, SOUND_FAILED);
	}
	assert_int_equal(result, SOUND_OK);
	close_mic(mic);
	close_speaker(speaker);
}

#define CARD_TEST(test) cmocka_unit_test_setup(test, reset_card)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CARD_TEST(test_formats_carry_samples),
		CARD_TEST(test_microphone_reads_each_format),
		CARD_TEST(test_speaker_gives_all_channels_the_same),
		CARD_TEST(test_mono_44100_is_converted),
		CARD_TEST(test_rate_conversion_keeps_a_tone),
		CARD_TEST(test_arrays_keep_their_channels),
		CARD_TEST(test_open_says_why_not),
		CARD_TEST(test_names_that_are_not_there),
		CARD_TEST(test_xruns_are_counted_and_passed),
		CARD_TEST(test_unplugged_and_back),
		CARD_TEST(test_nothing_to_read_times_out),
		CARD_TEST(test_auto_takes_the_first_real_card),
		CARD_TEST(test_without_memory),
	};

	if (!no_heap_install())
		print_message("# without a sanitizer the heap is not watched\n");
	return cmocka_run_group_tests(tests, write_configuration, remove_folder);
}
