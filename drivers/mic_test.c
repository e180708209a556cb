#include "drivers/mic_test.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "drivers/pace.h"

/*
 * A tone of a whole number of hertz begins every second at the same phase, so all that is heard is
 * a function of the frame's place in its second.
 */
#define TONE_FIRST_HZ 220.0
#define TONE_STEP_HZ 40.0
#define TONE_PEAK 0.03f /* -30 dBFS: a murmur under the chirp */

/* Bands beside each other within what speech codecs carry at every bit rate. */
#define CHIRP_FIRST_HZ 800.0
#define CHIRP_STEP_HZ 650.0
#define CHIRP_BAND_HZ 600.0
#define CHIRP_PEAK 0.5f

struct mic_test {
	struct mic base;
	unsigned int room;
	struct pace pace;
};

static struct mic_test *test_of(struct mic *mic)
{
	return (struct mic_test *)mic;
}

double mic_test_tone_hz(unsigned int room)
{
	return TONE_FIRST_HZ + TONE_STEP_HZ * room;
}

double mic_test_chirp_phase(unsigned int room, unsigned int frame)
{
	double t = (double)frame / SOUND_RATE_HZ;
	double length = (double)MIC_TEST_CHIRP_FRAMES / SOUND_RATE_HZ;
	double low_hz = CHIRP_FIRST_HZ + CHIRP_STEP_HZ * room;

	return 2 * M_PI * (low_hz * t + CHIRP_BAND_HZ * t * t / (2 * length));
}

static float sample_at(unsigned int room, unsigned int frame)
{
	double second = (double)frame / SOUND_RATE_HZ;
	float sample = TONE_PEAK * (float)sin(2 * M_PI * mic_test_tone_hz(room) * second);

	if (frame < MIC_TEST_CHIRP_FRAMES)
		sample += CHIRP_PEAK * (float)sin(mic_test_chirp_phase(room, frame));
	return sample;
}

static enum sound_result test_open(struct mic *mic, struct sound_device_info *ret_info)
{
	struct mic_test *test = test_of(mic);

	pace_start(&test->pace, clock_now_us());
	*ret_info = (struct sound_device_info){
		.rate_hz = SOUND_RATE_HZ,
		.channels = 1,
		.text = "test sound: a tone, and a chirp every second",
	};
	return SOUND_OK;
}

static enum sound_result test_read(struct mic *mic, float *interleaved, int64_t deadline_us,
				   int64_t *ret_capture_us)
{
	struct mic_test *test = test_of(mic);
	unsigned int first;

	if (!pace_wait(&test->pace, deadline_us, ret_capture_us))
		return SOUND_TIMEOUT;
	first = (unsigned int)(*ret_capture_us % CLOCK_US_PER_S / SOUND_PERIOD_US) *
		SOUND_PERIOD_FRAMES;
	for (unsigned int i = 0; i < SOUND_PERIOD_FRAMES; i++)
		interleaved[i] = sample_at(test->room, first + i);
	return SOUND_OK;
}

static void test_close(struct mic *mic)
{
	(void)mic;
}

static void test_destroy(struct mic *mic)
{
	free(test_of(mic));
}

int mic_test_create(unsigned int room, struct mic **ret_mic)
{
	static const struct mic_ops ops = {
		.open = test_open,
		.read = test_read,
		.close = test_close,
		.destroy = test_destroy,
	};
	struct mic_test *test;

	if (room >= MIC_TEST_ROOMS)
		return -EINVAL;
	test = calloc(1, sizeof(*test));
	if (!test)
		return -ENOMEM;
	test->base.ops = &ops;
	test->room = room;
	*ret_mic = &test->base;
	return 0;
}
