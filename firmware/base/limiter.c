#include "base/limiter.h"

#include <math.h>

/* exp(-1 / (0.1 s · 48 kHz)) */
static const float PEAK_KEPT = 0.999792f;

void limiter_run(struct limiter *limiter, float *samples, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		limiter->peak = fmaxf(limiter->peak * PEAK_KEPT, fabsf(samples[i]));
		if (limiter->peak > LIMITER_THRESHOLD)
			samples[i] *= LIMITER_THRESHOLD / limiter->peak;
		/* The division rounds; the promise is exact. */
		samples[i] = fminf(fmaxf(samples[i], -LIMITER_THRESHOLD), LIMITER_THRESHOLD);
	}
}
