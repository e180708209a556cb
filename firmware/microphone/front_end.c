#include "microphone/front_end.h"

#include <errno.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "microphone/apm.h"
#include "microphone/echo_delay.h"
#include "microphone/echo_filter.h"
#include "microphone/echo_suppress.h"
#include "microphone/level.h"
#include "microphone/mic_input.h"

enum {
	WRONG_PERIODS = 6, /* until the path counts as another one */
	/* Of far voice, after which a path counts as known anyway: the first one, and a changed one. */
	FIRST_PERIODS = 100,
	CHANGED_PERIODS = 300,
	FAR_PERIODS = 30,    /* that a far voice rings on in the room */
	NEAR_PERIODS = 25,   /* of a voice here, until the level believes that it is not echo */
	STATUS_PERIODS = 10, /* 10 Hz */
};

#define FAR_LEAST 1e-7f /* mean square of a reference that is heard: -70 dBFS */
#define LOSS_KEPT 0.98  /* of echo powers, a period */
#define NOW_KEPT 0.85
#define LOSS_KNOWN 0.1 /* left of them where the path is known */
#define LOSS_WRONG 1.4 /* left where it is another one */

struct front_end {
	struct mic_stage base;
	struct front_end_config config;
	atomic_bool cancels_echo;
	bool cancelled_echo; /* in the last period */

	struct mic_input inputs[SOUND_CHANNELS_MAX];
	struct echo_delay *delay;
	struct echo_filter *filters[SOUND_CHANNELS_MAX];
	unsigned int filter_count;
	struct beam *beam; /* NULL: no array */
	struct beam_side heard_side;
	struct echo_suppress *suppress;
	struct apm *noise; /* NULL: it is left in */
	struct level *level;

	unsigned int far_periods;       /* that the far voice is still heard for */
	double heard_power, left_power; /* of echo, over seconds */
	double heard_now, left_now;     /* over some periods */
	bool proved_path;               /* the filter has taken most of an echo away by it */
	bool knows_path;                /* of the echo */
	unsigned int path_periods;      /* of far voice since it was lost */
	unsigned int wrong_periods; /* in a row, in which the filter adds more than it takes away */
	unsigned int near_periods;  /* in a row, that a voice here is heard */
	unsigned int periods;
	struct front_end_status status;

	float heard[SOUND_CHANNELS_MAX][SOUND_PERIOD_FRAMES];
};

static struct front_end *front_end_of(struct mic_stage *stage)
{
	return (struct front_end *)stage;
}

static float power(const float *samples)
{
	float sum = 0;

	for (int i = 0; i < SOUND_PERIOD_FRAMES; i++)
		sum += samples[i] * samples[i];
	return sum / SOUND_PERIOD_FRAMES;
}

/* A voice of the far rooms that people hear in this one. */
static bool listen_to_far(struct front_end *fe, const float *reference)
{
	if (power(reference) > FAR_LEAST)
		fe->far_periods = FAR_PERIODS;
	else if (fe->far_periods > 0)
		fe->far_periods--;
	return fe->far_periods > 0;
}

static void forget_path(struct front_end *fe, unsigned int periods)
{
	for (unsigned int i = 0; i < fe->filter_count; i++)
		echo_filter_reset(fe->filters[i]);
	echo_suppress_forget_path(fe->suppress);
	fe->heard_power = fe->left_power = fe->heard_now = fe->left_now = 0;
	fe->knows_path = fe->proved_path = false;
	fe->path_periods = periods;
	fe->wrong_periods = 0;
}

/*
 * A filter that adds more than it takes away is one of another path: the delay or the room has
 * changed. Until it has learned the new one, the suppressor cannot tell echo from voices here.
 */
static void judge_path(struct front_end *fe, const float *heard, const float *left)
{
	if (fe->far_periods < FAR_PERIODS)
		return;
	fe->heard_now = NOW_KEPT * fe->heard_now + (1 - NOW_KEPT) * power(heard);
	fe->left_now = NOW_KEPT * fe->left_now + (1 - NOW_KEPT) * power(left);
	fe->wrong_periods = fe->left_now > LOSS_WRONG * fe->heard_now ? fe->wrong_periods + 1 : 0;
	if (fe->proved_path && fe->wrong_periods >= WRONG_PERIODS)
		forget_path(fe, CHANGED_PERIODS);
	fe->heard_power = LOSS_KEPT * fe->heard_power + (1 - LOSS_KEPT) * power(heard);
	fe->left_power = LOSS_KEPT * fe->left_power + (1 - LOSS_KEPT) * power(left);
	if (fe->path_periods > 0)
		fe->path_periods--;
	if (fe->left_power < LOSS_KNOWN * fe->heard_power)
		fe->proved_path = true;
	if (fe->proved_path || fe->path_periods == 0)
		fe->knows_path = true;
}

