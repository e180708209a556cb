#include "tests/bench/sound/system.h"

#include <malloc.h>
#include <math.h>
#include <speex/speex_echo.h>
#include <speex/speex_preprocess.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "microphone/apm.h"
#include "microphone/front_end.h"
#include "sound/reference.h"
#include "tests/bench/sound/aec3_chain.h"

enum {
	SPEEX_TAIL_MS = 200,
	JITTER_US = 200, /* of what cards say of their times */
};

#define START_US (10 * CLOCK_US_PER_S)

struct system {
	enum system_kind kind;
	SpeexEchoState *speex_echo;
	SpeexPreprocessState *speex_noise;
	struct apm *apm;
	struct aec3_chain *aec3;
	struct front_end *front_end;
	struct reference *reference;
	size_t far_written; /* frames of the far voice that the reference has */
};

const char *system_name(enum system_kind kind)
{
	static const char *const names[] = {"no processing",          "speexdsp",
					    "webrtc, one microphone", "AEC3 before beam",
					    "AEC3 behind beam",       "own filter, beam, AEC3",
					    "beam before echo",       "ours"};

	return names[kind];
}

/* What this thread has used of a core, in µs: others on the machine do not count. */
static double cpu_us(void)
{
	struct timespec used;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	return (double)used.tv_sec * 1e6 + (double)used.tv_nsec / 1e3;
}

static void must(int r)
{
	if (r == 0)
		return;
	fprintf(stderr, "a part of the sound bench cannot be made: %s\n", strerror(-r));
	exit(EXIT_FAILURE);
}

static void open_speex(struct system *system)
{
	int rate = SOUND_RATE_HZ;

	system->speex_echo =
		speex_echo_state_init(SOUND_PERIOD_FRAMES, SPEEX_TAIL_MS * SOUND_RATE_HZ / 1000);
	system->speex_noise = speex_preprocess_state_init(SOUND_PERIOD_FRAMES, SOUND_RATE_HZ);
	speex_echo_ctl(system->speex_echo, SPEEX_ECHO_SET_SAMPLING_RATE, &rate);
	speex_preprocess_ctl(system->speex_noise, SPEEX_PREPROCESS_SET_ECHO_STATE,
			     system->speex_echo);
}

static void open_system(struct system *system, const struct scene_sound *sound)
{
	const struct apm_config apm = {1, .cancels_echo = true, .suppresses_noise = true};
	const struct front_end_config front_end = {
		.geometry = sound->geometry,
		.order = system->kind == SYSTEM_OURS ? FRONT_END_ECHO_FIRST : FRONT_END_BEAM_FIRST,
		.beam = BEAM_SUPERDIRECTIVE,
		.cancels_echo = true,
		.suppresses_noise = true,
	};

	if (system->kind == SYSTEM_SPEEX)
		open_speex(system);
	else if (system->kind == SYSTEM_WEBRTC)
		must(apm_create(&apm, &system->apm));
	else if (system->kind == SYSTEM_AEC3_FIRST)
		must(aec3_chain_create(&sound->geometry, AEC3_FIRST, &system->aec3));
	else if (system->kind == SYSTEM_AEC3_BEHIND_BEAM)
		must(aec3_chain_create(&sound->geometry, AEC3_BEHIND_BEAM, &system->aec3));
	else if (system->kind == SYSTEM_AEC3_SUPPRESSES)
		must(aec3_chain_create(&sound->geometry, AEC3_SUPPRESSES, &system->aec3));
	else if (system->kind != SYSTEM_NONE)
		must(front_end_create(&front_end, &system->front_end));
}

static void close_system(struct system *system)
{
	if (system->speex_echo)
		speex_echo_state_destroy(system->speex_echo);
	if (system->speex_noise)
		speex_preprocess_state_destroy(system->speex_noise);
	apm_destroy(system->apm);
	aec3_chain_destroy(system->aec3);
	front_end_destroy(system->front_end);
	reference_destroy(system->reference);
}

static int64_t jitter(void)
{
	return random() % (2L * JITTER_US) - JITTER_US;
}

/* As the sound loop does: the speaker's queue is kept two periods ahead, by its own clock. */
static void feed_reference(struct system *system, const struct scene_sound *sound, size_t first,
			   const float *far, float *ret_heard)
{
	double faster = 1 + sound->scene->drift_ppm / 1e6;
	double played = (double)first * faster;

	while ((double)system->far_written < played + 3 * SOUND_PERIOD_FRAMES &&
	       system->far_written < SCENE_FRAMES) {
		double play_us = (double)system->far_written / faster / SOUND_RATE_HZ * 1e6;

		reference_write(system->reference, far + system->far_written,
				START_US + (int64_t)play_us + jitter());
		system->far_written += SOUND_PERIOD_FRAMES;
	}
	reference_read(system->reference,
		       START_US + (int64_t)(first / SOUND_PERIOD_FRAMES * SOUND_PERIOD_US) +
			       jitter(),
		       ret_heard);
}

