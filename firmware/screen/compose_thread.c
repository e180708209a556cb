#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "screen/compose_private.h"
#include "screen/paint.h"

#define RETRY_US CLOCK_US_PER_S
#define CHECK_US CLOCK_US_PER_S
#define OWN_INTERVAL_US (CLOCK_US_PER_S / 15)
#define OWN_PATIENCE_US (CLOCK_US_PER_S / 10)

/*
 * Takes what is new; locked. The own picture is taken when it is due, so that a camera of 60
 * pictures a second does not double the work.
 */
static void take(struct compose *compose, int64_t now_us, AVFrame **ret_own, bool *ret_own_fresh)
{
	struct changes *changes = compose->pending;

	compose->pending = compose->taken;
	compose->taken = changes;
	compose->pending->members_changed = false;
	compose->pending->notice_changed = false;
	compose->pending->meeting_changed = false;
	compose->pending->secrecy_changed = false;
	compose->n_showing = 0;
	for (size_t i = 0; i < compose->n_entries; i++) {
		struct entry *entry = compose->entries[i];

		if (!entry->fresh)
			continue;
		compose->showing[compose->n_showing++] = (struct showing){
			.member = entry->member,
			.picture = entry->picture,
			.capture_us = entry->picture ? entry->picture->pts : AV_NOPTS_VALUE,
		};
		entry->picture = NULL;
		entry->fresh = false;
	}
	if (compose->own_fresh && now_us >= compose->own_us) {
		*ret_own = compose->own;
		*ret_own_fresh = true;
		compose->own = NULL;
		compose->own_fresh = false;
		compose->own_us = compose->n_entries > 0 ? now_us + OWN_INTERVAL_US : 0;
	}
	compose->news = false;
}

/* Puts what was taken into the scene. */
static void apply(struct compose *compose)
{
	const struct changes *changes = compose->taken;

	if (changes->members_changed)
		scene_set_members(compose->scene, changes->members, changes->n_members);
	if (changes->notice_changed)
		scene_set_notice(compose->scene, changes->notice_kind, changes->notice);
	if (changes->meeting_changed)
		scene_set_meeting(compose->scene, changes->meeting);
	if (changes->secrecy_changed)
		scene_set_secrecy(compose->scene, changes->secrecy, changes->code);
	for (size_t i = 0; i < compose->n_showing; i++) {
		struct showing *showing = &compose->showing[i];

		showing->has_tile = scene_show(compose->scene, showing->member, showing->picture);
	}
}

static void lose_screen(struct compose *compose, enum screen_result result)
{
	struct screen *screen = compose->settings.screen;
	bool other_reason = strcmp(compose->reason, screen->reason) != 0;

	screen->ops->close(screen);
	compose->shown_target = NULL;
	compose->retry_us = clock_now_us() + (result == SCREEN_CHANGED ? 0 : RETRY_US);
	if (result != SCREEN_CHANGED && (compose->is_open || other_reason))
		log_warning("screen", "%s; trying again every second", screen->reason);
	pthread_mutex_lock(&compose->lock);
	snprintf(compose->reason, sizeof(compose->reason), "%s", screen->reason);
	compose->tried = true;
	compose->is_open = false;
	compose->copy_wanted = false;
	pthread_cond_broadcast(&compose->moved);
	pthread_mutex_unlock(&compose->lock);
}

static void open_screen(struct compose *compose)
{
	struct screen *screen = compose->settings.screen;
	struct screen_format format;
	enum screen_result result = screen->ops->open(screen, &format);

	if (result != SCREEN_OK) {
		lose_screen(compose, result);
		return;
	}
	log_info("screen", "showing %dx%d at %d Hz", format.width, format.height,
		 format.refresh_hz);
	scene_resize(compose->scene, format.width, format.height);
	compose->check_us = clock_now_us() + CHECK_US;
	pthread_mutex_lock(&compose->lock);
	compose->format = format;
	compose->tried = true;
	compose->is_open = true;
	compose->reason[0] = '\0';
	compose->news = true;
	pthread_mutex_unlock(&compose->lock);
}

static void count_shown(struct entry *entry, int64_t capture_us, int64_t now_us)
{
	entry->shown++;
	stats_add(&entry->latency, now_us - capture_us, now_us);
	if (entry->shown_us)
		stats_add(&entry->interval, now_us - entry->shown_us, now_us);
	entry->shown_us = now_us;
}

/* Counts a picture that was handed to the display; locked. */
static void count_presented(struct compose *compose, int64_t started_us, int64_t now_us)
{
	compose->presented++;
	compose->presented_us = now_us;
	stats_add(&compose->drawing, now_us - started_us, now_us);
	if (now_us - compose->fps_since_us >= CLOCK_US_PER_S) {
		compose->fps = (double)(compose->presented - compose->fps_since) * CLOCK_US_PER_S /
			       (double)(now_us - compose->fps_since_us);
		compose->fps_since = compose->presented;
		compose->fps_since_us = now_us;
	}
	for (size_t i = 0; i < compose->n_showing; i++) {
		const struct showing *showing = &compose->showing[i];
		struct entry *entry = compose_find(compose, showing->member);

		if (!entry || showing->capture_us == AV_NOPTS_VALUE)
			continue;
		if (showing->has_tile)
			count_shown(entry, showing->capture_us, now_us);
		else
			entry->skipped++;
	}
}

