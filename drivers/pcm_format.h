/*
 * The sample formats of sound cards that the room speaks, to and from float.
 */
#ifndef BALAI_DRIVERS_PCM_FORMAT_H
#define BALAI_DRIVERS_PCM_FORMAT_H

#include <alsa/asoundlib.h>
#include <stddef.h>
#include <stdint.h>

struct pcm_format {
	snd_pcm_format_t alsa;
	size_t bytes; /* a sample */
	void (*to_float)(const uint8_t *from, float *to, size_t samples);
	/* Clips what is beyond -1..1. */
	void (*from_float)(const float *from, uint8_t *to, size_t samples);
};

#define PCM_FORMATS 4

/* In order of preference; lives as long as the program. */
extern const struct pcm_format pcm_formats[PCM_FORMATS];

#endif
