/*
 * Text for the screen, drawn by Cairo and Pango when it changes.
 *
 * Names come from others: they are cut to one line with an ellipsis, control characters and those
 * that reorder text (Unicode UAX #9, 2.1 to 2.5) are left out, and invalid UTF-8 becomes U+FFFD.
 * Any thread may draw.
 */
#ifndef BALAI_SCREEN_TEXT_H
#define BALAI_SCREEN_TEXT_H

#include <libavutil/frame.h>

#include "screen/overlay.h"
#include "screen/words.h"

#define TEXT_SIZE_MIN 6
#define TEXT_SIZE_MAX 200

enum text_style {
	TEXT_PLAIN,   /* words on the background or on a tile without picture */
	TEXT_BRIGHT,  /* the same, to be read out */
	TEXT_NAME,    /* on a picture: translucent dark backing */
	TEXT_NOTICE,  /* a line about the state of the room: solid backing */
	TEXT_ALERT,   /* the same for what somebody must mend: red backing */
	TEXT_WARNING, /* as TEXT_NAME, on red */
};

/* A sign in front of a text. */
enum text_mark {
	TEXT_MARK_NONE,
	TEXT_MARK_LOCK,  /* end-to-end encrypted */
	TEXT_MARK_MUTED, /* a microphone, struck through */
};

/*
 * Draws one line at most max_width pixels wide, backing included, in letters of `size` pixels
 * (TEXT_SIZE_MIN..TEXT_SIZE_MAX). Returns 0 and hands over *ret_overlay, -EINVAL or -ENOMEM.
 */
int text_draw(enum text_style style, const char *text, int size, int max_width,
	      struct overlay **ret_overlay) __attribute__((warn_unused_result));

/* The same with a sign; the text may be empty then. */
int text_draw_marked(enum text_style style, enum text_mark mark, const char *text, int size,
		     int max_width, struct overlay **ret_overlay)
	__attribute__((warn_unused_result));

/*
 * A still picture (YUV420P, BT.709, limited range) that says in both languages, `language` first,
 * why there is no camera picture. width, height: even, 64..8192. Returns 0 and hands over
 * *ret_picture (av_frame_free), -EINVAL or -ENOMEM.
 */
int text_standin(int width, int height, enum words_id message, enum words_language language,
		 AVFrame **ret_picture) __attribute__((warn_unused_result));

#endif
