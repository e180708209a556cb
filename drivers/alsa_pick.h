/*
 * Which sound card "auto" is: the first real one; a screen's only where there is no other.
 */
#ifndef BALAI_DRIVERS_ALSA_PICK_H
#define BALAI_DRIVERS_ALSA_PICK_H

#include <alsa/asoundlib.h>
#include <stdbool.h>
#include <stddef.h>

#define ALSA_PICK_NAME_BYTES 64

/* What tells one PCM device of one card from another. */
struct alsa_candidate {
	char driver[16];                 /* of the card: "USB-Audio", "Loopback" */
	char label[128];                 /* of the card and the device, for "HDMI" in it */
	char name[ALSA_PICK_NAME_BYTES]; /* to open it by: "hw:CARD=Jabra,DEV=0" */
};

/* The best of `count` candidates, or NULL: software cards never count. */
const struct alsa_candidate *alsa_pick_best(const struct alsa_candidate *candidates, size_t count);

/* Looks at the machine's cards. Fills ret_name (ALSA_PICK_NAME_BYTES); false: there is none. */
bool alsa_pick(snd_pcm_stream_t stream, char *ret_name);

#endif
