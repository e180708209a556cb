#include "screen/text.h"

#include <errno.h>
#include <math.h>
#include <pango/pangocairo.h>
#include <stdbool.h>

#include "screen/palette.h"

#define FONT "Noto Sans, DejaVu Sans, sans-serif"

struct look {
	uint32_t backing; /* 0xRRGGBB */
	double opacity;   /* of the backing */
	double radius;    /* of its corners, in heights of a letter */
	double pad_x, pad_y;
	uint32_t text;
	PangoWeight weight;
};

static const struct look looks[] = {
	[TEXT_PLAIN] = {0, 0, 0, 0, 0, PALETTE_TEXT_QUIET, PANGO_WEIGHT_NORMAL},
	[TEXT_BRIGHT] = {0, 0, 0, 0, 0, PALETTE_TEXT, PANGO_WEIGHT_NORMAL},
	[TEXT_NAME] = {PALETTE_BAR, 0.62, 0.38, 0.6, 0.28, PALETTE_TEXT, PANGO_WEIGHT_MEDIUM},
	[TEXT_NOTICE] = {PALETTE_NOTICE, 1, 1.05, 1.1, 0.5, PALETTE_TEXT, PANGO_WEIGHT_NORMAL},
	[TEXT_ALERT] = {PALETTE_ALERT, 1, 1.05, 1.1, 0.5, PALETTE_TEXT, PANGO_WEIGHT_MEDIUM},
	[TEXT_WARNING] = {PALETTE_ALERT, 1, 0.38, 0.6, 0.28, PALETTE_TEXT, PANGO_WEIGHT_MEDIUM},
};

static void set_color(cairo_t *cairo, uint32_t rgb, double opacity)
{
	cairo_set_source_rgba(cairo, (rgb >> 16 & 0xff) / 255.0, (rgb >> 8 & 0xff) / 255.0,
			      (rgb & 0xff) / 255.0, opacity);
}

static void rounded_path(cairo_t *cairo, double x, double y, double width, double height,
			 double radius)
{
	double r = fmin(radius, fmin(width, height) / 2);

	cairo_new_sub_path(cairo);
	cairo_arc(cairo, x + width - r, y + r, r, -M_PI / 2, 0);
	cairo_arc(cairo, x + width - r, y + height - r, r, 0, M_PI / 2);
	cairo_arc(cairo, x + r, y + height - r, r, M_PI / 2, M_PI);
	cairo_arc(cairo, x + r, y + r, r, M_PI, 3 * M_PI / 2);
	cairo_close_path(cairo);
}

static bool reorders(gunichar c)
{
	return c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069);
}

static bool breaks_line(gunichar c)
{
	return c == 0x2028 || c == 0x2029;
}

/* What may be shown of `text`; g_free(). */
static char *clean(const char *text)
{
	char *valid = g_utf8_make_valid(text, -1);
	GString *shown = g_string_new(NULL);

	for (const char *p = valid; *p; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);

		if (breaks_line(c) || c == '\t')
			g_string_append_c(shown, ' ');
		else if (!g_unichar_iscntrl(c) && !reorders(c))
			g_string_append_unichar(shown, c);
	}
	g_free(valid);
	return g_string_free(shown, FALSE);
}

/* One line; g_object_unref(). */
static PangoLayout *lay_out(cairo_t *cairo, const char *text, double size, PangoWeight weight,
			    int max_width)
{
	PangoLayout *layout = pango_cairo_create_layout(cairo);
	PangoFontDescription *font = pango_font_description_from_string(FONT);
	char *shown = clean(text);

	pango_font_description_set_absolute_size(font, size * PANGO_SCALE);
	pango_font_description_set_weight(font, weight);
	pango_layout_set_font_description(layout, font);
	pango_layout_set_single_paragraph_mode(layout, TRUE);
	pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
	pango_layout_set_width(layout, max_width * PANGO_SCALE);
	pango_layout_set_text(layout, shown, -1);
	g_free(shown);
	pango_font_description_free(font);
	return layout;
}

static int even_up(double value)
{
	return ((int)ceil(value) + 1) & ~1;
}

