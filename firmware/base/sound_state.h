/*
 * What a member says of its sound in the first byte of each packet (PROTOCOL.md, "Objects"): whether
 * it is muted, and how loud these 20 ms are, as RFC 6464 tells it. It is sealed with the packet.
 *
 *     ┌───────┬──────────────┐
 *     │ muted │ level, -dBov │
 *     └───────┴──────────────┘
 *       bit 7   bits 6 … 0
 */
#ifndef BALAI_BASE_SOUND_STATE_H
#define BALAI_BASE_SOUND_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SOUND_STATE_BYTES 1
/* Silence, or quieter than can be told. */
#define SOUND_STATE_FLOOR_DBOV (-127)

struct sound_state {
	bool is_muted;
	int level_dbov; /* 0: as loud as a full-scale square wave; down to SOUND_STATE_FLOOR_DBOV */
};

uint8_t sound_state_to_byte(struct sound_state state);

struct sound_state sound_state_from_byte(uint8_t byte);

/* The RMS level of `count` samples in -1..1; louder ones are 0. */
int sound_state_level(const float *samples, size_t count);

#endif
