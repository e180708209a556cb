/*
 * Recorded speech for tests, from Debian packages that the environment has (tools/packages.txt).
 */
#ifndef BALAI_TESTS_FAKE_VOICES_H
#define BALAI_TESTS_FAKE_VOICES_H

#include <stddef.h>

enum voice {
	VOICE_READER, /* pocketsphinx-testdata */
	VOICE_PROMPT, /* asterisk-core-sounds-en-g722 */
};

/*
 * `count` samples, whole periods of 48 kHz, with that RMS. The caller frees them; ends the program
 * where the recording is missing.
 */
float *voices_load(enum voice voice, size_t count, double rms);

#endif
