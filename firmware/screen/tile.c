#include "screen/tile.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "screen/layout.h"
#include "screen/paint.h"
#include "screen/palette.h"
#include "screen/text.h"

static void set_color(cairo_t *cairo, uint32_t rgb)
{
	cairo_set_source_rgb(cairo, (rgb >> 16 & 0xff) / 255.0, (rgb >> 8 & 0xff) / 255.0,
			     (rgb & 0xff) / 255.0);
}

static int draw_corner(const struct tile_frame *frame, enum tile_corner corner,
		       struct overlay **ret_overlay)
{
	int size = frame->size;
	cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, size, size);
	cairo_t *cairo = cairo_create(surface);
	double x = corner == TILE_TOP_LEFT || corner == TILE_BOTTOM_LEFT ? size : 0;
	double y = corner == TILE_TOP_LEFT || corner == TILE_TOP_RIGHT ? size : 0;
	int ret;

	cairo_set_fill_rule(cairo, CAIRO_FILL_RULE_EVEN_ODD);
	cairo_rectangle(cairo, -size, -size, 3 * size, 3 * size);
	cairo_new_sub_path(cairo);
	cairo_arc(cairo, x, y, size, 0, 2 * M_PI);
	set_color(cairo, PALETTE_BACKGROUND);
	cairo_fill(cairo);
	if (frame->ring > 0) {
		cairo_arc(cairo, x, y, size - frame->ring / 2.0, 0, 2 * M_PI);
		cairo_set_line_width(cairo, frame->ring);
		set_color(cairo, frame->color);
		cairo_stroke(cairo);
	}
	ret = overlay_create(surface, ret_overlay);
	cairo_destroy(cairo);
	cairo_surface_destroy(surface);
	return ret;
}

int tile_frame_init(struct tile_frame *frame, int size, int ring, uint32_t color)
{
	int ret = 0;

	*frame = (struct tile_frame){.size = size, .ring = ring, .color = color};
	for (int i = 0; i < TILE_CORNERS && ret == 0; i++)
		ret = draw_corner(frame, (enum tile_corner)i, &frame->corners[i]);
	if (ret < 0)
		tile_frame_finish(frame);
	return ret;
}

void tile_frame_finish(struct tile_frame *frame)
{
	for (int i = 0; i < TILE_CORNERS; i++)
		overlay_free(frame->corners[i]);
	*frame = (struct tile_frame){0};
}

void tile_finish(struct tile *tile)
{
	av_frame_free(&tile->picture);
	overlay_free(tile->label);
	overlay_free(tile->words);
	scaler_finish(&tile->scaler);
	*tile = (struct tile){0};
}

static int limit(int value, int minimum, int maximum)
{
	return value < minimum ? minimum : value > maximum ? maximum : value;
}

static int label_margin(struct screen_rect rect)
{
	return limit(rect.height / 36, 2, 16) & ~1;
}

static struct overlay *draw_text(enum text_style style, enum text_mark mark, const char *text,
				 int size, int width)
{
	struct overlay *overlay = NULL;

	if (!text || !*text || text_draw_marked(style, mark, text, size, width, &overlay) < 0)
		return NULL;
	return overlay;
}

void tile_place(struct tile *tile, struct screen_rect rect, int unit, const char *name,
		const char *words)
{
	int size = limit(rect.height / 10, limit(unit * 9 / 10, TEXT_SIZE_MIN, TEXT_SIZE_MAX),
			 limit(unit * 5 / 3, TEXT_SIZE_MIN, TEXT_SIZE_MAX));
	int width = rect.width - 2 * label_margin(rect);

	overlay_free(tile->label);
	overlay_free(tile->words);
	tile->rect = rect;
	tile->label = draw_text(TEXT_NAME, tile->muted ? TEXT_MARK_MUTED : TEXT_MARK_NONE, name,
				size, width);
	tile->words = draw_text(TEXT_PLAIN, TEXT_MARK_NONE, words, size, width);
}

/* The same of a tile that is drawn at `rect`. */
static struct screen_rect label_rect(const struct tile *tile, struct screen_rect rect)
{
	int margin = label_margin(rect);

	if (!tile->label)
		return (struct screen_rect){0};
	return (struct screen_rect){
		.x = rect.x + margin,
		.y = rect.y + ((rect.height - margin - tile->label->height) & ~1),
		.width = tile->label->width,
		.height = tile->label->height,
	};
}

struct screen_rect tile_label_rect(const struct tile *tile)
{
	return label_rect(tile, tile->rect);
}

