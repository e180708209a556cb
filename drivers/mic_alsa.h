/*
 * A sound card's microphones through alsa-lib: 1..16 channels in 10 ms periods, by mmap where the
 * card can. A card that is not at 48 kHz is converted by libswresample.
 */
#ifndef BALAI_DRIVERS_MIC_ALSA_H
#define BALAI_DRIVERS_MIC_ALSA_H

#include "microphone/microphone.h"

/*
 * name: an ALSA PCM name ("hw:CARD=Jabra,DEV=0"), or "auto" for the first real card with a
 * microphone, sought at each open. Returns 0 and hands over *ret_mic, or -EINVAL, -ENOMEM.
 */
int mic_alsa_create(const char *name, struct mic **ret_mic) __attribute__((warn_unused_result));

#endif
