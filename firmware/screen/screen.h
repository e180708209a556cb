/*
 * The boundary to a display: something that takes finished pictures and shows them.
 *
 *     begin ──► target to draw into ──► present ──► on the glass at the next refresh
 *
 * One thread, the compositor's, calls open, begin, present, check and close; create and destroy
 * belong to the owner. A target is always AV_PIX_FMT_YUV420P, BT.709, limited range, whatever the
 * display itself takes: a driver whose display cannot show that converts what was damaged.
 */
#ifndef BALAI_SCREEN_SCREEN_H
#define BALAI_SCREEN_SCREEN_H

#include <libavutil/frame.h>
#include <stdbool.h>
#include <stddef.h>

#define SCREEN_SIDE_MIN 96
#define SCREEN_WIDTH_MAX 4096
#define SCREEN_HEIGHT_MAX 2304
#define SCREEN_REFRESH_MAX_HZ 240
#define SCREEN_REASON_BYTES 160

enum screen_result {
	SCREEN_OK,
	SCREEN_UNPLUGGED, /* no display is connected: close, open again later */
	SCREEN_CHANGED,   /* another display or mode: close, open again at once */
	SCREEN_FAILED,    /* the device is absent, busy or broken: close, open again later */
};

struct screen_format {
	int width;      /* pixels, even, SCREEN_SIDE_MIN..SCREEN_WIDTH_MAX */
	int height;     /* pixels, even, SCREEN_SIDE_MIN..SCREEN_HEIGHT_MAX */
	int refresh_hz; /* 1..SCREEN_REFRESH_MAX_HZ: pictures a second it shows at most */
};

static inline bool screen_format_is_valid(const struct screen_format *format)
{
	return format->width >= SCREEN_SIDE_MIN && format->width <= SCREEN_WIDTH_MAX &&
	       format->height >= SCREEN_SIDE_MIN && format->height <= SCREEN_HEIGHT_MAX &&
	       format->width % 2 == 0 && format->height % 2 == 0 && format->refresh_hz >= 1 &&
	       format->refresh_hz <= SCREEN_REFRESH_MAX_HZ;
}

struct screen_rect {
	int x, y, width, height; /* pixels */
};

struct screen_ops;

/* First member of every screen. */
struct screen {
	const struct screen_ops *ops;
	/* Why the last call did not return SCREEN_OK, for a log line. The calling thread's. */
	char reason[SCREEN_REASON_BYTES];
};

/* All members are required. */
struct screen_ops {
	/* Fills *ret_format. After anything but SCREEN_OK the screen is closed. */
	enum screen_result (*open)(struct screen *screen, struct screen_format *ret_format);

	/*
	 * Waits until the picture before is on the glass, then lends *ret_target: it is the screen's,
	 * to be written until present() and to be read until the next begin() or close().
	 * *ret_age is as in EGL_EXT_buffer_age: 0, the content is undefined; n, it is that of the
	 * n-th last present(), so that only what changed since need be drawn.
	 */
	enum screen_result (*begin)(struct screen *screen, AVFrame **ret_target, int *ret_age);

	/* Shows the target. `damage`: what differs from the picture presented before it. */
	enum screen_result (*present)(struct screen *screen, const struct screen_rect *damage,
				      size_t n_damage);

	/* Between pictures, about once a second: is the display still the one that was opened? */
	enum screen_result (*check)(struct screen *screen);

	/* Gives everything back; the screen may be opened again. Closing a closed one is allowed. */
	void (*close)(struct screen *screen);

	/* Closes it if need be and frees it. */
	void (*destroy)(struct screen *screen);
};

/* NULL is allowed. */
static inline void screen_destroy(struct screen *screen)
{
	if (screen)
		screen->ops->destroy(screen);
}

#endif
