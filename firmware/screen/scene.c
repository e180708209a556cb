#include "screen/scene.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "screen/paint.h"
#include "screen/palette.h"
#include "screen/text.h"
#include "screen/tile.h"

#define NOTICE_BYTES 512
/* A narrower inset has no name: that would cover the picture. */
#define OWN_NAME_UNITS 12
/* Of the header, to the left and to the right, at most. */
#define SIDE_PERCENT 31

struct seat {
	uint32_t member;
	char name[COMPOSE_NAME_BYTES];
	struct tile tile;
};

/* A line of text over the tiles. */
struct line {
	struct overlay *overlay; /* owned; NULL: none */
	int x, y;
};

enum line_place {
	LINE_MEETING,
	LINE_CODE,
	LINE_MORE,
	LINE_NOTICE,
	LINES,
};

struct scene {
	enum words_language language;
	int width, height; /* 0: no screen yet */
	struct layout layout;
	struct tile_frame square, quiet, speaking, inset_frame;

	struct seat seats[LAYOUT_TILES_MAX];
	size_t n_members;
	struct tile own;
	AVFrame *inset;         /* the own picture as it is put over the rest, or NULL */
	uint64_t inset_changed; /* own.changed of what is in it */

	char meeting[COMPOSE_NAME_BYTES];
	enum compose_secrecy secrecy;
	char code[COMPOSE_CODE_BYTES];
	enum compose_notice notice_kind;
	char notice[NOTICE_BYTES];
	struct line lines[LINES];

	uint64_t serial;  /* drawings so far */
	uint64_t changed; /* as in struct tile, for everything at once */
};

int scene_create(enum words_language language, struct scene **ret_scene)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	if (!scene)
		return -ENOMEM;
	scene->language = language;
	scene->own.here = true;
	*ret_scene = scene;
	return 0;
}

static void finish_frames(struct scene *scene)
{
	tile_frame_finish(&scene->quiet);
	tile_frame_finish(&scene->speaking);
	tile_frame_finish(&scene->inset_frame);
}

/* Without memory for them all corners are square. */
static void init_frames(struct scene *scene, int unit)
{
	int size = (unit * 3 / 4 + 1) & ~1, ring = (unit / 4 + 1) & ~1;

	finish_frames(scene);
	if (tile_frame_init(&scene->quiet, size, 0, PALETTE_BACKGROUND) < 0 ||
	    tile_frame_init(&scene->speaking, size, ring, PALETTE_SPEAKING) < 0 ||
	    tile_frame_init(&scene->inset_frame, size, 2, PALETTE_INSET) < 0)
		finish_frames(scene);
}

void scene_destroy(struct scene *scene)
{
	if (!scene)
		return;
	for (int i = 0; i < LAYOUT_TILES_MAX; i++)
		tile_finish(&scene->seats[i].tile);
	tile_finish(&scene->own);
	finish_frames(scene);
	av_frame_free(&scene->inset);
	for (int i = 0; i < LINES; i++)
		overlay_free(scene->lines[i].overlay);
	free(scene);
}

static bool is_inset(const struct scene *scene)
{
	return scene->layout.n_tiles > 0;
}

static void place_seat(struct scene *scene, int i)
{
	struct seat *seat = &scene->seats[i];
	enum words_id words = seat->tile.here ? WORDS_NO_PICTURE : WORDS_AWAY;

	tile_place(&seat->tile, scene->layout.tiles[i], scene->layout.unit, seat->name,
		   words_text(scene->language, words));
	seat->tile.changed = scene->serial + 1;
}

static void place_own(struct scene *scene)
{
	bool is_wide = scene->layout.own.width >= OWN_NAME_UNITS * scene->layout.unit;
	const char *name = NULL;

	if (is_inset(scene) && is_wide)
		name = words_text(scene->language, WORDS_OWN);
	tile_place(&scene->own, scene->layout.own, scene->layout.unit, name, NULL);
	scene->own.changed = scene->serial + 1;
	av_frame_free(&scene->inset);
	scene->inset_changed = 0;
	if (is_inset(scene))
		scene->inset = paint_frame_create(scene->own.rect.width, scene->own.rect.height);
}

