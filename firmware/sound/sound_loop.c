#include "sound/sound_loop.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/thread.h"
#include "sound/duplex.h"
#include "sound/keeper.h"
#include "sound/sound_status.h"
#include "sound/sound_test.h"

/* Above what else runs at real-time priority in the room, below the kernel's own threads (50). */
enum { PRIORITY = 40 };

struct sound_loop {
	struct duplex *duplex;
	struct keeper *keeper;
	struct thread *thread;
	struct handover mic;
	struct handover speaker;
	struct handover source_slots[SOUND_LOOP_SOURCES_MAX];
	struct source *sources[SOUND_LOOP_SOURCES_MAX];
	size_t source_count;
	struct sound_status_parts parts;
	struct sound_test *test;
	pthread_mutex_t test_lock; /* who asks for a test, and what the last one found */
	json_t *faults;            /* NULL: none yet */
	_Atomic bool realtime;
	_Atomic bool stopping;
};

static enum sound_result open_mic(void *device, struct sound_device_info *ret_info)
{
	struct mic *mic = device;

	return mic->ops->open(mic, ret_info);
}

static void close_mic(void *device)
{
	struct mic *mic = device;

	mic->ops->close(mic);
}

static enum sound_result open_speaker(void *device, struct sound_device_info *ret_info)
{
	struct speaker *speaker = device;

	return speaker->ops->open(speaker, ret_info);
}

static void close_speaker(void *device)
{
	struct speaker *speaker = device;

	speaker->ops->close(speaker);
}

static void wake_keeper(void *context)
{
	struct sound_loop *loop = context;

	keeper_wake(loop->keeper);
}

static void put(void *sink, const struct opus_out_block *block)
{
	opus_out_put(sink, block);
}

static void sound_main(void *context)
{
	struct sound_loop *loop = context;

	atomic_store(&loop->realtime, thread_set_realtime(PRIORITY));
	while (!atomic_load(&loop->stopping)) {
		int64_t due_us = duplex_run_period(loop->duplex);
		struct timespec due = clock_timespec(due_us);

		if (due_us)
			clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
	}
}

static int start_keeper(struct sound_loop *loop, const struct sound_loop_config *config)
{
	struct keeper_device devices[KEEPER_DEVICES_MAX];
	size_t count = 0;

	loop->parts.mic_at = loop->parts.speaker_at = SOUND_STATUS_NONE;
	if (config->mic) {
		loop->parts.mic_at = count;
		devices[count++] = (struct keeper_device){
			.name = "microphone",
			.device = config->mic,
			.open = open_mic,
			.close = close_mic,
			.handover = &loop->mic,
		};
	}
	if (config->speaker) {
		loop->parts.speaker_at = count;
		devices[count++] = (struct keeper_device){
			.name = "speaker",
			.device = config->speaker,
			.open = open_speaker,
			.close = close_speaker,
			.handover = &loop->speaker,
		};
	}
	loop->parts.sources_at = count;
	for (size_t i = 0; i < loop->source_count; i++) {
		devices[count++] = (struct keeper_device){
			.name = "source beside the microphone",
			.device = config->sources[i].mic,
			.open = open_mic,
			.close = close_mic,
			.handover = &loop->source_slots[i],
		};
	}
	return keeper_create(devices, count, &loop->keeper);
}

static int create_sources(struct sound_loop *loop, const struct sound_loop_config *config)
{
	int r = config->source_count > SOUND_LOOP_SOURCES_MAX ? -EINVAL : 0;

	for (size_t i = 0; i < config->source_count && r == 0; i++) {
		const struct source_config source = {
			.mic = &loop->source_slots[i],
			.channel = config->sources[i].channel,
			.stage = config->sources[i].stage,
		};

		r = source_create(&source, &loop->sources[i]);
		loop->parts.source_mics[i] = config->sources[i].mic;
		loop->parts.sources[i] = loop->sources[i];
		loop->source_count++;
	}
	loop->parts.source_count = loop->source_count;
	return r;
}

static int start_duplex(struct sound_loop *loop, const struct sound_loop_config *config)
{
	const struct duplex_config duplex = {
		.clock = clock_monotonic(),
		.mic = &loop->mic,
		.speaker = &loop->speaker,
		.wake_keeper = wake_keeper,
		.context = loop,
		.stages = config->stages,
		.stage_count = config->stage_count,
		.sources = loop->sources,
		.source_count = loop->source_count,
		.mixer = config->mixer,
		.test = loop->test,
		.put = put,
		.sink = config->opus_out,
	};

	return duplex_create(&duplex, &loop->duplex);
}

int sound_loop_create(const struct sound_loop_config *config, struct sound_loop **ret_loop)
{
	struct sound_loop *loop = calloc(1, sizeof(*loop));
	int r;

	if (!loop)
		return -ENOMEM;
	pthread_mutex_init(&loop->test_lock, NULL);
	r = sound_test_create(&loop->test);
	if (!r)
		r = create_sources(loop, config);
	if (!r)
		r = start_duplex(loop, config);
	if (!r)
		r = start_keeper(loop, config);
	if (!r)
		r = thread_start("sound", sound_main, loop, &loop->thread);
	if (r) {
		sound_loop_destroy(loop);
		return r;
	}
	loop->parts.mic = config->mic;
	loop->parts.speaker = config->speaker;
	*ret_loop = loop;
	return 0;
}

void sound_loop_destroy(struct sound_loop *loop)
{
	if (!loop)
		return;
	atomic_store(&loop->stopping, true);
	thread_join(loop->thread);
	keeper_destroy(loop->keeper);
	duplex_destroy(loop->duplex);
	for (size_t i = 0; i < loop->source_count; i++)
		source_destroy(loop->sources[i]);
	sound_test_destroy(loop->test);
	pthread_mutex_destroy(&loop->test_lock);
	json_decref(loop->faults);
	free(loop);
}

static unsigned int open_channels(struct sound_loop *loop, size_t device)
{
	struct keeper_status status;

	if (device == SOUND_STATUS_NONE)
		return 0;
	status = keeper_get_status(loop->keeper, device);
	return status.state == SOUND_OK ? status.info.channels : 0;
}

int sound_loop_test(struct sound_loop *loop, const struct geometry *geometry, int64_t deadline_us,
		    json_t **ret_faults)
{
	const struct sound_test_config config = {
		.geometry = *geometry,
		.microphones = open_channels(loop, loop->parts.mic_at),
		.loudspeakers = open_channels(loop, loop->parts.speaker_at),
	};
	int r;

	if (config.microphones == 0 || config.loudspeakers == 0)
		return -ENODEV;
	pthread_mutex_lock(&loop->test_lock);
	r = sound_test_run(loop->test, &config, deadline_us, ret_faults);
	if (r == 0) {
		json_decref(loop->faults);
		loop->faults = json_deep_copy(*ret_faults);
	}
	pthread_mutex_unlock(&loop->test_lock);
	return r;
}

json_t *sound_loop_to_json(struct sound_loop *loop)
{
	struct sound_status_parts parts = loop->parts;

	parts.realtime = atomic_load(&loop->realtime);
	parts.duplex = duplex_get_status(loop->duplex);
	parts.drift_ppm = duplex_drift_ppm(loop->duplex);
	parts.keeper = loop->keeper;
	pthread_mutex_lock(&loop->test_lock);
	parts.faults = json_incref(loop->faults);
	pthread_mutex_unlock(&loop->test_lock);
	return sound_status_to_json(&parts);
}
