/*
 * A moving picture with a time strip, coded by the encoder of drivers/kernel/vh264: 25 pictures a
 * second of a gradient that moves and noise that stands still. One thread; what cannot be allocated
 * ends the program.
 */
#ifndef BALAI_TESTS_FAKE_MOVIE_H
#define BALAI_TESTS_FAKE_MOVIE_H

#include <libavutil/frame.h>

#include "drivers/kernel/vh264/core/enc.h"

#define MOVIE_RATE 25

struct movie {
	struct vh264_enc_params params; /* may be changed between pictures */
	bool still;                     /* only the time strip changes */
	AVFrame *picture;               /* the last one that was coded, YUV420P */
	int64_t number;                 /* of the next one; its time strip is that, and 1 */
	uint8_t *coded;                 /* the last access unit */
	size_t coded_size;
	struct vh264_enc_result result;
	struct vh264_enc *enc;
};

struct movie *movie_create(int width, int height, uint32_t bitrate);
void movie_destroy(struct movie *movie);

/* Draws picture `number` without coding it. */
void movie_draw(struct movie *movie, int64_t number);

/* Codes the next picture, as an IDR picture if that is wanted. Returns what the encoder does. */
int movie_code(struct movie *movie, bool key);

/* Codes what stands in the picture, shown as `order` says. */
int movie_code_drawn(struct movie *movie, bool key, enum vh264_order order);

#endif
