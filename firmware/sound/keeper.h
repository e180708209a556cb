/*
 * Opens and closes sound devices for the real-time thread, which must not: a thread of its own that
 * tries again, with back-off, whenever a device is not there or was given back.
 */
#ifndef BALAI_SOUND_KEEPER_H
#define BALAI_SOUND_KEEPER_H

#include <stddef.h>
#include <stdint.h>

#include "base/sound.h"
#include "sound/handover.h"

#define KEEPER_DEVICES_MAX 10 /* a microphone, a speaker, and sources beside them */

struct keeper;

struct keeper_device {
	const char *name; /* for log lines: "microphone"; static */
	void *device;
	enum sound_result (*open)(void *device, struct sound_device_info *ret_info);
	void (*close)(void *device);
	struct handover *handover; /* outlives the keeper */
};

struct keeper_status {
	enum sound_result state; /* SOUND_OK: open. SOUND_TIMEOUT: not tried yet */
	struct sound_device_info info;
	uint64_t opens; /* that succeeded */
};

/* Starts the thread. Returns 0 and hands over *ret_keeper, or -EINVAL, -ENOMEM, -errno. */
int keeper_create(const struct keeper_device *devices, size_t count, struct keeper **ret_keeper)
	__attribute__((warn_unused_result));

/* Closes what is open. The real-time thread must have ended; NULL is allowed. */
void keeper_destroy(struct keeper *keeper);

/* A device was given back. Real-time. */
void keeper_wake(struct keeper *keeper);

/* Any thread but the real-time one. `device` counts from 0 in the order of keeper_create(). */
struct keeper_status keeper_get_status(struct keeper *keeper, size_t device);

#endif
