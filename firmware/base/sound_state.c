#include "base/sound_state.h"

#include <math.h>

enum { MUTED = 0x80, LEVEL = 0x7f };

uint8_t sound_state_to_byte(struct sound_state state)
{
	return (uint8_t)((state.is_muted ? MUTED : 0) | -state.level_dbov);
}

struct sound_state sound_state_from_byte(uint8_t byte)
{
	return (struct sound_state){.is_muted = (byte & MUTED) != 0, .level_dbov = -(byte & LEVEL)};
}

int sound_state_level(const float *samples, size_t count)
{
	double sum = 0;
	double level;

	for (size_t i = 0; i < count; i++)
		sum += (double)samples[i] * samples[i];
	/* log10(0) is minus infinity, which is below the floor, too. */
	level = round(10 * log10(sum / (double)count));
	return (int)fmin(fmax(level, SOUND_STATE_FLOOR_DBOV), 0);
}