/*
 * Of every microphone's, so that a beam that turns does not change the path. What the filters leave of
 * the echo still comes from the loudspeaker: it is no talker to turn to.
 */
static void run_echo_first(struct front_end *fe, float *const *channels, unsigned int count,
			   bool far, const float *reference)
{
	float *heard[SOUND_CHANNELS_MAX], voice[SOUND_PERIOD_FRAMES];

	for (unsigned int c = 0; c < SOUND_CHANNELS_MAX; c++)
		heard[c] = fe->heard[c];
	for (unsigned int c = 0; c < count; c++) {
		memcpy(heard[c], channels[c], sizeof(fe->heard[c]));
		echo_filter_process(fe->filters[c], reference, channels[c]);
	}
	if (fe->beam && count == fe->config.geometry.count) {
		beam_process(fe->beam, channels, !far || fe->near_periods > 0, voice);
		beam_process_side(fe->beam, &fe->heard_side, heard, heard[0]);
		memcpy(channels[0], voice, sizeof(voice));
	}
}

static void run_beam_first(struct front_end *fe, float *const *channels, unsigned int count,
			   bool far, const float *reference)
{
	if (fe->beam && count == fe->config.geometry.count)
		beam_process(fe->beam, channels, !far, channels[0]);
	memcpy(fe->heard[0], channels[0], sizeof(fe->heard[0]));
	echo_filter_process(fe->filters[0], reference, channels[0]);
}

static void run_echo(struct front_end *fe, float *const *channels, unsigned int count, bool far,
		     const float *reference)
{
	if (fe->config.order == FRONT_END_ECHO_FIRST)
		run_echo_first(fe, channels, count, far, reference);
	else
		run_beam_first(fe, channels, count, far, reference);
	judge_path(fe, fe->heard[0], channels[0]);
	echo_suppress_process(fe->suppress, fe->heard[0], channels[0], !far || fe->knows_path);
	fe->near_periods = echo_suppress_hears_near(fe->suppress) ? fe->near_periods + 1 : 0;
}

/* The reference of what the microphones hear now, in place. */
static void align(struct front_end *fe, float *const *channels, unsigned int count,
		  float *reference)
{
	float mean[SOUND_PERIOD_FRAMES] = {0};

	for (unsigned int c = 0; c < count; c++)
		for (int i = 0; i < SOUND_PERIOD_FRAMES; i++)
			mean[i] += channels[c][i] / (float)count;
	if (echo_delay_process(fe->delay, mean, reference))
		forget_path(fe, CHANGED_PERIODS);
}

static void forget_echo(struct front_end *fe)
{
	echo_delay_reset(fe->delay);
	forget_path(fe, FIRST_PERIODS);
	echo_suppress_reset(fe->suppress);
	memset(&fe->heard_side, 0, sizeof(fe->heard_side));
}

static void publish_beam(struct front_end *fe)
{
	struct beam_status beam = beam_get_status(fe->beam);

	fe->status.left_out = beam.broken;
	fe->status.talker_count = beam.talker_count;
	for (unsigned int i = 0; i < beam.talker_count; i++) {
		fe->status.talkers[i].azimuth_deg = beam.talkers[i].look.azimuth_deg;
		fe->status.talkers[i].elevation_deg = beam.talkers[i].look.elevation_deg;
		fe->status.talkers[i].silent_periods = beam.talkers[i].silent_periods;
	}
}

static void publish(struct front_end *fe, bool has_array)
{
	uint32_t spoiled = 0, clipped = 0;

	for (unsigned int c = 0; c < SOUND_CHANNELS_MAX; c++) {
		spoiled |= (uint32_t)mic_input_was_spoiled(&fe->inputs[c]) << c;
		clipped |= (uint32_t)mic_input_was_clipped(&fe->inputs[c]) << c;
	}
	fe->status.spoiled = spoiled;
	fe->status.clipped = clipped;
	fe->status.cancels_echo = fe->cancelled_echo;
	fe->status.far_speaks = fe->far_periods > 0;
	fe->status.has_array = has_array;
	fe->status.echo_delay_ms = echo_delay_ms(fe->delay);
	fe->status.echo_is_late = echo_delay_is_beyond(fe->delay);
	fe->status.gain_db = (float)level_gain_db(fe->level);
	fe->status.echo_loss_db =
		fe->left_power > 0 ? (float)(10 * log10(fe->heard_power / fe->left_power)) : 0;
	if (has_array)
		publish_beam(fe);
}

/* A filter that has once learned from a number that is no sound gives nothing else any more. */
static void clean(const float *reference, float *ret_reference)
{
	for (int i = 0; i < SOUND_PERIOD_FRAMES; i++)
		ret_reference[i] = isfinite(reference[i]) ? fminf(fmaxf(reference[i], -1), 1) : 0;
}

