/*
 * A recorded file as a microphone: the first sound track of anything libavformat reads, played in
 * real time, looped. A thread of its own decodes ahead.
 */
#ifndef BALAI_DRIVERS_MIC_FILE_H
#define BALAI_DRIVERS_MIC_FILE_H

#include "microphone/microphone.h"

/* Opens nothing yet. Returns 0 and hands over *ret_mic, or -ENOMEM. */
int mic_file_create(const char *path, struct mic **ret_mic) __attribute__((warn_unused_result));

#endif
