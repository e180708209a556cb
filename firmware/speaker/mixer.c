#include "speaker/mixer.h"

#include <errno.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/limiter.h"
#include "base/ring.h"
#include "speaker/opus_in.h"

enum { RING_PACKETS = 64 }; /* more than the hub lets wait (PROTOCOL.md, section 3) */

/* A period, into ducking and out of it. */
#define DUCK_DB (MIXER_DUCK_DB / 10)
#define RISE_DB (MIXER_DUCK_DB / 50)

/* Only the pushing side leaves FREE and OPEN, only the real-time thread leaves CLOSING. */
enum source_state {
	SOURCE_FREE,
	SOURCE_OPEN,
	SOURCE_CLOSING,
};

struct mixer_source {
	_Atomic enum source_state state;
	struct ring *ring;
	struct opus_in *in;
	_Atomic uint64_t packets;
	_Atomic uint64_t overflows;
	_Atomic uint64_t oversized;
};

struct mixer {
	struct mixer_source sources[MIXER_SOURCES_MAX];
	bool ducks;
	double softer_db; /* that the voices are now */
	struct limiter limiter;
};

int mixer_create(const struct mixer_config *config, struct mixer **ret_mixer)
{
	struct mixer *mixer;
	int r = 0;

	if (config->delay_min_us < 10000 || config->delay_max_us > 200000 ||
	    config->delay_min_us > config->delay_max_us)
		return -EINVAL;
	mixer = calloc(1, sizeof(*mixer));
	if (!mixer)
		return -ENOMEM;
	for (size_t i = 0; i < MIXER_SOURCES_MAX && !r; i++) {
		struct mixer_source *source = &mixer->sources[i];

		r = ring_create(sizeof(struct jitter_packet), RING_PACKETS, &source->ring);
		if (!r)
			r = opus_in_create(config->delay_min_us, config->delay_max_us, &source->in);
	}
	if (r) {
		mixer_destroy(mixer);
		return r;
	}
	*ret_mixer = mixer;
	return 0;
}

void mixer_destroy(struct mixer *mixer)
{
	if (!mixer)
		return;
	for (size_t i = 0; i < MIXER_SOURCES_MAX; i++) {
		opus_in_destroy(mixer->sources[i].in);
		ring_destroy(mixer->sources[i].ring);
	}
	free(mixer);
}

int mixer_source_open(struct mixer *mixer, struct mixer_source **ret_source)
{
	for (size_t i = 0; i < MIXER_SOURCES_MAX; i++) {
		struct mixer_source *source = &mixer->sources[i];
		enum source_state state = SOURCE_FREE;

		if (!atomic_compare_exchange_strong(&source->state, &state, SOURCE_OPEN))
			continue;
		atomic_store(&source->packets, 0);
		atomic_store(&source->overflows, 0);
		atomic_store(&source->oversized, 0);
		*ret_source = source;
		return 0;
	}
	return -ENOSPC;
}

void mixer_source_close(struct mixer_source *source)
{
	if (source)
		atomic_store(&source->state, SOURCE_CLOSING);
}

int mixer_source_push(struct mixer_source *source, uint32_t sequence, int64_t arrival_us,
		      int64_t capture_us, const uint8_t *data, size_t length)
{
	struct jitter_packet packet = {
		.arrival_us = arrival_us,
		.capture_us = capture_us,
		.sequence = sequence,
		.length = (uint32_t)length,
	};

	if (length < 1 || length > sizeof(packet.data)) {
		atomic_fetch_add(&source->oversized, 1);
		return -EMSGSIZE;
	}
	memcpy(packet.data, data, length);
	if (!ring_push(source->ring, &packet)) {
		atomic_fetch_add(&source->overflows, 1);
		return -ENOBUFS;
	}
	atomic_fetch_add(&source->packets, 1);
	return 0;
}

static void free_source(struct mixer_source *source)
{
	struct jitter_packet packet;

	while (ring_pop(source->ring, &packet))
		;
	opus_in_reset(source->in);
	atomic_store(&source->state, SOURCE_FREE);
}

static void add_source(struct mixer_source *source, int64_t now_us, int64_t play_us, float *samples)
{
	float voice[SOUND_PERIOD_FRAMES];
	struct jitter_packet packet;

	while (ring_pop(source->ring, &packet))
		opus_in_put(source->in, &packet);
	opus_in_render(source->in, now_us, play_us, voice);
	for (int i = 0; i < SOUND_PERIOD_FRAMES; i++)
		samples[i] += voice[i];
}

void mixer_duck(struct mixer *mixer, bool ducks)
{
	mixer->ducks = ducks;
}

static void duck(struct mixer *mixer, float *samples)
{
	double before_db = mixer->softer_db, step_db;

	mixer->softer_db = mixer->ducks ? fmin(before_db + DUCK_DB, MIXER_DUCK_DB)
					: fmax(before_db - RISE_DB, 0);
	step_db = (mixer->softer_db - before_db) / SOUND_PERIOD_FRAMES;
	if (before_db <= 0 && step_db <= 0)
		return;
	for (int i = 0; i < SOUND_PERIOD_FRAMES; i++)
		samples[i] *= (float)pow(10, -(before_db + step_db * (i + 1)) / 20);
}

void mixer_render(struct mixer *mixer, int64_t now_us, int64_t play_us, float *samples)
{
	memset(samples, 0, SOUND_PERIOD_FRAMES * sizeof(samples[0]));
	for (size_t i = 0; i < MIXER_SOURCES_MAX; i++) {
		struct mixer_source *source = &mixer->sources[i];
		enum source_state state = atomic_load(&source->state);

		if (state == SOURCE_OPEN)
			add_source(source, now_us, play_us, samples);
		else if (state == SOURCE_CLOSING)
			free_source(source);
	}
	duck(mixer, samples);
	limiter_run(&mixer->limiter, samples, SOUND_PERIOD_FRAMES);
}

json_t *mixer_source_to_json(struct mixer_source *source)
{
	json_t *object =
		json_pack("{s:I, s:I, s:I}", "packets", (json_int_t)atomic_load(&source->packets),
			  "overflows", (json_int_t)atomic_load(&source->overflows), "oversized",
			  (json_int_t)atomic_load(&source->oversized));

	if (object && opus_in_add_json(source->in, object)) {
		json_decref(object);
		return NULL;
	}
	return object;
}