static unsigned int process(struct mic_stage *stage, float *const *channels,
			    unsigned int channel_count, const float *speaker_reference)
{
	struct front_end *fe = front_end_of(stage);
	float reference[SOUND_PERIOD_FRAMES];
	bool far;
	bool has_array = fe->beam && channel_count == fe->config.geometry.count;
	bool cancels = atomic_load(&fe->cancels_echo);
	unsigned int pick = fe->config.pick < channel_count ? fe->config.pick : channel_count - 1;

	fe->status.other_channels = fe->beam && !has_array ? channel_count : 0;
	if (!has_array && pick > 0)
		memcpy(channels[0], channels[pick], sizeof(fe->heard[0]));
	if (!has_array)
		channel_count = 1;
	for (unsigned int c = 0; c < channel_count; c++)
		mic_input_run(&fe->inputs[c], channels[c]);
	if (cancels != fe->cancelled_echo)
		forget_echo(fe);
	fe->cancelled_echo = cancels;
	clean(speaker_reference, reference);
	if (cancels)
		align(fe, channels, channel_count, reference);
	far = listen_to_far(fe, reference);
	if (cancels)
		run_echo(fe, channels, channel_count, far, reference);
	else if (has_array)
		beam_process(fe->beam, channels, true, channels[0]);
	if (fe->noise)
		apm_process(fe->noise, NULL, channels);
	/* An echo is not this room's voice. */
	level_process(fe->level, channels[0], !cancels || !far || fe->near_periods > NEAR_PERIODS);
	if (++fe->periods % STATUS_PERIODS == 0)
		publish(fe, has_array);
	return 1;
}

static void reset(struct mic_stage *stage)
{
	struct front_end *fe = front_end_of(stage);

	memset(fe->inputs, 0, sizeof(fe->inputs));
	forget_echo(fe);
	if (fe->beam)
		beam_reset(fe->beam);
	level_reset(fe->level);
	fe->far_periods = 0;
}

static void destroy(struct mic_stage *stage)
{
	front_end_destroy(front_end_of(stage));
}

static int create_parts(struct front_end *fe)
{
	const struct front_end_config *config = &fe->config;
	const struct apm_config noise = {.channels = 1, .suppresses_noise = true};
	unsigned int filters = config->geometry.count ? config->geometry.count : 1;
	int r = level_create(&fe->level);

	if (config->order == FRONT_END_BEAM_FIRST)
		filters = 1;
	for (; fe->filter_count < filters && r == 0; fe->filter_count++)
		r = echo_filter_create(&fe->filters[fe->filter_count]);
	if (r == 0)
		r = echo_delay_create(&fe->delay);
	if (r == 0)
		r = echo_suppress_create(&fe->suppress);
	if (r == 0 && config->geometry.count)
		r = beam_create(&config->geometry, config->beam, &fe->beam);
	if (r == 0 && config->suppresses_noise)
		r = apm_create(&noise, &fe->noise);
	return r;
}

int front_end_create(const struct front_end_config *config, struct front_end **ret_front_end)
{
	static const struct mic_stage_ops ops = {
		.process = process,
		.reset = reset,
		.destroy = destroy,
	};
	struct front_end *fe;
	int r;

	if (config->geometry.count == 1 || config->geometry.count > SOUND_CHANNELS_MAX)
		return -EINVAL;
	fe = calloc(1, sizeof(*fe));
	if (!fe)
		return -ENOMEM;
	fe->base.ops = &ops;
	fe->config = *config;
	fe->cancels_echo = fe->cancelled_echo = config->cancels_echo;
	fe->status.cancels_echo = config->cancels_echo;
	fe->path_periods = FIRST_PERIODS;
	r = create_parts(fe);
	if (r < 0) {
		front_end_destroy(fe);
		return r;
	}
	*ret_front_end = fe;
	return 0;
}

void front_end_destroy(struct front_end *front_end)
{
	if (!front_end)
		return;
	for (unsigned int i = 0; i < SOUND_CHANNELS_MAX; i++)
		echo_filter_destroy(front_end->filters[i]);
	echo_delay_destroy(front_end->delay);
	echo_suppress_destroy(front_end->suppress);
	beam_destroy(front_end->beam);
	apm_destroy(front_end->noise);
	level_destroy(front_end->level);
	free(front_end);
}

struct mic_stage *front_end_stage(struct front_end *front_end)
{
	return &front_end->base;
}

void front_end_set_echo(struct front_end *front_end, bool cancels_echo)
{
	atomic_store(&front_end->cancels_echo, cancels_echo);
}

const struct front_end_status *front_end_get_status(const struct front_end *front_end)
{
	return &front_end->status;
}
