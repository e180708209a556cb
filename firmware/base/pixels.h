/*
 * The range of a picture's samples. libav tells it in two ways: by a frame's color_range, and by
 * formats of their own, the J ones of JPEG, which libswscale wants told as the plain format and a
 * range. Any thread.
 */
#ifndef BALAI_BASE_PIXELS_H
#define BALAI_BASE_PIXELS_H

#include <libavutil/frame.h>
#include <stdbool.h>

/* The format without the range that it may tell. */
enum AVPixelFormat pixels_plain(enum AVPixelFormat format);

/* Whether luma runs from 0 to 255, told in either way; from 16 to 235 otherwise. */
bool pixels_are_full_range(const AVFrame *picture);

#endif
