/*
 * From a board's setting to a sound device.
 *
 *   microphone:  auto | none | file:PATH | test: | test:ROOM | an ALSA name (hw:1,0)
 *   speaker:     auto | none | file:PATH | an ALSA name
 */
#ifndef BALAI_DRIVERS_SOUND_SETTING_H
#define BALAI_DRIVERS_SOUND_SETTING_H

#include "microphone/microphone.h"
#include "speaker/speaker.h"

/*
 * Opens nothing yet. Returns 0 and hands over *ret_mic (NULL for "none"), -EINVAL for text that
 * says no device, or -ENOMEM.
 */
int sound_setting_mic(const char *text, struct mic **ret_mic) __attribute__((warn_unused_result));

/* As above; "none" is a speaker that plays to nobody. */
int sound_setting_speaker(const char *text, struct speaker **ret_speaker)
	__attribute__((warn_unused_result));

#endif
