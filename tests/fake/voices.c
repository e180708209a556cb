#include "tests/fake/voices.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "drivers/sound_file.h"

static _Noreturn void fail(const char *path)
{
	fprintf(stderr, "%s: no speech\n", path);
	exit(EXIT_FAILURE);
}

float *voices_load(enum voice voice, size_t count, double rms)
{
	static const char *const paths[] = {
		"/usr/share/pocketsphinx/test/data/librivox/"
		"sense_and_sensibility_01_austen_64kb-0870.wav",
		"/usr/share/asterisk/sounds/en_US_f_Allison/demo-instruct.g722",
	};
	float *samples = calloc(count, sizeof(*samples));
	struct sound_file *file;
	double sum = 0;

	if (!samples || sound_file_open(paths[voice], &file) < 0 || sound_file_channels(file) != 1)
		fail(paths[voice]);
	for (size_t i = 0; i + SOUND_PERIOD_FRAMES <= count; i += SOUND_PERIOD_FRAMES)
		if (sound_file_read(file, samples + i) < 0)
			fail(paths[voice]);
	sound_file_close(file);
	for (size_t i = 0; i < count; i++)
		sum += (double)samples[i] * samples[i];
	for (size_t i = 0; i < count; i++)
		samples[i] *= (float)(rms / sqrt(sum / (double)count));
	return samples;
}
