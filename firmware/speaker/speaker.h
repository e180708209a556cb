/*
 * A loudspeaker as the room sees it. Drivers and fakes stand behind speaker_ops.
 *
 * A device is created once for the life of the program and opened anew after each unplugging.
 * open() and close() are called by a thread that may block, the rest by the real-time
 * thread; never at once. All members are required.
 */
#ifndef BALAI_SPEAKER_SPEAKER_H
#define BALAI_SPEAKER_SPEAKER_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/sound.h"

struct speaker;

struct speaker_ops {
	/*
	 * Readies it; it sounds from the first writes on. SOUND_OK fills *ret_info; else
	 * SOUND_ABSENT, _BUSY or _FAILED.
	 */
	enum sound_result (*open)(struct speaker *speaker, struct sound_device_info *ret_info)
		__attribute__((warn_unused_result));

	/*
	 * Queues SOUND_PERIOD_FRAMES mono samples, given to all channels of the device. Does not
	 * wait: SOUND_TIMEOUT when there is no room, and then nothing is taken. After
	 * SOUND_UNPLUGGED and SOUND_FAILED it wants to be closed. Real-time: no heap, lock, log or
	 * file.
	 */
	enum sound_result (*write)(struct speaker *speaker, const float *samples)
		__attribute__((warn_unused_result));

	/*
	 * How much sound is queued before the device runs dry: 0 when it did or has not begun.
	 * Real-time as above; a device that fails says so at the next write().
	 */
	int64_t (*queued_us)(struct speaker *speaker);

	/* How long until a sample written now is heard: what is queued, and the device's delay. */
	int64_t (*delay_us)(struct speaker *speaker);

	/* Only after an open() that gave SOUND_OK. What is queued is lost. */
	void (*close)(struct speaker *speaker);

	/* Closed or never opened; frees the device. */
	void (*destroy)(struct speaker *speaker);
};

/* The base of every speaker, its first member. */
struct speaker {
	const struct speaker_ops *ops;
	/* Times that it ran dry, since creation. */
	_Atomic uint64_t xruns;
	/* Mask of the device's channels that sound, the others are silent; 0: all. Real-time thread. */
	uint32_t only;
	/* What is not as it should be though it runs: static text, or NULL. */
	_Atomic(const char *) fault;
};

#endif
