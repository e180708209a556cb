/*
 * Where a sound device changes hands between the keeper, which opens and closes it, and the
 * real-time thread, which uses it:
 *
 *     keeper ──offer──► real-time thread ──give back──► keeper
 *
 * At any time one of the two has it, so neither locks anything.
 */
#ifndef BALAI_SOUND_HANDOVER_H
#define BALAI_SOUND_HANDOVER_H

#include <stdatomic.h>
#include <stddef.h>

#include "base/sound.h"

/* {0} is empty. All members are private to these functions. */
struct handover {
	_Atomic(void *) offered;
	_Atomic(void *) given_back;
	unsigned int channels;
	enum sound_result reason;
};

/* Keeper: an open device and its channels. */
static inline void handover_offer(struct handover *handover, void *device, unsigned int channels)
{
	handover->channels = channels;
	atomic_store(&handover->offered, device);
}

/* Real-time thread: the device it may use from now on, or NULL when there is none. */
static inline void *handover_take(struct handover *handover, unsigned int *ret_channels)
{
	void *device = atomic_exchange(&handover->offered, NULL);

	if (device)
		*ret_channels = handover->channels;
	return device;
}

/* Real-time thread: will not touch it any more, and why. */
static inline void handover_give_back(struct handover *handover, void *device,
				      enum sound_result reason)
{
	handover->reason = reason;
	atomic_store(&handover->given_back, device);
}

/* Keeper: the device that came back and why, or NULL. */
static inline void *handover_take_back(struct handover *handover, enum sound_result *ret_reason)
{
	void *device = atomic_exchange(&handover->given_back, NULL);

	if (device)
		*ret_reason = handover->reason;
	return device;
}

#endif