/* The bars beside a picture of another shape. */
static void draw_bars(AVFrame *target, struct screen_rect rect, struct screen_rect shown)
{
	struct paint_color color = paint_color(PALETTE_BAR);
	int right = shown.x + shown.width, bottom = shown.y + shown.height;

	paint_fill(target, (struct screen_rect){rect.x, rect.y, shown.x - rect.x, rect.height},
		   color);
	paint_fill(target,
		   (struct screen_rect){right, rect.y, rect.x + rect.width - right, rect.height},
		   color);
	paint_fill(target, (struct screen_rect){rect.x, rect.y, rect.width, shown.y - rect.y},
		   color);
	paint_fill(target,
		   (struct screen_rect){rect.x, bottom, rect.width, rect.y + rect.height - bottom},
		   color);
}

/* False when there is none that can be drawn. */
static bool draw_picture(struct tile *tile, AVFrame *target, struct screen_rect rect)
{
	struct screen_rect source, shown;

	if (!tile->picture || !tile->here)
		return false;
	layout_fit(rect, tile->picture->width, tile->picture->height, &source, &shown);
	if (scaler_draw(&tile->scaler, tile->picture, source, target, shown) < 0)
		return false;
	if (memcmp(&shown, &rect, sizeof(rect)) != 0)
		draw_bars(target, rect, shown);
	return true;
}

static void draw_words(const struct tile *tile, AVFrame *target, struct screen_rect rect)
{
	paint_fill(target, rect, paint_color(PALETTE_TILE));
	if (tile->words)
		overlay_blend(tile->words, target,
			      rect.x + ((rect.width - tile->words->width) / 2 & ~1),
			      rect.y + ((rect.height - tile->words->height) / 2 & ~1), rect);
}

static void draw_corners(AVFrame *target, struct screen_rect rect, const struct tile_frame *frame)
{
	int right = rect.x + rect.width - frame->size, bottom = rect.y + rect.height - frame->size;

	overlay_blend(frame->corners[TILE_TOP_LEFT], target, rect.x, rect.y, rect);
	overlay_blend(frame->corners[TILE_TOP_RIGHT], target, right, rect.y, rect);
	overlay_blend(frame->corners[TILE_BOTTOM_LEFT], target, rect.x, bottom, rect);
	overlay_blend(frame->corners[TILE_BOTTOM_RIGHT], target, right, bottom, rect);
}

/* The straight parts of the ring. */
static void draw_ring(AVFrame *target, struct screen_rect rect, const struct tile_frame *frame)
{
	struct paint_color color = paint_color(frame->color);
	int size = frame->size, ring = frame->ring;
	int width = rect.width - 2 * size, height = rect.height - 2 * size;
	int right = rect.x + rect.width - ring, bottom = rect.y + rect.height - ring;

	paint_fill(target, (struct screen_rect){rect.x + size, rect.y, width, ring}, color);
	paint_fill(target, (struct screen_rect){rect.x + size, bottom, width, ring}, color);
	paint_fill(target, (struct screen_rect){rect.x, rect.y + size, ring, height}, color);
	paint_fill(target, (struct screen_rect){right, rect.y + size, ring, height}, color);
}

static bool has_room(const struct tile_frame *frame, struct screen_rect rect)
{
	return frame->size > 0 && rect.width >= 2 * frame->size && rect.height >= 2 * frame->size;
}

void tile_draw(struct tile *tile, AVFrame *target, struct screen_rect rect,
	       const struct tile_frame *frame)
{
	struct screen_rect label = label_rect(tile, rect);

	if (!draw_picture(tile, target, rect))
		draw_words(tile, target, rect);
	if (tile->label)
		overlay_blend(tile->label, target, label.x, label.y, rect);
	if (!has_room(frame, rect))
		return;
	draw_corners(target, rect, frame);
	draw_ring(target, rect, frame);
}

void tile_put_rounded(const AVFrame *picture, AVFrame *target, struct screen_rect rect,
		      const struct tile_frame *frame)
{
	int size = frame->size, right = rect.width - size, bottom = rect.height - size;
	const int corners[TILE_CORNERS][2] = {{0, 0}, {right, 0}, {0, bottom}, {right, bottom}};

	if (!has_room(frame, rect)) {
		paint_copy(picture, 0, 0, target, rect);
		return;
	}
	paint_copy(picture, size, 0, target,
		   (struct screen_rect){rect.x + size, rect.y, rect.width - 2 * size, size});
	paint_copy(picture, 0, size, target,
		   (struct screen_rect){rect.x, rect.y + size, rect.width, rect.height - 2 * size});
	paint_copy(picture, size, bottom, target,
		   (struct screen_rect){rect.x + size, rect.y + bottom, rect.width - 2 * size,
					size});
	for (int i = 0; i < TILE_CORNERS; i++) {
		int x = corners[i][0], y = corners[i][1];

		paint_mix(picture, x, y, target,
			  (struct screen_rect){rect.x + x, rect.y + y, size, size},
			  frame->corners[i]->keep);
	}
}
