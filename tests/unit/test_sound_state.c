/* base/sound_state: a byte that says muted and how loud. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/sound_state.h"

enum { FRAMES = 960 };

static void test_bytes(void **state)
{
	(void)state;
	for (int byte = 0; byte < 256; byte++) {
		struct sound_state read = sound_state_from_byte((uint8_t)byte);

		assert_int_equal(read.is_muted, byte >= 128);
		assert_int_equal(read.level_dbov, -(byte % 128));
		assert_int_equal(sound_state_to_byte(read), byte);
	}
}

/* A sine at so many dB below full scale. */
static int level_of_sine(double peak_db)
{
	float samples[FRAMES];

	for (int i = 0; i < FRAMES; i++)
		samples[i] = (float)(pow(10, peak_db / 20) * sin(2 * M_PI * i / 48));
	return sound_state_level(samples, FRAMES);
}

static void test_levels(void **state)
{
	float samples[FRAMES];

	(void)state;
	assert_int_equal(level_of_sine(0), -3);
	assert_int_equal(level_of_sine(-20), -23);
	assert_int_equal(level_of_sine(-100), -103);
	assert_int_equal(level_of_sine(-130), SOUND_STATE_FLOOR_DBOV);
	for (int i = 0; i < FRAMES; i++)
		samples[i] = i % 2 == 0 ? 1 : -1;
	assert_int_equal(sound_state_level(samples, FRAMES), 0);
	for (int i = 0; i < FRAMES; i++)
		samples[i] = 4;
	assert_int_equal(sound_state_level(samples, FRAMES), 0);
	for (int i = 0; i < FRAMES; i++)
		samples[i] = 0;
	assert_int_equal(sound_state_level(samples, FRAMES), SOUND_STATE_FLOOR_DBOV);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_levels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
