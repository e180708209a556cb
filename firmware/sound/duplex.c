#include "sound/duplex.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/limiter.h"
#include "sound/reference.h"

enum { RENDERS_MAX = 4 }; /* in one period, after a late wake-up */

/* Later than this after the last period, the microphone counts as stalled. */
#define STALL_US (2 * SOUND_PERIOD_US)
/* A thread that stood still this long takes up the pace anew rather than hurry after it. */
#define BEHIND_MAX_US (10 * SOUND_PERIOD_US)

struct duplex {
	struct duplex_config config;
	struct duplex_status status;

	struct mic *mic; /* NULL: there is none now */
	unsigned int mic_channels;
	unsigned int stalled; /* periods in a row */
	uint64_t mic_xruns;   /* that are known of */
	bool mic_lost;        /* sound since the last period */
	struct speaker *speaker;
	unsigned int refused; /* periods in a row that the speaker took nothing */
	uint64_t speaker_xruns;

	int64_t last_us;    /* when the last period was due */
	int64_t sent_to_us; /* up to this capture time, sound or silence was sent */
	int64_t work_us;    /* when this period's work began */

	float interleaved[SOUND_PERIOD_FRAMES * SOUND_CHANNELS_MAX];
	float channels[SOUND_CHANNELS_MAX][SOUND_PERIOD_FRAMES];
	float rendered[SOUND_PERIOD_FRAMES];
	struct reference *reference;
	float heard[SOUND_PERIOD_FRAMES]; /* of it, while the microphone's period was captured */
	struct limiter limiter;           /* of the sum of all sources */
	struct opus_out_block block;
};

int duplex_create(const struct duplex_config *config, struct duplex **ret_duplex)
{
	struct duplex *duplex;

	if (config->stage_count < 1 || config->stage_count > SOUND_LOOP_STAGES_MAX ||
	    config->source_count > SOUND_LOOP_SOURCES_MAX)
		return -EINVAL;
	duplex = calloc(1, sizeof(*duplex));
	if (!duplex)
		return -ENOMEM;
	duplex->config = *config;
	if (reference_create(&duplex->reference) < 0) {
		duplex_destroy(duplex);
		return -ENOMEM;
	}
	*ret_duplex = duplex;
	return 0;
}

void duplex_destroy(struct duplex *duplex)
{
	if (!duplex)
		return;
	reference_destroy(duplex->reference);
	free(duplex);
}

static int64_t now_us(const struct duplex *duplex)
{
	return duplex->config.clock->now_us(duplex->config.clock->context);
}

static void give_back_mic(struct duplex *duplex, enum sound_result reason)
{
	handover_give_back(duplex->config.mic, duplex->mic, reason);
	duplex->mic = NULL;
	duplex->config.wake_keeper(duplex->config.context);
}

static void give_back_speaker(struct duplex *duplex, enum sound_result reason)
{
	handover_give_back(duplex->config.speaker, duplex->speaker, reason);
	duplex->speaker = NULL;
	duplex->config.wake_keeper(duplex->config.context);
}

static void take_offered(struct duplex *duplex)
{
	unsigned int channels;

	if (!duplex->speaker) {
		duplex->speaker = handover_take(duplex->config.speaker, &channels);
		duplex->refused = 0;
	}
	if (duplex->mic)
		return;
	duplex->mic = handover_take(duplex->config.mic, &duplex->mic_channels);
	if (!duplex->mic)
		return;
	duplex->stalled = 0;
	for (size_t i = 0; i < duplex->config.stage_count; i++)
		duplex->config.stages[i]->ops->reset(duplex->config.stages[i]);
}

static void take_apart(struct duplex *duplex)
{
	const float *from = duplex->interleaved;

	for (int i = 0; i < SOUND_PERIOD_FRAMES; i++)
		for (unsigned int c = 0; c < duplex->mic_channels; c++)
			duplex->channels[c][i] = *from++;
}

