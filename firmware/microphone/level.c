#include "microphone/level.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/limiter.h"
#include "base/sound.h"
#include "microphone/loudness.h"

enum {
	MOMENTARY_PERIODS = 40, /* 400 ms, as BS.1770's blocks */
	HANGOVER_PERIODS = 30,  /* that the gate stays open after speech */
	QUICK_PERIODS = 150,    /* of speech, while the gain moves fast */
};

#define SPEECH_OVER_NOISE 8.0 /* of power: 9 dB */
#define SPEECH_LEAST_LUFS (-65.0)
/* BS.1770's relative gate: what is so much softer than speech so far does not count. */
#define RELATIVE_GATE 0.1
#define NOISE_RISE 1.005  /* a period: 2.2 dB/s */
#define QUICK_DB 0.25     /* a period: 25 dB/s */
#define SLOW_DB 0.02      /* a period: 2 dB/s */
#define SLOW_KEPT 0.997   /* of the loudness so far, a period of speech: 3 s */
#define GATE_CLOSE_DB 0.3 /* a period */

struct level {
	struct loudness loudness;
	struct limiter limiter;
	double momentary[MOMENTARY_PERIODS]; /* mean squares */
	int at;
	double noise;
	double speech;    /* weighted mean square of speech so far */
	int speech_count; /* periods, up to QUICK_PERIODS */
	int since_speech; /* periods */
	double gain_db;
	double gate_db; /* how far it is closed */
	float applied;  /* gain at the end of the last period */
};

int level_create(struct level **ret_level)
{
	struct level *level = calloc(1, sizeof(*level));

	if (!level)
		return -ENOMEM;
	level_reset(level);
	*ret_level = level;
	return 0;
}

void level_destroy(struct level *level)
{
	free(level);
}

void level_reset(struct level *level)
{
	*level = (struct level){.noise = HUGE_VAL, .applied = 1};
}

static double mean(const struct level *level)
{
	double sum = 0;

	for (int i = 0; i < MOMENTARY_PERIODS; i++)
		sum += level->momentary[i];
	return sum / MOMENTARY_PERIODS;
}

static void listen(struct level *level, double period, bool learns)
{
	double momentary;
	bool is_speech;

	level->noise = fmin(level->noise * NOISE_RISE, period + 1e-12);
	level->momentary[level->at] = period;
	level->at = (level->at + 1) % MOMENTARY_PERIODS;
	is_speech = period > SPEECH_OVER_NOISE * level->noise &&
		    loudness_lufs(period) > SPEECH_LEAST_LUFS;
	level->since_speech = is_speech ? 0 : level->since_speech + 1;
	momentary = mean(level);
	if (!learns || level->since_speech > MOMENTARY_PERIODS / 2 ||
	    loudness_lufs(momentary) < SPEECH_LEAST_LUFS ||
	    momentary < RELATIVE_GATE * level->speech)
		return;
	if (level->speech_count < QUICK_PERIODS)
		level->speech_count++;
	/* The mean at first, then with a memory of seconds. */
	level->speech +=
		(momentary - level->speech) * fmax(1.0 / level->speech_count, 1 - SLOW_KEPT);
}

static void steer(struct level *level)
{
	double step = level->speech_count < QUICK_PERIODS ? QUICK_DB : SLOW_DB;
	double wanted;

	if (level->speech_count == 0 || level->since_speech > 0)
		return;
	wanted = LEVEL_TARGET_LUFS - loudness_lufs(level->speech);
	wanted = fmin(fmax(wanted, LEVEL_GAIN_MIN_DB), LEVEL_GAIN_MAX_DB);
	level->gain_db += fmin(fmax(wanted - level->gain_db, -step), step);
}

static void gate(struct level *level)
{
	if (level->since_speech == 0)
		level->gate_db = 0;
	else if (level->since_speech > HANGOVER_PERIODS)
		level->gate_db = fmin(level->gate_db + GATE_CLOSE_DB, LEVEL_GATE_DB);
}

void level_process(struct level *level, float *samples, bool learns)
{
	enum { RAMP = SOUND_PERIOD_FRAMES / 4 };
	float gain, step;

	listen(level, loudness_period(&level->loudness, samples), learns);
	if (learns)
		steer(level);
	gate(level);
	gain = (float)pow(10, (level->gain_db - level->gate_db) / 20);
	step = (gain - level->applied) / RAMP;
	for (int i = 0; i < SOUND_PERIOD_FRAMES; i++)
		samples[i] *= i < RAMP ? level->applied + step * (float)i : gain;
	level->applied = gain;
	limiter_run(&level->limiter, samples, SOUND_PERIOD_FRAMES);
}

double level_gain_db(const struct level *level)
{
	return level->gain_db;
}
