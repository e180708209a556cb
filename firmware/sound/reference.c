#include "sound/reference.h"

#include <errno.h>
#include <math.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/sound.h"

enum {
	RING_FRAMES = 1 << 16,
	TAPS = 16,
	PHASES = 256,
};

/* Times that are off by more, as many in a row, are another timeline: a card was opened anew. */
#define WILD_US 2000.0
enum { WILD_PERIODS = 4 };

/* The loop's bandwidth falls from wide, to lock, to narrow, to smooth. */
#define WIDE_HZ 0.5
#define NARROW_HZ 0.02
#define PPM_MAX 500.0

/* When the next period of a device is due. */
struct pace {
	double next_us;
	double period_us;
	int64_t periods; /* since it began */
	int wild;        /* times in a row */
};

struct reference {
	struct pace speaker;
	struct pace mic;
	float ring[RING_FRAMES];
	int64_t written; /* frames; the next write is heard at speaker.next_us */
	double position; /* of the next frame to read */
	bool reads;      /* position is good */
	_Atomic float drift_ppm;
	float taps[PHASES + 1][TAPS];
};

int reference_create(struct reference **ret_reference)
{
	struct reference *reference = calloc(1, sizeof(*reference));

	if (!reference)
		return -ENOMEM;
	for (int p = 0; p <= PHASES; p++) {
		for (int i = 0; i < TAPS; i++) {
			double x = i + 1 - TAPS / 2.0 - (double)p / PHASES;
			double window = 0.5 + 0.5 * cos(2 * M_PI * x / (TAPS + 1));

			reference->taps[p][i] =
				(float)(window * (x == 0 ? 1 : sin(M_PI * x) / (M_PI * x)));
		}
	}
	*ret_reference = reference;
	return 0;
}

void reference_destroy(struct reference *reference)
{
	free(reference);
}

/* Returns false when it begins a new timeline. */
static bool keep_pace(struct pace *pace, double time_us)
{
	double error = time_us - pace->next_us;
	double hz, w;

	pace->wild = fabs(error) > WILD_US ? pace->wild + 1 : 0;
	if (pace->periods == 0 || pace->wild == WILD_PERIODS) {
		*pace = (struct pace){time_us + SOUND_PERIOD_US, SOUND_PERIOD_US, 1, 0};
		return false;
	}
	if (pace->wild)
		error = 0;
	hz = fmax(NARROW_HZ, fmin(WIDE_HZ, 100.0 / (double)pace->periods));
	w = 2 * M_PI * hz * SOUND_PERIOD_US / 1e6;
	pace->next_us += pace->period_us + M_SQRT2 * w * error;
	pace->period_us += w * w * error;
	pace->period_us = fmin(fmax(pace->period_us, SOUND_PERIOD_US * (1 - PPM_MAX / 1e6)),
			       SOUND_PERIOD_US * (1 + PPM_MAX / 1e6));
	pace->periods++;
	return true;
}

static void put(struct reference *reference, float sample)
{
	reference->ring[reference->written++ % RING_FRAMES] = sample;
}

void reference_gap(struct reference *reference, int64_t play_us)
{
	struct pace *pace = &reference->speaker;
	double frame_us = pace->period_us / SOUND_PERIOD_FRAMES;
	long frames;

	if (pace->periods == 0)
		return;
	frames = lrint(((double)play_us - pace->next_us) / frame_us);
	if (frames > RING_FRAMES)
		pace->periods = 0;
	for (long i = 0; i < frames && frames <= RING_FRAMES; i++) {
		put(reference, 0);
		pace->next_us += frame_us;
	}
}

void reference_write(struct reference *reference, const float *samples, int64_t play_us)
{
	if (!keep_pace(&reference->speaker, (double)play_us))
		reference->reads = false;
	for (int i = 0; i < SOUND_PERIOD_FRAMES; i++)
		put(reference, samples[i]);
}

/* The frame that is heard at a time. */
static double position_at(const struct reference *reference, double time_us)
{
	double early_us = reference->speaker.next_us - time_us;

	return (double)reference->written -
	       early_us * SOUND_PERIOD_FRAMES / reference->speaker.period_us;
}

static float frame_at(const struct reference *reference, double position)
{
	int64_t whole = (int64_t)floor(position);
	const float *taps = reference->taps[(int)lrint((position - (double)whole) * PHASES)];
	int64_t first = whole - TAPS / 2 + 1;
	float sum = 0;

	if (first < 0 || first + TAPS > reference->written ||
	    reference->written - first > RING_FRAMES)
		return 0;
	for (int i = 0; i < TAPS; i++)
		sum += taps[i] * reference->ring[(first + i) % RING_FRAMES];
	return sum;
}

void reference_read(struct reference *reference, int64_t capture_us, float *samples)
{
	double end_us, end, step;

	if (!keep_pace(&reference->mic, (double)capture_us))
		reference->reads = false;
	if (reference->speaker.periods == 0) {
		memset(samples, 0, SOUND_PERIOD_FRAMES * sizeof(*samples));
		return;
	}
	end_us = reference->mic.next_us + REFERENCE_LEAD_US;
	end = position_at(reference, end_us);
	step = (end - reference->position) / SOUND_PERIOD_FRAMES;
	if (!reference->reads || fabs(step - 1) > 0.1) {
		step = reference->mic.period_us / reference->speaker.period_us;
		reference->position = end - step * SOUND_PERIOD_FRAMES;
		reference->reads = true;
	}
	for (int i = 0; i < SOUND_PERIOD_FRAMES; i++)
		samples[i] = frame_at(reference, reference->position + step * i);
	reference->position += step * SOUND_PERIOD_FRAMES;
	atomic_store_explicit(
		&reference->drift_ppm,
		(float)(1e6 * (reference->mic.period_us / reference->speaker.period_us - 1)),
		memory_order_relaxed);
}

void reference_skip(struct reference *reference, int64_t capture_us)
{
	reference->mic.next_us = (double)capture_us;
	reference->reads = false;
}

double reference_drift_ppm(const struct reference *reference)
{
	return atomic_load_explicit(&reference->drift_ppm, memory_order_relaxed);
}
