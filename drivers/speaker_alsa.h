/*
 * A sound card's loudspeaker through alsa-lib, in 10 ms periods, by mmap where the card can. A card
 * that is not at 48 kHz is converted by libswresample.
 */
#ifndef BALAI_DRIVERS_SPEAKER_ALSA_H
#define BALAI_DRIVERS_SPEAKER_ALSA_H

#include "speaker/speaker.h"

/*
 * name: an ALSA PCM name ("hw:CARD=Jabra,DEV=0"), or "auto" for the first real card with a
 * speaker, sought at each open. Returns 0 and hands over *ret_speaker, or -EINVAL, -ENOMEM.
 */
int speaker_alsa_create(const char *name, struct speaker **ret_speaker)
	__attribute__((warn_unused_result));

#endif
