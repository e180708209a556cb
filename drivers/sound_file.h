/*
 * Reads the first sound track of a recorded file through libavformat and libavcodec, over and over,
 * as periods of 48 kHz. One thread; blocks on the disk.
 */
#ifndef BALAI_DRIVERS_SOUND_FILE_H
#define BALAI_DRIVERS_SOUND_FILE_H

#include "base/sound.h"

struct sound_file;

/*
 * path: a file of this machine, never an address. Returns 0 and hands over *ret_file, -ENOENT,
 * -ENOMEM, or another -errno; -EINVAL for one without sound that can be decoded.
 */
int sound_file_open(const char *path, struct sound_file **ret_file)
	__attribute__((warn_unused_result));

/* NULL is allowed. */
void sound_file_close(struct sound_file *file);

/* 1..SOUND_CHANNELS_MAX; a file with more is refused. */
unsigned int sound_file_channels(const struct sound_file *file);

/*
 * The next SOUND_PERIOD_FRAMES frames, interleaved; after the end come the beginning's. What is
 * broken in the file is left out. Returns 0, -EINVAL when nothing in it can be decoded, or -errno.
 */
int sound_file_read(struct sound_file *file, float *interleaved)
	__attribute__((warn_unused_result));

/*
 * As sound_file_read(), but ends where the file does: returns how many frames there were, the rest
 * of the period is silence; 0 from the end on.
 */
int sound_file_read_once(struct sound_file *file, float *interleaved)
	__attribute__((warn_unused_result));

#endif
