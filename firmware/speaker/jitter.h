/*
 * A jitter buffer for Opus packets of 20 ms: decides, each time 20 ms of sound run out, whether the
 * next packet is played or its turn concealed, and how long packets wait.
 *
 * Every packet has its turn, fixed by its sequence number; one that comes after it is discarded,
 * never played late. The lag is how long after the earliest possible moment a turn comes: that
 * moment is known from the fastest packet of the last 10 s. The lag is steered to a target that
 * 99 % of the packets of these 10 s would have met: by jitter_trim() a few samples at a time, which
 * also takes up the drift of the sender's clock, and by waiting whenever a turn is concealed
 * anyway. The target rises at once and falls slowly. After 1 s without packets everything begins
 * anew.
 *
 * One thread, the real-time one, but for the counters. No heap after creation; the caller has the
 * clock.
 */
#ifndef BALAI_SPEAKER_JITTER_H
#define BALAI_SPEAKER_JITTER_H

#include <stddef.h>
#include <stdint.h>

#include "speaker/mixer.h"

#define JITTER_TURN_US INT64_C(20000)
/* Packets kept at most, in turns: what is further ahead begins the stream anew. */
#define JITTER_PACKETS_MAX 64
/* The most that jitter_trim() gives: 0.8 % of a period, hardly audible as pitch. */
#define JITTER_TRIM_MAX 4

struct jitter;

struct jitter_packet {
	int64_t arrival_us; /* CLOCK_MONOTONIC */
	int64_t capture_us; /* carried along */
	uint32_t sequence;  /* counts up by one a turn; wraps */
	uint32_t length;
	uint8_t data[MIXER_PACKET_BYTES_MAX];
};

/* Any thread may read them. */
struct jitter_counters {
	_Atomic uint64_t late;     /* packets that came after their turn */
	_Atomic uint64_t lost;     /* turns that were concealed */
	_Atomic uint64_t resets;   /* times that the stream began anew */
	_Atomic int64_t target_us; /* the lag that is steered to */
};

enum jitter_turn {
	JITTER_PACKET,  /* play the packet */
	JITTER_CONCEAL, /* play 20 ms of concealment */
	JITTER_SILENCE, /* play silence for as long as said, then ask again */
};

/* delay_max_us: at most 200000. Returns 0 and hands over *ret_jitter, or -ENOMEM. */
int jitter_create(int64_t delay_min_us, int64_t delay_max_us, struct jitter **ret_jitter)
	__attribute__((warn_unused_result));

void jitter_destroy(struct jitter *jitter);

/* As created; the counters too. */
void jitter_reset(struct jitter *jitter);

/* Takes a copy. */
void jitter_put(struct jitter *jitter, const struct jitter_packet *packet);

/*
 * What is to be played next. start_us: when its first sample goes to the speaker. JITTER_PACKET
 * lends *ret_packet until the next call; JITTER_SILENCE sets *ret_silence_us to 1..JITTER_TURN_US.
 */
enum jitter_turn jitter_take(struct jitter *jitter, int64_t start_us,
			     const struct jitter_packet **ret_packet, int64_t *ret_silence_us);

/*
 * How many samples more (or fewer, if negative) than a period to play in the next period:
 * -JITTER_TRIM_MAX..JITTER_TRIM_MAX.
 */
int jitter_trim(struct jitter *jitter);

/* Lives as long as the jitter buffer. */
const struct jitter_counters *jitter_counters(const struct jitter *jitter);

#endif
