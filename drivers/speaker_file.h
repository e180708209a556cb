/*
 * Speakers without a sound card, paced by CLOCK_MONOTONIC: one writes what it plays to a WAV file,
 * one discards it.
 */
#ifndef BALAI_DRIVERS_SPEAKER_FILE_H
#define BALAI_DRIVERS_SPEAKER_FILE_H

#include <stdint.h>

#include "speaker/speaker.h"

/*
 * A mono 16-bit WAV file, written by a thread of its own and replaced at each open. A LIST chunk's
 * comment (ICMT) says "start_us=N": when its first sample was heard, CLOCK_MONOTONIC; pauses are
 * written as silence, so that sample n is heard n / 48000 s later. After bytes_max (0: as much as
 * WAV holds, 4 GiB) or on a full disk recording ends, `fault` says so, and playing goes on. Returns
 * 0 and hands over *ret_speaker, or -ENOMEM.
 */
int speaker_file_create(const char *path, uint64_t bytes_max, struct speaker **ret_speaker)
	__attribute__((warn_unused_result));

/* Plays to nobody. Returns 0 and hands over *ret_speaker, or -ENOMEM. */
int speaker_none_create(struct speaker **ret_speaker) __attribute__((warn_unused_result));

#endif
