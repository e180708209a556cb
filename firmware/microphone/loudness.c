#include "microphone/loudness.h"

#include <math.h>

#include "base/sound.h"

struct biquad {
	double b0, b1, b2, a1, a2;
};

/* Tables 1 and 2 of the Recommendation. */
static const struct biquad SHELF = {1.53512485958697, -2.69169618940638, 1.19839281085285,
				    -1.69065929318241, 0.73248077421585};
static const struct biquad HIGH_PASS = {1, -2, 1, -1.99004745483398, 0.99007225036621};

static double run(const struct biquad *q, double *state, double in)
{
	double w = in - q->a1 * state[0] - q->a2 * state[1];
	double out = q->b0 * w + q->b1 * state[0] + q->b2 * state[1];

	state[1] = state[0];
	state[0] = w;
	return out;
}

double loudness_period(struct loudness *loudness, const float *samples)
{
	double sum = 0;

	for (int i = 0; i < SOUND_PERIOD_FRAMES; i++) {
		double x = run(&SHELF, loudness->shelf, samples[i]);

		x = run(&HIGH_PASS, loudness->high_pass, x);
		sum += x * x;
	}
	return sum / SOUND_PERIOD_FRAMES;
}

double loudness_lufs(double mean_square)
{
	return -0.691 + 10 * log10(mean_square);
}
