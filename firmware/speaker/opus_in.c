#include "speaker/opus_in.h"

#include <errno.h>
#include <opus/opus.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/sound_level.h"
#include "base/stats.h"

enum {
	TURN_FRAMES = 2 * SOUND_PERIOD_FRAMES,
	/* What a period may leave, and the turn that is added for the next. */
	WAITING_MAX = SOUND_PERIOD_FRAMES + JITTER_TRIM_MAX + TURN_FRAMES,
};

/* A packet's first decoded sample is of 6.5 ms before its capture time: libopus's look-ahead. */
#define OPUS_DELAY_US INT64_C(6500)

/*
 *   packets ──► jitter ──► decoder ──► waiting ──► trimmed to a period ──► samples
 */
struct opus_in {
	struct jitter *jitter;
	OpusDecoder *decoder;
	float waiting[WAITING_MAX]; /* decoded, not yet played */
	int waiting_count;

	_Atomic uint64_t broken;
	struct sound_level level;
	struct stats buffer;
	struct stats mouth_to_ear;
};

int opus_in_create(int64_t delay_min_us, int64_t delay_max_us, struct opus_in **ret_in)
{
	struct opus_in *in = calloc(1, sizeof(*in));
	int error;

	if (!in)
		return -ENOMEM;
	in->decoder = opus_decoder_create(SOUND_RATE_HZ, 1, &error);
	if (!in->decoder || jitter_create(delay_min_us, delay_max_us, &in->jitter)) {
		opus_in_destroy(in);
		return -ENOMEM;
	}
	*ret_in = in;
	return 0;
}

void opus_in_destroy(struct opus_in *in)
{
	if (!in)
		return;
	jitter_destroy(in->jitter);
	if (in->decoder)
		opus_decoder_destroy(in->decoder);
	free(in);
}

void opus_in_reset(struct opus_in *in)
{
	jitter_reset(in->jitter);
	opus_decoder_ctl(in->decoder, OPUS_RESET_STATE);
	in->waiting_count = 0;
	atomic_store(&in->broken, 0);
	/* No status is asked of a closed source: nobody reads these now. */
	memset(&in->level, 0, sizeof(in->level));
	memset(&in->buffer, 0, sizeof(in->buffer));
	memset(&in->mouth_to_ear, 0, sizeof(in->mouth_to_ear));
}

void opus_in_put(struct opus_in *in, const struct jitter_packet *packet)
{
	jitter_put(in->jitter, packet);
}

static void add_silence(struct opus_in *in, int frames)
{
	memset(in->waiting + in->waiting_count, 0, (size_t)frames * sizeof(in->waiting[0]));
	in->waiting_count += frames;
}

static void add_concealment(struct opus_in *in)
{
	float *to = in->waiting + in->waiting_count;

	if (opus_decode_float(in->decoder, NULL, 0, to, TURN_FRAMES, 0) != TURN_FRAMES)
		add_silence(in, TURN_FRAMES);
	else
		in->waiting_count += TURN_FRAMES;
}

static void add_packet(struct opus_in *in, const struct jitter_packet *packet)
{
	float *to = in->waiting + in->waiting_count;
	opus_int32 length = (opus_int32)packet->length;

	if (opus_packet_get_nb_samples(packet->data, length, SOUND_RATE_HZ) == TURN_FRAMES &&
	    opus_decode_float(in->decoder, packet->data, length, to, TURN_FRAMES, 0) ==
		    TURN_FRAMES) {
		in->waiting_count += TURN_FRAMES;
		return;
	}
	atomic_fetch_add(&in->broken, 1);
	add_concealment(in);
}

static int64_t frames_us(int frames)
{
	return (int64_t)frames * CLOCK_US_PER_S / SOUND_RATE_HZ;
}

/* Rounded up: less than asked for would be asked for again without end. */
static int us_frames(int64_t us)
{
	return (int)((us * SOUND_RATE_HZ + CLOCK_US_PER_S - 1) / CLOCK_US_PER_S);
}

static void note_delays(struct opus_in *in, const struct jitter_packet *packet, int64_t start_us,
			int64_t heard_us)
{
	stats_add(&in->buffer, start_us - packet->arrival_us, start_us);
	if (packet->capture_us)
		stats_add(&in->mouth_to_ear, heard_us + OPUS_DELAY_US - packet->capture_us,
			  start_us);
}

static void add_turn(struct opus_in *in, int64_t now_us, int64_t play_us)
{
	int64_t ahead_us = frames_us(in->waiting_count);
	const struct jitter_packet *packet;
	int64_t silence_us;

	switch (jitter_take(in->jitter, now_us + ahead_us, &packet, &silence_us)) {
	case JITTER_PACKET:
		note_delays(in, packet, now_us + ahead_us, play_us + ahead_us);
		add_packet(in, packet);
		break;
	case JITTER_CONCEAL:
		add_concealment(in);
		break;
	case JITTER_SILENCE:
		add_silence(in, us_frames(silence_us));
		break;
	}
}

/*
 * Plays `count` frames in the time of a period, by linear interpolation: what it costs at high
 * frequencies is not heard in speech for the moments that a trim lasts.
 */
static void play_trimmed(const float *from, int count, float *samples)
{
	float step = (float)count / SOUND_PERIOD_FRAMES;

	for (int i = 0; i < SOUND_PERIOD_FRAMES; i++) {
		float position = (float)i * step;
		int at = (int)position;
		int next = at + 1 < count ? at + 1 : at;

		samples[i] = from[at] + (from[next] - from[at]) * (position - (float)at);
	}
}

void opus_in_render(struct opus_in *in, int64_t now_us, int64_t play_us, float *samples)
{
	int count = SOUND_PERIOD_FRAMES + jitter_trim(in->jitter);

	while (in->waiting_count < count)
		add_turn(in, now_us, play_us);
	play_trimmed(in->waiting, count, samples);
	in->waiting_count -= count;
	memmove(in->waiting, in->waiting + count,
		(size_t)in->waiting_count * sizeof(in->waiting[0]));
	sound_level_add(&in->level, samples);
}

static int add_integer(json_t *object, const char *key, int64_t value)
{
	return json_object_set_new(object, key, json_integer(value));
}

int opus_in_add_json(struct opus_in *in, json_t *object)
{
	const struct jitter_counters *counters = jitter_counters(in->jitter);
	int64_t now_us = clock_now_us();
	double level_dbfs = sound_level_rms_dbfs(&in->level);

	if (add_integer(object, "late", (int64_t)atomic_load(&counters->late)) ||
	    add_integer(object, "lost", (int64_t)atomic_load(&counters->lost)) ||
	    add_integer(object, "broken", (int64_t)atomic_load(&in->broken)) ||
	    add_integer(object, "resets", (int64_t)atomic_load(&counters->resets)) ||
	    add_integer(object, "target_us", atomic_load(&counters->target_us)) ||
	    json_object_set_new(object, "level_dbfs", json_real(level_dbfs)) ||
	    json_object_set_new(object, "buffer", stats_to_json(&in->buffer, now_us)) ||
	    json_object_set_new(object, "mouth_to_ear", stats_to_json(&in->mouth_to_ear, now_us)))
		return -ENOMEM;
	return 0;
}