static void run_stages(struct duplex *duplex)
{
	float *channels[SOUND_CHANNELS_MAX];
	unsigned int count = duplex->mic_channels;

	for (unsigned int c = 0; c < SOUND_CHANNELS_MAX; c++)
		channels[c] = duplex->channels[c];
	if (duplex->config.test)
		sound_test_hear(duplex->config.test, channels, count);
	for (size_t i = 0; i < duplex->config.stage_count; i++) {
		struct mic_stage *stage = duplex->config.stages[i];

		count = stage->ops->process(stage, channels, count, duplex->heard);
	}
}

/* duplex->heard is of capture_us. */
static void add_sources(struct duplex *duplex, int64_t capture_us, float *samples)
{
	bool keeps = true;

	for (size_t i = 0; i < duplex->config.source_count; i++)
		keeps &= source_add(duplex->config.sources[i], duplex->work_us, capture_us,
				    duplex->heard, samples);
	if (!keeps)
		duplex->config.wake_keeper(duplex->config.context);
	if (duplex->config.source_count > 0)
		limiter_run(&duplex->limiter, samples, SOUND_PERIOD_FRAMES);
}

/* samples: of the microphone; NULL: silence. */
static void send_block(struct duplex *duplex, const float *samples, int64_t capture_us)
{
	struct opus_out_block *block = &duplex->block;

	if (samples)
		memcpy(block->samples, samples, sizeof(block->samples));
	else
		memset(block->samples, 0, sizeof(block->samples));
	add_sources(duplex, capture_us, block->samples);
	block->capture_us = capture_us;
	duplex->sent_to_us = capture_us + SOUND_PERIOD_US;
	sound_level_add(&duplex->status.mic_level, block->samples);
	duplex->config.put(duplex->config.sink, block);
}

/* Whether a counter has gone on since the last look. */
static bool has_counted(const _Atomic uint64_t *counter, uint64_t *known)
{
	uint64_t before = *known;

	*known = atomic_load(counter);
	return *known != before;
}

static void capture(struct duplex *duplex, int64_t capture_us)
{
	duplex->stalled = 0;
	duplex->last_us = duplex->work_us;
	/* Half a period allows for what capture times waver. */
	if (capture_us < duplex->sent_to_us - SOUND_PERIOD_US / 2) {
		atomic_fetch_add(&duplex->status.stale, 1);
		duplex->mic_lost = true;
		return;
	}
	if (has_counted(&duplex->mic->xruns, &duplex->mic_xruns) || duplex->mic_lost)
		reference_skip(duplex->reference, capture_us);
	duplex->mic_lost = false;
	take_apart(duplex);
	reference_read(duplex->reference, capture_us, duplex->heard);
	run_stages(duplex);
	send_block(duplex, duplex->channels[0], capture_us);
}

/* Silence in place of a period. */
static void send_silence(struct duplex *duplex)
{
	duplex->last_us += SOUND_PERIOD_US;
	if (duplex->work_us - duplex->last_us > BEHIND_MAX_US)
		duplex->last_us = duplex->work_us;
	if (duplex->config.source_count > 0)
		reference_read(duplex->reference, duplex->last_us - SOUND_PERIOD_US, duplex->heard);
	send_block(duplex, NULL, duplex->last_us - SOUND_PERIOD_US);
}

static void stall(struct duplex *duplex)
{
	atomic_fetch_add(&duplex->status.stalls, 1);
	duplex->mic_lost = true;
	send_silence(duplex);
	if (++duplex->stalled == DUPLEX_STALL_PERIODS)
		give_back_mic(duplex, SOUND_FAILED);
}

