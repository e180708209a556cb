#include "base/sound_level.h"

#include <math.h>

/* What is left of the old value after one period: exp(-10 / 300), and 10^(-20 * 0.01 / 20). */
static const float POWER_KEPT = 0.967216f;
static const float PEAK_KEPT = 0.977237f;

void sound_level_add(struct sound_level *level, const float *samples)
{
	float power = atomic_load_explicit(&level->power, memory_order_relaxed) * POWER_KEPT;
	float peak = atomic_load_explicit(&level->peak, memory_order_relaxed) * PEAK_KEPT;
	float sum = 0;

	for (int i = 0; i < SOUND_PERIOD_FRAMES; i++) {
		sum += samples[i] * samples[i];
		peak = fmaxf(peak, fabsf(samples[i]));
	}
	power += sum / SOUND_PERIOD_FRAMES * (1 - POWER_KEPT);
	atomic_store_explicit(&level->power, power, memory_order_relaxed);
	atomic_store_explicit(&level->peak, peak, memory_order_relaxed);
}

double sound_level_rms_dbfs(const struct sound_level *level)
{
	double power = atomic_load_explicit(&level->power, memory_order_relaxed);

	return fmax(10 * log10(power), SOUND_LEVEL_FLOOR_DBFS);
}

double sound_level_peak_dbfs(const struct sound_level *level)
{
	double peak = atomic_load_explicit(&level->peak, memory_order_relaxed);

	return fmax(20 * log10(peak), SOUND_LEVEL_FLOOR_DBFS);
}
