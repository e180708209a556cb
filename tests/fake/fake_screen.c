#include "tests/fake/fake_screen.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "screen/paint.h"

#define BUFFERS_MAX 3

struct fake_screen {
	struct screen base;
	int n_buffers;
	AVFrame *buffers[BUFFERS_MAX];
	int next;     /* buffer to lend */
	int n_shown;  /* buffers with content, up to n_buffers */
	bool is_lent; /* between begin and present */

	pthread_mutex_t lock; /* for what follows */
	pthread_cond_t presented_one;
	struct screen_format format;
	bool format_changed;
	enum screen_result result;
	uint64_t presented;
	uint64_t opened;
	void (*watch)(void *context, const AVFrame *picture);
	void *context;
};

static const struct screen_ops fake_ops;

static struct fake_screen *from_screen(struct screen *screen)
{
	return screen->ops == &fake_ops ? (struct fake_screen *)screen : NULL;
}

static enum screen_result result_now(struct fake_screen *fake)
{
	static const char *const reasons[] = {
		[SCREEN_OK] = "",
		[SCREEN_UNPLUGGED] = "no display is connected",
		[SCREEN_CHANGED] = "another display is connected",
		[SCREEN_FAILED] = "the display has a fault",
	};
	enum screen_result result;

	pthread_mutex_lock(&fake->lock);
	result = fake->result;
	if (result == SCREEN_OK && fake->format_changed)
		result = SCREEN_CHANGED;
	pthread_mutex_unlock(&fake->lock);
	snprintf(fake->base.reason, sizeof(fake->base.reason), "%s", reasons[result]);
	return result;
}

static enum screen_result fake_open(struct screen *screen, struct screen_format *ret_format)
{
	struct fake_screen *fake = from_screen(screen);
	enum screen_result result;

	pthread_mutex_lock(&fake->lock);
	fake->opened++;
	fake->format_changed = false;
	*ret_format = fake->format;
	pthread_mutex_unlock(&fake->lock);
	result = result_now(fake);
	if (result != SCREEN_OK)
		return result;
	for (int i = 0; i < fake->n_buffers; i++) {
		fake->buffers[i] = paint_frame_create(ret_format->width, ret_format->height);
		if (!fake->buffers[i])
			abort();
	}
	fake->next = 0;
	fake->n_shown = 0;
	fake->is_lent = false;
	return SCREEN_OK;
}

static enum screen_result fake_begin(struct screen *screen, AVFrame **ret_target, int *ret_age)
{
	struct fake_screen *fake = from_screen(screen);
	enum screen_result result = result_now(fake);

	if (result != SCREEN_OK)
		return result;
	if (fake->is_lent)
		abort();
	fake->is_lent = true;
	*ret_target = fake->buffers[fake->next];
	*ret_age = fake->n_shown < fake->n_buffers ? 0 : fake->n_buffers;
	return SCREEN_OK;
}

static enum screen_result fake_present(struct screen *screen, const struct screen_rect *damage,
				       size_t n_damage)
{
	struct fake_screen *fake = from_screen(screen);
	enum screen_result result = result_now(fake);

	(void)damage;
	(void)n_damage;
	if (result != SCREEN_OK)
		return result;
	if (!fake->is_lent)
		abort();
	fake->is_lent = false;
	pthread_mutex_lock(&fake->lock);
	if (fake->watch)
		fake->watch(fake->context, fake->buffers[fake->next]);
	fake->next = (fake->next + 1) % fake->n_buffers;
	if (fake->n_shown < fake->n_buffers)
		fake->n_shown++;
	fake->presented++;
	pthread_cond_broadcast(&fake->presented_one);
	pthread_mutex_unlock(&fake->lock);
	return SCREEN_OK;
}

static enum screen_result fake_check(struct screen *screen)
{
	return result_now(from_screen(screen));
}

static void fake_close(struct screen *screen)
{
	struct fake_screen *fake = from_screen(screen);

	for (int i = 0; i < fake->n_buffers; i++)
		av_frame_free(&fake->buffers[i]);
}

static void fake_destroy(struct screen *screen)
{
	struct fake_screen *fake = from_screen(screen);

	fake_close(screen);
	pthread_cond_destroy(&fake->presented_one);
	pthread_mutex_destroy(&fake->lock);
	free(fake);
}

static const struct screen_ops fake_ops = {
	.open = fake_open,
	.begin = fake_begin,
	.present = fake_present,
	.check = fake_check,
	.close = fake_close,
	.destroy = fake_destroy,
};

int fake_screen_create(const struct screen_format *format, int buffers, struct screen **ret_screen)
{
	struct fake_screen *fake;

	if (!screen_format_is_valid(format) || buffers < 1 || buffers > BUFFERS_MAX)
		return -EINVAL;
	fake = calloc(1, sizeof(*fake));
	if (!fake)
		return -ENOMEM;
	fake->base.ops = &fake_ops;
	fake->n_buffers = buffers;
	fake->format = *format;
	pthread_mutex_init(&fake->lock, NULL);
	pthread_cond_init(&fake->presented_one, NULL);
	*ret_screen = &fake->base;
	return 0;
}

void fake_screen_set_result(struct screen *screen, enum screen_result result)
{
	struct fake_screen *fake = from_screen(screen);

	pthread_mutex_lock(&fake->lock);
	fake->result = result;
	pthread_mutex_unlock(&fake->lock);
}

void fake_screen_set_format(struct screen *screen, const struct screen_format *format)
{
	struct fake_screen *fake = from_screen(screen);

	pthread_mutex_lock(&fake->lock);
	fake->format = *format;
	fake->format_changed = true;
	pthread_mutex_unlock(&fake->lock);
}

void fake_screen_set_watch(struct screen *screen,
			   void (*watch)(void *context, const AVFrame *picture), void *context)
{
	struct fake_screen *fake = from_screen(screen);

	pthread_mutex_lock(&fake->lock);
	fake->watch = watch;
	fake->context = context;
	pthread_mutex_unlock(&fake->lock);
}

uint64_t fake_screen_presented(struct screen *screen)
{
	struct fake_screen *fake = from_screen(screen);
	uint64_t presented;

	pthread_mutex_lock(&fake->lock);
	presented = fake->presented;
	pthread_mutex_unlock(&fake->lock);
	return presented;
}

uint64_t fake_screen_opened(struct screen *screen)
{
	struct fake_screen *fake = from_screen(screen);
	uint64_t opened;

	pthread_mutex_lock(&fake->lock);
	opened = fake->opened;
	pthread_mutex_unlock(&fake->lock);
	return opened;
}

int fake_screen_wait(struct screen *screen, uint64_t presented, int64_t deadline_us)
{
	struct fake_screen *fake = from_screen(screen);
	struct timespec deadline = clock_timespec(deadline_us);
	int ret = 0;

	pthread_mutex_lock(&fake->lock);
	while (fake->presented < presented && ret == 0) {
		if (pthread_cond_clockwait(&fake->presented_one, &fake->lock, CLOCK_MONOTONIC,
					   &deadline) == ETIMEDOUT)
			ret = -ETIMEDOUT;
	}
	pthread_mutex_unlock(&fake->lock);
	return ret;
}
