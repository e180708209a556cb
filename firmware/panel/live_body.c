#include "panel/live_body.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "panel/live_page.h"
#include "screen/snapshot.h"

#define JPEG_QUALITY 5

struct piece {
	const void *data;
	size_t length;
};

static struct live_body *create(const struct piece *pieces, size_t n)
{
	struct live_body *body;
	size_t length = 0;

	for (size_t i = 0; i < n; i++)
		length += pieces[i].length;
	body = malloc(sizeof(*body) + length);
	if (!body)
		return NULL;
	body->users = 1;
	body->length = 0;
	for (size_t i = 0; i < n; i++) {
		memcpy(body->data + body->length, pieces[i].data, pieces[i].length);
		body->length += pieces[i].length;
	}
	return body;
}

struct live_body *live_body_page(const char *room)
{
	struct live_body *body;
	size_t length;
	char *page;

	if (live_page_create(room, &page, &length) < 0)
		return NULL;
	body = create(&(struct piece){page, length}, 1);
	free(page);
	return body;
}

struct live_body *live_body_png(const AVFrame *picture)
{
	struct live_body *body;
	AVPacket *png;

	if (snapshot_png(picture, &png) < 0)
		return NULL;
	body = create(&(struct piece){png->data, (size_t)png->size}, 1);
	av_packet_free(&png);
	return body;
}

struct live_body *live_body_begin(void)
{
	static const char first[] = "--" LIVE_BODY_BOUNDARY "\r\n";

	return create(&(struct piece){first, strlen(first)}, 1);
}

struct live_body *live_body_part(const AVFrame *picture)
{
	static const char tail[] = "\r\n--" LIVE_BODY_BOUNDARY "\r\n";
	struct live_body *body;
	AVPacket *jpeg;
	char head[128];

	if (snapshot_jpeg(picture, JPEG_QUALITY, &jpeg) < 0)
		return NULL;
	snprintf(head, sizeof(head), "Content-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n",
		 jpeg->size);
	body = create((const struct piece[]){{head, strlen(head)},
					     {jpeg->data, (size_t)jpeg->size},
					     {tail, strlen(tail)}},
		      3);
	av_packet_free(&jpeg);
	return body;
}

struct live_body *live_body_ref(struct live_body *body)
{
	body->users++;
	return body;
}

void live_body_unref(struct live_body *body)
{
	if (body && --body->users == 0)
		free(body);
}
