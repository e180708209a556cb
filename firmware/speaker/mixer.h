/*
 * The far rooms' voices: a source for each, mixed to what the speaker plays.
 *
 *     network ──push──► [ring] ─► jitter buffer ─► Opus in ─┐
 *     network ──push──► [ring] ─► jitter buffer ─► Opus in ─┼─► sum ─► limiter ─► speaker
 *               …                                           ┘
 *                  └───────────── the real-time thread ──────────────┘
 *
 * All memory is taken at creation.
 */
#ifndef BALAI_SPEAKER_MIXER_H
#define BALAI_SPEAKER_MIXER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sound.h"

#define MIXER_SOURCES_MAX 16
/* RFC 6716, section 3.2.2: one frame of at most 1275 bytes after the TOC byte. */
#define MIXER_PACKET_BYTES_MAX 1276

struct mixer;
struct mixer_source;

struct mixer_config {
	/* Bounds of how long a packet is kept before it is played, in µs: 10000..200000. */
	int64_t delay_min_us;
	int64_t delay_max_us;
};

/* Returns 0 and hands over *ret_mixer, or -EINVAL, -ENOMEM. */
int mixer_create(const struct mixer_config *config, struct mixer **ret_mixer)
	__attribute__((warn_unused_result));

/* No thread may use it any more. Frees its sources too; NULL is allowed. */
void mixer_destroy(struct mixer *mixer);

/*
 * Takes a free source for a far room's sound track. One thread opens, pushes to and closes a
 * source. Returns 0 and lends *ret_source until it is closed, or -ENOSPC when all are taken. A
 * closed source is free again after the next mixer_render().
 */
int mixer_source_open(struct mixer *mixer, struct mixer_source **ret_source)
	__attribute__((warn_unused_result));

/* The source may not be used any more. NULL is allowed. */
void mixer_source_close(struct mixer_source *source);

/*
 * Gives it one Opus packet of 20 ms; copies it.
 *  sequence:   counts up by one a packet and may wrap: the object's group (PROTOCOL.md, 3)
 *  arrival_us: when it came, CLOCK_MONOTONIC
 *  capture_us: when it was captured, by CLOCK_MONOTONIC of this machine; 0 when not known yet
 * Returns 0; -EMSGSIZE for an empty one or one over MIXER_PACKET_BYTES_MAX; -ENOBUFS when
 * the ring is full (nobody plays). Neither is played; both are counted.
 */
int mixer_source_push(struct mixer_source *source, uint32_t sequence, int64_t arrival_us,
		      int64_t capture_us, const uint8_t *data, size_t length);

/*
 * The next SOUND_PERIOD_FRAMES samples of all sources together, at most -1 dBFS. now_us:
 * CLOCK_MONOTONIC; play_us: when the first of them will be heard. The real-time thread.
 */
void mixer_render(struct mixer *mixer, int64_t now_us, int64_t play_us, float *samples);

/*
 * Whether a notice of this room sounds, from the next period on: the far voices become softer by
 * MIXER_DUCK_DB within 0.1 s, and come back within half a second. The real-time thread.
 */
#define MIXER_DUCK_DB 12.0
void mixer_duck(struct mixer *mixer, bool ducks);

/*
 * {"packets":…, "overflows":…, "oversized":…, "late":…, "lost":…, "broken":…, "resets":…,
 *  "target_us":…, "level_dbfs":…, "buffer":{stats}, "mouth_to_ear":{stats}}, where
 *  late:   arrived after their turn, discarded
 *  lost:   turns of 20 ms for which no packet was there in time, concealed
 *  broken: packets that are not Opus of 20 ms, concealed too
 *  buffer: from arrival to the speaker's queue; mouth_to_ear: from capture to being heard
 * Any thread, while the source is open. NULL without memory; the caller owns it.
 */
json_t *mixer_source_to_json(struct mixer_source *source);

#endif
