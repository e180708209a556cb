#include "room/standin.h"

#include <errno.h>
#include <stdlib.h>

#include "screen/text.h"

struct standin {
	int width;
	int height;
	enum words_language language;
	enum words_id words; /* what the picture says */
	AVFrame *picture;    /* NULL until the first is asked for */
};

int standin_create(int width, int height, enum words_language language,
		   struct standin **ret_standin)
{
	struct standin *standin = calloc(1, sizeof(*standin));

	if (!standin)
		return -ENOMEM;
	standin->width = width;
	standin->height = height;
	standin->language = language;
	*ret_standin = standin;
	return 0;
}

void standin_destroy(struct standin *standin)
{
	if (!standin)
		return;
	av_frame_free(&standin->picture);
	free(standin);
}

enum words_id standin_words(enum cam_result why)
{
	switch (why) {
	case CAM_ABSENT:
		return WORDS_CAMERA_ABSENT;
	case CAM_BUSY:
		return WORDS_CAMERA_BUSY;
	case CAM_UNPLUGGED:
		return WORDS_CAMERA_UNPLUGGED;
	case CAM_NO_SIGNAL:
	case CAM_TIMEOUT:
	case CAM_CORRUPT:
		return WORDS_CAMERA_NO_SIGNAL;
	case CAM_FAILED:
		return WORDS_CAMERA_FAILED;
	case CAM_OK:
		break;
	}
	return WORDS_CAMERA_STARTING;
}

const AVFrame *standin_picture(struct standin *standin, enum cam_result why)
{
	enum words_id words = standin_words(why);
	AVFrame *picture;

	if (standin->picture && standin->words == words)
		return standin->picture;
	if (text_standin(standin->width, standin->height, words, standin->language, &picture) != 0)
		return NULL;
	av_frame_free(&standin->picture);
	standin->picture = picture;
	standin->words = words;
	return picture;
}
