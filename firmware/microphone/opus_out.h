/*
 * Opus out: the room's voice as Opus packets (RFC 6716) of 20 ms, one channel, at a hard constant
 * bit rate without DTX, so that the size and the times of packets say nothing of what is said, nor
 * whether anything is (RFC 6562). In front of each stands its sound state (base/sound_state.h).
 *
 *     real-time thread ──put──► [ring of 10 ms blocks] ──► "opus out" thread: encode ──► sink
 */
#ifndef BALAI_MICROPHONE_OPUS_OUT_H
#define BALAI_MICROPHONE_OPUS_OUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sound.h"

#define OPUS_OUT_PACKET_US (2 * SOUND_PERIOD_US)

struct opus_out;

struct opus_out_block {
	int64_t capture_us; /* of the first sample, CLOCK_MONOTONIC */
	float samples[SOUND_PERIOD_FRAMES];
};

struct opus_out_config {
	unsigned int bitrate; /* bit/s, 6000..128000; 32000 makes packets of 81 bytes */
	int complexity;       /* 0..10, CPU against quality */

	/*
	 * Called by the "opus out" thread for each packet. `sequence` counts up from 0 by one a
	 * packet, and by one for each 20 ms that were lost before; `data` is the sound state and the
	 * packet, good during the call only. Must not block for long: up to 160 ms are kept for it.
	 */
	void (*sink)(void *context, uint32_t sequence, int64_t capture_us, const uint8_t *data,
		     size_t length);
	void *context;
};

/* Starts the thread. Returns 0 and hands over *ret_out, or -EINVAL, -ENOMEM, -errno. */
int opus_out_create(const struct opus_out_config *config, struct opus_out **ret_out)
	__attribute__((warn_unused_result));

/*
 * Stops the thread; no sink call comes after it. Nobody may be in opus_out_put(); NULL is allowed.
 */
void opus_out_destroy(struct opus_out *out);

/*
 * One block a call, in order, from one thread; real-time. Copies it. A block that finds the ring
 * full is dropped and counted.
 */
void opus_out_put(struct opus_out *out, const struct opus_out_block *block);

/* While muted, packets of silence go on that say so. Any thread. */
void opus_out_set_muted(struct opus_out *out, bool is_muted);

/*
 * {"muted":…, "level_dbov":…, "bitrate":…, "packets":…, "failed":…, "dropped_blocks":…,
 *  "encode":{stats}, "capture_to_packet":{stats}}. Any thread. NULL without memory; the caller owns it.
 */
json_t *opus_out_to_json(struct opus_out *out);

#endif