static void tell_shown(const struct compose *compose, int64_t now_us)
{
	const struct compose_settings *settings = &compose->settings;

	for (size_t i = 0; i < compose->n_showing && settings->shown; i++) {
		const struct showing *showing = &compose->showing[i];

		if (showing->has_tile && showing->capture_us != AV_NOPTS_VALUE)
			settings->shown(settings->context, showing->member, showing->capture_us,
					now_us);
	}
}

/* One picture for the screen, if there is anything new to show. */
static void draw(struct compose *compose)
{
	struct screen *screen = compose->settings.screen;
	struct screen_rect damage[SCENE_DAMAGE_MAX];
	bool own_fresh = false;
	AVFrame *own = NULL, *target;
	enum screen_result result;
	int64_t started_us, now_us;
	size_t n_damage;
	int age;

	/* What came while the display was busy is still shown: take after begin. */
	compose->shown_target = NULL;
	result = screen->ops->begin(screen, &target, &age);
	if (result != SCREEN_OK) {
		lose_screen(compose, result);
		return;
	}
	started_us = clock_now_us();
	pthread_mutex_lock(&compose->lock);
	take(compose, started_us, &own, &own_fresh);
	pthread_mutex_unlock(&compose->lock);
	apply(compose);
	if (own_fresh)
		scene_show_own(compose->scene, own);
	n_damage = scene_draw(compose->scene, target, age, damage);
	result = screen->ops->present(screen, damage, n_damage);
	if (result != SCREEN_OK) {
		lose_screen(compose, result);
		return;
	}
	now_us = clock_now_us();
	compose->shown_target = target;
	pthread_mutex_lock(&compose->lock);
	count_presented(compose, started_us, now_us);
	pthread_mutex_unlock(&compose->lock);
	tell_shown(compose, now_us);
}

/* Copies what the screen shows for those that wait for it. */
static void serve_copy(struct compose *compose)
{
	const AVFrame *shown = compose->shown_target;
	AVFrame *copy = paint_frame_create(shown->width, shown->height);

	if (copy)
		paint_copy(shown, 0, 0, copy,
			   (struct screen_rect){0, 0, shown->width, shown->height});
	pthread_mutex_lock(&compose->lock);
	av_frame_free(&compose->copy);
	compose->copy = copy;
	compose->copy_serial = compose->presented;
	compose->copy_wanted = false;
	pthread_cond_broadcast(&compose->moved);
	pthread_mutex_unlock(&compose->lock);
}

static void check_screen(struct compose *compose)
{
	struct screen *screen = compose->settings.screen;
	enum screen_result result = screen->ops->check(screen);

	compose->check_us = clock_now_us() + CHECK_US;
	if (result != SCREEN_OK)
		lose_screen(compose, result);
}

enum work {
	WORK_STOP,
	WORK_OPEN,
	WORK_CHECK,
	WORK_COPY,
	WORK_DRAW,
};

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* The own picture rides along with the others': a drawing for it alone would keep them waiting. */
static int64_t own_patience_us(const struct compose *compose)
{
	return compose->n_entries > 0 ? OWN_PATIENCE_US : 0;
}

/* When the next drawing is due; locked. */
static int64_t draw_due_us(const struct compose *compose)
{
	int64_t due_us = INT64_MAX;

	if (compose->own_fresh)
		due_us = later(compose->own_us, compose->presented_us + own_patience_us(compose));
	if (compose->news)
		due_us = 0;
	/* The display takes no more than it refreshes. */
	return later(due_us,
		     compose->presented_us + CLOCK_US_PER_S / later(compose->format.refresh_hz, 1));
}

static enum work wait_for_work(struct compose *compose)
{
	enum work work;

	pthread_mutex_lock(&compose->lock);
	for (;;) {
		int64_t now_us = clock_now_us();
		int64_t draw_us = draw_due_us(compose);
		int64_t until_us =
			compose->is_open ? earlier(compose->check_us, draw_us) : compose->retry_us;
		struct timespec until = clock_timespec(until_us);

		if (compose->stop)
			work = WORK_STOP;
		else if (!compose->is_open && now_us >= compose->retry_us)
			work = WORK_OPEN;
		else if (compose->is_open && compose->copy_wanted && compose->shown_target)
			work = WORK_COPY;
		else if (compose->is_open && now_us >= compose->check_us)
			work = WORK_CHECK;
		else if (compose->is_open && now_us >= draw_us)
			work = WORK_DRAW;
		else {
			pthread_cond_clockwait(&compose->wake, &compose->lock, CLOCK_MONOTONIC,
					       &until);
			continue;
		}
		break;
	}
	pthread_mutex_unlock(&compose->lock);
	return work;
}

void compose_run(void *context)
{
	struct compose *compose = context;
	struct screen *screen = compose->settings.screen;

	for (;;) {
		enum work work = wait_for_work(compose);

		atomic_store(&compose->moved_us, clock_now_us());
		if (work == WORK_STOP)
			break;
		if (work == WORK_OPEN)
			open_screen(compose);
		else if (work == WORK_COPY)
			serve_copy(compose);
		else if (work == WORK_DRAW)
			draw(compose);
		else
			check_screen(compose);
	}
	screen->ops->close(screen);
}
