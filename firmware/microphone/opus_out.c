#include "microphone/opus_out.h"

#include <errno.h>
#include <opus/opus.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/ring.h"
#include "base/sound_state.h"
#include "base/stats.h"
#include "base/thread.h"

enum {
	RING_BLOCKS = 16,
	PACKET_FRAMES = 2 * SOUND_PERIOD_FRAMES,
	PACKET_BYTES_MAX = 1276, /* RFC 6716, section 3.2.2, and the TOC byte */
};

/*
 *   opus_out_put() ──► ring ──► encode_main(): two blocks make a frame ──► encoder ──► sink
 *                └─ semaphore ─┘
 */
/* Below the sound loop's own thread. */
#define PRIORITY 10

struct opus_out {
	struct opus_out_config config;
	struct ring *ring;
	sem_t ready; /* one for each block in the ring, and one to stop */
	atomic_bool stopping;
	struct thread *thread;

	/* The "opus out" thread's own. */
	OpusEncoder *encoder;
	float frame[PACKET_FRAMES];
	size_t frame_filled;
	int64_t frame_capture_us;
	int64_t next_capture_us; /* of a frame that goes on where the last one ended; 0: any */
	int64_t missed_us;       /* not yet told by the sequence */
	uint32_t sequence;

	atomic_bool is_muted;
	_Atomic int level_dbov; /* of the last packet */
	_Atomic uint64_t packets;
	_Atomic uint64_t failed;
	_Atomic uint64_t dropped_blocks;
	struct stats encode;
	struct stats capture_to_packet;
};

/*
 * Turns that pass because blocks were lost on their way here: were they not passed over, all that
 * follows would come late for ever. Less than half a block is the stamps' own inaccuracy.
 */
static uint32_t missed_turns(struct opus_out *out)
{
	int64_t gap_us = out->next_capture_us ? out->frame_capture_us - out->next_capture_us : 0;
	int64_t turns;

	out->next_capture_us = out->frame_capture_us + OPUS_OUT_PACKET_US;
	if (llabs(gap_us) > SOUND_PERIOD_US / 2)
		out->missed_us += gap_us;
	turns = out->missed_us > 0 ? out->missed_us / OPUS_OUT_PACKET_US : 0;
	out->missed_us -= turns * OPUS_OUT_PACKET_US;
	return (uint32_t)turns;
}

static uint8_t take_state(struct opus_out *out)
{
	struct sound_state state = {.is_muted = atomic_load(&out->is_muted)};

	if (state.is_muted)
		memset(out->frame, 0, sizeof(out->frame));
	state.level_dbov = sound_state_level(out->frame, PACKET_FRAMES);
	atomic_store(&out->level_dbov, state.level_dbov);
	return sound_state_to_byte(state);
}

static void send_frame(struct opus_out *out)
{
	unsigned char packet[SOUND_STATE_BYTES + PACKET_BYTES_MAX] = {take_state(out)};
	int64_t started_us = clock_now_us();
	opus_int32 length = opus_encode_float(out->encoder, out->frame, PACKET_FRAMES,
					      packet + SOUND_STATE_BYTES, PACKET_BYTES_MAX);
	int64_t done_us = clock_now_us();

	out->sequence += missed_turns(out);
	if (length < 1) {
		out->sequence++;
		atomic_fetch_add(&out->failed, 1);
		return;
	}
	atomic_fetch_add(&out->packets, 1);
	stats_add(&out->encode, done_us - started_us, done_us);
	stats_add(&out->capture_to_packet, done_us - out->frame_capture_us, done_us);
	out->config.sink(out->config.context, out->sequence++, out->frame_capture_us, packet,
			 SOUND_STATE_BYTES + (size_t)length);
}

static void add_block(struct opus_out *out, const struct opus_out_block *block)
{
	if (out->frame_filled == 0)
		out->frame_capture_us = block->capture_us;
	memcpy(out->frame + out->frame_filled, block->samples, sizeof(block->samples));
	out->frame_filled += SOUND_PERIOD_FRAMES;
	if (out->frame_filled < PACKET_FRAMES)
		return;
	send_frame(out);
	out->frame_filled = 0;
}

