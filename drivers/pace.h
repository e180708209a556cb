/*
 * The pace of sound devices that have no crystal: CLOCK_MONOTONIC.
 *
 * One thread. Real-time: no heap, lock, log or file.
 */
#ifndef BALAI_DRIVERS_PACE_H
#define BALAI_DRIVERS_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/sound.h"

/* A microphone's: each period is there 10 ms after its capture began. */
struct pace {
	int64_t next_us; /* when the next period's capture begins: a multiple of 10 ms */
};

void pace_start(struct pace *pace, int64_t now_us);

/*
 * Waits for the end of the next period, at most until deadline_us. True fills *ret_capture_us. One
 * who comes more than 100 ms late misses the periods in between.
 */
bool pace_wait(struct pace *pace, int64_t deadline_us, int64_t *ret_capture_us);

/* A speaker's: plays a queue of 4 periods. */
struct play_pace {
	int64_t dry_us; /* when what was written has been played; 0: nothing written yet */
};

/* How much is queued at now_us. */
int64_t play_pace_queued_us(const struct play_pace *pace, int64_t now_us);

/*
 * Queues a period at now_us. SOUND_OK fills *ret_heard_us, when it will be heard, and *ret_ran_dry;
 * SOUND_TIMEOUT when there is no room.
 */
enum sound_result play_pace_write(struct play_pace *pace, int64_t now_us, int64_t *ret_heard_us,
				  bool *ret_ran_dry);

#endif
