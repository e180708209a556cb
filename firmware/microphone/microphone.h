/*
 * A microphone, or an array of them, as the room sees it. Drivers and fakes stand behind mic_ops.
 *
 * A device is created once for the life of the program and opened anew after each unplugging.
 * open() and close() are called by a thread that may block, read() by the real-time thread; never
 * at once. All members are required.
 */
#ifndef BALAI_MICROPHONE_MICROPHONE_H
#define BALAI_MICROPHONE_MICROPHONE_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/sound.h"

struct mic;

struct mic_ops {
	/* Starts capturing. SOUND_OK fills *ret_info; else SOUND_ABSENT, _BUSY or _FAILED. */
	enum sound_result (*open)(struct mic *mic, struct sound_device_info *ret_info)
		__attribute__((warn_unused_result));

	/*
	 * Waits until deadline_us (CLOCK_MONOTONIC) for SOUND_PERIOD_FRAMES frames of all channels,
	 * interleaved. SOUND_OK fills `interleaved` and *ret_capture_us, when the first frame was
	 * captured; SOUND_TIMEOUT loses nothing; after SOUND_UNPLUGGED and SOUND_FAILED it wants to
	 * be closed. Real-time: no heap, lock, log or file.
	 */
	enum sound_result (*read)(struct mic *mic, float *interleaved, int64_t deadline_us,
				  int64_t *ret_capture_us) __attribute__((warn_unused_result));

	/* Only after an open() that gave SOUND_OK. */
	void (*close)(struct mic *mic);

	/* Closed or never opened; frees the device. */
	void (*destroy)(struct mic *mic);
};

/* The base of every microphone, its first member. */
struct mic {
	const struct mic_ops *ops;
	/* Times that captured sound was lost, since creation. */
	_Atomic uint64_t xruns;
	/* What is not as it should be though it runs: static text, or NULL. */
	_Atomic(const char *) fault;
};

#endif