static void encode_main(void *context)
{
	struct opus_out *out = context;
	struct opus_out_block block;

	/* Without the right to it a busy machine makes packets late, which jitter buffers take up. */
	(void)thread_set_realtime(PRIORITY);
	while (true) {
		while (sem_wait(&out->ready) < 0)
			; /* interrupted by a debugger: signals are blocked here */
		if (atomic_load(&out->stopping))
			return;
		if (ring_pop(out->ring, &block))
			add_block(out, &block);
	}
}

/* Each call is refused only for a value that opus_out_create() has checked. */
static int set_up(OpusEncoder *encoder, const struct opus_out_config *config)
{
	if (opus_encoder_ctl(encoder, OPUS_SET_BITRATE((opus_int32)config->bitrate)) ||
	    opus_encoder_ctl(encoder, OPUS_SET_VBR(0)) ||
	    opus_encoder_ctl(encoder, OPUS_SET_DTX(0)) ||
	    opus_encoder_ctl(encoder, OPUS_SET_INBAND_FEC(0)) ||
	    opus_encoder_ctl(encoder, OPUS_SET_COMPLEXITY(config->complexity)))
		return -EINVAL;
	return 0;
}

static int open_encoder(struct opus_out *out)
{
	int error;

	out->encoder = opus_encoder_create(SOUND_RATE_HZ, 1, OPUS_APPLICATION_VOIP, &error);
	if (!out->encoder)
		return -ENOMEM;
	return set_up(out->encoder, &out->config);
}

int opus_out_create(const struct opus_out_config *config, struct opus_out **ret_out)
{
	struct opus_out *out;
	int r;

	if (config->bitrate < 6000 || config->bitrate > 128000 || config->complexity < 0 ||
	    config->complexity > 10 || !config->sink)
		return -EINVAL;
	out = calloc(1, sizeof(*out));
	if (!out)
		return -ENOMEM;
	out->config = *config;
	sem_init(&out->ready, 0, 0);
	r = ring_create(sizeof(struct opus_out_block), RING_BLOCKS, &out->ring);
	if (!r)
		r = open_encoder(out);
	if (!r)
		r = thread_start("opus out", encode_main, out, &out->thread);
	if (r) {
		opus_out_destroy(out);
		return r;
	}
	*ret_out = out;
	return 0;
}

void opus_out_destroy(struct opus_out *out)
{
	if (!out)
		return;
	atomic_store(&out->stopping, true);
	sem_post(&out->ready);
	thread_join(out->thread);
	if (out->encoder)
		opus_encoder_destroy(out->encoder);
	ring_destroy(out->ring);
	sem_destroy(&out->ready);
	free(out);
}

void opus_out_put(struct opus_out *out, const struct opus_out_block *block)
{
	if (ring_push(out->ring, block))
		sem_post(&out->ready);
	else
		atomic_fetch_add(&out->dropped_blocks, 1);
}

void opus_out_set_muted(struct opus_out *out, bool is_muted)
{
	atomic_store(&out->is_muted, is_muted);
}

json_t *opus_out_to_json(struct opus_out *out)
{
	int64_t now_us = clock_now_us();

	return json_pack("{s:b, s:i, s:I, s:I, s:I, s:I, s:o, s:o}", "muted",
			 atomic_load(&out->is_muted), "level_dbov", atomic_load(&out->level_dbov),
			 "bitrate", (json_int_t)out->config.bitrate, "packets",
			 (json_int_t)atomic_load(&out->packets), "failed",
			 (json_int_t)atomic_load(&out->failed), "dropped_blocks",
			 (json_int_t)atomic_load(&out->dropped_blocks), "encode",
			 stats_to_json(&out->encode, now_us), "capture_to_packet",
			 stats_to_json(&out->capture_to_packet, now_us));
}
