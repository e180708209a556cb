/*
 * Where things go on the screen: pure arithmetic from how many members there are to rectangles.
 *
 * No other member: the own picture fills the screen. One: it fills the screen, the own picture is a
 * small inset in the bottom right corner. More: a grid of 16:9 tiles in reading order, each row
 * centred, and the inset, which shrinks where it would cover too much of a tile.
 */
#ifndef BALAI_SCREEN_LAYOUT_H
#define BALAI_SCREEN_LAYOUT_H

#include <stdbool.h>

#include "screen/screen.h"

#define LAYOUT_TILES_MAX 25

struct layout {
	int n_tiles; /* the first n_tiles members have a tile */
	int n_more;  /* members without one, told as "+N" */
	bool framed; /* tiles stand apart on the background and have rounded corners */
	int gap;     /* between tiles, and around them */
	int unit;    /* what the sizes of text and corners are made from, 2 or more */
	struct screen_rect
		header; /* the strip above a grid for the meeting's name and code; else empty */
	struct screen_rect tiles[LAYOUT_TILES_MAX];
	struct screen_rect own;
};

/*
 * All coordinates and sizes are even and inside the screen; tiles overlap neither one another nor
 * the header. Those of a grid are 16:9 and a multiple of 16 wide, so that scaling straight into
 * them works on whole vectors. width and height: see struct screen_format. n_members: 0 or more.
 */
struct layout layout_arrange(int width, int height, int n_members);

/*
 * Fits a picture into a tile. A picture that fills it with at most 10 % of its width or height cut
 * off (5 % a side) fills it: *ret_source is the part shown. Otherwise all of it is shown, centred
 * between bars. *ret_shown is relative to the screen, as `tile` is; its width is a multiple of 16
 * where that of the tile is. All values are even. picture_width and _height: 2 or more.
 */
void layout_fit(struct screen_rect tile, int picture_width, int picture_height,
		struct screen_rect *ret_source, struct screen_rect *ret_shown);

#endif
