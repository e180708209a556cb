/*
 * One tile of the screen: a picture, or words in its place, with a name and a frame. The
 * compositor's thread alone uses it.
 */
#ifndef BALAI_SCREEN_TILE_H
#define BALAI_SCREEN_TILE_H

#include <libavutil/frame.h>
#include <stdbool.h>
#include <stdint.h>

#include "screen/overlay.h"
#include "screen/scale.h"
#include "screen/screen.h"
#include "screen/words.h"

enum tile_corner {
	TILE_TOP_LEFT,
	TILE_TOP_RIGHT,
	TILE_BOTTOM_LEFT,
	TILE_BOTTOM_RIGHT,
	TILE_CORNERS,
};

/* The edge of a tile: background outside of rounded corners, and a ring inside of them. */
struct tile_frame {
	int size; /* pixels of a corner; 0: there is none */
	int ring; /* its thickness; 0: there is none */
	uint32_t color;
	struct overlay *corners[TILE_CORNERS];
};

/*
 * size, ring: pixels, even; color: 0xRRGGBB. Returns 0, or -ENOMEM leaving *frame the one of square
 * corners.
 */
int tile_frame_init(struct tile_frame *frame, int size, int ring, uint32_t color)
	__attribute__((warn_unused_result));

/* {0} is allowed, and is the frame of square corners. */
void tile_frame_finish(struct tile_frame *frame);

/* {0} is a valid empty one. */
struct tile {
	struct screen_rect rect; /* on the screen */
	AVFrame *picture;        /* owned; NULL: none */
	struct overlay *label;   /* owned; NULL: none */
	struct overlay *words;   /* owned; shown where there is no picture */
	struct scaler scaler;
	bool here;
	bool speaking;
	bool muted;
	uint64_t changed; /* the number of the drawing that first shows its newest state */
};

/* Frees what it owns; it is empty then. */
void tile_finish(struct tile *tile);

/*
 * Gives it a place and redraws its words for that: `name` (NULL: none), with a sign where the member
 * is muted, and, in the middle, `words`.
 * What cannot be drawn for want of memory is left out.
 */
void tile_place(struct tile *tile, struct screen_rect rect, int unit, const char *name,
		const char *words);

/* Where its name stands on the screen; empty without one. */
struct screen_rect tile_label_rect(const struct tile *tile);

/* Draws it into `target` at `rect`, which has the size of its place. */
void tile_draw(struct tile *tile, AVFrame *target, struct screen_rect rect,
	       const struct tile_frame *frame);

/*
 * Puts `picture`, of the size of `rect`, into `target` with the corners of `frame`, outside of
 * which the target shows through.
 */
void tile_put_rounded(const AVFrame *picture, AVFrame *target, struct screen_rect rect,
		      const struct tile_frame *frame);

#endif