static void run_speex(struct system *system, const float *far, const float *mic, float *out)
{
	spx_int16_t in16[SOUND_PERIOD_FRAMES], far16[SOUND_PERIOD_FRAMES],
		out16[SOUND_PERIOD_FRAMES];

	for (int i = 0; i < SOUND_PERIOD_FRAMES; i++) {
		in16[i] = (spx_int16_t)lrintf(32767 * fmaxf(-1, fminf(1, mic[i])));
		far16[i] = (spx_int16_t)lrintf(32767 * fmaxf(-1, fminf(1, far[i])));
	}
	speex_echo_cancellation(system->speex_echo, in16, far16, out16);
	speex_preprocess_run(system->speex_noise, out16);
	for (int i = 0; i < SOUND_PERIOD_FRAMES; i++)
		out[i] = (float)out16[i] / 32768;
}

static void run_period(struct system *system, const float *far, float *const *mics,
		       unsigned int count, float *out)
{
	struct mic_stage *stage;

	if (system->kind == SYSTEM_SPEEX) {
		run_speex(system, far, mics[0], out);
		return;
	}
	if (system->apm)
		apm_process(system->apm, far, mics);
	if (system->aec3)
		aec3_chain_process(system->aec3, far, mics);
	if (system->front_end) {
		stage = front_end_stage(system->front_end);
		stage->ops->process(stage, mics, count, far);
	}
	memcpy(out, mics[0], SOUND_PERIOD_FRAMES * sizeof(*out));
}

static void note_direction(const struct system *system, const struct scene *scene,
			   double *error_sum, unsigned int *count)
{
	const struct front_end_status *status;
	double azimuth;

	if (!system->front_end)
		return;
	status = front_end_get_status(system->front_end);
	if (status->talker_count == 0)
		return;
	azimuth = status->talkers[0].azimuth_deg;
	*error_sum += fabs(remainder(azimuth - scene->azimuth_deg, 360));
	++*count;
}

void system_process(enum system_kind kind, const struct scene_sound *sound, bool with_echo,
		    struct system_run *run)
{
	static const float silence[SCENE_FRAMES];
	const float *far = with_echo ? sound->far : silence;
	const size_t near_alone = (size_t)(SCENE_FAR_S + SCENE_BOTH_S + 1) * SOUND_RATE_HZ;
	struct system system = {.kind = kind};
	float buffers[SOUND_CHANNELS_MAX][SOUND_PERIOD_FRAMES] = {0}, heard[SOUND_PERIOD_FRAMES];
	float *mics[SOUND_CHANNELS_MAX];
	size_t heap = mallinfo2().uordblks;
	double error_sum = 0;
	unsigned int errors = 0;
	double work_us = 0;

	open_system(&system, sound);
	run->mb = (double)(mallinfo2().uordblks - heap) / 1e6;
	run->echo_loss_db = NAN;
	must(reference_create(&system.reference));
	for (size_t first = 0; first < SCENE_FRAMES; first += SOUND_PERIOD_FRAMES) {
		double began_us;

		for (unsigned int m = 0; m < SOUND_CHANNELS_MAX; m++)
			mics[m] = buffers[m];
		for (unsigned int m = 0; m < sound->geometry.count; m++) {
			for (size_t i = 0; i < SOUND_PERIOD_FRAMES; i++)
				mics[m][i] = sound->near[m][first + i] +
					     sound->noise[m][first + i] +
					     (with_echo ? sound->echo[m][first + i] : 0);
		}
		if (system.front_end || system.aec3)
			feed_reference(&system, sound, first, far, heard);
		else
			memcpy(heard, far + first, sizeof(heard));
		began_us = cpu_us();
		run_period(&system, heard, mics, sound->geometry.count, run->out + first);
		work_us += cpu_us() - began_us;
		if (first > near_alone)
			note_direction(&system, sound->scene, &error_sum, &errors);
		if (system.front_end && first == (size_t)SCENE_FAR_S * SOUND_RATE_HZ)
			run->echo_loss_db = front_end_get_status(system.front_end)->echo_loss_db;
	}
	run->us = work_us / ((double)SCENE_FRAMES / SOUND_PERIOD_FRAMES);
	run->direction_deg = errors ? error_sum / errors : NAN;
	close_system(&system);
}
