/*
 * Text and still art, drawn by Cairo and Pango when it changes and blended into pictures after.
 *
 * Names come from others: they are cut to one line with an ellipsis, control characters and those
 * that reorder text (Unicode UAX #9) are left out, and invalid UTF-8 becomes U+FFFD. One thread at
 * a time may draw; a finished overlay is read-only and may be blended by any thread.
 */
#ifndef BALAI_SCREEN_TEXT_H
#define BALAI_SCREEN_TEXT_H

#include <libavutil/frame.h>
#include <stdbool.h>

#include "screen/words.h"

/* A picture with transparency, made for YUV420P: result = add + below * keep / 255. */
struct overlay {
	int width, height; /* even */
	AVFrame *add;      /* YUV420P, the colours times their opacity */
	AVFrame *keep;     /* YUV420P, what remains of the picture below, 0..255 a sample */
};

enum text_style {
	TEXT_NAME,   /* a name on a tile: translucent dark backing */
	TEXT_NOTICE, /* a line about the state of the room: larger, solid backing */
	TEXT_ALERT,  /* the same for what somebody must mend: warm backing */
	TEXT_TILE,   /* words in the middle of a tile without picture: no backing */
};

/*
 * Draws one line of at most max_width pixels, with letters of `size` pixels (8..200). Returns 0 and
 * hands over *ret_overlay, -EINVAL or -ENOMEM.
 */
int text_draw(enum text_style style, const char *text, int size, int max_width,
	      struct overlay **ret_overlay) __attribute__((warn_unused_result));

/* Frees it; NULL is allowed. */
void overlay_free(struct overlay *overlay);

/*
 * Blends the overlay over `target` (YUV420P) at even (x, y); what lies outside is cut off.
 * `below` has the target's size and is what shows through: the target itself, or what is to be
 * copied there.
 */
void overlay_blend(const struct overlay *overlay, const AVFrame *below, AVFrame *target, int x,
		   int y);

/*
 * A still picture (YUV420P, BT.709, limited range) that says in both languages, `language` first,
 * why there is no camera picture. width, height: even, 16..8192. Any thread. Returns 0 and hands
 * over *ret_picture (av_frame_free), -EINVAL or -ENOMEM.
 */
int text_standin(int width, int height, enum words_id message, enum words_language language,
		 AVFrame **ret_picture) __attribute__((warn_unused_result));

#endif