static int text_size(const struct layout *layout, int numerator, int denominator)
{
	int size = layout->unit * numerator / denominator;

	return size < TEXT_SIZE_MIN ? TEXT_SIZE_MIN : size;
}

/* Draws the text anew, for want of memory not at all, and tells its size through the line. */
static struct line *set_line(struct scene *scene, enum line_place place, enum text_style style,
			     enum text_mark mark, const char *text, int size, int max_width)
{
	struct line *line = &scene->lines[place];

	overlay_free(line->overlay);
	line->overlay = NULL;
	if (*text && text_draw_marked(style, mark, text, size, max_width, &line->overlay) < 0)
		line->overlay = NULL;
	return line;
}

static int even_between(int from, int length, int size)
{
	return (from + (length - size) / 2) & ~1;
}

/* The meeting's name and what is known of its secrecy; "" outside of a meeting. */
static void describe_meeting(const struct scene *scene, char *text, size_t size)
{
	static const enum words_id words[] = {
		[COMPOSE_SECRECY_WAITING] = WORDS_WAITING_KEYS,
		[COMPOSE_SECRECY_SEALED] = WORDS_ENCRYPTED,
		[COMPOSE_SECRECY_CLEAR] = WORDS_NOT_ENCRYPTED,
		[COMPOSE_SECRECY_REFUSED] = WORDS_REFUSED,
	};

	if (!scene->meeting[0] || scene->secrecy == COMPOSE_SECRECY_UNKNOWN)
		snprintf(text, size, "%s", scene->meeting);
	else
		snprintf(text, size, "%s  ·  %s", scene->meeting,
			 words_text(scene->language, words[scene->secrecy]));
}

static enum text_style meeting_style(const struct scene *scene)
{
	if (scene->secrecy == COMPOSE_SECRECY_CLEAR || scene->secrecy == COMPOSE_SECRECY_REFUSED)
		return TEXT_WARNING;
	return scene->layout.framed ? TEXT_PLAIN : TEXT_NAME;
}

/* Two lines, of which the second is the code: in the header, or below one another on the picture. */
static void place_meeting(struct scene *scene, int size, int max_width)
{
	const struct layout *layout = &scene->layout;
	bool is_sealed = scene->meeting[0] && scene->secrecy == COMPOSE_SECRECY_SEALED;
	char text[COMPOSE_NAME_BYTES + 64];
	struct line *name, *code;
	int height;

	describe_meeting(scene, text, sizeof(text));
	name = set_line(scene, LINE_MEETING, meeting_style(scene),
			is_sealed ? TEXT_MARK_LOCK : TEXT_MARK_NONE, text, size, max_width);
	code = set_line(scene, LINE_CODE, layout->framed ? TEXT_BRIGHT : TEXT_NAME, TEXT_MARK_NONE,
			is_sealed ? scene->code : "", size, max_width);
	name->x = code->x = layout->gap;
	/* Over a whole picture it stands below a time strip (camera/timestrip.h), to leave it readable. */
	name->y = (scene->height / 18) & ~1;
	height = name->overlay ? name->overlay->height : 0;
	if (layout->framed) {
		int both = height + (code->overlay ? code->overlay->height : 0);

		name->y = even_between(layout->header.y, layout->header.height, both);
		code->y = name->y + height;
	} else {
		code->y = name->y + height + layout->gap / 2;
		code->y &= ~1;
	}
}

/* To the left and right of the notice. */
static void place_header(struct scene *scene)
{
	const struct layout *layout = &scene->layout;
	struct screen_rect header = layout->header;
	int size = text_size(layout, 4, 3);
	int side = layout->framed ? scene->width * SIDE_PERCENT / 100 - layout->gap
				  : scene->width - 2 * layout->gap;
	char number[16], more[64] = "";
	struct line *line;

	place_meeting(scene, size, side);
	if (layout->n_more > 0) {
		snprintf(number, sizeof(number), "%d", layout->n_more);
		words_format(scene->language, WORDS_MORE_MEMBERS, number, more, sizeof(more));
	}
	line = set_line(scene, LINE_MORE, TEXT_PLAIN, TEXT_MARK_NONE, more, size, side);
	if (line->overlay) {
		line->x = header.x + header.width - line->overlay->width;
		line->y = even_between(header.y, header.height, line->overlay->height);
	}
}

