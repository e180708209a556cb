/*
 * One direction of a sound card through alsa-lib, as interleaved float frames at the card's own
 * rate: what drivers/mic_alsa.c and drivers/speaker_alsa.c have in common.
 *
 * open and close may block; the rest is real-time: no heap, lock, log or file, and does not wait
 * but in alsa_pcm_wait(). One thread at a time.
 */
#ifndef BALAI_DRIVERS_ALSA_PCM_H
#define BALAI_DRIVERS_ALSA_PCM_H

#include <alsa/asoundlib.h>
#include <stdatomic.h>
#include <stdint.h>

#include "base/sound.h"

struct alsa_pcm;

/*
 * Opens `name` with mmap where the card can, as near to 48 kHz as it comes, with a buffer of
 * 40 ms. Capture: all channels it has (two of one that has more than SOUND_CHANNELS_MAX, as
 * only software does); playback: two, or as few as it comes. xruns (borrowed) counts from then on.
 * SOUND_OK hands over *ret_pcm and fills *ret_info; else SOUND_ABSENT, _BUSY or _FAILED.
 */
enum sound_result alsa_pcm_open(const char *name, snd_pcm_stream_t stream, _Atomic uint64_t *xruns,
				struct alsa_pcm **ret_pcm, struct sound_device_info *ret_info)
	__attribute__((warn_unused_result));

/* NULL is allowed. */
void alsa_pcm_close(struct alsa_pcm *pcm);

/*
 * Waits until deadline_us (CLOCK_MONOTONIC) for `frames` frames to be read. Recovers from xruns.
 * SOUND_OK, _TIMEOUT, _UNPLUGGED or _FAILED.
 */
enum sound_result alsa_pcm_wait(struct alsa_pcm *pcm, size_t frames, int64_t deadline_us)
	__attribute__((warn_unused_result));

/*
 * Reads frames that alsa_pcm_wait() has seen. As above; SOUND_TIMEOUT after an xrun: they are lost.
 */
enum sound_result alsa_pcm_read(struct alsa_pcm *pcm, float *interleaved, size_t frames)
	__attribute__((warn_unused_result));

/*
 * Queues frames; a card that ran dry is readied again, and sounds once 20 ms are queued.
 * SOUND_TIMEOUT: no room, nothing was taken.
 */
enum sound_result alsa_pcm_write(struct alsa_pcm *pcm, const float *interleaved, size_t frames)
	__attribute__((warn_unused_result));

/* Playback: what is in the buffer, 0 when it ran dry. */
int64_t alsa_pcm_queued_us(struct alsa_pcm *pcm);

/* Playback: until a frame written now is heard. Capture: since the next frame to read was heard. */
int64_t alsa_pcm_delay_us(struct alsa_pcm *pcm);

#endif