/* How large the text is; the layout is then just as wide, whatever its direction. */
static void fit(PangoLayout *layout, int *ret_width, int *ret_height)
{
	PangoRectangle logical;

	pango_layout_get_pixel_extents(layout, NULL, &logical);
	pango_layout_set_width(layout, (logical.width + 1) * PANGO_SCALE);
	*ret_width = logical.width + 1;
	*ret_height = logical.height;
}

static cairo_t *open_surface(int width, int height)
{
	cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, width, height);
	cairo_t *cairo = cairo_create(surface);

	cairo_surface_destroy(surface);
	return cairo;
}

/* Both signs are as wide as a letter is high, and stand on (x, y), their top left corner. */
static void draw_lock(cairo_t *cairo, double x, double y, double size)
{
	rounded_path(cairo, x + size * 0.14, y + size * 0.44, size * 0.72, size * 0.5, size * 0.1);
	cairo_fill(cairo);
	cairo_set_line_width(cairo, size * 0.12);
	cairo_move_to(cairo, x + size * 0.28, y + size * 0.46);
	cairo_arc(cairo, x + size * 0.5, y + size * 0.3, size * 0.22, M_PI, 2 * M_PI);
	cairo_line_to(cairo, x + size * 0.72, y + size * 0.46);
	cairo_stroke(cairo);
}

static void draw_muted(cairo_t *cairo, double x, double y, double size)
{
	rounded_path(cairo, x + size * 0.37, y + size * 0.04, size * 0.26, size * 0.52,
		     size * 0.13);
	cairo_fill(cairo);
	cairo_set_line_width(cairo, size * 0.09);
	cairo_set_line_cap(cairo, CAIRO_LINE_CAP_ROUND);
	cairo_arc(cairo, x + size * 0.5, y + size * 0.44, size * 0.27, 0, M_PI);
	cairo_stroke(cairo);
	cairo_move_to(cairo, x + size * 0.5, y + size * 0.71);
	cairo_line_to(cairo, x + size * 0.5, y + size * 0.92);
	cairo_move_to(cairo, x + size * 0.1, y + size * 0.06);
	cairo_line_to(cairo, x + size * 0.9, y + size * 0.92);
	cairo_stroke(cairo);
}

/* How far the text moves to the right for it. */
static int mark_width(enum text_mark mark, int size)
{
	return mark == TEXT_MARK_NONE ? 0 : (int)lround(size * 1.35);
}

static void draw_line(cairo_t *cairo, const struct look *look, enum text_mark mark,
		      PangoLayout *layout, int size, int text_height)
{
	cairo_surface_t *surface = cairo_get_target(cairo);
	double width = cairo_image_surface_get_width(surface);
	double height = cairo_image_surface_get_height(surface);
	double left = round(look->pad_x * size);

	if (look->opacity > 0) {
		rounded_path(cairo, 0, 0, width, height, look->radius * size);
		set_color(cairo, look->backing, look->opacity);
		cairo_fill(cairo);
	}
	set_color(cairo, look->text, 1);
	if (mark == TEXT_MARK_LOCK)
		draw_lock(cairo, left, (height - size) / 2, size);
	else if (mark == TEXT_MARK_MUTED)
		draw_muted(cairo, left, (height - size) / 2, size);
	cairo_move_to(cairo, left + mark_width(mark, size), round((height - text_height) / 2));
	pango_cairo_show_layout(cairo, layout);
}

int text_draw_marked(enum text_style style, enum text_mark mark, const char *text, int size,
		     int max_width, struct overlay **ret_overlay)
{
	const struct look *look = &looks[style];
	int pad = (int)round(look->pad_x * size);
	int beside = 2 * pad + mark_width(mark, size);
	int width, height, ret;
	PangoLayout *layout;
	cairo_t *measure, *cairo;

	if (size < TEXT_SIZE_MIN || size > TEXT_SIZE_MAX || max_width < beside + 2)
		return -EINVAL;
	measure = open_surface(2, 2);
	layout = lay_out(measure, text, size, look->weight, max_width - beside - 2);
	fit(layout, &width, &height);
	cairo = open_surface(even_up(width + beside), even_up(height + 2 * look->pad_y * size));
	pango_cairo_update_layout(cairo, layout);
	draw_line(cairo, look, mark, layout, size, height);
	ret = cairo_status(cairo) == CAIRO_STATUS_NO_MEMORY
		      ? -ENOMEM
		      : overlay_create(cairo_get_target(cairo), ret_overlay);
	g_object_unref(layout);
	cairo_destroy(cairo);
	cairo_destroy(measure);
	return ret;
}