/* Above a grid, between what stands to the left and right, in the middle where it fits. */
static void place_in_header(struct scene *scene, enum text_style style)
{
	const struct layout *layout = &scene->layout;
	const struct line *more = &scene->lines[LINE_MORE];
	int left = layout->gap, right = scene->width - layout->gap, middle;
	struct line *line;

	for (int i = LINE_MEETING; i <= LINE_CODE; i++) {
		const struct overlay *overlay = scene->lines[i].overlay;

		if (overlay && scene->lines[i].x + overlay->width + 2 * layout->gap > left)
			left = scene->lines[i].x + overlay->width + 2 * layout->gap;
	}
	if (more->overlay)
		right = more->x - 2 * layout->gap;
	/* Rather over the others than not to be read. */
	if (right - left < scene->width / 3)
		left = right - scene->width / 3;
	line = set_line(scene, LINE_NOTICE, style, TEXT_MARK_NONE, scene->notice,
			text_size(layout, 5, 4), right - left);
	if (!line->overlay)
		return;
	middle = even_between(0, scene->width, line->overlay->width);
	line->x = even_between(left, right - left, line->overlay->width);
	if (middle >= left && middle + line->overlay->width <= right)
		line->x = middle;
	line->y = even_between(0, layout->header.height, line->overlay->height);
}

/* At the bottom, above a name or the own picture if it would cover them. */
static void place_on_picture(struct scene *scene, enum text_style style)
{
	const struct layout *layout = &scene->layout;
	struct line *line = set_line(scene, LINE_NOTICE, style, TEXT_MARK_NONE, scene->notice,
				     text_size(layout, 5, 3), scene->width - 2 * layout->gap);
	struct screen_rect rect, label;

	if (!line->overlay)
		return;
	rect = (struct screen_rect){
		.x = even_between(0, scene->width, line->overlay->width),
		.y = (scene->height - 2 * layout->unit - line->overlay->height) & ~1,
		.width = line->overlay->width,
		.height = line->overlay->height,
	};
	if (is_inset(scene)) {
		label = tile_label_rect(&scene->seats[0].tile);
		if (paint_intersect(rect, label).width > 0)
			rect.y = (label.y - layout->unit - rect.height) & ~1;
		if (paint_intersect(rect, layout->own).width > 0)
			rect.y = (layout->own.y - layout->unit - rect.height) & ~1;
	}
	line->x = rect.x;
	line->y = rect.y > 0 ? rect.y : 0;
}

/* What stands in the header decides how much room there is for the notice. */
static void place_lines(struct scene *scene)
{
	bool is_alert = scene->notice_kind == COMPOSE_NOTICE_ALERT;
	enum text_style style = is_alert ? TEXT_ALERT : TEXT_NOTICE;

	place_header(scene);
	if (scene->layout.framed)
		place_in_header(scene, style);
	else
		place_on_picture(scene, style);
}

static void lay_out(struct scene *scene)
{
	if (scene->width == 0)
		return;
	scene->layout = layout_arrange(scene->width, scene->height, (int)scene->n_members);
	for (int i = 0; i < scene->layout.n_tiles; i++)
		place_seat(scene, i);
	place_own(scene);
	place_lines(scene);
	scene->changed = scene->serial + 1;
}

void scene_resize(struct scene *scene, int width, int height)
{
	scene->width = width;
	scene->height = height;
	init_frames(scene, layout_arrange(width, height, 0).unit);
	lay_out(scene);
}

static bool has_same_seats(const struct scene *scene, const struct compose_member *members,
			   size_t n)
{
	if (n != scene->n_members)
		return false;
	for (size_t i = 0; i < n && i < LAYOUT_TILES_MAX; i++) {
		if (scene->seats[i].member != members[i].member)
			return false;
	}
	return true;
}

