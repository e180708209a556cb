/*
 * What every part that touches sound agrees on: 48 kHz, float in -1..1, periods of 10 ms, and how a
 * sound device answers.
 */
#ifndef BALAI_BASE_SOUND_H
#define BALAI_BASE_SOUND_H

#include <stdint.h>

#define SOUND_RATE_HZ 48000
#define SOUND_PERIOD_FRAMES 480
#define SOUND_PERIOD_US INT64_C(10000)
#define SOUND_CHANNELS_MAX 16

/* The caller acts differently on each; sound_result_text() says them to people. */
enum sound_result {
	SOUND_OK,
	SOUND_TIMEOUT,   /* nothing by the deadline; try again */
	SOUND_UNPLUGGED, /* gone while open: close it, open it again later */
	SOUND_ABSENT,    /* not there: open it again later */
	SOUND_BUSY,      /* another program holds it: open it again later */
	SOUND_FAILED,    /* there, but does not work: close it, open it again later */
};

/* What a device turned out to be when it was opened. */
struct sound_device_info {
	unsigned int rate_hz;  /* the device's own; its driver converts to and from SOUND_RATE_HZ */
	unsigned int channels; /* a microphone's: those that read() gives, 1..SOUND_CHANNELS_MAX */
	char text[160];        /* for people: "hw:CARD=Jabra,DEV=0: 2 channels, S16_LE, 48000 Hz" */
};

/* For people: "running", "unplugged" … */
const char *sound_result_text(enum sound_result result);

#endif
