#include "screen/layout.h"

#include <assert.h>
#include <stdint.h>

/* Widths are whole vectors of 8 chroma samples: libswscale writes nothing beyond. */
#define ALIGN 16

static int even(int value)
{
	return value & ~1;
}

static int aligned(int value)
{
	return value & ~(ALIGN - 1);
}

static int at_least(int value, int minimum)
{
	return value < minimum ? minimum : value;
}

static int at_most(int value, int maximum)
{
	return value > maximum ? maximum : value;
}

static bool overlap(struct screen_rect a, struct screen_rect b)
{
	return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height &&
	       b.y < a.y + a.height;
}

static int rows_of(int n, int columns)
{
	return (n + columns - 1) / columns;
}

/* The width of the largest 16:9 tile of which n fit into `area` in so many columns. */
static int tile_width(struct screen_rect area, int gap, int n, int columns)
{
	int rows = rows_of(n, columns);
	int width = (area.width - (columns - 1) * gap) / columns;
	int height = (area.height - (rows - 1) * gap) / rows;

	return at_most(width, height * 16 / 9);
}

static int best_columns(struct screen_rect area, int gap, int n)
{
	int best = 1;

	for (int columns = 2; columns <= n; columns++) {
		if (tile_width(area, gap, n, columns) > tile_width(area, gap, n, best))
			best = columns;
	}
	return best;
}

static void place_grid(struct layout *layout, struct screen_rect area)
{
	int n = layout->n_tiles;
	int gap = layout->gap;
	int columns = best_columns(area, gap, n);
	int rows = rows_of(n, columns);
	int width = at_least(aligned(tile_width(area, gap, n, columns)), ALIGN);
	int height = even(width * 9 / 16);
	int top = area.y + (area.height - rows * (height + gap) + gap) / 2;

	for (int i = 0; i < n; i++) {
		int row = i / columns;
		int in_row = at_most(n - row * columns, columns);
		int left = area.x + (area.width - in_row * (width + gap) + gap) / 2;

		layout->tiles[i] = (struct screen_rect){
			.x = even(left) + i % columns * (width + gap),
			.y = even(top + row * (height + gap)),
			.width = width,
			.height = height,
		};
	}
}

static bool stands_free(const struct layout *layout, struct screen_rect rect)
{
	struct screen_rect around = {rect.x - layout->gap, rect.y - layout->gap,
				     rect.width + 2 * layout->gap, rect.height + 2 * layout->gap};

	for (int i = 0; i < layout->n_tiles; i++) {
		if (overlap(layout->tiles[i], around))
			return false;
	}
	return true;
}

static struct screen_rect inset(int right, int bottom, int inset_width)
{
	int width = even(at_least(inset_width, ALIGN));
	int height = at_least(even(width * 9 / 16), 2);

	return (struct screen_rect){even(right) - width, even(bottom) - height, width, height};
}

/* Beside the tiles where there is room, else small in the corner of the last one. */
static struct screen_rect place_inset(const struct layout *layout, int width, int height)
{
	int largest = at_most((width > height ? width : height) / 5, width / 2);
	struct screen_rect last = layout->tiles[layout->n_tiles - 1];
	int smallest = last.width * 3 / 8;

	if (!layout->framed)
		return inset(width - layout->gap, height - layout->gap, largest);
	for (int size = largest; size >= smallest; size -= ALIGN) {
		struct screen_rect beside = inset(width - layout->gap, height - layout->gap, size);

		if (stands_free(layout, beside))
			return beside;
	}
	return inset(last.x + last.width - layout->gap / 2, last.y + last.height - layout->gap / 2,
		     smallest);
}

struct layout layout_arrange(int width, int height, int n_members)
{
	struct layout layout = {0};
	struct screen_rect all = {0, 0, even(width), even(height)};

	assert(width >= SCREEN_SIDE_MIN && height >= SCREEN_SIDE_MIN && n_members >= 0);
	layout.unit = at_least(at_most(width, height) / 60, 2);
	layout.gap = at_least(even(layout.unit), 4);
	layout.n_tiles = at_most(n_members, LAYOUT_TILES_MAX);
	layout.n_more = n_members - layout.n_tiles;
	layout.framed = n_members > 1;
	if (n_members == 0) {
		layout.own = all;
		return layout;
	}
	if (layout.framed) {
		int gap = layout.gap;
		int header = even(5 * layout.unit);

		layout.header = (struct screen_rect){gap, 0, all.width - 2 * gap, header};
		place_grid(&layout, (struct screen_rect){gap, header, all.width - 2 * gap,
							 all.height - header - gap});
	} else {
		layout.tiles[0] = all;
	}
	layout.own = place_inset(&layout, all.width, all.height);
	return layout;
}

/* The largest part of the picture that has the tile's shape; false if more than 10 % is cut off. */
static bool crop(struct screen_rect tile, int width, int height, struct screen_rect *ret_source)
{
	int part_width = at_most(width, (int)((int64_t)height * tile.width / tile.height));
	int part_height = at_most(height, (int)((int64_t)width * tile.height / tile.width));

	if (part_width * 10 < width * 9 || part_height * 10 < height * 9)
		return false;
	part_width = at_least(even(part_width), 2);
	part_height = at_least(even(part_height), 2);
	*ret_source =
		(struct screen_rect){even((width - part_width) / 2),
				     even((height - part_height) / 2), part_width, part_height};
	return true;
}

void layout_fit(struct screen_rect tile, int picture_width, int picture_height,
		struct screen_rect *ret_source, struct screen_rect *ret_shown)
{
	int width, height;

	*ret_shown = tile;
	if (crop(tile, picture_width, picture_height, ret_source))
		return;
	*ret_source = (struct screen_rect){0, 0, even(picture_width), even(picture_height)};
	width = (int)((int64_t)tile.height * picture_width / picture_height);
	height = (int)((int64_t)tile.width * picture_height / picture_width);
	width = at_least(at_most(aligned(width + ALIGN / 2), tile.width), 2);
	height = at_least(at_most(even(height), tile.height), 2);
	ret_shown->x += even((tile.width - width) / 2);
	ret_shown->y += even((tile.height - height) / 2);
	ret_shown->width = width;
	ret_shown->height = height;
}