/* Gives members their seats; who had one before keeps its picture. */
static void seat_members(struct scene *scene, const struct compose_member *members, size_t n)
{
	struct seat before[LAYOUT_TILES_MAX];

	memcpy(before, scene->seats, sizeof(before));
	memset(scene->seats, 0, sizeof(scene->seats));
	for (size_t i = 0; i < n && i < LAYOUT_TILES_MAX; i++) {
		for (size_t k = 0; k < LAYOUT_TILES_MAX; k++) {
			if (before[k].member != members[i].member)
				continue;
			scene->seats[i] = before[k];
			before[k] = (struct seat){0};
		}
		scene->seats[i].member = members[i].member;
	}
	for (size_t k = 0; k < LAYOUT_TILES_MAX; k++)
		tile_finish(&before[k].tile);
	scene->n_members = n;
}

void scene_set_members(struct scene *scene, const struct compose_member *members, size_t n)
{
	bool same = has_same_seats(scene, members, n);

	if (!same)
		seat_members(scene, members, n);
	for (int i = 0; i < LAYOUT_TILES_MAX && (size_t)i < n; i++) {
		struct seat *seat = &scene->seats[i];
		bool other_text = strcmp(seat->name, members[i].name) != 0 ||
				  seat->tile.here != members[i].here;

		other_text |= seat->tile.muted != members[i].muted;
		seat->tile.muted = members[i].muted;
		if (seat->tile.speaking != members[i].speaking)
			seat->tile.changed = scene->serial + 1;
		snprintf(seat->name, sizeof(seat->name), "%s", members[i].name);
		seat->tile.here = members[i].here;
		seat->tile.speaking = members[i].speaking;
		if (same && other_text && scene->width > 0)
			place_seat(scene, i);
	}
	if (!same)
		lay_out(scene);
}

static void replace_picture(struct scene *scene, struct tile *tile, AVFrame *take)
{
	av_frame_free(&tile->picture);
	tile->picture = take;
	tile->changed = scene->serial + 1;
}

bool scene_show(struct scene *scene, uint32_t member, AVFrame *take)
{
	for (size_t i = 0; i < LAYOUT_TILES_MAX && i < scene->n_members; i++) {
		if (scene->seats[i].member == member) {
			replace_picture(scene, &scene->seats[i].tile, take);
			return true;
		}
	}
	av_frame_free(&take);
	return false;
}

void scene_show_own(struct scene *scene, AVFrame *take)
{
	if (!take != !scene->own.picture)
		scene->changed = scene->serial + 1;
	replace_picture(scene, &scene->own, take);
}

void scene_set_notice(struct scene *scene, enum compose_notice kind, const char *text)
{
	scene->notice_kind = kind;
	snprintf(scene->notice, sizeof(scene->notice), "%s",
		 kind == COMPOSE_NOTICE_NONE ? "" : text);
	scene->changed = scene->serial + 1;
	if (scene->width > 0)
		place_lines(scene);
}

void scene_set_meeting(struct scene *scene, const char *name)
{
	snprintf(scene->meeting, sizeof(scene->meeting), "%s", name);
	scene->changed = scene->serial + 1;
	if (scene->width > 0)
		place_lines(scene);
}

void scene_set_secrecy(struct scene *scene, enum compose_secrecy secrecy, const char *code)
{
	scene->secrecy = secrecy;
	snprintf(scene->code, sizeof(scene->code), "%s", code);
	scene->changed = scene->serial + 1;
	if (scene->width > 0)
		place_lines(scene);
}

/* What a drawing has done so far. */
struct drawing {
	AVFrame *target;
	bool all;        /* the target's content is of no use */
	uint64_t oldest; /* the drawing that the target still shows */
	struct screen_rect drawn[SCENE_DAMAGE_MAX];
	size_t n_drawn;
};

static bool overlaps_drawn(const struct drawing *drawing, struct screen_rect rect)
{
	for (size_t i = 0; i < drawing->n_drawn; i++) {
		if (paint_intersect(drawing->drawn[i], rect).width > 0)
			return true;
	}
	return false;
}