/* False when there is no microphone (any more) to set the pace. */
static bool run_mic(struct duplex *duplex)
{
	int64_t capture_us;
	enum sound_result result;

	if (!duplex->mic)
		return false;
	result = duplex->mic->ops->read(duplex->mic, duplex->interleaved,
					duplex->last_us + STALL_US, &capture_us);
	duplex->work_us = now_us(duplex);
	if (result == SOUND_OK)
		capture(duplex, capture_us);
	else if (result == SOUND_TIMEOUT)
		stall(duplex);
	else
		give_back_mic(duplex, result);
	return result == SOUND_OK || result == SOUND_TIMEOUT;
}

/* Each loudspeaker of the test in turn; the far voices go on, softer. */
static void run_test(struct duplex *duplex)
{
	uint32_t only = sound_test_play(duplex->config.test, duplex->rendered);

	mixer_duck(duplex->config.mixer, only != 0);
	if (duplex->speaker)
		duplex->speaker->only = only;
}

/* heard_us: when its first sample is. */
static void render(struct duplex *duplex, int64_t heard_us)
{
	mixer_render(duplex->config.mixer, duplex->work_us, heard_us, duplex->rendered);
	if (duplex->config.test)
		run_test(duplex);
	sound_level_add(&duplex->status.speaker_level, duplex->rendered);
}

/* Renders and writes what fills the queue. Returns how the last write went. */
static enum sound_result fill_speaker(struct duplex *duplex)
{
	struct speaker *speaker = duplex->speaker;
	int64_t queued_us = speaker->ops->queued_us(speaker);
	/* The clock is read beside it: the thread may have waited for a processor since work_us. */
	int64_t heard_us = speaker->ops->delay_us(speaker) + now_us(duplex);
	enum sound_result result = SOUND_OK;

	stats_add(&duplex->status.queued, queued_us, duplex->work_us);
	duplex->refused++;
	for (int i = 0; i < RENDERS_MAX && queued_us < DUPLEX_QUEUE_US; i++) {
		render(duplex, heard_us);
		if (heard_us < now_us(duplex))
			heard_us = now_us(duplex);
		result = speaker->ops->write(speaker, duplex->rendered);
		if (result != SOUND_OK)
			break;
		if (has_counted(&speaker->xruns, &duplex->speaker_xruns))
			reference_gap(duplex->reference, heard_us);
		reference_write(duplex->reference, duplex->rendered, heard_us);
		duplex->refused = 0;
		queued_us += SOUND_PERIOD_US;
		heard_us += SOUND_PERIOD_US;
	}
	return result;
}

static void run_speaker(struct duplex *duplex)
{
	enum sound_result result;

	if (!duplex->speaker) {
		render(duplex, duplex->work_us);
		return;
	}
	result = fill_speaker(duplex);
	if (result == SOUND_TIMEOUT)
		atomic_fetch_add(&duplex->status.full, 1);
	if (duplex->refused >= DUPLEX_STALL_PERIODS)
		result = SOUND_FAILED;
	if (result != SOUND_OK && result != SOUND_TIMEOUT)
		give_back_speaker(duplex, result);
}

static void note_work(struct duplex *duplex)
{
	int64_t done_us = now_us(duplex);

	atomic_fetch_add(&duplex->status.periods, 1);
	if (done_us - duplex->work_us > SOUND_PERIOD_US)
		atomic_fetch_add(&duplex->status.late_periods, 1);
	stats_add(&duplex->status.period, done_us - duplex->work_us, done_us);
}

int64_t duplex_run_period(struct duplex *duplex)
{
	bool paced;

	duplex->work_us = now_us(duplex);
	if (!duplex->last_us)
		duplex->last_us = duplex->work_us;
	take_offered(duplex);
	paced = run_mic(duplex);
	if (!paced)
		send_silence(duplex);
	run_speaker(duplex);
	note_work(duplex);
	return paced ? 0 : duplex->last_us + SOUND_PERIOD_US;
}

double duplex_drift_ppm(const struct duplex *duplex)
{
	return reference_drift_ppm(duplex->reference);
}

const struct duplex_status *duplex_get_status(const struct duplex *duplex)
{
	return &duplex->status;
}
