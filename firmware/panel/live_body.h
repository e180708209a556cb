/*
 * What the live view sends behind its headers: bytes that are made once and shared by all readers
 * that are at them. One thread, that of the live view.
 */
#ifndef BALAI_PANEL_LIVE_BODY_H
#define BALAI_PANEL_LIVE_BODY_H

#include <libavutil/frame.h>
#include <stddef.h>
#include <stdint.h>

/* Between the pictures of a stream, see RFC 2046, 5.1.1. */
#define LIVE_BODY_BOUNDARY "picture"

struct live_body {
	int users;
	size_t length;
	uint8_t data[];
};

/* These make one with one user, or NULL without memory. */

/* The page, with the room's name. */
struct live_body *live_body_page(const char *room);

/* The picture alone. */
struct live_body *live_body_png(const AVFrame *picture);

/* What comes before the first part of the multipart stream. */
struct live_body *live_body_begin(void);

/* The picture as a part of the multipart stream, with the boundary of the part after it. */
struct live_body *live_body_part(const AVFrame *picture);

/* One user more, and one less: the last frees it. NULL is allowed for the latter. */
struct live_body *live_body_ref(struct live_body *body);
void live_body_unref(struct live_body *body);

#endif