static void draw_tile(struct scene *scene, struct drawing *drawing, struct tile *tile)
{
	const struct tile_frame *frame = &scene->square;

	if (scene->layout.framed)
		frame = tile->speaking ? &scene->speaking : &scene->quiet;
	tile_draw(tile, drawing->target, tile->rect, frame);
	drawing->drawn[drawing->n_drawn++] = tile->rect;
}

/* What shows through the corners of the own picture has to be drawn before it. */
static void draw_tiles(struct scene *scene, struct drawing *drawing)
{
	bool own = is_inset(scene) && scene->own.picture && scene->own.changed > drawing->oldest;

	for (int i = 0; i < scene->layout.n_tiles; i++) {
		struct tile *tile = &scene->seats[i].tile;

		if (drawing->all || tile->changed > drawing->oldest ||
		    (own && paint_intersect(tile->rect, scene->own.rect).width > 0))
			draw_tile(scene, drawing, tile);
	}
}

static void draw_inset(struct scene *scene, struct drawing *drawing)
{
	struct screen_rect rect = scene->own.rect;
	struct screen_rect inset = {0, 0, rect.width, rect.height};

	if (!scene->inset) {
		draw_tile(scene, drawing, &scene->own);
		return;
	}
	if (scene->inset_changed != scene->own.changed) {
		tile_draw(&scene->own, scene->inset, inset, &scene->inset_frame);
		scene->inset_changed = scene->own.changed;
	}
	if (!overlaps_drawn(drawing, rect))
		paint_fill(drawing->target, rect, paint_color(PALETTE_BACKGROUND));
	tile_put_rounded(scene->inset, drawing->target, rect, &scene->inset_frame);
}

static void draw_own(struct scene *scene, struct drawing *drawing)
{
	bool changed = drawing->all || scene->own.changed > drawing->oldest;

	if (!scene->own.picture)
		return;
	if (!is_inset(scene)) {
		if (changed)
			draw_tile(scene, drawing, &scene->own);
	} else if (changed || overlaps_drawn(drawing, scene->own.rect)) {
		draw_inset(scene, drawing);
	}
}

/* Only where it was drawn below: blending twice would darken the backing. */
static void draw_lines(struct scene *scene, struct drawing *drawing)
{
	struct screen_rect everything = {0, 0, scene->width, scene->height};

	for (int i = 0; i < LINES; i++) {
		struct line *line = &scene->lines[i];

		if (!line->overlay)
			continue;
		if (drawing->all)
			overlay_blend(line->overlay, drawing->target, line->x, line->y, everything);
		for (size_t k = 0; k < drawing->n_drawn && !drawing->all; k++)
			overlay_blend(line->overlay, drawing->target, line->x, line->y,
				      drawing->drawn[k]);
	}
}

static size_t list_damage(const struct scene *scene, struct screen_rect *damage)
{
	size_t n = 0;

	if (scene->changed == scene->serial) {
		damage[0] = (struct screen_rect){0, 0, scene->width, scene->height};
		return 1;
	}
	for (int i = 0; i < scene->layout.n_tiles; i++) {
		if (scene->seats[i].tile.changed == scene->serial)
			damage[n++] = scene->seats[i].tile.rect;
	}
	if (scene->own.changed == scene->serial && scene->own.picture)
		damage[n++] = scene->own.rect;
	return n;
}

size_t scene_draw(struct scene *scene, AVFrame *target, int age, struct screen_rect *damage)
{
	uint64_t back = (uint64_t)age;
	struct drawing drawing = {.target = target};

	scene->serial++;
	drawing.oldest = back < scene->serial ? scene->serial - back : 0;
	drawing.all = age == 0 || scene->changed > drawing.oldest;
	if (drawing.all)
		paint_fill(target, (struct screen_rect){0, 0, scene->width, scene->height},
			   paint_color(PALETTE_BACKGROUND));
	draw_tiles(scene, &drawing);
	draw_own(scene, &drawing);
	draw_lines(scene, &drawing);
	return list_damage(scene, damage);
}