int text_draw(enum text_style style, const char *text, int size, int max_width,
	      struct overlay **ret_overlay)
{
	return text_draw_marked(style, TEXT_MARK_NONE, text, size, max_width, ret_overlay);
}

/* A camera, struck through, in a box of size × size around (x, y). */
static void draw_camera(cairo_t *cairo, double x, double y, double size, bool struck)
{
	double line = size / 16;
	double body = size * 0.62, height = size * 0.5;
	double left = x - size / 2;

	set_color(cairo, PALETTE_TEXT_QUIET, 1);
	cairo_set_line_width(cairo, line);
	cairo_set_line_join(cairo, CAIRO_LINE_JOIN_ROUND);
	cairo_set_line_cap(cairo, CAIRO_LINE_CAP_ROUND);
	rounded_path(cairo, left, y - height / 2, body, height, size * 0.09);
	cairo_stroke(cairo);
	cairo_move_to(cairo, left + body + line, y - height * 0.1);
	cairo_line_to(cairo, x + size / 2, y - height * 0.42);
	cairo_line_to(cairo, x + size / 2, y + height * 0.42);
	cairo_line_to(cairo, left + body + line, y + height * 0.1);
	cairo_stroke(cairo);
	if (!struck)
		return;
	/* The stroke stands free of the camera. */
	for (int pass = 0; pass < 2; pass++) {
		set_color(cairo, pass == 0 ? PALETTE_TILE : PALETTE_TEXT_QUIET, 1);
		cairo_set_line_width(cairo, pass == 0 ? 3 * line : line);
		cairo_move_to(cairo, x - size * 0.42, y + size * 0.42);
		cairo_line_to(cairo, x + size * 0.42, y - size * 0.42);
		cairo_stroke(cairo);
	}
}

/* Returns where the next line may begin. */
static double draw_centred(cairo_t *cairo, const char *text, double y, double size, uint32_t color)
{
	int width = cairo_image_surface_get_width(cairo_get_target(cairo));
	PangoLayout *layout = lay_out(cairo, text, size, PANGO_WEIGHT_NORMAL, width - width / 10);
	int text_width, text_height;

	fit(layout, &text_width, &text_height);
	set_color(cairo, color, 1);
	cairo_move_to(cairo, (width - text_width) / 2.0, y);
	pango_cairo_show_layout(cairo, layout);
	g_object_unref(layout);
	return y + text_height;
}

int text_standin(int width, int height, enum words_id message, enum words_language language,
		 AVFrame **ret_picture)
{
	enum words_language other = language == WORDS_ENGLISH ? WORDS_INDONESIAN : WORDS_ENGLISH;
	double unit = fmin(width, height * 16.0 / 9) / 32;
	struct overlay *overlay = NULL;
	cairo_t *cairo;
	double y;
	int ret;

	if (width < 64 || height < 64 || width > 8192 || height > 8192)
		return -EINVAL;
	cairo = open_surface(width, height);
	set_color(cairo, PALETTE_TILE, 1);
	cairo_paint(cairo);
	draw_camera(cairo, width / 2.0, height / 2.0 - unit * 2.2, unit * 4,
		    message != WORDS_CAMERA_STARTING);
	y = height / 2.0 + unit;
	y = draw_centred(cairo, words_text(language, message), y, unit * 1.15, PALETTE_TEXT);
	draw_centred(cairo, words_text(other, message), y + unit / 4, unit * 0.85,
		     PALETTE_TEXT_QUIET);
	ret = overlay_create(cairo_get_target(cairo), &overlay);
	cairo_destroy(cairo);
	if (ret == 0) {
		*ret_picture = overlay->add;
		overlay->add = NULL;
	}
	overlay_free(overlay);
	return ret;
}
