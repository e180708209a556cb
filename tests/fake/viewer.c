#include "tests/fake/viewer.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "camera/timestrip.h"
#include "screen/layout.h"
#include "screen/paint.h"
#include "screen/palette.h"
#include "tests/fake/fake_screen.h"
#include "tests/fake/faulty_camera.h"

enum {
	TAGS = 256,
	LAYOUTS = 3,      /* up to so many far members */
	SAMPLES = 11,     /* of a picture's colours */
	SAMPLE_NEAR = 28, /* what coding and scaling change at most */
	PATCH_NEAR = 24,  /* half of what two times differ by */
	ALERT_NEAR = 3,
	ALERT_PIXELS = 200, /* of chroma: much less than a line of text on its ground */
};

struct sight {
	struct viewer_sight figures;
	uint8_t samples[SAMPLES]; /* of the first picture */
};

struct viewer {
	pthread_mutex_t lock;
	struct sight sights[TAGS];
	bool is_alerted;
};

/*
 * The middles of the pattern's bars: all of them between time strip and moving bar, and those that
 * neither the patch nor the own picture covers between moving bar and number.
 */
static void take_samples(const AVFrame *screen, struct screen_rect tile, uint8_t *ret_samples)
{
	for (int i = 0; i < SAMPLES; i++) {
		int bar = i < 8 ? i : i - 6;
		int x = tile.x + tile.width * (2 * bar + 1) / 16;
		int y = tile.y + tile.height * (i < 8 ? 28 : 69) / 100;

		ret_samples[i] = screen->data[0][(ptrdiff_t)y * screen->linesize[0] + x];
	}
}

static bool is_same(const uint8_t *samples, const uint8_t *others)
{
	for (int i = 0; i < SAMPLES; i++) {
		if (abs(samples[i] - others[i]) > SAMPLE_NEAR)
			return false;
	}
	return true;
}

/* Whether the picture's lower part is of the same time as its strip. */
static bool is_of_one_time(const AVFrame *screen, struct screen_rect tile, int64_t time_us)
{
	int x = tile.x + tile.width * FAULTY_CAMERA_PATCH_X / 100;
	int y = tile.y + tile.height * FAULTY_CAMERA_PATCH_Y / 100;
	int luma = screen->data[0][(ptrdiff_t)y * screen->linesize[0] + x];

	return abs(luma - faulty_camera_patch(time_us)) <= PATCH_NEAR;
}

static void note(struct sight *sight, const AVFrame *screen, struct screen_rect tile,
		 int64_t time_us)
{
	struct viewer_sight *figures = &sight->figures;
	int64_t now_us = clock_now_us();
	uint8_t samples[SAMPLES];

	take_samples(screen, tile, samples);
	if (figures->pictures == 0)
		take_samples(screen, tile, sight->samples);
	if (!is_same(samples, sight->samples) || !is_of_one_time(screen, tile, time_us))
		figures->damaged++;
	if (time_us <= figures->newest_us)
		return;
	if (figures->seen_us && now_us - figures->seen_us > figures->freeze_us)
		figures->freeze_us = now_us - figures->seen_us;
	figures->pictures++;
	figures->newest_us = time_us;
	figures->seen_us = now_us;
}

static void look_into(struct viewer *viewer, const AVFrame *screen, struct screen_rect tile)
{
	const struct timestrip_rect rect = {tile.x, tile.y, tile.width, tile.height};
	struct timestrip strip;

	if (timestrip_read(screen->data[0], (size_t)screen->linesize[0], TIMESTRIP_LUMA, &rect,
			   &strip) == 0)
		note(&viewer->sights[strip.tag], screen, tile, strip.time_us);
}

static bool find_alert(const AVFrame *screen)
{
	const struct paint_color alert = paint_color(PALETTE_ALERT);
	int found = 0;

	for (int y = 0; y < screen->height / 2; y++) {
		const uint8_t *u = screen->data[1] + (ptrdiff_t)y * screen->linesize[1];
		const uint8_t *v = screen->data[2] + (ptrdiff_t)y * screen->linesize[2];

		for (int x = 0; x < screen->width / 2; x++)
			found += abs(u[x] - alert.u) <= ALERT_NEAR &&
				 abs(v[x] - alert.v) <= ALERT_NEAR;
	}
	return found >= ALERT_PIXELS;
}

static void on_present(void *context, const AVFrame *screen)
{
	struct viewer *viewer = context;

	pthread_mutex_lock(&viewer->lock);
	/* Alone, a room's own picture is where that of one far member would be. */
	for (int n = 1; n <= LAYOUTS; n++) {
		struct layout layout = layout_arrange(screen->width, screen->height, n);

		for (int i = 0; i < layout.n_tiles; i++)
			look_into(viewer, screen, layout.tiles[i]);
	}
	viewer->is_alerted = find_alert(screen);
	pthread_mutex_unlock(&viewer->lock);
}

struct viewer *viewer_create(struct screen *screen)
{
	struct viewer *viewer = calloc(1, sizeof(*viewer));

	if (!viewer)
		return NULL;
	pthread_mutex_init(&viewer->lock, NULL);
	fake_screen_set_watch(screen, on_present, viewer);
	return viewer;
}

void viewer_destroy(struct viewer *viewer)
{
	if (!viewer)
		return;
	pthread_mutex_destroy(&viewer->lock);
	free(viewer);
}

struct viewer_sight viewer_get(struct viewer *viewer, uint8_t tag)
{
	struct viewer_sight figures;

	pthread_mutex_lock(&viewer->lock);
	figures = viewer->sights[tag].figures;
	pthread_mutex_unlock(&viewer->lock);
	return figures;
}

void viewer_forget_freezes(struct viewer *viewer)
{
	pthread_mutex_lock(&viewer->lock);
	for (int i = 0; i < TAGS; i++) {
		viewer->sights[i].figures.freeze_us = 0;
		viewer->sights[i].figures.seen_us = 0;
	}
	pthread_mutex_unlock(&viewer->lock);
}

bool viewer_is_alerted(struct viewer *viewer)
{
	bool is_alerted;

	pthread_mutex_lock(&viewer->lock);
	is_alerted = viewer->is_alerted;
	pthread_mutex_unlock(&viewer->lock);
	return is_alerted;
}
