/*
 * The colours of the screen, as 0xRRGGBB. Text on its backing has a contrast of at least 4.5
 * (WCAG 2.2, 1.4.3).
 */
#ifndef BALAI_SCREEN_PALETTE_H
#define BALAI_SCREEN_PALETTE_H

enum palette {
	PALETTE_BACKGROUND = 0x14171c,
	PALETTE_TILE = 0x232830, /* a tile without picture */
	PALETTE_BAR = 0x0b0d10,  /* beside a picture of another shape */
	PALETTE_TEXT = 0xf4f6f8,
	PALETTE_TEXT_QUIET = 0xaab2bd,
	PALETTE_NOTICE = 0x3a4452,
	PALETTE_ALERT = 0xa32020,
	PALETTE_SPEAKING = 0x3ecf8e, /* around who speaks */
	PALETTE_INSET = 0x3d4550,    /* around the own picture */
};

#endif
