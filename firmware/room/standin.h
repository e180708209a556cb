/*
 * The picture that stands in for the camera's, sent and shown like one of its own, and says why.
 * Drawn when the reason changes.
 */
#ifndef BALAI_ROOM_STANDIN_H
#define BALAI_ROOM_STANDIN_H

#include <libavutil/frame.h>

#include "camera/camera.h"
#include "screen/words.h"

struct standin;

/* width, height: even, 16..8192. Returns 0 and hands over *ret_standin, or -ENOMEM. */
int standin_create(int width, int height, enum words_language language,
		   struct standin **ret_standin) __attribute__((warn_unused_result));

/* NULL is allowed. */
void standin_destroy(struct standin *standin);

/* The words for what became of the camera. */
enum words_id standin_words(enum cam_result why);

/* Lent until the next call; NULL without memory. One thread at a time. */
const AVFrame *standin_picture(struct standin *standin, enum cam_result why);

#endif
