#include "drivers/screen_memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "screen/paint.h"

struct screen_memory {
	struct screen base;
	struct screen_format format;
	AVFrame *picture; /* NULL: closed */
	int age;
};

static const struct screen_ops memory_ops;

static struct screen_memory *from_screen(struct screen *screen)
{
	return screen->ops == &memory_ops ? (struct screen_memory *)screen : NULL;
}

static enum screen_result memory_open(struct screen *screen, struct screen_format *ret_format)
{
	struct screen_memory *memory = from_screen(screen);

	memory->picture = paint_frame_create(memory->format.width, memory->format.height);
	if (!memory->picture) {
		snprintf(screen->reason, sizeof(screen->reason), "no memory for a picture");
		return SCREEN_FAILED;
	}
	memory->age = 0;
	*ret_format = memory->format;
	return SCREEN_OK;
}

static enum screen_result memory_begin(struct screen *screen, AVFrame **ret_target, int *ret_age)
{
	struct screen_memory *memory = from_screen(screen);

	*ret_target = memory->picture;
	*ret_age = memory->age;
	return SCREEN_OK;
}

static enum screen_result memory_present(struct screen *screen, const struct screen_rect *damage,
					 size_t n_damage)
{
	(void)damage;
	(void)n_damage;
	from_screen(screen)->age = 1;
	return SCREEN_OK;
}

static enum screen_result memory_check(struct screen *screen)
{
	(void)screen;
	return SCREEN_OK;
}

static void memory_close(struct screen *screen)
{
	av_frame_free(&from_screen(screen)->picture);
}

static void memory_destroy(struct screen *screen)
{
	memory_close(screen);
	free(from_screen(screen));
}

static const struct screen_ops memory_ops = {
	.open = memory_open,
	.begin = memory_begin,
	.present = memory_present,
	.check = memory_check,
	.close = memory_close,
	.destroy = memory_destroy,
};

int screen_memory_create(const struct screen_format *format, struct screen **ret_screen)
{
	struct screen_memory *memory;

	if (!screen_format_is_valid(format))
		return -EINVAL;
	memory = calloc(1, sizeof(*memory));
	if (!memory)
		return -ENOMEM;
	memory->base.ops = &memory_ops;
	memory->format = *format;
	*ret_screen = &memory->base;
	return 0;
}
